"""Invented data sets: who, which sessions, how many rows; inputs are noise, or what a test plants."""

import numpy as np

from models.datasets.dataset import Dataset, Session
from models.datasets.target import StateTarget, Target

STATE = StateTarget(positive=("stress",), negative=("rest",))
HOUR_S = 3600.0


def made(
    sessions: list[tuple[str, str, float, int]],
    *,
    aim: Target = STATE,
    study: dict[str, str] | None = None,
    step_s: float = 5.0,
    window_s: float = 60.0,
    width: int = 6,
    seed: int = 0,
) -> Dataset:
    """Sessions as (name, person, start in hours, rows); every third row of a session is positive."""
    who = tuple(
        Session(
            name=name,
            person=person,
            study=(study or {}).get(person, "one"),
            start_s=start * HOUR_S,
            end_s=start * HOUR_S + window_s + rows * step_s,
            digest=name,
        )
        for name, person, start, rows in sessions
    )
    counts = [rows for *_, rows in sessions]
    n = sum(counts)
    session = np.repeat(np.arange(len(who)), counts)
    end_s = np.concatenate(
        [each.start_s + window_s + np.arange(rows) * step_s for each, rows in zip(who, counts, strict=True)]
    )
    target = (np.concatenate([np.arange(rows) % 3 == 0 for rows in counts])).astype(np.int8)
    inputs = np.concatenate(
        [
            np.random.default_rng([seed, *each.name.encode()]).normal(size=(rows, width))
            for each, rows in zip(who, counts, strict=True)
        ]
    )
    return Dataset(
        inputs=inputs,
        input_names=tuple(f"x{i}" for i in range(width)),
        end_s=end_s,
        session=session,
        target=target,
        exclusion=np.zeros(n, np.int8),
        event=np.full(n, -1, np.intp),
        condition=np.full(n, "", "U8"),
        worn=np.ones(n, bool),
        sessions=who,
        events=(),
        aim=aim,
        window_s=window_s,
        step_s=step_s,
    )
