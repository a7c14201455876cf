"""Packets to whole seconds: in whatever order they come, as soon as it can be, never later than the deadline."""

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.assemble import Added, Assembler, Taken, whole
from ingest.received import Received
from ingest.types import CHANNELS, Tick
from ingest.wire import Intervals, Packet, values

MakeReceived = Callable[..., Received]
UTC_S = 10**9
GIVEN = {name: channel.grid_hz for name, channel in CHANNELS.items()} | {"contact": 1}  # by the second
ODD_HZ = {"eda": 15.0, "temperature": 7.5, "ppg": 63.9999, "motion": 52.0}


def joined(batches: Sequence[Taken], row: int = 0) -> dict[int, Tick]:
    """The seconds of one row by their start; fails where one was decided twice or out of order."""
    found: dict[int, Tick] = {}
    for taken in batches:
        for i in np.flatnonzero(taken.rows == row):
            start_s = int(taken.tick.start_s[i])
            assert not found or start_s > max(found)
            assert taken.tick.seconds == 1
            found[start_s] = Tick(taken.tick.start_s[i : i + 1], *(getattr(taken.tick, c)[i : i + 1] for c in GIVEN))
    return found


def assert_same(live: dict[int, Tick], offline: Tick) -> None:
    """The live seconds are those of ``offline`` to the last bit; where there is no live second all is unknown."""
    for i in range(offline.seconds):
        tick = live.get(int(offline.start_s[0]) + i)
        for name, rate_hz in GIVEN.items():
            want = getattr(offline, name)[..., i * rate_hz : (i + 1) * rate_hz]
            np.testing.assert_array_equal(
                np.full_like(want, np.nan) if tick is None else getattr(tick, name), want, name
            )


@st.composite
def sent(draw: st.DrawFn, make_received: MakeReceived) -> list[Received]:
    """Nine seconds of a band: any rates and phase, packets lost, a reboot in between."""
    rates_hz = draw(st.sampled_from([ODD_HZ, {"eda": 4.0, "ppg": 64.0, "motion": 32.0}, {"temperature": 4.0}]))
    offset_s = UTC_S + draw(st.sampled_from([0.0, 0.3, 0.984375, 1e-7]))
    length_s = draw(st.sampled_from([0.5, 1.0, 1.7]))
    lost = draw(st.sets(st.integers(1, 8), max_size=3))
    reboot = draw(st.integers(2, 20))
    found = []
    for seq in range(9):
        ticks: dict[str, object] = {"boot": 1, "offset_s": offset_s}
        start_s = seq * length_s
        if seq >= reboot:
            ticks = {"boot": 2, "offset_s": offset_s + reboot * length_s + draw(st.sampled_from([0.0, 0.01, -0.01]))}
            start_s = (seq - reboot) * length_s
        if seq not in lost:
            ticks["contact"] = draw(st.sampled_from([True, False, None]))
            found.append(make_received(seq=seq, start_s=start_s, length_s=length_s, rates_hz=rates_hz, **ticks))
    return found


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_order_and_grouping_change_nothing(data: st.DataObject, make_received: MakeReceived) -> None:
    first, *rest = data.draw(sent(make_received))
    again = data.draw(st.lists(st.sampled_from([first, *rest]), max_size=4))
    shuffled = data.draw(st.permutations([*rest, *again]))
    assembler = Assembler(rows=1)
    assembler.add(0, first)
    batches = []
    for received in shuffled:
        assembler.add(0, received)
        if data.draw(st.booleans()):
            batches += assembler.take(0.0)  # what is complete; nothing is overdue yet
    batches += assembler.take(first.received_s + 30)
    assert_same(joined(batches), whole([first, *rest]))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_live_is_offline_when_everything_is_in_time(data: st.DataObject, make_received: MakeReceived) -> None:
    stream = data.draw(sent(make_received))
    assembler, batches = Assembler(rows=1), []
    for received in stream:
        assembler.add(0, received)
        batches += assembler.take(received.received_s)
    batches += assembler.take(stream[-1].received_s + 3)
    assert_same(joined(batches), whole(stream))
    assert assembler.counts[Added.TAKEN] == len(stream)


