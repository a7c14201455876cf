"""Streams to seconds: measured rates, no seams, holes that are holes; beats and clocks on the gateway's own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.packing import Beats, Second, Seconds, Ticks
from ingest.wire import Packet, check, decode, encode

US = 1_000_000


def _packet(second: Second, seq: int) -> Packet:
    return Packet(v=1, band="b", boot=1, seq=seq, tick_us=second.tick_us, ibi=second.beats, **second.even)


@given(st.floats(-0.02, 0.02), st.integers(5, 60), st.lists(st.integers(1, 40), min_size=20, max_size=60))
def test_packets_meet_without_a_seam_whatever_the_true_rate(off: float, hz: int, sizes: list[int]) -> None:
    seconds, period_us, tick, made = Seconds({"ppg": float(hz)}), US / (hz * (1 + off)), 5.0 * US, []
    for i, size in enumerate(sizes):
        tick += size * period_us
        made += seconds.add("ppg", round(tick), np.full(size, i, np.float32))
    made += seconds.flush()
    ends = None
    count = 0
    for second in made:
        samples = second.even["ppg"]
        n = len(samples.values) // 4
        count += n
        assert abs(samples.rate_hz / (hz * (1 + off)) - 1) < 0.01 or ends is None
        if ends is not None:
            assert abs(samples.tick_us - ends) <= 3 + 0.03 * period_us, "begins where the one before ended"
        ends = samples.tick_us + n * US / samples.rate_hz
        check(_packet(second, 0))
    assert count == sum(sizes)


def test_a_packet_is_about_a_second_and_carries_every_channel() -> None:
    seconds, made = Seconds({"ppg": 55.0, "motion": 52.0}), []
    for i in range(100):
        made += seconds.add("ppg", 5 * US + i * 200_000, np.zeros(11, np.float32))
        made += seconds.add("motion", 5 * US + i * 200_000 + 30_000, np.zeros((10, 3), np.float32))
    assert 16 <= len(made) <= 20
    assert all(set(second.even) == {"ppg", "motion"} for second in made[1:])
    ticks = [second.tick_us for second in made]
    assert ticks == sorted(set(ticks))


def test_a_hole_in_the_stream_is_a_hole_between_packets() -> None:
    seconds = Seconds({"ppg": 50.0})
    made = [*seconds.add("ppg", 1 * US, np.zeros(25, np.float32)), *seconds.add("ppg", 1_500_000, np.zeros(25))]
    made += seconds.add("ppg", 4 * US, np.ones(25, np.float32))
    made += seconds.flush()
    before, after = made[-2].even["ppg"], made[-1].even["ppg"]
    assert before.tick_us + len(before.values) // 4 * 20_000 <= 1_540_000
    assert 3_480_000 <= after.tick_us <= 3_520_000


def test_batches_that_come_twice_or_from_before_are_left_out() -> None:
    seconds = Seconds({"ppg": 50.0})
    seconds.add("ppg", 2 * US, np.zeros(25, np.float32))
    assert seconds.add("ppg", 2 * US, np.ones(25, np.float32)) == []
    assert seconds.add("ppg", 1 * US, np.ones(25, np.float32)) == []
    assert len(seconds.flush()[0].even["ppg"].values) == 4 * 25


def test_arrivals_that_jitter_are_no_holes() -> None:
    seconds, made, rng = Seconds({"motion": 10.0}, jitters=True), [], np.random.default_rng(1)
    for i in range(200):
        made += seconds.add(
            "motion", 10 * US + i * 100_000 + int(rng.integers(0, 80_000)), np.zeros((1, 3), np.float32)
        )
    assert 15 <= len(made) <= 20
    assert all(8 < second.even["motion"].rate_hz < 12 for second in made[1:])


@given(st.lists(st.floats(0.3, 2.0), min_size=1, max_size=80), st.integers(0, 400_000), st.randoms())
def test_beats_keep_their_intervals_and_are_never_later_than_they_were_heard(
    intervals: list[float], jitter_us: int, luck: object
) -> None:
    beats, at, times, now = Beats(), 10.0 * US, [], 0
    for interval in intervals:
        at += interval * US
        now = max(now, round(at) + jitter_us)
        told, lengths = beats.hear(now, [interval])
        assert lengths == [interval]
        assert all(t <= now for t in told)
        times += told
    assert times == sorted(times)


def test_beats_that_were_missed_begin_the_chain_anew() -> None:
    beats = Beats()
    beats.hear(10 * US, [0.8])
    told, _ = beats.hear(20 * US, [0.8, 0.8])
    assert told == [20 * US - 800_000, 20 * US]


def test_a_clock_that_wakes_up_in_2019_goes_on_where_time_is() -> None:
    ticks = Ticks()
    now = 100 * US
    assert ticks.of(800_000_000 * US, now) == now
    assert ticks.of(800_000_001 * US, now + US + 30_000) == now + US
    woken = ticks.of(600_000_000 * US, now + 10 * US)
    assert woken == now + 10 * US
    assert ticks.of(600_000_001 * US, now + 11 * US) == woken + US


def test_a_clock_goes_on_over_a_reconnection() -> None:
    ticks = Ticks()
    first = ticks.of(5 * US, 50 * US)
    assert ticks.of(65 * US, 50 * US + 60 * US + 200_000) == first + 60 * US


def test_what_is_made_can_be_sent() -> None:
    seconds = Seconds({"motion": 50.0})
    made = seconds.add("motion", 3 * US, np.full((50, 3), 0.5, np.float32))
    packet = _packet(made[0], 3)
    assert decode(encode(packet)) == packet
