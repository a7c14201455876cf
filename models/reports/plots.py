"""Evidence in, the charts of a report out, by the section they stand in."""

import html
import math
import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from models.datasets.target import ForecastTarget
from models.evaluation.judgement import FIGURES, Judgement
from models.experiments.results import Arm
from models.reports import charts, words
from models.reports.charts import Band, Chart
from models.reports.evidence import Evidence
from models.reports.tables import best, head_figures, judged
from models.reports.warnings import Curve, Example, curve, example
from models.risk import Abstention

LINES: Final = 3000  # moments of an example that are drawn; of longer ones every second, third ... is left out
PLACES: Final = ("best", "median", "worst")


def people(evidence: Evidence) -> list[Chart]:
    """Return the head figures person by person, an arm beneath the other."""
    found = []
    for figure in head_figures(evidence.results):
        bands = [_band(arm, judgement, figure) for arm, judgement in judged(evidence.results)]
        n = max((len(judgement.people) for _, judgement in judged(evidence.results)), default=0)
        says = f"{FIGURES[figure].says.capitalize()}. Each dot is one of {words.counted(n, 'person', 'people')}."
        unit = words.unit(figure)
        chart = charts.dots(f"people-{figure}", words.title(figure), says, bands, figure=figure, unit=unit)
        found.append(chart)
    return found


def _band(arm: Arm, judgement: Judgement, figure: str) -> Band:
    dots = []
    for each in judgement.people:
        found = each.figures.get(figure)
        told = "" if found is None else f"{words.interval(found, figure)} n = {found.n:,}"
        dots.append((each.person, None if found is None else found.value, told))
    mean = judgement.over_people[figure]
    return Band(name=arm.key, dots=dots, mean=mean, note=f"n = {mean.n}" if mean.n else f"unknown: {mean.why}")


def trade(evidence: Evidence) -> Chart | None:
    """Return event sensitivity against false alarms an hour, with the point that was chosen in training."""
    data: list[dict[str, Any]] = []
    known = [arm.key for arm, _ in judged(evidence.results) if arm.kind not in words.NO_SENSOR]
    for arm, judgement in judged(evidence.results):
        found = curve(evidence.tested(arm))
        if found is None:
            continue
        sensor = arm.kind not in words.NO_SENSOR
        place = known.index(arm.key) if sensor else len(data)
        data += _trade_of(arm, judgement, found, charts.style(place, sensor=sensor), sensor=sensor)
    if not data:
        return None
    says = (
        "Every threshold on the tested people, one for everybody: what could be traded, not what was chosen. The"
        " diamond is where the thresholds that were chosen in training came to. Everybody's events and hours together."
        " Lines end where alarms begin to run into one another, which makes them fewer and is no merit."
    )
    ranged = {"range": [-0.02, 1.03]}
    chosen = [of.pooled["false_alarms_per_hour"].value or 0.0 for _, of in judged(evidence.results)]
    far = min(max(1.0, 3 * max(chosen)), max(0.1, *(max(each["x"]) for each in data)) * 1.03)
    return charts.lines(
        "trade",
        "Events foretold against false alarms",
        says,
        data,
        x="False alarms per hour of valid wear",
        y="Events foretold",
        yaxis=ranged,
        xaxis={"range": [-0.02 * far, far]},
    )


def _trade_of(
    arm: Arm, judgement: Judgement, found: Curve, style: dict[str, Any], *, sensor: bool
) -> list[dict[str, Any]]:
    whole = not sensor or arm.group in ("none", "combined")
    triples = list(zip(found.levels, found.false_per_hour, found.sensitivity, strict=True))
    shown: dict[str, Any] = {} if whole else {"visible": "legendonly"}
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": html.escape(arm.key),
        "legendgroup": html.escape(arm.key),
        "x": [float(false) for _, false, _ in triples],
        "y": [float(told) for *_, told in triples],
        "text": [
            f"{html.escape(arm.key)}: above {level:.3f}, {told:.2f} foretold at {false:.2f}/h"
            for level, false, told in triples
        ],
        "hoverinfo": "text",
        "line": style,
        **shown,
    }
    sensitivity, false = judgement.pooled["event_sensitivity"].value, judgement.pooled["false_alarms_per_hour"].value
    if sensitivity is None or false is None:
        return [line]
    point = {
        **line,
        "mode": "markers",
        "showlegend": False,
        "x": [false],
        "y": [sensitivity],
        "text": [f"{html.escape(arm.key)}: chosen in training, {sensitivity:.2f} foretold at {false:.2f}/h"],
        "marker": {"symbol": "diamond", "size": 12, "color": style["color"], "line": {"color": "@ink", "width": 1}},
    }
    return [line, point]


