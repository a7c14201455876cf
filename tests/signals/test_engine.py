"""The engine as a whole: what it says of known input, of gaps in time, and of bands that send little."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ingest.types import CHANNELS, Tick
from signals.engine import NEVER, SILENCE_S, SILENT_ROWS, Engine
from signals.errors import SignalError
from signals.features import FEATURES, NAMES, column
from signals.laws.streams import pulse_wave, stream
from signals.types import Array, Rows, Signals

BEGAN_S = 1_700_000_000


def lively(*, rows: int = 2, seconds: int = 90, seed: int = 1, start_s: int = BEGAN_S) -> Tick:
    """Return a tick of wearers whose bands send PPG."""
    made = {name: stream(name, seed, rows=rows, seconds=seconds) for name in CHANNELS if name != "ibi"}
    ibi = np.full((rows, 64 * seconds), np.nan)
    return Tick(start_s=np.full(rows, start_s, np.int64), ibi=ibi, **made)


def part(tick: Tick, start: int, stop: int) -> Tick:
    """Return the seconds from ``start`` to ``stop`` of a tick."""
    cut = {name: getattr(tick, name)[..., c.grid_hz * start : c.grid_hz * stop] for name, c in CHANNELS.items()}
    return Tick(start_s=tick.start_s + start, **cut)


def nothing(tick: Tick, *, seconds: int) -> Tick:
    """Return the first ``seconds`` of a tick with nothing in them."""
    empty = {name: np.full_like(getattr(tick, name), np.nan) for name in CHANNELS}
    return part(Tick(start_s=tick.start_s, **empty), 0, seconds)


def chosen(tick: Tick, rows: Rows) -> Tick:
    """Return some rows of a tick."""
    return Tick(*(getattr(tick, name)[rows] for name in ("start_s", *CHANNELS)))


def feature(signals: Signals, name: str) -> Array:
    return signals.features[:, :, column(name)]


def assert_same(one: Signals, other: Signals) -> None:
    for name in ("start_s", "features", "beats", "beat_lag_s", "responses", "response_lag_s"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_signals_have_the_shapes_and_the_order_of_the_registry() -> None:
    signals = Engine(rows=2).push(lively(seconds=200))
    assert signals.features.shape == (2, 200, len(FEATURES))
    assert signals.beats.shape == signals.beat_lag_s.shape == (2, 64 * 200)
    assert signals.responses.shape == signals.response_lag_s.shape == (2, 4 * 200)
    assert len(set(NAMES)) == len(NAMES)
    sometimes = {
        "repetition_hz",
        *(name for name in NAMES if name.endswith("_deviation")),
    }
    for name in set(NAMES) - sometimes:
        assert np.isfinite(feature(signals, name)[:, -1]).all(), name
    with pytest.raises(KeyError, match="no feature 'mood'"):
        column("mood")


def test_what_is_known_of_the_input_is_said() -> None:
    tick = lively(rows=1, seconds=120)
    ramp = 33 + 0.25 / 60 * np.arange(480) / 4
    signals = Engine(rows=1).push(replace(tick, temperature=ramp[None]))
    assert feature(signals, "temperature_C")[0, -1] == pytest.approx(ramp[-1], abs=0.05)
    assert feature(signals, "temperature_slope_C_per_min")[0, -1] == pytest.approx(0.25, rel=0.01)
    assert feature(signals, "motion_g")[0, -1] == pytest.approx(0.05 * np.sqrt(3), rel=0.2)
    assert feature(signals, "motion_minute_g")[0, -1] == pytest.approx(0.05 * np.sqrt(3), rel=0.1)
    assert feature(signals, "eda_level_uS")[0, -1] == pytest.approx(tick.eda[0, -60:].mean(), rel=0.1)
    assert feature(signals, "worn")[0, -1] == 1
    assert feature(signals, "eda_valid")[0, -1] == 1


def test_events_add_up_to_the_features_of_the_last_minute() -> None:
    signals = Engine(rows=3).push(lively(rows=3, seconds=120))
    last = np.nan_to_num(signals.responses[:, -240:])
    np.testing.assert_allclose(feature(signals, "response_rate_per_min")[:, -1], (last > 0).sum(axis=1))
    np.testing.assert_allclose(feature(signals, "response_sum_uS")[:, -1], last.sum(axis=1))
    beats = signals.beats[:, -640:]
    rate = 60 * (beats > 0).sum(axis=1) / beats.sum(axis=1)
    np.testing.assert_allclose(feature(signals, "heart_rate_bpm")[:, -1], rate, rtol=0.02)
    assert (last > 0).any()


@pytest.mark.parametrize("missing_s", [1, 7, 61, SILENCE_S, SILENCE_S + 1, 400])
def test_seconds_that_nobody_sent_count_as_unknown(missing_s: int) -> None:
    before, after = lively(seconds=70), lively(seconds=30, seed=2, start_s=BEGAN_S + 70 + missing_s)
    jumped, walked = Engine(rows=2), Engine(rows=2)
    jumped.push(before)
    walked.push(before)
    walked.push(nothing(lively(seconds=400, start_s=BEGAN_S + 70), seconds=missing_s))
    assert_same(jumped.push(after), walked.push(after))


def test_rows_may_have_been_away_for_different_times() -> None:
    both, alone = Engine(rows=2), Engine(rows=1)
    both.push(lively(seconds=70))
    alone.push(Tick(*(getattr(lively(seconds=70), name)[1:] for name in ("start_s", *CHANNELS))))
    later = lively(seconds=30, seed=2)
    later = replace(later, start_s=np.array([BEGAN_S + 70, BEGAN_S + 10_000_000]))
    found = both.push(later)
    wanted = alone.push(Tick(*(getattr(later, name)[1:] for name in ("start_s", *CHANNELS))))
    np.testing.assert_array_equal(found.features[1:], wanted.features)
    assert np.isfinite(feature(found, "heart_rate_bpm")[0, 0])
    assert np.isnan(feature(found, "heart_rate_bpm")[1, 0])


def test_time_that_runs_backwards_is_refused_and_nothing_is_touched() -> None:
    tick, engine, twin = lively(seconds=40), Engine(rows=2), Engine(rows=2)
    engine.push(part(tick, 0, 20))
    twin.push(part(tick, 0, 20))
    back = part(tick, 20, 40)
    with pytest.raises(SignalError, match=r"^Engine\.tick\.start_s: row 1 begins 3 s before its last tick ended"):
        engine.push(replace(back, start_s=back.start_s - np.array([0, 3])))
    assert_same(engine.push(back), twin.push(back))


def test_rows_that_begin_anew_know_only_what_is_usual_and_go_on_from_any_time() -> None:
    tick, engine, alone = lively(seconds=700), Engine(rows=2), Engine(rows=2)
    engine.push(tick)
    alone.push(tick)
    engine.begin_anew(rows=np.array([1]))
    assert engine.ended_s().tolist() == [BEGAN_S + 700, NEVER]
    later = lively(seconds=90, seed=2)
    back = replace(later, start_s=np.array([BEGAN_S + 700, BEGAN_S - 5000]))
    away = replace(later, start_s=np.array([BEGAN_S + 700, BEGAN_S + 700 + SILENCE_S]))
    found, wanted = engine.push(back), alone.push(away)
    np.testing.assert_array_equal(found.features, wanted.features)
    assert np.isfinite(feature(found, "temperature_C_deviation")[1, 30])


def test_a_ward_that_was_silent_goes_on_as_each_of_its_rows_would_alone() -> None:
    rows = SILENT_ROWS + 2
    engine, before, after = Engine(rows=rows), lively(rows=rows, seconds=20), lively(rows=rows, seconds=20, seed=2)
    engine.push(before)
    after = replace(after, start_s=after.start_s + 50 + np.arange(rows) // (rows - 1))
    found = engine.push(after)
    for row in (0, SILENT_ROWS, rows - 1):
        alone, one = Engine(rows=1), np.array([row])
        alone.push(chosen(before, one))
        np.testing.assert_array_equal(found.features[one], alone.push(chosen(after, one)).features)


@pytest.mark.parametrize("name", [*CHANNELS, "contact"])
def test_a_channel_that_does_not_fit_is_named(name: str) -> None:
    tick = replace(lively(seconds=3), contact=np.ones((2, 3)))
    with pytest.raises(SignalError, match=rf"^Engine\.tick\.{name}: "):
        Engine(rows=2).push(replace(tick, **{name: getattr(tick, name)[..., :-1]}))
    with pytest.raises(SignalError, match=rf"^Engine\.tick\.{name}: "):
        Engine(rows=2).push(replace(tick, **{name: np.nan_to_num(getattr(tick, name)).astype(np.int32)}))


def test_starts_that_are_no_whole_seconds_are_refused() -> None:
    tick = lively(seconds=3)
    with pytest.raises(SignalError, match=r"^Engine\.tick\.start_s: must be 2 whole seconds"):
        Engine(rows=2).push(replace(tick, start_s=tick.start_s.astype(np.float64)))


def test_a_band_that_sends_only_intervals_has_a_heart_rate_and_nothing_else() -> None:
    tick = replace(nothing(lively(rows=1), seconds=90), ibi=stream("ibi", 4, rows=1, seconds=90))
    signals = Engine(rows=1).push(tick)
    truth = tick.ibi[tick.ibi > 0]
    assert feature(signals, "heart_rate_bpm")[0, -1] == pytest.approx(60 / np.median(truth), rel=0.05)
    assert feature(signals, "beat_coverage")[0, -1] > 0.8
    said = {"heart_rate_bpm", "heart_rate_error_bpm", "beat_coverage", "worn"}
    said |= {name for name in NAMES if name.startswith("hrv60_") and not name.endswith("_deviation")}
    assert {name for name in NAMES if np.isfinite(feature(signals, name)).any()} == said
    late_s = signals.beat_lag_s[signals.beats > 0]
    assert (late_s > 0).all()  # told two beats late, when they are sure
    assert (late_s < 3.1).all()


def test_the_bands_own_intervals_are_used_instead_of_ppg() -> None:
    tick = lively(rows=1)
    own = np.zeros_like(tick.ibi)
    own[0, ::32] = 0.5
    signals = Engine(rows=1).push(replace(tick, ibi=own))
    assert feature(signals, "heart_rate_bpm")[0, -1] == pytest.approx(120.0)
    assert feature(signals, "ppg_quality")[0, -1] > 0.5


def test_a_band_taken_off_says_so_and_has_neither_conductance_nor_heart_rate() -> None:
    tick = lively(rows=1, seconds=180)
    eda, temperature = tick.eda.copy(), tick.temperature.copy()
    eda[0, 4 * 90 :], temperature[0, 4 * 90 :] = 0.0, 22.0
    signals = Engine(rows=1).push(replace(tick, eda=eda, temperature=temperature))
    worn = feature(signals, "worn")[0]
    assert (worn[10:90] == 1).all()
    assert (worn[100:] == 0).all()
    for name in ("eda_level_uS", "eda_slope_uS_per_min", "eda_driver_uS", "response_rate_per_min", "heart_rate_bpm"):
        assert np.isfinite(feature(signals, name)[0, 60:89]).all()
        assert np.isnan(feature(signals, name)[0, 160:]).all()
    assert np.isnan(feature(signals, "heart_rate_bpm")[0, 100:]).all()
    assert feature(signals, "eda_valid")[0, 110] == 0
    assert feature(signals, "temperature_C")[0, -1] == pytest.approx(22.0)


def test_a_band_that_tells_its_contact_is_believed_within_seconds() -> None:
    tick = lively(rows=2, seconds=120)
    eda, contact = tick.eda.copy(), np.full((2, 120), np.nan)
    eda[:, 4 * 60 : 4 * 80] = 0.0  # and as warm as before: in a hand
    contact[0] = 1.0
    contact[0, 60:80] = 0.0
    worn = feature(Engine(rows=2).push(replace(tick, eda=eda, contact=contact)), "worn")
    assert (worn[:, 10:60] == 1).all()
    assert (worn[0, 61:80] == 0).all()
    assert (worn[0, 84:] == 1).all()
    assert (worn[1, 60:] == 1).all()


def test_contact_that_nobody_reports_and_contact_that_is_unknown_are_the_same() -> None:
    tick = lively(seconds=70)
    untold = replace(tick, contact=np.full((2, 70), np.nan))
    assert_same(Engine(rows=2).push(tick), Engine(rows=2).push(untold))


def test_contact_alone_is_no_second_that_was_heard() -> None:
    tick, quiet = lively(rows=1, seconds=90), lively(rows=1, seconds=20, start_s=BEGAN_S + 90)
    after = lively(rows=1, seconds=20, seed=2, start_s=BEGAN_S + 110)
    told, untold = Engine(rows=1), Engine(rows=1)
    told.push(tick)
    untold.push(tick)
    said = told.push(replace(nothing(quiet, seconds=20), contact=np.zeros((1, 20))))
    assert np.isnan(said.features).all()
    untold.push(nothing(quiet, seconds=20))
    assert_same(told.push(after), untold.push(after))


@pytest.mark.parametrize("name", CHANNELS)
def test_a_second_in_which_anything_arrives_is_said_and_any_other_is_not(name: str) -> None:
    tick = lively(rows=1, seconds=120)
    channels = {channel: getattr(tick, channel).copy() for channel in CHANNELS}
    for x in channels.values():
        x[..., x.shape[-1] * 100 // 120 :] = np.nan
    alive = channels[name]
    alive[..., -1] = 1.0 if name != "ibi" else 0.0
    said = Engine(rows=1).push(Tick(start_s=tick.start_s, **channels)).features[0]
    assert np.isnan(said[100:119]).all()
    assert np.isfinite(said[99]).mean() > 0.75
    assert np.isfinite(said[119]).any() or name == "ibi"


def test_no_heart_rate_is_said_of_a_second_without_ppg() -> None:
    tick = lively(rows=1, seconds=120)
    ppg = tick.ppg.copy()
    ppg[0, 64 * 100 : 64 * 105] = np.nan
    ppg[0, 64 * 110 + 31 : 64 * 111] = np.nan
    signals = Engine(rows=1).push(replace(tick, ppg=ppg))
    for name in ("heart_rate_bpm", "beat_coverage"):
        said = np.isfinite(feature(signals, name)[0])
        np.testing.assert_array_equal(np.flatnonzero(~said[30:]) + 30, [100, 101, 102, 103, 104, 110])


def test_a_sensor_that_goes_flat_has_no_heart_rate_ten_seconds_later() -> None:
    tick = lively(rows=1, seconds=120)
    ppg = tick.ppg.copy()
    ppg[0, 64 * 100 :] = ppg[0, 64 * 100]
    rate = feature(Engine(rows=1).push(replace(tick, ppg=ppg)), "heart_rate_bpm")[0]
    assert np.isfinite(rate[30:105]).all()
    assert np.isnan(rate[111:]).all()


@pytest.mark.parametrize(("steps_hz", "says"), [(1.25, False), (1.7, True)])
def test_a_pulse_that_keeps_step_with_the_feet_is_not_said(steps_hz: float, says: bool) -> None:
    seconds, pulse_hz = 90, 1.25
    tick = lively(rows=1, seconds=seconds)
    at_s = np.arange(32 * seconds) / 32
    motion = tick.motion.copy()
    motion[0, 2] += 0.5 * np.maximum(np.sin(2 * np.pi * steps_hz * at_s), 0)
    ppg = 60 * pulse_wave(np.arange(0.3, seconds, 1 / pulse_hz), seconds=seconds)[None]
    signals = Engine(rows=1).push(replace(tick, ppg=ppg, motion=motion))
    assert np.isfinite(feature(signals, "heart_rate_bpm")[0, 30:]).mean() == float(says)
    assert (feature(signals, "beat_coverage")[0, 30:] > 0.8).all() == says


def test_a_rate_that_looks_back_on_steps_is_not_said_either() -> None:
    seconds, stands_s = 90, 60
    tick = lively(rows=1, seconds=seconds)
    at_s = np.arange(32 * seconds) / 32
    motion = tick.motion.copy()
    motion[0, 2] += 0.5 * np.maximum(np.sin(2 * np.pi * 1.25 * at_s), 0) * (at_s < stands_s)
    beats = np.concatenate([np.arange(0.3, stands_s, 0.8), np.arange(stands_s + 0.3, seconds, 0.5)])
    ppg = 60 * pulse_wave(beats, seconds=seconds)[None]
    rate = feature(Engine(rows=1).push(replace(tick, ppg=ppg, motion=motion)), "heart_rate_bpm")[0]
    assert np.isnan(rate[30 : stands_s + 8]).all()  # the last seconds of steps are still in its window
    np.testing.assert_allclose(rate[-10:], 120, atol=2)


def test_where_movement_is_unknown_the_rate_is_said() -> None:
    tick = lively(rows=1, seconds=90)
    signals = Engine(rows=1).push(replace(tick, motion=np.full_like(tick.motion, np.nan)))
    assert np.isfinite(feature(signals, "heart_rate_bpm")[0, 30:]).all()


def test_beats_in_a_cold_dry_bag_are_no_skin_where_nothing_is_known_of_movement() -> None:
    tick = lively(rows=1, seconds=60)
    beats = np.zeros_like(tick.ibi)
    beats[0, ::60] = 60 / 64
    cold = {"eda": np.zeros_like(tick.eda), "temperature": np.full_like(tick.temperature, 21.0)}
    bag = replace(tick, ibi=beats, ppg=np.full_like(tick.ppg, np.nan), **cold)
    told = feature(Engine(rows=1).push(replace(bag, motion=np.full_like(tick.motion, np.nan))), "worn")
    assert not (told == 1).any()


def test_what_no_working_sensor_says_is_unknown() -> None:
    tick, wild = lively(rows=1, seconds=90), {}
    for name, channel in CHANNELS.items():
        if name != "ibi":
            x = getattr(tick, name).copy()
            x[..., x.shape[-1] // 2] = 10 * channel.high
            wild[name] = x
            x = x.copy()
            x[..., x.shape[-1] // 2] = np.nan
            tick = replace(tick, **{name: x})
    assert_same(Engine(rows=1).push(replace(tick, **wild)), Engine(rows=1).push(tick))


def test_a_table_has_no_usual() -> None:
    on = lively(rows=1, seconds=900)
    table = nothing(on, seconds=900)
    table = replace(
        table,
        start_s=on.start_s + 900,
        temperature=np.full_like(on.temperature, 20.0),
        eda=np.zeros_like(on.eda),
        motion=np.broadcast_to(np.array([0.0, 0.0, 1.0])[:, None], on.motion.shape).copy(),
    )
    engine = Engine(rows=1)
    engine.push(on)
    off = engine.push(table)
    assert (feature(off, "worn")[0, 60:] == 0).all()
    for name in ("temperature_C", "motion_minute_g"):
        assert np.isfinite(feature(off, name)[0, 60:]).all()
        assert np.isnan(feature(off, f"{name}_deviation")[0, 60:]).all()


def test_a_light_that_flickers_on_a_table_is_no_pulse_of_skin() -> None:
    tick = lively(rows=1, seconds=240)
    lamp = 50 * np.sin(2 * np.pi * 1.2 * np.arange(64 * 240) / 64)[None]
    still = np.broadcast_to(np.array([0.0, 0.0, 1.0])[:, None], tick.motion.shape).copy()
    dry, cold = np.full_like(tick.eda, 0.001), np.full_like(tick.temperature, 22.0)
    lies = replace(tick, ppg=lamp, motion=still, eda=dry, temperature=cold)
    assert not (feature(Engine(rows=1).push(lies), "worn")[0, 120:] == 1).any()


def test_importing_the_engine_does_not_wait_for_scipy_signal() -> None:
    code = "import sys, signals.engine; sys.exit('scipy.signal' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
