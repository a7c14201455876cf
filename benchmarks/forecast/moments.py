"""Lives in, a data set of moments out: what models read, the true state beside it, and what is to be foretold.

The rows are those that ``models.datasets`` makes of the same recordings; here they are made of features that were kept,
so that the same weeks can be looked at again and again.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.forecast.lives import Array, Life, lived
from forecalm.studies.simulated import BUILD_UP, INCIDENT, SETTLED, Cohort, truth_of
from ingest.labels import Label
from models.datasets.dataset import TRUTH, Dataset, Exclusion
from models.datasets.events import events_of, happenings_of
from models.datasets.target import ForecastTarget
from models.datasets.targets import condition_of, tell_forecast
from models.inputs.inputs import NAMES, VERSION, Inputs

STEP_S: Final = 5  # an alarm's hold is 20 s
WINDOW_S: Final = 60.0
AIM: Final = ForecastTarget(events=(INCIDENT,))
TRUE_STATE: Final = ("arousal", "arousal_1_min", "arousal_3_min", "arousal_10_min", "effort", "in_build_up_s")
UNSEEN: Final = "oracle: "  # before the names of what no model may read


def moments(whole: Cohort, folder: Path, *, numbers: Sequence[int] | None = None, step_s: int = STEP_S) -> Dataset:
    """Return the moments of these wearers (default: all), with the true state as further inputs."""
    parts = []
    for number in numbers or range(1, whole.wearers + 1):
        parts.append(_of_person(lived(whole, folder, number), step_s))
    return joined(parts)


def joined(parts: Sequence[Dataset]) -> Dataset:
    """Return the moments of several data sets of the same inputs and aim as one."""
    sessions = np.cumsum([0, *(len(part.sessions) for part in parts)])
    events = np.cumsum([0, *(len(part.events) for part in parts)])
    first = parts[0]
    return Dataset(
        inputs=np.concatenate([part.inputs for part in parts]),
        input_names=first.input_names,
        end_s=np.concatenate([part.end_s for part in parts]),
        session=np.concatenate([part.session + at for part, at in zip(parts, sessions, strict=False)]),
        target=np.concatenate([part.target for part in parts]),
        exclusion=np.concatenate([part.exclusion for part in parts]),
        event=np.concatenate(
            [np.where(part.event >= 0, part.event + at, -1) for part, at in zip(parts, events, strict=False)]
        ),
        condition=np.concatenate([part.condition for part in parts]),
        worn=np.concatenate([part.worn for part in parts]),
        sessions=tuple(each for part in parts for each in part.sessions),
        events=tuple(
            replace(each, session=each.session + int(at))
            for part, at in zip(parts, sessions, strict=False)
            for each in part.events
        ),
        aim=first.aim,
        window_s=first.window_s,
        step_s=first.step_s,
        scores={name: np.concatenate([part.scores[name] for part in parts]) for name in first.scores},
        made_by=first.made_by,
    )


def seen(whole: Dataset) -> list[int]:
    """Return the columns that a model may read."""
    return [i for i, name in enumerate(whole.input_names) if not name.startswith(UNSEEN)]


def unseen(whole: Dataset) -> list[int]:
    """Return the columns of the true state."""
    return [i for i, name in enumerate(whole.input_names) if name.startswith(UNSEEN)]


def _of_person(life: Life, step_s: int) -> Dataset:
    labels = [label for day in life.labels for label in day]
    happenings = happenings_of(AIM, labels)
    pairs = events_of(AIM, happenings, life.sessions, range(len(life.sessions)))
    index = {number: i for i, (number, _) in enumerate(pairs)}
    seconds = life.arousal.shape[1]
    at = np.arange(step_s, seconds + 1, step_s) - 1
    columns: dict[str, list[Any]] = {
        name: [] for name in ("inputs", "end_s", "session", "target", "exclusion", "event", "condition", "worn", "said")
    }
    reader = Inputs(rows=1)
    truth: dict[str, list[Array]] = {}
    for day, session in enumerate(life.sessions):
        reader.begin_anew()  # what is usual of the person stays, as it does live
        read = reader.push(life.features[day][None].astype(np.float64))[0][at]
        for name, values in truth_of(life.arousal[day], life.effort[day]).items():
            truth.setdefault(TRUTH + name, []).append(values[at])
        end_s = session.start_s + at + 1.0
        own = [number for number, event in pairs if event.session == day]
        told = tell_forecast(AIM, labels, happenings, own, session, end_s, window_s=WINDOW_S)
        worn = life.worn[day].reshape(-1, step_s).any(axis=1)
        exclusion, target, event = told.exclusion.copy(), told.target.copy(), told.event.copy()
        off = ~worn & (exclusion == Exclusion.NONE)
        exclusion[off], target[off], event[off] = Exclusion.NOT_WORN, -1, -1
        columns["inputs"].append(np.column_stack([read, _truth(life, day, at)]))
        columns["end_s"].append(end_s)
        columns["session"].append(np.full(at.size, day, np.intp))
        columns["target"].append(target)
        columns["exclusion"].append(exclusion)
        columns["event"].append(np.array([index.get(i, -1) for i in event.tolist()], np.intp))
        columns["condition"].append(condition_of(labels, end_s))
        columns["worn"].append(worn)
        columns["said"].append(life.detector[day][at])
    whole: dict[str, Any] = {name: np.concatenate(parts) for name, parts in columns.items()}
    said = whole.pop("said")
    return Dataset(
        **whole,
        input_names=(*NAMES, *(UNSEEN + name for name in TRUE_STATE)),
        sessions=life.sessions,
        events=tuple(event for _, event in pairs),
        aim=AIM,
        window_s=WINDOW_S,
        step_s=float(step_s),
        scores={"arousal": said, **{name: np.concatenate(parts) for name, parts in truth.items()}},
        made_by={"inputs": str(VERSION)},
    )


def _truth(life: Life, day: int, at: np.ndarray) -> Array:
    """The state that no model sees: arousal now and fading means of it, effort, and for how long a build-up of either
    kind has been going on [s], 0 outside: how it will end is not in it."""
    since = np.zeros(life.arousal.shape[1])
    start_s = life.sessions[day].start_s
    for label in life.labels[day]:
        if label.what in (BUILD_UP, SETTLED):
            a, b = _rising(label, start_s)
            since[a:b] = np.maximum(since[a:b], np.arange(1, b - a + 1))
    known = truth_of(life.arousal[day], life.effort[day])
    state: Array = np.column_stack([*known.values(), since])[at]
    return state


def _rising(label: Label, start_s: float) -> tuple[int, int]:
    return int(label.start_s - start_s), int(label.end_s - start_s)
