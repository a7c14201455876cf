"""Invented people for whole experiments: an input that rises in a state or before an event, and noise."""

from dataclasses import replace

import numpy as np

from models.datasets.dataset import Dataset, Event, Exclusion, Session
from models.datasets.target import ForecastTarget, StateTarget, Target

STEP_S = 5.0
WINDOW_S = 60.0


def state(people: int = 6, *, rows: int = 120, sessions: int = 1, seed: int = 0, study: str = "lab") -> Dataset:
    """Stress in the second and fourth quarter of each session; ``x`` tells it, ``motion_y`` and ``z`` do not."""
    random = np.random.default_rng(seed)
    quarter = np.arange(rows) * 4 // rows
    target = np.tile(np.isin(quarter, (1, 3)).astype(np.int8), people * sessions)
    who = tuple(
        Session(
            name=f"{study}-{p}-{s}",
            person=f"{study}-{p}",
            study=study,
            start_s=86_400.0 * s,
            end_s=86_400.0 * s + WINDOW_S + rows * STEP_S,
            digest=f"{study}-{p}-{s}",
        )
        for p in range(people)
        for s in range(sessions)
    )
    n = rows * len(who)
    inputs = random.normal(size=(n, 3))
    inputs[:, 0] += 1.5 * target
    return Dataset(
        inputs=inputs,
        input_names=("x", "motion_y", "z"),
        end_s=np.concatenate([each.start_s + WINDOW_S + STEP_S * np.arange(rows) for each in who]),
        session=np.repeat(np.arange(len(who)), rows),
        target=target,
        exclusion=np.zeros(n, np.int8),
        event=np.full(n, -1, np.intp),
        condition=np.where(target == 1, "stress", "rest"),
        worn=np.ones(n, bool),
        sessions=who,
        events=(),
        aim=StateTarget(positive=("stress",), negative=("rest",)),
        window_s=WINDOW_S,
        step_s=STEP_S,
        scores={"arousal": inputs[:, 0] * 0.5 - 1},
    )


def forecast(people: int = 4, *, rows: int = 600, sessions: int = 1, seed: int = 0) -> Dataset:
    """Two events a session, for two minutes before which ``x`` is high."""
    flat = state(people, rows=rows, sessions=sessions, seed=seed, study="home")
    aim: Target = ForecastTarget(events=("incident",), horizon_s=120, latency_s=10, refractory_s=30)
    inputs = np.random.default_rng(seed).normal(size=flat.inputs.shape)
    target, exclusion = np.zeros(len(inputs), np.int8), np.zeros(len(inputs), np.int8)
    event, events = np.full(len(inputs), -1, np.intp), []
    for i, each in enumerate(flat.sessions):
        for share in (0.3, 0.75):
            onset_s = round(each.start_s + share * rows * STEP_S + 37 * (i % 3))
            mine = flat.session == i
            ahead = onset_s - flat.end_s
            positive = mine & (ahead > 10) & (ahead <= 130)
            during = mine & (ahead <= 10) & (flat.end_s <= onset_s + 60)
            after = mine & (flat.end_s > onset_s + 60) & (flat.end_s <= onset_s + 90)
            target[positive], event[positive] = 1, len(events)
            target[during | after] = -1
            exclusion[during], exclusion[after] = Exclusion.DURING, Exclusion.REFRACTORY
            inputs[positive, 0] += 2.5
            events.append(Event(session=i, what="incident", onset_s=onset_s, end_s=onset_s + 60.0))
    condition = np.where(np.arange(len(inputs)) % 50 < 5, "exercise", "")
    return replace(
        flat,
        inputs=inputs,
        target=target,
        exclusion=exclusion,
        event=event,
        events=tuple(events),
        aim=aim,
        condition=condition,
        scores={"arousal": inputs[:, 0] * 0.5 - 1},
    )
