"""What commands share when they talk to a terminal."""

import getpass
import os
import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from console.access.command_line import OWN
from forecalm.config import ConfigError

err = Console(stderr=True, highlight=False)


def require_file(path: Path, option: str, *, suffixes: tuple[str, ...]) -> None:
    """Raise ConfigError unless a file may be written to ``path``, before anything long is done or lost."""
    if path.suffix.lower() not in suffixes:
        ends = " or ".join(suffixes)
        raise ConfigError(f"{option} {path}: must end in {ends}, so that no recording is overwritten")
    if not path.parent.is_dir():
        raise ConfigError(f"{option} {path}: there is no folder {path.parent}")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigError(f"{option} {path}: cannot be written")


def progress_bar(*, quiet: bool) -> Progress:
    """A bar on standard error; nothing where it is no terminal or a script is listening."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
        console=err,
        disable=quiet or not err.is_terminal,
        transient=True,
    )


def print_json(said: object) -> None:
    """What ``--json`` asks for: one line on standard output; paths and the like as they read."""
    sys.stdout.write(msgspec.json.encode(said, enc_hook=str).decode() + "\n")


def number(count: int, noun: str, many: str = "") -> str:
    """``1 recording``, ``2 recordings``; ``many`` where an s does not make a word of several."""
    return f"{count:,} {noun if count == 1 else many or f'{noun}s'}"


def operator() -> str:
    """Who the audit says it was: the user of this machine, where it has names."""
    try:
        return f"{getpass.getuser()}{OWN}"
    except (KeyError, OSError):
        return f"somebody{OWN}"
