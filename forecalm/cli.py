"""The command line: arguments in, an exit code out. A command's own imports wait until it runs."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from forecalm.arguments import make_parser

FELL_SHORT, BAD_INPUT, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0: it did what it should, 1: it ran and fell short, 2: it was given what cannot be used."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end of the process
    if sys.stdout is None:  # a file that a command opens could come to stand there
        sys.stderr.write("forecalm: standard output is closed: send it to a file or to /dev/null, nothing was done\n")
        return BAD_INPUT
    parser = make_parser()
    chosen = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if chosen.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    if chosen.command is None:
        parser.print_help()
        return BAD_INPUT
    run: Callable[[argparse.Namespace], int] = getattr(import_module(chosen.module), chosen.command)
    try:
        code = run(chosen)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt as stop:
        refused = _refused_before(stop)
        sys.stderr.write("forecalm: interrupted\n" if refused is None else f"forecalm: interrupted: {_told(refused)}\n")
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            return FELL_SHORT
        if chosen.verbose or not _is_expected(error):
            raise
        sys.stderr.write(f"forecalm: {_told(error)}\n")
        return BAD_INPUT


def _nobody_reads() -> bool:
    """Whether the reader of standard output is gone (``forecalm doctor | head``); what is unsaid then goes nowhere."""
    try:
        sys.stdout.write("\n")  # what failed before is forgotten: a flush alone says nothing
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _refused_before(stop: BaseException) -> Exception | None:
    """What was being told when somebody lost patience, while what had been started was taken down again: an error of
    ours, for libraries live through many of the operating system's."""
    error = stop.__context__
    while error is not None:
        if isinstance(error, Exception) and not isinstance(error, OSError) and _is_expected(error):
            return error
        error = error.__context__
    return None


def _is_expected(error: Exception) -> bool:
    """Whether a user can mend it. Loads every room, which a doctor must be able to do without."""
    from forecalm.commands.expected import EXPECTED

    return isinstance(error, (*EXPECTED, OSError))


def _told(error: Exception) -> str:
    """One line of what was wrong; errors of the operating system begin with the path."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)
