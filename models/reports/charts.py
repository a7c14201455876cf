"""Figures of results in, charts as plain data out, as plotly.js draws them.

Colours are names of the page's tokens (``@ink``), which the page resolves by day and by night. Names are escaped,
because plotly reads a little HTML in its text.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from models.evaluation.judgement import FIGURES, ReliabilityPoint
from models.evaluation.people import Spread
from models.reports import words

BAND_PX: Final = 76  # of one candidate in a plot of dots: its name, its people, its mean
AROUND_PX: Final = 64  # axis and air
LEGEND_PX: Final = 22  # of one name beneath a chart: on a narrow screen each has a line
HUES: Final = ("@held", "@alert", "@ink", "@edge")
DASHES: Final = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What plotly draws, ``height`` [px], and what is said beneath: ``says`` what it shows, ``how`` it was made."""

    name: str
    title: str
    says: str
    height: int
    data: list[dict[str, Any]]
    layout: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One row of dots: its ``name``, the ``dots`` by whose they are, in one order for every band, and their mean."""

    name: str
    dots: Sequence[tuple[str, float | None, str]]
    mean: Spread | None = None
    note: str = ""


def dots(
    name: str, title: str, says: str, bands: Sequence[Band], *, figure: str, unit: str = "", of: str = "people"
) -> Chart:
    """Return bands of dots beneath each other; whoever is a dot stands at the same height in every band."""
    people, means, notes = _trace(of, "@ink-2", 7), _trace("mean, 95 % confidence", "@held", 11), []
    means["marker"] |= {"symbol": "diamond", "line": {"width": 1, "color": "@sheet"}}
    means["error_x"] = {"type": "data", "symmetric": False, "array": [], "arrayminus": [], "color": "@held", "width": 5}
    for at, band in enumerate(bands):
        notes.append(_label(at, f"<b>{html.escape(band.name)}</b>  {html.escape(band.note)}"))
        for place, (who, value, told) in enumerate(band.dots):
            if value is not None:
                people["x"].append(value)
                people["y"].append(at + 0.24 + 0.42 * (place + 0.5) / max(1, len(band.dots)))
                people["text"].append(f"{html.escape(who)}: {words.number(value, figure)} {html.escape(told)}")
        if band.mean is not None and band.mean.mean is not None:
            _mean(means, band, at, figure)
    definition = FIGURES.get(figure)
    axis = title if not unit and definition is None else f"{title}{f' [{unit}]' if unit else ''}"
    layout = _layout(axis)
    layout |= {"annotations": notes, "showlegend": True}
    layout["yaxis"] |= {"range": [len(bands), -0.12], "visible": False, "fixedrange": True}
    layout["shapes"] = [_line(at, at) for at in range(1, len(bands))]
    if definition is not None and definition.unit == "" and definition.better in ("more", "less"):
        layout["xaxis"]["range"] = _reach(bands)
    else:
        layout["xaxis"]["rangemode"] = "tozero"
    return Chart(
        name=name,
        title=title,
        says=says,
        height=AROUND_PX + 26 + BAND_PX * max(1, len(bands)),
        data=[people, means] if means["x"] else [people],
        layout=layout,
    )


def _mean(means: dict[str, Any], band: Band, at: int, figure: str) -> None:
    of = band.mean
    assert of is not None  # noqa: S101 - asked by whoever calls
    assert of.mean is not None  # noqa: S101
    low, high = (of.mean if end is None else end for end in (of.low, of.high))
    means["x"].append(of.mean)
    means["y"].append(at + 0.79)
    means["error_x"]["array"].append(high - of.mean)
    means["error_x"]["arrayminus"].append(of.mean - low)
    means["text"].append(
        f"{html.escape(band.name)}: mean {words.number(of.mean, figure)} {words.interval(of, figure)}, n = {of.n}"
    )


def _reach(bands: Sequence[Band]) -> list[float]:
    """From 0 to 1, and as far as anything lies beyond."""
    values = [value for band in bands for _, value, _ in band.dots if value is not None]
    values += [end for band in bands if band.mean for end in (band.mean.low, band.mean.high) if end is not None]
    low, high = min([0.0, *values]), max([1.0, *values])
    air = 0.03 * (high - low)
    return [low - air, high + air]


def lines(
    name: str, title: str, says: str, data: list[dict[str, Any]], *, x: str, y: str, height: int = 320, **more: object
) -> Chart:
    """Return a chart of lines with a title on either axis."""
    layout = _layout(x) | {"showlegend": True}
    layout["yaxis"] |= {"title": {"text": y}, **dict(more.get("yaxis") or {})}  # type: ignore[call-overload]
    layout["xaxis"] |= dict(more.get("xaxis") or {})  # type: ignore[call-overload]
    layout["margin"] = {"l": 58, "r": 14, "t": 12, "b": 46}
    layout["legend"] = {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0, "font": {"size": 13}}
    if "shapes" in more:
        layout["shapes"] = more["shapes"]
    entries = sum(each.get("showlegend", True) for each in data)
    return Chart(name=name, title=title, says=says, height=height + LEGEND_PX * entries, data=data, layout=layout)


def style(place: int, *, sensor: bool) -> dict[str, Any]:
    """The line of the candidate of that place: what looks at no sensor has no hue."""
    if not sensor:
        return {"color": "@ink-2", "width": 1.5, "dash": DASHES[1 + place % 3]}
    return {"color": HUES[place % len(HUES)], "width": 2.5, "dash": DASHES[place // len(HUES) % len(DASHES)]}


def reliability(name: str, title: str, says: str, points: Sequence[ReliabilityPoint]) -> Chart:
    """Return what was said against what happened, and beneath how often it was said."""
    x, y = [point.probability for point in points], [point.share for point in points]
    up = [0.0 if point.high is None else point.high - point.share for point in points]
    down = [0.0 if point.low is None else point.share - point.low for point in points]
    text = [f"{point.n:,} moments: said {point.probability:.3f}, happened {point.share:.3f}" for point in points]
    bars = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "color": "@held", "thickness": 1.5}
    layout = _layout("Probability said")
    most = max([0.1, *x, *y, *(point.high for point in points if point.high is not None)])
    reach = [-0.03 * most, 1.05 * most]
    layout["xaxis"] |= {"range": reach, "anchor": "y2", "nticks": 5}
    layout["yaxis"] |= {"range": reach, "domain": [0.34, 1], "title": {"text": "Share that happened"}, "nticks": 5}
    layout["yaxis2"] = {
        "domain": [0, 0.2],
        "title": {"text": "n"},
        "gridcolor": "@line",
        "zeroline": False,
        "nticks": 3,
    }
    layout["margin"] = {"l": 58, "r": 10, "t": 8, "b": 44}
    diagonal = {"type": "scatter", "mode": "lines", "x": [0, most], "y": [0, most], "hoverinfo": "skip"}
    return Chart(
        name=name,
        title=title,
        says=says,
        height=330,
        data=[
            {**diagonal, "line": {"color": "@ink-2", "width": 1, "dash": "dot"}},
            {
                **_scatter(x, y, text),
                "mode": "lines+markers",
                "line": {"color": "@held", "width": 1.5},
                "marker": {"color": "@held", "size": 7},
                "error_y": bars,
            },
            {
                "type": "bar",
                "x": [(point.from_ + point.to) / 2 for point in points],
                "y": [point.n for point in points],
                "width": [0.9 * (point.to - point.from_) for point in points],
                "yaxis": "y2",
                "marker": {"color": "@ink-2"},
                "text": text,
                "textposition": "none",
                "hoverinfo": "text",
            },
        ],
        layout=layout,
    )


def stacked(name: str, title: str, says: str, rows: Sequence[str], parts: Sequence[tuple[str, list[float]]]) -> Chart:
    """Return shares of each row in ``parts``, the first plain and every other hatched: nobody could see there."""
    shapes = ("", "/", "x", "\\", "+", ".", "-")
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": html.escape(part),
            "x": values,
            "y": list(range(len(rows))),
            "width": 0.42,
            "offset": 0.32,
            "text": [f"{html.escape(row)}: {part} {value:.1%}" for row, value in zip(rows, values, strict=True)],
            "textposition": "none",
            "hoverinfo": "text",
            "marker": {
                "color": "@held" if i == 0 else "@sheet",
                "line": {"color": "@ink", "width": 0 if i == 0 else 1},
                "pattern": {"shape": shapes[i % len(shapes)], "fgcolor": "@ink", "bgcolor": "@sheet", "size": 6},
            },
        }
        for i, (part, values) in enumerate(parts)
    ]
    data[0]["marker"] = {"color": "@held"}
    layout = _layout("Share of worn moments")
    layout["barmode"] = "stack"
    layout["xaxis"] |= {"range": [0, 1], "tickformat": ".0%"}
    layout["yaxis"] |= {"range": [len(rows), -0.12], "visible": False, "fixedrange": True}
    layout["annotations"] = [_label(at, f"<b>{html.escape(row)}</b>") for at, row in enumerate(rows)]
    layout["showlegend"] = True
    return Chart(
        name=name, title=title, says=says, height=AROUND_PX + 40 + 46 * max(1, len(rows)), data=data, layout=layout
    )


def _trace(name: str, colour: str, size: int) -> dict[str, Any]:
    marker = {"color": colour, "size": size}
    return {**_scatter([], [], []), "name": name, "mode": "markers", "marker": marker}


def _scatter(x: list[float], y: list[float], text: list[str]) -> dict[str, Any]:
    return {"type": "scatter", "x": x, "y": y, "text": text, "hoverinfo": "text"}


def _label(at: float, text: str) -> dict[str, Any]:
    place = {"x": 0, "xref": "paper", "xanchor": "left", "y": at + 0.1, "yref": "y", "yanchor": "middle"}
    return {**place, "text": text, "showarrow": False, "font": {"size": 13}}


def _line(y: float, y1: float) -> dict[str, Any]:
    ends = {"x0": 0, "x1": 1, "xref": "paper", "y0": y - 0.06, "y1": y1 - 0.06}
    return {"type": "line", **ends, "line": {"color": "@line", "width": 1}}


def _layout(x: str) -> dict[str, Any]:
    axis = {"gridcolor": "@line", "zeroline": False, "linecolor": "@edge", "automargin": True}
    return {
        "margin": {"l": 12, "r": 14, "t": 12, "b": 46},
        "paper_bgcolor": "@sheet",
        "plot_bgcolor": "@sheet",
        "font": {"color": "@ink", "size": 13},
        "hoverlabel": {"bgcolor": "@ink", "font": {"color": "@paper"}},
        "showlegend": False,
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        "xaxis": {**axis, "title": {"text": x, "standoff": 8}},
        "yaxis": dict(axis),
    }
