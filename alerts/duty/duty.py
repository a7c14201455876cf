"""Taps of carers in; who is responsible for whom out, at any time, journalled before it is so."""

import logging
import math
import secrets
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from alerts.duty.account import Account, account
from alerts.duty.errors import LeftAlone, UnknownShift
from alerts.duty.events import (
    DutyEvent,
    FoundAlone,
    HandOverOffered,
    ShiftBegun,
    ShiftEnded,
    TabletMuted,
    TabletUnmuted,
)
from alerts.duty.roster import Mute, Roster, Shift
from alerts.duty.words import lines
from alerts.errors import AlertError, JournalError
from alerts.journal import ReadableLog
from alerts.kept import Kept
from alerts.names import name, same
from alerts.patient_log import Unanswered, Write

log = logging.getLogger(__name__)

UTC: Final = ZoneInfo("UTC")

SHIFT_S: Final = 8 * 3600.0
"""How long whoever takes a hand-over has people, where they say nothing else: a third of a day, as houses share it."""

SHIFT_MAX_S: Final = 7 * 86400.0
"""A family may have somebody all week; a longer shift is a slip of the pen, or one that nobody would ever renew."""

MUTE_MAX_S: Final = 12 * 3600.0
"""A night: a longer mute is one that was forgotten."""

BACK_S: Final = 60.0
"""A clock that goes back further than this was set, not trimmed: then nobody knows how long a mute has lasted."""

NOTE_MAX: Final = 2000
"""Characters of a note at hand-over: a page that somebody reads standing."""

LEFT: Final = "their carer is no longer a carer here"
"""Why a shift ended that nobody ended."""

