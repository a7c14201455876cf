"""Band clocks, however wrong, mapped to UTC once and gently."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ingest.assemble import Added, Assembler
from ingest.clock.band import KNOTS, PANES
from ingest.clock.clocks import Clocks
from ingest.errors import ClockError
from ingest.received import Received
from ingest.wire import Packet, Samples

HOUR_S = 3600
NOW_S = 1.79e9


def packet(tick_s: float, *, seq: int = 0, boot: int = 1, band: str = "b", **others: object) -> Packet:
    plain = Packet(v=1, band=band, boot=boot, seq=seq, tick_us=round(tick_s * 1e6))
    return replace(plain, **others)


@given(st.sampled_from([0.0, 1.0, 1_546_300_800.0, 1.79e9, 4e9]))
def test_a_wrong_clock_is_mapped_to_when_it_was_heard(tick_s: float) -> None:
    offset_s = Clocks().map(packet(tick_s), NOW_S)
    assert tick_s + offset_s == pytest.approx(NOW_S, abs=1e-6)


def test_an_even_clock_keeps_one_exact_offset() -> None:
    clocks = Clocks()
    assert {clocks.map(packet(k, seq=k), NOW_S + k) for k in range(1, 500)} == {NOW_S}


@settings(max_examples=100)
@given(st.lists(st.tuples(st.floats(0.01, 90.0), st.floats(0, 4.9)), min_size=2, max_size=80))
def test_time_never_runs_backwards_and_samples_hardly_overlap(steps: list[tuple[float, float]]) -> None:
    clocks, tick_s = Clocks(), 0.0
    ticks, utc_s = [], []
    for seq, (step_s, delay_s) in enumerate(steps):
        tick_s += step_s
        ticks.append(round(tick_s * 1e6) * 1e-6)
        utc_s.append(ticks[-1] + clocks.map(packet(tick_s, seq=seq), NOW_S + tick_s + delay_s))
    spacing, true = np.diff(utc_s), np.diff(ticks)
    overlap_s = np.maximum(np.minimum(5e-3 * true, 5e-3), 2.5e-4 * true)
    assert (spacing > 0).all()
    assert (spacing >= true - overlap_s - 1e-6).all()


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.floats(0, 4.0))
def test_overtaken_packets_keep_their_place(seed: int, first_late_s: float) -> None:
    rng, clocks = np.random.default_rng(seed), Clocks()
    came_s = np.arange(1, 600) + np.where(rng.random(599) < 0.3, 20.0 * rng.random(599), 0.0)
    came_s[0] = 1 + first_late_s
    order = np.argsort(came_s)
    utc_s = np.empty(599)
    for n in order.tolist():
        utc_s[n] = n + 1 + clocks.map(packet(n + 1, seq=n), NOW_S + came_s[n])
    assert (np.diff(utc_s[order[0] :]) >= 1 - 0.015 - 1e-6).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("drift_ppm", [-50.0, 0.0, 50.0, 100.0])
def test_three_hours_of_drift_and_jitter_stay_within_20_ms(seed: int, drift_ppm: float) -> None:
    rng, clocks = np.random.default_rng(seed), Clocks()
    seconds = np.arange(1, 3 * HOUR_S + 1)
    ticks_s = 100 + seconds * (1 - drift_ppm * 1e-6)
    delays_s = rng.exponential(0.2, seconds.size) if seed else rng.uniform(0, 0.2, seconds.size)
    error_s = [
        clocks.map(packet(tick_s, seq=seq), NOW_S + seq + delay_s) + tick_s - NOW_S - seq
        for seq, tick_s, delay_s in zip(seconds.tolist(), ticks_s.tolist(), delays_s.tolist(), strict=True)
    ]
    assert np.abs(error_s[600:]).max() < 0.02
    (state,) = clocks.states()
    assert state.drift_ppm == pytest.approx(drift_ppm, abs=5)
    assert state.residual_s is not None
    assert 0 <= state.residual_s < 0.02
    assert (state.sets, state.is_proven) == (0, True)


def test_a_band_that_comes_back_after_hours_kept_its_drift() -> None:
    rng, clocks = np.random.default_rng(1), Clocks()
    for k in range(1, HOUR_S):
        clocks.map(packet(k * (1 - 5e-5), seq=k), NOW_S + k + rng.exponential(0.2))
    away_s = 4 * HOUR_S
    tick_s = away_s * (1 - 5e-5)
    assert clocks.map(packet(tick_s, seq=away_s), NOW_S + away_s + 0.3) + tick_s == pytest.approx(
        NOW_S + away_s, abs=0.1
    )


def test_the_least_delay_is_followed_within_minutes() -> None:
    clocks, rng = Clocks(), np.random.default_rng(1)
    offsets = [clocks.map(packet(k, seq=k), NOW_S + k + 0.05 + rng.exponential(0.2)) for k in range(1, 1200)]
    assert abs(offsets[-1] - NOW_S - 0.05) < 0.02


def test_drift_is_followed() -> None:
    clocks = Clocks()
    offset_s = [clocks.map(packet(k, seq=k), NOW_S + k * (1 + 5e-5)) for k in range(1, 7200)][-1]
    assert offset_s - NOW_S == pytest.approx(7200 * 5e-5, abs=0.02)


def test_a_backlog_sent_late_bends_nothing_much() -> None:
    clocks = Clocks()
    before_s = [clocks.map(packet(k, seq=k), NOW_S + k) for k in range(1, 100)][-1]
    after_s = [clocks.map(packet(k, seq=k), NOW_S + 700 + k * 1e-3) for k in range(100, 700)][-1]
    assert abs(after_s - before_s) < 0.15


def test_a_reboot_is_mapped_anew() -> None:
    clocks = Clocks()
    clocks.map(packet(1000, seq=9), NOW_S)
    assert clocks.map(packet(1, boot=2), NOW_S + 5) == pytest.approx(NOW_S + 4)


@pytest.mark.parametrize("tick_s", [1.0, 1.79e9])
def test_a_clock_set_within_a_boot_is_mapped_anew(tick_s: float) -> None:
    clocks = Clocks()
    clocks.map(packet(1000, seq=1), NOW_S)
    assert clocks.map(packet(tick_s, seq=2), NOW_S + 1) + tick_s == pytest.approx(NOW_S + 1, abs=1e-6)


def test_a_first_packet_that_came_late_leaves_no_lasting_error() -> None:
    clocks = Clocks()
    clocks.map(packet(1, seq=1), NOW_S + 601)
    offsets = [clocks.map(packet(k, seq=k), NOW_S + max(601 + k * 1e-3, k)) for k in range(2, 700)]
    assert abs(offsets[-1] - NOW_S) < 1e-3


def test_a_first_packet_that_came_a_second_late_is_corrected_in_four_minutes() -> None:
    clocks = Clocks()
    clocks.map(packet(1, seq=1), NOW_S + 2)
    offsets = [clocks.map(packet(k, seq=k), NOW_S + k) for k in range(2, 240)]
    assert offsets[-1] - NOW_S < 0.02


@pytest.mark.parametrize(("extra_s", "within_s"), [(1.6, 70), (50.0, 70), (HOUR_S, 610)])
def test_a_path_that_takes_longer_from_now_on_blinds_nobody_for_long(extra_s: float, within_s: int) -> None:
    clocks, rng = Clocks(), np.random.default_rng(3)
    utc_s = [k + clocks.map(packet(k, seq=k), NOW_S + k + rng.exponential(0.2)) for k in range(1, HOUR_S)]
    late_s = []
    for k in range(HOUR_S, 2 * HOUR_S):
        received_s = NOW_S + k + extra_s + rng.exponential(0.2)
        utc_s.append(k + clocks.map(packet(k, seq=k), received_s))
        late_s.append(received_s - utc_s[-1])
    assert (np.diff(utc_s) > 0).all()
    assert min(late_s[: within_s - 20]) > 1.4
    assert np.median(late_s[within_s:]) < 0.5
    assert clocks.states()[0].sets == 1


def test_a_queue_that_empties_slowly_is_no_longer_path() -> None:
    clocks = Clocks()
    for k in range(1, 600):
        clocks.map(packet(k, seq=k), NOW_S + k)
    for k in range(600, 2400):  # 30 minutes late, sent at 1.05 times the pace of life
        offset_s = clocks.map(packet(k, seq=k), NOW_S + 2400 + (k - 600) / 1.05)
        assert offset_s == pytest.approx(NOW_S, abs=0.01)


def test_a_packet_sent_again_keeps_close_to_its_first_mapping() -> None:
    clocks = Clocks()
    offsets = [clocks.map(packet(k, seq=k), NOW_S + k) for k in range(1, 60)]
    assert clocks.map(packet(5, seq=5), NOW_S + 900) == offsets[-1]


def test_a_restart_goes_on_from_the_stored_mapping() -> None:
    clocks = Clocks()
    clocks.restore("b", 1, 1_000_000_000, NOW_S)
    assert clocks.map(packet(1001, seq=7), NOW_S + 1001 + 3) == pytest.approx(NOW_S, abs=1e-3)


def test_a_mapping_newer_than_the_snapshot_is_taken_over_and_the_drift_stays() -> None:
    before, after = Clocks(), Clocks()
    for k in range(1, HOUR_S):
        offset_s = before.map(packet(k * (1 - 5e-5), seq=k), NOW_S + k)
        if k == HOUR_S - 60:
            after.resume(before.snapshot())
    after.restore("b", 1, round((HOUR_S - 1) * (1 - 5e-5) * 1e6), offset_s)
    after.restore("b", 1, 1_000_000, 0.0)  # older than the snapshot
    (state,) = after.states()
    assert state.offset_s == offset_s
    assert state.drift_ppm == pytest.approx(50, abs=1)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 899))
def test_a_restart_is_no_restart(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    came_s = np.arange(1, 901) + rng.exponential(0.5, 900) + 5.0 * (rng.random(900) < 0.02)
    once, again = Clocks(), Clocks()
    mapped: list[tuple[float, float]] = []
    for n in np.argsort(came_s).tolist():
        each = packet(n + 1, seq=n, heard_us=n * 10**6, sent_us=n * 10**6 + n % 7, gateway=f"g-{n % 2}")
        if len(mapped) == cut:
            resumed = Clocks()
            resumed.resume(again.snapshot())
            again = resumed
        mapped.append((once.map(each, NOW_S + came_s[n]), again.map(each, NOW_S + came_s[n])))
    assert [a for a, _ in mapped] == [b for _, b in mapped]
    assert once.states() == again.states()
    assert once.gateways() == again.gateways()


@given(st.data())
def test_a_damaged_snapshot_is_refused_and_nothing_taken(data: st.DataObject) -> None:
    clocks = Clocks()
    for k in range(1, 200):
        clocks.map(packet(k, seq=k, sent_us=k, gateway="g"), NOW_S + k)
    whole = clocks.snapshot()
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    fresh = Clocks()
    for damaged in (flipped, whole[:at], whole + b"x"):
        with pytest.raises(ClockError, match="learnt anew"):
            fresh.resume(damaged)
    assert fresh.states() == []
    assert fresh.gateways() == []


def test_bands_and_boots_know_nothing_of_each_other() -> None:
    clocks = Clocks()
    clocks.map(packet(10), NOW_S)
    assert clocks.map(packet(10, band="c"), NOW_S + 50) == NOW_S + 40


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.clock.clocks.BANDS_MAX", 10)
    clocks = Clocks()
    for boot in range(100):
        clocks.map(packet(1, boot=boot), NOW_S)
    assert len(clocks._clocks) == 10


def test_an_arrival_that_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="received_s"):
        Clocks().map(packet(1), float("nan"))


def sent(cap_s: float, *, wait_s: float = 0.0, clock_s: float = 0.0, gateway: str = "g", **others: object) -> Packet:
    """The packet that a band booted at ``NOW_S`` - 1 day ends at ``cap_s`` [UTC s]: 4 Hz of EDA; sent ``wait_s`` after
    it was heard by a gateway whose clock is ``clock_s`` ahead."""
    tick_us = round((cap_s - NOW_S + 86_400) * 1e6)
    heard_us = round((cap_s + clock_s) * 1e6)
    eda = Samples(rate_hz=4.0, tick_us=tick_us - 1_000_000, values=[1.0, 1.0, 1.0, 1.0])
    sent_us = heard_us + round(wait_s * 1e6)
    plain = Packet(v=1, band="b", boot=1, seq=tick_us // 1_000_000, tick_us=tick_us, eda=eda)
    return replace(plain, **{"heard_us": heard_us, "sent_us": sent_us, "gateway": gateway, **others})


PLAIN: dict[str, Any] = {"heard_us": None, "sent_us": None, "gateway": None}


class Watch:
    """Clocks and an assembler of one wearer: what became of each packet, and every second that was decided by one."""

    def __init__(self, clocks: Clocks | None = None) -> None:
        self.clocks = Clocks() if clocks is None else clocks
        self.assembler = Assembler(rows=1)
        self.decided: list[int] = []
        self.end_s = 0.0

    def hear(self, one: Packet, received_s: float) -> Added:
        offset_s = self.clocks.map(one, received_s)
        self.end_s = one.tick_us * 1e-6 + offset_s
        added = self.assembler.add(0, Received(one, offset_s, received_s, b""))
        for taken in self.assembler.take(received_s):
            if np.isfinite(taken.tick.eda).any():
                self.decided.append(int(taken.tick.start_s[0]))
        return added


def test_a_backlog_of_a_boot_never_heard_lies_in_the_past_and_decides_nothing() -> None:
    watch = Watch()
    for n in range(600):
        wait_s = 600 - n + 0.01 * n
        added = watch.hear(sent(NOW_S - 600 + n, wait_s=wait_s), NOW_S + 0.01 * n + 0.05)
        assert watch.end_s == pytest.approx(NOW_S - 600 + n, abs=0.1)
        assert added is Added.LATE or wait_s < 2.6
    assert all(second > NOW_S - 3 for second in watch.decided)
    assert watch.hear(sent(NOW_S + 7), NOW_S + 7.05) is Added.TAKEN


def known_gateway(clock_s: float = 0.0, seconds: int = 60) -> Watch:
    """A watch that has heard other bands through gateway g for ``seconds`` up to ``NOW_S``."""
    watch = Watch()
    for n in range(-seconds, 1):
        watch.clocks.map(sent(NOW_S + n, clock_s=clock_s, band="other"), NOW_S + n + 0.05)
    return watch


@pytest.mark.parametrize("clock_s", [0.0, -HOUR_S, 5 * HOUR_S, -1.79e9 + 300])
def test_what_the_broker_kept_while_the_service_was_down_decides_nothing(clock_s: float) -> None:
    watch = known_gateway(clock_s)
    resumed = Watch()
    resumed.clocks.resume(watch.clocks.snapshot())
    for n in range(900):
        received_s = NOW_S + 900 + 0.01 * n
        added = resumed.hear(sent(NOW_S + n, clock_s=clock_s), received_s)
        assert resumed.end_s == pytest.approx(NOW_S + n, abs=0.1)
        assert added is Added.LATE or received_s - NOW_S - n < 2.6
    assert all(second > NOW_S + 896 for second in resumed.decided)


def test_of_a_backlog_by_a_plain_publisher_only_a_few_seconds_pass_for_the_present() -> None:
    watch, taken, blind = Watch(), 0, 0
    for n in range(3600):
        taken += watch.hear(sent(NOW_S - 3600 + n, **PLAIN), NOW_S + 0.01 * n) is Added.TAKEN
    assert taken < 40
    assert len(watch.decided) < 40
    for n in range(40, 300):
        blind += watch.hear(sent(NOW_S + n, **PLAIN), NOW_S + n + 0.1) is not Added.TAKEN
    assert blind < 30


def test_what_a_broker_kept_behind_a_gateway_never_heard_decides_nothing() -> None:
    watch = Watch()
    for n in range(900):
        received_s = NOW_S + 900 + 0.01 * n
        assert watch.hear(sent(NOW_S + n), received_s) is Added.LATE or received_s - NOW_S - n < 2.6
    assert all(second > NOW_S + 896 for second in watch.decided)
    assert watch.hear(sent(NOW_S + 910), NOW_S + 910.1) is Added.TAKEN


@pytest.mark.parametrize("clock_s", [3.0, HOUR_S, 5e8, -3.0, -1.79e9 + 300, -6 * 86_400 * 3])
def test_whoever_a_gateway_never_heard_speaks_for_is_watched_at_once(clock_s: float) -> None:
    watch = Watch()
    for n in range(60):
        assert watch.hear(sent(NOW_S + n, clock_s=clock_s), NOW_S + n + 0.1) is Added.TAKEN


@pytest.mark.parametrize("clock_s", [-10.0, -HOUR_S, -6 * 86_400])
def test_a_gateway_never_heard_whose_clock_is_behind_blinds_nobody_beyond_half_a_minute(clock_s: float) -> None:
    watch, rng = Watch(), np.random.default_rng(5)
    came = [watch.hear(sent(NOW_S + n, clock_s=clock_s), NOW_S + n + rng.exponential(0.1)) for n in range(90)]
    assert set(came[30:]) == {Added.TAKEN}
    (state,) = watch.clocks.gateways()
    assert state.offset_s == pytest.approx(-clock_s, abs=0.05)


@pytest.mark.parametrize("clock_s", [0.0, 3.0, -3.0, HOUR_S])
def test_a_bands_first_message_that_lay_on_the_wire_is_in_its_place_where_others_of_the_gateway_did_not(
    clock_s: float,
) -> None:
    clocks, other = Clocks(), {"band": "other", "clock_s": clock_s}
    for n in range(3):
        clocks.map(sent(NOW_S + n, clock_s=clock_s), NOW_S + n + 0.02)
    for n, lay_s in ((3, 2.0), (4, 0.0)):
        packet = sent(NOW_S + n, **other)  # type: ignore[arg-type]
        assert packet.tick_us * 1e-6 + clocks.map(packet, NOW_S + n + 0.02 + lay_s) == pytest.approx(NOW_S + n, abs=0.1)


@pytest.mark.parametrize("ahead_s", [30.0, HOUR_S])
def test_a_band_first_heard_just_after_its_gateways_clock_was_set_right_is_in_its_place(ahead_s: float) -> None:
    clocks = Clocks()
    for n in range(5):
        clocks.map(sent(NOW_S + n, clock_s=ahead_s), NOW_S + n + 0.02)
    for n in range(5, 30):
        packet = sent(NOW_S + n, band="other")
        assert packet.tick_us * 1e-6 + clocks.map(packet, NOW_S + n + 0.02) == pytest.approx(NOW_S + n, abs=0.1)


@pytest.mark.parametrize("before_s", [HOUR_S, 3.0, 0.6, -0.6, -3.0])
def test_a_gateway_never_heard_whose_clock_is_set_at_once_blinds_nobody(before_s: float) -> None:
    watch = Watch()
    for n in range(90):
        clock_s = before_s if n < 10 else 0.0
        assert watch.hear(sent(NOW_S + n, clock_s=clock_s), NOW_S + n + 0.1) is Added.TAKEN
    assert watch.end_s == pytest.approx(NOW_S + 89, abs=0.15)


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S, 2.0, -2.0])
def test_a_gateway_whose_clock_is_set_bends_nobody_and_is_known_again_soon(step_s: float) -> None:
    watch, rng = known_gateway(), np.random.default_rng(6)
    for n in range(1, 300):
        clock_s = step_s if n >= 150 else 0.0
        one = sent(NOW_S + n, clock_s=clock_s)
        if n == 150:  # heard before, sent after
            one = sent(NOW_S + n, wait_s=step_s)
        assert watch.hear(one, NOW_S + n + rng.exponential(0.1)) is Added.TAKEN
        assert watch.end_s == pytest.approx(NOW_S + n, abs=0.35 if n < 60 else 0.05)
    (state,) = watch.clocks.gateways()
    assert state.offset_s == pytest.approx(-step_s, abs=0.05)
    assert state.sets == 1
    assert watch.hear(sent(NOW_S + 300, clock_s=step_s, boot=2), NOW_S + 300.1) is Added.TAKEN


def test_a_sender_that_holds_everything_back_for_ten_seconds_bends_no_time() -> None:
    watch, rng = Watch(), np.random.default_rng(7)
    for n in range(1, 800):
        watch.hear(sent(NOW_S + n, wait_s=10.0), NOW_S + n + 10 + rng.exponential(0.1) + 3 * (n == 1))
        assert watch.end_s == pytest.approx(NOW_S + n, abs=3.5 if n < 700 else 0.03)


def test_a_sender_that_lies_about_a_waiting_time_turns_nothing_back() -> None:
    watch, rng = Watch(), np.random.default_rng(8)
    for n in range(1, 600):
        wait_s = HOUR_S if 300 <= n < 310 else 0.0
        one = sent(NOW_S + n, clock_s=-wait_s, wait_s=wait_s)
        watch.hear(one, NOW_S + n + rng.exponential(0.1))
        assert watch.end_s == pytest.approx(NOW_S + n, abs=0.4 if n < 100 else 0.03)


def test_a_sender_that_always_says_the_same_time_of_hearing_bends_nothing() -> None:
    watch, rng = Watch(), np.random.default_rng(9)
    for n in range(1, 4 * HOUR_S):
        one = replace(sent(NOW_S + n), tick_us=round((n - n * 5e-5) * 1e6), heard_us=round(NOW_S * 1e6))
        offset_s = watch.clocks.map(one, NOW_S + n + rng.exponential(0.1))
        assert one.tick_us * 1e-6 + offset_s == pytest.approx(NOW_S + n, abs=0.8 if n < 2400 else 0.05)


@pytest.mark.parametrize("step_s", [-3.0, -HOUR_S, HOUR_S])
def test_when_our_own_clock_is_set_bands_follow_it(step_s: float) -> None:
    watch = Watch()
    for n in range(1, 2400):
        shift_s = step_s if n >= 300 else 0.0
        watch.clocks.map(sent(NOW_S + n, **PLAIN), NOW_S + n + shift_s)
    assert watch.clocks.states()[0].offset_s == pytest.approx(NOW_S - 86_400 + step_s, abs=0.02)


def test_a_clock_set_back_while_the_service_was_down_is_mapped_anew() -> None:
    clocks = Clocks()
    clocks.restore("b", 1, 1_000_000_000, NOW_S)
    for k in range(1, 60):
        utc_s = k + clocks.map(packet(k, seq=k + 1000), NOW_S + 2000 + k)
    assert utc_s == pytest.approx(NOW_S + 2059, abs=1e-3)


def test_a_mapping_made_anew_after_the_snapshot_is_taken_over_whole() -> None:
    before, after = Clocks(), Clocks()
    for k in range(1, HOUR_S):
        before.map(packet(k, seq=k), NOW_S + k)
    after.resume(before.snapshot())
    after.restore("b", 1, (HOUR_S + 70) * 10**6, NOW_S + 45)
    for k in range(HOUR_S + 71, HOUR_S + 200):
        assert after.map(packet(k, seq=k), NOW_S + 45 + k) == pytest.approx(NOW_S + 45, abs=1e-3)


def test_gateways_that_disagree_by_minutes_agree_on_a_band() -> None:
    watch = Watch()
    clocks_s = {"g-1": 240.0, "g-2": -180.0}
    for n in range(1, 400):
        for gateway, clock_s in clocks_s.items():
            watch.clocks.map(
                sent(NOW_S + n, clock_s=clock_s, gateway=gateway, band=gateway),
                NOW_S + n + 0.05,
            )
    for n in range(400, 600):
        gateway = f"g-{n % 2 + 1}"
        assert watch.hear(sent(NOW_S + n, clock_s=clocks_s[gateway], gateway=gateway), NOW_S + n + 0.05) is Added.TAKEN
        assert watch.end_s == pytest.approx(NOW_S + n + 0.05, abs=1e-3)


def test_memory_of_one_band_and_of_gateways_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.clock.clocks.GATEWAYS_MAX", 3)
    rng, clocks = np.random.default_rng(0), Clocks()
    for n in range(6 * HOUR_S):
        received_s = NOW_S + n + float(rng.exponential(0.2))
        clocks.map(packet(n, seq=n, sent_us=n * 10**6, gateway=f"g-{n % 9}"), received_s)
    (clock,) = clocks._clocks.values()
    assert len(clock.knots_us) == len(clock.knots_s) == KNOTS
    assert len(clock.ticks_us) == len(clock.leasts_s) == PANES
    assert len(clocks.gateways()) == 3
    assert len(clocks.snapshot()) < 2_000
