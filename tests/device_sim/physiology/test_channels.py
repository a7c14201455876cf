"""Each channel does what its module says of it: driven by hand, second by second, without a scenario."""

import numpy as np
import pytest

from device_sim.physiology.body import Physiology, Samples
from device_sim.physiology.drive import Drive
from device_sim.physiology.person import Person, people

LEVELS = ("arousal", "effort", "walk", "run", "fidget", "flap", "rock", "heat", "meal", "asleep")


def lived(
    seconds: int, *, who: tuple[Person, ...] | None = None, seed: int = 4, **given: float | np.ndarray
) -> Samples:
    """What bodies do while ``given`` holds; what is not given is nothing at all."""
    who = people(4, seed=seed) if who is None else who
    shape = (len(who), seconds)

    def of(name: str, usual: float) -> np.ndarray:
        return np.broadcast_to(np.asarray(given.get(name, usual)), shape).copy()

    drive = Drive(
        start_s=0,
        **{name: of(name, 0.0).astype(float) for name in LEVELS},
        worn=of("worn", True).astype(bool),
        fit=of("fit", 1.0).astype(float),
        posture=np.ones(shape, np.int64),
        kind=np.full(shape, -1, np.int64),
    )
    return Physiology(who, seed=seed).push(drive)


def rate_bpm(samples: Samples, start: int, stop: int) -> np.ndarray:
    told = samples.beats
    here = (told.time_s >= start) & (told.time_s < stop)
    return np.array([60 / told.value[here & (told.row == row)].mean() for row in range(len(samples.eda))])


