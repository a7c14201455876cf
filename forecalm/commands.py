"""Parsed arguments in, exit codes out: what each command does, in the words of its user."""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from alerts.errors import AlertError
from console.errors import ConsoleError
from device_sim.errors import SimulationError
from forecalm.cli import FELL_SHORT, NOTICE
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config
from forecalm.peers import PeerError
from ingest.errors import IngestError
from models.errors import ModelError
from signals.errors import SignalError

EXPECTED = (ConfigError, IngestError, SimulationError, SignalError, ModelError, AlertError, ConsoleError, PeerError)
"""What the user can mend: told in one line, without a trace."""

log = logging.getLogger(__name__)
_err = Console(stderr=True, highlight=False)


def demo(chosen: argparse.Namespace) -> int:
    """Run the whole system on simulated bands until Ctrl-C, or for ``--seconds``."""
    from forecalm.client import BoardClient
    from forecalm.demo import Demo

    _err.print(f"[bold]Forecalm[/bold]  {NOTICE}")
    with Demo(scenario=chosen.scenario, port=chosen.port, say=_err.print) as running:
        stop = _stop_event()  # from here on Ctrl-C is a wish; until here it breaks off what is being started
        address = running.service.address
        _err.print(f"The board is at [bold]{address}[/bold]   Ctrl-C ends it.")
        client = BoardClient(address, name="Jo") if chosen.json else None
        if client is not None:
            client.start()
        elif not chosen.no_browser:
            webbrowser.open(address)
        ended_by_itself = _wait(stop, running.works, chosen.seconds)
        if client is None:
            return FELL_SHORT if ended_by_itself else 0
        outcome = running.finish(client)
    sys.stdout.write(msgspec.json.encode(outcome).decode() + "\n")
    return 0 if outcome.good and not ended_by_itself else FELL_SHORT


def _wait(stop: threading.Event, works: Callable[[], bool], seconds: float | None) -> bool:
    """Wait for Ctrl-C or the time to be over; True where something has stopped working before."""
    until = None if seconds is None else time.monotonic() + seconds
    while not stop.wait(0.2):
        if not works():
            _err.print("Something has stopped working; see above. Ending, so that nobody relies on it.")
            return True
        if until is not None and time.monotonic() >= until:
            break
    return False


def _stop_event() -> threading.Event:
    """Set by Ctrl-C or a request to terminate."""
    stop = threading.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: stop.set())
    return stop


def replay(chosen: argparse.Namespace) -> int:
    """Push a recorded session through the live pipeline and say what it would have said."""
    from forecalm import replay as recorded
    from forecalm import replay_page

    zone = _zone(chosen.time_zone)
    if chosen.plot is not None:
        _require_file(chosen.plot, "--plot", suffixes=(".html", ".htm"))
    with _progress(quiet=chosen.json) as progress:
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


def _require_file(path: Path, option: str, *, suffixes: tuple[str, ...]) -> None:
    """Raise ConfigError unless a file may be written to ``path``, before anything long is done or lost."""
    if path.suffix.lower() not in suffixes:
        raise ConfigError(f"{option} {path}: must end in {suffixes[0]}, so that no recording is overwritten")
    if not path.parent.is_dir():
        raise ConfigError(f"{option} {path}: there is no folder {path.parent}")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigError(f"{option} {path}: cannot be written")


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


