"""What a sender keeps: nothing goes before it is stored, what stands still is sent again with patience, and every
number ends as stored or declared lost."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ingest.sending.boots import BATCH_MAX, PATIENCE_MAX_S, PATIENCE_S, BootState, Key
from ingest.sending.keeping import TURN, Keeping
from ingest.sending.runs import Runs
from ingest.wire import Stored

SIZE = 100
KEY: Key = ("b", 1)
PLENTY = 1 << 40


def filled(packets: int, *, limit: int = PLENTY, keys: tuple[Key, ...] = (KEY,)) -> Keeping:
    keeping = Keeping(limit=limit)
    for seq in range(packets):
        for key in keys:
            assert keeping.add(key, seq, size=SIZE, now_s=0.0)
    return keeping


def say(keeping: Keeping, since: int, seq: int, now_s: float, *, key: Key = KEY, retained: bool = False) -> None:
    said = Stored(v=1, boot=key[1], since=since, seq=seq)
    for _, first, last in keeping.stored(key[0], said, now_s, retained=retained):
        keeping.release((key, first, last), size=SIZE * (last - first + 1))


def make_room(keeping: Keeping) -> list[tuple[Key, int, int]]:
    gone = []
    while (span := keeping.excess()) is not None:
        keeping.drop(span, size=SIZE * (span[2] - span[1] + 1))
        gone.append(span)
    return gone


def numbers(keeping: Keeping, key: Key = KEY) -> list[int]:
    return [seq for first, last in keeping.kept(key) for seq in range(first, last + 1)]


def overdue(keeping: Keeping, now_s: float) -> list[tuple[Key, int]]:
    keeping.look(now_s)
    return [(key, seq) for key, first, last in keeping.take(10_000, now_s) for seq in range(first, last + 1)]


def seqs(found: list[tuple[Key, int]]) -> list[int]:
    return [seq for _, seq in found]


@given(st.integers(0, 30), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted), max_size=6))
def test_exactly_what_no_watermark_covers_is_kept(packets: int, runs: list[list[int]]) -> None:
    other: Key = ("c", 1)
    keeping = filled(packets, keys=(KEY, other))
    for since, seq in runs:
        say(keeping, since, seq, 0.0)
    covered = {seq for since, last in runs for seq in range(since, last + 1)}
    assert numbers(keeping) == [seq for seq in range(packets) if seq not in covered]
    assert numbers(keeping, other) == list(range(packets))
    assert len(keeping) == len(numbers(keeping)) + packets
    assert keeping.size == SIZE * len(keeping)


def test_another_boot_or_another_band_is_another_matter() -> None:
    keeping = filled(6)
    say(keeping, 0, 9, 0.0, key=("b", 2))
    say(keeping, 0, 9, 0.0, key=("c", 1))
    assert numbers(keeping) == [0, 1, 2, 3, 4, 5]


def test_a_packet_is_kept_once() -> None:
    keeping = filled(2)
    assert not keeping.add(KEY, 1, size=SIZE, now_s=0.0)
    assert (len(keeping), keeping.size) == (2, 2 * SIZE)


def test_over_its_limit_the_oldest_goes_first_is_counted_and_declared_lost() -> None:
    keeping = filled(5, limit=2 * SIZE)
    assert make_room(keeping) == [(KEY, 0, 2)]
    assert keeping.let_go == 3
    assert keeping.declare(KEY, 3, 0.0) == (0, 2)
    assert keeping.declare(KEY, 4, 1.0) is None, "it has just been said"
    assert keeping.declare(KEY, 4, 1.0 + PATIENCE_S) == (0, 2), "but is said again until it counts as stored"
    say(keeping, 0, 3, 12.0)
    assert keeping.declare(KEY, 4, 1000.0) is None


def test_the_band_that_takes_the_most_room_loses_first_and_no_other() -> None:
    """One that floods drives out its own past, not that of the quiet one."""
    flood, quiet = ("flood", 1), ("quiet", 1)
    keeping = Keeping(limit=10 * SIZE)
    for seq in range(4):
        keeping.add(quiet, seq, size=SIZE, now_s=0.0)
    for seq in range(100):
        keeping.add(flood, seq, size=SIZE, now_s=0.0)
        make_room(keeping)
    assert numbers(keeping, quiet) == [0, 1, 2, 3]
    assert numbers(keeping, flood) == list(range(94, 100))


def test_of_a_band_the_oldest_boot_goes_first_whenever_it_came() -> None:
    """A band tells the backlog of an earlier boot after it has begun with the present one."""
    keeping = Keeping(limit=3 * SIZE)
    for seq in range(2):
        keeping.add(("b", 2), seq, size=SIZE, now_s=0.0, heard_us=2_000_000 + seq)
    for seq in range(2):
        keeping.add(("b", 1), seq, size=SIZE, now_s=0.0, heard_us=1_000_000 + seq)
    assert make_room(keeping) == [(("b", 1), 0, 0)]


def test_numbers_that_may_still_come_from_a_band_are_never_declared_lost() -> None:
    """The hole from 3 to 5 is in the band's own memory."""
    keeping = Keeping(limit=2 * SIZE)
    for seq in (0, 1, 2, 6, 7, 8, 9):
        keeping.add(KEY, seq, size=SIZE, now_s=0.0)
    make_room(keeping)
    assert [keeping.declare(KEY, 9, 0.0), keeping.declare(KEY, 9, 0.0)] == [(0, 2), (6, 7)]


