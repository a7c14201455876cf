"""The command line: arguments in, an exit code out. A command's own imports wait until it runs."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from forecalm.arguments import make_parser

FELL_SHORT, BAD_INPUT, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0: it did what it should, 1: it ran and fell short, 2: it was given what cannot be used."""
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
        return run(chosen)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if chosen.verbose or not _is_expected(error):
            raise
        sys.stderr.write(f"forecalm: {_told(error)}\n")
        return BAD_INPUT


def _is_expected(error: Exception) -> bool:
    """Whether a user can mend it. Loads every room, which a doctor must be able to do without."""
    from forecalm.commands.expected import EXPECTED

    return isinstance(error, (*EXPECTED, OSError))


def _told(error: Exception) -> str:
    """One line of what was wrong; errors of the operating system begin with the path."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)
