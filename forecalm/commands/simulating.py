"""Simulated bands without the rest of the system, over MQTT, over Bluetooth or as files; and the truth behind them."""

import argparse
import asyncio
import contextlib
import importlib.util
import math
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from rich.markup import escape

from forecalm.arguments import make_parser
from forecalm.commands.broker_said import broker_said
from forecalm.commands.stopping import hear_stdin, stop_event, when_stdin_ends
from forecalm.commands.terminal import err, number, print_json, progress_bar, require_file
from forecalm.config import ConfigError

if TYPE_CHECKING:
    from device_sim.files import Recorded
    from device_sim.handled import Kind
    from device_sim.scenario import Scenario
    from ingest.wire import Packet

FILES: Final = ("e4", "parquet")
FILES_S: Final = 3600.0  # so long is a session on disk if nobody says otherwise
DAY_S: Final = 1_767_571_200  # files begin on 2026-01-05 UTC, for ever: the same bytes each time
MORNING_S: Final = 10 * 3600.0  # at ten, where the scenario has no clock of its own
COUNT_DIGITS: Final = 4  # bands of one kind, 9999: more than a radio carries
LIVE: Final = ("mqtt", "ble")
ONLY_FOR: Final = {  # options that belong to some ways out only; docs/simulator.md has the same table
    "host": ("mqtt",),
    "port": ("mqtt",),
    "user": ("mqtt",),
    "tls": ("mqtt",),
    "ca": ("mqtt",),
    "site": ("mqtt",),
    "speed": LIVE,
    "sent": LIVE,
    "boot": LIVE,
    "kinds": ("ble",),
    "strict_pairing": ("ble",),
    "bonds": ("ble",),
    "hci": ("ble",),
    "air": ("ble",),
    "out": FILES,
    "labels": FILES,
}


def simulate(chosen: argparse.Namespace) -> int:
    """Let a scenario's bands send, or write what they would have recorded; or write the sample session."""
    said = _said(chosen)
    if chosen.sample is not None:
        if others := sorted(said - {"sample", "verbose"}):
            raise ConfigError(f"{_word(others[0])}: changes nothing of --sample, one and the same session: take it out")
        from device_sim.sample import write_sample

        write_sample(chosen.sample)
        sys.stdout.write(f"Wrote {chosen.sample}\n")
        return 0
    _check(chosen, said)
    from device_sim.scenario import load

    scenario = load(chosen.scenario)
    if chosen.fault:
        from device_sim.faults.fault import parse_fault

        scenario = replace(scenario, faults=scenario.faults + tuple(parse_fault(text) for text in chosen.fault))
    if chosen.truth is not None:
        from device_sim.truth import require_pyarrow

        require_pyarrow()
    ways: dict[str, Callable[[argparse.Namespace, Scenario], int]]
    ways = {"mqtt": _over_mqtt, "ble": _over_bluetooth, "e4": _as_files, "parquet": _as_files}
    return ways[chosen.transport](chosen, scenario)


def _said(chosen: argparse.Namespace) -> set[str]:
    """What was chosen otherwise than it is by itself: what the environment says of the broker is said of all ways."""
    usual = vars(make_parser().parse_args(["simulate"]))
    return {option for option, value in vars(chosen).items() if value != usual[option]}


def _word(option: str) -> str:
    return f"--{option.replace('_', '-')}"


def _check(chosen: argparse.Namespace, said: set[str]) -> None:
    """Refuse options that do not go together, by name, before anything long is done."""
    for option, ways in ONLY_FOR.items():
        if option in said and chosen.transport not in ways:
            way = " or ".join(ways)
            raise ConfigError(f"{_word(option)}: is for --transport {way}, not {chosen.transport}: take it out")
    if chosen.hci and chosen.air is not None:
        raise ConfigError("--air: is for the simulated radio, which --hci replaces: take one of them out")
    if chosen.transport in FILES:
        if chosen.out is None:
            raise ConfigError(f"--out: name a folder for the files of --transport {chosen.transport}")
        if chosen.out.exists() and (not chosen.out.is_dir() or any(chosen.out.iterdir())):
            raise ConfigError(f"--out {chosen.out}: is there already and not an empty folder; nothing is overwritten")
        if chosen.while_stdin_is_open:
            raise ConfigError("--while-stdin-is-open: files end by themselves: take it out, and say --seconds")
    if chosen.truth is not None:
        require_file(chosen.truth, "--truth", suffixes=(".parquet",))
    if chosen.labels is not None and (
        chosen.labels.suffix != ".csv" or chosen.labels.parent.resolve() != chosen.out.resolve()
    ):
        require_file(chosen.labels, "--labels", suffixes=(".csv",))