def test_what_a_band_says_it_will_never_send_is_declared() -> None:
    keeping = filled(3)
    keeping.add(KEY, 9, size=SIZE, now_s=0.0, lost=(2, 8))
    assert keeping.declare(KEY, 9, 0.0) == (3, 8), "2 is here"


def test_a_packet_that_came_after_all_is_not_lost() -> None:
    keeping = filled(1)
    keeping.add(KEY, 9, size=SIZE, now_s=0.0, lost=(1, 8))
    keeping.add(KEY, 5, size=SIZE, now_s=0.0)
    assert [keeping.declare(KEY, 9, 0.0), keeping.declare(KEY, 9, 0.0)] == [(1, 4), (6, 8)]


def test_only_numbers_below_its_own_are_declared_by_a_packet() -> None:
    keeping = filled(2)
    keeping.add(KEY, 9, size=SIZE, now_s=0.0, lost=(2, 8))
    assert keeping.declare(KEY, 1, 0.0) is None
    assert keeping.declare(KEY, 5, 0.0) == (2, 4)
    assert keeping.declare(KEY, 9, 0.0) == (5, 8)


def test_a_boot_that_nobody_speaks_of_repeats_its_oldest_packet_to_be_told() -> None:
    keeping = filled(200)
    assert overdue(keeping, PATIENCE_S - 0.1) == []
    assert seqs(overdue(keeping, PATIENCE_S)) == [0]
    assert overdue(keeping, PATIENCE_S + 1) == []
    assert keeping.settled, "nobody stores anything: nothing to wait for"
    say(keeping, 0, 2, 0.0)
    assert not keeping.settled


def test_a_watermark_that_stands_still_is_answered_with_the_packets_it_lacks() -> None:
    keeping = filled(5)
    say(keeping, 0, 2, 100.0)
    assert overdue(keeping, 100.0 + PATIENCE_S - 0.1) == []
    assert seqs(overdue(keeping, 100.0 + PATIENCE_S)) == [3, 4]


def test_patience_doubles_to_its_end_and_is_new_after_progress() -> None:
    keeping = filled(50)
    say(keeping, 0, 2, 0.0)
    repeated = [at for at in range(400) if overdue(keeping, float(at))]
    assert repeated == [10, 30, 70, 150, 230, 310, 390]
    assert max(b - a for a, b in pairwise(repeated)) == PATIENCE_MAX_S
    say(keeping, 0, 3, 400.0)
    assert overdue(keeping, 409.0) == []
    assert overdue(keeping, 410.0)


def test_a_repetition_is_bounded() -> None:
    keeping = filled(3 * BATCH_MAX)
    say(keeping, 0, 0, 0.0)
    assert len(overdue(keeping, 60.0)) == BATCH_MAX


