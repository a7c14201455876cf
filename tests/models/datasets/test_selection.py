"""Parts of data sets, and several as one: indices stay true, and what cannot be one is refused by its differences."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.labels import Label
from models.arousal import Arousal
from models.datasets.building import build
from models.datasets.dataset import POSITIVE, Dataset
from models.datasets.frame import ABOUT, frame_of, of_frame, read_parquet, write_parquet
from models.datasets.rows import Recorded
from models.datasets.selection import concatenate, digest, of_people, of_sessions, of_studies, take, with_inputs
from models.datasets.target import ForecastTarget
from models.errors import DatasetError

Make = Callable[..., Recorded]
AIM = ForecastTarget(events=("meltdown",), horizon_s=60, latency_s=15, refractory_s=30)


def recorded(make: Make, person: str, start_s: int, study: str = "lab") -> Recorded:
    label = Label(what="meltdown", start_s=start_s + 200, end_s=start_s + 220, rater="Jo", wearer=person)
    return make(person, start_s, 300, (label,), study=study)


@pytest.fixture(scope="module")
def data(make: Make) -> Dataset:
    return build(
        [recorded(make, "ann", 0), recorded(make, "ann", 5000), recorded(make, "bob", 100, "school")],
        AIM,
        scores={"arousal": Arousal},
    )


def test_people_keep_their_rows_sessions_and_events(data: Dataset) -> None:
    bob = of_people(data, ["bob"])
    assert [each.person for each in bob.sessions] == ["bob"]
    assert [each.onset_s for each in bob.events] == [300]
    assert set(bob.event[bob.target == POSITIVE].tolist()) == {0}
    np.testing.assert_array_equal(bob.inputs, data.inputs[data.person == 1])
    np.testing.assert_array_equal(bob.scores["arousal"], data.scores["arousal"][data.person == 1])
    assert digest(of_studies(data, ["school"])) == digest(bob)


def test_parts_make_up_the_whole_again(data: Dataset) -> None:
    assert digest(concatenate([of_people(data, ["ann"]), of_people(data, ["bob"])])) == digest(data)


def test_sessions_are_numbered_anew(data: Dataset) -> None:
    later = of_sessions(data, [1])
    assert (later.session == 0).all()
    assert later.sessions == (data.sessions[1],)
    assert later.events[0].session == 0


def test_rows_are_taken_by_mask_or_number(data: Dataset) -> None:
    positive = data.target == POSITIVE
    assert digest(take(data, positive)) == digest(take(data, np.flatnonzero(positive)))
    assert take(data, positive).end_s.size == positive.sum()
    with pytest.raises(DatasetError, match="which"):
        take(data, positive[:-1])


def test_inputs_are_chosen_by_name_and_a_missing_one_is_named(data: Dataset) -> None:
    last = with_inputs(data, data.input_names[-2:])
    np.testing.assert_array_equal(last.inputs, data.inputs[:, -2:])
    with pytest.raises(DatasetError, match="heartbeat"):
        with_inputs(data, ["heartbeat"])


def test_unequal_data_sets_are_refused_by_their_differences(data: Dataset) -> None:
    ann, bob = of_people(data, ["ann"]), of_people(data, ["bob"])
    for other, named in (
        (with_inputs(bob, bob.input_names[1:]), bob.input_names[0]),
        (with_inputs(bob, bob.input_names[::-1]), "another order"),
        (replace(bob, step_s=1.0), "step_s"),
        (replace(bob, scores={}), "scores"),
        (replace(bob, made_by={"features": "flirt"}), "made_by"),
    ):
        with pytest.raises(DatasetError, match=named):
            concatenate([ann, other])


def test_a_person_in_two_data_sets_is_refused(data: Dataset) -> None:
    with pytest.raises(DatasetError, match="ann is in two"):
        concatenate([of_people(data, ["ann"]), data])


def test_nobody_known_is_refused_by_name(data: Dataset) -> None:
    with pytest.raises(DatasetError, match="eve"):
        of_people(data, ["eve"])
    with pytest.raises(DatasetError, match="none of them"):
        of_sessions(data, [])


def test_a_digest_tells_one_bit_and_not_the_notes(data: Dataset) -> None:
    inputs = data.inputs.copy()
    at = np.argwhere(np.isfinite(inputs))[0]
    inputs[tuple(at)] = np.nextafter(inputs[tuple(at)], np.inf)
    for changed in (
        {"inputs": inputs},
        {"target": 1 - data.target},
        {"aim": ForecastTarget(events=("meltdown",))},
        {"input_names": data.input_names[::-1]},
        {"sessions": data.sessions[::-1]},
        {"step_s": 2 * data.step_s},
        {"looks_back_s": 2 * data.looks_back_s},
        {"made_by": {**data.made_by, "inputs": "another"}},
    ):
        assert digest(replace(data, **changed)) != digest(data), changed.keys()
    for same in ({"notes": ("odd",)}, {"inputs": data.inputs.copy()}, {"step_s": np.float64(data.step_s)}):
        assert digest(replace(data, **same)) == digest(data), same.keys()


def test_a_frame_and_a_file_read_back_to_the_same_bits(data: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    write_parquet(data, tmp_path / "rows.parquet")
    assert [each.name for each in tmp_path.iterdir()] == ["rows.parquet"]
    for back in (of_frame(frame_of(data)), read_parquet(tmp_path / "rows.parquet")):
        assert digest(back) == digest(data)
        assert (back.notes, back.events, back.sessions) == (data.notes, data.events, data.sessions)


def test_rows_of_a_frame_may_be_left_out_before_it_is_read_back(data: Dataset) -> None:
    frame = frame_of(data)
    assert digest(of_frame(frame[frame["target"] == POSITIVE])) == digest(take(data, data.target == POSITIVE))


def test_a_frame_says_who_when_and_why(data: Dataset) -> None:
    row = frame_of(data).iloc[0]
    assert (row["study"], row["person"], row["session_name"], row["exclusion"]) == ("lab", "ann", "ann-0", "EDGE")
    assert row["time"].isoformat() == "1970-01-01T00:00:05+00:00"


def test_a_frame_that_is_none_of_ours_is_refused(data: Dataset, tmp_path: Path) -> None:
    frame = frame_of(data)
    with pytest.raises(DatasetError, match="end_s"):
        of_frame(frame.drop(columns=["end_s"]))
    frame.attrs.pop(ABOUT)
    with pytest.raises(DatasetError, match="attrs"):
        of_frame(frame)
    pytest.importorskip("pyarrow")
    (tmp_path / "not.parquet").write_bytes(b"nothing")
    with pytest.raises(DatasetError, match="no Parquet file"):
        read_parquet(tmp_path / "not.parquet")
