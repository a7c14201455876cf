"""The leakage audit: a data set and its folds in, a verdict out; or a refusal that names fold, person, session, times.

It runs with every evaluation. What is certain is refused; what only looks like it is said in the results.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.labels import iso
from models.datasets.dataset import Dataset, Index, Session
from models.datasets.selection import of_rows
from models.errors import LeakageError
from models.estimates import Fitted
from models.splits.duplicates import twins
from models.splits.fold import Apart, Fold, blinded, embargo_s
from models.splits.folds import distances_s
from models.splits.proxies import proxies

CHECKS: Final = (
    "no row on both sides of a fold, and none tested twice",
    "nobody on both sides where people, or studies, are held out",
    "no recording there twice, under another name or person",
    "no window of a person within window + horizon + latency of one on the other side",
    "no row of one recording equal, bit for bit, to a row of another",
    "no input that is the clock in disguise; inputs that tell sessions apart are named",
    "nothing was fitted on a tested row",
    "no estimate changes with what comes after its moment, given its inputs",
)
AHEAD: Final = (
    "{names}: inputs are set against the mean and spread of all of the person's recordings, also later ones and those"
    " of the people tested (never against labels): a figure of recordings that are over, which nothing live can reach"
)
TOLERANCE: Final = 1e-9  # sums over another number of rows differ in their last bits; what looks ahead, by far more
FORESIGHT_ROWS: Final = 4_000  # before the middle of the longest tested session, and as many again to cut away
EVENTS: Final = 3  # before whose ends it is cut too: whoever knows of one that is to come knows of any
EVENT_ROWS: Final = 500  # then before the cut, and after it: what foretells an event by itself does so near to it


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked, over how many folds and rows, and what a reader should know."""

    checks: tuple[str, ...]
    folds: int
    rows: int
    warnings: tuple[str, ...] = ()


def audit(dataset: Dataset, folds: Iterable[Fold], *, ahead: Sequence[str] = ()) -> Verdict:
    """Return the verdict on these folds of this data set. Raises LeakageError at the first thing that is certain.

    ``ahead``: candidates whose inputs are normalised by person, without labels: allowed, and warned of."""
    every = tuple(folds)
    _refuse_same_content(dataset)
    pairs = twins(dataset)
    warned, certain = proxies(dataset)
    if certain:
        raise LeakageError(
            f"input {certain[0]!r} is the time since the recording began: a laboratory's protocol has a fixed order, so"
            " that it would foretell the protocol; take it out of the inputs"
        )
    tested: dict[str, NDArray[np.bool_]] = {}
    for fold in every:
        _refuse_shared_rows(dataset, fold, tested)
        _refuse_shared_people(dataset, fold)
        _refuse_near(dataset, fold)
        _refuse_twins(dataset, fold, pairs)
    told = (AHEAD.format(names=", ".join(ahead)),) if ahead else ()
    return Verdict(checks=CHECKS, folds=len(every), rows=int(dataset.end_s.size), warnings=(*told, *warned))


def refuse_fitted_on_test(fitted: Fitted, fold: Fold, dataset: Dataset) -> None:
    """Raise LeakageError where ``fitted`` says (``trained_on``: session names and ends of its rows) that it has seen a
    row of the fold's test. What says nothing was made anew for this fold and given its training rows alone."""
    seen = getattr(fitted, "trained_on", None)
    if seen is None:
        return
    names = [dataset.sessions[i].name for i in dataset.session[fold.test]]
    for key in zip(names, dataset.end_s[fold.test].tolist(), strict=True):
        if key in seen:
            raise LeakageError(f"fold {fold.name!r}: fitted on a tested row: {key[0]} at {utc(key[1])}")


def refuse_foresight(fitted: Fitted, moments: Dataset, fold: Fold) -> None:
    """Raise LeakageError where what ``fitted`` says of moments changes once the later ones, and events that are not
    over, are cut away: a z-score over the whole session, a filter that runs backwards, an event that is known too soon.
    A person's sessions are cut in the middle of the longest tested one, and just before some events are over."""
    seen = blinded(moments)
    for at, reach in _cuts(moments):
        cut_s = float(moments.end_s[at])
        whole = of_rows(seen, _round_about(moments, at, reach))
        early = np.flatnonzero(whole.end_s <= cut_s)
        before = fitted.estimate(_until(of_rows(whole, early), cut_s)).probability
        after = fitted.estimate(whole).probability[early]
        differ = ~np.isclose(after, before, rtol=0, atol=TOLERANCE, equal_nan=True)
        if differ.any():
            first = int(np.flatnonzero(differ)[0])
            row = int(early[first])
            session = whole.sessions[int(whole.session[row])]
            raise LeakageError(
                f"fold {fold.name!r}: what is said of {session.person} in {session.name} at"
                f" {utc(float(whole.end_s[row]))} changes ({before[first]:g}, then {after[first]:g}) with what comes"
                f" after {utc(cut_s)}: it looks ahead"
            )