REASON_MAX: Final = 200
"""Characters of a reason: a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """Nobody has ``wearer`` since ``since_s`` [UTC s]. ``before`` says whether anybody had them before; ``anyway`` why
    their last carer went all the same, "" where nobody said so."""

    wearer: str
    since_s: float
    before: bool
    anyway: str = ""


class Duty:
    """Who has whom: goes on from what ``journal`` holds. Thread-safe; time enters as data (UTC s).

    ``watched`` says whom the house watches now (pseudonyms), ``known`` the names of its carers (None: any name will
    do), ``left`` who keeps no shifts any more, and since when [UTC s]; ``names`` gives those of pseudonyms and ``zone``
    the clock, for the summary of a shift. Questions are answered at once, whatever the disk does; only acts wait for
    it.

    Nobody is ever without somebody by the passing of time, by an offer, a restart or a clock that is set: a shift goes
    on, overdue, until a person takes it over or ends it, or whoever keeps it has left. Each act is in the journal
    before it holds; where the journal cannot be written JournalError says so, and nothing has changed. Where the disk
    does not answer it is Unanswered: the act does not hold unless and until it is found to be written, and whoever had
    people has them. Only a mute ends all the same.
    """

    def __init__(
        self,
        journal: ReadableLog,
        *,
        watched: Callable[[], Collection[str]],
        known: Callable[[], Collection[str]] | None = None,
        left: Callable[[], Mapping[str, float]] = dict,
        names: Callable[[], Mapping[str, str]] = dict,
        zone: ZoneInfo = UTC,
    ) -> None:
        self._journal = journal
        self._watched = watched
        self._known = known
        self._left = left
        self._names = names
        self._zone = zone
        self._acting = threading.RLock()  # one act at a time, as long as the disk takes
        self._lock = threading.Lock()  # for what is read meanwhile
        self._roster = Roster()
        self._roster.fold(journal.history)
        self._last_s = max((event.at_s for event in journal.history), default=-math.inf)
        self._alone: dict[str, tuple[int, float]] = {}  # by wearer: after which end of a shift, and since when
        self._sounding = Kept(journal, anyway="tablets sound again", wait=lambda waiting, events: [*waiting, *events])
        self._late: Write | None = None  # an act that the disk has not answered to

    def begin(self, carer: str, wearers: Sequence[str], *, until_s: float, by: str, at_s: float) -> Shift:
        """Give ``wearers`` (empty: everybody) to ``carer`` until ``until_s``; on ``by``'s word. Whoever is on shift for
        the same people already goes on until then: a second tap changes nothing, and a shift can be prolonged so.

        Raises AlertError for a name that is none or not known, somebody who is not watched, or a time that will not do.
        """
        with self._one_act():
            carer, by, people = self._carer(carer, "carer"), name(by, of="by"), self._people(wearers)
            until_s = _until(until_s, at_s, longest_s=SHIFT_MAX_S)
            event = self._begun(carer, people, until_s=until_s, by=by, at_s=at_s)
            before = self._roster.shifts.get(event.shift_id)
            if before is None or before.until_s != until_s:
                self._write([event])
            return self._roster.shifts[event.shift_id]

    def offer(self, shift_id: str, *, to: str, note: str = "", at_s: float) -> Shift:
        """Offer a shift ``to`` somebody, or to several with commas between; a later offer stands in for an earlier one.
        Nothing changes hands.

        Raises UnknownShift; AlertError for a name that is none, not known or the carer's own, or a note too long.
        """
        with self._one_act():
            shift = self._shift(shift_id)
            names = [self._carer(each, "to") for each in to.split(",") if each.strip()] or [self._carer(to, "to")]
            if any(same(each, shift.carer) for each in names):
                raise AlertError(f"to: {shift.carer} has them already; offer the shift to somebody else")
            said = _words(note, "note", longest=NOTE_MAX)
            if (", ".join(names), said) != (shift.offered_to, shift.note):
                self._write([HandOverOffered(at_s=_moment(at_s), shift_id=shift_id, to=", ".join(names), note=said)])
            return self._shift(shift_id)

    def take(self, shift_id: str, *, by: str, at_s: float, until_s: float | None = None) -> Shift:
        """Take a shift over, and return that of ``by``, which lasts until ``until_s`` (None: ``SHIFT_S``). From then on
        its people are theirs, and whoever had them is off; their mutes end.

        Raises UnknownShift; AlertError for whom it was not offered to.
        """
        with self._one_act():
            shift, taker = self._shift(shift_id), self._carer(by, "by")
            offered_as = shift.offered_as(taker)
            if not offered_as:
                offered = f"it is offered to {shift.offered_to}" if shift.offered_to else "it is offered to nobody"
                raise AlertError(
                    f"by: {offered}, and {shift.carer} has them; {shift.carer} can offer it to {taker}, or {taker} can"
                    " begin a shift of their own"
                )
            taker = offered_as
            until_s = _until(at_s + SHIFT_S if until_s is None else until_s, at_s, longest_s=SHIFT_MAX_S)
            begun = self._begun(taker, shift.wearers, until_s=until_s, by=taker, at_s=at_s)
            on = self._roster.shifts.get(begun.shift_id)
            if on is not None and on.until_s > until_s:
                begun = msgspec.structs.replace(begun, until_s=on.until_s)
            ended = ShiftEnded(at_s=at_s, shift_id=shift_id, taken_by=taker, by=taker)
            self._write([begun, *self._unmutes_with(shift, at_s), ended])  # in this order: a crash between loses nobody
            return self._roster.shifts[begun.shift_id]

    def end(self, shift_id: str, *, by: str, at_s: float, anyway: str = "") -> Shift:
        """End a shift on ``by``'s word, and return it: its people are the others' who are on shift for them.

        Raises UnknownShift; LeftAlone where somebody would have nobody, or only somebody whose shift is overdue, unless
        ``anyway`` gives a reason: then whoever must know is told at once.
        """
        with self._one_act():
            shift, by = self._shift(shift_id), name(by, of="by")
            _moment(at_s)
            reason = _words(anyway, "anyway", longest=REASON_MAX)
            alone = self._only(shift, at_s)
            if alone and not reason:
                late = [each for each in self.overdue(at_s) if each is not shift and any(map(each.has, alone))]
                raise LeftAlone(alone, carer=shift.carer, late=tuple(dict.fromkeys(each.carer for each in late)))
            said = reason if alone else ""
            ended = ShiftEnded(at_s=at_s, shift_id=shift_id, taken_by="", by=by, anyway=said)
            self._write([*self._unmutes_with(shift, at_s), ended])
            return shift

    def mute(self, tablet: str, *, by: str, reason: str, until_s: float, at_s: float) -> float:
        """Take the sound off a tablet, and return until when: at the latest the end of the last shift of ``by``.

        Raises AlertError where ``by`` is not on shift or overdue, there is no reason, or the time will not do.
        """
        with self._one_act():
            tablet, by = name(tablet, of="tablet"), name(by, of="by")
            shifts = self._roster.of(by)
            if not shifts:
                raise AlertError(f"by: {by} is not on shift, and a mute ends with a shift; begin one first")
            end_s = max(shift.until_s for shift in shifts)
            if end_s <= _moment(at_s):
                raise AlertError(f"by: the shift of {by} should be over; hand it over, or prolong it first")
            said = _words(reason, "reason", longest=REASON_MAX)
            if not said:
                raise AlertError("reason: say why, so that others know")
            until_s = _until(min(until_s, end_s), at_s, longest_s=MUTE_MAX_S)
            self._write([TabletMuted(at_s=at_s, tablet=tablet, by=by, reason=said, until_s=until_s)])
            return until_s

    def unmute(self, tablet: str, *, by: str, at_s: float) -> None:
        """Give a tablet its sound back, at once, whether or not the journal can be written; one that is not muted stays
        as it is."""
        with self._one_act():
            by = name(by, of="by")
            if tablet in self._roster.mutes:
                self._sound([TabletUnmuted(at_s=_moment(at_s), tablet=tablet, by=by)])

    def tick(self, now_s: float) -> tuple[str, ...]:
        """End the shifts of those who have left, and mutes whose time or shift is over, all of them where the clock was
        set back, and return of which tablets; write down whom nobody ever had. To be called about once a second; while
        an act waits for the disk, it is left to the next."""
        _moment(now_s)
        if not self._acting.acquire(blocking=False):
            return ()
        try:
            self._settle()
            set_back = now_s < self._last_s - BACK_S
            self._last_s = now_s
            self._end_left(now_s)
            over = [
                TabletUnmuted(at_s=now_s, tablet=mute.tablet, by="")
                for mute in self._roster.mutes.values()
                if set_back or not self._is_muted(mute, now_s)
            ]
            if over or self._sounding.waits:
                self._sound(over)
            self._note_alone(now_s)
            return tuple(event.tablet for event in over)
        finally:
            self._acting.release()

    def shifts(self) -> tuple[Shift, ...]:
        """Every shift that is on, in the order in which they began."""
        with self._lock:
            return tuple(self._roster.shifts.values())

    def on_shift(self, wearer: str, now_s: float) -> tuple[str, ...]:
        """Who has ``wearer`` ("": everybody who is on shift), those whose shift is overdue last."""
        with self._lock:
            having = sorted(self._roster.having(wearer), key=lambda shift: shift.is_overdue(now_s))
        return tuple(dict.fromkeys(shift.carer for shift in having))

    def overdue(self, now_s: float) -> tuple[Shift, ...]:
        """Shifts that nobody took over in time; their carers have their people still."""
        with self._lock:
            return tuple(shift for shift in self._roster.shifts.values() if shift.is_overdue(now_s))

    def uncovered(self, wearers: Collection[str], now_s: float) -> tuple[Alone, ...]:
        """Whom of ``wearers`` nobody has, and since when: for whom there never was anybody, since this was first asked.
        A time after ``now_s`` is none: the clock was set back since."""
        with self._lock:
            _moment(now_s)
            return tuple(self._alone_at(wearer, now_s) for wearer in self._roster.alone(wearers))

    def mutes(self, now_s: float) -> tuple[Mute, ...]:
        """Every mute in force."""
        with self._lock:
            return tuple(
                replace(mute, until_s=self._muted_until(mute))
                for mute in self._roster.mutes.values()
                if self._is_muted(mute, now_s)
            )

    def muted_until(self, tablet: str, now_s: float) -> float | None:
        """Until when a tablet is muted, None where it sounds."""
        return next((mute.until_s for mute in self.mutes(now_s) if mute.tablet == tablet), None)

    def account(self, shift_id: str) -> Account:
        """Return what happened on a shift, on or over, as the journal has it. Raises UnknownShift, JournalError."""
        return account(self._journal.read(), shift_id, watched=self._watched())

    def summary(self, shift_id: str) -> tuple[str, ...]:
        """Return it in plain lines, with the names that the house uses. Raises UnknownShift, JournalError."""
        return lines(self.account(shift_id), names=self._names(), zone=self._zone)

    def _end_left(self, now_s: float) -> None:
        """End the shifts of those who left, whoever is alone then: that is told at once. A shift that began since is of
        somebody who is back, though this was not heard yet."""
        try:
            for carer, left_s in self._left().items():
                for shift in self._roster.of(carer):
                    if shift.began_s <= left_s:
                        why = LEFT if self._only(shift, now_s) else ""
                        ended = ShiftEnded(at_s=now_s, shift_id=shift.shift_id, taken_by="", anyway=why)
                        self._write([*self._unmutes_with(shift, now_s), ended])
                        log.warning("a shift is over: whoever kept it is no carer any more")
        except JournalError as error:  # the next tick tries again, and they have their people meanwhile
            log.debug("%s", error)

    def _alone_at(self, wearer: str, now_s: float) -> Alone:
        left = self._roster.left(wearer)
        number, since_s = (0, now_s) if left is None else (left.number, left.at_s)
        noticed, noticed_s = self._alone.get(wearer, (-1, now_s))
        since_s = min(noticed_s if noticed == number else since_s, now_s)
        self._alone[wearer] = number, since_s
        if left is None:
            return Alone(wearer=wearer, since_s=since_s, before=False)
        return Alone(wearer=wearer, since_s=since_s, before=left.before, anyway=left.anyway)

    def _note_alone(self, now_s: float) -> None:
        """Write down for whom there never was anybody, so that a restart does not begin to count anew."""
        with self._lock:
            new = [wearer for wearer in self._roster.alone(self._watched()) if self._roster.left(wearer) is None]
            found = [FoundAlone(at_s=self._alone_at(wearer, now_s).since_s, wearer=wearer) for wearer in new]
        if found:
            try:
                self._write(found)
            except JournalError as error:  # the next tick tries again, and they are said to be alone meanwhile
                log.debug("%s", error)

    def _only(self, shift: Shift, now_s: float) -> tuple[str, ...]:
        """Whom nobody else has who is on shift in time."""
        return tuple(
            wearer
            for wearer in self._watched()
            if shift.has(wearer)
            and all(other is shift or other.is_overdue(now_s) for other in self._roster.having(wearer))
        )

    def _begun(self, carer: str, people: tuple[str, ...], *, until_s: float, by: str, at_s: float) -> ShiftBegun:
        """A shift of their own, or that which they are on for the same people, prolonged."""
        on = [shift.shift_id for shift in self._roster.of(carer) if shift.wearers == people]
        shift_id = on[0] if on else f"shift-{secrets.token_hex(6)}"
        return ShiftBegun(at_s=at_s, shift_id=shift_id, carer=carer, wearers=people, until_s=until_s, by=by)

    def _unmutes_with(self, shift: Shift, at_s: float) -> list[TabletUnmuted]:
        """The ends of the mutes of whoever goes off with ``shift``."""
        if any(other is not shift for other in self._roster.of(shift.carer)):
            return []
        return [
            TabletUnmuted(at_s=at_s, tablet=mute.tablet, by="")
            for mute in self._roster.mutes.values()
            if same(mute.by, shift.carer)
        ]

    def _muted_until(self, mute: Mute) -> float:
        """Its own end, or that of the last shift of whoever muted: a shift may have ended early since."""
        return min(mute.until_s, max((shift.until_s for shift in self._roster.of(mute.by)), default=-math.inf))

    def _is_muted(self, mute: Mute, now_s: float) -> bool:
        return mute.since_s - BACK_S <= now_s < self._muted_until(mute)

    def _shift(self, shift_id: str) -> Shift:
        shift = self._roster.shifts.get(shift_id)
        if shift is None:
            raise UnknownShift(f"no shift {shift_id!r} is on: it may be over; look at who is on shift")
        return shift

    def _carer(self, said: str, field: str) -> str:
        carer = name(said, of=field)
        if self._known is None:
            return carer
        known = tuple(self._known())
        for each in known:
            if same(each, carer):
                return each
        raise AlertError(f"{field}: nobody here is called {carer}; carers are {', '.join(known) or 'not entered yet'}")

    def _people(self, wearers: Sequence[str]) -> tuple[str, ...]:
        watched = self._watched()
        for wearer in wearers:
            if wearer not in watched:
                raise AlertError(f"wearers: {wearer!r} is not watched here; watched are {', '.join(sorted(watched))}")
        return tuple(sorted(set(wearers)))

    @contextmanager
    def _one_act(self) -> Iterator[None]:
        with self._acting:
            self._settle()
            yield

    def _settle(self) -> None:
        """Let an act that the disk answered to late hold, if it is written."""
        late = self._late
        if late is not None and late.over.is_set():
            self._late = None
            if late.refusal is None:
                with self._lock:
                    self._roster.fold(late.events)

    def _write(self, events: Sequence[DutyEvent]) -> None:
        self._sounding.write(())  # what waits comes first
        if self._late is not None or self._sounding.waits:
            raise JournalError("nothing has changed, for the disk has not answered to what was done before")
        try:
            self._journal.append(events)
        except Unanswered as error:
            self._late = error.write
            raise
        except JournalError as error:
            raise JournalError(f"nothing has changed, for it could not be kept: {error}") from error
        with self._lock:
            self._roster.fold(events)

    def _sound(self, events: Sequence[TabletUnmuted]) -> None:
        """End mutes, whatever the disk says: what could not be written is tried again at the next tick."""
        with self._lock:
            self._roster.fold(events)
        self._sounding.write(events)


def _moment(at_s: float) -> float:
    if not math.isfinite(at_s):
        raise AlertError(f"at_s is a time in UTC seconds, not {at_s}")
    return at_s


def _until(until_s: float, at_s: float, *, longest_s: float) -> float:
    if not _moment(at_s) < until_s <= at_s + longest_s:
        raise AlertError(
            f"until_s: a time in the {longest_s / 3600:.0f} hours after now, in UTC seconds, not {until_s}"
        )
    return until_s


def _words(said: str, field: str, *, longest: int) -> str:
    words = " ".join(said.split())
    if len(words) > longest or not words.isprintable():
        raise AlertError(f"{field}: up to {longest} printable characters")
    return words
