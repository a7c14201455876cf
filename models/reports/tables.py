"""Results in, the tables of a report out: values that a template writes down without looking any further."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from models.evaluation.comparing import Comparison, compare
from models.evaluation.judgement import FIGURES, Judgement
from models.evaluation.people import Figure, Spread
from models.experiments.results import Arm, Results
from models.reports import words

WARNINGS: Final = (
    "event_sensitivity",
    "false_alarms_per_hour",
    "time_in_warning",
    "improvement_over_chance",
    "lead_time_median_s",
    "lead_event_sensitivity",
    "alarm_precision",
)
HISTORY: Final = (
    "rate_matched_sensitivity",
    "improvement_over_rate_matched",
    "moving_average_sensitivity",
    "improvement_over_moving_average",
    "lead_improvement_over_chance",
)
MOMENTS: Final = ("auroc", "auprc", "prevalence", "brier_skill_training", "brier_skill_own", "coverage")
OF_STATES: Final = ("auroc", "balanced_accuracy", "auprc", "prevalence", "coverage")
SKILLS: Final = ("brier_skill_training", "brier_skill_own", "false_alarms_per_hour")
POOLED: Final = ("ece", "ece_debiased", "calibration_slope", "calibration_intercept", "calibration_in_the_large")
CHANCE: Final = ("p_value", "people_above_chance_05", "people_above_chance_01")
OF_FORECAST_HEAD: Final = ("improvement_over_chance", "event_sensitivity", "false_alarms_per_hour", "auroc")
OF_STATE_HEAD: Final = ("auroc", "balanced_accuracy", "brier_skill_own")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A figure as it is written: ``value``, ``ends`` of its interval, ``more``; ``why`` there is none."""

    value: str
    ends: str = ""
    more: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """``heads`` over ``rows`` of a name, what it is, and cells; ``says`` what they are and how they were made."""

    title: str
    says: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Cell, ...]], ...]


def head_figures(results: Results) -> tuple[str, ...]:
    """The figures that are drawn person by person; candidates are put in order by the first."""
    return OF_FORECAST_HEAD if results.experiment.is_forecast else OF_STATE_HEAD


def judged(results: Results) -> list[tuple[Arm, Judgement]]:
    """The arms that have a judgement, what looks at no sensor first."""
    found = [(arm, arm.judgement) for arm in results.arms if arm.judgement is not None]
    return sorted(found, key=lambda each: each[0].kind not in words.NO_SENSOR)


def best(results: Results) -> tuple[Arm, Judgement] | None:
    """The arm that looks at sensors and has the best mean of the first head figure; the first of several."""
    figure = head_figures(results)[0]
    known = [
        (mean, -place, arm, judgement)
        for place, (arm, judgement) in enumerate(judged(results))
        if arm.kind not in words.NO_SENSOR and (mean := judgement.over_people[figure].mean) is not None
    ]
    return max(known, key=lambda each: each[:2])[2:] if known else None


def about(results: Results, arm: Arm) -> str:
    """What an arm looks at; and whether it looks ahead, so that it could never run live."""
    spec = next((each for each in results.experiment.candidate if each.title == arm.candidate), None)
    ahead = spec is not None and spec.normalise != "none"
    return words.reads(arm) + (", set against all of the person's recordings: looks ahead" if ahead else "")


