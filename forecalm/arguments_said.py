"""What options have in common, and their words to values: a port, a path, how many; light, as ``arguments`` is."""

import argparse
import math
import os
from pathlib import Path
from typing import Any, Final

from ingest.ids import HOW, is_id
from ingest.notice import SENTENCE

TLS: Final = "talk to the broker by TLS, most often at port 8883"
CA: Final = "certificate of the authority that signed the broker's, PEM (default: those that the system trusts)"
MANY: Final = 1_000_000_000
DAYS_MAX: Final = 36_500  # as the registry has it
DIGEST_LENGTH: Final = 64  # SHA-256 in hexadecimal
CHANNEL_NAMES: Final = ("eda", "temperature", "ppg", "motion", "ibi")  # as in ``ingest.types``, which is heavy
WEARERS_MAX: Final = 10_000  # more than one core simulates in real time


def command(commands: Any, module: str, name: str, about: str) -> argparse.ArgumentParser:  # noqa: ANN401
    """Enter the command ``name``, whose function of that name stands in ``module`` of ``forecalm.commands``."""
    made: argparse.ArgumentParser = commands.add_parser(name, help=about, description=f"{about}. {SENTENCE}")
    made.set_defaults(command=name, module=f"forecalm.commands.{module}")
    return made


def add_config(command: argparse.ArgumentParser) -> None:
    """Where the configuration is."""
    command.add_argument("--config", type=Path, metavar="FILE.toml", help="see docs/configuration.md")


def add_json(command: argparse.ArgumentParser) -> None:
    """For scripts."""
    command.add_argument("--json", action="store_true", help="print JSON")


def add_while_stdin(command: argparse.ArgumentParser) -> None:
    """For commands that run beside another: they end with whoever started them, however that one ends."""
    command.add_argument("--while-stdin-is-open", action="store_true", help="stop when standard input closes")


def add_tls(parser: argparse.ArgumentParser) -> None:
    """How to talk to the broker."""
    parser.add_argument("--tls", action="store_true", default=os.environ.get("FORECALM_MQTT_TLS", "false"), help=TLS)
    parser.add_argument("--ca", metavar="FILE", default=os.environ.get("FORECALM_MQTT_CA", ""), help=CA)


def from_0(text: str) -> float:
    """A number of 0 or more."""
    return 0.0 if text in ("0", "0.0") else above_0(text)


def path(text: str) -> Path:
    """A file or folder, which need not be there."""
    if not text:
        raise argparse.ArgumentTypeError("is empty: name a zip or a folder")
    return Path(text)


def scopes(text: str) -> tuple[str, ...]:
    """What a consent may be for, some of them."""
    return _some_of(text, ("care", "research", "share"))


def channels(text: str) -> tuple[str, ...]:
    """Some of the channels."""
    return _some_of(text, CHANNEL_NAMES)


def words(text: str) -> tuple[str, ...]:
    """Words of labels, with commas between them."""
    found = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r} has an empty word: write WORD or WORD,WORD")
    return found


def _some_of(text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """A list with commas, each of ``known``, in their order."""
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}; part several by commas")
    return tuple(name for name in known if name in names)


def above_0(text: str) -> float:
    """A finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= MANY:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and up to {MANY:,}")
    return value


def count(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= WEARERS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {WEARERS_MAX:,}")
    return int(text)


def port(text: str) -> int:
    """A TCP port."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def name(text: str) -> str:
    """What a topic can hold."""
    if not is_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} must be {HOW}")
    return text


def user() -> tuple[str, str]:
    """Who one is to the broker where nobody says so: a command line can be read by every user of the machine."""
    return os.environ.get("FORECALM_MQTT_USERNAME", "forecalm"), os.environ.get("FORECALM_MQTT_PASSWORD", "forecalm")


def credentials(text: str) -> tuple[str, str]:
    """NAME:PASSWORD."""
    name, colon, password = text.partition(":")
    if not (name and colon and password):
        raise argparse.ArgumentTypeError("must be NAME:PASSWORD")
    return name, password


def days(text: str) -> int | None:
    """A number of days; None for ever."""
    if text == "none":
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= DAYS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of days from 1 to {DAYS_MAX:,} nor none")
    return int(text)


def witness(text: str) -> tuple[int, str]:
    """The end of an audit, NUMBER:DIGEST."""
    number, _, digest = text.partition(":")
    if not (number.isascii() and number.isdigit() and len(digest) == DIGEST_LENGTH):
        raise argparse.ArgumentTypeError("must be NUMBER:DIGEST as audit verify has printed it")
    return int(number), digest