def test_native_rates_pass_bit_identical(make_received: MakeReceived) -> None:
    stream = [make_received(seq=seq) for seq in range(5)]
    tick = whole(stream)
    assert tick.start_s.tolist() == [UTC_S]
    for name in ("eda", "temperature", "ppg", "motion"):
        sent = np.concatenate([values(name, getattr(r.packet, name)) for r in stream], axis=-1)
        np.testing.assert_array_equal(getattr(tick, name)[0], sent)
    assert np.isnan(tick.ibi).all()


def test_a_packet_made_here_with_a_whole_rate_is_as_good_as_one_off_the_wire(make_received: MakeReceived) -> None:
    rates_hz = {"eda": 4, "ppg": 64}
    floats = {name: float(rate_hz) for name, rate_hz in rates_hz.items()}
    whole_rate, same = (whole([make_received(seq=0, rates_hz=rates)]) for rates in (rates_hz, floats))
    np.testing.assert_array_equal(whole_rate.ppg, same.ppg)


def test_a_row_knows_nothing_of_its_neighbours(make_received: MakeReceived) -> None:
    alone, ward = Assembler(rows=1), Assembler(rows=3)
    ours, theirs = [], []
    for seq in range(6):
        mine = make_received(seq=seq, rates_hz=ODD_HZ)
        alone.add(0, mine)
        ward.add(1, mine)
        ward.add(seq % 2 * 2, make_received(seq=seq, band="other", offset_s=UTC_S - 40))
        ours += alone.take(mine.received_s)
        theirs += ward.take(mine.received_s)
    ours, theirs = joined(ours), joined(theirs, row=1)
    assert list(ours) == list(theirs)
    for second, tick in ours.items():
        for name in CHANNELS:
            np.testing.assert_array_equal(getattr(tick, name), getattr(theirs[second], name))


def test_rows_that_are_ready_together_come_in_one_batch(make_received: MakeReceived) -> None:
    assembler = Assembler(rows=4)
    for row in (3, 0, 2):
        assembler.add(row, make_received(seq=0, band=f"b{row}"))
    (taken,) = assembler.take(0.0)
    assert taken.rows.tolist() == [0, 2, 3]
    assert taken.tick.motion.shape == (3, 3, 32)
    assert [last.packet.band for last in taken.last if last] == ["b0", "b2", "b3"]


def test_a_second_is_taken_when_its_last_packet_comes(make_received: MakeReceived) -> None:
    assembler = Assembler(rows=1)
    halves = [make_received(seq=seq, start_s=seq / 2, length_s=0.5) for seq in range(4)]
    assembler.add(0, halves[0])
    assembler.add(0, halves[3])
    assert assembler.take(0.0) == []
    assembler.add(0, halves[1])
    (taken,) = assembler.take(0.0)
    assert taken.last == [halves[1]]
    assembler.add(0, halves[2])
    (taken,) = assembler.take(0.0)
    assert taken.last == [halves[2]]


def test_a_second_is_waited_for_until_its_deadline_and_no_longer(make_received: MakeReceived) -> None:
    assembler = Assembler(rows=1, deadline_s=1.5)
    assembler.add(0, make_received(seq=0))
    assembler.take(0.0)
    assert assembler.next_deadline_s() == UTC_S + 3.5
    assembler.add(0, make_received(seq=1, length_s=0.5))
    assert assembler.take(UTC_S + 3.49) == []
    (taken,) = assembler.take(UTC_S + 3.5)
    assert taken.last == [None]
    assert assembler.overdue == 1
    known = np.isfinite(taken.tick.ppg[0])
    assert known[:32].all()
    assert not known[33:].any()
    assert assembler.add(0, make_received(seq=2, start_s=1.5, length_s=0.5)) is Added.LATE


