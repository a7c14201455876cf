"""Results and data sets in, tables that a researcher can read in the terminal out."""

import re
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from forecalm.commands.terminal import number
from ingest.notice import SENTENCE
from models.evaluation.comparing import Comparison
from models.evaluation.judgement import FIGURES
from models.evaluation.people import Spread
from models.experiments.doubts import is_silent
from models.experiments.results import Arm, DataSaid, Results
from models.experiments.spec import AcrossStudies
from models.splits.fold import Split

OF_STATES: Final = ("auroc", "balanced_accuracy", "brier_skill_training", "ece", "calibration_slope", "coverage")
OF_FORECASTS: Final = (
    "event_sensitivity",
    "false_alarms_per_hour",
    "time_in_warning",
    "improvement_over_chance",
    "lead_time_median_s",
    "auroc",
    "brier_skill_training",
    "coverage",
)
OF_ALARMS: Final = OF_FORECASTS[:5]
NO_ALARM: Final = "no alarm"
ABSTAINED: Final = "it abstained throughout"
UNTOLD: Final = "nobody has one"
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
POOLED_AUROC: Final = "auroc*"  # across studies: beside that within people, it tells people and studies apart too
SHORT: Final = {
    "auroc": "AUROC",
    POOLED_AUROC: "AUROC*",
    "balanced_accuracy": "bal. acc.",
    "brier_skill_training": "Brier skill",
    "ece": "ECE*",
    "calibration_slope": "slope*",
    "event_sensitivity": "sensitivity",
    "false_alarms_per_hour": "false/h",
    "time_in_warning": "in warning",
    "improvement_over_chance": "over chance",
    "lead_time_median_s": "lead, s",
}
WORDS_SHOWN: Final = 20
FOLDS_SHOWN: Final = 8
POOLED: Final = ("ece", "calibration_slope")  # of everybody's moments together: one person's are too few to tell
LINE: Final = 132  # characters: a narrower terminal wraps, and no figure is cut


def figures_of(results: Results) -> tuple[str, ...]:
    """The figures that are shown where nobody asks for others."""
    return OF_FORECASTS if results.experiment.is_forecast else OF_STATES


def tell_data(data: DataSaid) -> None:
    """Say what there is to train on and to be judged by."""
    out = _out()
    table = Table("study", "people", "sessions", "hours", "worn", "events", "positive", "negative", box=None)
    for each in data.studies:
        table.add_row(
            each.study,
            *(f"{count:,}" for count in (each.people, each.sessions)),
            f"{each.hours:.1f}",
            f"{each.worn_hours:.1f}",
            *(f"{count:,}" for count in (each.events, each.positives, each.negatives)),
        )
    out.print(table)
    for each in data.studies:
        left = ", ".join(f"{reason} {count:,}" for reason, count in each.excluded.items()) or "none"
        longest = sorted(each.words.items(), key=lambda pair: -pair[1])[:WORDS_SHOWN]
        words = ", ".join(f"{word} {hours:.2f} h" for word, hours in longest) or "none"
        out.print(f"{each.study}: moments without a target: {left}", markup=False)
        out.print(f"{each.study}: words of labels: {words}", markup=False)
    out.print(f"{data.rows:,} moments of {data.inputs} inputs, one every {data.step_s:g} s; digest {data.digest[:16]}")
    for note in data.notes:
        out.print(f"Note: {escape(note)}", style="dim")
    out.print(SENTENCE, style="dim")


def tell_split(split: Split, warnings: Sequence[str] = ()) -> None:
    """Say who would be held out, and where nothing could be trained."""
    out = _out()
    shown = ", ".join(fold.name for fold in split.folds[:FOLDS_SHOWN])
    more = " ..." if len(split.folds) > FOLDS_SHOWN else ""
    out.print(f"{number(len(split.folds), 'fold')}: {shown}{more}", markup=False)
    for note in split.notes:
        out.print(f"Note: {escape(note)}", style="dim")
    for warning in warnings:
        out.print(f"Warning: {escape(warning)}", style="yellow")


def tell_results(results: Results) -> None:
    """Say how well each candidate does: mean over people, with its 95 % confidence interval."""
    out = _out()
    names = figures_of(results)
    if isinstance(results.experiment.split, AcrossStudies):
        names = (names[0], POOLED_AUROC, *names[1:]) if names[0] == "auroc" else (*names, POOLED_AUROC)
    tested = [arm for arm in results.arms if arm.judgement is not None]
    people = max(len(arm.judgement.people) for arm in tested if arm.judgement is not None)
    out.print(f"[bold]{escape(results.experiment.name)}[/bold]  mean over {people} people [95 % confidence]")
    table = Table("candidate", *(SHORT.get(name, name) for name in names), box=None, pad_edge=False)
    for arm in tested:
        table.add_row(escape(arm.key), *_cells(arm, names))
    out.print(table)
    if set(POOLED) & set(names):
        out.print("* of everybody's moments together", style="dim")
    for line in dashes(tested, names):
        out.print(escape(line), style="dim")
    for arm in results.arms:
        if arm.why:
            out.print(f"{escape(arm.key)}: {escape(arm.why)}")
    for line in fold_notes(results.arms):
        out.print(escape(line), style="dim")
    _tell_controls(out, results, tested)
    for note in (*results.notes, *results.audit.warnings):
        out.print(f"Note: {escape(note)}", style="dim")
    checks, folds = number(len(results.audit.checks), "check"), number(results.audit.folds, "fold")
    out.print(f"Leakage audit: {checks} of {folds} passed", style="dim")
    out.print(SENTENCE, style="dim")


