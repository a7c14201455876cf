"""The words: plain, true to the wristband, and never more than fit on a board."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.views import Blind
from alerts.words import MOST, PASSED_OVER, blind, facts, fit, reasons, sureness
from models.arousal import DRIVERS
from models.arousal import Arousal as Model
from models.arousal_kernel import LEARN_S
from models.datasets.dataset import Dataset
from models.detectors.clock import Clock
from models.detectors.hawkes import Hawkes
from models.detectors.rate_matched import RateMatched
from models.detectors.scorer import Scorer
from models.detectors.since_event import SinceEvent
from models.detectors.state_space import StateSpace
from models.estimates import Candidate
from models.inputs.named import DRIVER_NAMES
from models.inputs.named import DRIVERS as READ_AS
from models.shelf.live import RunsLive
from signals.features import NAMES
from tests.models.detectors.conftest import data_of

ALL = tuple(dict.fromkeys((*DRIVERS, *DRIVER_NAMES)))
STILL, WALKING = {"motion_minute_g": 0.02}, {"motion_minute_g": 0.4}
FORBIDDEN = re.compile(r"patient|attack|abnormal|predict|safe|!|\u2014", re.IGNORECASE)


def said(features: dict[str, float], **drivers: float) -> tuple[str, ...]:
    x = np.array([features.get(name, np.nan) for name in NAMES])
    return reasons(x, np.array([drivers.get(name, 0.0) for name in ALL]), ALL)


@pytest.mark.parametrize(
    ("features", "drivers", "sentences"),
    [
        (STILL, {}, ("Signs as usual for this person.",)),
        (
            {**STILL, "eda_slope_uS_per_min": 1.0, "heart_rate_bpm": 96.4},
            {"sweat_drive": 1.5, "sweat_level": 1.0, "pulse": 2.0},
            (
                "Sweat rising while sitting still.",
                "Pulse 96, above usual.",
                "Hardly any movement, so exercise does not explain it.",
            ),
        ),
        ({**STILL, "eda_slope_uS_per_min": -1.0}, {"sweat_level": 1.0}, "More sweat than usual while sitting still."),
        ({"motion_minute_g": 0.1, "heart_rate_bpm": 96.0}, {"pulse": 1.0}, ("Pulse 96, above usual.",)),
        (
            {"motion_minute_g": 0.1, "heart_rate_bpm": 96.4, "heart_rate_unexplained_bpm": 20.4},
            {"pulse": 1.0},
            ("Pulse 96, 20 above usual.",),
        ),
        (
            {"motion_minute_g": 0.1, "heart_rate_bpm": 96.0, "heart_rate_unexplained_bpm": 3.0},
            {"pulse": 1.0},
            ("Pulse 96, above usual.",),
        ),
        (STILL, {"pulse": 1.0}, "Pulse was above usual a moment ago."),
        (WALKING, {"exertion": -0.9}, ("Moving a lot.",)),
        (
            {**WALKING, "heart_rate_bpm": 110.0},
            {"exertion": -0.9},
            ("Moving a lot. The pulse fits the movement.",),
        ),
        (
            {**WALKING, "heart_rate_bpm": 150.0},
            {"exertion": -0.9, "pulse": 2.0},
            ("Pulse 150, more than the movement explains.", "Moving a lot."),
        ),
        (STILL, {"cooling": 0.3}, ("Skin getting cooler.",)),
        (STILL, {"restlessness": 0.3}, ("More restless than usual.",)),
        (STILL, dict.fromkeys(ALL, np.nan), ()),
        (STILL, {"exertion": -0.9}, ("Signs as usual for this person.",)),
        (STILL, {"exertion": -0.9, "sweat_level": 1.0}, ("More sweat than usual while sitting still.",)),
        ({**WALKING, "eda_level_uS_deviation": -1.0}, {"sweat_level": 1.0}, ("Less sweat than usual.",)),
        (
            {**WALKING, "eda_level_uS_deviation": -1.0, "response_rate_per_min_deviation": 1.0},
            {"sweat_level": 1.0},
            ("More sweat than usual.",),
        ),
        (
            {**WALKING, "heart_rate_bpm": 58.0, "heart_rate_unexplained_bpm": -9.0},
            {"pulse": 1.0},
            "Pulse 58, below usual.",
        ),
        ({**WALKING, "temperature_slope_C_per_min": 0.1}, {"cooling": 0.5}, ("Skin getting warmer.",)),
        ({**WALKING, "motion_minute_g_deviation": -1.0}, {"restlessness": 0.5}, ("Moving less than usual.",)),
        ({**WALKING, "motion_minute_g_deviation": 1.0}, {"exertion": 0.5}, ("More restless than usual.",)),
        ({**WALKING, "hrv60_rmssd_ms_deviation": -1.0}, {"variability": 0.8}, ("Pulse more even than usual.",)),
        ({**WALKING, "hrv60_rmssd_ms_deviation": 1.0}, {"variability": 0.8}, ("Pulse less even than usual.",)),
        (WALKING, {"variability": 0.8}, ("The rhythm of the pulse has a part in it.",)),
        ({**WALKING, "repetition_strength_deviation": -1.0}, {"repetition": 0.8}, "Less repeated movement than usual."),
        (WALKING, {"repetition": 0.8}, "More repeated movement than usual."),
    ],
)
def test_reasons(features: dict[str, float], drivers: dict[str, float], sentences: tuple[str, ...] | str) -> None:
    told = said(features, **drivers)
    assert told[0] == sentences if isinstance(sentences, str) else told == sentences


@given(
    st.lists(st.floats(-5, 5), min_size=len(ALL), max_size=len(ALL)),
    st.lists(st.one_of(st.floats(-1, 200), st.just(float("nan"))), min_size=len(NAMES), max_size=len(NAMES)),
)
def test_whatever_the_second_something_fit_for_a_board_is_said(drivers: list[float], features: list[float]) -> None:
    told = reasons(np.array(features), np.array(drivers), ALL)
    assert 1 <= len(told) <= MOST
    for sentence in told:
        assert sentence.endswith(".")
        assert not FORBIDDEN.search(sentence)


def test_whose_alerts_begin_early_is_not_called_near_usual_when_one_does() -> None:
    x = np.array([WALKING.get(name, np.nan) for name in NAMES])
    drivers, names = np.array([-4.6, 3.0]), ("base", "sweat_level")
    assert reasons(x, drivers, names) == ("Not far from usual for this person.",)
    assert reasons(x, drivers, names, enter=0.15) == ("More sweat than usual.",)


@pytest.fixture(scope="module")
def events() -> Dataset:
    """Three people and their events, for comparisons that need no sensor."""
    rng = np.random.default_rng(1)
    onsets = {f"p{i}": [np.sort(rng.uniform(300, 5000, 5)) for _ in range(2)] for i in range(3)}
    return data_of(onsets, session_s=5400, lasting_s=20.0)


def test_every_driver_of_anything_that_runs_live_has_words() -> None:
    live = {*Model(rows=1).driver_names, *StateSpace(rows=1).driver_names, *DRIVER_NAMES, *READ_AS.values()}
    for name in live - set(PASSED_OVER):
        for features in (STILL, WALKING):
            told = [said(features, **{name: weight}) != said(features) for weight in (2.0, -2.0)]
            assert any(told) or (name == "exertion" and features is STILL), name


@pytest.mark.parametrize("candidate", [Clock(), SinceEvent(), Hawkes(), RateMatched()], ids=lambda each: each.name)
def test_drivers_of_what_never_runs_live_are_passed_over_on_purpose(candidate: Candidate, events: Dataset) -> None:
    fitted = candidate.fit(events, seed=1)
    assert set(fitted.estimate(events).driver_names) <= set(PASSED_OVER)
    assert not isinstance(fitted, Scorer | RunsLive)


@pytest.mark.parametrize(
    ("probability", "low", "high", "told"),
    [
        (0.7, 0.5, 0.79, "About 7 in 10, perhaps 5, perhaps 8."),
        (0.71, 0.69, 0.74, "About 7 in 10."),
        (0.98, 0.7, 1.0, "More than 9 in 10, perhaps 7."),
        (1.0, 0.97, 1.0, "More than 9 in 10."),
        (0.9, 0.8, 0.97, "About 9 in 10, perhaps 8, perhaps more than 9."),
        (0.7, 0.75, 0.8, "About 7 in 10, perhaps 7, perhaps 8."),
        (0.1, 0.08, 0.14, "About 10 in 100, perhaps 8, perhaps 14."),
        (0.7, np.nan, 0.7, ""),
        (0.7, np.nan, np.nan, ""),
        (np.nan, np.nan, np.nan, ""),
    ],
)
def test_how_sure_it_is_is_said_by_how_far_the_probability_may_lie_off(
    probability: float, low: float, high: float, told: str
) -> None:
    assert sureness(probability, low, high) == told
    assert not FORBIDDEN.search(told)


RISING = {**STILL, "eda_slope_uS_per_min": 1.0, "heart_rate_bpm": 96.4, "heart_rate_unexplained_bpm": 18.4}
DRIVEN = {"sweat_drive": 1.5, "pulse": 2.0}


def lasting(features: dict[str, float], drivers: dict[str, float], *lasted_s: float) -> tuple[str, ...]:
    x = np.array([features.get(name, np.nan) for name in NAMES])
    return reasons(x, np.array([drivers.get(name, 0.0) for name in ALL]), ALL, lasted_s=lasted_s)


@pytest.mark.parametrize(
    ("lasted_s", "first", "second"),
    [
        ((0.0, 0.0, 0.0, 0.0), "Pulse 96, 18 above usual.", "Sweat rising while sitting still."),
        ((119.0, 119.0, 119.0, 119.0), "Pulse 96, 18 above usual.", "Sweat rising while sitting still."),
        (
            (379.0, 500.0, 150.0, 4000.0),
            "Pulse 96, 18 above usual for 2 min.",
            "Sweat rising for 6 min while sitting still.",
        ),
        ((4000.0, 4000.0, 0.0, 200.0), "Pulse 96, 18 above usual.", "Sweat rising for 3 min while sitting still."),
    ],
)
def test_for_how_long_is_said_where_all_of_the_sentence_has_lasted_for_minutes(
    lasted_s: tuple[float, ...], first: str, second: str
) -> None:
    assert lasting(RISING, DRIVEN, *lasted_s)[:2] == (first, second)


def test_sweat_that_rises_no_more_is_told_for_as_long_as_it_has_been_telling() -> None:
    still = {**RISING, "eda_slope_uS_per_min": 0.0}
    assert lasting(still, {"sweat_level": 1.5}, 0.0, 600.0, 0.0, 900.0)[0] == (
        "More sweat than usual for 10 min while sitting still."
    )
    walking = {**still, **WALKING}
    assert lasting(walking, {"sweat_level": 1.5}, 0.0, 600.0, 0.0, 0.0)[0] == "More sweat than usual for 10 min."


def test_facts_are_what_sentences_say() -> None:
    x = np.array([RISING.get(name, np.nan) for name in NAMES])
    drivers = np.array([DRIVEN.get(name, 0.0) for name in ALL])
    assert facts(x[None, None], drivers[None, None], ALL).tolist() == [[[True, True, True, True]]]
    nothing = np.full_like(x, np.nan), np.full_like(drivers, np.nan)
    assert not facts(nothing[0][None, None], nothing[1][None, None], ALL).any()


@pytest.mark.parametrize(
    ("features", "missing", "told"),
    [
        ({"worn": 1.0, "eda_valid": 1.0}, (), ("Band well fitted.",)),
        ({"worn": 1.0, "eda_valid": 0.3}, (), ()),
        ({"eda_valid": 1.0}, (), ()),
        ({"worn": 1.0, "eda_valid": 1.0}, ("pulse",), ("Nothing can be read of pulse.",)),
        ({}, ("sweat", "pulse"), ("Nothing can be read of sweat and pulse.",)),
    ],
)
def test_how_the_band_sits_is_said_where_it_is_known(
    features: dict[str, float], missing: tuple[str, ...], told: tuple[str, ...]
) -> None:
    assert fit(np.array([features.get(name, np.nan) for name in NAMES]), missing) == told


def test_a_driver_without_words_stops_nothing() -> None:
    assert reasons(np.full(len(NAMES), np.nan), np.array([3.0]), ("something new",)) == (
        "Signs as usual for this person.",
    )


@pytest.mark.parametrize("reason", list(Blind))
def test_every_way_to_be_blind_has_words(reason: Blind) -> None:
    assert blind(reason, 0.5).endswith(".")
    assert not FORBIDDEN.search(blind(reason, 0.5))


@pytest.mark.parametrize(("learnt", "minutes"), [(0.0, 0), (0.45, 4), (0.999, 9)])
def test_the_minutes_of_getting_to_know_somebody_are_counted(learnt: float, minutes: int) -> None:
    assert blind(Blind.LEARNING, learnt) == f"Getting to know this person: {minutes} of {LEARN_S / 60:.0f} min."
