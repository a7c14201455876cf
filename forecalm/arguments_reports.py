"""What can be asked of reports and cards: their arguments; light, as ``arguments`` is."""

import argparse
from typing import Any, Final

from forecalm.arguments_said import add_config, command, path

MODULE: Final = "reporting"


def add_reports(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    """Enter report and card."""
    report = command(commands, MODULE, "report", "make one page of results: every figure, plots, TRIPOD+AI")
    report.add_argument("results", nargs="+", type=path, metavar="RESULTS", help="folders that evaluate has written")
    report.add_argument("--out", type=path, metavar="FILE.html", help="(default: the first folder's name, .html)")
    _force(report)

    card = command(
        commands, MODULE, "card", "make a model card: what it is for, what it was trained on, how good it is"
    )
    card.add_argument("name", metavar="NAME", help="a model on the shelf")
    card.add_argument("--out", type=path, metavar="FILE", help="ending in .html or .md (default: printed as Markdown)")
    card.add_argument("--results", type=path, metavar="RESULTS", help="an evaluation of the same experiment")
    card.add_argument("--rehearsal", type=path, metavar="FILE.json", help="a rehearsal of it (default: the last)")
    card.add_argument("--shelf", type=path, metavar="FOLDER", help="another shelf than the installation's")
    add_config(card)
    _force(card)


def _force(of: argparse.ArgumentParser) -> None:
    of.add_argument("--force", action="store_true", help="replace a file that is neither report nor card")