def test_a_repetition_goes_on_at_once_where_the_watermark_stops_at_its_end() -> None:
    keeping = filled(3 * BATCH_MAX)
    say(keeping, 0, 0, 0.0)
    assert seqs(overdue(keeping, PATIENCE_S)) == list(range(1, BATCH_MAX + 1))
    say(keeping, 0, BATCH_MAX - 3, PATIENCE_S + 1)
    assert overdue(keeping, PATIENCE_S + 1) == [], "the rest of it is on its way"
    say(keeping, 0, BATCH_MAX, PATIENCE_S + 2)
    assert seqs(overdue(keeping, PATIENCE_S + 2)) == list(range(BATCH_MAX + 1, 2 * BATCH_MAX + 1))
    assert overdue(keeping, PATIENCE_S + 3) == []


def test_what_was_lost_before_the_first_that_came_is_sent_again_while_the_stream_goes_on() -> None:
    """From the newest lost one down, as only a neighbour moves ``since``; in the end nothing is missing."""
    lost = 3 * BATCH_MAX + 5
    keeping = filled(lost)
    stored: set[int] = set()
    for now in range(40):
        keeping.add(KEY, lost + now, size=SIZE, now_s=float(now))
        stored |= {lost + now} | set(seqs(overdue(keeping, float(now))))
        since = lost
        while since - 1 in stored:
            since -= 1
        say(keeping, since, lost + now, float(now))
    assert len(keeping) == 0
    assert stored == set(range(lost + 40))


def test_a_sender_that_does_not_begin_at_nought_repeats_nothing() -> None:
    keeping = Keeping(limit=PLENTY)
    keeping.add(KEY, 20, size=SIZE, now_s=0.0)
    say(keeping, 20, 20, 0.0)
    assert keeping.settled
    assert overdue(keeping, 1e6) == []


def test_a_service_that_begins_with_a_new_store_is_sent_what_the_old_one_did_not_say_it_had() -> None:
    keeping = filled(9)
    say(keeping, 0, 3, 0.0)
    say(keeping, 7, 8, 1.0)
    assert seqs(overdue(keeping, 60.0)) == [4, 5, 6]


def test_a_store_that_came_back_as_it_was_before_does_not_wait_for_what_it_once_had() -> None:
    """It was restored from a copy: what was let go on its word since then is gone, and said to be."""
    keeping = filled(12)
    say(keeping, 0, 8, 0.0)
    say(keeping, 0, 4, 1.0)
    keeping.add(KEY, 12, size=SIZE, now_s=1.0)
    assert keeping.declare(KEY, 12, 1.0) is None, "it may have been overtaken"
    assert seqs(overdue(keeping, PATIENCE_S)) == [9, 10, 11, 12]
    keeping.add(KEY, 13, size=SIZE, now_s=PATIENCE_S)
    assert keeping.declare(KEY, 13, PATIENCE_S) == (5, 8)


def test_what_an_old_broker_remembers_is_not_taken_for_the_state_of_the_store() -> None:
    keeping = filled(12)
    say(keeping, 0, 8, 0.0)
    say(keeping, 0, 4, 1.0, retained=True)
    assert seqs(overdue(keeping, PATIENCE_S)) == [9, 10, 11]
    keeping.add(KEY, 12, size=SIZE, now_s=PATIENCE_S)
    assert keeping.declare(KEY, 12, PATIENCE_S) is None
    say(keeping, 0, 10, PATIENCE_S, retained=True)
    assert numbers(keeping) == [11, 12]


def test_after_a_reconnection_all_boots_come_back_evenly_the_oldest_of_each_first() -> None:
    other: Key = ("c", 1)
    keeping = filled(3 * TURN, keys=(KEY, other))
    assert keeping.reconnect(0.0) == 6 * TURN
    taken = [keeping.take(TURN, 0.0) for _ in range(4)]
    assert taken == [[(KEY, 0, TURN - 1)], [(other, 0, TURN - 1)], [(KEY, TURN, 31)], [(other, TURN, 31)]]