def dashes(arms: Sequence[Arm], names: Sequence[str]) -> tuple[str, ...]:
    """Why figures are not there, as the results say it: a line for each reason and the figures that miss for it."""
    missing: dict[tuple[str, str], list[str]] = {}  # figures by candidate and reason
    for arm in arms:
        for name in names:
            if (why := _why_none(arm, name)) is not None and not (name in OF_ALARMS and is_silent(arm)):
                missing.setdefault((arm.key, why), []).append(SHORT.get(name, name))
    whose: dict[tuple[str, str], list[str]] = {}
    for (key, why), figures in missing.items():
        whose.setdefault((", ".join(figures), why), []).append(key)
    return tuple(f"- {', '.join(keys)}: no {figures}: {why}" for (figures, why), keys in whose.items())


def _why_none(arm: Arm, name: str) -> str | None:
    """Why a figure of the table is not there; None where it is, or where nothing was judged."""
    if arm.judgement is None:
        return None
    if name in POOLED or name == POOLED_AUROC:
        together = arm.judgement.pooled.get(name.removesuffix("*"))
        if together is None:
            return ABSTAINED
        return None if together.value is not None else together.why or UNTOLD
    over_people = arm.judgement.over_people[name]
    return None if over_people.mean is not None else over_people.why or UNTOLD


def fold_notes(arms: Sequence[Arm]) -> tuple[str, ...]:
    """What folds have to say, once each: of which candidates, in how many of their folds. Notes that differ in numbers
    alone are one; the first is shown."""
    told: dict[str, tuple[str, dict[str, list[str]]]] = {}
    for arm in arms:
        for fold in arm.folds:
            for said in (*fold.notes, *((fold.refused,) if fold.refused and not arm.why else ())):
                _, where = told.setdefault(_NUMBER.sub("#", said), (said, {}))
                where.setdefault(arm.key, []).append(fold.name)
    of = {arm.key: len(arm.folds) for arm in arms}
    lines = []
    for plain, (said, where) in told.items():
        whose = "; ".join(
            f"{key}, {folds[0] if len(folds) == 1 else f'{len(folds)} of {of[key]} folds'}"
            for key, folds in where.items()
        )
        first = next(iter(where.values()))[0]
        alike = len(where) == len(next(iter(where.values()))) == 1 or plain == said
        lines.append(f"{whose}: {said}{'' if alike else f' (in {first})'}")
    return tuple(lines)


def _tell_controls(out: Console, results: Results, tested: Sequence[Arm]) -> None:
    if not results.experiment.controls:
        return
    table = Table("candidate", "condition", "hours", "coverage", "false/h", "sensitivity", box=None, pad_edge=False)
    for arm in tested:
        for each in arm.judgement.conditions if arm.judgement is not None else ():
            table.add_row(
                escape(arm.key),
                escape(each.condition or "everything else"),
                f"{each.valid_h:.1f}",
                *(
                    "-" if figure.value is None else f"{figure.value:.2f}"
                    for figure in (each.coverage, each.false_alarms_per_hour, each.event_sensitivity)
                ),
            )
    out.print(table)


def tell_comparisons(pairs: Sequence[tuple[str, str, Sequence[Comparison]]], notes: Sequence[str]) -> None:
    """Say of each pair of results what A minus B is."""
    out = _out()
    for a, b, comparisons in pairs:
        out.print(f"[bold]{escape(a)}[/bold] - [bold]{escape(b)}[/bold]  paired over people [95 % confidence]")
        table = Table("figure", "A", "B", "A - B", "p", "better / worse", "not inferior", box=None, pad_edge=False)
        for each in comparisons:
            table.add_row(
                f"{each.figure} ({FIGURES[each.figure].better} is better)",
                _mean(each.a),
                _mean(each.b),
                _with_ends(each.difference),
                "-" if each.p_value is None else f"{each.p_value:.3g}",
                "-" if each.better is None else f"{each.better} / {each.worse}",
                {None: "-", True: f"yes, by {each.margin}", False: f"not shown, by {each.margin}"}[each.not_inferior],
            )
        out.print(table)
    for note in notes:
        out.print(f"Note: {escape(note)}", style="dim")
    out.print(SENTENCE, style="dim")


def _cells(arm: Arm, names: Sequence[str]) -> list[str]:
    """The figures of a candidate; without an alarm, of its alarms that there was none, and no zeros."""
    if not set(OF_ALARMS) <= set(names) or not is_silent(arm):
        return [_spread(arm, name) for name in names]
    return [NO_ALARM if name == OF_ALARMS[0] else "-" if name in OF_ALARMS else _spread(arm, name) for name in names]


def _spread(arm: Arm, name: str) -> str:
    """A figure over people, or of everybody's moments together where one person's tell too little."""
    if arm.judgement is None:
        return "-"
    if name in POOLED or name == POOLED_AUROC:
        together = arm.judgement.pooled.get(name.removesuffix("*"))  # not there where it abstained throughout
        return "-" if together is None else _told(together.value, together.low, together.high)
    return _with_ends(arm.judgement.over_people[name])


def _mean(spread: Spread) -> str:
    return "-" if spread.mean is None else f"{spread.mean:.3g}"


def _with_ends(spread: Spread) -> str:
    return _told(spread.mean, spread.low, spread.high)


def _told(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "-"
    ends = "" if low is None or high is None else f"\n\\[{low:.2g}, {high:.2g}]"
    return f"{value:.3g}{ends}"


def _out() -> Console:
    out = Console(highlight=False, soft_wrap=True)
    out.width = max(out.width, LINE)
    return out
