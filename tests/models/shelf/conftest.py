"""A small training set of invented people, and a model that was trained on it."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.datasets.dataset import Dataset, Event, Session
from models.datasets.target import ForecastTarget
from models.inputs.inputs import NAMES
from models.shelf.about import about
from models.shelf.manifest import About, Code

PEOPLE, MOMENTS, READ = 4, 120, 3


@pytest.fixture(scope="session")
def training() -> Dataset:
    """Four people, two hours each, three inputs of which one is unknown now and then."""
    rng = np.random.default_rng(7)
    n = PEOPLE * MOMENTS
    inputs = rng.normal(size=(n, READ))
    inputs[rng.random(n) < 0.1, 1] = np.nan
    target = (inputs[:, 0] + rng.normal(size=n) > 1).astype(np.int8)
    sessions = tuple(
        Session(name=f"s-{i}", person=f"w-{i}", study="invented", start_s=1e9 * i, end_s=1e9 * i + 60 * MOMENTS)
        for i in range(PEOPLE)
    )
    return Dataset(
        inputs=inputs,
        input_names=NAMES[:READ],
        end_s=np.concatenate([1e9 * i + 60.0 * np.arange(1, MOMENTS + 1) for i in range(PEOPLE)]),
        session=np.repeat(np.arange(PEOPLE), MOMENTS),
        target=target,
        exclusion=np.zeros(n, np.int8),
        event=np.where(target == 1, 0, -1),
        condition=np.full(n, ""),
        worn=np.ones(n, bool),
        sessions=sessions,
        events=(Event(session=0, what="incident", onset_s=60.0, end_s=120.0),),
        aim=ForecastTarget(events=("incident",)),
        window_s=60.0,
        step_s=60.0,
    )


@pytest.fixture(scope="session")
def fitted(training: Dataset) -> LogisticRegression:
    """A model of scikit-learn's."""
    return LogisticRegression().fit(np.nan_to_num(training.inputs), training.target)


@pytest.fixture(scope="session")
def known(training: Dataset) -> About:
    """What is said of it."""
    return about(
        training,
        candidate="logistic",
        experiment='name = "invented"\n',
        seed=3,
        made_s=1_780_000_000.0,
        code=Code(version="0.1.0", commit="abc"),
        metrics={"auroc": 0.8, "lead_s": float("nan")},
    )
