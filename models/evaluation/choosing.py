"""Training rows and what a candidate says of them in, the alarm rule and threshold to judge it by out.

Never called with rows of people or sessions that are judged: what is chosen here goes with them as a ``Choice``. Best
are estimates of training rows by models that did not see them (an inner split); of its own a model is too sure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import msgspec
import numpy as np

from models.datasets.dataset import LEFT_OUT, POSITIVE, Array, Dataset
from models.errors import DatasetError, ModelError
from models.estimates import Estimates
from models.evaluation.alarm_rule import HOLD_S, SETTLE_S, AlarmRule
from models.evaluation.alarms import raised, reach
from models.evaluation.discrimination import curve
from models.evaluation.events import Worth, foretold, worth
from models.evaluation.judgement import Choice
from models.evaluation.timeline import Timeline, timeline

LEVELS: Final = 64
"""Levels of ``enter`` that are tried, from the median of what was said to its highest 1 in 10,000, evenly in log share:
steps of 14 % in the time above it, finer than any rate can be known."""

COARSE: Final = 4
"""One in so many levels is tried with every shape; then all of them with the ``FINER`` shapes that did best."""

FINER: Final = 3

RAREST: Final = 1e-4
SPENT: Final = 0.85
"""Of a rate is used up where it is chosen: on other people a rule has more false alarms than where it did best."""

WARNING_MAX: Final = 0.25
"""Of valid wear an alarm may stand in or have just stood in, at most. A warning that is on for more than a quarter of
the day tells a carer nothing that they do not know, however few times it began."""

NOT_KEPT: Final = (
    "no alarm rule keeps to {rate:g} {what} and {most:.0%} of the time in warning: with what is certain alone there are"
    " {found:.3g}, and {warned:.0%}"
)
SILENT: Final = (
    "within the limits no alarm rule gains anything over chance: this one raised no alarm at all in training"
)


@dataclass(frozen=True, slots=True)
class Shapes:
    """What else of a rule is tried: the odds of ``enter`` over those of ``leave``, and ``hold_s`` and ``settle_s``.

    The desk's odds are 3.5, made for a detector that says about a half; where events are rare, estimates that rise to
    2 in 10 and fall to 1 in 10 never come so far down, and an alarm that has begun never ends. Holds are never shorter
    than the desk's, which no artefact can fill; a minute's calm is one window of the slowest features.
    """

    closeness: tuple[float, ...] = (3.5, 1.6, 1.2)
    hold_s: tuple[float, ...] = (HOLD_S, 2 * HOLD_S)
    settle_s: tuple[float, ...] = (SETTLE_S, SETTLE_S / 2)

    def rules(self, rule: AlarmRule) -> list[AlarmRule]:
        """Return ``rule`` in each shape, at an even chance."""
        return [
            msgspec.structs.replace(rule, enter=0.5, leave=1 / (1 + closeness), hold_s=hold_s, settle_s=settle_s)
            for closeness, hold_s, settle_s in product(self.closeness, self.hold_s, self.settle_s)
        ]


def choose(
    training: Dataset,
    estimates: Estimates,
    *,
    rule: AlarmRule | None = None,
    shapes: Shapes | None = None,
    false_alarms_per_hour: float | None = None,
    alarms_per_day: float | None = None,
    time_in_warning: float = WARNING_MAX,
) -> Choice:
    """Return what training rows say: the rule for the wanted rate, threshold and prevalence.

    Asked for ``false_alarms_per_hour`` of valid wear, or ``alarms_per_day`` of wear (an alert budget), everybody's
    together, it is the rule that gains most over chance (share of events foretold less the share of their sessions'
    valid wear in warning) among those that keep to ``SPENT`` of the rate at this and every higher level of ``enter``,
    and are, of a forecast, in warning for no more than ``time_in_warning`` of valid wear. Levels are tried with each of
    ``shapes``, or with ``leave`` at its distance as in ``rule`` alone where one is given without them. Without events
    to foretell it is the lowest level of ``rule`` (default: the desk's). Where no rule keeps to it, ``enter`` is 1, so
    that only what is certain raises an alarm, and ``Choice.note`` says what that comes to.

    Asked for neither rate, ``enter`` is the threshold, all else as in ``rule``. ``threshold`` is that of best balanced
    accuracy (Youden 1950, doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3), None where training has
    one class.

    Raises ModelError where both rates are asked for or one is no rate, DatasetError where no row has an estimate.
    """
    tried = Shapes() if rule is None and shapes is None else shapes
    rule = AlarmRule() if rule is None else rule
    probability = np.asarray(estimates.probability, np.float64)
    if not np.isfinite(probability).any():
        raise DatasetError("choosing: no training row has an estimate: give it rows that the model can judge")
    threshold = best_threshold(training, probability)
    told = training.target != LEFT_OUT
    prevalence = float((training.target[told] == POSITIVE).mean()) if told.any() else None
    if false_alarms_per_hour is not None and alarms_per_day is not None:
        raise ModelError("choosing: false_alarms_per_hour or alarms_per_day, not both")
    if false_alarms_per_hour is None and alarms_per_day is None:
        enter = rule.enter if threshold is None else max(threshold, np.nextafter(0.0, 1.0))
        return Choice(rule=rule.at(float(enter)), threshold=threshold, prevalence=prevalence)
    limits = _Limits.of(false_alarms_per_hour, alarms_per_day, time_in_warning)
    best, note = _searched(training, probability, rule, tried, limits)
    return Choice(rule=best, threshold=threshold, prevalence=prevalence, note=note)


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
    """Of each rule, everybody together: ``false_per_hour`` of valid wear, ``per_day`` of wear, the share of valid wear
    ``in_warning``, and ``gain``, event sensitivity less its chance (NaN without events to foretell)."""

    rules: tuple[AlarmRule, ...]
    false_per_hour: Array
    per_day: Array
    in_warning: Array
    gain: Array


def rates(training: Dataset, line: Timeline, probability: Array, rules: Sequence[AlarmRule]) -> Rates:
    """Return what ``rules`` make of training rows. Raises DatasetError without valid wear."""
    valid_h = float(line.hours(line.valid).sum())
    worn_h = float(line.hours(training.worn).sum())
    if not valid_h:
        raise DatasetError("choosing: training has no valid wear: a rate of alarms needs hours to stand on")
    valid = np.diff(line.before[line.bounds]).astype(np.float64)
    false, every, warning, gain = np.zeros((4, len(rules)))
    for i, rule in enumerate(rules):
        alarms = raised(line, probability, rule)
        false[i] = np.count_nonzero(worth(training, line, alarms) == Worth.FALSE) / valid_h
        every[i] = 24 * len(alarms.row) / worn_h
        first, stop = reach(line, alarms, line.horizon_s)
        first = np.maximum(first, np.concatenate([[0], stop[:-1]]))  # warnings that follow closely are one
        warned = np.bincount(alarms.session, line.before[stop] - line.before[first], minlength=len(valid))
        warning[i] = warned.sum() / valid.sum()
        found = foretold(training, line, alarms)
        by_chance = warned[found.session] / valid[found.session]
        gain[i] = float((found.foretold - by_chance).mean()) if len(by_chance) else np.nan
    return Rates(tuple(rules), false, every, warning, gain)


def levels_of(probability: Array) -> Array:
    """Return the levels of ``enter`` worth trying, from the lowest up; the last is 1."""
    shares = np.geomspace(0.5, RAREST, LEVELS)
    said = np.quantile(probability[np.isfinite(probability)], 1 - shares)
    return np.unique(np.append(said[said > 0], 1.0))


@dataclass(frozen=True, slots=True)
class _Limits:
    """At most ``rate``, of false alarms an hour or (``per_day``) of alarms a day, and ``in_warning``."""

    rate: float
    per_day: bool
    in_warning: float

    @classmethod
    def of(cls, false_alarms_per_hour: float | None, alarms_per_day: float | None, in_warning: float) -> "_Limits":
        wanted = false_alarms_per_hour if false_alarms_per_hour is not None else alarms_per_day
        if wanted is None or not (np.isfinite(wanted) and wanted >= 0):
            raise ModelError(f"choosing: a rate of alarms is a finite number, 0 or more, not {wanted}")
        if not 0 < in_warning <= 1:
            raise ModelError(f"choosing: time_in_warning is a share above 0 and up to 1, not {in_warning}")
        return cls(wanted, alarms_per_day is not None, in_warning)

    def rate_of(self, of: Rates) -> Array:
        """The rates that ``rate`` limits."""
        return of.per_day if self.per_day else of.false_per_hour

    def kept(self, of: Rates) -> Array:
        """Of the rates of rising levels: whether the rate is kept to at each and all above it, and the time at it."""
        within = np.logical_and.accumulate((self.rate_of(of) <= SPENT * self.rate)[::-1])[::-1]
        return np.asarray(within & (of.in_warning <= self.in_warning))


def _searched(
    training: Dataset, probability: Array, rule: AlarmRule, shapes: Shapes | None, limits: _Limits
) -> tuple[AlarmRule, str]:
    """Return the best rule, and a note where it keeps to no limit."""
    line, levels = timeline(training), levels_of(probability)
    bases = [rule] if shapes is None else shapes.rules(rule)
    if not len(foretold(training, line, raised(line, probability, rule)).event):  # no shape is better than another
        bases = [rule]
    if not line.horizon_s:  # of a state an alarm stands while it is so, which may be always
        limits = replace(limits, in_warning=1.0)

    def tried(base: AlarmRule, some: Array) -> Rates:
        return rates(training, line, probability, [base.at(float(level)) for level in some])

    if len(bases) > FINER:
        coarse = levels[(len(levels) - 1) % COARSE :: COARSE]  # 1 is among them
        bases = sorted(bases, key=lambda base: _value(tried(base, coarse), limits), reverse=True)[:FINER]
    of = max((tried(base, levels) for base in bases), key=lambda each: _value(each, limits))
    allowed = np.flatnonzero(limits.kept(of))
    if not allowed.size:
        return of.rules[-1], NOT_KEPT.format(
            rate=limits.rate,
            what="alarms a day" if limits.per_day else "false alarms an hour",
            most=limits.in_warning,
            found=limits.rate_of(of)[-1],
            warned=of.in_warning[-1],
        )
    gain = of.gain[allowed]
    best = int(allowed[0 if np.isnan(gain).all() else int(np.argmax(gain))])
    return of.rules[best], "" if of.per_day[best] else SILENT


def _value(of: Rates, limits: _Limits) -> tuple[bool, float]:
    """How good a shape is: its best gain within the limits; where there is none, how few alarms it comes to at 1."""
    kept = limits.kept(of)
    if kept.any():
        return True, float(np.nan_to_num(of.gain[kept]).max())
    return False, -float(limits.rate_of(of)[-1])