def leads(evidence: Evidence) -> Chart:
    """Return how long before its onset every foretold event was told of."""
    bands = []
    for arm, judgement in judged(evidence.results):
        told = [each for each in judgement.events if each.lead_s is not None]
        dots = [(each.person, each.lead_s, f"s before {html.escape(each.what)}") for each in told]
        bands.append(Band(name=arm.key, dots=dots, note=f"{len(told)} of {len(judgement.events)} events foretold"))
    says = (
        "Each dot is an event that was foretold; those that were missed have no lead time, so read it beside how many"
        " were. An alarm that stood already when the window opened counts as the whole window."
    )
    return charts.dots("leads", "Lead time", says, bands, figure="lead_time_median_s", unit="s", of="events")


def reliability(evidence: Evidence) -> list[Chart]:
    """Return a reliability diagram with its histogram for each arm."""
    found = []
    for place, (arm, judgement) in enumerate(judged(evidence.results)):
        slope, ece = (judgement.pooled.get(name) for name in ("calibration_slope", "ece"))
        told = ", ".join(
            f"{name} {words.number(each.value)}"
            for name, each in (("slope", slope), ("ECE", ece))
            if each is not None and each.value is not None
        )
        n = sum(point.n for point in judgement.reliability)
        says = f"{words.counted(n, 'moment')} of everybody{f'; {told}' if told else ''}."
        found.append(charts.reliability(f"reliability-{place}", arm.key, says, judgement.reliability))
    return found


def seen(evidence: Evidence) -> Chart:
    """Return how much of worn time each arm says something of, and why not of the rest."""
    rows, shares = [], []
    reasons = [each for each in Abstention if each is not Abstention.NONE]
    for arm, _ in judged(evidence.results):
        tested = evidence.tested(arm)
        worn = tested.moments.worn
        total = max(1, int(worn.sum()))
        counts = np.bincount(tested.said.abstention[worn], minlength=len(Abstention))
        rows.append(f"{arm.key}, {int(worn.sum()):,} worn moments")
        shares.append([float(counts[each]) / total for each in (Abstention.NONE, *reasons)])
    told = [("an estimate", 0), *((words.ABSTAINED[each], i + 1) for i, each in enumerate(reasons))]
    parts = [(name, [share[at] for share in shares]) for name, at in told if at == 0 or any(s[at] for s in shares)]
    says = "Share of tested moments at which the band was worn. Hatched: the candidate said nothing, and why."
    return charts.stacked("seen", "Worn time with an estimate", says, rows, parts)


def personal(evidence: Evidence) -> list[Chart]:
    """Return the head figures over the number of a person's own sessions in training; none where that was not asked."""
    counts: dict[str, list[tuple[int, Judgement]]] = {}
    for arm, judgement in judged(evidence.results):
        if found := re.match(r"(\d+) session", arm.variant):
            name = f"{arm.candidate}/{arm.group}" if arm.group != "none" else arm.candidate
            counts.setdefault(name, []).append((int(found[1]), judgement))
    if not counts:
        return []
    return [_personal(figure, counts) for figure in head_figures(evidence.results)]


def _personal(figure: str, counts: dict[str, list[tuple[int, Judgement]]]) -> Chart:
    data: list[dict[str, Any]] = []
    for place, (name, known) in enumerate(counts.items()):
        each = [(k, judgement.over_people[figure]) for k, judgement in sorted(known, key=lambda pair: pair[0])]
        each = [(k, of) for k, of in each if of.mean is not None]
        sensor = name not in words.NO_SENSOR
        style = charts.style(place, sensor=sensor)
        means = [of.mean or 0.0 for _, of in each]
        ends = [
            (mean if of.low is None else of.low, mean if of.high is None else of.high)
            for mean, (_, of) in zip(means, each, strict=True)
        ]
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": html.escape(name),
                "x": [k + 0.04 * (place - len(counts) / 2) for k, _ in each],
                "y": means,
                "text": [
                    f"{html.escape(name)}, {k} of their own: {words.number(of.mean, figure)} "
                    f"{words.interval(of, figure)}"
                    for k, of in each
                ],
                "hoverinfo": "text",
                "line": style,
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [high - mean for mean, (_, high) in zip(means, ends, strict=True)],
                    "arrayminus": [mean - low for mean, (low, _) in zip(means, ends, strict=True)],
                    "color": style["color"],
                    "thickness": 1.5,
                },
            }
        )
    n = max((of.over_people[figure].n for known in counts.values() for _, of in known), default=0)
    says = (
        f"Mean over {words.counted(n, 'person', 'people')} with 95 % confidence, all on the same later sessions: what a"
        " person's own past adds to that of others."
    )
    ticks = {"dtick": 1}
    title, unit = words.title(figure), words.unit(figure)
    y = f"{title} [{unit}]" if unit else title
    return charts.lines(
        f"personal-{figure}", title, says, data, x="Sessions of their own in training", y=y, height=300, xaxis=ticks
    )


