"""What can be asked for on the command line: its parser; light, so that ``forecalm --help`` answers at once."""

import argparse
import math
import re
from pathlib import Path
from typing import Any, Final

NOTICE: Final = "Research use only \N{EN DASH} not a medical device."
MANY: Final = 1_000_000_000
WEARERS_MAX: Final = 10_000  # more than one core simulates in real time


def make_parser() -> argparse.ArgumentParser:
    """The parser; what it returns names the ``command``, a function of the ``module`` of ``forecalm.commands``."""
    parser = argparse.ArgumentParser(
        prog="forecalm", description=f"Wristbands in, a carer told in time. {NOTICE}", allow_abbrev=False
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="say more, and where an error came from")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in (_add_running, _add_recordings, _add_people, _add_documents, _add_sources):
        add(commands)
    return parser


def _add_running(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    demo = _command(commands, "running", "demo", "the whole system with simulated bands; opens the board")
    demo.add_argument("--scenario", default="first_light", help="a name or a TOML file (default: first_light)")
    demo.add_argument("--port", type=_port, help="where to serve the board (default: 8420, or a free port)")
    demo.add_argument("--seconds", type=_above_0, help="stop by itself after that long")
    demo.add_argument("--json", action="store_true", help="no browser; a scripted carer, and one JSON line at the end")
    demo.add_argument("--no-browser", action="store_true", help="print the address only")

    serve = _command(commands, "running", "serve", "receive, watch, tell: the service with its board")
    _add_config(serve)

    simulate = _command(commands, "running", "simulate", "simulated bands over MQTT, or a sample session as files")
    simulate.add_argument("--scenario", default="first_light", help="a name (first_light, quiet, ward) or a TOML file")
    simulate.add_argument("--wearers", type=_count, help="how many (default: as the scenario says)")
    simulate.add_argument("--seed", type=int, default=11, help="the same seed, the same people (default: 11)")
    simulate.add_argument("--boot", type=int, help="the bands' boot id (default: the time: every run a new boot)")
    simulate.add_argument("--speed", type=_above_0, default=1.0, help="times real time")
    simulate.add_argument("--seconds", type=_above_0, help="stop after that long (default: until Ctrl-C)")
    simulate.add_argument("--host", default="127.0.0.1")
    simulate.add_argument("--port", type=_port, default=1883)
    simulate.add_argument("--user", type=_credentials, default=("forecalm", "forecalm"), metavar="NAME:PASSWORD")
    simulate.add_argument("--site", default="home")
    simulate.add_argument("--json", action="store_true", help="print what was sent as one JSON line at the end")
    simulate.add_argument(
        "--sent", type=Path, metavar="FILE", help="write every packet there, once: its size in 4 bytes, MessagePack"
    )
    simulate.add_argument("--sample", type=Path, metavar="FOLDER", help="write the sample session there instead")
    _add_while_stdin(simulate)

    broker = _command(commands, "running", "broker", "the embedded MQTT broker, on this machine only")
    broker.add_argument("--port", type=_port, default=1883)
    broker.add_argument("--user", type=_credentials, default=("forecalm", "forecalm"), metavar="NAME:PASSWORD")
    _add_while_stdin(broker)


def _add_recordings(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    replay = _command(commands, "recordings", "replay", "push a recorded E4 session through the live pipeline")
    replay.add_argument("path", type=_path, metavar="PATH", help="an Empatica E4 session: a zip or a folder")
    replay.add_argument("--speed", type=_above_0, help="times real time (default: as fast as it goes)")
    replay.add_argument("--plot", type=Path, metavar="OUT.html", help="write an interactive page")
    replay.add_argument("--time-zone", default="UTC", help="for the clock times of the page (default: UTC)")
    replay.add_argument("--json", action="store_true", help="print one JSON object; the same file gives the same bytes")

    features = _command(
        commands, "recordings", "features", "the features of a recorded E4 session as CSV, or what there are"
    )
    features.add_argument("path", type=_path, nargs="?", metavar="PATH", help="a session; without it, what there are")
    features.add_argument(
        "--set", default="live", choices=("live", "flirt", "wesad", "imbiriba"), help="which (default: live)"
    )
    features.add_argument(
        "--window", type=_above_0, metavar="S", help="of all sets but live (default: 60; imbiriba 180)"
    )
    features.add_argument("--hop", type=_above_0, default=1.0, metavar="S", help="between rows (default: 1)")
    features.add_argument("--out", type=Path, metavar="FILE.csv", help="where to write (default: standard output)")
    features.add_argument("--json", action="store_true", help="what there are, as JSON")


def _add_people(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    pair = _command(commands, "people", "pair", "say who wears a band from now on")
    _add_config(pair)
    pair.add_argument("band", help="the band's id, as in its topic")
    pair.add_argument("wearer", help="the wearer's pseudonym")
    pair.add_argument("--name", help="the name to show on the board, for a new wearer")
    pair.add_argument(
        "--consent-by",
        metavar="WHO",
        help="who agrees that the wearer is recorded and watched, with their role; needed for a new wearer",
    )
    pair.add_argument("--carer", action="append", default=[], help="a carer who may take alerts (may be repeated)")


def _add_documents(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    schema = _command(commands, "documents", "schema", "print the JSON Schema of the wire")
    schema.add_argument("--asyncapi", action="store_true", help="the AsyncAPI document instead")


def _add_sources(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    lsl = _command(
        commands, "sources", "lsl", "be the gateway of Lab Streaming Layer streams (needs the extra formats)"
    )
    lsl.add_argument("--name", help="take the streams of this name only")
    lsl.add_argument("--type", help="take the streams of this type only")
    lsl.add_argument("--source-id", metavar="ID", help="take the streams of this source id only")
    lsl.add_argument("--band", help="the one band that all of them make (default: each source id is a band)")
    lsl.add_argument("--map", type=Path, metavar="FILE.toml", help="which channel is which: see docs/guides/lsl.md")
    lsl.add_argument("--peers", metavar="HOST,...", help="look on these computers, where there is no multicast")
    lsl.add_argument("--list", action="store_true", help="say which streams there are, and what would be taken")
    lsl.add_argument("--wait", type=_above_0, default=2.0, metavar="S", help="how long to look for --list (default: 2)")
    lsl.add_argument("--host", default="127.0.0.1", help="of the broker")
    lsl.add_argument("--port", type=_port, default=1883)
    lsl.add_argument("--user", type=_credentials, default=("forecalm", "forecalm"), metavar="NAME:PASSWORD")
    lsl.add_argument("--site", default="home")
    lsl.add_argument(
        "--gateway", type=_name, help="what this gateway is called (default: lsl- and this computer's name)"
    )
    lsl.add_argument("--seconds", type=_above_0, help="stop after that long (default: until Ctrl-C)")
    lsl.add_argument("--json", action="store_true", help="print what was sent, or found, as one JSON line")


def _add_checks(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    doctor = _command(commands, "checks", "doctor", "say what is wrong with this installation, and the mend")
    bands = _command(commands, "checks", "bands", "every band: who wears it, when it was heard, what is stored")
    for command in (doctor, bands):
        _add_config(command)
        command.add_argument("--json", action="store_true", help="print one JSON object")


def _command(commands: Any, module: str, name: str, about: str) -> argparse.ArgumentParser:  # noqa: ANN401
    command: argparse.ArgumentParser = commands.add_parser(name, help=about, description=f"{about}. {NOTICE}")
    command.set_defaults(command=name, module=f"forecalm.commands.{module}")
    return command


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", type=Path, metavar="FILE.toml", help="see docs/configuration.md")


def _add_while_stdin(command: argparse.ArgumentParser) -> None:
    """For commands that run beside another: they end with whoever started them, however that one ends."""
    command.add_argument("--while-stdin-is-open", action="store_true", help="stop when standard input closes")


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("is empty: name a zip or a folder")
    return Path(text)


def _above_0(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= MANY:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and up to {MANY:,}")
    return value


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= WEARERS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {WEARERS_MAX:,}")
    return int(text)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} must be 1 to 64 of A-Z a-z 0-9 _ -")
    return text


def _credentials(text: str) -> tuple[str, str]:
    name, colon, password = text.partition(":")
    if not (name and colon and password):
        raise argparse.ArgumentTypeError("must be NAME:PASSWORD")
    return name, password
