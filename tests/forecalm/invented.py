"""Moments of people who were never there, on which tests train models."""

import numpy as np

from models.datasets.dataset import Dataset, Session
from models.datasets.target import ForecastTarget
from models.inputs.inputs import NAMES

PEOPLE, MOMENTS = 4, 150


def invented(people: int = PEOPLE) -> Dataset:
    """Moments of people who were never there: what is trained on them hardly ever says more than two in ten."""
    rng, n = np.random.default_rng(3), people * MOMENTS
    inputs = rng.normal(size=(n, len(NAMES)))
    return Dataset(
        inputs=inputs,
        input_names=NAMES,
        end_s=np.concatenate([1e9 * i + 60.0 * np.arange(1, MOMENTS + 1) for i in range(people)]),
        session=np.repeat(np.arange(people), MOMENTS),
        target=(inputs[:, 0] + rng.normal(size=n) > 1.5).astype(np.int8),
        exclusion=np.zeros(n, np.int8),
        event=np.full(n, -1),
        condition=np.full(n, ""),
        worn=np.ones(n, bool),
        sessions=tuple(
            Session(name=f"s-{i}", person=f"w-0{i}", study="invented", start_s=1e9 * i, end_s=1e9 * i + 60 * MOMENTS)
            for i in range(people)
        ),
        events=(),
        aim=ForecastTarget(events=("incident",)),
        window_s=60.0,
        step_s=60.0,
    )
