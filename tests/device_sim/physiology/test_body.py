"""Bodies: the same numbers however the stream is cut, and numbers that a wrist could have."""

import dataclasses
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sim.director import Director
from device_sim.physiology.body import Physiology, Samples
from device_sim.physiology.person import Person, people
from device_sim.scenario import Episode, Scenario, Wearer, load
from device_sim.ward import Ward, cast
from ingest.types import CHANNELS

EVEN = ("eda", "temperature", "ppg", "motion")


def lived(who: tuple[Person, ...], scenario: Scenario, cuts: list[int], seconds: int) -> list[Samples]:
    director, physiology = Director(scenario, who, seed=3), Physiology(who, seed=3)
    ends = [*sorted(set(cuts)), seconds]
    starts = [0, *ends[:-1]]
    return [
        physiology.push(director.drive(a - scenario.past_s, b - a)) for a, b in zip(starts, ends, strict=True) if b > a
    ]


def whole(parts: list[Samples], channel: str) -> np.ndarray:
    return np.concatenate([getattr(part, channel) for part in parts], axis=-1)


@cache
def first_light() -> tuple[Samples, tuple[Person, ...]]:
    """Half an hour of past and ten minutes of what follows it."""
    ward = Ward(load("first_light"), seed=1)
    return ward.skip(2400), ward.people


def heart_rate(samples: Samples, row: int, start: int, stop: int) -> float:
    beats = samples.beats
    here = (beats.row == row) & (beats.time_s >= start) & (beats.time_s < stop)
    return 60 / float(beats.value[here].mean())


def responses_a_minute(samples: Samples, row: int, start: int, stop: int) -> float:
    told = samples.responses
    return float(((told.row == row) & (told.time_s >= start) & (told.time_s < stop)).sum()) * 60 / (stop - start)


def spread(samples: Samples, row: int, start: int, stop: int) -> float:
    """The median of how much the size of acceleration varies within a second [g]."""
    size = np.sqrt((samples.motion[row, :, start * 32 : stop * 32] ** 2).sum(axis=0))
    return float(np.median(size.reshape(-1, 32).std(axis=1)))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 89), max_size=6))
def test_where_a_stream_is_cut_changes_nothing(cuts: list[int]) -> None:
    scenario = dataclasses.replace(load("first_light"), past_s=0)
    who = cast(scenario, wearers=4, seed=3)
    parts, once = lived(who, scenario, cuts, 90), lived(who, scenario, [], 90)
    for channel in EVEN:
        np.testing.assert_array_equal(whole(parts, channel), whole(once, channel))
    for row in range(4):
        for events in ("beats", "responses"):
            told = [getattr(part, events) for part in parts]
            times = np.concatenate([part.time_s[part.row == row] for part in told])
            np.testing.assert_array_equal(times, getattr(once[0], events).time_s[getattr(once[0], events).row == row])


def test_a_row_knows_nothing_of_its_neighbours() -> None:
    quiet = dataclasses.replace(load("quiet"), past_s=0)
    who = people(5, seed=3)
    among, alone = lived(who, quiet, [], 60), lived(who[2:3], quiet, [], 60)
    for channel in EVEN:
        np.testing.assert_array_equal(whole(among, channel)[2], whole(alone, channel)[0])


def test_the_same_seed_lives_the_same_life_and_another_does_not() -> None:
    one, again, other = (Ward(load("quiet"), wearers=2, seed=seed).skip(20) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.ppg, again.ppg)
    assert not np.array_equal(one.ppg, other.ppg)


def test_samples_have_the_shapes_of_the_grid_and_values_a_sensor_can_say() -> None:
    samples, who = first_light()
    for channel in EVEN:
        values, about = getattr(samples, channel), CHANNELS[channel]
        assert values.shape[0] == len(who)
        assert values.shape[-1] == about.grid_hz * 2400
        assert about.low <= values.min()
        assert values.max() <= about.high


def test_hearts_at_rest_beat_as_their_people_do() -> None:
    samples, who = first_light()
    for row, person in enumerate(who):
        assert heart_rate(samples, row, 0, 1800) == pytest.approx(person.rest_bpm, rel=0.15)


def test_no_beat_is_shorter_or_longer_than_a_heart_allows() -> None:
    samples, _ = first_light()
    assert samples.beats.value.min() > 60 / 211
    assert samples.beats.value.max() < 60 / 35


def test_beats_vary_as_much_as_real_ones() -> None:
    samples, who = first_light()
    for row in range(len(who)):
        here = (samples.beats.row == row) & (samples.beats.time_s < 1800)
        interval_s = samples.beats.value[here]
        assert 0.01 < np.sqrt(np.mean(np.diff(interval_s) ** 2)) < 0.1
        assert 0.03 < interval_s.std() < 0.15


def test_an_interval_ends_at_its_beat_and_began_at_the_one_before() -> None:
    samples, _ = first_light()
    here = samples.beats.row == 0
    np.testing.assert_allclose(np.diff(samples.beats.time_s[here]), samples.beats.value[here][1:], atol=1e-9)


