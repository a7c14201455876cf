"""The values that an evaluation is made of: frozen, and as they go into JSON."""

from typing import Final, Literal

import msgspec

from ingest.notice import NOTICE
from models.evaluation.alarm_rule import AlarmRule
from models.evaluation.people import Figure, Spread

VERSION: Final = 2
"""Of the definitions below; goes up when a figure changes its meaning, so that two files are not mixed up."""


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was chosen without the people it is judged on: the alarm rule; the ``threshold`` of single moments (for
    balanced accuracy; None: not judged); the ``prevalence`` of positives in training (None: no skill against it);
    ``note``: what was wanted and could not be had."""

    rule: AlarmRule = AlarmRule()
    threshold: float | None = None
    prevalence: float | None = None
    note: str = ""


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure is: its ``unit`` ("" for a share or an index), what is ``better``, what its ``n`` counts and what
    it ``says``. docs/evaluation.md has sources."""

    unit: str
    better: Literal["more", "less", "one", "zero", "neither"]
    n_of: str
    says: str


def _of(n_of: str, better: Literal["more", "less", "one", "zero", "neither"], says: str, unit: str = "") -> Definition:
    return Definition(unit=unit, better=better, n_of=n_of, says=says)


FIGURES: Final[dict[str, Definition]] = {
    "event_sensitivity": _of("events", "more", "share of events foretold: an alarm began or stood in their window"),
    "lead_event_sensitivity": _of("lead events", "more", "the same of events not set off by one just before"),
    "begun_sensitivity": _of("events", "more", "share of events in whose window an alarm began"),
    "false_alarms_per_hour": _of("false alarms", "less", "false alarms per hour of valid wear", "1/h"),
    "false_alarms_per_4_hours": _of("false alarms", "less", "false alarms per 4 hours of valid wear", "1/(4 h)"),
    "false_alarms_per_8_hours": _of("false alarms", "less", "false alarms per 8 hours of valid wear", "1/(8 h)"),
    "false_alarms_per_seen_hour": _of("false alarms", "less", "false alarms per hour with an estimate", "1/h"),
    "alarms_per_day": _of("alarms", "neither", "alarms of every kind per 24 hours of wear", "1/d"),
    "alarm_precision": _of("true and false alarms", "more", "share of alarms that foretold an event"),
    "time_in_warning": _of("rows of valid wear", "less", "share of valid wear at which an event would be foretold"),
    "chance_sensitivity": _of("events", "neither", "event sensitivity of the same warnings at random times"),
    "improvement_over_chance": _of("events", "more", "event sensitivity minus chance sensitivity"),
    "lead_improvement_over_chance": _of("lead events", "more", "the same of lead events"),
    "p_value": _of("surrogates", "less", "share of shifted warnings that foretell as many events"),
    "rate_matched_sensitivity": _of("alarms", "neither", "event sensitivity of as many and long alarms drawn by lot"),
    "improvement_over_rate_matched": _of("events", "more", "event sensitivity minus rate-matched sensitivity"),
    "moving_average_sensitivity": _of("events", "neither", "event sensitivity of warning when events are frequent"),
    "improvement_over_moving_average": _of("events", "more", "event sensitivity minus that of the moving average"),
    "lead_time_median_s": _of("foretold events", "more", "median time from alarm to onset", "s"),
    "lead_time_q25_s": _of("foretold events", "more", "lower quartile of it", "s"),
    "lead_time_q75_s": _of("foretold events", "more", "upper quartile of it", "s"),
    "lead_time_60_s_share": _of("foretold events", "more", "share of foretold events with a minute or more"),
    "coverage": _of("rows of valid wear", "more", "share of valid wear with an estimate"),
    "positive_coverage": _of("positive rows", "more", "share of positive moments with an estimate"),
    "auroc": _of("rows judged", "more", "chance that a positive moment is above a negative one"),
    "auprc": _of("rows judged", "more", "average precision; read it beside prevalence"),
    "moving_average_auroc": _of("rows judged", "neither", "AUROC of the number of events in the last hour"),
    "prevalence": _of("rows judged", "neither", "share of judged moments that are positive"),
    "balanced_accuracy": _of("rows judged", "more", "mean of both sides' shares told right at the chosen threshold"),
    "brier": _of("rows judged", "less", "mean squared distance of probability and outcome"),
    "brier_skill_training": _of("rows judged", "more", "skill against always saying the training prevalence"),
    "brier_skill_own": _of("rows judged", "more", "skill against always saying these rows' own prevalence"),
    "brier_skill_moving_average": _of("rows judged", "more", "skill against the rate of events in the last hour"),
    "reliability": _of("rows judged", "less", "Murphy's: bins' probabilities against their outcomes, squared"),
    "resolution": _of("rows judged", "more", "Murphy's: how far bins' outcomes differ from the prevalence"),
    "uncertainty": _of("rows judged", "neither", "Murphy's: Brier score of the prevalence"),
    "within_bins": _of("rows judged", "neither", "what the bins hide; makes the decomposition add up"),
    "calibration_slope": _of("rows judged", "one", "logistic recalibration: below 1 is too sure"),
    "calibration_intercept": _of("rows judged", "zero", "logistic recalibration: intercept beside the slope"),
    "calibration_offset": _of("rows judged", "zero", "calibration in the large, in log-odds, slope held at 1"),
    "calibration_in_the_large": _of("rows judged", "zero", "mean probability minus share of positives"),
    "ece": _of("rows judged", "less", "expected calibration error, 10 bins of equal width"),
    "ece_equal_mass": _of("rows judged", "less", "the same, 10 bins of as many rows each (this person's)"),
    "ece_debiased": _of("rows judged", "less", "root of the squared error less chance, bins of as many rows each"),
}
"""Every figure by its name. Of a person they stand in ``Person.figures``; over people in ``Judgement.over_people``."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One person: hours worn (all, and valid wear), events judged and not, and every figure by name."""

    person: str
    wear_h: float
    valid_h: float
    events: int
    unwatched_events: int
    alarms: int
    true_alarms: int
    false_alarms: int
    late_alarms: int
    open_alarms: int
    figures: dict[str, Figure]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event and what became of it; ``lead_s`` None where it was not foretold."""

    person: str
    session: str
    what: str
    onset_s: float
    lead: bool
    foretold: bool
    lead_s: float | None
    condition: str


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Moments of which the labels say ``condition`` ("" nothing): a negative control, or the state itself. A moment of
    which they say two things is in both. Figures over people's hours together, with confidence by drawing people;
    ``mean_probability`` over people. ``coverage`` and ``mean_probability`` are of all worn moments, false alarms of
    valid wear."""

    condition: str
    people: int
    worn_h: float
    valid_h: float
    coverage: Figure
    alarms: int
    false_alarms: int
    false_alarms_per_hour: Figure
    mean_probability: Spread
    event_sensitivity: Figure


class ReliabilityPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A bin [from_, to): mean probability said and share of positives found (95 % by drawing people), of n rows."""

    from_: float
    to: float
    probability: float
    share: float
    low: float | None
    high: float | None
    n: int


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is said of one candidate.

    ``over_people`` has the spread of every figure over people: the headline. ``pooled`` has figures of everybody's
    hours, events and rows together, people with more of them weighing more; besides those of ``FIGURES``:
    ``p_value`` of the mean event sensitivity over people, and ``people_above_chance_05`` and ``_01``, the share of
    people with events whose own p-value is below .05 and .01.
    """

    version: int = VERSION
    notice: str = NOTICE
    seed: int
    replicates: int
    surrogates: int
    people: tuple[Person, ...]
    over_people: dict[str, Spread]
    pooled: dict[str, Figure]
    conditions: tuple[Condition, ...]
    reliability: tuple[ReliabilityPoint, ...]
    reliability_equal_mass: tuple[ReliabilityPoint, ...]
    events: tuple[Told, ...]

    def of(self, figure: str) -> dict[str, float]:
        """Return the figure of that name by person, of those who have one."""
        values = {each.person: each.figures[figure].value for each in self.people if figure in each.figures}
        return {person: value for person, value in values.items() if value is not None}