def _progress(*, quiet: bool) -> Progress:
    """A bar on standard error; nothing where it is no terminal or a script is listening."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
        console=_err,
        disable=quiet or not _err.is_terminal,
        transient=True,
    )


def _tell(found: dict[str, Any], name: str, start_s: float, notes: tuple[str, ...], zone: ZoneInfo) -> None:
    """Print the summary for a person."""
    out = Console(highlight=False)
    out.print(f"[bold]{name}[/bold]  began {datetime.fromtimestamp(start_s, zone):%d %B %Y %H:%M:%S} {zone.key}")
    out.print(NOTICE, style="dim")
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


def serve(chosen: argparse.Namespace) -> int:
    """Receive, watch and tell, until Ctrl-C."""
    from forecalm.build import Service

    with Service(load_config(chosen.config)) as service:
        stop = _stop_event()
        _err.print(f"The board is at [bold]{service.address}[/bold]   {NOTICE}")
        return FELL_SHORT if _wait(stop, service.works, None) else 0


def pair(chosen: argparse.Namespace) -> int:
    """Say who wears a band from now on; a running service must be started anew to watch a new wearer."""
    from forecalm.build import Files, open_registry

    config: Config = load_config(chosen.config)
    files = Files(config.folder)
    files.folder.mkdir(parents=True, exist_ok=True)
    with closing(open_registry(files)) as registry:
        now_s, names = time.time(), registry.names()
        before = registry.wearer_of(chosen.band, now_s)
        registry.pair(band=chosen.band, wearer=chosen.wearer, since_s=now_s, name=chosen.name, carers=chosen.carer)
    said = [f"{chosen.wearer} wears {chosen.band} from now on."]
    if before not in (None, chosen.wearer):
        said.append(f"{before} ({names[before]}) no longer has a band.")
    if chosen.wearer not in names:
        said.append("A service that runs must be started again to watch a new wearer.")
    sys.stdout.write(" ".join(said) + f"\nKept in {files.registry}\n")
    return 0


def simulate(chosen: argparse.Namespace) -> int:
    """Publish simulated bands until Ctrl-C, or write the sample session."""
    if chosen.sample is not None:
        from device_sim.sample import write_sample

        write_sample(chosen.sample)
        sys.stdout.write(f"Wrote {chosen.sample}\n")
        return 0
    from device_sim.mqtt import publish
    from device_sim.scenario import load

    stop = _stop_event()
    _end_with_stdin(chosen, stop)
    name, password = chosen.user
    sent = publish(
        load(chosen.scenario),
        host=chosen.host,
        port=chosen.port,
        site=chosen.site,
        wearers=chosen.wearers,
        seed=chosen.seed,
        boot=int(time.time()) if chosen.boot is None else chosen.boot,
        speed=chosen.speed,
        seconds=chosen.seconds,
        username=name,
        password=password,
        stop=stop,
    )
    if chosen.json:
        sys.stdout.write(msgspec.json.encode(sent).decode() + "\n")
    else:
        sys.stdout.write(f"Sent {sent.packets:,} messages of {len(sent.bands)} bands.\n")
        if sent.unstored >= sent.packets > 0:
            sys.stdout.write("Nobody has said that any of them is stored: is forecalm serve running?\n")
    return 0


def _end_with_stdin(chosen: argparse.Namespace, stop: threading.Event) -> None:
    if chosen.while_stdin_is_open:

        def watch() -> None:
            while os.read(sys.stdin.fileno(), 1024):  # unbuffered: a buffered read cannot be left at the end
                pass
            stop.set()

        threading.Thread(target=watch, name="stdin", daemon=True).start()


def broker(chosen: argparse.Namespace) -> int:
    """Run the embedded broker on loopback until Ctrl-C."""
    from ingest.broker import run_broker

    stop = _stop_event()
    _end_with_stdin(chosen, stop)
    name, password = chosen.user
    run_broker(host="127.0.0.1", port=chosen.port, username=name, password=password, stop=stop)
    return 0


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
        _require_file(chosen.out, "--out", suffixes=(".csv",))
    window_s = chosen.window or (180.0 if chosen.set == "imbiriba" else 60.0)
    with _progress(quiet=chosen.out is None) as progress:
        progress.add_task(f"reading {chosen.path.name}", total=None)
        table = features_of(chosen.path, feature_set=chosen.set, window_s=window_s, hop_s=chosen.hop)
    write(table, chosen.out)
    if chosen.out is not None:
        _err.print(f"{len(table):,} rows of {table.shape[1]} features in {chosen.out}")
    return 0


def schema(chosen: argparse.Namespace) -> int:
    """Print the JSON Schema of the wire."""
    from ingest.schema import schema_text

    sys.stdout.write(schema_text())
    return 0
