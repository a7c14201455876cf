"""Planted leaks: each is refused, and the refusal says where to look."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models.datasets.dataset import Dataset, Event
from models.datasets.selection import of_rows
from models.errors import LeakageError
from models.estimates import Estimates
from models.splits import folds as by
from models.splits.duplicates import twins
from models.splits.fold import Apart, Fold, embargo_s
from models.splits.leakage import CHECKS, audit, refuse_fitted_on_test, refuse_foresight
from models.splits.proxies import proxies
from tests.models.splits.cohorts import made


def fold_of(training: NDArray[np.bool_], test: NDArray[np.bool_], apart: Apart = Apart.PEOPLE) -> Fold:
    return Fold(
        name="planted", training=np.flatnonzero(training), test=np.flatnonzero(test), apart=apart, embargo_s=60.0
    )


def in_session(dataset: Dataset, *names: str) -> NDArray[np.bool_]:
    return np.array([each.name in names for each in dataset.sessions])[dataset.session]


def test_honest_folds_pass_and_the_verdict_says_what_was_looked_at(ward: Dataset) -> None:
    verdict = audit(ward, by.leave_one_person_out(ward).folds)
    assert (verdict.folds, verdict.rows, verdict.checks, verdict.warnings) == (3, 360, CHECKS, ())


def test_a_person_on_both_sides_is_refused(ward: Dataset) -> None:
    fold = fold_of(in_session(ward, "A0", "B0"), in_session(ward, "A1"))
    with pytest.raises(LeakageError, match=r"fold 'planted': A is on both sides: trained on A0 .*tested on A1"):
        audit(ward, [fold])


def test_a_study_on_both_sides_is_refused(ward: Dataset) -> None:
    fold = fold_of(in_session(ward, "B0"), in_session(ward, "A1"), Apart.STUDIES)
    with pytest.raises(LeakageError, match="study 'one' is on both sides"):
        audit(ward, [fold])


def test_the_same_recording_under_another_name_is_refused(ward: Dataset) -> None:
    sessions = (*ward.sessions[:-1], replace(ward.sessions[-1], digest=ward.sessions[0].digest))
    with pytest.raises(LeakageError, match=r"there twice: A0 of A in one .*C2 of C"):
        audit(replace(ward, sessions=sessions), by.leave_one_person_out(ward).folds)


def test_windows_that_overlap_in_time_are_refused() -> None:
    dataset = made([("a", "A", 0, 60), ("b", "B", 0, 60)])
    early, late = dataset.end_s < 200, dataset.end_s >= 200
    mine = dataset.person == 0
    with pytest.raises(LeakageError, match=r"trained on A, a, 1970-01-01T.* 5 s apart where .* need 60"):
        audit(dataset, [fold_of(mine & early, mine & late, Apart.SESSIONS)])


def test_the_horizon_counts_for_the_embargo_whatever_a_fold_says_of_itself(ward: Dataset) -> None:
    from models.datasets.target import ForecastTarget

    dataset = made([("a", "A", 0, 60)], aim=ForecastTarget(events=("incident",), horizon_s=60, latency_s=10))
    assert embargo_s(dataset) == 130
    near = fold_of(dataset.end_s < 120, dataset.end_s >= 225, Apart.SESSIONS)
    with pytest.raises(LeakageError, match="need 130"):
        audit(dataset, [near])
    audit(dataset, [fold_of(dataset.end_s < 120, dataset.end_s >= 245, Apart.SESSIONS)])


def test_what_an_input_looks_back_on_counts_for_the_embargo_if_it_is_longer_than_the_window() -> None:
    """The two blocks of one person lie 90 s apart: enough for a window of 60 s, not for an input of 180 s."""
    one = made([("A0", "A", 0.0, 60), ("A1", "A", (60 * 5.0 + 90) / 3600, 60), ("B0", "B", 9.0, 60)])
    fold = Fold(
        name="f",
        training=np.flatnonzero(one.session == 0),
        test=np.flatnonzero(one.session == 1),
        apart=Apart.SESSIONS,
        embargo_s=0.0,
    )
    audit(one, [fold])
    with pytest.raises(LeakageError, match="need 180"):
        audit(replace(one, looks_back_s=180.0), [fold])


def test_a_row_on_both_sides_is_refused(ward: Dataset) -> None:
    fold = fold_of(in_session(ward, "A0", "B0"), in_session(ward, "A0"))
    with pytest.raises(LeakageError, match="40 rows are trained on and tested: A, A0"):
        audit(ward, [fold])


def test_a_row_tested_twice_is_refused(ward: Dataset) -> None:
    fold = fold_of(in_session(ward, "B0"), in_session(ward, "A0"))
    with pytest.raises(LeakageError, match="40 rows were tested in an earlier fold"):
        audit(ward, [fold, fold])


def test_rows_that_are_there_twice_under_other_names_are_refused(ward: Dataset) -> None:
    inputs = ward.inputs.copy()
    inputs[in_session(ward, "C2")][:3] = 0
    inputs[np.flatnonzero(in_session(ward, "C2"))[4:7]] = inputs[np.flatnonzero(in_session(ward, "A0"))[10:13]]
    planted = replace(ward, inputs=inputs)
    assert (twins(planted) >= 0).sum() == 6
    with pytest.raises(LeakageError, match=r"3 rows are there twice under different names: trained on C, C2.* A, A0"):
        audit(planted, by.leave_one_person_out(planted).folds)


def test_rows_that_agree_by_chance_are_no_duplicates(ward: Dataset) -> None:
    flags = replace(ward, inputs=np.ones_like(ward.inputs))
    unknown = ward.inputs.copy()
    unknown[:, :5] = np.nan
    unknown[:, 5] = 0.5
    assert (twins(flags) == -1).all()
    assert (twins(replace(ward, inputs=unknown)) == -1).all()


def _with_input(dataset: Dataset, values: NDArray[np.float64]) -> Dataset:
    inputs = dataset.inputs.copy()
    inputs[:, 2] = values
    return replace(dataset, inputs=inputs)


def test_the_clock_in_disguise_is_refused(ward: Dataset) -> None:
    for clock in (ward.since_s / 60, 3 - 0.1 * ward.end_s):
        with pytest.raises(LeakageError, match="input 'x2' is the time since the recording began"):
            audit(_with_input(ward, clock), by.leave_one_person_out(ward).folds)


def test_what_may_tell_who_it_is_or_what_time_is_named_in_the_results(ward: Dataset) -> None:
    folds = by.leave_one_person_out(ward).folds
    (said,) = audit(_with_input(ward, ward.session * 1.5), folds).warnings
    assert said.startswith("input 'x2' is constant within each session")
    (said,) = audit(_with_input(ward, np.sqrt(ward.since_s)), folds).warnings
    assert said.startswith("input 'x2' only ever grows, or falls")


def test_a_constant_input_and_one_that_is_learnt_and_kept_are_not_named(ward: Dataset) -> None:
    assert proxies(_with_input(ward, np.ones(360))) == ((), ())
    assert proxies(_with_input(ward, np.minimum(ward.since_s / 120, 1.0))) == ((), ())


@dataclass
class Said:
    """A fitted candidate that says what ``how`` makes of the moments; ``trained_on`` as it tells."""

    how: str
    trained_on: frozenset[tuple[str, float]] | None = None

    def estimate(self, moments: Dataset) -> Estimates:
        x = moments.inputs[:, 0]
        told = np.array([each.end_s for each in moments.events])
        values = {
            "honest": x,
            "whole-session z-score": (x - x.mean()) / x.std(),
            "events that are not over": np.full(x.size, float(told.size)),
            "events that are over": (told[None, :] <= moments.end_s[:, None]).sum(1).astype(float),
            "what is soon to come": sum(
                (abs(each.onset_s - moments.end_s - 30) < 30).astype(float) for each in moments.events
            )
            + 0 * x,
            "when it ends": np.full(x.size, moments.sessions[0].end_s),
            "targets": (moments.target == 1).astype(float),
        }[self.how]
        nothing = np.full(x.size, np.nan)
        return Estimates(
            probability=1 / (1 + np.exp(-values / 10_000 if self.how == "when it ends" else -values)),
            low=nothing,
            high=nothing,
            abstention=np.zeros(x.size, np.int8),
            drivers=np.zeros((x.size, 0)),
            driver_names=(),
        )


@pytest.mark.parametrize("how", ["whole-session z-score", "events that are not over", "when it ends"])
def test_what_looks_ahead_is_refused(ward: Dataset, how: str) -> None:
    fold = by.leave_one_person_out(ward).folds[0]
    moments = _with_events(of_rows(ward, fold.test))
    with pytest.raises(LeakageError, match=r"fold 'without A': what is said of A in A0 at .* it looks ahead"):
        refuse_foresight(Said(how), moments, fold)


@pytest.mark.parametrize("how", ["honest", "events that are over", "targets"])
def test_what_looks_back_passes_and_never_sees_a_target(ward: Dataset, how: str) -> None:
    fold = by.leave_one_person_out(ward).folds[0]
    refuse_foresight(Said(how), _with_events(of_rows(ward, fold.test)), fold)


def test_a_candidate_that_knows_an_event_soon_to_come_is_refused_wherever_it_lies(ward: Dataset) -> None:
    """None of them is near the middle of the longest session, and the last one ends when nothing is recorded any
    more."""
    fold = by.leave_one_person_out(ward).folds[0]
    moments = of_rows(ward, fold.test)
    session = moments.sessions[0]
    for onset_s in (session.start_s + 100, float(moments.end_s[moments.session == 0][-1]) + 20):
        event = Event(session=0, what="i", onset_s=onset_s, end_s=onset_s + 30)
        with pytest.raises(LeakageError, match="it looks ahead"):
            refuse_foresight(Said("what is soon to come"), replace(moments, events=(event,)), fold)


def _with_events(moments: Dataset) -> Dataset:
    first = moments.sessions[0].start_s
    return replace(
        moments,
        events=tuple(Event(session=0, what="i", onset_s=first + at, end_s=first + at + 9) for at in (90, 120, 240)),
    )


def test_what_was_fitted_on_a_tested_row_is_refused(ward: Dataset) -> None:
    fold = by.leave_one_person_out(ward).folds[0]
    keys = [(ward.sessions[s].name, float(t)) for s, t in zip(ward.session, ward.end_s, strict=True)]
    refuse_fitted_on_test(Said("honest"), fold, ward)
    refuse_fitted_on_test(Said("honest", frozenset(keys[i] for i in fold.training)), fold, ward)
    with pytest.raises(LeakageError, match="fold 'without A': fitted on a tested row: A0 at 1970"):
        refuse_fitted_on_test(Said("honest", frozenset(keys)), fold, ward)
