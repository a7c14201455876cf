"""Two judgements of the same people in, which is better and how sure that is out: paired over people.

Differences within a person of rows that overlap say little of the next person, so that people are what is drawn again,
swapped and counted; DeLong's test (rows independent) would be far too sure here and is not offered.
"""

from typing import Final

import msgspec
import numpy as np

from models.datasets.dataset import Array
from models.errors import ModelError
from models.evaluation.judgement import FIGURES, VERSION, Judgement
from models.evaluation.people import REPLICATES, Spread, spread

EXACT: Final = 14
"""Up to so many people every one of the 2^n swaps is counted; with more, ``SWAPS`` drawn ones."""

SWAPS: Final = 20_000


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """``figure`` of a minus that of b over the people who have both.

    ``better`` people are those for whom a is better (None where the figure has no better side), ``p_value`` that of no
    difference (two-sided: every person's a and b swapped at random). With a ``margin``, ``not_inferior`` says whether
    the 95 % confidence interval of the mean stays above -margin on the better side; None where it cannot be said.
    """

    figure: str
    difference: Spread
    a: Spread
    b: Spread
    better: int | None
    worse: int | None
    p_value: float | None
    margin: float | None = None
    not_inferior: bool | None = None
    why: str = ""


def compare(
    a: Judgement,
    b: Judgement,
    figure: str,
    *,
    seed: int,
    margin: float | None = None,
    replicates: int = REPLICATES,
) -> Comparison:
    """Return ``figure`` of ``a`` beside ``b``. Figures that are best at one or at zero are compared by their distance
    from it. Raises ModelError for a figure there is not, a margin below 0, or judgements of different versions."""
    if figure not in FIGURES:
        raise ModelError(f"comparing: {figure!r} is no figure; there are {', '.join(FIGURES)}")
    if margin is not None and not margin >= 0:
        raise ModelError(f"comparing: a margin is 0 or more, not {margin}")
    if {a.version, b.version} != {VERSION}:
        raise ModelError(f"comparing: figures of versions {a.version} and {b.version}: evaluate both with {VERSION}")
    of_a, of_b = a.of(figure), b.of(figure)
    both = sorted(of_a.keys() & of_b.keys())
    left, right = np.array([of_a[name] for name in both]), np.array([of_b[name] for name in both])
    sign, goal = _side(figure)
    gain = sign * (left - right) if goal is None else np.abs(right - goal) - np.abs(left - goal)
    difference = left - right if goal is None else np.abs(left - goal) - np.abs(right - goal)
    said = [spread(each, replicates=replicates, seed=seed, why="nobody has both") for each in (difference, left, right)]
    return Comparison(
        figure=figure,
        difference=said[0],
        a=said[1],
        b=said[2],
        better=int((gain > 0).sum()) if sign else None,
        worse=int((gain < 0).sum()) if sign else None,
        p_value=swapped(difference, seed=seed) if len(both) > 1 else None,
        margin=margin,
        not_inferior=_not_inferior(gain, margin if sign else None, replicates=replicates, seed=seed),
        why="" if len(both) > 1 else "fewer than 2 people have both",
    )


def swapped(difference: Array, *, seed: int) -> float:
    """Return how often differences (n,) with signs drawn by lot have a mean as far from 0 (Fisher's randomisation)."""
    n = len(difference)
    if n <= EXACT:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        return float((np.abs(signs @ difference) >= np.abs(difference.sum()) - 1e-12).mean())
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(SWAPS, n))
    as_far = np.count_nonzero(np.abs(signs @ difference) >= np.abs(difference.sum()) - 1e-12)
    return float((1 + as_far) / (1 + SWAPS))


def _side(figure: str) -> tuple[int, float | None]:
    better = FIGURES[figure].better
    return {"more": (1, None), "less": (-1, None), "one": (1, 1.0), "zero": (1, 0.0), "neither": (0, None)}[better]


def _not_inferior(gain: Array, margin: float | None, *, replicates: int, seed: int) -> bool | None:
    if margin is None:
        return None
    low = spread(gain, replicates=replicates, seed=seed).low
    return None if low is None else low > -margin
