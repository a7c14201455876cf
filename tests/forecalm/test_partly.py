"""What of a worn band says nothing usable is told within seconds, and neither flaps nor blames movement."""

import numpy as np
import pytest
from numpy.typing import NDArray

from forecalm.watching.partly import Partly
from signals.features import NAMES, column

T0 = 1_700_000_000
WELL = {
    "worn": 1.0,
    "eda_valid": 1.0,
    "eda_contact": 1.0,
    "eda_frozen": 0.0,
    "ppg_quality": 0.9,
    "ppg_frozen": 0.0,
    "beat_coverage": 1.0,
    "heart_rate_bpm": 70.0,
    "temperature_C": 33.0,
    "temperature_frozen": 0.0,
    "motion_g": 0.01,
    "motion_frozen": 0.0,
    "motion_minute_g": 0.01,
}
EDA_GONE = dict.fromkeys(("eda_valid", "eda_contact", "eda_frozen"), np.nan)


class Band:
    """One row's seconds, one at a time."""

    def __init__(self) -> None:
        self.partly, self.at_s = Partly(rows=1), T0

    def second(self, seconds: int = 1, **changed: float) -> tuple[str, ...]:
        for _ in range(seconds):
            x = {**dict.fromkeys(NAMES, np.nan), **WELL, **changed}
            features = np.array([x[name] for name in NAMES])[None, None]
            named = self.partly.push(np.array([self.at_s]), features, rows=np.array([0]))
            self.at_s += 1
        return named[0][0]


@pytest.mark.parametrize(
    ("fault", "name", "after_s"),
    [
        ({"ppg_frozen": 1.0}, "pulse", 5),
        ({"eda_contact": 0.0}, "sweat", 5),
        ({"eda_frozen": 2.0}, "sweat", 5),
        (EDA_GONE, "sweat", 5),
        ({"ppg_quality": np.nan, "beat_coverage": np.nan}, "pulse", 5),
        ({"temperature_C": np.nan}, "skin temperature", 5),
        ({"motion_frozen": 1.0}, "movement", 5),
        ({"eda_valid": 0.1}, "sweat", 60),
        ({"heart_rate_bpm": np.nan}, "pulse", 60),
    ],
)
def test_what_says_nothing_is_named_in_time_and_no_sooner(fault: dict[str, float], name: str, after_s: int) -> None:
    band = Band()
    assert band.second(30) == ()
    assert band.second(after_s - 1, **fault) == ()
    assert band.second(1, **fault) == (name,)


def test_what_comes_and_goes_is_told_as_missing_and_not_in_turns() -> None:
    band = Band()
    band.second(30)
    band.second(10, ppg_frozen=1.0)
    told = {band.second(1, ppg_frozen=float(i % 3 == 0)) for i in range(60)}
    assert told == {("pulse",)}
    assert band.second(8) == ("pulse",)
    assert band.second(10) == ()


def test_one_bad_second_is_nothing() -> None:
    band = Band()
    assert {band.second(1, ppg_frozen=float(i % 30 == 0)) for i in range(90)} == {()}


def test_a_pulse_that_cannot_be_read_while_somebody_moves_is_no_fault_of_the_band() -> None:
    assert Band().second(600, heart_rate_bpm=np.nan, motion_minute_g=0.3, motion_g=0.3) == ()


def test_a_band_that_is_off_or_silent_misses_nothing_of_its_own() -> None:
    assert Band().second(30, worn=0.0, ppg_frozen=1.0) == ()
    band = Band()
    band.second(30)
    band.second(10, ppg_frozen=1.0)
    assert band.second(1, worn=0.0, ppg_frozen=1.0) == ()


def test_a_second_that_is_lost_brings_nothing_back_and_a_silence_ends_what_was_said() -> None:
    band, empty = Band(), dict.fromkeys(NAMES, np.nan)
    band.second(30)
    band.second(10, ppg_frozen=1.0)
    assert band.second(10, **empty) == ("pulse",)
    assert band.second(1, **empty) == ()


def test_a_strap_without_sensors_of_the_skin_says_so() -> None:
    gone = {**EDA_GONE, "worn": np.nan, "temperature_C": np.nan}
    band = Band()
    assert band.second(15, **gone) == (), "its sensors may come yet"
    assert band.second(1, **gone) == ("sweat", "skin temperature")


def features_of(seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    x = np.tile([{**dict.fromkeys(NAMES, np.nan), **WELL}[name] for name in NAMES], (3, 90, 1)).astype(float)
    x[..., column("ppg_frozen")] = np.repeat(rng.random((3, 15)) < 0.5, 6, axis=1)
    x[..., column("eda_contact")] = np.repeat(rng.random((3, 10)) < 0.5, 9, axis=1)
    return x


@pytest.mark.parametrize("seed", range(5))
def test_where_seconds_and_rows_are_cut_changes_nothing(seed: int) -> None:
    x, rows = features_of(seed), np.arange(3)
    whole = Partly(rows=3).push(np.full(3, T0), x, rows=rows)
    by_second = Partly(rows=3)
    for second in range(90):
        for row in rows[::-1]:
            at = x[[row], second : second + 1]
            assert by_second.push(np.array([T0 + second]), at, rows=rows[[row]])[0][0] == whole[row][second]


def test_who_comes_later_changes_nobody() -> None:
    band = Band()
    band.second(30)
    band.second(10, ppg_frozen=1.0)
    band.partly.grow()
    assert band.second(1, ppg_frozen=1.0) == ("pulse",)
