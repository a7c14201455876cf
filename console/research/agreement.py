"""What two raters said of the same time in; how far they agree beyond chance, with an interval, and on onsets, out.

Cohen's kappa (1960, doi:10.1177/001316446002000104) over cells of a grid. Neighbouring cells are not independent, so
that the usual large-sample interval (Fleiss, Cohen and Everitt 1969, doi:10.1037/h0028106) would be far too narrow:
instead blocks of cells are drawn anew (block bootstrap: Kuensch 1989, doi:10.1214/aos/1176347265; here without
overlap), with a fixed seed, so that the same labels give the same interval. Kappa falls where one word is rare, however
good the raters are (Feinstein and Cicchetti 1990, doi:10.1016/0895-4356(90)90158-L): agreement on each word stands
beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from console.research.office import Told

NOTHING: Final = "nothing"
"""What a rater said of a cell in which no label of theirs lies."""

UNSURE: Final = "unsure"
"""The one word by which a rater says that they cannot tell: such cells are left out, of both."""

GRID_S: Final = 10.0
"""Seconds of a cell: finer than onsets are known."""

BLOCK_S: Final = 300.0
"""Seconds of a block: longer than what two cells usually have in common, a build-up or an incident."""

BLOCKS_MIN: Final = 8
"""Of fewer blocks no interval can be told: half an hour and more is needed."""

CELLS_MOST: Final = 200_000
"""Of a grid; a longer recording has coarser cells, and says so."""

DRAWS: Final = 2000
SEED: Final = 20
PAIR_S: Final = 300.0
"""Onsets of the same word so close to each other [s] are taken for the same one: as far as an alert may come before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappa:
    """Cohen's kappa of ``cells`` cells of ``grid_s``, None where it is not defined; ``low`` and ``high`` are its 95 %
    interval, None where it cannot be told, ``why``; ``agreed`` is the plain share of cells; ``words`` is of each word
    how far they agree on it (the share of cells in which both said so, of the mean of both)."""

    value: float | None
    low: float | None
    high: float | None
    agreed: float | None
    cells: int
    left_out: int
    grid_s: float
    why: str
    words: tuple[tuple[str, float | None, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Onsets:
    """Labels of the same word that begin within ``PAIR_S`` of each other: how much later (+) the second rater has each
    [s], how many only one of them has, and how many differ by no more than both said to be unsure of."""

    later_s: tuple[float, ...]
    only_first: int
    only_second: int
    within: int

    @property
    def median_s(self) -> float | None:
        """The median difference [s]."""
        return float(np.median(self.later_s)) if self.later_s else None

    @property
    def apart_s(self) -> float | None:
        """The median distance [s], whoever is later."""
        return float(np.median(np.abs(self.later_s))) if self.later_s else None

    @property
    def most_s(self) -> float | None:
        """The greatest distance [s]."""
        return float(np.max(np.abs(self.later_s))) if self.later_s else None


def kappa(
    first: Sequence[Told],
    second: Sequence[Told],
    spans: Sequence[tuple[float, float]],
    *,
    words: Sequence[str] | None = None,
    grid_s: float = GRID_S,
) -> Kappa:
    """Return how far two raters agree over ``spans`` [UTC s], which do not overlap. Only ``words`` count, None: all;
    where labels of one rater overlap, the one that began last counts."""
    whole_s = sum(high - low for low, high in spans)
    grid_s = max(grid_s, whole_s / CELLS_MOST)
    middles: list[NDArray[np.float64]] = [_middles(low, high, grid_s) for low, high in spans]
    at_s = np.concatenate(middles) if middles else np.zeros(0)
    named = sorted({each.what for each in (*first, *second)} - {UNSURE})
    counted = [word for word in named if words is None or word in words]
    codes = {word: i + 1 for i, word in enumerate(counted)}
    a, b = (_coded(labels, at_s, codes) for labels in (first, second))
    known = (a >= 0) & (b >= 0)
    size = len(counted) + 1
    block = _blocks(spans, middles, grid_s)[known]
    a, b = a[known], b[known]
    tables = np.zeros((int(block.max()) + 1 if block.size else 0, size, size))
    np.add.at(tables, (block, a, b), 1)
    tables = tables[tables.any(axis=(1, 2))]
    table = tables.sum(axis=0) if len(tables) else np.zeros((size, size))
    value = _kappa(table[None])[0]
    low, high, why = _interval(tables, value)
    return Kappa(
        value=None if math.isnan(value) else float(value),
        low=low,
        high=high,
        agreed=float(np.trace(table) / table.sum()) if table.sum() else None,
        cells=int(table.sum()),
        left_out=int((~known).sum()),
        grid_s=grid_s,
        why=why,
        words=tuple(_on_word(word, table, i) for word, i in ((NOTHING, 0), *codes.items())),
    )


def onsets(first: Sequence[Told], second: Sequence[Told], words: Sequence[str] | None = None) -> Onsets:
    """Return how far apart the same onsets are: the closest pairs first, each label in one pair at most."""
    firsts, seconds = (
        [each for each in labels if each.what != UNSURE and (words is None or each.what in words)]
        for labels in (first, second)
    )
    later, within = [], 0
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    for _, i, j in _close(firsts, seconds):
        if i in taken_a or j in taken_b:
            continue
        taken_a.add(i)
        taken_b.add(j)
        a, b = firsts[i], seconds[j]
        later.append((a.start_s, b.start_s - a.start_s))
        within += abs(b.start_s - a.start_s) <= a.onset_uncertainty_s + b.onset_uncertainty_s
    return Onsets(
        later_s=tuple(difference for _, difference in sorted(later)),
        only_first=len(firsts) - len(taken_a),
        only_second=len(seconds) - len(taken_b),
        within=within,
    )


def _close(firsts: Sequence[Told], seconds: Sequence[Told]) -> list[tuple[float, int, int]]:
    """Pairs of the same word within ``PAIR_S``, the closest first."""
    order = sorted(range(len(seconds)), key=lambda j: seconds[j].start_s)
    starts = np.array([seconds[j].start_s for j in order])
    found = []
    for i, a in enumerate(firsts):
        low, high = np.searchsorted(starts, [a.start_s - PAIR_S, a.start_s + PAIR_S + 1e-9])
        for k in range(int(low), int(high)):
            b = seconds[order[k]]
            if b.what == a.what:
                found.append((abs(b.start_s - a.start_s), i, order[k]))
    return sorted(found)


def _coded(labels: Sequence[Told], at_s: NDArray[np.float64], codes: dict[str, int]) -> NDArray[np.int64]:
    """What a rater said of each cell: 0 nothing, -1 unsure."""
    said = np.zeros(len(at_s), np.int64)
    for each in sorted(labels, key=lambda told: (told.start_s, told.number)):
        code = -1 if each.what == UNSURE else codes.get(each.what)
        if code is not None:
            low, high = np.searchsorted(at_s, [each.start_s, each.end_s])
            said[low:high] = code
    return said


def _middles(low_s: float, high_s: float, grid_s: float) -> NDArray[np.float64]:
    """The middles of the cells of a span; a span shorter than a cell is one."""
    found: NDArray[np.float64] = np.arange(max(int((high_s - low_s) / grid_s), 1), dtype=np.float64)
    return low_s + (found + 0.5) * min(grid_s, high_s - low_s)


def _blocks(
    spans: Sequence[tuple[float, float]], middles: Sequence[NDArray[np.float64]], grid_s: float
) -> NDArray[np.int64]:
    """In which block each cell lies; none reaches over the end of a span."""
    found, first = [np.zeros(0, np.int64)], 0
    length = max(BLOCK_S, grid_s)
    for (low, _), middle in zip(spans, middles, strict=True):
        numbers = ((middle - low) / length).astype(np.int64)
        found.append(first + numbers)
        first += int(numbers.max()) + 1
    return np.concatenate(found)


def _kappa(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cohen's kappa of each table (n, k, k); NaN where chance alone would agree on everything."""
    total = tables.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        agreed = np.trace(tables, axis1=1, axis2=2) / total
        chance = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1) / total**2
        found: NDArray[np.float64] = np.where(chance < 1 - 1e-12, (agreed - chance) / (1 - chance), np.nan)
    return found


def _interval(tables: NDArray[np.float64], value: float) -> tuple[float | None, float | None, str]:
    """The 2.5th and 97.5th of a hundred of kappa over blocks drawn anew."""
    if math.isnan(value):
        return None, None, "Both said the same of everything, so that chance cannot be told from agreement."
    if len(tables) < BLOCKS_MIN:
        return (
            None,
            None,
            (f"{len(tables)} blocks of {BLOCK_S / 60:.0f} min are too few for an interval; {BLOCKS_MIN} are needed."),
        )
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(len(tables), np.full(len(tables), 1 / len(tables)), size=DRAWS)
    values = _kappa(np.einsum("db,bij->dij", drawn, tables, optimize=True))
    told = values[np.isfinite(values)]
    if len(told) < 0.9 * DRAWS:
        return None, None, "What they marked lies in too few places for an interval."
    low, high = np.quantile(told, [0.025, 0.975])
    return float(low), float(high), ""


def _on_word(word: str, table: NDArray[np.float64], i: int) -> tuple[str, float | None, int, int]:
    """How far they agree on a word: 2 both / (first + second), and how many cells each gave it."""
    first, second = float(table[i].sum()), float(table[:, i].sum())
    return word, 2 * float(table[i, i]) / (first + second) if first + second else None, int(first), int(second)
