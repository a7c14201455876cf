"""Whatever is tapped, passes, fails, restarts, is erased or set: nobody is without a carer unless it is said so."""

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alerts.duty.duty import BACK_S, MUTE_MAX_S, Duty
from alerts.duty.errors import LeftAlone
from alerts.duty.roster import Shift
from alerts.errors import AlertError, JournalError
from alerts.events import Event
from alerts.journal import Journal

WEARERS = ("w-1", "w-2", "w-3")
CARERS = ("Jo", "Priya", "Sam")
HOUR_S = 3600.0


class Disk(Journal):
    """A journal whose disk may be full."""

    full = False

    def append(self, events: Sequence[Event]) -> None:
        if self.full:
            raise JournalError("cannot write the journal: No space left on device")
        super().append(events)


class DutyWalk(RuleBasedStateMachine):
    """The model: who has whom, by person. It knows of no times: no passing of time may change it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now_s = 1e9
        self.watched = list(WEARERS)
        self.has: dict[str, tuple[str, frozenset[str] | None]] = {}  # by shift: carer, and whom (None: everybody)
        self.until_s: dict[str, float] = {}
        self.muted_by: dict[str, str] = {}
        self.not_kept: dict[str, str] = {}  # mutes that ended while the disk was full: a restart knows of no end
        self.unkept: dict[str, str] = {}  # sound again by word alone: a stop before the disk has room forgets it
        self.begin_service()

    def begin_service(self) -> None:
        self.journal = Disk(Path(self.folder.name) / "journal.jsonl")
        self.duty = Duty(self.journal, watched=lambda: self.watched, known=lambda: CARERS)

    def teardown(self) -> None:
        self.journal.close()
        self.folder.cleanup()

    def sounds(self, tablets: Sequence[str]) -> None:
        heard = {tablet: self.muted_by.pop(tablet) for tablet in tablets if tablet in self.muted_by}
        if self.journal.full:
            self.unkept |= heard

    def forget(self) -> None:
        self.muted_by |= self.unkept
        self.unkept = {}

    def keep(self, shift: Shift) -> None:
        self.has[shift.shift_id] = shift.carer, frozenset(shift.wearers) or None
        self.until_s[shift.shift_id] = shift.until_s

    def drop(self, shift_id: str) -> None:
        carer, _ = self.has.pop(shift_id)
        del self.until_s[shift_id]
        if carer not in {other for other, _ in self.has.values()}:
            self.muted_by = {tablet: by for tablet, by in self.muted_by.items() if by != carer}

    def unmuted(self, tablets: Sequence[str]) -> None:
        ended = {tablet: self.muted_by.pop(tablet) for tablet in tablets if tablet in self.muted_by}
        self.not_kept |= ended if self.journal.full else {}

    def carers(self, wearer: str, *, in_time: bool = False) -> set[str]:
        return {
            carer
            for shift_id, (carer, whom) in self.has.items()
            if (whom is None or wearer in whom) and not (in_time and self.until_s[shift_id] <= self.now_s)
        }

    @rule(carer=st.sampled_from(CARERS), whom=st.sets(st.sampled_from(WEARERS)), hours=st.integers(1, 12))
    def begin(self, carer: str, whom: set[str], hours: int) -> None:
        try:
            shift = self.duty.begin(carer, sorted(whom), until_s=self.now_s + hours * HOUR_S, by="Sam", at_s=self.now_s)
        except JournalError:
            assert self.journal.full
        except AlertError:
            assert not whom <= set(self.watched)
        else:
            self.keep(shift)

    @precondition(lambda self: self.has)
    @rule(data=st.data(), to=st.sampled_from(CARERS), whole=st.booleans())
    def offer_and_take(self, data: st.DataObject, to: str, whole: bool) -> None:
        shift_id = data.draw(st.sampled_from(list(self.has)))
        try:
            assert self.duty.offer(shift_id, to=to, note="", at_s=self.now_s).carer == self.has[shift_id][0]
            taken = self.duty.take(shift_id, by=to, at_s=self.now_s) if whole else None
        except JournalError:
            assert self.journal.full
        except AlertError:
            assert to == self.has[shift_id][0]
        else:
            if taken is not None:
                self.keep(taken)
                self.drop(shift_id)

    @precondition(lambda self: self.has)
    @rule(data=st.data(), by=st.sampled_from(CARERS))
    def take(self, data: st.DataObject, by: str) -> None:
        shift_id = data.draw(st.sampled_from(list(self.has)))
        offered = next(shift.offered_to for shift in self.duty.shifts() if shift.shift_id == shift_id)
        try:
            taken = self.duty.take(shift_id, by=by, at_s=self.now_s)
        except JournalError:
            assert self.journal.full
        except AlertError:
            assert offered != by
        else:
            assert offered == by
            self.keep(taken)
            self.drop(shift_id)

    @precondition(lambda self: self.has)
    @rule(data=st.data(), anyway=st.sampled_from(("", "the fire bell")))
    def end(self, data: st.DataObject, anyway: str) -> None:
        shift_id = data.draw(st.sampled_from(list(self.has)))
        theirs = self.has[shift_id][1]
        before, until_s = self.has.pop(shift_id), self.until_s.pop(shift_id)
        alone = {x for x in self.watched if (theirs is None or x in theirs) and not self.carers(x, in_time=True)}
        self.has[shift_id], self.until_s[shift_id] = before, until_s
        refused = set() if anyway else alone
        try:
            self.duty.end(shift_id, by="Jo", at_s=self.now_s, anyway=anyway)
        except JournalError:
            assert self.journal.full
        except LeftAlone as error:
            refused = set(error.wearers)
        else:
            refused = set()
            self.drop(shift_id)
        assert refused == (set() if anyway else alone)

    @rule(tablet=st.sampled_from(("kitchen", "hall")), by=st.sampled_from(CARERS), hours=st.integers(1, 20))
    def mute(self, tablet: str, by: str, hours: int) -> None:
        ends_s = [until_s for key, until_s in self.until_s.items() if self.has[key][0] == by]
        asked_s = self.now_s + hours * HOUR_S
        try:
            until_s = self.duty.mute(tablet, by=by, reason="asleep", until_s=asked_s, at_s=self.now_s)
        except JournalError:
            assert self.journal.full
        except AlertError:
            assert max(ends_s, default=-math.inf) <= self.now_s or min(asked_s, max(ends_s)) > self.now_s + MUTE_MAX_S
        else:
            assert until_s == min(asked_s, max(ends_s))
            self.muted_by[tablet] = by

    @rule(tablet=st.sampled_from(("kitchen", "hall")))
    def unmute(self, tablet: str) -> None:
        self.duty.unmute(tablet, by="Sam", at_s=self.now_s)
        assert self.duty.muted_until(tablet, self.now_s) is None
        self.unmuted([tablet])

    @rule(by_s=st.one_of(st.integers(1, 600), st.integers(1, 30).map(lambda hours: hours * 3600)))
    def time_passes_or_the_clock_is_set_forward(self, by_s: int) -> None:
        self.now_s += by_s

    @rule(hours=st.integers(1, 30))
    def the_clock_is_set_back(self, hours: int) -> None:
        self.duty.tick(self.now_s)
        self.now_s -= hours * HOUR_S + BACK_S
        self.duty.tick(self.now_s)
        self.unmuted(list(self.muted_by))
        assert self.duty.mutes(self.now_s) == ()

    @rule()
    def restart(self) -> None:
        full = self.journal.full
        self.journal.close()
        self.begin_service()
        self.journal.full = full
        self.forget()
        if full:  # ends of mutes that the disk did not take are forgotten with the process
            for mute in self.duty.mutes(self.now_s):
                self.muted_by.setdefault(mute.tablet, mute.by)

    @rule()
    def the_disk_fills_or_has_room_again(self) -> None:
        self.journal.full = not self.journal.full
        self.duty.tick(self.now_s)
        if not self.journal.full:
            self.unkept = {}

    @precondition(lambda self: len(self.watched) > 1)
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        wearer = data.draw(st.sampled_from(self.watched))
        self.watched.remove(wearer)
        self.journal.close()
        self.begin_service()
        self.journal.erase(wearer)
        assert wearer.encode() not in (Path(self.folder.name) / "journal.jsonl").read_bytes()
        self.journal.close()
        self.begin_service()
        self.forget()
        for shift_id, (carer, whom) in tuple(self.has.items()):
            if whom is not None:
                self.has[shift_id] = carer, whom - {wearer}
                if whom == {wearer}:
                    self.drop(shift_id)

    @invariant()
    def everybody_has_who_the_model_says_or_is_said_to_have_nobody(self) -> None:
        self.duty.tick(self.now_s)
        if not self.journal.full:
            self.not_kept = {}
        alone = {each.wearer: each for each in self.duty.uncovered(self.watched, self.now_s)}
        for wearer in self.watched:
            having = self.duty.on_shift(wearer, self.now_s)
            assert set(having) == self.carers(wearer)
            assert bool(having) != (wearer in alone)
            assert wearer not in alone or alone[wearer].since_s <= self.now_s
        assert set(self.duty.on_shift("", self.now_s)) == {carer for carer, _ in self.has.values()}
        overdue = {key for key, until_s in self.until_s.items() if until_s <= self.now_s}
        assert {shift.shift_id for shift in self.duty.overdue(self.now_s)} == overdue

    @invariant()
    def no_mute_outlasts_the_shift_of_who_muted(self) -> None:
        for mute in self.duty.mutes(self.now_s):
            assert self.muted_by.get(mute.tablet) == mute.by
            assert (
                self.now_s < mute.until_s <= max(self.until_s[key] for key in self.has if self.has[key][0] == mute.by)
            )


TestDutyWalk = DutyWalk.TestCase
TestDutyWalk.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
