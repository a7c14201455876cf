"""What labels say of moments in, how a candidate does in each of these conditions out: negative controls."""

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import BETWEEN, Array, Dataset
from models.evaluation.chance import per_person, ratio
from models.evaluation.event_figures import NO_EVENTS, NO_WEAR, Course, share
from models.evaluation.events import Worth
from models.evaluation.judgement import Condition
from models.evaluation.people import spread


def conditions(
    moments: Dataset, of: Course, probability: Array, weights: Array, *, replicates: int, seed: int
) -> tuple[Condition, ...]:
    """Return every condition that worn moments are in, sorted by name; people are drawn by ``weights`` (B, P).

    An alarm belongs to the condition of the moment it begins in, an event to that of the last moment of valid wear
    before it must be acted upon.
    """
    out = []
    for name, rows in _moments_of(moments.condition):
        if (rows & of.worn).any():
            out.append(_condition(moments, of, probability, weights, name, rows, replicates=replicates, seed=seed))
    return tuple(out)


def _moments_of(condition: NDArray[np.str_]) -> list[tuple[str, NDArray[np.bool_]]]:
    head = np.flatnonzero(np.concatenate([[True], condition[1:] != condition[:-1]]))
    told, of_run = np.unique(condition[head], return_inverse=True)
    of_row = np.repeat(of_run, np.diff(np.append(head, len(condition))))
    words = [each.split(BETWEEN) for each in told.tolist()]
    return [(word, np.array([word in each for each in words], np.bool_)[of_row]) for word in sorted(set(chain(*words)))]


def _condition(
    moments: Dataset,
    of: Course,
    probability: Array,
    weights: Array,
    name: str,
    rows: NDArray[np.bool_],
    *,
    replicates: int,
    seed: int,
) -> Condition:
    line, found = of.line, of.outcomes
    valid = rows & line.valid
    hours, worn = line.hours(valid), line.hours(rows & of.worn)
    begun = rows[of.alarms.row]
    false = begun & (of.worth == Worth.FALSE)
    false_of = np.bincount(line.person[of.alarms.session[false]], minlength=len(line.people)).astype(float)
    mine = rows[found.last] if len(found.last) else np.zeros(0, np.bool_)
    told = per_person(line, found, found.foretold & mine)
    events = per_person(line, found, mine)
    seen = rows & of.worn & of.seen
    sums = line.per_person(np.add.reduceat(np.where(seen, probability, 0.0), line.bounds[:-1]))
    mean = ratio(sums * line.step_s / 3600, line.hours(seen))
    return Condition(
        condition=name,
        people=int((worn > 0).sum()),
        worn_h=float(worn.sum()),
        valid_h=float(hours.sum()),
        coverage=share(line.hours(seen), worn, weights, float((rows & of.worn).sum()), NO_WEAR),
        alarms=int(begun.sum()),
        false_alarms=int(false.sum()),
        false_alarms_per_hour=share(false_of, hours, weights, float(false.sum()), NO_WEAR),
        mean_probability=spread(mean, replicates=replicates, seed=seed, why="no estimate in this condition"),
        event_sensitivity=share(told, events, weights, float(events.sum()), NO_EVENTS),
    )
