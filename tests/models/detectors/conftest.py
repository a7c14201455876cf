"""Invented data sets for detectors: people, sessions, events that set off each other, and nothing measured."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from models.datasets.dataset import LEFT_OUT, NEGATIVE, POSITIVE, Dataset, Event, Exclusion, Session
from models.datasets.target import ForecastTarget

STEP_S, HORIZON_S, LATENCY_S = 10.0, 180.0, 15.0
Made = Callable[..., Dataset]


def cascade(
    rng: np.random.Generator, *, rate_per_s: float, branching: float, memory_s: float, end_s: float
) -> NDArray[np.float64]:
    """Onsets of a Hawkes process on [0, end_s), each immigrant with its offspring."""
    onsets: list[float] = []
    waiting = list(rng.uniform(0, end_s, rng.poisson(rate_per_s * end_s)))
    while waiting:
        at = waiting.pop()
        if at < end_s:
            onsets.append(at)
            waiting += list(at + rng.exponential(memory_s, rng.poisson(branching)))
    return np.sort(np.array(onsets))


def data_of(onsets: dict[str, list[NDArray[np.float64]]], *, session_s: float, lasting_s: float = 0.0) -> Dataset:
    """A data set whose people had events at ``onsets`` [s since the begin of each session], a day between sessions."""
    sessions, events, parts = [], [], []
    for person, each in onsets.items():
        for number, since in enumerate(each):
            start = 1e9 + number * 86_400.0
            sessions.append(
                Session(name=f"{person}-{number}", person=person, study="s", start_s=start, end_s=start + session_s)
            )
            for onset in since:
                events.append(
                    Event(
                        session=len(sessions) - 1,
                        what="incident",
                        onset_s=start + onset,
                        end_s=start + onset + lasting_s,
                    )
                )
            end_s = start + np.arange(60.0, session_s, STEP_S)
            target = np.full(len(end_s), NEGATIVE, np.int8)
            for onset in start + since:
                target[(end_s >= onset - LATENCY_S - HORIZON_S) & (end_s < onset - LATENCY_S)] = POSITIVE
            for onset in start + since:
                target[(end_s >= onset - LATENCY_S) & (end_s <= onset + lasting_s)] = LEFT_OUT
            parts.append((end_s, np.full(len(end_s), len(sessions) - 1, np.intp), target))
    end_s, session, target = (np.concatenate(each) for each in zip(*parts, strict=True))
    n = len(end_s)
    return Dataset(
        inputs=np.full((n, 1), np.nan),
        input_names=("nothing",),
        end_s=end_s,
        session=session,
        target=target,
        exclusion=np.where(target == LEFT_OUT, Exclusion.DURING, Exclusion.NONE).astype(np.int8),
        event=np.full(n, -1, np.intp),
        condition=np.full(n, "", "U1"),
        worn=np.ones(n, np.bool_),
        sessions=tuple(sessions),
        events=tuple(events),
        aim=ForecastTarget(events=("incident",), horizon_s=HORIZON_S, latency_s=LATENCY_S),
        window_s=60.0,
        step_s=STEP_S,
        scores={"arousal": np.random.default_rng(5).normal(-3, 1, n) + 1.5 * (target == POSITIVE)},
    )


@pytest.fixture(scope="session")
def cohort() -> Dataset:
    """Eight people with three sessions of an hour and a half each; every event sets off half another within minutes."""
    rng = np.random.default_rng(3)
    rates = rng.gamma(3.0, 1 / 3.0, 8) / 1800
    return data_of(
        {
            f"p{i}": [cascade(rng, rate_per_s=rate, branching=0.5, memory_s=300, end_s=5400) for _ in range(3)]
            for i, rate in enumerate(rates)
        },
        session_s=5400,
        lasting_s=20.0,
    )
