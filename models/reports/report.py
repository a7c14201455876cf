"""What experiments found in, one page that a researcher can attach to a paper out."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from models.datasets.dataset import Exclusion
from models.datasets.target import ForecastTarget
from models.evaluation.judgement import FIGURES
from models.experiments.results import Results
from models.experiments.spec import AcrossStudies
from models.reports import plots, probast, tables, words
from models.reports.charts import Chart
from models.reports.checklist import answers
from models.reports.evidence import Evidence
from models.reports.page import render

SECTIONS: Final = {
    "asked": "What was asked",
    "data": "People and data",
    "split": "Who was held out, and what was checked",
    "verdict": "What came of it",
    "worth": "What these figures are worth",
    "people": "Person by person",
    "warned": "Warnings",
    "calibrated": "Do probabilities mean what they say?",
    "seen": "How much was seen",
    "personal": "What a person's own past adds",
    "controls": "Negative controls",
    "drivers": "What the probabilities go by",
    "compared": "Compared, paired over people",
    "examples": "Example sessions",
    "figures": "Every figure",
    "tripod": "TRIPOD+AI",
    "probast": "PROBAST+AI: what a reviewer will ask",
    "again": "How to make this page again",
}
DRAWN: Final = ("people", "warned", "calibrated", "seen", "personal", "examples")  # sections that hold charts


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One experiment as it is written down: the ``charts`` by section, and everything else by name."""

    prefix: str
    sections: dict[str, str]
    charts: dict[str, list[Chart]]
    told: dict[str, Any] = field(default_factory=dict)


def report(evidences: Sequence[Evidence], *, tokens: str) -> bytes:
    """Return the page of ``evidences``, one after the other; ``tokens`` is the console's style sheet of colours. The
    same results give the same bytes."""
    parts = [_part(evidence, f"e{i + 1}-") for i, evidence in enumerate(evidences)]
    charts = [chart for part in parts for each in part.charts.values() for chart in each]
    name = words.listed([evidence.results.experiment.name for evidence in evidences])
    return render("report.html", tokens=tokens, charts=charts, parts=parts, name=name, words=words)


def _part(evidence: Evidence, prefix: str) -> Part:
    results = evidence.results
    charts = {name: [_named(chart, prefix) for chart in each] for name, each in _charts(evidence).items()}
    empty = {name for name in ("warned", "personal", "examples") if not charts.get(name)}
    drivers = tables.drivers(results)
    if drivers is None:
        empty.add("drivers")
    return Part(
        prefix=prefix,
        sections={name: title for name, title in SECTIONS.items() if name not in empty},
        charts=charts,
        told={
            "results": results,
            "text": evidence.text,
            "asked": _asked(results),
            "flow": _flow(results),
            "verdict": tables.verdict(results),
            "refused": [arm for arm in results.arms if arm.judgement is None],
            "worth": worth(results),
            "checked": evidence.checked,
            "controls": tables.controls(results),
            "drivers": drivers,
            "driver_words": tables.driver_words(results),
            "compared": tables.compared(results),
            "arms": tables.judged(results),
            "every": {arm.key: tables.every_figure(judgement) for arm, judgement in tables.judged(results)},
            "figures": FIGURES,
            "cell": tables.figure_cell,
            "spread": tables.spread_cell,
            "answers": answers(results),
            "probast": probast.questions(results),
            "digest": hashlib.sha256(msgspec.json.encode(results, order="deterministic")).hexdigest(),
            "rule": _rule(results),
        },
    )


def _charts(evidence: Evidence) -> dict[str, list[Chart]]:
    if not tables.judged(evidence.results):
        return {name: [] for name in DRAWN}
    trade = plots.trade(evidence) if evidence.results.experiment.is_forecast else None
    return {
        "people": plots.people(evidence),
        "warned": [] if trade is None else [trade, plots.leads(evidence)],
        "calibrated": plots.reliability(evidence),
        "seen": [plots.seen(evidence)],
        "personal": plots.personal(evidence),
        "examples": plots.examples(evidence),
    }


def _named(chart: Chart, prefix: str) -> Chart:
    return Chart(
        name=prefix + chart.name,
        title=chart.title,
        says=chart.says,
        height=chart.height,
        data=chart.data,
        layout=chart.layout,
    )


def _asked(results: Results) -> list[tuple[str, str]]:
    """What the experiment file asks, in words."""
    said, aim = results.experiment, results.experiment.target
    rows = [("The question", words.target(aim))]
    if isinstance(aim, ForecastTarget):
        rows += [
            ("Horizon and latency", f"{aim.horizon_s:g} s, and {aim.latency_s:g} s that a carer needs to act"),
            ("After an event", f"{aim.refractory_s:g} s are left out"),
            ("Lead events", f"those {aim.lead_s:g} s or more after the one before"),
        ]
    if aim.apart:
        rows.append(("Told by themselves", ", ".join(aim.apart)))
    rows += [
        ("Inputs", f"{results.data.inputs} of the set {said.rows.features!r}, over {results.data.window_s:g} s"),
        ("Moments", f"one every {results.data.step_s:g} s; every one looks back only"),
        ("Groups of inputs", ", ".join(words.GROUPS[group] for group in said.rows.groups)),
        ("Candidates", "; ".join(f"{title}: {says}" for title, says in _candidates(results))),
        ("Alarms", _alarms(results)),
    ]
    return rows


