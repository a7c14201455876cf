"""A replayed session in, one interactive page out: what was recorded, what was made of it, and when, by the clock."""

import html
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from forecalm.replay import Replayed
from ingest.notice import SENTENCE
from ingest.types import Array, Block

POINTS = 6_000  # a lane: more than a screen has columns, few enough for an old tablet
INK, INK_2, LINE, PAPER, RISE, ALERT = "#0e1f1f", "#445453", "#c2cdcb", "#f8faf9", "#f0ae17", "#a3180a"
LANES = (
    ("EDA [µS]", 2.0),
    ("Responses [µS]", 1.0),
    ("Pulse [1/min]", 2.0),
    ("Pulse wave", 1.0),
    ("Skin [°C]", 1.0),
    ("Moving [g]", 1.0),
    ("Risk", 2.0),
)


def write(replayed: Replayed, path: Path, *, zone: ZoneInfo, title: str) -> None:
    """Write the page to ``path``; it needs nothing from outside. The same session gives the same bytes."""
    from plotly.io import to_html

    chart = to_html(
        _figure(replayed, zone),
        full_html=False,
        include_plotlyjs=True,
        div_id="session",
        config={"displaylogo": False, "scrollZoom": True, "responsive": True},
    )
    began = datetime.fromtimestamp(replayed.recording.start_s, zone)
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in replayed.recording.notes)
    alerts = "".join(
        f"<li><strong>{datetime.fromtimestamp(alert.raised_s, zone):%H:%M:%S}</strong> "
        f"{html.escape(' '.join(alert.reasons))}</li>"
        for alert in replayed.alerts
    )
    page = _PAGE.format(
        title=html.escape(title),
        began=f"{began:%A %d %B %Y, %H:%M:%S} ({html.escape(zone.key)})",
        notice=SENTENCE,
        alerts=f"<h2>Alerts</h2><ol>{alerts}</ol>" if alerts else "<p>No alert would have been raised.</p>",
        notes=f"<h2>Noticed while reading</h2><ul>{notes}</ul>" if notes else "",
        chart=chart,
    )
    path.write_text(page, encoding="utf-8")


_PAGE = """<!DOCTYPE html>
<html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Forecalm replay</title>
<style>
body {{ margin: 0 auto; max-width: 90rem; padding: 1rem 1.5rem; background: #f8faf9; color: #0e1f1f;
  font: 1.0625rem/1.4 system-ui, sans-serif; }}
h1 {{ margin: 0; font-size: 1.75rem; }} h2 {{ font-size: 1.25rem; }} .soft {{ color: #445453; }}
</style></head><body>
<header><h1>{title}</h1><p class="soft">{began}</p><p><strong>{notice}</strong></p></header>
<main><p class="soft">Red lines: alerts. Dotted lines: button presses.</p>{chart}{alerts}{notes}</main>
<footer><p class="soft">{notice}</p></footer>
</body></html>
"""


def _figure(replayed: Replayed, zone: ZoneInfo) -> Any:  # noqa: ANN401 - plotly has no types
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=len(LANES),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.02,
        row_heights=[height for _, height in LANES],
    )
    for lane, x, y, style in _traces(replayed):
        figure.add_scatter(x=_clock(x, zone), y=y, row=lane, col=1, **style)
    for lane, (name, _) in enumerate(LANES, 1):
        figure.update_yaxes(title_text=name, row=lane, col=1, gridcolor=LINE, zeroline=False)
    figure.update_yaxes(range=[0, 1], row=len(LANES), col=1)
    figure.update_xaxes(gridcolor=LINE, tickformat="%H:%M:%S", hoverformat="%H:%M:%S")
    for tag in replayed.recording.tags_s:
        figure.add_vline(x=_clock(np.array([tag]), zone)[0], line={"color": INK_2, "width": 1, "dash": "dot"})
    for alert in replayed.alerts:
        figure.add_vline(x=_clock(np.array([alert.raised_s]), zone)[0], line={"color": ALERT, "width": 2})
    figure.update_layout(
        height=1150,
        margin={"l": 90, "r": 20, "t": 70, "b": 40},
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        font={"color": INK, "size": 14},
        legend={"orientation": "h", "y": 1.01, "yanchor": "bottom"},
        hovermode="x unified",
    )
    return figure


