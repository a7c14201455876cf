"""Labels become targets as the contract says: tables worked by hand, and what holds whatever the labels are."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from ingest.labels import Label
from models.datasets.dataset import LEFT_OUT, NEGATIVE, POSITIVE, Exclusion, Session
from models.datasets.events import Happening, events_of, happenings_of
from models.datasets.target import ForecastTarget, StateTarget
from models.datasets.targets import Told, condition_of, tell_forecast, tell_state
from models.datasets.words import require_known, require_sound
from models.errors import DatasetError


def label(what: str, start_s: float, end_s: float, *, unsure_s: float = 0.0, level: float | None = None) -> Label:
    return Label(
        what=what, start_s=start_s, end_s=end_s, rater="Jo", wearer="w", onset_uncertainty_s=unsure_s, level=level
    )


def session(start_s: float = 0.0, end_s: float = 1000.0) -> Session:
    return Session(name="s", person="w", study="lab", start_s=start_s, end_s=end_s)


def state(aim: StateTarget, labels: list[Label], moments: Sequence[float], *, window_s: float = 10.0) -> list[str]:
    told = tell_state(aim, labels, session(), np.array(moments), window_s=window_s)
    return _words(told)


def forecast(aim: ForecastTarget, labels: list[Label], moments: Sequence[float], *, end_s: float = 1000.0) -> list[str]:
    return _words(told_forecast(aim, labels, np.array(moments), end_s=end_s))


def told_forecast(aim: ForecastTarget, labels: list[Label], moments: np.ndarray, *, end_s: float = 1000.0) -> Told:
    happenings = happenings_of(aim, labels)
    own = [number for number, _ in events_of(aim, happenings, [session(end_s=end_s)], [0])]
    return tell_forecast(aim, labels, happenings, own, session(end_s=end_s), moments, window_s=10.0)


def _words(told: Told) -> list[str]:
    names = {POSITIVE: "positive", NEGATIVE: "negative"}
    return [
        names.get(int(target), Exclusion(int(why)).name.lower())
        for target, why in zip(told.target, told.exclusion, strict=True)
    ]


STRESS = StateTarget(positive=("stroop", "interview"), negative=("rest",), apart=("breathing",))


def test_a_state_is_told_where_a_whole_window_lies_in_a_label() -> None:
    labels = [label("rest", 0, 100), label("stroop", 100, 200), label("breathing", 300, 400)]
    moments = [5, 10, 100, 105, 110, 200, 205, 305, 310, 400, 405]
    assert state(STRESS, labels, moments) == [
        "edge",  # the window begins before the session
        "negative",
        "negative",
        "unlabelled",  # half in rest, half in the task
        "positive",
        "positive",
        "unlabelled",
        "unlabelled",  # half in what is told apart
        "apart",
        "apart",
        "unlabelled",
    ]


def test_labels_of_one_side_that_touch_count_as_one() -> None:
    labels = [label("stroop", 100, 200), label("interview", 200, 300)]
    assert state(STRESS, labels, [200, 205, 210]) == ["positive"] * 3


def test_windows_near_an_uncertain_onset_of_either_side_are_left_out() -> None:
    labels = [label("rest", 0, 100), label("stroop", 100, 200, unsure_s=5)]
    assert state(STRESS, labels, [94, 95, 96, 100, 110, 114, 115]) == [
        "negative",
        "negative",
        "uncertain",  # the task may have begun at 95
        "uncertain",
        "uncertain",  # or only at 105
        "uncertain",
        "positive",
    ]


def test_labels_that_overlap_a_little_leave_out_where_they_do() -> None:
    labels = [label("rest", 0, 100), label("stroop", 96, 200)]
    assert state(STRESS, labels, [96, 97, 100, 106, 109, 110]) == [
        "negative",
        "contradicted",
        "contradicted",
        "contradicted",
        "contradicted",
        "positive",
    ]


def test_labels_that_contradict_each_other_are_refused_and_both_are_named() -> None:
    labels = [label("rest", 0, 100), label("stroop", 50, 200)]
    with pytest.raises(DatasetError, match=r"'stroop' of w by Jo .* is positive, 'rest' of w .* is negative"):
        state(STRESS, labels, [20, 70])
    lenient = StateTarget(positive=("stroop",), negative=("rest",), doubtful="leave out")
    assert state(lenient, labels, [20, 70, 150]) == ["negative", "contradicted", "positive"]


def test_a_word_may_ask_for_a_degree() -> None:
    aim = StateTarget(positive=("stress >= 1",), negative=("stress = 0",))
    labels = [label("stress", 0, 100, level=0), label("stress", 100, 200, level=2), label("stress", 200, 300)]
    assert state(aim, labels, [50, 150, 250]) == ["negative", "positive", "unlabelled"]


SOON = ForecastTarget(events=("meltdown",), horizon_s=60, latency_s=15, refractory_s=30, lead_s=300)


def test_a_forecast_is_told_moment_by_moment() -> None:
    labels = [label("meltdown", 200, 240)]
    moments = [9, 10, 124, 125, 184, 185, 200, 239, 240, 269, 270, 925, 926]
    assert forecast(SOON, labels, moments) == [
        "edge",  # the window begins before the session
        "negative",
        "negative",
        "positive",  # 200 - 75
        "positive",
        "during",  # from 200 - 15: nobody could act in time
        "during",
        "during",
        "refractory",
        "refractory",
        "negative",
        "negative",
        "edge",  # the horizon reaches beyond the session: nobody may have watched
    ]


def test_an_uncertain_onset_leaves_out_moments_whose_side_is_open() -> None:
    labels = [label("meltdown", 200, 240, unsure_s=10)]
    assert forecast(SOON, labels, [114, 115, 134, 135, 174, 175, 184, 185]) == [
        "negative",
        "uncertain",
        "uncertain",
        "positive",
        "positive",
        "uncertain",
        "uncertain",
        "during",
    ]


def test_what_may_have_been_an_event_is_left_out_with_all_that_led_up_to_it() -> None:
    labels = [label("meltdown", 800, 840), label("unsure", 200, 240, unsure_s=10)]
    moments = [114, 115, 199, 200, 239, 269, 270, 725]
    left_out = ["uncertain"] * 5
    assert forecast(SOON, labels, moments) == ["negative", *left_out, "negative", "positive"]
    assert forecast(SOON, [*labels, label("meltdown", 260, 270)], [200])[0] == "positive", "what is sure stays"
    apart = structs.replace(SOON, apart=("unsure",))
    assert forecast(apart, labels, [199, 201]) == ["negative", "apart"]


def test_an_event_just_after_the_session_is_led_up_to_by_its_end() -> None:
    labels = [label("meltdown", 1030, 1100)]
    assert forecast(SOON, labels, [954, 955, 1000]) == ["edge", "positive", "positive"]


def test_events_that_touch_or_overlap_are_one_from_the_first_onset_to_the_last_end() -> None:
    labels = [label("meltdown", 200, 240), label("meltdown", 230, 300), label("meltdown", 300, 310, unsure_s=9)]
    assert happenings_of(SOON, labels) == [Happening("meltdown", 200, 310, 0.0, lead=True)]


def test_lead_events_are_those_with_nothing_before_them_for_long_enough() -> None:
    labels = [label("meltdown", at, at + 10) for at in (100, 300, 610, 919)]
    assert [each.lead for each in happenings_of(SOON, labels)] == [True, False, True, False]


def test_two_ahead_the_nearer_one_is_led_up_to() -> None:
    aim = ForecastTarget(events=("meltdown",), horizon_s=100, latency_s=0, refractory_s=0)
    told = told_forecast(aim, [label("meltdown", 300, 310), label("meltdown", 350, 360)], np.array([240.0, 320.0]))
    assert told.event.tolist() == [0, 1]


def test_an_event_of_two_wrists_belongs_to_both_sessions() -> None:
    happenings = happenings_of(SOON, [label("meltdown", 200, 240), label("meltdown", 5000, 5010)])
    found = events_of(SOON, happenings, [session(), session(end_s=500), session(4000, 4990)], [3, 4, 5])
    assert [(number, event.session) for number, event in found] == [(0, 3), (0, 4), (1, 5)]


def test_moments_in_a_negative_control_are_told_apart() -> None:
    aim = ForecastTarget(events=("meltdown",), apart=("exercise",), horizon_s=60, latency_s=15)
    assert forecast(aim, [label("exercise", 100, 200)], [100, 101, 200, 201]) == [
        "negative",
        "apart",
        "apart",
        "negative",
    ]


def test_the_condition_of_a_moment_is_what_all_labels_say_of_it() -> None:
    labels = [label("walk", 0, 100), label("meltdown", 90, 120), label("press", 50, 50)]
    moments = np.array([0.0, 50.0, 95.0, 100.0, 120.0, 121.0])
    assert condition_of(labels, moments).tolist() == ["", "walk", "meltdown; walk", "meltdown; walk", "meltdown", ""]


def test_a_word_that_no_label_says_is_refused_with_those_that_there_are() -> None:
    labels = [label("meltdown", 0, 1), label("meltdown", 5, 6), label("stress", 0, 9, level=2)]
    with pytest.raises(DatasetError, match=r"no label says 'meltdwn'; labels say 'meltdown' \(2\), 'stress = 2' \(1\)"):
        require_known(ForecastTarget(events=("meltdwn",)), labels)
    with pytest.raises(DatasetError, match="no labels at all"):
        require_known(ForecastTarget(events=("meltdown",)), [])
    assert require_known(ForecastTarget(events=("meltdown", "fall"), doubtful="leave out"), labels)


@pytest.mark.parametrize(
    ("aim", "said"),
    [
        (StateTarget(positive=("a",), negative=("b", "a")), "'a' stands in positive and in negative"),
        (StateTarget(positive=(), negative=("b",)), "target.positive: name at least one"),
        (ForecastTarget(events=("a",), apart=("a",)), "'a' stands in events and in apart"),
        (ForecastTarget(events=("a",), horizon_s=0), "horizon_s"),
    ],
)
def test_a_target_that_contradicts_itself_is_refused(aim: StateTarget | ForecastTarget, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        require_sound(aim)


seconds = st.integers(0, 1000).map(float)
labels_of_events = st.lists(
    st.builds(
        lambda start, long, unsure: label("meltdown", start, start + long, unsure_s=unsure),
        seconds,
        st.integers(0, 120).map(float),
        st.sampled_from([0.0, 5.0, 40.0]),
    ),
    max_size=6,
)


@given(labels_of_events)
def test_no_moment_is_positive_once_it_is_too_late_nor_soon_after_an_event(labels: list[Label]) -> None:
    moments = np.arange(0.0, 1001.0)
    told = told_forecast(SOON, labels, moments)
    for each in labels:
        near = (moments >= each.start_s - SOON.latency_s) & (moments < each.end_s + SOON.refractory_s)
        assert not (told.target[near] != LEFT_OUT).any()


@given(labels_of_events)
def test_a_positive_leads_up_to_its_event_by_the_horizon_and_no_negative_does(labels: list[Label]) -> None:
    moments = np.arange(0.0, 1001.0)
    told = told_forecast(SOON, labels, moments)
    happenings = happenings_of(SOON, labels)
    ahead_s = SOON.horizon_s + SOON.latency_s
    for t, target, event in zip(moments, told.target, told.event, strict=True):
        possible = [
            i
            for i, each in enumerate(happenings)
            if each.onset_s - each.uncertainty_s - ahead_s <= t < each.onset_s + each.uncertainty_s - SOON.latency_s
        ]
        if target == POSITIVE:
            each = happenings[event]
            assert each.onset_s - ahead_s <= t - each.uncertainty_s
            assert t + each.uncertainty_s < each.onset_s - SOON.latency_s
        else:
            assert event == -1
        if target == NEGATIVE:
            assert not possible
            assert t + ahead_s <= 1000


@given(labels_of_events)
def test_a_target_goes_with_no_exclusion_and_an_exclusion_with_no_target(labels: list[Label]) -> None:
    told = told_forecast(SOON, labels, np.arange(0.0, 1001.0, 5.0))
    assert ((told.target == LEFT_OUT) == (told.exclusion != Exclusion.NONE)).all()


@given(
    st.lists(
        st.builds(
            lambda what, start, long, unsure: label(what, start, start + long, unsure_s=unsure),
            st.sampled_from(["stroop", "rest", "breathing"]),
            seconds,
            st.integers(1, 300).map(float),
            st.sampled_from([0.0, 7.0]),
        ),
        max_size=6,
    )
)
def test_a_state_is_never_told_where_the_other_side_speaks(labels: list[Label]) -> None:
    aim = StateTarget(positive=("stroop",), negative=("rest",), apart=("breathing",), doubtful="leave out")
    moments = np.arange(0.0, 1001.0, 2.0)
    told = tell_state(aim, labels, session(), moments, window_s=10.0)
    other = {POSITIVE: ("rest", "breathing"), NEGATIVE: ("stroop", "breathing")}
    own = {POSITIVE: "stroop", NEGATIVE: "rest"}
    for t, target in zip(moments, told.target.tolist(), strict=True):
        if target == LEFT_OUT:
            continue
        assert any(each.what == own[target] and each.start_s < t <= each.end_s for each in labels)
        assert not any(each.what in other[target] and each.start_s < t and t - 10 < each.end_s for each in labels)


def test_of_two_events_ahead_the_nearer_one_is_led_up_to() -> None:
    aim = ForecastTarget(events=("incident",), horizon_s=100, latency_s=10, refractory_s=0)
    told = told_forecast(aim, [label("incident", 300, 305), label("incident", 340, 345)], np.array([250.0, 310.0]))
    assert told.target.tolist() == [POSITIVE, POSITIVE]
    assert told.event.tolist() == [0, 1]


def test_an_event_that_may_have_begun_later_leaves_out_what_follows_a_short_one() -> None:
    """It is said to have been over in a second, and may have begun twenty later."""
    aim = ForecastTarget(events=("incident",), horizon_s=100, latency_s=10, refractory_s=0)
    assert forecast(aim, [label("incident", 300, 301, unsure_s=20)], [300, 302, 309, 310]) == [
        "during",
        "uncertain",
        "uncertain",
        "negative",
    ]


def test_an_onset_between_two_sessions_is_of_one_of_them_or_of_none() -> None:
    aim = ForecastTarget(events=("incident",), horizon_s=100, latency_s=10)
    two = [session(0, 1000), session(1000, 2000)]

    def of(onset_s: float) -> list[int]:
        found = events_of(aim, happenings_of(aim, [label("incident", onset_s, onset_s)]), two, [0, 1])
        return [event.session for _, event in found]

    assert {onset_s: of(onset_s) for onset_s in (999, 1000, 2000, 2109, 2110)} == {
        999: [0],
        1000: [1],
        2000: [1],
        2109: [1],
        2110: [],
    }
