"""Lines of the journal about shifts in; who has whom, who had them last and which tablets are muted out."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from alerts.duty.events import (
    DutyEvent,
    FoundAlone,
    HandOverOffered,
    ShiftBegun,
    ShiftEnded,
    TabletMuted,
    TabletUnmuted,
)
from alerts.names import same


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """``carer`` has ``wearers`` (pseudonyms; empty: everybody) since ``began_s``, until somebody takes them or the
    shift is ended; after ``until_s`` [UTC s] it is overdue. ``offered_to`` is who may take it (several: with commas
    between), "" nobody yet; ``note`` is for them."""

    shift_id: str
    carer: str
    wearers: tuple[str, ...]
    began_s: float
    until_s: float
    offered_to: str = ""
    note: str = ""

    def has(self, wearer: str) -> bool:
        """Whether ``wearer`` is one of theirs."""
        return not self.wearers or wearer in self.wearers

    def offered_as(self, carer: str) -> str:
        """The name by which it is offered to ``carer``, "" where they may not take it."""
        return next((to.strip() for to in self.offered_to.split(",") if same(carer, to)), "")

    def is_overdue(self, now_s: float) -> bool:
        """Whether it should have been handed over by ``now_s``."""
        return self.until_s <= now_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """``by`` took the sound off ``tablet`` at ``since_s`` until ``until_s`` [UTC s]."""

    tablet: str
    by: str
    reason: str
    since_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class Left:
    """When somebody's last carer went, or it was found that there never was one (``before`` is False); ``anyway`` is
    why, where it was known that nobody stays. ``number`` counts: clocks jump."""

    at_s: float
    before: bool
    anyway: str
    number: int


@dataclass(slots=True)
class Roster:
    """A fold of the journal; mutable, held under a lock by whoever has it. Events of a shift that is not known (it was
    of somebody who is erased) change nothing."""

    shifts: dict[str, Shift] = field(default_factory=dict)
    mutes: dict[str, Mute] = field(default_factory=dict)
    _left: dict[str, Left] = field(default_factory=dict)  # by wearer; "": everybody
    _ends: int = 0

    def fold(self, events: Iterable[object]) -> None:
        """Take what happened, oldest first; what is not about shifts is passed over."""
        for event in events:
            if isinstance(event, DutyEvent):
                self._take(event)

    def _take(self, event: DutyEvent) -> None:
        match event:
            case ShiftBegun():
                before = self.shifts.get(event.shift_id)
                begun = Shift(
                    shift_id=event.shift_id,
                    carer=event.carer,
                    wearers=event.wearers,
                    began_s=event.at_s,
                    until_s=event.until_s,
                )
                self.shifts[event.shift_id] = begun if before is None else replace(before, until_s=event.until_s)
            case HandOverOffered() if event.shift_id in self.shifts:
                offered = replace(self.shifts[event.shift_id], offered_to=event.to, note=event.note)
                self.shifts[event.shift_id] = offered
            case ShiftEnded() if event.shift_id in self.shifts:
                over = self.shifts.pop(event.shift_id)
                self._ends += 1
                for wearer in over.wearers or ("",):
                    self._left[wearer] = Left(event.at_s, True, event.anyway, self._ends)
            case FoundAlone() if self.left(event.wearer) is None:
                self._ends += 1
                self._left[event.wearer] = Left(event.at_s, False, "", self._ends)
            case TabletMuted():
                self.mutes[event.tablet] = Mute(
                    tablet=event.tablet, by=event.by, reason=event.reason, since_s=event.at_s, until_s=event.until_s
                )
            case TabletUnmuted():
                self.mutes.pop(event.tablet, None)

    def having(self, wearer: str) -> list[Shift]:
        """Every shift that has ``wearer``; "": every shift."""
        return [shift for shift in self.shifts.values() if not wearer or shift.has(wearer)]

    def alone(self, wearers: Iterable[str]) -> list[str]:
        """Whom of ``wearers`` no shift has."""
        if any(not shift.wearers for shift in self.shifts.values()):
            return []
        had = {wearer for shift in self.shifts.values() for wearer in shift.wearers}
        return [wearer for wearer in wearers if wearer not in had]

    def of(self, carer: str) -> list[Shift]:
        """The shifts that ``carer`` is on."""
        return [shift for shift in self.shifts.values() if same(shift.carer, carer)]

    def left(self, wearer: str) -> Left | None:
        """Since when nobody has had ``wearer``, if nobody does; None where nobody knows yet."""
        known = [left for left in (self._left.get(wearer), self._left.get("")) if left is not None]
        return max(known, key=lambda left: left.number, default=None)