def test_what_is_under_way_already_is_not_sent_twice() -> None:
    keeping = filled(4)
    keeping.reconnect(0.0)
    keeping.hold(KEY, 1)
    assert [(first, last) for _, first, last in keeping.take(9, 0.0)] == [(0, 0), (2, 3)]
    assert not keeping.any_waits


def test_while_a_backlog_is_sent_nothing_is_overdue_and_then_it_has_its_time() -> None:
    keeping = filled(40)
    say(keeping, 0, 2, 0.0)
    keeping.reconnect(0.0)
    keeping.take(20, 100.0)
    keeping.look(100.0)
    keeping.take(20, 200.0)
    assert not keeping.any_waits
    assert overdue(keeping, 200.0 + PATIENCE_S - 1) == []
    assert seqs(overdue(keeping, 200.0 + PATIENCE_S)) == list(range(3, 40))


def test_a_restart_goes_on_with_what_was_kept_said_and_lost() -> None:
    keeping = filled(10, limit=4 * SIZE)
    say(keeping, 0, 1, 0.0)
    make_room(keeping)
    (state,) = keeping.changes()
    assert state == BootState(KEY, 0, (0, 1), ((2, 5),))
    again = Keeping(limit=PLENTY)
    again.resume(state, Runs(keeping.kept(KEY)), 4 * SIZE, 0.0)
    assert seqs([(key, seq) for key, a, b in again.take(99, 0.0) for seq in range(a, b + 1)]) == [6, 7, 8, 9]
    assert again.declare(KEY, 6, 0.0) == (2, 5)
    say(again, 0, 0, 1.0, retained=True)
    assert again.said("b") == [Stored(v=1, boot=1, since=0, seq=1)], "what a broker remembered is older"


def test_nonsense_of_a_watermark_lets_nothing_go() -> None:
    keeping = filled(3)
    say(keeping, 2, 1, 0.0)
    assert len(keeping) == 3
    assert keeping.said("b") == []


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 60), st.integers(0, 12)), max_size=30))
def test_runs_are_the_set_that_they_stand_for(steps: list[tuple[bool, int, int]]) -> None:
    runs, model = Runs(), set()
    for adds, first, more in steps:
        some = set(range(first, first + more + 1))
        if adds:
            runs.add(first, first + more)
            model |= some
        else:
            runs.remove(first, first + more)
            model -= some
        listed = list(runs)
        assert {n for a, b in listed for n in range(a, b + 1)} == model
        assert all(b + 1 < c for (_, b), (c, _) in pairwise(listed)), "they neither touch nor overlap"
        assert len(runs) == len(model)
        assert bool(runs) == bool(model)
        inside = {n for a, b in runs.within(first, first + more) for n in range(a, b + 1)}
        assert inside == some & model
        assert (first in runs) == (first in model)


