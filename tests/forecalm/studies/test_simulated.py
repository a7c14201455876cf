"""Simulated cohorts: what a day of a person alone is, and that it is the same as in everybody's company."""

from itertools import pairwise

import numpy as np
import pytest

from device_sim import files
from device_sim.band import STEPS
from device_sim.scenario import packaged
from forecalm.studies.simulated import (
    BUILD_UP,
    INCIDENT,
    Cohort,
    Day,
    cohort,
    days_of,
    episodes_of,
    incidents_of,
    simulated,
)
from models.errors import DatasetError

DAY_S = 1800


@pytest.fixture(scope="module")
def small() -> Cohort:
    return cohort("cohort", seed=7, wearers=2, days=2, day_s=DAY_S)


@pytest.fixture(scope="module")
def second(small: Cohort) -> list[Day]:
    return list(days_of(small, 2))


def test_a_person_alone_lives_to_the_bit_what_all_of_them_live_together(small: Cohort, second: list[Day]) -> None:
    together = files.record(small.scenario, wearers=2, seed=7, start_s=0, seconds=2 * DAY_S)[1]
    for name in ("eda", "temperature", "ppg", "motion"):
        alone = np.concatenate([getattr(day.tick, name)[0] for day in second], axis=-1)
        assert np.array_equal(alone, together.counts[name] * STEPS[name])
    assert np.array_equal(np.concatenate([day.arousal for day in second]), together.arousal)
    assert np.array_equal(np.concatenate([day.worn for day in second]), together.worn)


def test_a_later_day_is_the_same_whatever_number_of_days_there_are(small: Cohort, second: list[Day]) -> None:
    first = next(days_of(cohort("cohort", seed=7, wearers=5, days=1, day_s=DAY_S), 2))
    assert np.array_equal(first.tick.ppg, second[0].tick.ppg)
    assert [label for label in first.labels if label.end_s < first.session.end_s] == [
        label for label in second[0].labels if label.end_s < second[0].session.end_s
    ]


def test_a_day_is_a_session_and_its_labels_lie_within_it(second: list[Day]) -> None:
    assert [day.session.name for day in second] == ["cohort-7-02-day-01", "cohort-7-02-day-02"]
    for day in second:
        assert day.session.end_s - day.session.start_s == DAY_S == day.tick.seconds
        assert int(day.tick.start_s[0]) == day.session.start_s
        for label in day.labels:
            assert day.session.start_s <= label.start_s < label.end_s <= day.session.end_s
            assert label.wearer == day.session.person
    assert second[1].session.start_s - second[0].session.start_s == 86_400
    assert len({day.session.digest for day in second} | {""}) == 3


def test_every_incident_of_a_day_is_told_with_its_onset() -> None:
    busy = cohort("crisis", seed=3, wearers=1, days=2, day_s=DAY_S)
    incidents = incidents_of(episodes_of(busy, 1))
    told = [
        (label.start_s - day.session.start_s + at * DAY_S)
        for at, day in enumerate(days_of(busy, 1))
        for label in day.labels
        if label.what == INCIDENT
    ]
    began = [onset for onset, _ in incidents if 0 <= onset < 2 * DAY_S]
    assert told == pytest.approx(began, abs=1e-3)
    assert len(told) > 3
    assert all(end < onset for (_, end), (onset, _) in pairwise(incidents))


def test_build_ups_lead_to_the_onset_of_an_incident() -> None:
    (day,) = days_of(cohort("cohort", seed=101, days=1), 1)
    spans = [(label.start_s, label.end_s) for label in day.labels if label.what == INCIDENT]
    build_ups = [label for label in day.labels if label.what == BUILD_UP and label.end_s < day.session.end_s]
    assert build_ups
    for each in build_ups:
        assert any(start - 1e-3 <= each.end_s <= end + 1e-3 for start, end in spans)


@pytest.mark.parametrize(("name", "seed"), [("cohort", 1), ("cohort_adults", 2)])
def test_everybody_who_is_reported_on_has_fifteen_events_or_more(name: str, seed: int) -> None:
    whole = cohort(name, seed=seed, days=10)
    assert whole.wearers == 15
    for number in range(1, whole.wearers + 1):
        onsets = [onset for onset, _ in incidents_of(episodes_of(whole, number)) if 0 <= onset < 10 * whole.day_s]
        assert len(onsets) >= 15


def test_what_cannot_be_is_refused(small: Cohort) -> None:
    with pytest.raises(DatasetError, match="wearers 1 to 2, not 3"):
        next(days_of(small, 3))
    with pytest.raises(DatasetError, match="days: must be 1 or more, got 0"):
        cohort("cohort", seed=1, days=0)
    with pytest.raises(DatasetError, match="day_s: must be 86400 or less"):
        cohort("cohort", seed=1, days=1, day_s=100_000)
    assert {"cohort", "cohort_adults", "cohort_exercise"} <= set(packaged())


def test_a_cohort_is_a_study_whose_sessions_are_everybodys_days(small: Cohort, second: list[Day]) -> None:
    study = simulated(small, study="class")
    assert (study.name, study.people) == ("class", (small.person(1), small.person(2)))
    sessions = study.sessions()
    assert [each.session.person for each in sessions] == [small.person(1)] * 2 + [small.person(2)] * 2
    assert {each.session.study for each in sessions} == {"class"}
    for each, day in zip(sessions[2:], second, strict=True):
        assert np.array_equal(each.tick.ppg, day.tick.ppg)
        assert each.labels == day.labels
        assert set(each.truth) > {"arousal", "effort"}