def test_a_lost_packet_leaves_its_own_second_unknown_and_no_other(make_received: MakeReceived) -> None:
    tick = whole([make_received(seq=seq) for seq in (0, 1, 3, 4)])
    unknown = np.isnan(tick.eda[0]).reshape(-1, 4).any(axis=1)
    assert unknown.tolist() == [False, False, True, False, False]


def test_a_channel_that_stops_is_waited_for_a_few_seconds_only(make_received: MakeReceived) -> None:
    assembler, last = Assembler(rows=1), []
    for seq in range(12):
        rates_hz = {"eda": 4.0, "ppg": 64.0} if seq < 4 else {"eda": 4.0}
        received = make_received(seq=seq, rates_hz=rates_hz)
        assembler.add(0, received)
        last += [taken.last[0] for taken in assembler.take(received.received_s)]
    assert sum(each is None for each in last) <= 3
    assert last[-1] is received


def test_duplicates_decide_nothing(make_received: MakeReceived) -> None:
    assembler = Assembler(rows=1)
    packet = make_received(seq=0, length_s=0.5)
    assert assembler.add(0, packet) is Added.TAKEN
    assert assembler.add(0, packet) is Added.DUPLICATE
    assembler.add(0, make_received(seq=1, start_s=0.5, length_s=0.5))
    assembler.take(0.0)
    assert assembler.add(0, packet) is Added.DUPLICATE
    assert assembler.take(0.0) == []
    assert assembler.counts == {Added.TAKEN: 2, Added.DUPLICATE: 2, Added.LATE: 0, Added.REFUSED: 0}


def test_what_comes_after_its_deadline_is_late_even_for_a_row_never_heard(make_received: MakeReceived) -> None:
    assembler = Assembler(rows=1)
    assert assembler.add(0, make_received(seq=0, late_s=3600.0)) is Added.LATE
    assert assembler.take(UTC_S + 1e6) == []
    assert assembler.next_deadline_s() is None


def test_a_packet_far_ahead_of_its_arrival_is_refused(make_received: MakeReceived) -> None:
    assembler = Assembler(rows=1)
    assert assembler.add(0, make_received(seq=0, late_s=-500.0)) is Added.REFUSED


