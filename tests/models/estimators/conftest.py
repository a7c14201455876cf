"""People whose log-odds are known, as data sets: inputs named as ours are, so that drivers have plain words."""

from collections.abc import Callable

import numpy as np
import pytest

from models.datasets.dataset import Dataset, Event, Session
from models.datasets.target import ForecastTarget, StateTarget, Target
from models.inputs.named import NAMES

Make = Callable[..., Dataset]
WEIGHTS = np.array([1.0, -0.7, 0.5, 0.0, 0.0, 0.0])


def people(
    *,
    count: int = 6,
    rows: int = 300,
    seed: int = 0,
    shift: float = 0.0,
    stretch: float = 0.0,
    unknown: float = 0.0,
    aim: Target | None = None,
) -> Dataset:
    """Return ``count`` people with ``rows`` independent moments a minute apart; people's log-odds differ by a
    ``shift`` and a ``stretch`` (standard deviations)."""
    rng = np.random.default_rng(seed)
    n = count * rows
    session = np.repeat(np.arange(count), rows)
    X = rng.normal(size=(n, len(WEIGHTS)))
    odds = -0.5 + rng.normal(size=count)[session] * shift
    odds = odds + (X * WEIGHTS).sum(axis=1) * (1.0 + stretch * rng.normal(size=count)[session])
    target = (rng.random(n) < 1.0 / (1.0 + np.exp(-odds))).astype(np.int8)
    X[rng.random(X.shape) < unknown] = np.nan
    return Dataset(
        inputs=X,
        input_names=NAMES[: len(WEIGHTS)],
        end_s=1e9 + 1e6 * session + 60.0 * np.tile(np.arange(1, rows + 1), count),
        session=session,
        target=target,
        exclusion=np.zeros(n, np.int8),
        event=np.full(n, -1),
        condition=np.full(n, ""),
        worn=np.ones(n, bool),
        sessions=tuple(
            Session(name=f"s{i}", person=f"p{i}", study="made", start_s=1e9 + 1e6 * i, end_s=1e9 + 1e6 * i + 60 * rows)
            for i in range(count)
        ),
        events=(),
        aim=aim or StateTarget(positive=("stress",), negative=("rest",)),
        window_s=60.0,
        step_s=60.0,
    )


def foretold(*, seed: int = 0) -> Dataset:
    """Return two people with an event every hour or so, to be foretold three minutes ahead."""
    made = people(count=2, rows=600, seed=seed, aim=ForecastTarget(events=("incident",), horizon_s=180.0))
    events = tuple(
        Event(session=s, what="incident", onset_s=at, end_s=at + 120.0)
        for s, session in enumerate(made.sessions)
        for at in np.arange(session.start_s + 3000.0, session.end_s - 3600.0, 4000.0).tolist()
    )
    return _with(made, events=events)


def _with(data: Dataset, **changed: object) -> Dataset:
    from dataclasses import replace

    return replace(data, **changed)  # type: ignore[arg-type]


@pytest.fixture
def make() -> Make:
    return people


@pytest.fixture
def forecast() -> Dataset:
    return foretold()
