"""What a simulator knows of every second stands beside the rows it belongs to, and nowhere among what models read."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ingest.labels import Label
from models.datasets.building import build
from models.datasets.dataset import TRUTH
from models.datasets.rows import Recorded
from models.datasets.target import StateTarget

AIM = StateTarget(positive=("stress",), negative=("rest",))


def test_the_truth_of_a_rows_last_second_stands_beside_it_and_is_unknown_elsewhere(
    make: Callable[..., Recorded],
) -> None:
    labels = (
        Label(what="rest", start_s=1000.0, end_s=1150.0, rater="a"),
        Label(what="stress", start_s=1150.0, end_s=1300.0, rater="a"),
    )
    known = replace(make("one", 1000, 300, labels), truth={"arousal": np.arange(300.0)})
    data = build([known, make("two", 1000, 300, labels)], AIM, step_s=10)
    truth = data.scores[TRUTH + "arousal"]
    first = data.person == 0
    assert np.array_equal(truth[first], np.arange(9.0, 300.0, 10.0))
    assert np.isnan(truth[~first]).all()
    assert not any(TRUTH in name for name in data.input_names)
    assert set(build([make("two", 1000, 300, labels)], AIM, step_s=10).scores) == set()