def test_a_row_holds_no_more_than_it_can(make_received: MakeReceived, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.assemble.PACKETS_MAX", 20)
    assembler = Assembler(rows=1)
    answers = [assembler.add(0, make_received(seq=seq, start_s=5.0, length_s=0.1)) for seq in range(50)]
    assert answers.count(Added.TAKEN) == 20
    assert answers[-1] is Added.REFUSED


def test_a_row_never_heard_yields_nothing(make_received: MakeReceived) -> None:
    assembler = Assembler(rows=2)
    assembler.add(0, make_received(seq=0))
    rows = {int(row) for taken in assembler.take(UTC_S + 20) for row in taken.rows}
    assert rows == {0}


def test_silence_goes_on_second_by_second_as_unknown(make_received: MakeReceived) -> None:
    assembler = Assembler(rows=1)
    assembler.add(0, make_received(seq=0))
    seconds = joined([taken for k in range(10) for taken in assembler.take(UTC_S + k)])
    assert list(seconds) == [UTC_S + k for k in range(7)]
    assert np.isnan(seconds[UTC_S + 5].motion).all()


def test_hours_of_silence_found_at_once_are_skipped(make_received: MakeReceived) -> None:
    assembler = Assembler(rows=1)
    assembler.add(0, make_received(seq=0))
    seconds = joined(assembler.take(UTC_S + 36_000.0))
    assert list(seconds) == [UTC_S, UTC_S + 35_997]
    later = make_received(seq=9, start_s=36_000.0)
    assert assembler.add(0, later) is Added.TAKEN
    assert list(joined(assembler.take(later.received_s + 1))) == [UTC_S + 35_998, UTC_S + 35_999, UTC_S + 36_000]


def test_a_reboot_goes_on_by_utc(make_received: MakeReceived) -> None:
    before = [make_received(seq=seq) for seq in range(3)]
    after = [make_received(seq=seq, boot=2, offset_s=UTC_S + 3.0) for seq in range(3)]
    tick = whole([*before, *after])
    assert tick.seconds == 6
    assert np.isfinite(tick.ppg).all()


def test_another_band_on_the_row_is_heard_from_where_the_first_ends(make_received: MakeReceived) -> None:
    first = [make_received(seq=seq) for seq in range(3)]
    other = [make_received(seq=seq, band="other", rates_hz={"eda": 8.0}) for seq in range(1, 6)]
    assembler, batches = Assembler(rows=1), []
    for received in sorted([*first, *other], key=lambda received: received.received_s):
        assembler.add(0, received)  # where both speak, the second may be taken before the other is heard
        batches += assembler.take(received.received_s)
    seconds = joined([*batches, *assembler.take(UTC_S + 8.0)])
    assert np.isfinite(np.concatenate([seconds[UTC_S + k].eda[0] for k in range(6)])).all()
    np.testing.assert_array_equal(seconds[UTC_S + 1].eda, whole(first).eda[:, 4:8])


def test_what_a_band_says_of_its_contact_holds_while_its_samples_last(make_received: MakeReceived) -> None:
    said = {0: True, 1: False, 2: None, 4: False}
    tick = whole([make_received(seq=seq, contact=contact) for seq, contact in said.items()])
    np.testing.assert_array_equal(tick.contact, [[1, 0, np.nan, np.nan, 0]])


def test_a_second_has_the_contact_of_whoever_speaks_for_its_middle(make_received: MakeReceived) -> None:
    stream = [make_received(seq=seq, offset_s=UTC_S + 0.4, contact=seq > 1) for seq in range(4)]
    np.testing.assert_array_equal(whole(stream).contact, [[0, 1, 1, 1]])
    newer = make_received(seq=0, boot=2, start_s=0.05, offset_s=UTC_S + 2.4, contact=False)
    np.testing.assert_array_equal(whole([*stream, newer]).contact, [[0, 0, 1, 1]])
    np.testing.assert_array_equal(whole([newer, *stream]).contact, [[0, 0, 1, 1]])


def test_contact_without_samples_speaks_for_no_second(make_received: MakeReceived) -> None:
    tick = whole([make_received(seq=0), make_received(seq=1, rates_hz={}, contact=False), make_received(seq=2)])
    assert np.isnan(tick.contact).all()


def test_a_strap_may_say_its_contact_too(make_received: MakeReceived) -> None:
    stream = [make_received(**beats(seq, [], {}), contact=seq < 2) for seq in range(4)]
    np.testing.assert_array_equal(whole(stream).contact, [[1, 1, 0, 0]])


def beats(seq: int, ticks_s: Sequence[float], rates_hz: dict[str, float]) -> dict[str, object]:
    found = Intervals(tick_us=[round(t * 1e6) for t in ticks_s], interval_s=[0.5 + t / 100 for t in ticks_s])
    return {"seq": seq, "rates_hz": rates_hz, "ibi": found}


def test_intervals_stand_at_the_sample_nearest_their_beat(make_received: MakeReceived) -> None:
    stream = [
        make_received(**beats(0, [0.25, 0.999], {"eda": 4.0})),
        make_received(**beats(1, [], {"eda": 4.0})),
        make_received(seq=2, rates_hz={"eda": 4.0}),
    ]
    ibi = whole(stream).ibi[0]
    assert np.flatnonzero(ibi > 0).tolist() == [16, 64]
    assert ibi[[16, 64]].tolist() == pytest.approx([0.5025, 0.50999])
    assert np.flatnonzero(np.isnan(ibi)).tolist() == list(range(128, 192))


def test_a_strap_that_sends_beats_alone_is_even_seconds(make_received: MakeReceived) -> None:
    stream = [make_received(**beats(seq, [seq + 0.1], {}), start_s=seq + 0.01 * (seq % 3)) for seq in range(6)]
    assembler, live = Assembler(rows=1), []
    for received in stream:
        assert assembler.add(0, received) is Added.TAKEN
        live += assembler.take(received.received_s)
    seconds = joined(live)
    assert len(seconds) >= 5
    assert all(int((tick.ibi > 0).sum()) == 1 and np.isfinite(tick.ibi).all() for tick in seconds.values())
    assert_same(joined([*live, *assembler.take(stream[-1].received_s + 3)]), whole(stream))


def test_a_packet_without_samples_starts_nothing() -> None:
    assembler = Assembler(rows=1)
    packet = Packet(v=1, band="b", boot=1, seq=0, tick_us=0, battery=7)
    assert assembler.add(0, Received(packet, UTC_S, UTC_S, b"")) is Added.TAKEN
    assert assembler.next_deadline_s() is None


def test_nothing_is_nothing() -> None:
    assert whole([]).seconds == 0


def test_packets_days_apart_are_not_made_one_recording(make_received: MakeReceived) -> None:
    with pytest.raises(ValueError, match="span"):
        whole([make_received(seq=0), make_received(seq=1, offset_s=UTC_S * 1.5)])


def test_time_must_be_a_time() -> None:
    with pytest.raises(ValueError, match="now_s"):
        Assembler(rows=1).take(math.nan)


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"rows": 1, "deadline_s": -1.0}, {"rows": 1, "deadline_s": math.nan}])
def test_an_assembler_needs_rows_and_a_deadline(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="assembler"):
        Assembler(**wrong)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_stream_however_odd_breaks_it_or_makes_it_hoard(data: st.DataObject, make_received: MakeReceived) -> None:
    assembler, now_s = Assembler(rows=1), float(UTC_S)
    decided = -math.inf
    for _ in range(data.draw(st.integers(1, 25))):
        received = make_received(
            seq=data.draw(st.integers(0, 9)),
            boot=data.draw(st.integers(0, 2)),
            start_s=data.draw(st.floats(0, 20)),
            length_s=data.draw(st.floats(0.01, 3)),
            rates_hz=data.draw(st.sampled_from([ODD_HZ, {"eda": 0.2}, {"ppg": 200.0}, {}])),
            offset_s=UTC_S + data.draw(st.sampled_from([0.0, 0.5, -900.0, 1e5, -1e9])),
            late_s=data.draw(st.floats(-200, 200)),
        )
        assembler.add(0, received)
        now_s += data.draw(st.sampled_from([0.0, 0.5, 3.0, 1000.0]))
        for taken in assembler.take(now_s):
            assert taken.tick.start_s[0] > decided
            decided = float(taken.tick.start_s[0])
    assert len(assembler._rows[0].seen) <= 25


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_rows_that_are_taken_together_are_as_if_each_were_alone(
    data: st.DataObject, make_received: MakeReceived
) -> None:
    streams = [data.draw(sent(make_received)) for _ in range(3)]
    ward, alone = Assembler(rows=3), [Assembler(rows=1) for _ in streams]
    together: list[Taken] = []
    apart: list[list[Taken]] = [[] for _ in streams]
    arrivals = sorted(
        ((received.received_s, row, received) for row, stream in enumerate(streams) for received in stream),
        key=lambda arrival: arrival[:2],
    )
    at_once = data.draw(st.integers(1, 9))
    for i, (received_s, row, received) in enumerate(arrivals):
        assert ward.add(row, received) is alone[row].add(0, received)
        if i % at_once == 0:
            together += ward.take(received_s)
            for each, assembler in zip(apart, alone, strict=True):
                each += assembler.take(received_s)
    end_s = arrivals[-1][0] + 5
    together += ward.take(end_s)
    for row, assembler in enumerate(alone):
        ours, theirs = joined([*apart[row], *assembler.take(end_s)]), joined(together, row=row)
        assert list(ours) == list(theirs)
        for second, tick in ours.items():
            for name in GIVEN:
                np.testing.assert_array_equal(getattr(tick, name), getattr(theirs[second], name), name)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_run_is_a_shortcut_and_changes_nothing(data: st.DataObject, make_received: MakeReceived) -> None:
    first, *rest = data.draw(sent(make_received))
    stream = [first, *data.draw(st.permutations(rest))] if data.draw(st.booleans()) else [first, *rest]

    def live() -> list[Taken]:
        assembler, batches = Assembler(rows=1), []
        for received in stream:
            assembler.add(0, received)
            batches += assembler.take(received.received_s)
        return [*batches, *assembler.take(first.received_s + 30)]

    fast = live()
    with patch("ingest.assemble.RUN_HZ", math.inf):  # nothing is fast enough to be in a run
        slow = live()
    assert len(fast) == len(slow)
    for ours, theirs in zip(fast, slow, strict=True):
        assert ours.tick.start_s.tolist() == theirs.tick.start_s.tolist()
        assert [id(last) for last in ours.last] == [id(last) for last in theirs.last]
        for name in GIVEN:
            np.testing.assert_array_equal(getattr(ours.tick, name), getattr(theirs.tick, name), name)