def test_anxiety_raises_heart_rate_and_response_rate_and_the_level_of_sweat() -> None:
    samples, who = first_light()
    assert heart_rate(samples, 0, 1860, 2100) > heart_rate(samples, 0, 0, 1800) * (1 + who[0].heart_gain / 2)
    assert responses_a_minute(samples, 0, 1860, 2100) > 2 * responses_a_minute(samples, 0, 0, 1800)
    assert np.median(samples.eda[0, 1860 * 4 : 2100 * 4]) > 1.2 * np.median(samples.eda[0, : 1800 * 4])


def test_anxiety_shows_by_the_first_minute() -> None:
    samples, who = first_light()
    assert heart_rate(samples, 0, 1850, 1865) > who[0].rest_bpm * (1 + who[0].heart_gain / 2)


def test_anxiety_moves_the_wrist_less_than_exercise() -> None:
    samples, _ = first_light()
    assert spread(samples, 0, 1860, 2100) < 0.03
    assert spread(samples, 1, 1860, 2100) > 0.15


def test_exercise_raises_the_heart_rate_above_what_anxiety_can() -> None:
    samples, who = first_light()
    assert heart_rate(samples, 1, 1900, 2100) > 1.4 * who[1].rest_bpm


def test_anxiety_cools_the_wrist_slowly() -> None:
    samples, who = first_light()
    before, after = samples.temperature[0, 1800 * 4], samples.temperature[0, 2200 * 4]
    assert before - 2.5 < after < before - who[0].cooling_c / 3


def test_a_band_taken_off_is_dry_still_cold_and_without_a_pulse() -> None:
    samples, _ = first_light()
    off = slice(1990 * 4, 2400 * 4)
    assert samples.eda[3, off].max() < 0.05
    assert (np.diff(samples.temperature[3, off].reshape(-1, 40).mean(axis=1)) < 0).all()
    assert samples.temperature[3, -1] < 26
    assert spread(samples, 3, 1990, 2400) < 0.005
    assert samples.ppg[3, 1990 * 64 :].std() < 0.5 * samples.ppg[3, : 1800 * 64].std()


def test_those_whose_heart_or_skin_is_silent_show_little() -> None:
    anxious = Episode(start_s=60, rise_s=10, hold_s=300, fall_s=10, kind="anxiety", strength=1.0)
    parts = tuple(Wearer(episodes=(anxious,), activity="still", responds=responds) for responds in ("sweat", "heart"))
    scenario = Scenario(name="silent", title="", past_s=0, wearers=2, parts=parts)
    ward = Ward(scenario, seed=5)
    samples = ward.skip(360)
    assert heart_rate(samples, 0, 100, 360) < 1.1 * heart_rate(samples, 0, 0, 60)
    assert heart_rate(samples, 1, 100, 360) > 1.1 * heart_rate(samples, 1, 0, 60)
    assert np.median(samples.eda[0, 800:]) > np.median(samples.eda[0, :240]) * 1.2
    assert np.median(samples.eda[1, 800:]) < np.median(samples.eda[1, :240]) * 1.2


def test_walking_goes_at_the_steps_of_the_person() -> None:
    stroll = Episode(start_s=0, rise_s=0, hold_s=64, fall_s=0, kind="walking", strength=1.0)
    scenario = Scenario(name="stroll", title="", past_s=0, wearers=1, parts=(Wearer(episodes=(stroll,)),))
    ward = Ward(scenario, seed=2)
    size = np.sqrt((ward.skip(64).motion[0] ** 2).sum(axis=0))
    spectrum = np.abs(np.fft.rfft(size - size.mean()))
    assert np.fft.rfftfreq(len(size), 1 / 32)[spectrum.argmax()] == pytest.approx(ward.people[0].steps_hz, abs=0.05)


def test_a_pulse_wave_repeats_with_the_beats() -> None:
    still = Scenario(name="still", title="", past_s=0, wearers=1, parts=(Wearer(activity="still"),))
    samples = Ward(still, seed=2).skip(120)
    feet = np.rint(samples.beats.time_s[5:-2] * 64).astype(int)
    wave = np.median([samples.ppg[0, foot : foot + 40] for foot in feet], axis=0)
    assert 9 <= wave.argmax() <= 27  # the crest, 0.15 to 0.4 s after the foot
    assert wave[:5].max() < -0.5 * wave.max()  # and the notch before it
    assert wave[0] < wave.mean() < wave.max()


def test_a_drive_for_other_people_is_refused() -> None:
    quiet, who = load("quiet"), people(2, seed=1)
    with pytest.raises(ValueError, match="2 rows for 1 people"):
        Physiology(who[:1], seed=1).push(Director(quiet, who, seed=1).drive(0, 1))


def test_time_before_the_past_cannot_be_played() -> None:
    with pytest.raises(ValueError, match="begins at -1800 s"):
        Director(load("quiet"), people(1, seed=1), seed=1).drive(-1801, 1)


def test_later_rounds_of_wearers_live_a_repeating_scenario_later() -> None:
    ward = load("ward")
    who = people(20, seed=1)
    kinds = Director(ward, who, seed=1).drive(0, 4000).kind
    np.testing.assert_array_equal(kinds[:10, 0:1800], kinds[:10, 1800:3600])
    np.testing.assert_array_equal(kinds[:10, 0:1800], kinds[10:, 97:1897])
