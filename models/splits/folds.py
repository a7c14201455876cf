"""A data set in, folds out: by people, by their sessions in order of time, by first sessions of their own, by study."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import LEFT_OUT, Dataset
from models.errors import DatasetError
from models.splits.fold import Apart, Fold, Split, embargo_s

PARTS: Final = 5  # of people, or of one person's sessions: four fifths train, which is what the field reports
MIN_PEOPLE: Final = 2

Rows = NDArray[np.bool_]


def leave_one_person_out(dataset: Dataset) -> Split:
    """A fold a person: trained on everybody else. Raises DatasetError where there is one person only."""
    people = _tested_people(dataset)
    return _apart_by_person(dataset, [(f"without {name}", (name,)) for name in people])


def grouped(dataset: Dataset, *, parts: int = PARTS, seed: int = 0) -> Split:
    """``parts`` folds, each of whole people: for cohorts too large for a fold each. Who goes where depends on ``seed``
    and names alone, never on the order of sessions."""
    people = _tested_people(dataset)
    shuffled = sorted(people, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    count = min(parts, len(shuffled))
    hands = [tuple(sorted(shuffled[i::count])) for i in range(count)]
    return _apart_by_person(dataset, [(f"part {i + 1} of {count}", hand) for i, hand in enumerate(hands)])


def chronological(dataset: Dataset, *, parts: int = PARTS, others: bool = False, embargo: float | None = None) -> Split:
    """Each person's sessions, in order of time, in up to ``parts`` blocks: every block but the first is tested by what
    was trained on the blocks before it (and, with ``others``, on everybody else)."""
    folds, notes = [], []
    of = _sessions_by_person(dataset)
    for name, groups in of.items():
        blocks = [list(block) for block in np.array_split(np.arange(len(groups)), min(parts, len(groups)))]
        if len(blocks) < 2:
            notes.append(f"{name} has one session, or sessions at the same time: nothing lies before it to train on")
        for j in range(1, len(blocks)):
            earlier = [session for block in blocks[:j] for g in block for session in groups[g]]
            test = _in_sessions(dataset, [session for g in blocks[j] for session in groups[g]])
            training = _in_sessions(dataset, earlier)
            if others:
                training |= ~_of_people(dataset, (name,))
            folds.append(_fold(dataset, f"{name}, part {j + 1} of {len(blocks)}", training, test, embargo=embargo))
    return _whole(Split(folds=tuple(folds), notes=tuple(notes)), "two sessions of the same person, one after the other")


def calibrated(dataset: Dataset, *, k: Sequence[int] = (0, 1, 2), embargo: float | None = None) -> Split:
    """Leave one person out, but train on their first k sessions: a variant each k. All variants are tested on the same
    rows, the sessions after the first max(k), so that they can be compared."""
    folds, notes, most = [], [], max(k)
    everybody = _tested_people(dataset)
    for name, groups in _sessions_by_person(dataset).items():
        if name not in everybody:
            continue
        if len(groups) <= most:
            notes.append(
                f"{name} has {len(groups)} sessions that follow each other: nothing is left to test after {most}"
            )
            continue
        test = _in_sessions(dataset, [session for group in groups[most:] for session in group])
        strangers = ~_of_people(dataset, (name,))
        for each in sorted(set(k)):
            own = _in_sessions(dataset, [session for group in groups[:each] for session in group])
            title = f"{name} with {each} of their own"
            variant = f"{each} sessions of their own" if each != 1 else "1 session of their own"
            apart = Apart.SESSIONS if each else Apart.PEOPLE
            folds.append(_fold(dataset, title, strangers | own, test, apart=apart, variant=variant, embargo=embargo))
    folds.sort(key=lambda fold: sorted(set(k)).index(int(fold.variant.split()[0])))
    need = f"two people, and one of them with {most + 1} sessions"
    return _whole(Split(folds=tuple(folds), notes=tuple(notes)), need)


def across_studies(dataset: Dataset, *, train: Sequence[str] = (), test: Sequence[str] = ()) -> Split:
    """Trained on every session of the studies ``train``, judged on those of ``test``, a fold each of these. Where a
    side is not named it is every other study. Raises DatasetError where a study is not there."""
    of = np.array([each.study for each in dataset.sessions])
    known = tuple(sorted(set(of.tolist())))
    for name in (*train, *test):
        if name not in known:
            raise DatasetError(f"split: study {name!r} is not in the data set: there is {', '.join(known)}")
    if both := sorted(set(train) & set(test)):
        raise DatasetError(f"split: study {both[0]!r} is to be trained on and tested on: name it on one side")
    folds = []
    for tested in test or tuple(name for name in known if name not in train):
        trained = tuple(train) or tuple(name for name in known if name not in (test or (tested,)))
        if not trained:
            raise DatasetError(f"split: there is one study, {tested!r}: name a second one to train on")
        folds.append(
            _fold(
                dataset,
                f"{' + '.join(trained)} \N{RIGHTWARDS ARROW} {tested}",
                np.isin(of, trained)[dataset.session],
                (of == tested)[dataset.session],
                apart=Apart.STUDIES,
            )
        )
    return _whole(Split(folds=tuple(folds)), "two studies")


def inner(training: Dataset, *, parts: int, seed: int = 0) -> Split:
    """Folds within a training part, where thresholds, calibration and hyper-parameters are chosen: whole people, or a
    lone person's sessions in order of time. Raises DatasetError where it cannot be parted."""
    if len(_labelled_people(training)) >= MIN_PEOPLE:
        return grouped(training, parts=parts, seed=seed)
    return chronological(training, parts=parts)