def verdict(results: Results) -> list[Table]:
    """The figures of every candidate and group, baselines first."""
    people = f"Mean over people, [95 % confidence of that mean, {_draws(results)}], \N{PLUS-MINUS SIGN} standard"
    people += " deviation over people, n people who have the figure."
    pooled = (
        f"Everybody's moments together, [95 % confidence by drawing people, {_draws(results)}]: one person's are too"
    )
    pooled += " few to tell. n counts what each figure's definition says."
    if not results.experiment.is_forecast:
        return [
            _of_people("Moments told apart", people, OF_STATES, results),
            _of_people("Probabilities and alarms, by person", people, SKILLS, results),
            _of_pooled("Calibration", pooled, POOLED, results),
        ]
    return [
        _of_people("Warnings", people, WARNINGS, results),
        _of_pooled(
            "Against chance",
            "p: how often as many events are foretold when everybody's warnings are shifted round their sessions"
            f" ({results.experiment.evaluation.surrogates} times; the smallest p there can be is"
            f" 1/{results.experiment.evaluation.surrogates + 1}); then the share of people with events whose own p is"
            " below .05 and .01, of which 5 % and 1 % are expected of nothing.",
            CHANCE,
            results,
        ),
        _of_people("Beside what needs no sensor", people, HISTORY, results),
        _of_people("Moments and probabilities", people, MOMENTS, results),
        _of_pooled("Calibration", pooled, POOLED, results),
    ]


def controls(results: Results) -> Table:
    """False alarms in each condition of the labels, arm by arm."""
    heads = ("Condition", "Worn", "Valid wear", "Coverage", "Alarms", "False alarms per hour", "Mean probability")
    rows = []
    for arm, judgement in judged(results):
        for each in judgement.conditions:
            cells = (
                Cell(value=each.condition or "everything else", more=words.counted(each.people, "person", "people")),
                Cell(value=f"{each.worn_h:.2f} h"),
                Cell(value=f"{each.valid_h:.2f} h"),
                figure_cell(each.coverage, "coverage"),
                Cell(value=str(each.alarms), more=f"{each.false_alarms} false"),
                figure_cell(each.false_alarms_per_hour, "false_alarms_per_hour"),
                spread_cell(each.mean_probability, "brier"),
            )
            rows.append((arm.key, about(results, arm), cells))
    says = (
        "Hours of everybody together, [95 % confidence by drawing people]; the mean probability is over people. An"
        " alarm belongs to the condition of the moment it begins in."
    )
    return Table(title="By condition", says=says, heads=heads, rows=tuple(rows))


def drivers(results: Results) -> Table | None:
    """What moved the probability: the mean share of the log-odds, by driver, over folds; None where nobody says."""
    shares: dict[str, dict[str, float]] = {}
    for arm, _ in judged(results):
        told = [fold.drivers for fold in arm.folds if fold.drivers]
        names = {name for each in told for name in each}
        if names - {"base"}:
            shares[arm.key] = {name: sum(each.get(name, 0.0) for each in told) / len(told) for name in sorted(names)}
    if not shares:
        return None
    totals = {name: sum(each.get(name, 0.0) for each in shares.values()) for each in shares.values() for name in each}
    order = sorted(totals, key=lambda name: (name == "base", -totals[name], name))
    rows = tuple(
        (words.driver(name), name, tuple(Cell(value=f"{each.get(name, 0.0):.1%}") for each in shares.values()))
        for name in order
    )
    says = (
        "Share of the log-odds that each driver moves, either way, mean over tested moments of a fold, then over folds."
        " What moves a probability has not thereby been shown to cause anything."
    )
    return Table(title="What the probabilities are made of", says=says, heads=tuple(shares), rows=rows)


def driver_words(results: Results) -> str:
    """The drivers that matter most to the best arm, in a sentence."""
    found = best(results)
    if found is None:
        return ""
    told = [fold.drivers for fold in found[0].folds if fold.drivers]
    names = sorted({name for each in told for name in each} - {"base"})
    total = {name: sum(each.get(name, 0.0) for each in told) for name in names}
    most = [words.driver(name) for name in sorted(total, key=lambda name: (-total[name], name))[:3] if total[name] > 0]
    return f"{found[0].key} goes most by {words.listed(most)}." if most else ""


