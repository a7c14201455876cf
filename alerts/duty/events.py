"""Who came on shift, who went, who took over: lines of the journal."""

from typing import Self

import msgspec

from alerts.happened import Happened, HappenedTo


class ShiftBegun(Happened, frozen=True, kw_only=True, tag="shift begun"):
    """``carer`` has ``wearers`` (empty: everybody) until ``until_s``, or longer where nobody takes over. Written again
    with the same ``shift_id`` where it is prolonged."""

    shift_id: str
    carer: str
    wearers: tuple[str, ...]
    until_s: float
    by: str

    def without(self, wearer: str) -> Self | None:
        """See ``Happened.without``: a shift for them alone is none, and must not become one for everybody."""
        if wearer not in self.wearers:
            return self
        others = tuple(other for other in self.wearers if other != wearer)
        return msgspec.structs.replace(self, wearers=others) if others else None


class HandOverOffered(Happened, frozen=True, kw_only=True, tag="hand-over offered"):
    """The shift is offered ``to`` somebody (several: with commas between); until one of them takes it, whoever has it
    has it."""

    shift_id: str
    to: str
    note: str

    def without(self, wearer: str) -> Self | None:
        """See ``Happened.without``: nobody knows of whom a note tells, so that it goes with anybody."""
        return msgspec.structs.replace(self, note="")


class ShiftEnded(Happened, frozen=True, kw_only=True, tag="shift ended"):
    """``carer`` is off; ``taken_by`` has their people from now on ("": others on shift have them). ``by`` said so.
    ``anyway`` is why it ended though somebody has nobody now, "" where everybody has somebody."""

    shift_id: str
    taken_by: str
    by: str = ""
    anyway: str = ""

    def without(self, wearer: str) -> Self | None:
        """See ``Happened.without``: that there was a reason stays, its words go."""
        return msgspec.structs.replace(self, anyway="erased") if self.anyway else self


class FoundAlone(HappenedTo, frozen=True, kw_only=True, tag="found alone"):
    """Nobody ever had ``wearer``, who is watched: written once, so that a restart does not begin to count anew."""


class TabletMuted(Happened, frozen=True, kw_only=True, tag="tablet muted"):
    """``by`` took the sound off one tablet until ``until_s``, at the latest the end of their shift."""

    tablet: str
    by: str
    reason: str
    until_s: float

    def without(self, wearer: str) -> Self | None:
        """See ``Happened.without``: nobody knows of whom a reason tells."""
        return msgspec.structs.replace(self, reason="")


class TabletUnmuted(Happened, frozen=True, kw_only=True, tag="tablet unmuted"):
    """It sounds again: ``by`` said so, "" where a mute ended by itself."""

    tablet: str
    by: str


DutyEvent = ShiftBegun | HandOverOffered | ShiftEnded | FoundAlone | TabletMuted | TabletUnmuted
