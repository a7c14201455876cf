"""The words: plain, true to the wristband, and never more than fit on a board."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.views import Blind
from alerts.words import MOST, blind, reasons
from models.arousal import DRIVERS
from models.arousal import Arousal as Model
from models.arousal_kernel import LEARN_S
from signals.features import NAMES

STILL, WALKING = {"motion_minute_g": 0.02}, {"motion_minute_g": 0.4}
FORBIDDEN = re.compile(r"patient|attack|abnormal|predict|safe|!|\u2014", re.IGNORECASE)


def said(features: dict[str, float], **drivers: float) -> tuple[str, ...]:
    x = np.array([features.get(name, np.nan) for name in NAMES])
    return reasons(x, np.array([drivers.get(name, 0.0) for name in DRIVERS]), DRIVERS)


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
        (STILL, dict.fromkeys(DRIVERS, np.nan), ()),
    ],
)
def test_reasons(features: dict[str, float], drivers: dict[str, float], sentences: tuple[str, ...] | str) -> None:
    told = said(features, **drivers)
    assert told[0] == sentences if isinstance(sentences, str) else told == sentences


@given(
    st.lists(st.floats(-5, 5), min_size=len(DRIVERS), max_size=len(DRIVERS)),
    st.lists(st.one_of(st.floats(-1, 200), st.just(float("nan"))), min_size=len(NAMES), max_size=len(NAMES)),
)
def test_whatever_the_second_something_fit_for_a_board_is_said(drivers: list[float], features: list[float]) -> None:
    told = reasons(np.array(features), np.array(drivers), DRIVERS)
    assert 1 <= len(told) <= MOST
    for sentence in told:
        assert sentence.endswith(".")
        assert not FORBIDDEN.search(sentence)


def test_every_driver_of_the_model_has_words() -> None:
    quiet = said(STILL)
    for name in Model(rows=1).driver_names:
        if name != "base":
            assert said(STILL, **{name: -2.0 if name == "exertion" else 2.0}) != quiet, name


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
