"""Chunks of streams, cut and shuffled as networks and senders do, and the packets that become of them."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.lsl.channels import Described, Stream, plan
from ingest.lsl.packets import BandSource, Now
from ingest.lsl.times import EvenTimes
from ingest.wire import Packet, check, decode, encode

EDA = Stream("uid-1", "Eda", "EDA", "sn", "host", 4.0, "float32", (Described("eda", "EDA", "uS"),))
PPG = Stream("uid-2", "Ppg", "PPG", "sn", "host", 64.0, "float32", (Described("ppg", "PPG", ""),))
RR = Stream("uid-3", "Beats", "RR", "sn", "host", 0.0, "float32", (Described("rr", "RR", "s"),))
START_S = 5_000.0
UTC_S = 1.7e9


def source(*streams: Stream, run: str = "run") -> BandSource:
    made = BandSource("sn", "gateway", run)
    for one in streams:
        made.begin(one.name, one, plan(one))
    return made


def now(sender_s: float) -> Now:
    return Now(sender_s, UTC_S + sender_s, sender_s)


def values(count: int, first: int = 0) -> np.ndarray:
    """Numbers that no two samples share, with every bit of a float32 in use."""
    return (np.arange(first, first + count, dtype=np.float32) / np.float32(7) + np.float32(0.1))[:, None]


def samples(packets: Sequence[Packet], channel: str) -> tuple[np.ndarray, np.ndarray]:
    """Times [s of the sender] and numbers as they were sent, of all packets in order."""
    times, numbers = [], []
    for packet in packets:
        found = getattr(packet, channel)
        if found is not None:
            some = np.frombuffer(found.values, "<f4")
            times.append(found.tick_us * 1e-6 + np.arange(some.size) / found.rate_hz)
            numbers.append(some)
    return np.concatenate(times), np.concatenate(numbers)


def beats(packets: Sequence[Packet]) -> list[float]:
    return [tick_us * 1e-6 for packet in packets if packet.ibi is not None for tick_us in packet.ibi.tick_us]


def play(made: BandSource, key: str, stamps: np.ndarray, numbers: np.ndarray, cuts: Sequence[int]) -> list[Packet]:
    """Give chunks as they come to be, look as often as there are chunks, and end."""
    packets: list[Packet] = []
    for some, chunk in zip(np.split(stamps, cuts), np.split(numbers, cuts), strict=True):
        if some.size:
            made.add(key, some, chunk, float(some[-1]) + 0.01)
            packets += made.cut(now(float(some[-1]) + 0.02))
    return packets + made.cut(now(float(stamps[-1]) + 0.5), everything=True)


@given(st.lists(st.integers(0, 640), max_size=30))
def test_however_chunks_are_cut_every_sample_is_there_once_in_its_place(cuts: list[int]) -> None:
    stamps, numbers = START_S + np.arange(640) / 64, values(640)
    packets = play(source(PPG), "Ppg", stamps, numbers, sorted(cuts))
    times, got = samples(packets, "ppg")
    assert got.tobytes() == numbers.tobytes()
    assert np.abs(times - stamps).max() < 1e-4
    assert [packet.seq for packet in packets] == list(range(len(packets)))
    assert len({packet.boot for packet in packets}) == 1
    for packet in packets:
        check(decode(encode(packet)))


def test_packets_are_about_a_second_and_a_backlog_comes_in_seconds() -> None:
    stamps = START_S + np.arange(64 * 30) / 64
    live = play(source(PPG), "Ppg", stamps, values(stamps.size), range(8, stamps.size, 8))
    assert 28 <= len(live) <= 31
    late = play(source(PPG), "Ppg", stamps, values(stamps.size), [])
    assert 28 <= len(late) <= 31
    assert all(len(packet.ppg.values) <= 2 * 64 * 4 for packet in late)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_stamps_that_jitter_lie_on_the_even_line_within_20_ms(seed: int) -> None:
    true_s = START_S + np.arange(64 * 60) / 64.3  # the crystal is half a per cent off
    late = np.random.default_rng(seed).gamma(2.0, 0.004, true_s.size)
    stamps = np.maximum.accumulate(true_s + late)
    packets = play(source(PPG), "Ppg", stamps, values(stamps.size), range(5, stamps.size, 5))
    times, got = samples(packets, "ppg")
    assert got.tobytes() == values(stamps.size).tobytes()
    assert np.abs(times - true_s - np.median(late)).max() < 0.02


def test_stamps_that_run_back_a_little_change_no_order() -> None:
    true_s = START_S + np.arange(64 * 5) / 64
    stamps = true_s + np.tile([0.0, 0.02, -0.02, 0.01], 80)
    packets = play(source(PPG), "Ppg", stamps, values(stamps.size), range(16, stamps.size, 16))
    times, got = samples(packets, "ppg")
    assert got.tobytes() == values(stamps.size).tobytes()
    assert np.abs(times - true_s).max() < 0.02


def test_bursts_with_one_stamp_each_are_spread_evenly() -> None:
    true_s = START_S + np.arange(64 * 20) / 64
    stamps = np.repeat(true_s[15::16], 16)
    packets = play(source(PPG), "Ppg", stamps, values(stamps.size), range(16, stamps.size, 16))
    times, got = samples(packets, "ppg")
    assert got.tobytes() == values(stamps.size).tobytes()
    assert np.abs(np.diff(times) - 1 / 64).max() < 0.01


@pytest.mark.parametrize("missing", [1, 3, 40])
def test_samples_that_never_came_leave_a_gap_where_they_were(missing: int) -> None:
    stamps = START_S + np.arange(200) / 4
    kept = np.r_[0:102, 102 + missing : 200]
    packets = play(source(EDA), "Eda", stamps[kept], values(200)[kept], range(3, kept.size, 3))
    times, got = samples(packets, "eda")
    assert got.tobytes() == values(200)[kept].tobytes()
    assert np.abs(times - stamps[kept]).max() < 1e-3
    assert len({packet.boot for packet in packets}) == 1


@given(st.permutations(range(6)), st.integers(0, 5))
def test_chunks_that_come_twice_or_overtake_each_other_are_there_once_in_their_place(
    order: list[int], again: int
) -> None:
    stamps, numbers = START_S + np.arange(6 * 8) / 4, values(6 * 8)
    made, packets = source(EDA), []
    for k in [*order, again]:
        some = slice(8 * k, 8 * k + 8)
        made.add("Eda", stamps[some], numbers[some], START_S + 12.0)
        packets += made.cut(now(START_S + 12.0 + 0.01 * k), everything=k % 2 == 0)
    packets += made.cut(now(START_S + 13.0), everything=True)
    times, got = samples(packets, "eda")
    if made.boots == 1:
        in_time = np.argsort(times)
        assert got[in_time].tobytes() == numbers.tobytes()
        assert np.abs(times[in_time] - stamps).max() < 1e-3
        assert made.counts["came twice"] == 8
    else:  # overtaken by more than any network does: the clock is taken to have been set, and nothing is left out
        assert set(numbers.ravel().tolist()) == set(got.tolist())


@pytest.mark.parametrize("jump_s", [-4_000.0, -15.0, 3_600.0, 1.7e9])
def test_a_clock_that_is_set_begins_a_new_boot_and_loses_nothing(jump_s: float) -> None:
    made, numbers = source(PPG), values(640)
    stamps = START_S + np.arange(640) / 64 + np.where(np.arange(640) >= 320, jump_s, 0.0)
    packets: list[Packet] = []
    for k in range(0, 640, 16):
        made.add("Ppg", stamps[k : k + 16], numbers[k : k + 16], START_S + k / 64)
        packets += made.cut(now(START_S + k / 64 + 0.3))
    packets += made.cut(now(START_S + 11), everything=True)
    times, got = samples(packets, "ppg")
    assert got.tobytes() == numbers.tobytes()
    assert np.abs(times - stamps).max() < 1e-3
    boots = [packet.boot for packet in packets]
    assert len(set(boots)) == 2
    for boot in set(boots):
        assert [p.seq for p in packets if p.boot == boot] == list(range(boots.count(boot)))
    for packet in packets:
        check(decode(encode(packet)))


def test_a_pause_of_an_hour_is_no_new_boot() -> None:
    made = source(EDA)
    made.add("Eda", START_S + np.arange(8) / 4, values(8), START_S + 2)
    first = made.cut(now(START_S + 2), everything=True)
    made.add("Eda", START_S + 3_600 + np.arange(8) / 4, values(8, 8), START_S + 3_602)
    second = made.cut(now(START_S + 3_602), everything=True)
    assert [packet.seq for packet in first + second] == [0, 1]
    assert samples(second, "eda")[0][0] == pytest.approx(START_S + 3_600, abs=1e-3)


def test_a_boot_stays_with_its_outlet_and_changes_with_it_or_with_the_run() -> None:
    made = source(EDA)
    boot = made.boot
    made.end("Eda")
    made.begin("Eda", EDA, plan(EDA))
    assert made.boot == boot
    again = Stream("uid-9", *[getattr(EDA, name) for name in EDA.__slots__[1:]])
    made.end("Eda")
    made.begin("Eda", again, plan(again))
    assert made.boot != boot
    assert source(EDA, run="another").boot != boot
    assert all(0 <= one < 2**53 for one in (boot, made.boot))


def test_a_packet_says_when_it_ended_by_our_clock_whatever_kept_it() -> None:
    made = source(EDA)
    made.add("Eda", START_S + np.arange(4) / 4, values(4), START_S + 3)
    (packet,) = made.cut(now(START_S + 3.0), everything=True)
    assert packet.tick_us * 1e-6 == pytest.approx(START_S + 0.75, abs=1e-3)
    assert packet.heard_us * 1e-6 == pytest.approx(UTC_S + START_S + 0.75, abs=1e-3)
    assert (packet.band, packet.gateway, packet.contact) == ("sn", "gateway", None)


@pytest.mark.parametrize("sender_s", [None, START_S - 1.0, START_S + 9_000.0])
def test_stamps_of_no_clock_that_we_know_are_heard_when_they_came(sender_s: float | None) -> None:
    made = source(EDA)
    made.add("Eda", START_S + np.arange(4) / 4, values(4), 77.0)
    (packet,) = made.cut(Now(77.0, UTC_S, sender_s), everything=True)
    assert packet.heard_us == round(UTC_S * 1e6)


def test_beats_are_told_a_moment_later_and_where_there_were_none_the_packet_says_so() -> None:
    made, packets = source(RR), []
    at_s = START_S + np.array([0.8, 1.6, 2.4, 6.3])
    for k in range(80):
        sender_s = START_S + k / 10
        fresh = at_s[(at_s > sender_s - 0.1) & (at_s <= sender_s)]
        made.add("Beats", fresh, np.full((fresh.size, 1), 0.8, np.float32), sender_s)
        packets += made.cut(now(sender_s))
    packets += made.cut(now(START_S + 8), everything=True)
    assert beats(packets) == pytest.approx(at_s.tolist())
    ends = [packet.tick_us * 1e-6 for packet in packets]
    assert ends == sorted(ends)
    assert [] in [packet.ibi.tick_us for packet in packets]
    assert all(tick_us <= packet.tick_us for packet in packets for tick_us in packet.ibi.tick_us)
    assert {interval for packet in packets for interval in packet.ibi.interval_s} == {float(np.float32(0.8))}


def test_beats_and_samples_of_one_band_share_packets() -> None:
    made, packets = source(EDA, RR), []
    for k in range(40):
        at_s = START_S + k / 4
        made.add("Eda", np.array([at_s]), values(1, k), at_s)
        if k % 3 == 0:
            made.add("Beats", np.array([at_s]), np.array([[0.75]], np.float32), at_s)
        packets += made.cut(now(at_s + 0.01))
    packets += made.cut(now(START_S + 11), everything=True)
    assert len(beats(packets)) == 14
    assert samples(packets, "eda")[1].tobytes() == values(40).tobytes()
    assert all(packet.ibi is not None and packet.eda is not None for packet in packets)


def test_numbers_that_no_sensor_says_are_unknown_and_intervals_that_cannot_be_are_left_out() -> None:
    made = source(EDA, RR)
    made.add("Eda", START_S + np.arange(3) / 4, np.array([[np.inf], [np.nan], [1.5]], np.float32), START_S)
    wrong = np.array([[0.0], [-1.0], [np.nan], [np.inf], [11.0], [0.8]], np.float32)
    made.add("Beats", START_S + np.arange(6) / 10, wrong, START_S)
    (packet,) = made.cut(now(START_S + 1), everything=True)
    assert np.isnan(check(decode(encode(packet)))["eda"]).tolist() == [True, True, False]
    assert packet.ibi.interval_s == [pytest.approx(0.8)]
    assert (made.counts["infinite"], made.counts["no interval"]) == (1, 5)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Eda", "Beats"]),
            st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=5),
            st.floats(0, 1e6),
        ),
        max_size=12,
    )
)
def test_whatever_stamps_a_sender_makes_up_every_packet_can_be_read(
    chunks: list[tuple[str, list[float], float]],
) -> None:
    made, packets = source(EDA, RR), []
    for key, stamps, local_s in chunks:
        made.add(key, np.array(stamps, np.float64), np.full((len(stamps), 1), 0.5, np.float32), local_s)
        packets += made.cut(Now(local_s, UTC_S, local_s))
    packets += made.cut(Now(2e6, UTC_S, 2e6), everything=True)
    names = [(packet.boot, packet.seq) for packet in packets]
    assert len(set(names)) == len(names)
    for packet in packets:
        check(decode(encode(packet)))


def test_the_line_follows_a_drift_and_forgets_where_it_began() -> None:
    times, starts = EvenTimes(64.0), []
    true_s = START_S + np.arange(64 * 600) / 64 * (1 + 2e-4)
    for k in range(600):
        (run,) = times.place(true_s[64 * k : 64 * k + 64])
        starts.append(run.start_s - true_s[64 * k])
    assert np.abs(starts).max() < 1e-3