def compared(results: Results) -> list[tuple[str, str, list[Comparison]]]:
    """Every arm that looks at sensors beside the baselines and the first of them, and groups of inputs beside each
    other: paired over people."""
    arms = judged(results)
    figures = ("improvement_over_chance", "auroc") if results.experiment.is_forecast else ("auroc", "balanced_accuracy")
    found = []
    for one, other in _pairs([arm for arm, _ in arms]):
        left, right = (next(judgement for arm, judgement in arms if arm.key == key) for key in (one, other))
        seed, draws = results.experiment.seed, results.experiment.evaluation.bootstrap
        each = [compare(left, right, figure, seed=seed, replicates=draws) for figure in figures]
        found.append((one, other, each))
    return found


def _pairs(arms: Sequence[Arm]) -> Iterable[tuple[str, str]]:
    sensing = [arm for arm in arms if arm.kind not in words.NO_SENSOR]
    whole = [arm for arm in sensing if arm.group in ("none", "combined")] or sensing
    for arm in whole:
        others = [each for each in arms if each.kind in words.NO_SENSOR and each.variant == arm.variant]
        others += [each for each in whole if each.variant == arm.variant and each.candidate < arm.candidate]
        others += [each for each in sensing if each.candidate == arm.candidate and _differs_in_one(arm, each)]
        for other in others:
            yield arm.key, other.key


def _differs_in_one(arm: Arm, other: Arm) -> bool:
    if arm.variant != other.variant:
        return arm.group == other.group and arm.variant > other.variant
    return arm.group != other.group


def every_figure(judgement: Judgement) -> tuple[tuple[str, str, Spread | None, Figure | None], ...]:
    """Every figure by name: what it says, its spread over people and everybody's together."""
    names = [*FIGURES, *(name for name in sorted(judgement.pooled) if name not in FIGURES)]
    return tuple(
        (name, FIGURES[name].says if name in FIGURES else SHARES.get(name, ""), spread, figure)
        for name in names
        if (spread := judgement.over_people.get(name)) is not None or judgement.pooled.get(name) is not None
        for figure in (judgement.pooled.get(name),)
    )


SHARES: Final = {
    "people_above_chance_05": "share of people with events whose own p-value is below .05",
    "people_above_chance_01": "share of people with events whose own p-value is below .01",
}


def spread_cell(of: Spread, figure: str) -> Cell:
    """A figure over people as it is written."""
    if of.mean is None:
        return Cell(value=words.UNKNOWN, why=of.why or "unknown")
    sd = "" if of.sd is None else f"\N{PLUS-MINUS SIGN}{words.number(of.sd, figure)}, "
    return Cell(value=words.number(of.mean, figure), ends=words.interval(of, figure), more=f"{sd}n {of.n}", why=of.why)


def figure_cell(of: Figure | None, figure: str) -> Cell:
    """A figure of everybody together, or of one person, as it is written."""
    if of is None:
        return Cell(value=words.UNKNOWN, why="not told")
    if of.value is None:
        return Cell(value=words.UNKNOWN, why=of.why or "unknown")
    return Cell(value=words.number(of.value, figure), ends=words.interval(of, figure), more=f"n {of.n:,}")


def _of_people(title: str, says: str, figures: Sequence[str], results: Results) -> Table:
    rows = tuple(
        (arm.key, about(results, arm), tuple(spread_cell(of.over_people[name], name) for name in figures))
        for arm, of in judged(results)
    )
    return Table(title=title, says=says, heads=_heads(figures), rows=rows)


def _of_pooled(title: str, says: str, figures: Sequence[str], results: Results) -> Table:
    rows = tuple(
        (arm.key, about(results, arm), tuple(figure_cell(of.pooled.get(name), name) for name in figures))
        for arm, of in judged(results)
    )
    return Table(title=title, says=says, heads=_heads(figures), rows=rows)


def _heads(figures: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{words.title(name)}{f' [{unit}]' if (unit := words.unit(name)) else ''}" for name in figures)


def _draws(results: Results) -> str:
    return f"{results.experiment.evaluation.bootstrap:,} draws of people"