def examples(evidence: Evidence) -> list[Chart]:
    """Return a session of the best, the median and the worst person of the best arm, chosen by rule."""
    found = best(evidence.results)
    if found is None:
        return []
    arm, judgement = found
    figure = head_figures(evidence.results)[0]
    ranked = sorted(judgement.of(figure).items(), key=lambda each: (-each[1], each[0]))
    places = sorted({0, len(ranked) // 2, len(ranked) - 1} if len(ranked) > 2 else set(range(len(ranked))))
    names = PLACES if len(places) == len(PLACES) else (PLACES[0], PLACES[2])
    tested = evidence.tested(arm)
    drawn = []
    for name, place in zip(names, places, strict=False):
        person, value = ranked[place]
        one = example(tested, person=person, value=value, place=name)
        if one is not None:
            drawn.append(_example(one, figure, forecast=isinstance(tested.moments.aim, ForecastTarget)))
    return drawn


def _example(of: Example, figure: str, *, forecast: bool) -> Chart:
    step = math.ceil(len(of.since_s) / LINES)
    x = [float(each) / 60 for each in of.since_s[::step]]

    def column(values: Any) -> list[float | None]:  # noqa: ANN401
        return [round(float(each), 4) if np.isfinite(each) else None for each in values[::step]]

    band = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    data: list[dict[str, Any]] = [
        {**band, "y": column(of.low)},
        {**band, "y": column(of.high), "fill": "tonexty", "fillcolor": "@held-wash", "showlegend": True}
        | {"name": "90 % interval"},
        {"type": "scatter", "mode": "lines", "x": x, "y": column(of.probability), "name": "probability"}
        | {"line": {"color": "@held", "width": 1.75}},
        {"type": "scatter", "mode": "lines", "x": [x[0], x[-1]], "y": [of.enter, of.enter], "name": "threshold"}
        | {"line": {"color": "@ink-2", "width": 1, "dash": "dot"}},
    ]
    told = of.high if np.isfinite(of.high).any() else of.probability
    most = min(1.0, 1.15 * float(np.nanmax(np.append(told, [of.enter, 0.1]))))
    data += _spells("warning", of.warnings, 1.07 * most, "@rise")
    data += _spells("what happened" if forecast else "positive by its labels", of.happened, 1.16 * most, "@alert")
    true = sum(each.what == "true" for each in of.warnings)
    false = sum(each.what == "false" for each in of.warnings)
    count = words.counted(len(of.happened), "event" if forecast else "stretch", "" if forecast else "stretches")
    says = (
        f"The {of.place} of them: {of.person}, {words.title(figure)} {words.number(of.value, figure)}; in this session"
        f" {count}, {words.counted(len(of.warnings), 'warning')}, {true} true and {false} false."
        " Gaps in the line: it says nothing."
    )
    return charts.lines(
        f"example-{of.place}",
        f"{of.place.capitalize()}: {of.person}",
        says,
        data,
        x="Minutes since the session began",
        y="Probability",
        height=230,
        yaxis={"range": [-0.03 * most, 1.23 * most], "nticks": 6},
    )


def _spells(name: str, spells: Sequence[Any], y: float, colour: str) -> list[dict[str, Any]]:
    """Bars above the curve, from when to when."""
    x: list[float | None] = []
    for each in spells:
        x += [each.begin_s / 60, max(each.end_s, each.begin_s + 5) / 60, None]
    text = [html.escape(each.what) for each in spells for _ in range(3)]
    line = {"color": colour, "width": 9}
    trace = {"type": "scatter", "mode": "lines", "x": x, "y": [y] * len(x), "name": name, "line": line}
    return [{**trace, "text": text, "hoverinfo": "text"}] if spells else []
