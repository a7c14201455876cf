"""An input of one's own beside the others: it is kept with how far back it reads, and nonsense is refused."""

from typing import Any

import numpy as np
import pytest

from models.datasets.dataset import Dataset
from models.datasets.selection import digest, with_column
from models.errors import DatasetError
from tests.models.experiments.cohorts import state


@pytest.fixture(scope="module")
def data() -> Dataset:
    return state(2, rows=50)


def test_a_column_is_the_last_input_and_says_how_far_back_it_reads(data: Dataset) -> None:
    values = np.where(data.person == 0, np.nan, 1.0)
    more = with_column(data, "mine", values, looks_back_s=300, made_by="2")
    assert more.input_names == (*data.input_names, "mine")
    assert np.array_equal(more.inputs[:, -1], values, equal_nan=True)
    assert np.array_equal(more.inputs[:, :-1], data.inputs, equal_nan=True)
    assert more.looks_back_s == 300
    assert more.made_by["mine"] == "2"
    assert with_column(more, "other", values, looks_back_s=10, made_by="1").looks_back_s == 300
    assert digest(more) != digest(data)
    assert "mine" not in data.input_names


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"name": "x"}, "'x': is an input already"),
        ({"name": ""}, "an input must have one"),
        ({"values": np.zeros(3)}, r"mine: \(100,\), a value a row"),
        ({"values": np.full(100, np.inf)}, "100 values are infinite; unknown is NaN"),
        ({"looks_back_s": -1.0}, "looks_back_s: must be 0 or more"),
        ({"looks_back_s": np.nan}, "looks_back_s: must be 0 or more"),
    ],
)
def test_what_is_no_column_is_refused(data: Dataset, changed: dict[str, Any], why: str) -> None:
    asked: dict[str, Any] = {"name": "mine", "values": np.zeros(100), "looks_back_s": 0.0, **changed}
    with pytest.raises(DatasetError, match=why):
        with_column(data, **asked, made_by="1")
