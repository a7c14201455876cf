"""The manifest of a model and what is known of how it does in; its card, as Markdown or a page, out.

Sections after Mitchell 2019, doi:10.1145/3287560.3287596. What is not known is said to be unknown, with the command
that would tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ingest.notice import NOTICE
from models.datasets.target import ForecastTarget
from models.errors import ExperimentError, ShelfError
from models.evaluation.judgement import Judgement
from models.experiments.results import Arm, Results
from models.inputs.named import DRIVERS, GROUPS
from models.reports import tables, words
from models.reports.evidence import differs
from models.reports.page import render
from models.shelf.about import LIMITS
from models.shelf.manifest import Evaluated, Manifest
from models.shelf.pointers import Rehearsal, Unrehearsed

TEXT_MARK: Final = "<!-- forecalm card -->"
"""Stands first in every card in Markdown: what may be written over by another."""

NO_RECORDING: Final = (
    "No public recording of the time before incidents of anxiety in people with severe autism exists. Whatever this"
    " model reaches on simulated people or in laboratories does not show that it works for them."
)
SHOWN: Final = (
    "event_sensitivity",
    "lead_event_sensitivity",
    "false_alarms_per_hour",
    "time_in_warning",
    "improvement_over_chance",
    "lead_time_median_s",
    "auroc",
    "balanced_accuracy",
    "brier_skill_own",
    "coverage",
)
CALIBRATION: Final = ("calibration_slope", "calibration_intercept", "ece", "brier_skill_own")
OUT_OF_SCOPE: Final = (
    "Diagnosis, or any judgement of a person's health, honesty or behaviour.",
    "In the place of anybody who watches: silence of the model is never \N{LEFT DOUBLE QUOTATION MARK}all clear"
    "\N{RIGHT DOUBLE QUOTATION MARK}.",
    "Restraint, punishment or any restriction that rests on its alerts alone.",
    "People, bands, places of wear and kinds of events that it was neither trained nor judged on.",
    "People who do not want to be watched: taking the band off is dissent.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A ``title``, sentences in ``says``, and a table of ``heads`` over ``rows``."""

    title: str
    says: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All there is to say of a model: its ``manifest`` and the ``digest`` of it, the ``results`` of an evaluation of
    its experiment, ``evidence`` of its promotions, and its ``role`` ("champion", "shadow", "")."""

    manifest: Manifest
    digest: str
    results: Results | None = None
    evidence: Sequence[Rehearsal | Unrehearsed] = ()
    role: str = ""


WATCHED: Final = Section(
    title="While it watches",
    says=(
        "Drift of what it reads, and of what it says against what carers tell: forecalm models drift. Little drift"
        " means that today looks like training, no more.",
        "Back to what watched before, within seconds: forecalm models roll-back --by WHO --because WHY",
        "Out of use altogether: forecalm models withdraw NAME --by WHO --because WHY",
        "Whether it is as it was written: forecalm models show NAME, or sha256sum -c SHA256SUMS in its folder",
    ),
)


def sections(known: Known) -> tuple[Section, ...]:
    """Return the card. Raises ExperimentError where the results are of another experiment, ShelfError where a rehearsal
    is of another model."""
    for each in known.evidence:
        if isinstance(each, Rehearsal) and each.model_digest != known.digest:
            raise ShelfError(
                f"card: the rehearsal is of the model {each.model_digest[:16]}, this is {known.digest[:16]}"
            )
    manifest = known.manifest
    return (
        _details(known),
        Section(title="Intended use", says=(manifest.intended_use,)),
        Section(title="Out of scope", says=OUT_OF_SCOPE),
        _trained_on(manifest),
        _reads(manifest),
        _metrics(manifest),
        *_judged(known),
        _rehearsed(known),
        _abstains(manifest),
        Section(title="Limits", says=(manifest.limits, *(() if LIMITS in manifest.limits else (NO_RECORDING,)))),
        WATCHED,
    )


def text(known: Known) -> str:
    """Return the card in Markdown."""
    lines = [TEXT_MARK, f"# Model card: {_plain(known.manifest.name)}", "", f"**{NOTICE}**", ""]
    for section in sections(known):
        lines += [f"## {section.title}", ""]
        many = len(section.says) > 1
        lines += [f"{'- ' if many else ''}{_plain(each)}" for each in section.says]
        if section.says:
            lines.append("")
        if section.rows:
            heads = section.heads or ("", "")
            lines += [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
            lines += [f"| {' | '.join(_plain(each) for each in row)} |" for row in section.rows]
            lines.append("")
    return "\n".join([*lines, f"**{NOTICE}**", ""])


def page(known: Known, *, tokens: str) -> bytes:
    """Return the card as a page."""
    return render("card.html", tokens=tokens, name=known.manifest.name, sections=sections(known))


def _details(known: Known) -> Section:
    manifest = known.manifest
    commit = f", commit {manifest.code.commit}" if manifest.code.commit else ""
    rows = [
        ("Name", manifest.name),
        ("Candidate", manifest.candidate),
        ("Made", f"{manifest.made_at} by forecalm {manifest.code.version}{commit}, seed {manifest.seed}"),
        ("Libraries", ", ".join(f"{name} {each}" for name, each in sorted(manifest.libraries.items()))),
        ("It tells", words.target(manifest.target)),
        ("Alarm rule", _rule(manifest)),
        ("Role now", known.role or "none: it does not watch"),
        ("SHA-256 of its manifest", known.digest),
        *((f"SHA-256 of {name}", digest) for name, digest in sorted(manifest.files.items())),
    ]
    return Section(title="Model details", heads=("What", "Is"), rows=tuple(rows))


def _rule(manifest: Manifest) -> str:
    rule = manifest.rule
    if rule is None:
        return "unknown: nobody chose one, so that the house's own holds"
    return (
        f"from {rule.enter:.4g} for {rule.hold_s:g} s up, until {rule.leave:.4g} for {rule.settle_s:g} s; then nothing"
        f" for {rule.refractory_s:g} s"
    )


def _trained_on(manifest: Manifest) -> Section:
    simulated = simulated_studies(manifest)
    data = manifest.data
    others = [study for study in manifest.studies if study not in simulated]
    said = []
    if simulated:
        said.append(f"Simulated people, who stand for nobody: {words.listed(simulated)} (docs/scenarios.md).")
    if others:
        said.append(
            f"Recordings: {words.listed(others)}. Who these people are, and who labelled, its makers have to say."
        )
    said.append(
        f"{words.counted(len(manifest.trained_on), 'person', 'people')}, {words.counted(data.sessions, 'session')},"
        f" {data.moments:,} moments every {data.step_s:g} s: {data.positives:,} positive, {data.negatives:,} negative."
        " Moments overlap; people and events are what counts."
    )
    said.append(f"Digest of the training set: {data.digest}. Erasing one of these people withdraws the model.")
    return Section(title="Trained on", says=tuple(said))


def simulated_studies(manifest: Manifest) -> list[str]:
    """Return the studies of simulated people that it was trained on, as its experiment file says."""
    found = _experiment(manifest)
    return [str(each["name"]) for each in found.get("study", []) if "simulated" in each and "name" in each]


def _experiment(manifest: Manifest) -> dict[str, Any]:
    try:
        found = msgspec.toml.decode(manifest.experiment)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _reads(manifest: Manifest) -> Section:
    groups = sorted({GROUPS[name] for name in manifest.inputs if name in GROUPS})
    rows = []
    for name in dict.fromkeys(DRIVERS.get(each, "its own") for each in manifest.inputs):
        mine = [each for each in manifest.inputs if DRIVERS.get(each, "its own") == name]
        rows.append((words.driver(name), ", ".join(mine)))
    count = words.counted(len(manifest.inputs), "input")
    said = f"{count} of version {manifest.inputs_version}, of {words.listed(groups)}. None looks ahead."
    return Section(title="What it reads", says=(said,), heads=("Of", "Inputs"), rows=tuple(rows))


def _metrics(manifest: Manifest) -> Section:
    rows = tuple((words.title(name), words.number(value, name)) for name, value in sorted(manifest.metrics.items()))
    said = (
        "Means over people who were left out inside the training. These were in view while it was made: they are no"
        " substitute for an evaluation on people held out."
    )
    return Section(title="Figures from its training", says=(said,), heads=("Figure", "Mean over people"), rows=rows)


def _judged(known: Known) -> tuple[Section, ...]:
    if known.results is None and known.manifest.evaluated is not None:
        return (_noted(known.manifest.evaluated),)
    if known.results is None:
        told = "Unknown: no evaluation was given. forecalm evaluate EXPERIMENT.toml, then card --results FOLDER."
        return (Section(title="Evaluation", says=(told,)),)
    results, (arm, judgement) = known.results, _arm_of(known.manifest, known.results)
    held = f"{words.split(results.experiment.split)} Figures are of models made in the same way, not of this very one."
    rows = tuple((words.title(name), *_cells(tables.spread_cell(judgement.over_people[name], name))) for name in SHOWN)
    conditions = tuple(
        (
            each.condition or "everything else",
            f"{each.worn_h:.2f} h",
            " ".join(_cells(tables.figure_cell(each.false_alarms_per_hour, "false_alarms_per_hour"))),
            " ".join(_cells(tables.figure_cell(each.coverage, "coverage"))),
        )
        for each in judgement.conditions
    )
    return (
        Section(
            title="Evaluation",
            says=(f"{results.experiment.name}, {arm.key}. {held}", *_worth(results)),
            heads=("Figure", "Mean over people", "95 % confidence", "Spread"),
            rows=rows,
        ),
        Section(
            title="By condition",
            heads=("Condition", "Worn", "False alarms per hour", "Coverage"),
            rows=conditions,
            says=("Groups of people (sex, age, skin tone) are unknown: nothing of the kind is recorded.",),
        ),
        Section(
            title="Calibration",
            heads=("Figure", "Everybody together", "95 % confidence", "Of"),
            rows=tuple(
                (words.title(name), *_cells(tables.figure_cell(judgement.pooled.get(name), name)))
                for name in CALIBRATION
            ),
        ),
    )


def _noted(evaluated: Evaluated) -> Section:
    rows = tuple((words.title(name), words.number(value, name)) for name, value in sorted(evaluated.figures.items()))
    said = (
        f"Noted when it was trained: {evaluated.arm} of the results with SHA-256 {evaluated.digest}; means over people"
        " who were held out. Spread, confidence, conditions and calibration: card --results FOLDER."
    )
    return Section(title="Evaluation", says=(said,), heads=("Figure", "Mean over people"), rows=rows)


def _worth(results: Results) -> tuple[str, ...]:
    from models.reports.report import worth

    return tuple(worth(results))


def _cells(of: tables.Cell) -> tuple[str, str, str]:
    return of.value, of.ends or of.why, of.more


def _arm_of(manifest: Manifest, results: Results) -> tuple[Arm, Judgement]:
    other = differs(_experiment(manifest), msgspec.to_builtins(results.experiment), "")
    if other or not manifest.experiment:
        what = other or "the experiment file"
        raise ExperimentError(f"card: {what} of the results is not that of the model: evaluate the same experiment")
    groups = {GROUPS[name] for name in manifest.inputs if name in GROUPS}
    group = groups.pop() if len(groups) == 1 else "combined"
    for arm in results.arms:
        if arm.candidate == manifest.candidate and arm.group in (group, "none") and arm.judgement is not None:
            return arm, arm.judgement
    raise ExperimentError(f"card: the results have no figures of {manifest.candidate} on {group}: evaluate it")


def _rehearsed(known: Known) -> Section:
    rows = []
    for each in known.evidence:
        signed = f"{each.signed_by}: {each.because}" if each.signed_by else "\N{EN DASH}"
        if isinstance(each, Rehearsal):
            verdict = "passed" if each.passed else f"worse for {words.counted(each.worse_for, 'person', 'people')}"
            rows.append((f"rehearsed against {each.champion}", verdict, signed, each.report_digest))
        else:
            rows.append(("promoted without a rehearsal", "unknown", signed, "\N{EN DASH}"))
    if not rows:
        told = "Unknown: it has not been rehearsed on stored sessions, as lived and as recorded (forecalm rehearse)."
        return Section(title="Rehearsal", says=(told,))
    return Section(title="Rehearsal", heads=("What", "Verdict", "Signed by", "SHA-256 of the report"), rows=tuple(rows))


def _abstains(manifest: Manifest) -> Section:
    aim = manifest.target
    latest = f" What it foretells is at least {aim.latency_s:g} s away." if isinstance(aim, ForecastTarget) else ""
    reasons = words.listed(list(words.ABSTAINED.values()))
    said = f"It says nothing, and why: {reasons}. The board then shows that nobody can tell, never calm.{latest}"
    learning = "While it does not know a person yet, the training-free detector decides."
    return Section(title="When it abstains", says=(said, learning))


def _plain(said: str) -> str:
    """Text that Markdown takes as it stands, on one line."""
    line = " ".join(said.split())
    for sign in ("\\", "|", "`", "*", "_", "[", "]"):
        line = line.replace(sign, f"\\{sign}")
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