def _over_mqtt(chosen: argparse.Namespace, scenario: "Scenario") -> int:
    from device_sim.mqtt import publish

    stop = stop_event()
    if chosen.while_stdin_is_open:
        when_stdin_ends(stop.set)
    said = broker_said(chosen)
    boot, begun = _boot(chosen), _Begun()
    with _watched(chosen, scenario) as made:
        sent = publish(
            scenario,
            host=said.host,
            port=said.port,
            tls=said.tls,
            ca=said.ca,
            site=chosen.site,
            wearers=chosen.wearers,
            seed=chosen.seed,
            boot=boot,
            speed=chosen.speed,
            seconds=chosen.seconds,
            username=said.username,
            password=said.password,
            stop=stop,
            started=begun.now,
            made=made,
        )
    _write_truth(chosen, scenario, boot=boot, start_s=begun.at_s, seconds=sent.seconds)
    if chosen.json:
        print_json(sent)
    else:
        sys.stdout.write(f"Sent {number(sent.packets, 'message')} of {number(len(sent.bands), 'band')}.\n")
        if sent.unstored >= sent.packets > 0:
            sys.stdout.write(
                f"Nobody has said that any of them is stored: is forecalm serve running, for the site {chosen.site!r}"
                " (--site)?\n"
            )
    return 0


def _over_bluetooth(chosen: argparse.Namespace, scenario: "Scenario") -> int:
    if importlib.util.find_spec("bumble") is None:
        raise ConfigError("--transport ble needs bumble: pip install 'forecalm[radio]', or make setup-full")
    from device_sim.ble import advertise
    from device_sim.sensed import Sensed

    boot, begun = _boot(chosen), _Begun()
    kinds, chosen.wearers = _kinds(chosen)

    def started(address: str) -> None:
        begun.now()
        err.print(f"The bands are on the air at [bold]{address}[/bold]   Ctrl-C ends it.")
        if sys.stdin is not None and sys.stdin.isatty():
            err.print("Type what hands do to a band: [bold]tap 1[/bold], [bold]shake 1[/bold]; [bold]help[/bold].")

    async def run(made: "Callable[[Packet], None] | None") -> Sensed:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        lines: asyncio.Queue[str] = asyncio.Queue()
        for kind in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(kind, stop.set)
        hear_stdin(
            lambda line: _soon(loop, lambda: lines.put_nowait(line)),
            lambda: _soon(loop, stop.set) if chosen.while_stdin_is_open else None,
        )
        return await advertise(
            scenario,
            seed=chosen.seed,
            kinds=kinds,
            wearers=chosen.wearers,
            speed=chosen.speed,
            seconds=chosen.seconds,
            boot=boot,
            port=chosen.air or 0,
            adapters=chosen.hci or (),
            always_pairing=not chosen.strict_pairing,
            lines=lines,
            said=lambda words: err.print(escape(words)),
            stop=stop,
            started=started,
            made=made,
            bonds=chosen.bonds,
        )

    with _watched(chosen, scenario) as made:
        sensed = asyncio.run(run(made))
    _write_truth(chosen, scenario, boot=boot, start_s=begun.at_s, seconds=sensed.seconds)
    if chosen.json:
        print_json(sensed)
    else:
        seconds = sum(band.seconds for band in sensed.bands)
        sys.stdout.write(f"{number(len(sensed.bands), 'band')} sensed {number(seconds, 'second')}.\n")
    return 0


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended by itself meanwhile
        loop.call_soon_threadsafe(call)


def _kinds(chosen: argparse.Namespace) -> "tuple[tuple[Kind, ...], int | None]":
    """The kinds of bands in turn, and how many wearers: ``forecalm=4,strap=1`` says both."""
    from device_sim.drawer import KINDS

    words = [word for each in chosen.kinds or ("forecalm",) for word in each.split(",") if word]
    kinds: list[Kind] = []
    for word in words:
        name, equals, text = word.partition("=")
        count = int(text) if text.isascii() and text.isdigit() and len(text) <= COUNT_DIGITS else 0
        kind = next((each for each in KINDS if each == name), None)
        if kind is None or (equals and not count):
            raise ConfigError(
                f"--kinds {word}: kinds: must be one or more of {', '.join(KINDS)}, each as it is or with how many, as"
                " in forecalm=4"
            )
        kinds += [kind] * (count or 1)
    if not any("=" in word for word in words):
        return tuple(kinds), chosen.wearers
    if chosen.wearers not in (None, len(kinds)):
        raise ConfigError(f"--wearers {chosen.wearers}: --kinds says {len(kinds)}: take one of them out")
    return tuple(kinds), len(kinds)


