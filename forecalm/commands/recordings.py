"""Commands on recordings: replay, features."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from rich.console import Console
from rich.table import Table

from forecalm.commands.terminal import err, progress_bar, require_file
from forecalm.config import ConfigError
from ingest.notice import SENTENCE


def replay(chosen: argparse.Namespace) -> int:
    """Push a recorded session through the live pipeline and say what it would have said."""
    from forecalm import replay as recorded
    from forecalm import replay_page

    zone = _zone(chosen.time_zone)
    if chosen.plot is not None:
        require_file(chosen.plot, "--plot", suffixes=(".html", ".htm"))
    with progress_bar(quiet=chosen.json) as progress:
        bar = progress.add_task(chosen.path.name, total=None)
        replayed = recorded.replay(
            chosen.path,
            pace=_pace(chosen.speed),
            progress=lambda done_s, all_s: progress.update(bar, completed=done_s, total=all_s),
        )
    found = recorded.summary(replayed)
    if chosen.plot is not None:
        replay_page.write(replayed, chosen.plot, zone=zone, title=replayed.recording.name)
    if chosen.json:
        sys.stdout.write(json.dumps(found, allow_nan=False) + "\n")
    else:
        _tell(found, replayed.recording.name, replayed.recording.start_s, replayed.recording.notes, zone)
        if chosen.plot is not None:
            Console(highlight=False).print(f"Page: {chosen.plot}")
    return 0


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(f"--time-zone {name!r} is no zone such as Europe/London") from None


def _pace(speed: float | None) -> Callable[[float], None]:
    """Return what waits until a recorded moment is due at ``speed`` times real time; None waits for nothing."""
    began: list[float] = []

    def wait(utc_s: float) -> None:
        if speed is None:
            return
        if not began:
            began.extend((time.monotonic(), utc_s))
        due = began[0] + (utc_s - began[1]) / speed
        time.sleep(max(0.0, due - time.monotonic()))

    return wait


def _tell(found: dict[str, Any], name: str, start_s: float, notes: tuple[str, ...], zone: ZoneInfo) -> None:
    """Print the summary for a person."""
    out = Console(highlight=False)
    out.print(f"[bold]{name}[/bold]  began {datetime.fromtimestamp(start_s, zone):%d %B %Y %H:%M:%S} {zone.key}")
    out.print(SENTENCE, style="dim")
    channels = Table("channel", "Hz", "samples", "missing, s", box=None, pad_edge=False)
    for channel, facts in found["channels"].items():
        channels.add_row(channel, f"{facts['rate_hz']:g}", f"{facts['samples']:,}", _said(facts["gap_s"], ".1f"))
    out.print(channels)
    heart, risk = found["heart_rate_bpm"], found["risk"]
    rows = [
        ("lasted", f"{found['duration_s'] / 60:.1f} min, worn {found['worn_s'] / 60:.1f} min"),
        ("risk said for", _said(found["coverage"], ".0%", " of worn time; the first ten minutes are learnt from")),
        ("pulse", _said(heart["median"], ".1f", " a minute (median)")),
        ("against the band's own", _against(heart["recorded"])),
        ("skin responses", _said(found["scr_per_min"], ".1f", " a minute")),
        ("risk", ", ".join(f"{key} {_said(risk[key], '.2f')}" for key in ("median", "p95", "max"))),
        ("alerts", str(len(found["alerts"]))),
    ]
    facts_table = Table(box=None, show_header=False, pad_edge=False)
    for row in rows:
        facts_table.add_row(*row)
    out.print(facts_table)
    for alert in found["alerts"]:
        out.print(f"  {datetime.fromtimestamp(alert['at'], zone):%H:%M:%S}  {alert['reason']}")
    for note in notes:
        out.print(f"Note: {note}", style="dim")


def _said(value: float | None, form: str, unit: str = "") -> str:
    return "unknown" if value is None else format(value, form) + unit


def _against(recorded: dict[str, float | None] | None) -> str:
    if recorded is None:
        return "unknown: no window that its intervals cover by 80 %"
    if not recorded["share"]:
        return "unknown: nothing said in the windows that its intervals cover by 80 %"
    error, p95, share = (recorded[name] for name in ("median_error", "p95_error", "share"))
    return f"median {error:.2f} off, 95 % within {p95:.2f}, in {share:.0%} of windows"


def features(chosen: argparse.Namespace) -> int:
    """Write a session's features, or print what there are."""
    from forecalm.features import features_of, page, write
    from signals.features import FEATURES

    if chosen.path is None:
        sys.stdout.write(msgspec.json.encode(FEATURES).decode() + "\n" if chosen.json else page())
        return 0
    if chosen.set == "live" and (chosen.window is not None or not chosen.hop.is_integer()):
        raise ConfigError("--window, --hop: the live set has windows of its own and comes once in whole seconds")
    if chosen.out is not None:
        require_file(chosen.out, "--out", suffixes=(".csv",))
    window_s = chosen.window or (180.0 if chosen.set == "imbiriba" else 60.0)
    with progress_bar(quiet=chosen.out is None) as progress:
        progress.add_task(f"reading {chosen.path.name}", total=None)
        table = features_of(chosen.path, feature_set=chosen.set, window_s=window_s, hop_s=chosen.hop)
    write(table, chosen.out)
    if chosen.out is not None:
        err.print(f"{len(table):,} rows of {table.shape[1]} features in {chosen.out}")
    return 0
