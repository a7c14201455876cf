"""Data sets and estimates made up for tests: people, sessions and events as asked for, rows every ``step_s``."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Dataset, Event, Exclusion, Session
from models.datasets.target import ForecastTarget
from models.estimates import Estimates

AIM = ForecastTarget(events=("incident",), horizon_s=180.0, latency_s=15.0, refractory_s=60.0)
START_S = 1_700_000_000.0


def estimates(probability: NDArray[np.float64]) -> Estimates:
    n = len(probability)
    unknown = np.full(n, np.nan)
    return Estimates(
        probability=np.asarray(probability, float),
        low=unknown,
        high=unknown,
        abstention=np.isnan(probability).astype(np.int8),
        drivers=np.zeros((n, 0)),
        driver_names=(),
    )


def recorded(
    onsets: Sequence[Sequence[float]],
    *,
    seconds: float = 3600.0,
    step_s: float = 5.0,
    people: Sequence[str] | None = None,
    lasts_s: float = 60.0,
    uncertainty_s: float = 0.0,
    aim: ForecastTarget = AIM,
) -> Dataset:
    """One session per list of onsets [s since its start]; session i belongs to ``people[i]`` (default: one each)."""
    n = round(seconds / step_s)
    since = step_s * np.arange(1, n + 1)
    names = people or [f"p{i}" for i in range(len(onsets))]
    sessions, events = [], []
    target, exclusion = np.zeros((len(onsets), n), np.int8), np.zeros((len(onsets), n), np.int8)
    event = np.full((len(onsets), n), -1, np.intp)
    for s, starts in enumerate(onsets):
        at = START_S + 100_000.0 * s
        sessions.append(Session(name=f"s{s}", person=names[s], study="made", start_s=at, end_s=at + seconds))
        last = -np.inf
        for onset in sorted(starts):
            act, over = onset - aim.latency_s, onset + lasts_s
            positive = (since >= act - aim.horizon_s) & (since < act) & (exclusion[s] == 0)
            target[s][positive], event[s][positive] = 1, len(events)
            for rows, why in (
                ((since >= act) & (since < over), Exclusion.DURING),
                ((since >= over) & (since < over + aim.refractory_s), Exclusion.REFRACTORY),
            ):
                target[s][rows], exclusion[s][rows], event[s][rows] = -1, why, -1
            events.append(
                Event(
                    session=s,
                    what="incident",
                    onset_s=at + onset,
                    end_s=at + over,
                    uncertainty_s=uncertainty_s,
                    lead=onset - last >= aim.lead_s,
                )
            )
            last = over
    starts_s = np.array([each.start_s for each in sessions])
    return Dataset(
        inputs=np.zeros((len(onsets) * n, 0)),
        input_names=(),
        end_s=(starts_s[:, None] + since).ravel(),
        session=np.repeat(np.arange(len(onsets)), n),
        target=target.ravel(),
        exclusion=exclusion.ravel(),
        event=event.ravel(),
        condition=np.full(len(onsets) * n, "", dtype="<U16"),
        worn=np.ones(len(onsets) * n, np.bool_),
        sessions=tuple(sessions),
        events=tuple(events),
        aim=aim,
        window_s=60.0,
        step_s=step_s,
    )


def standing(moments: Dataset, *spans: tuple[int, float, float], high: float = 0.9) -> NDArray[np.float64]:
    """Probabilities that are ``high`` in rows of a session whose end lies in (from, to] [s since its start]."""
    probability = np.full(len(moments.end_s), 0.05)
    for session, first, last in spans:
        since = moments.since_s
        probability[(moments.session == session) & (since > first) & (since <= last)] = high
    return probability


def cohort(
    *, people: int, sessions: int = 2, seconds: float = 7200.0, skill: float = 1.5, seed: int = 0, step_s: float = 5.0
) -> tuple[Dataset, NDArray[np.float64]]:
    """People with two incidents a session, and probabilities that rise by ``skill`` (log-odds) before them."""
    random = np.random.default_rng(seed)
    onsets = [
        [seconds * random.uniform(0.15, 0.4), seconds * random.uniform(0.6, 0.9)] for _ in range(people * sessions)
    ]
    moments = recorded(
        onsets, seconds=seconds, step_s=step_s, people=[f"p{i // sessions:02d}" for i in range(people * sessions)]
    )
    z = np.empty(len(moments.end_s))
    level = 0.0
    for i, noise in enumerate(random.normal(size=len(z))):
        level = 0.95 * level + 0.31 * noise
        z[i] = level
    return moments, 1 / (1 + np.exp(2.5 - z - skill * (moments.target == 1)))
