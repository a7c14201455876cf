"""Laws of every split, over invented cohorts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.datasets.dataset import Dataset
from models.datasets.selection import of_rows
from models.datasets.target import ForecastTarget
from models.errors import DatasetError
from models.splits import folds as by
from models.splits.fold import Apart, Split, embargo_s
from models.splits.leakage import audit
from tests.models.splits.cohorts import made

SPLITS: dict[str, Callable[[Dataset], Split]] = {
    "leave_one_person_out": by.leave_one_person_out,
    "grouped": lambda dataset: by.grouped(dataset, parts=3, seed=4),
    "chronological": lambda dataset: by.chronological(dataset, parts=3),
    "chronological, with others": lambda dataset: by.chronological(dataset, parts=3, others=True),
    "calibrated": lambda dataset: by.calibrated(dataset, k=(0, 1)),
    "across_studies": by.across_studies,
    "inner": lambda dataset: by.inner(dataset, parts=4),
}
AIMS = st.sampled_from([None, ForecastTarget(events=("incident",), horizon_s=120, latency_s=10)])


@st.composite
def cohorts(draw: st.DrawFn) -> Dataset:
    """Two to four people; sessions that follow at once, overlap, or lie days apart, in any order."""
    sessions = []
    for person in range(draw(st.integers(2, 4))):
        at = draw(st.floats(0, 50))
        for i in range(draw(st.integers(2, 4))):
            rows = draw(st.integers(1, 30))
            sessions.append((f"p{person}s{i}", f"p{person}", at, rows))
            at += draw(st.sampled_from([0.005, 0.06, 0.1, 5.0, 30.0]))
    studies = {f"p{i}": ("one", "two")[i % 2] for i in range(4)}
    aim = draw(AIMS)
    order = draw(st.permutations(sessions))
    return made(list(order), study=studies, window_s=30.0, **({} if aim is None else {"aim": aim}))


@pytest.mark.parametrize("split", SPLITS)
@given(dataset=cohorts())
def test_no_fold_overlaps_every_row_is_tested_once_and_the_embargo_holds(split: str, dataset: Dataset) -> None:
    try:
        found = SPLITS[split](dataset)
    except DatasetError:
        return
    for variant in found.variants:
        times = np.zeros(dataset.end_s.size, int)
        for fold in (each for each in found.folds if each.variant == variant):
            times[fold.test] += 1
            assert fold.training.size
            assert not np.intersect1d(fold.training, fold.test).size
            for person in range(len(dataset.people)):
                ends = [dataset.end_s[rows[dataset.person[rows] == person]] for rows in (fold.training, fold.test)]
                if ends[0].size and ends[1].size:
                    assert np.abs(ends[0][:, None] - ends[1][None]).min() >= embargo_s(dataset)
        assert times.max() == 1
        if split in ("leave_one_person_out", "grouped", "inner", "across_studies"):
            assert times.min() == 1
    assert audit(dataset, found.folds).folds == len(found.folds)


def _shown(dataset: Dataset, found: Split) -> list[Any]:
    def rows(index: Any) -> set[tuple[str, float]]:  # noqa: ANN401 - an array of indices
        return {(dataset.sessions[dataset.session[i]].name, float(dataset.end_s[i])) for i in index}

    return sorted(((f.variant, f.name, rows(f.training), rows(f.test)) for f in found.folds), key=lambda each: each[:2])


@pytest.mark.parametrize("split", SPLITS)
@given(data=st.data())
def test_the_order_of_sessions_changes_nothing(split: str, data: st.DataObject) -> None:
    sessions = [(f"{who}{day}", who, 24.0 * day, 8) for who in ("A", "B", "C", "D") for day in range(3)]
    studies = {"A": "one", "B": "two", "C": "two", "D": "three"}
    straight, turned = (made(list(each), study=studies) for each in (sessions, data.draw(st.permutations(sessions))))
    assert _shown(straight, SPLITS[split](straight)) == _shown(turned, SPLITS[split](turned))


def test_leaving_one_person_out_trains_on_everybody_else(ward: Dataset) -> None:
    found = by.leave_one_person_out(ward)
    assert [fold.name for fold in found.folds] == ["without A", "without B", "without C"]
    assert all(fold.apart is Apart.PEOPLE and fold.training.size == 240 for fold in found.folds)


def test_in_order_of_time_only_what_came_before_is_trained_on(ward: Dataset) -> None:
    for fold in by.chronological(ward, parts=3).folds:
        assert ward.end_s[fold.training].max() < ward.end_s[fold.test].min()
        assert np.unique(ward.person[np.r_[fold.training, fold.test]]).size == 1


def test_all_numbers_of_calibration_sessions_are_tested_on_the_same_rows(ward: Dataset) -> None:
    found = by.calibrated(ward, k=(0, 1, 2))
    assert found.variants == ("0 sessions of their own", "1 session of their own", "2 sessions of their own")
    assert len({fold.test.tobytes() for fold in found.folds}) == 3
    sizes = [fold.training.size for fold in found.folds if fold.name.startswith("A")]
    assert sizes == [240, 280, 320]


def test_across_studies_each_is_tested_by_the_others() -> None:
    dataset = made([("a", "A", 0, 9), ("b", "B", 0, 9), ("c", "C", 0, 9)], study={"A": "x", "B": "y", "C": "z"})
    assert [fold.name for fold in by.across_studies(dataset).folds] == ["y + z → x", "x + z → y", "x + y → z"]
    assert [fold.name for fold in by.across_studies(dataset, train=["x"], test=["z"]).folds] == ["x → z"]
    assert [fold.name for fold in by.across_studies(dataset, train=["x"]).folds] == ["x → y", "x → z"]


def test_sessions_that_overlap_stay_together() -> None:
    dataset = made([("left", "A", 0, 20), ("right", "A", 0.001, 20), ("later", "A", 30, 20)])
    (fold,) = by.chronological(dataset, parts=3).folds
    assert fold.training.size == 40


@pytest.mark.parametrize(
    ("sessions", "split", "said"),
    [
        ([("a", "A", 0, 9)], "leave_one_person_out", "needs two"),
        ([("a", "A", 0, 9)], "grouped", "needs two"),
        ([("a", "A", 0, 9), ("b", "B", 0, 9)], "chronological", "two sessions of the same person"),
        ([("a", "A", 0, 9), ("b", "B", 0, 9)], "calibrated", "one of them with 2 sessions"),
        ([("a", "A", 0, 9), ("b", "B", 0, 9)], "across_studies", "there is one study"),
    ],
)
def test_what_cannot_be_split_says_what_is_missing(
    sessions: list[tuple[str, str, float, int]], split: str, said: str
) -> None:
    with pytest.raises(DatasetError, match=said):
        SPLITS[split](made(sessions))


def test_an_embargo_may_be_longer_but_not_shorter(ward: Dataset) -> None:
    assert by.chronological(ward, embargo=7200).folds[0].embargo_s == 7200
    with pytest.raises(DatasetError, match="less than what inputs look back on"):
        by.chronological(ward, embargo=10)


def test_a_study_that_is_not_there_is_named(ward: Dataset) -> None:
    with pytest.raises(DatasetError, match="study 'two' is not in the data set: there is one"):
        by.across_studies(ward, train=["two"])


def test_a_part_knows_nothing_of_other_sessions(ward: Dataset) -> None:
    fold = by.leave_one_person_out(ward).folds[1]
    part = of_rows(ward, fold.training)
    assert part.people == ("A", "C")
    assert np.array_equal(part.inputs, ward.inputs[fold.training])
    assert [part.sessions[i].name for i in part.session] == [ward.sessions[i].name for i in ward.session[fold.training]]


def test_people_without_a_target_are_told_and_tested_nowhere(ward: Dataset) -> None:
    target = np.where(ward.person == 0, -1, ward.target).astype(np.int8)
    found = by.leave_one_person_out(replace(ward, target=target))
    assert len(found.folds) == 2
    assert found.notes == ("A has no row with a target: they are tested nowhere",)
