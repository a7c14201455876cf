"""One thing that befell one wearer, as it was drawn: the ground truth of events."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """A concrete episode. Times are simulated seconds: 0 where the scenario's past ends.

    Parameters
    ----------
    row : the wearer's row, 0 for the first.
    kind : one of ``scenario.KINDS``.
    start_s : when it began; of an anxiety, when the build-up began.
    onset_s : when its incident began; NaN where there is none. A sudden incident (kind "incident") has its own start.
    end_s : when nothing was left of it.
    strength : height of it, in (0, 1].
    ends : "incident" or "settles" for anxiety, "incident" for an incident, "" for every other kind.
    lead : False for an incident that another one set off (an aftershock), True for everything else.
    """

    row: int
    kind: str
    start_s: float
    onset_s: float
    end_s: float
    strength: float
    ends: str
    lead: bool