def _as_files(chosen: argparse.Namespace, scenario: "Scenario") -> int:
    from device_sim.faults.fault import require_transport
    from device_sim.files import record

    require_transport(scenario.faults, chosen.transport)
    seconds = math.ceil(FILES_S if chosen.seconds is None else chosen.seconds)
    start_s = DAY_S + round(MORNING_S if scenario.clock_s is None else scenario.clock_s)
    what = {"scenario": scenario, "wearers": chosen.wearers, "seed": chosen.seed}
    with progress_bar(quiet=chosen.json) as bar, _whole(chosen.out):
        task = bar.add_task("Living through it", total=scenario.past_s + seconds)
        recorded = record(**what, start_s=start_s, seconds=seconds, told=lambda at: bar.update(task, completed=at))
        task = bar.add_task("Writing", total=len(recorded))
        paths = []
        for one in recorded:
            paths.append(_file(chosen, scenario, one))
            bar.advance(task)
        if chosen.labels is not None:
            _write_labels(chosen.labels, scenario, recorded, seed=chosen.seed)
    _write_truth(chosen, scenario, boot=None, start_s=float(start_s), seconds=seconds)
    if chosen.json:
        told = {"files": [str(path) for path in paths], "wearers": len(paths), "seconds": seconds, "start_s": start_s}
        print_json(told)
    else:
        sys.stdout.write(f"Wrote {seconds:,} s of {number(len(paths), 'wearer')} to {chosen.out}\n")
    return 0


@contextmanager
def _whole(out: Path) -> "Iterator[None]":
    """All files or none: what was written to the folder, which was new or empty, goes where the rest cannot be written,
    or somebody ends it: the same command gives the same files."""

    def end(*_: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before, was_there = signal.signal(signal.SIGTERM, end), out.exists()
    try:
        yield
    except BaseException:
        for each in out.iterdir() if out.exists() else ():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        if out.exists() and not was_there:
            out.rmdir()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _file(chosen: argparse.Namespace, scenario: "Scenario", one: "Recorded") -> Path:
    if chosen.transport == "e4":
        from device_sim.e4_files import session_of, write

        path: Path = chosen.out / f"{one.wearer}.zip"
        write(path, session_of(one))
        return path
    from device_sim.parquet import write_parquet

    name = f"{scenario.name}_{chosen.seed}_{one.wearer}"
    write_parquet(chosen.out, one, name=name)
    below: Path = chosen.out / one.wearer / name
    return below


def _write_labels(path: Path, scenario: "Scenario", recorded: "list[Recorded]", *, seed: int) -> None:
    """Write what an observer who misses nothing would say of everybody, as docs/labels.md has it."""
    from device_sim.life.timeline import Timeline
    from device_sim.physiology.noise import keys
    from device_sim.ward import cast
    from forecalm.studies.simulated import labels_of
    from ingest.labels import write_labels

    people = cast(scenario, wearers=len(recorded), seed=seed)
    timeline = Timeline(scenario, people, keys(seed=seed, numbers=tuple(person.number for person in people)))
    seconds = recorded[0].seconds
    befell = timeline.episodes(0, seconds)
    labels = [
        label
        for row, one in enumerate(recorded)
        for label in labels_of(befell.taken(befell.row == row), seconds=seconds, began_s=one.start_s, wearer=one.wearer)
    ]
    path.write_text(write_labels(labels), encoding="utf-8", newline="")


class _Begun:
    """When simulated time 0 was [UTC s]."""

    def __init__(self) -> None:
        self.at_s = time.time()

    def now(self) -> None:
        """It is now."""
        self.at_s = time.time()


def _boot(chosen: argparse.Namespace) -> int:
    """Every run a new boot, unless somebody says otherwise: a store that knew the old one would take the new packets
    for repetitions."""
    return int(time.time()) if chosen.boot is None else int(chosen.boot)


@contextmanager
def _watched(chosen: argparse.Namespace, scenario: "Scenario") -> "Iterator[Callable[[Packet], None] | None]":
    """What is to be called with every packet: a bar moves where the end is known, and ``--sent`` is written."""
    with ExitStack() as stack:
        file = None if chosen.sent is None else stack.enter_context(chosen.sent.open("wb"))
        bar = stack.enter_context(progress_bar(quiet=chosen.json or chosen.seconds is None))
        wearers = scenario.wearers if chosen.wearers is None else chosen.wearers
        task = bar.add_task("Sending", total=None if chosen.seconds is None else math.ceil(chosen.seconds) * wearers)

        def made(packet: "Packet") -> None:
            if file is not None:
                _keep(file, packet)
            if not bar.disable:
                bar.advance(task)

        yield made if file is not None or not bar.disable else None


def _keep(file: BinaryIO, packet: "Packet") -> None:
    from ingest.wire import encode

    data = encode(packet)
    file.write(len(data).to_bytes(4, "little") + data)


def _write_truth(
    chosen: argparse.Namespace, scenario: "Scenario", *, boot: int | None, start_s: float, seconds: int
) -> None:
    if chosen.truth is None:
        return
    if seconds == 0:
        err.print(f"Nothing was sent, so there is no truth to write to {chosen.truth}.")
        return
    from device_sim.truth import write_truth

    speed = 1.0 if chosen.transport in FILES else chosen.speed
    with progress_bar(quiet=chosen.json) as bar:
        task = bar.add_task("Writing the truth", total=seconds)
        write_truth(
            chosen.truth,
            scenario,
            wearers=chosen.wearers,
            seed=chosen.seed,
            boot=boot,
            seconds=seconds,
            start_s=start_s,
            speed=speed,
            told=lambda at: bar.update(task, completed=at),
        )
