"""Band clocks, however wrong, mapped to UTC once and gently."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.clock import Clocks
from ingest.clock_band import FUTURE_S, SLEW_FAST
from ingest.wire import Packet

NOW_S = 1.79e9


def packet(tick_s: float, *, seq: int = 0, boot: int = 1, band: str = "b") -> Packet:
    return Packet(v=1, band=band, boot=boot, seq=seq, tick_us=round(tick_s * 1e6))


@given(st.sampled_from([0.0, 1.0, 1_546_300_800.0, 1.79e9, 4e9]))
def test_a_wrong_clock_is_mapped_to_when_it_was_heard(tick_s: float) -> None:
    offset_s = Clocks().map(packet(tick_s), NOW_S)
    assert tick_s + offset_s == pytest.approx(NOW_S, abs=1e-6)


def test_an_even_clock_keeps_one_exact_offset() -> None:
    clocks = Clocks()
    assert {clocks.map(packet(k, seq=k), NOW_S + k) for k in range(1, 500)} == {NOW_S}


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0.01, 30.0), st.floats(0, 4.0)), min_size=2, max_size=60))
def test_time_never_runs_backwards_and_hardly_bends(steps: list[tuple[float, float]]) -> None:
    clocks, tick_s, utc_s = Clocks(), 0.0, []
    ticks = []
    for seq, (step_s, delay_s) in enumerate(steps):
        tick_s += step_s
        ticks.append(round(tick_s * 1e6) * 1e-6)
        utc_s.append(ticks[-1] + clocks.map(packet(tick_s, seq=seq), NOW_S + tick_s + delay_s))
    spacing, true = np.diff(utc_s), np.diff(ticks)
    assert (spacing > 0).all()
    assert (np.abs(spacing - true) <= SLEW_FAST * true + 1e-6).all()


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
    assert offsets[-1] - NOW_S < FUTURE_S


def test_a_packet_sent_again_keeps_close_to_its_first_mapping() -> None:
    clocks = Clocks()
    offsets = [clocks.map(packet(k, seq=k), NOW_S + k) for k in range(1, 60)]
    assert clocks.map(packet(5, seq=5), NOW_S + 900) == offsets[-1]


def test_a_restart_goes_on_from_the_stored_mapping() -> None:
    clocks = Clocks()
    clocks.restore("b", 1, 1_000_000_000, NOW_S)
    assert clocks.map(packet(1001, seq=7), NOW_S + 1001 + 3) == pytest.approx(NOW_S, abs=1e-3)


def test_bands_and_boots_know_nothing_of_each_other() -> None:
    clocks = Clocks()
    clocks.map(packet(10), NOW_S)
    assert clocks.map(packet(10, band="c"), NOW_S + 50) == NOW_S + 40


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.clock.BANDS_MAX", 10)
    clocks = Clocks()
    for boot in range(100):
        clocks.map(packet(1, boot=boot), NOW_S)
    assert len(clocks._clocks) == 10


def test_an_arrival_that_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="received_s"):
        Clocks().map(packet(1), float("nan"))
