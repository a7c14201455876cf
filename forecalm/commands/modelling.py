"""Commands on experiments: experiment, train, evaluate, compare."""

import argparse
import sys
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecalm.commands.terminal import err, number, print_json, progress_bar
from ingest.notice import SENTENCE
from models.errors import ExperimentError

if TYPE_CHECKING:
    from models.datasets.dataset import Dataset
    from models.experiments.results import Results
    from models.experiments.spec import Experiment


def experiment(chosen: argparse.Namespace) -> int:
    """Print an example, or say which there are."""
    there = {
        each.name.removesuffix(".toml"): each.read_text()
        for each in sorted((files("models.experiments") / "examples").iterdir(), key=lambda each: each.name)
        if each.name.endswith(".toml")
    }
    if chosen.name is None:
        for name, text in there.items():
            sys.stdout.write(f"{name:10} {text.splitlines()[0].lstrip('# ')}\n")
        return 0
    if chosen.name not in there:
        raise ExperimentError(f"experiment: there is no example {chosen.name!r}; there are {', '.join(there)}")
    sys.stdout.write(_filled(there[chosen.name], chosen))
    return 0


def _filled(text: str, chosen: argparse.Namespace) -> str:
    """The example as it is, or with the words and people that were named, or that the installation has."""
    from forecalm.commands.modelling_example import WORD_KEYS, filled, words_of

    given = {key: getattr(chosen, key) for key in WORD_KEYS}
    people = chosen.people or (["*"] if chosen.here else [])
    if not chosen.here:
        return filled(text, people=people, given=given) if people or any(given.values()) else text
    from forecalm.config import load as load_config
    from forecalm.installation import Installation

    with closing(Installation(load_config(chosen.config), look=True).open_registry()) as registry:
        words = words_of(registry.labels().values(), people)
    return filled(text, people=people, words=words, given=given)


def evaluate(chosen: argparse.Namespace) -> int:
    """Run an experiment and write its results."""
    from forecalm.commands import modelling_results, modelling_tables
    from models.experiments.run import run

    said, text = _read(chosen.experiment)
    out = chosen.out if chosen.out is not None else Path(f"{said.name}.results")
    if not chosen.describe:
        modelling_results.require_new(out)
    dataset = _dataset(said, chosen)
    if chosen.describe:
        return _describe(said, dataset, json=chosen.json)
    with progress_bar(quiet=chosen.json) as progress:
        bar = progress.add_task("audit", total=None)
        ran = run(
            said,
            dataset,
            libraries=modelling_results.libraries(),
            n_jobs=chosen.jobs,
            progress=lambda done, total, what: progress.update(bar, description=what, completed=done, total=total),
        )
    modelling_results.write(out, ran, text)
    if chosen.json:
        _print_json({"results": str(out), **_headline(ran.results)})
    else:
        modelling_tables.tell_results(ran.results)
        err.print(f"Results: {out}", markup=False)
    return 0


def train(chosen: argparse.Namespace) -> int:
    """Train each candidate on everybody and put it on the shelf."""
    from forecalm.commands.modelling_shelf import Training, train_all

    said, text = _read(chosen.experiment)
    if chosen.describe:
        return _describe(said, _dataset(said, chosen), json=chosen.json)
    training = Training(
        experiment=said,
        text=text.decode(),
        candidates=tuple(chosen.candidate or ()),
        group=chosen.group or said.rows.groups[0],
        config=chosen.config,
        shelf=chosen.out,
        trust=tuple(chosen.trust),
        evaluated=chosen.evaluated,
    )
    training.require()
    dataset = _dataset(said, chosen)
    with progress_bar(quiet=chosen.json) as progress:
        bar = progress.add_task("training", total=None)
        kept = train_all(
            training,
            dataset,
            progress=lambda done, total, what: progress.update(bar, description=what, completed=done, total=total),
        )
    if chosen.json:
        _print_json({"kept": kept})
    else:
        for name, metrics in kept.items():
            figures = ", ".join(f"{key} {value:.3g}" for key, value in metrics.items() if value is not None)
            sys.stdout.write(f"{name}: {figures}\n")
        sys.stdout.write(
            f"Kept {number(len(kept), 'model')}. Figures are of people left out in training.\n{SENTENCE}\n"
        )
    return 0


def compare(chosen: argparse.Namespace) -> int:
    """Compare two results, or two candidates of one, paired over people."""
    from forecalm.commands import modelling_results
    from forecalm.commands.modelling_compared import compared, named
    from forecalm.commands.modelling_tables import tell_comparisons

    folder_a, arm_a = named(chosen.a)
    folder_b, arm_b = named(chosen.b)
    if not folder_a:
        raise ExperimentError(f"{chosen.a}: name a folder of results, or FOLDER:CANDIDATE")
    a = modelling_results.read(Path(folder_a))
    b = modelling_results.read(Path(folder_b)) if folder_b else a
    pairs, notes = compared((a, arm_a), (b, arm_b), figures=tuple(chosen.figure or ()), margin=chosen.margin)
    if chosen.json:
        _print_json({"comparisons": [{"a": a, "b": b, "figures": each} for a, b, each in pairs], "notes": notes})
    else:
        tell_comparisons(pairs, notes)
    return 0


def _read(path: Path) -> "tuple[Experiment, bytes]":
    """Return what the file says, and its text. Raises ExperimentError, or OSError where it cannot be read."""
    from models.experiments.candidates import require
    from models.experiments.spec import read

    text = path.read_bytes()
    said = read(text, origin=str(path))
    if any(":" in each.kind for each in said.candidate) and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # last, so that a file there hides nothing that is installed
    require(said.candidate, forecast=said.is_forecast)
    return said, text


def _dataset(said: "Experiment", chosen: argparse.Namespace) -> "Dataset":
    from forecalm.commands.modelling_data import dataset_of

    with progress_bar(quiet=chosen.json) as progress:
        bar = progress.add_task("reading people", total=None)
        return dataset_of(
            said,
            origin=chosen.experiment,
            config=chosen.config,
            jobs=chosen.jobs,
            progress=lambda done, total: progress.update(bar, completed=done, total=total),
        )


def _describe(said: "Experiment", dataset: "Dataset", *, json: bool) -> int:
    """Say what would be trained on; also where that cannot be, so that somebody can see why."""
    from forecalm.commands.modelling_tables import tell_data
    from models.experiments.describing import describe, require_two_sides, untrainable
    from models.experiments.run import split_of

    data = describe(dataset)
    if json:
        _print_json({"experiment": said.name, "data": data})
    else:
        tell_data(data)
    require_two_sides(dataset)
    split = split_of(said, dataset)
    if not json:
        from forecalm.commands.modelling_tables import tell_split

        tell_split(split, untrainable(dataset, split.folds, said.candidate))
    return 0


def _headline(results: "Results") -> dict[str, Any]:
    from forecalm.commands.modelling_tables import figures_of

    names = figures_of(results)
    return {
        "experiment": results.experiment.name,
        "data": results.data.digest,
        "arms": {
            arm.key: {"why": arm.why}
            if arm.judgement is None
            else {name: arm.judgement.over_people[name] for name in names}
            for arm in results.arms
        },
        "warnings": [*results.notes, *results.audit.warnings],
    }


def _print_json(said: dict[str, Any]) -> None:
    print_json({**said, "notice": SENTENCE})