def spectrum(x: np.ndarray, rate: int, seconds: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean power of pieces of ``seconds`` s, over all rows."""
    n = rate * seconds
    pieces = x[..., : x.shape[-1] // n * n].reshape(-1, n)
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * np.hanning(n)
    return np.fft.rfftfreq(n, 1 / rate), (np.abs(np.fft.rfft(pieces)) ** 2).mean(axis=0)


def after(seconds: int, at: int) -> np.ndarray:
    return (np.arange(seconds) >= at).astype(float)


def test_heart_rate_swings_near_a_tenth_of_a_hertz_and_with_the_breath() -> None:
    samples = lived(3600)
    power = []
    for row in range(4):
        here = samples.beats.row == row
        even = np.interp(np.arange(0, 3600, 0.25), samples.beats.time_s[here], 60 / samples.beats.value[here])
        hz, found = spectrum(even, 4, 120)
        power.append(found / found[hz > 0.02].sum())
    mean = np.mean(power, axis=0)
    assert mean[(hz > 0.08) & (hz < 0.12)].mean() > 2 * mean[(hz > 0.14) & (hz < 0.17)].mean()
    assert mean[(hz > 0.2) & (hz < 0.32)].mean() > 2 * mean[(hz > 0.5) & (hz < 0.8)].mean()


def test_heart_rate_rises_within_a_minute_of_exercise_and_falls_for_longer() -> None:
    working = after(1500, 300) - after(1500, 900)
    samples = lived(1500, effort=working)
    rest, at_once, late = rate_bpm(samples, 100, 300), rate_bpm(samples, 310, 330), rate_bpm(samples, 700, 900)
    over, later = rate_bpm(samples, 930, 960), rate_bpm(samples, 1380, 1500)
    assert (rest + 15 < at_once).all()
    assert (at_once + 15 < late).all()
    assert (over > rest + 0.35 * (late - rest)).all()
    assert (later < rest + 0.3 * (late - rest)).all()


def test_sleep_slows_the_heart_and_warms_the_wrist_and_stills_it() -> None:
    awake, asleep = lived(7200), lived(7200, asleep=1.0)
    assert (rate_bpm(asleep, 600, 7200) < 0.95 * rate_bpm(awake, 600, 7200)).all()
    assert (asleep.temperature[:, -400:] > awake.temperature[:, -400:] + 0.8).all()
    stirs = [s.motion.reshape(4, 3, -1, 32).std(axis=-1).sum(axis=1) for s in (awake, asleep)]
    assert np.mean(stirs[1] > 0.05) < 0.02 < np.mean(stirs[0] > 0.05)


def test_meals_and_heat_quicken_the_heart_and_heat_wets_the_skin() -> None:
    plain, fed, hot = lived(2400), lived(2400, meal=1.0), lived(2400, heat=1.0)
    assert (rate_bpm(fed, 1200, 2400) > 1.04 * rate_bpm(plain, 1200, 2400)).all()
    assert (rate_bpm(hot, 1200, 2400) > 1.04 * rate_bpm(plain, 1200, 2400)).all()
    assert (np.median(hot.eda[:, 4800:], axis=1) > 1.3 * np.median(plain.eda[:, 4800:], axis=1)).all()
    assert (hot.temperature[:, -400:] > plain.temperature[:, -400:] + 0.5).all()


def test_a_premature_beat_is_followed_by_a_pause() -> None:
    samples = lived(3600, who=people(24, seed=4))
    found = 0
    for row in range(24):
        x = samples.beats.value[samples.beats.row == row]
        usual = np.array([np.median(x[max(i - 5, 0) : i + 6]) for i in range(len(x))])
        early = np.flatnonzero(x[:-1] < 0.74 * usual[:-1])
        found += len(early)
        assert (x[early + 1] > 1.1 * usual[early + 1]).mean() > 0.9 if len(early) else True
    assert 8 < found < 24 * 60


def test_responses_grow_smaller_as_they_go_on() -> None:
    anxious = after(1200, 300)
    samples = lived(1200, who=people(24, seed=4), arousal=anxious)
    told = samples.responses
    first = told.value[(told.time_s >= 300) & (told.time_s < 340)].mean()
    last = told.value[(told.time_s >= 900) & (told.time_s < 1200)].mean()
    assert last < 0.8 * first


def test_full_glands_have_little_left_to_give() -> None:
    usual = people(12, seed=4)
    samples = lived(1200, who=usual, arousal=1.0, heat=1.0, effort=1.0)
    for row, person in enumerate(usual):
        assert np.percentile(samples.eda[row], 95) < 9 + 5 * person.eda_us
    assert samples.eda.max() <= 40


def test_conductance_drifts_for_hours() -> None:
    samples = lived(4 * 3600, who=people(8, seed=4))
    level = np.median(samples.eda.reshape(8, -1, 4 * 300), axis=-1)
    apart = {lag: np.median(np.abs(np.log(level[:, lag:] / level[:, :-lag]))) for lag in (1, 4, 24)}
    assert 0.08 < apart[1] < apart[4] < apart[24]
    assert 0.2 < apart[24] < 1.2


def test_a_band_put_on_warms_up_and_its_electrodes_grow_moist() -> None:
    worn = after(3600, 600) > 0
    samples, always = lived(3600, worn=worn), lived(3600)
    shown = samples.eda.reshape(4, -1, 40).mean(axis=-1) / always.eda.reshape(4, -1, 40).mean(axis=-1)
    assert (shown[:, :60] < 0.1).all()
    assert (shown[:, 61] < 0.4).all()
    assert (shown[:, 75] > shown[:, 62]).all()
    assert (shown[:, 75] < 0.85).all()
    assert (shown[:, -1] > 0.85).all()
    assert (samples.temperature[:, 600 * 4] < 27).all()
    assert (samples.temperature[:, -1] > samples.temperature[:, 700 * 4]).all()


def test_a_loose_band_sees_less_of_the_body_and_more_of_its_movement() -> None:
    tight, loose = lived(1800, fidget=0.2), lived(1800, fidget=0.2, fit=0.2)
    assert (np.median(loose.eda, axis=1) < 0.8 * np.median(tight.eda, axis=1)).all()
    assert (np.median(loose.temperature, axis=1) < np.median(tight.temperature, axis=1) - 1).all()
    for channel in ("eda", "ppg"):
        assert getattr(loose.artefacts, channel).mean() > getattr(tight.artefacts, channel).mean()


def test_light_carries_nothing_beyond_ten_hertz_but_movement_fills_what_is_below_the_pulse() -> None:
    still, moved = lived(600), lived(600, fidget=0.5)
    hz, power = spectrum(still.ppg, 64, 8)
    assert power[hz > 12].mean() < 1e-3 * power[(hz > 1) & (hz < 3)].mean()
    _, shaken = spectrum(moved.ppg, 64, 8)
    assert shaken[(hz > 0.5) & (hz < 0.9)].mean() > 3 * power[(hz > 0.5) & (hz < 0.9)].mean()


@pytest.mark.parametrize("channel", ["eda", "ppg"])
def test_artefacts_are_told_where_the_wrist_moves_and_where_there_is_no_wrist(channel: str) -> None:
    moving, off = after(1200, 400) - after(1200, 800), after(1200, 1000) > 0
    samples = lived(1200, fidget=1.0 * moving, worn=~off)
    told = getattr(samples.artefacts, channel)
    assert told.shape == (4, 1200)
    assert told[:, 410:790].mean() > 0.5 > told[:, 100:390].mean()
    assert told[:, 1000:].all()


def test_the_thermometer_is_read_once_a_second() -> None:
    values = lived(300).temperature.reshape(4, 300, 4)
    assert (values == values[:, :, :1]).all()
    assert (np.diff(values[:, :, 0]) != 0).mean() > 0.9


def test_rocking_tilts_the_wrist_at_its_own_rhythm() -> None:
    samples = lived(120, rock=1.0)
    for row, person in enumerate(people(4, seed=4)):
        hz, power = spectrum(samples.motion[row, 2], 32, 30)
        band = hz > 0.25
        assert hz[band][power[band].argmax()] == pytest.approx(person.rock_hz, abs=0.12)
        assert 0.02 < samples.motion[row, 2].reshape(-1, 96).std(axis=1).mean() < 0.15


def test_blows_land_when_somebody_is_beside_themselves_and_not_in_exercise() -> None:
    raging, running = lived(300, arousal=1.0, fidget=1.0), lived(300, run=1.0, effort=1.0)
    sizes = [np.sqrt((s.motion**2).sum(axis=1)).reshape(4, 300, 32).max(axis=-1) for s in (raging, running)]
    assert 0.1 < (sizes[0] > 2.2).mean() < 0.9
    assert (sizes[1] > 2.2).mean() < 0.1


def test_a_band_that_lies_somewhere_hardly_moves_and_pulses_not_at_all() -> None:
    samples = lived(300, worn=False)
    assert samples.motion.reshape(4, 3, -1, 32).std(axis=-1).max() < 0.006
    assert samples.eda.max() < 0.05
    assert samples.artefacts.ppg.all()