Lane = tuple[int, Array, Array, dict[str, Any]]


def _traces(replayed: Replayed) -> list[Lane]:
    """(lane, UTC s, value, style) of everything that is drawn."""
    recording, seconds = replayed.recording, replayed.second_s.astype(np.float64) + 1
    line: dict[str, Any] = {"mode": "lines", "line": {"color": INK, "width": 1.25}}
    soft: dict[str, Any] = {"mode": "lines", "line": {"color": RISE, "width": 2}}
    drawn: list[Lane] = []
    if "eda" in recording.channels:
        drawn.append((1, *_thin(recording.channels["eda"]), {**line, "name": "Skin conductance"}))
    if replayed.features.size:
        drawn.append((1, seconds, replayed.feature("eda_level_uS"), {**soft, "name": "EDA level"}))
        drawn.append((3, seconds, replayed.feature("heart_rate_bpm"), {**line, "name": "Pulse"}))
        drawn.append((5, seconds, replayed.feature("temperature_C"), {**soft, "name": "Temperature level"}))
        drawn.append((6, seconds, replayed.feature("motion_g"), {**line, "name": "Movement"}))
    dots = {"mode": "markers", "marker": {"size": 5, "color": INK}, "name": "Responses"}
    drawn.append((2, replayed.responses[0], replayed.responses[1], dots))
    if recording.ibi_s is not None:
        when, interval = recording.ibi_s
        own = {"mode": "markers", "marker": {"size": 3, "color": RISE}, "name": "The band's own beats"}
        drawn.insert(0, (3, when, 60.0 / interval, own))
    if "ppg" in recording.channels:
        drawn.append((4, *_thin(recording.channels["ppg"]), {**line, "name": "Pulse wave"}))
    if "temperature" in recording.channels:
        drawn.append((5, *_thin(recording.channels["temperature"]), {**line, "name": "Skin temperature"}))
    risk = {"mode": "lines", "line": {"color": ALERT, "width": 2}, "name": "Risk"}
    drawn.append((7, seconds, replayed.probability, risk))
    return drawn


def _thin(pieces: Sequence[Block]) -> tuple[Array, Array]:
    """Keep the lowest and highest sample of each stretch, so that no spike is lost to the drawing; a break between
    pieces stays one."""
    step = max(1, 2 * sum(piece.values.shape[-1] for piece in pieces) // POINTS)
    time_s: list[Array] = []
    values: list[Array] = []
    for piece in pieces:
        if time_s:
            time_s.append(np.array([piece.start_s]))
            values.append(np.array([np.nan]))
        at = _extremes(piece.values, step)
        time_s.append(piece.start_s + at / piece.rate_hz)
        values.append(piece.values[at])
    return np.concatenate(time_s), np.concatenate(values)


def _extremes(values: Array, step: int) -> NDArray[np.intp]:
    """Where the lowest and the highest of every ``step`` samples are."""
    n = values.shape[-1]
    whole = n // step * step
    if step <= 2 or whole == 0:
        return np.arange(n)
    stretches = np.where(np.isfinite(values[:whole]), values[:whole], 0.0).reshape(-1, step)
    base = np.arange(len(stretches)) * step
    return np.unique(np.concatenate([base + stretches.argmin(axis=1), base + stretches.argmax(axis=1)]))


def _clock(utc_s: Array, zone: ZoneInfo) -> list[datetime]:
    """Wall-clock times of the site; plotly draws naive ones as they are."""
    return [datetime.fromtimestamp(float(t), UTC).astimezone(zone).replace(tzinfo=None) for t in utc_s]