class Wire(RuleBasedStateMachine):
    """A band that numbers, a sender of little room, a broker that loses what it likes, and a store that keeps runs."""

    @initialize(room=st.integers(1, 8))
    def begin(self, room: int) -> None:
        self.keeping = Keeping(limit=room * SIZE)
        self.now_s = 0.0
        self.next_seq = 0
        self.hidden: set[int] = set()
        self.handled: set[int] = set()
        self.first: int | None = None

    def deliver(self, seq: int) -> None:
        lost = self.keeping.declare(KEY, seq, self.now_s)
        self.first = seq if self.first is None else self.first
        self.handled.add(seq)
        if lost is not None:
            assert lost[0] <= lost[1] < seq
            some = set(range(lost[0], lost[1] + 1))
            assert not some & self.hidden, "what a band still has is not lost"
            assert not some & set(numbers(self.keeping)), "what is kept is not lost"
            self.handled |= some

    def tell(self) -> None:
        if self.first is not None:
            since = seq = self.first
            while since - 1 in self.handled:
                since -= 1
            while seq + 1 in self.handled:
                seq += 1
            say(self.keeping, since, seq, self.now_s)

    @rule(arrives=st.booleans())
    def a_packet_is_made(self, arrives: bool) -> None:
        seq, self.next_seq = self.next_seq, self.next_seq + 1
        self.keeping.add(KEY, seq, size=SIZE, now_s=self.now_s)
        make_room(self.keeping)
        if arrives:
            self.deliver(seq)

    @rule(count=st.integers(1, 3))
    def the_radio_has_a_hole(self, count: int) -> None:
        self.hidden |= set(range(self.next_seq, self.next_seq + count))
        self.next_seq += count

    @precondition(lambda self: self.hidden)
    @rule(data=st.data())
    def a_hole_is_filled_by_the_band(self, data: st.DataObject) -> None:
        seq = data.draw(st.sampled_from(sorted(self.hidden)))
        self.hidden.discard(seq)
        self.keeping.add(KEY, seq, size=SIZE, now_s=self.now_s)
        make_room(self.keeping)

    @rule(passes_s=st.sampled_from([0.5, 11.0, 90.0]), loses=st.booleans())
    def time_passes(self, passes_s: float, loses: bool) -> None:
        self.now_s += passes_s
        for _, seq in overdue(self.keeping, self.now_s):
            if not loses:
                self.deliver(seq)

    @rule()
    def the_store_says_what_it_has(self) -> None:
        self.tell()

    @rule(loses=st.booleans())
    def the_broker_comes_back(self, loses: bool) -> None:
        self.keeping.reconnect(self.now_s)
        for _, first, last in self.keeping.take(10_000, self.now_s):
            for seq in range(first, last + 1):
                if not loses:
                    self.deliver(seq)

    @rule()
    def the_sender_is_killed(self) -> None:
        """What it had on disk it has again."""
        again = Keeping(limit=self.keeping.limit)
        state = self.state()
        again.resume(state, Runs(self.keeping.kept(KEY)), SIZE * len(self.keeping), self.now_s)
        self.keeping = again

    def state(self) -> BootState:
        changed = {state.key: state for state in self.keeping.changes()}
        self.states = {**getattr(self, "states", {}), **changed}
        return self.states.get(KEY, BootState(KEY, 0, None, ()))

    @invariant()
    def the_room_is_kept_to(self) -> None:
        if hasattr(self, "keeping"):
            assert self.keeping.size == SIZE * len(self.keeping) <= self.keeping.limit

    def teardown(self) -> None:
        """The network mends: in the end nothing is kept, and the store waits for nothing that was ever here."""
        if not hasattr(self, "keeping") or not self.next_seq:
            return
        for seq in sorted(self.hidden):
            self.keeping.add(KEY, seq, size=SIZE, now_s=self.now_s)
            make_room(self.keeping)
        self.hidden.clear()
        for _ in range(40):
            self.now_s += 100.0
            self.a_packet_is_made(arrives=True)
            self.the_broker_comes_back(loses=False)
            self.tell()
        assert len(self.keeping) == 0
        since, seq = min(self.handled), max(self.handled)
        assert self.handled == set(range(since, seq + 1)), "nothing holds up the watermark"


Wire.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestWire = Wire.TestCase


def test_nothing_waits_where_there_is_no_room_to_send() -> None:
    keeping = filled(3)
    keeping.reconnect(0.0)
    assert keeping.take(0, 0.0) == []
    assert keeping.any_waits


def test_a_packet_of_unknown_size_counts_as_one_like_the_others() -> None:
    keeping = filled(4)
    keeping.drop((KEY, 1, 1), size=None)
    assert (len(keeping), keeping.size, keeping.let_go) == (3, 3 * SIZE, 1)


def test_boots_of_which_nothing_is_kept_are_forgotten_one_day_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.sending.keeping.BOOTS_MAX", 3)
    keeping = Keeping(limit=PLENTY)
    keeping.add(("b", 0), 0, size=SIZE, now_s=0.0)
    for boot in range(1, 10):
        keeping.add(("b", boot), 0, size=SIZE, now_s=0.0)
        say(keeping, 0, 0, 0.0, key=("b", boot))
    assert [said.boot for said in keeping.said("b")] == [8, 9]
    assert numbers(keeping, ("b", 0)) == [0]