def _cuts(moments: Dataset) -> Iterator[tuple[int, int]]:
    """Yield the last row before each cut, and how many rows on either side are looked at."""
    counts = np.bincount(moments.session, minlength=len(moments.sessions))
    longest = np.flatnonzero(moments.session == int(counts.argmax()))
    if longest.size > 1:
        yield int(longest[longest.size // 2 - 1]), FORESIGHT_ROWS
    last = []
    for each in moments.events:
        rows = np.flatnonzero((moments.session == each.session) & (moments.end_s < each.end_s))
        last += [int(rows[-1])] if rows.size else []
    for i in np.unique(np.linspace(0, len(last) - 1, EVENTS).round().astype(int)) if last else ():
        yield last[i], EVENT_ROWS


def _round_about(moments: Dataset, at: int, reach: int) -> Index:
    """Return the rows of the person of row ``at``, ascending: it and ``reach`` before it in time, ``reach`` after."""
    mine = np.flatnonzero(moments.person == moments.person[at])
    mine = mine[np.argsort(moments.end_s[mine], kind="stable")]
    early = int(np.count_nonzero(moments.end_s[mine] <= moments.end_s[at]))
    return np.sort(mine[max(early - reach, 0) : early + reach])


def _until(moments: Dataset, cut_s: float) -> Dataset:
    """As it was known at ``cut_s``: sessions go on, and nobody knows of an event that is not over."""
    return replace(
        moments,
        sessions=tuple(replace(each, end_s=min(each.end_s, cut_s)) for each in moments.sessions),
        events=tuple(each for each in moments.events if each.end_s <= cut_s),
    )


def _refuse_same_content(dataset: Dataset) -> None:
    known: dict[str, Session] = {}
    for each in dataset.sessions:
        if not each.digest:
            continue
        other = known.setdefault(each.digest, each)
        if other is not each:
            raise LeakageError(
                f"the same recording is there twice: {_said(other)} and {_said(each)} have one content: leave one out"
            )


def _said(session: Session) -> str:
    return f"{session.name} of {session.person} in {session.study} ({utc(session.start_s)})"


def _refuse_shared_rows(dataset: Dataset, fold: Fold, tested: dict[str, NDArray[np.bool_]]) -> None:
    both = np.intersect1d(fold.training, fold.test)
    if both.size:
        raise LeakageError(f"fold {fold.name!r}: {both.size} rows are trained on and tested: {_row(dataset, both[0])}")
    before = tested.setdefault(fold.variant, np.zeros(dataset.end_s.size, bool))
    if before[fold.test].any():
        again = fold.test[before[fold.test]]
        raise LeakageError(
            f"fold {fold.name!r}: {again.size} rows were tested in an earlier fold: {_row(dataset, again[0])}"
        )
    before[fold.test] = True


def _refuse_shared_people(dataset: Dataset, fold: Fold) -> None:
    if fold.apart is Apart.SESSIONS:
        return
    trained = {dataset.sessions[i].person: i for i in np.unique(dataset.session[fold.training])}
    for i in np.unique(dataset.session[fold.test]):
        tested = dataset.sessions[i]
        if tested.person in trained:
            also = dataset.sessions[trained[tested.person]]
            raise LeakageError(
                f"fold {fold.name!r}: {tested.person} is on both sides: trained on {also.name} ({utc(also.start_s)}),"
                f" tested on {tested.name} ({utc(tested.start_s)}); whom a model is judged on it may never have met"
            )
    if fold.apart is Apart.STUDIES:
        shared = {dataset.sessions[i].study for i in np.unique(dataset.session[fold.training])} & {
            dataset.sessions[i].study for i in np.unique(dataset.session[fold.test])
        }
        if shared:
            raise LeakageError(f"fold {fold.name!r}: study {min(shared)!r} is on both sides")


def _refuse_near(dataset: Dataset, fold: Fold) -> None:
    """By the embargo that windows and targets need, whatever the fold says of itself."""
    needed = max(fold.embargo_s, embargo_s(dataset))
    person = dataset.person
    for each in np.intersect1d(person[fold.training], person[fold.test]):
        training = fold.training[person[fold.training] == each]
        test = fold.test[person[fold.test] == each]
        away = distances_s(dataset.end_s[training], dataset.end_s[test])
        if away.min() < needed:
            first = training[int(away.argmin())]
            second = test[int(np.abs(dataset.end_s[test] - dataset.end_s[first]).argmin())]
            raise LeakageError(
                f"fold {fold.name!r}: trained on {_row(dataset, first)}, tested on {_row(dataset, second)}:"
                f" {away.min():g} s apart where window + horizon + latency need {needed:g}"
            )


def _refuse_twins(dataset: Dataset, fold: Fold, twin: Index) -> None:
    both = np.intersect1d(twin[fold.training], twin[fold.test])
    both = both[both >= 0]
    if both.size:
        first = fold.training[twin[fold.training] == both[0]][0]
        second = fold.test[twin[fold.test] == both[0]][0]
        raise LeakageError(
            f"fold {fold.name!r}: {both.size} rows are there twice under different names: trained on"
            f" {_row(dataset, first)}, tested on {_row(dataset, second)}"
        )


def _row(dataset: Dataset, row: int) -> str:
    session = dataset.sessions[int(dataset.session[row])]
    end_s = float(dataset.end_s[row])
    return f"{session.person}, {session.name}, {utc(end_s - dataset.window_s)} to {utc(end_s)}"


def utc(seconds: float) -> str:
    """As a reader of a refusal looks it up."""
    return iso(round(seconds, 3))