def _labelled_people(dataset: Dataset) -> tuple[str, ...]:
    """Who has any row with a target."""
    there = np.unique(dataset.person[dataset.target != LEFT_OUT])
    return tuple(dataset.people[i] for i in there)


def _tested_people(dataset: Dataset) -> tuple[str, ...]:
    people = _labelled_people(dataset)
    if len(people) < MIN_PEOPLE:
        raise DatasetError(
            f"split: {len(people)} of {len(dataset.people)} people have rows with a target: leaving people out needs"
            ' two. Name more people, or part one person\'s sessions: split.kind = "chronological"'
        )
    return people


def _apart_by_person(dataset: Dataset, hands: Iterable[tuple[str, tuple[str, ...]]]) -> Split:
    folds = []
    for name, people in hands:
        test = _of_people(dataset, people)
        folds.append(_fold(dataset, name, ~test, test, apart=Apart.PEOPLE))
    unlabelled = sorted(set(dataset.people) - set(_labelled_people(dataset)))
    notes = [f"{name} has no row with a target: they are tested nowhere" for name in unlabelled]
    return Split(folds=tuple(folds), notes=tuple(notes))


def _fold(
    dataset: Dataset,
    name: str,
    training: Rows,
    test: Rows,
    *,
    apart: Apart = Apart.SESSIONS,
    variant: str = "",
    embargo: float | None = None,
) -> Fold:
    """Drop what of the training lies within the embargo of a tested row of the same person."""
    needed = embargo_s(dataset)
    if embargo is not None and embargo < needed:
        raise DatasetError(
            f"split.embargo_s: {embargo:g} is less than what inputs look back on, horizon and latency = {needed:g}:"
            " leave it out, or say more"
        )
    distance = needed if embargo is None else embargo
    kept = training & ~test
    for person in np.intersect1d(dataset.person[kept], dataset.person[test]):
        mine = dataset.person == person
        rows = np.flatnonzero(kept & mine)
        kept[rows[distances_s(dataset.end_s[rows], dataset.end_s[test & mine]) < distance]] = False
    if not kept.any():
        raise DatasetError(f"split: fold {name!r}: nothing is left to train on")
    return Fold(
        name=name,
        training=np.flatnonzero(kept),
        test=np.flatnonzero(test),
        apart=apart,
        embargo_s=distance,
        variant=variant,
    )


def distances_s(times_s: NDArray[np.float64], others_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) how far each time is from the nearest of the others (m,), m > 0."""
    ordered = np.sort(others_s)
    after = np.searchsorted(ordered, times_s)
    right = np.abs(ordered[np.minimum(after, ordered.size - 1)] - times_s)
    left = np.abs(ordered[np.maximum(after - 1, 0)] - times_s)
    nearest: NDArray[np.float64] = np.minimum(left, right)
    return nearest


def _sessions_by_person(dataset: Dataset) -> dict[str, list[list[int]]]:
    """Of each person the sessions with rows, in order of time; those that overlap (two bands, or files that do not say
    their day) are one group, for nobody can say which came first."""
    present = set(np.unique(dataset.session).tolist())
    found: dict[str, list[list[int]]] = {}
    for person in dataset.people:
        mine = [i for i, each in enumerate(dataset.sessions) if each.person == person and i in present]
        mine.sort(key=lambda i: (dataset.sessions[i].start_s, dataset.sessions[i].end_s, dataset.sessions[i].name))
        groups: list[list[int]] = []
        until = -np.inf
        for i in mine:
            if groups and dataset.sessions[i].start_s < until:
                groups[-1].append(i)
            else:
                groups.append([i])
            until = max(until, dataset.sessions[i].end_s)
        if groups:
            found[person] = groups
    return found


def _in_sessions(dataset: Dataset, sessions: Iterable[int]) -> Rows:
    return np.isin(dataset.session, np.fromiter(sessions, np.intp))


def _of_people(dataset: Dataset, people: Iterable[str]) -> Rows:
    which = np.array([each.person in set(people) for each in dataset.sessions], bool)
    return which[dataset.session]


def _whole(split: Split, needed: str) -> Split:
    """Raise DatasetError where there is no fold at all."""
    if not split.folds:
        why = "".join(f"\n  {note}" for note in split.notes)
        raise DatasetError(f"split: there must be {needed}{why}")
    return split
