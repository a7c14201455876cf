"""A benchmark and its options in; the broker's program, a folder that goes again, and the figures printed, out."""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def mosquitto_here() -> str | None:
    """Return the path of the broker's program, None where there is none."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def broker() -> str:
    """Return the path of the broker's program; ends the benchmark where there is none."""
    found = mosquitto_here()
    if found is None:
        sys.exit("Mosquitto is not on this machine: apt install mosquitto")
    return found


def options(about: str | None) -> argparse.ArgumentParser:
    """Return a parser of options that says what the benchmark is ``about`` as its module says it."""
    return argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)


def run(measure: Callable[..., dict[str, object]], parser: argparse.ArgumentParser) -> None:
    """Let ``measure`` (folder, mosquitto, and each option by its name) measure, and print what it found: a figure a
    line, or with ``--json`` as JSON."""
    parser.add_argument("--json", action="store_true")
    chosen = vars(parser.parse_args())
    as_json, program = chosen.pop("json"), broker()
    with tempfile.TemporaryDirectory(prefix="forecalm-") as folder:
        found = measure(Path(folder), mosquitto=program, **chosen)
    if as_json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:22}", value)
