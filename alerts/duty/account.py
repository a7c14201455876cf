"""The journal in; what happened to somebody's people on their shift out, as a value: for whoever takes over."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from alerts.delivered import with_delivered
from alerts.duty.errors import UnknownShift
from alerts.duty.events import DutyEvent, HandOverOffered, ShiftBegun, ShiftEnded, TabletMuted, TabletUnmuted
from alerts.duty.people import Person, PersonAt
from alerts.duty.roster import Mute
from alerts.events import Event
from alerts.happened import HappenedTo
from alerts.names import same


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A hand-over that was offered ``to`` somebody at ``at_s`` [UTC s], with a note."""

    at_s: float
    to: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What ``carer`` hands over. ``ended_s`` [UTC s] is None while the shift goes on, ``taken_by`` "" where nobody took
    it over, ``anyway`` why it ended all the same; ``mutes`` are those that they made, each until it ended."""

    shift_id: str
    carer: str
    everybody: bool
    began_s: float
    until_s: float
    ended_s: float | None
    taken_by: str
    anyway: str
    people: tuple[PersonAt, ...]
    mutes: tuple[Mute, ...]
    offers: tuple[Offer, ...]


def account(events: Iterable[Event], shift_id: str, *, watched: Collection[str]) -> Account:
    """Return what happened from the begin of a shift to its end, or until now, in the order of the journal, whatever
    clocks did; what was open when it began is in it. Of a shift for everybody these are ``watched``, and whoever else
    something happened to.

    Raises UnknownShift where the journal does not tell of it.
    """
    people: dict[str, Person] = {}
    shift: _Shift | None = None
    for event in with_delivered(events):
        if isinstance(event, HappenedTo) and event.wearer:
            people.setdefault(event.wearer, Person()).take(event)
        elif isinstance(event, ShiftBegun) and event.shift_id == shift_id and shift is None:
            shift = _Shift(event, event.until_s)
            for person in people.values():
                person.start_anew()
        elif isinstance(event, DutyEvent) and shift is not None:
            shift.take(event)
            if shift.end is not None:
                break
    if shift is None:
        raise UnknownShift(f"the journal tells of no shift {shift_id!r}; `forecalm shift show` lists those that are on")
    theirs = shift.begun.wearers or sorted(
        {*watched, *(wearer for wearer, person in people.items() if person.is_told_of)}
    )
    return shift.account([people.get(wearer, Person()).at(wearer) for wearer in theirs])


@dataclass(slots=True)
class _Shift:
    """A fold of the lines about one shift; mutable."""

    begun: ShiftBegun
    until_s: float
    end: ShiftEnded | None = None
    mutes: list[Mute] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)

    def take(self, event: DutyEvent) -> None:
        match event:
            case TabletMuted() if same(event.by, self.begun.carer):
                self.mutes.append(
                    Mute(
                        tablet=event.tablet, by=event.by, reason=event.reason, since_s=event.at_s, until_s=event.until_s
                    )
                )
            case TabletMuted() | TabletUnmuted():  # by somebody else, or its end: theirs is over
                self._end_mute(event.tablet, event.at_s)
            case ShiftBegun() if event.shift_id == self.begun.shift_id:
                self.until_s = event.until_s
            case HandOverOffered() if event.shift_id == self.begun.shift_id:
                self.offers.append(Offer(at_s=event.at_s, to=event.to, note=event.note))
            case ShiftEnded() if event.shift_id == self.begun.shift_id:
                self.end = event

    def _end_mute(self, tablet: str, at_s: float) -> None:
        for place, mute in reversed(list(enumerate(self.mutes))):
            if mute.tablet == tablet:
                self.mutes[place] = replace(mute, until_s=min(mute.until_s, at_s))
                return

    def account(self, people: Sequence[PersonAt]) -> Account:
        return Account(
            shift_id=self.begun.shift_id,
            carer=self.begun.carer,
            everybody=not self.begun.wearers,
            began_s=self.begun.at_s,
            until_s=self.until_s,
            ended_s=None if self.end is None else self.end.at_s,
            taken_by="" if self.end is None else self.end.taken_by,
            anyway="" if self.end is None else self.end.anyway,
            people=tuple(people),
            mutes=tuple(self.mutes),
            offers=tuple(self.offers),
        )
