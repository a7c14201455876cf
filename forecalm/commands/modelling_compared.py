"""Two results of experiments in, comparisons paired over people out."""

from collections.abc import Sequence

from forecalm.commands.modelling_tables import figures_of
from models.errors import ExperimentError
from models.evaluation.comparing import Comparison, compare
from models.experiments.results import Arm, Results

Pair = tuple[str, str, Sequence[Comparison]]


def named(text: str) -> tuple[str, str]:
    """``FOLDER:ARM`` in its parts; either may be missing."""
    folder, _, arm = text.partition(":")
    return folder, arm


def compared(
    a: tuple[Results, str], b: tuple[Results, str], *, figures: Sequence[str], margin: float | None
) -> tuple[list[Pair], list[str]]:
    """Return of each pair of arms how A differs from B, and what to know of it. Arms that are not named are those that
    both have. Raises ExperimentError where nothing can be compared."""
    (of_a, name_a), (of_b, name_b) = a, b
    pairs = [(of_a.arm(one), of_b.arm(other)) for one, other in _arms(of_a, name_a, of_b, name_b)]
    names = tuple(figures) or figures_of(of_a)
    found: list[Pair] = []
    for one, other in pairs:
        if one.judgement is None or other.judgement is None:
            without = one if one.judgement is None else other
            raise ExperimentError(f"{without.key}: has no figures: {without.why}")
        seed = of_a.experiment.seed
        each = [compare(one.judgement, other.judgement, name, seed=seed, margin=margin) for name in names]
        found.append((_title(of_a, one), _title(of_b, other), each))
    return found, _notes(of_a, of_b, pairs)


def _arms(of_a: Results, name_a: str, of_b: Results, name_b: str) -> list[tuple[str, str]]:
    if name_a or name_b:
        return [(name_a or name_b, name_b or name_a)]
    theirs = {arm.key for arm in of_b.arms if arm.judgement is not None}
    both = [arm.key for arm in of_a.arms if arm.judgement is not None and arm.key in theirs]
    if of_a == of_b or not both:
        raise ExperimentError(
            f"compare: name two candidates, such as {of_a.experiment.name}.results:{of_a.arms[0].key};"
            f" there are {', '.join(arm.key for arm in of_a.arms)} and {', '.join(arm.key for arm in of_b.arms)}"
        )
    return [(key, key) for key in both]


def _title(results: Results, arm: Arm) -> str:
    return f"{results.experiment.name}:{arm.key}"


def _notes(a: Results, b: Results, pairs: Sequence[tuple[Arm, Arm]]) -> list[str]:
    notes = []
    if a.data.digest != b.data.digest:
        notes.append("these are not the same data: only people who are in both are compared, by other moments perhaps")
    if a.experiment.target != b.experiment.target:
        notes.append("the targets differ: a figure of one is not a figure of the other")
    for one, other in pairs:
        if one.judgement is None or other.judgement is None:
            continue
        alone = {each.person for each in one.judgement.people} ^ {each.person for each in other.judgement.people}
        if alone:
            who = "1 person is" if len(alone) == 1 else f"{len(alone)} people are"
            notes.append(f"{who} in one of {one.key} and {other.key} only, and left out")
    return notes
