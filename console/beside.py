"""What stands beside the desk's views, as values: protection, how far matters have come, plans, the shift."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from alerts.delivery.matter import Kind, Matter
from alerts.duty.roster import Shift
from alerts.protection.cover import Cover


@dataclass(frozen=True, slots=True)
class Plan:
    """What helps a person, and what to avoid: as people who know them wrote it; shown as text, never as markup."""

    helps: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Next:
    """Who is told next if nobody takes it: ``who``, by ``channel``, at ``at_s`` [UTC s]."""

    who: str
    channel: str
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """How far one open matter has come. A station has the time [UTC s] of the first who came to it, None while nobody
    has; ``tablets`` and ``sounding`` are how many came to the first two. Its sound is paused until
    ``snoozed_until_s``, it is about ``wearer`` ("": the house), and ``over`` once somebody has it: ``by``, since
    ``ended_s``, where it did not end by itself."""

    matter_id: str
    kind: Kind
    wearer: str
    since_s: float
    words: tuple[str, ...] = ()
    on_tablet_s: float | None = None
    tablets: int = 0
    sounded_s: float | None = None
    sounding: int = 0
    seen_s: float | None = None
    next: Next | None = None
    snoozed_until_s: float | None = None
    over: bool = False
    by: str = ""
    ended_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Everything beside the views at one moment: ``covers`` and ``plans`` by wearer, what is ``going``, who is on
    ``shift`` (None: nobody keeps shifts here) by which ``shifts``, and the house's own ``notices``. ``indoors``: an
    alert would be told at the tablets of this house, and to nobody anywhere else.

    ``doubt`` says why none of it can be known now, "" while it can: then nobody counts as protected.
    """

    covers: Mapping[str, Cover] = field(default_factory=dict)
    going: tuple[Going, ...] = ()
    plans: Mapping[str, Plan] = field(default_factory=dict)
    shift: tuple[str, ...] | None = None
    offered: tuple[str, ...] = ()
    shifts: tuple[Shift, ...] = ()
    notices: tuple[Matter, ...] = ()
    indoors: bool = False
    doubt: str = ""

    def of(self, matter_id: str) -> Going | None:
        """Return how far this matter has come, None where nobody has told anybody yet."""
        return next((going for going in self.going if going.matter_id == matter_id), None)

    def loss_of(self, wearer: str) -> Going | None:
        """Return how far the news has come that ``wearer`` is not protected."""
        return next((it for it in self.going if it.kind is Kind.PROTECTION and it.wearer == wearer), None)


NOTHING: Final = Around()
"""Where only the desk is known: rows go by sight alone."""
