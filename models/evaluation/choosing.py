"""Training rows and what a candidate says of them in, the alarm rule and threshold to judge it by out.

Never called with rows of people or sessions that are judged: what is chosen here goes with them as a ``Choice``. Best
are estimates of training rows by models that did not see them (an inner split); of its own a model is too sure.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.datasets.dataset import LEFT_OUT, POSITIVE, Array, Dataset
from models.errors import DatasetError, ModelError
from models.estimates import Estimates
from models.evaluation.alarm_rule import AlarmRule
from models.evaluation.alarms import raised, warned
from models.evaluation.discrimination import curve
from models.evaluation.events import Worth, foretold, worth
from models.evaluation.judgement import Choice
from models.evaluation.timeline import Timeline, timeline

LEVELS: Final = 64
"""Levels of ``enter`` that are tried, from the median of what was said to its highest 1 in 10,000, evenly in log share:
steps of 14 % in the time above it, finer than any rate can be known."""

RAREST: Final = 1e-4


def choose(
    training: Dataset,
    estimates: Estimates,
    *,
    rule: AlarmRule | None = None,
    false_alarms_per_hour: float | None = None,
    alarms_per_day: float | None = None,
) -> Choice:
    """Return what training rows say: ``enter`` for the wanted rate, threshold and prevalence.

    Asked for ``false_alarms_per_hour`` of valid wear, or ``alarms_per_day`` of wear (an alert budget), everybody's
    together, levels are allowed at which, as at every higher one, no more come; ``enter`` is the one of these that
    gains most over chance, or the lowest where there are no events to foretell. Where even the highest has more, it is
    1: only what is certain raises an alarm then. Asked for neither, ``enter`` is the threshold. All else is as in
    ``rule`` (default: the desk's), ``leave`` at its distance. ``threshold`` is that of best balanced accuracy (Youden
    1950, doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3), None where training has one class.

    Raises ModelError where both rates are asked for or one is no rate, DatasetError where no row has an estimate.
    """
    rule = AlarmRule() if rule is None else rule
    probability = np.asarray(estimates.probability, np.float64)
    if not np.isfinite(probability).any():
        raise DatasetError("choosing: no training row has an estimate: give it rows that the model can judge")
    line = timeline(training)
    threshold = best_threshold(training, probability)
    told = training.target != LEFT_OUT
    prevalence = float((training.target[told] == POSITIVE).mean()) if told.any() else None
    if false_alarms_per_hour is not None and alarms_per_day is not None:
        raise ModelError("choosing: false_alarms_per_hour or alarms_per_day, not both")
    if false_alarms_per_hour is not None or alarms_per_day is not None:
        enter = _level(training, line, probability, rule, false_alarms_per_hour, alarms_per_day)
    else:
        enter = rule.enter if threshold is None else max(threshold, np.nextafter(0.0, 1.0))
    return Choice(rule=rule.at(float(enter)), threshold=threshold, prevalence=prevalence)


def best_threshold(training: Dataset, probability: Array) -> float | None:
    """Return the threshold of best balanced accuracy (rows at or above it are positive), half way to the next
    probability below it; None with one class."""
    kept = (training.target != LEFT_OUT) & np.isfinite(probability)
    positive = training.target[kept] == POSITIVE
    if not positive.any() or positive.all():
        return None
    found, false, levels = curve(positive, probability[kept])
    best = int(np.argmax(found / found[-1] - false / false[-1]))
    below = levels[best + 1] if best + 1 < len(levels) else levels[best]
    return float((levels[best] + below) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """At each level of ``enter``, everybody together: ``false_per_hour`` of valid wear, ``per_day`` of wear, and
    ``gain``, event sensitivity minus time in warning (NaN without events to foretell)."""

    levels: Array
    false_per_hour: Array
    per_day: Array
    gain: Array


def rates(training: Dataset, line: Timeline, probability: Array, rule: AlarmRule, levels: Array) -> Rates:
    """Return what ``levels`` of ``enter`` make of training rows. Raises DatasetError without valid wear."""
    valid_h = float(line.hours(line.valid).sum())
    worn_h = float(line.hours(training.worn).sum())
    if not valid_h:
        raise DatasetError("choosing: training has no valid wear: a rate of alarms needs hours to stand on")
    false, every, gain = np.zeros(len(levels)), np.zeros(len(levels)), np.full(len(levels), np.nan)
    for i, level in enumerate(levels):
        alarms = raised(line, probability, rule.at(float(level)))
        false[i] = np.count_nonzero(worth(training, line, alarms) == Worth.FALSE) / valid_h
        every[i] = 24 * len(alarms.row) / worn_h
        told = foretold(training, line, alarms).foretold
        if len(told):
            gain[i] = told.mean() - warned(line, alarms)[line.valid].mean()
    return Rates(levels, false, every, gain)


def levels_of(probability: Array) -> Array:
    """Return the levels of ``enter`` worth trying, from the lowest up; the last is 1."""
    shares = np.geomspace(0.5, RAREST, LEVELS)
    said = np.quantile(probability[np.isfinite(probability)], 1 - shares)
    return np.unique(np.append(said[said > 0], 1.0))


def _level(
    training: Dataset,
    line: Timeline,
    probability: Array,
    rule: AlarmRule,
    false_alarms_per_hour: float | None,
    alarms_per_day: float | None,
) -> float:
    wanted = false_alarms_per_hour if false_alarms_per_hour is not None else alarms_per_day
    if wanted is None or not (np.isfinite(wanted) and wanted >= 0):
        raise ModelError(f"choosing: a rate of alarms is a finite number, 0 or more, not {wanted}")
    of = rates(training, line, probability, rule, levels_of(probability))
    too_many = np.flatnonzero((of.false_per_hour if false_alarms_per_hour is not None else of.per_day) > wanted)
    lowest = min(too_many[-1] + 1, len(of.levels) - 1) if len(too_many) else 0
    gain = of.gain[lowest:]
    return float(of.levels[lowest + (0 if np.isnan(gain).all() else int(np.argmax(gain)))])
