"""What can be asked of experiments: their arguments; light, as ``arguments`` is."""

import argparse
from typing import Any, Final

from forecalm.arguments_said import add_config, add_json, command, from_0, path

MODULE: Final = "modelling"
JOBS_MAX: Final = 4096


def add_models(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    """Enter experiment, train, evaluate and compare."""
    example = command(commands, MODULE, "experiment", "print an example of an experiment file, to begin with")
    example.add_argument("name", nargs="?", help="which (default: say what there are)")
    example.add_argument(
        "--here", action="store_true", help="with the people and the label words of this installation in it"
    )
    example.add_argument("--people", nargs="+", default=[], metavar="W", help="pseudonyms, * and ? as in file names")
    for key, says in (
        ("positive", "that the state is so"),
        ("negative", "that it is not"),
        ("apart", "neither: told by itself"),
        ("events", "that something began that is to be foretold"),
    ):
        example.add_argument(f"--{key}", nargs="+", default=[], metavar="WORD", help=f"words of labels: {says}")
    add_config(example)

    evaluate = command(commands, MODULE, "evaluate", "run an experiment: who is held out, how well each candidate does")
    evaluate.add_argument("--out", type=path, metavar="FOLDER", help="for results, new (default: NAME.results here)")
    train = command(commands, MODULE, "train", "train candidates on everybody, and put them on the shelf")
    train.add_argument("--out", type=path, metavar="FOLDER", help="another shelf than the installation's")
    train.add_argument(
        "--candidate", action="append", metavar="NAME", help="this one alone (may be repeated; default: each)"
    )
    train.add_argument("--group", choices=("combined", "physiology", "motion"), help="of inputs (default: the first)")
    train.add_argument("--trust", action="append", default=[], metavar="TYPE", help="a type of your own to be kept")
    train.add_argument(
        "--evaluated", type=path, metavar="FOLDER", help="results of the same data: their figures stand in the manifest"
    )
    for each in (evaluate, train):
        each.add_argument("experiment", type=path, metavar="EXPERIMENT.toml", help="see docs/experiments.md")
        each.add_argument("--describe", "--dry-run", action="store_true", help="say what data there are; train nothing")
        each.add_argument("--jobs", type=_jobs, default=1, metavar="N", help="processes at once (default: 1)")
        add_config(each)
        add_json(each)

    compare = command(commands, MODULE, "compare", "say which of two results is better, paired over people")
    compare.add_argument("a", metavar="A", help="FOLDER of results, or FOLDER:CANDIDATE")
    compare.add_argument("b", metavar="B", help="another one, or :CANDIDATE of the same folder")
    compare.add_argument("--figure", action="append", metavar="NAME", help="such as auroc (may be repeated)")
    compare.add_argument("--margin", type=from_0, metavar="M", help="say whether A is at most that much worse than B")
    add_json(compare)


def _jobs(text: str) -> int:
    """A number of processes."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= JOBS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {JOBS_MAX:,}")
    return int(text)