def _candidates(results: Results) -> list[tuple[str, str]]:
    return list(dict.fromkeys((arm.candidate, words.says(arm)) for arm in results.arms))


def _alarms(results: Results) -> str:
    alarms = results.experiment.alarms
    rule = alarms.rule
    held = f"raised after {rule.hold_s:g} high seconds, settled after {rule.settle_s:g} low ones"
    if alarms.enter is not None:
        return f"the threshold {alarms.enter:g} was said in the experiment file; {held}"
    if results.experiment.is_forecast or alarms.false_per_hour is not None:
        return (
            "the threshold was chosen inside each training part: of those that keep to"
            f" {alarms.budget_per_hour:g} false alarms an hour there, the one that gains most over chance; {held}"
        )
    return f"the threshold is that of best balanced accuracy inside each training part; {held}"


def _flow(results: Results) -> dict[str, Any]:
    """Sessions, moments, what was left out and why, what was left: a column a study, and all of them."""
    studies = results.data.studies
    reasons = [each.name.lower() for each in Exclusion if each]
    rows: list[tuple[str, list[str], str]] = [
        ("People", [f"{each.people:,}" for each in studies], ""),
        ("Sessions", [f"{each.sessions:,}" for each in studies], ""),
        ("Hours recorded", [f"{each.hours:.1f}" for each in studies], ""),
        ("Hours worn", [f"{each.worn_hours:.1f}" for each in studies], ""),
        ("Moments", [f"{_moments(each):,}" for each in studies], "sum"),
    ]
    for reason in reasons:
        if any(reason in each.excluded for each in studies):
            told = f"left out: {words.excluded(reason)}"
            rows.append((told, [f"{each.excluded.get(reason, 0):,}" for each in studies], "less"))
    rows += [
        ("Moments with a target", [f"{each.positives + each.negatives:,}" for each in studies], "sum"),
        ("of these positive", [f"{each.positives:,}" for each in studies], "part"),
        ("of these negative", [f"{each.negatives:,}" for each in studies], "part"),
        ("Events", [f"{each.events:,}" for each in studies], ""),
    ]
    named = [(each.study, sorted(each.words.items(), key=lambda pair: (-pair[1], pair[0]))) for each in studies]
    return {"studies": [each.study for each in studies], "rows": rows, "words": named}


def _moments(study: Any) -> int:  # noqa: ANN401
    return int(study.positives + study.negatives + sum(study.excluded.values()))


def worth(results: Results) -> list[str]:
    """What a figure of this kind of split is worth, in plain sentences."""
    said = []
    figure = tables.head_figures(results)[0]
    found = tables.best(results)
    baselines = [
        (judgement.over_people[figure].mean, arm)
        for arm, judgement in tables.judged(results)
        if arm.kind in words.NO_SENSOR and judgement.over_people[figure].mean is not None
    ]
    clock = any(arm.kind == words.CLOCK for arm, _ in tables.judged(results))
    if found is not None and baselines:
        mean = found[1].over_people[figure]
        told = "; ".join(f"{arm.key} {words.number(value, figure)}" for value, arm in baselines)
        said.append(
            f"{words.title(figure)} of the best candidate here ({found[0].key}, found to be the best on these very"
            f" people, so a little flattered): {words.number(mean.mean, figure)} {words.interval(mean, figure)}."
            f" Without any sensor: {told}. Only what lies above the best of these has been earned by a wristband."
        )
        if (mean.mean or 0.0) <= max(value or 0.0 for value, _ in baselines):
            said.append(f"{found[0].key} does not lie above it: here nothing has been shown to be earned.")
    if not baselines:
        said.append("No baseline without a sensor was run, so nobody can say what a wristband adds: add some.")
    if not clock:
        said.append(
            'The clock was not run: add a [[candidate]] of kind "clock" to see what a fixed protocol gives away.'
        )
    said.append(_worth_of_split(results))
    if any(study.simulated is not None for study in results.experiment.study):
        said.append(
            "The people of "
            + words.listed([each.name for each in results.experiment.study if each.simulated is not None])
            + " are simulated. What is reached on them shows that the software does what it says, not that it works for"
            " anybody. No public recording of the time before incidents of anxiety in severe autism exists."
        )
    people = sum(study.people for study in results.data.studies)
    if people < 10:
        said.append(f"{words.counted(people, 'person', 'people')}: with fewer than ten, every interval is rough.")
    return said


def _worth_of_split(results: Results) -> str:
    if isinstance(results.experiment.split, AcrossStudies):
        return (
            "Trained on one study and tested on another: the order of one protocol is of no use in the next, so that"
            " this is the more honest test. Transfer is lopsided, so read each direction by itself."
        )
    return (
        "These are figures within a study: protocol, bands, place and whoever labelled are the same for training and"
        " test. In a laboratory, where everything has a fixed order, the seconds since the recording began can tell"
        " nearly everything (AUROC .97 on one public study), and such figures say little of another house."
        " Test across studies before you rely on them."
    )


def _rule(results: Results) -> str:
    figure = tables.head_figures(results)[0]
    found = tables.best(results)
    if found is None:
        return ""
    return (
        f"Chosen by rule: of {found[0].key}, which has the best mean {words.within(figure)} of the candidates"
        " that look at sensors, the persons with the best, the median and the worst of it; of each the session with"
        " most events (of a state: most positive moments), the first of several. Minutes since the session"
        " began; no dates."
    )
