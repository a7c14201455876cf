"""Estimates of a cohort in, the figures that are reported out; and how it goes in exercise."""

from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np

from forecalm.studies.simulated import SETTLED
from models.datasets.dataset import LEFT_OUT, POSITIVE, Dataset
from models.estimates import Estimates
from models.evaluation.alarm_rule import AlarmRule
from models.evaluation.alarms import raised, warned
from models.evaluation.choosing import levels_of
from models.evaluation.events import Worth, foretold, worth
from models.evaluation.judgement import Choice, Judgement
from models.evaluation.judging import evaluate
from models.evaluation.timeline import timeline

BUDGET_PER_H: Final = 0.25  # one false alarm in 4 h of wear
MARGIN: Final = 0.85  # of the budget is spent where the threshold is chosen: others will have more
CLOSENESS: Final = (1.6, 3.5, 8.0)  # odds at which an alarm rises over those at which it settles; 3.5: the desk's
SETTLE_S: Final = 60.0  # half of the desk's: at 120 s rules seldom let go
EVERY: Final = 2  # of the levels of ``models.evaluation.choosing`` is tried
SEED: Final = 20240
FIGURES: Final = (
    "event_sensitivity",
    "lead_event_sensitivity",
    "false_alarms_per_4_hours",
    "time_in_warning",
    "improvement_over_chance",
    "lead_improvement_over_chance",
    "improvement_over_rate_matched",
    "improvement_over_moving_average",
    "lead_time_median_s",
    "lead_time_60_s_share",
    "alarm_precision",
    "coverage",
    "auroc",
    "auprc",
    "brier_skill_own",
    "calibration_slope",
    "ece",
)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: the mean over people of every figure with its confidence, and what is pooled."""

    figures: dict[str, dict[str, Any]]
    pooled: dict[str, float | None]
    by_person: dict[str, dict[str, float | None]]
    enter: float


def chosen(held: Dataset, said: Estimates) -> Choice:
    """Return the alarm rule with which people who are not judged would have gained most over chance, within the false
    alarms that are allowed. Sensitivity alone would choose an alarm that never ends, which is never false."""
    line = timeline(held)
    valid_h = float(line.hours(line.valid).sum())
    best, gain = AlarmRule(enter=1.0, leave=0.999), -np.inf
    levels = levels_of(said.probability)
    for enter, closeness in product(levels[levels < 1][::EVERY], CLOSENESS):
        odds = enter / (1 - enter) / closeness
        rule = AlarmRule(enter=float(enter), leave=float(odds / (1 + odds)), settle_s=SETTLE_S)
        alarms = raised(line, said.probability, rule)
        false = np.count_nonzero(worth(held, line, alarms) == Worth.FALSE)
        if false > MARGIN * BUDGET_PER_H * valid_h:
            continue
        found = foretold(held, line, alarms)
        over = float(found.foretold.mean() - warned(line, alarms)[line.valid].mean())
        if over > gain:
            best, gain = rule, over
    told = held.target != LEFT_OUT
    return Choice(rule=best, threshold=None, prevalence=float((held.target[told] == POSITIVE).mean()))


def over_chance(held: Dataset, said: Estimates, choice: Choice) -> dict[str, float]:
    """Return how a rule did where it was chosen: by this, and not by the test people, models are chosen."""
    line = timeline(held)
    alarms = raised(line, said.probability, choice.rule)
    found, valid_h = foretold(held, line, alarms), float(line.hours(line.valid).sum())
    warning = float(warned(line, alarms)[line.valid].mean())
    return {
        "sensitivity": float(found.foretold.mean()),
        "time_in_warning": warning,
        "false_alarms_per_4_hours": 4 * np.count_nonzero(worth(held, line, alarms) == Worth.FALSE) / valid_h,
    }


def line_of(moments: Dataset, said: Estimates, choice: Choice) -> Line:
    """Judge ``said`` by a choice that training people made."""
    judgement = evaluate(moments, said, choice, seed=SEED)
    return Line(
        figures={name: _spread(judgement, name) for name in FIGURES},
        pooled={
            name: judgement.pooled[name].value
            for name in (
                "event_sensitivity",
                "false_alarms_per_4_hours",
                "lead_time_median_s",
                "people_above_chance_01",
            )
            if name in judgement.pooled
        },
        by_person={
            each.person: {name: each.figures[name].value for name in (*FIGURES, "p_value")} for each in judgement.people
        },
        enter=choice.rule.enter,
    )


def _spread(judgement: Judgement, name: str) -> dict[str, Any]:
    of = judgement.over_people[name]
    return {"mean": of.mean, "low": of.low, "high": of.high, "sd": of.sd, "median": of.median, "n": of.n}


def in_exercise(moments: Dataset, said: Estimates, choice: Choice) -> dict[str, float]:
    """Return false alarms per 8 h of exercise (of these, how many in a build-up that settled by itself), the share of
    exercise with an estimate, and of events whose last moment to act lies in exercise the share foretold."""
    line = timeline(moments)
    exercise = moments.in_condition("exercise")
    anxious = moments.in_condition(SETTLED)
    alarms = raised(line, said.probability, choice.rule)
    value, found = worth(moments, line, alarms), foretold(moments, line, alarms)
    hours = float(line.hours(line.valid & exercise).sum())
    false = (value == Worth.FALSE) & exercise[alarms.row]
    mine = exercise[found.last]
    return {
        "hours": hours,
        "false_alarms": float(false.sum()),
        "false_alarms_per_8_h": 8 * float(false.sum()) / hours,
        "in_a_settled_build_up": float((false & anxious[alarms.row]).sum()),
        "coverage": float(np.isfinite(said.probability[line.valid & exercise]).mean()),
        "events": float(mine.sum()),
        "sensitivity": float(found.foretold[mine].mean()) if mine.any() else float("nan"),
        "sensitivity_elsewhere": float(found.foretold[~mine].mean()) if (~mine).any() else float("nan"),
    }