def test_values_that_were_decoded_before_are_used_and_left_alone(make_received: MakeReceived) -> None:
    plain = [make_received(seq=seq) for seq in range(3)]
    decoded = [
        replace(each, arrays={name: values(name, samples) for name, samples in each.packet.samples().items()})
        for each in plain
    ]
    for each in decoded:
        assert each.arrays is not None
        for array in each.arrays.values():
            array.flags.writeable = False
    assert_same(joined([Taken(np.array([0]), whole(decoded[:1]), [None])]), whole(plain[:1]))
    np.testing.assert_array_equal(whole(decoded).motion, whole(plain).motion)


def test_what_was_taken_is_the_callers_own(make_received: MakeReceived) -> None:
    stream = [make_received(seq=seq, offset_s=UTC_S + 0.4) for seq in range(4)]
    assembler, batches = Assembler(rows=1), []
    for received in stream:
        assembler.add(0, received)
        for taken in assembler.take(received.received_s):
            batches.append(Taken(taken.rows.copy(), deepcopy(taken.tick), taken.last))
            for name in GIVEN:
                getattr(taken.tick, name)[:] = 1e9
    assert_same(joined([*batches, *assembler.take(UTC_S + 9)]), whole(stream))


def test_what_cannot_decide_anything_any_more_is_let_go(make_received: MakeReceived) -> None:
    assembler = Assembler(rows=1)
    for seq in range(200):
        band = "z" if seq < 100 else "a"
        received = make_received(seq=seq, band=band, contact=True, ibi=Intervals(tick_us=[], interval_s=[]))
        assembler.add(0, received)
        assembler.take(received.received_s)
    row = assembler._rows[0]
    assert max(len(row.packets), len(row.beats), len(row.contacts)) <= 6
    assert len(row.seen) <= 63
    assembler.take(UTC_S + 400.0)
    assert [*row.packets, *row.beats, *row.contacts, *row.seen, *row.since] == []


def test_a_packet_is_held_only_while_it_can_complete_a_second(make_received: MakeReceived) -> None:
    assembler = Assembler(rows=1)
    for seq in range(3):
        received = make_received(seq=seq, offset_s=UTC_S + 0.4)
        assembler.add(0, received)
        assembler.take(received.received_s)
    assert assembler._rows[0].latest is None
