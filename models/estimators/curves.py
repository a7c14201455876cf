"""Log-odds of moments that a model has not seen and what became of them in, a rising curve to calibrated ones out."""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from models.errors import ModelError
from models.estimators.scorer import BOUND, probability_of

Array = NDArray[np.float64]
Method = Literal["none", "logistic", "beta", "isotonic", "venn_abers"]

STEPS: Final = 50
STEADY: Final = 1e-6  # a ridge that keeps slopes finite where scores part the classes wholly
GRID: Final = 128  # scores at which Venn-Abers is worked out
LEAST: Final = 2.0  # rows of either class that a level is never surer than


def drawn(method: Method, odds: Array, y: Array, weight: Array) -> Array:
    """Return the curve (2, m) or its coefficients (c,), for ``applied``.

    ``logistic``: Platt 1999, a slope and an offset. ``beta``: Kull 2017 (PMLR 54:623), two slopes of at least 0 and an
    offset. ``isotonic``: Zadrozny 2002 (doi:10.1145/775047.775151), levels joined by straight lines. ``venn_abers``:
    Vovk 2012 (arXiv:1211.0025), inductive, the two probabilities merged as p1 / (1 - p0 + p1), worked out at ``GRID``
    scores. A score that orders people no better than chance gets a slope of 0: the share of positives, for everybody.
    """
    odds = np.clip(odds, -BOUND, BOUND)
    match method:
        case "none":
            return np.empty(0)
        case "logistic":
            return _rising(odds[:, None], y, weight)
        case "beta":
            return _rising(_halves(odds), y, weight)
        case "isotonic":
            return _levels(odds, y, weight)
        case "venn_abers":
            return _venn_abers(odds, y, weight)
    raise ModelError(f"calibration: none, logistic, beta, isotonic or venn_abers would be right, not {method!r}")


def applied(method: Method, curve: Array, odds: Array) -> Array:
    """Return calibrated log-odds, (n,)."""
    out: Array
    if method == "none" or not curve.size:
        return odds
    if method == "logistic":
        out = curve[0] * odds + curve[1]
    elif method == "beta":
        halves = _halves(odds)
        out = curve[0] * halves[:, 0] + curve[1] * halves[:, 1] + curve[2]
    else:
        out = np.interp(odds, curve[0], curve[1])
    return out


def _halves(odds: Array) -> Array:
    """ln p and -ln(1 - p), (n, 2)."""
    return np.column_stack([-np.logaddexp(0.0, -odds), np.logaddexp(0.0, odds)])


def _rising(Z: Array, y: Array, weight: Array) -> Array:
    """Logistic regression on the columns of Z with slopes of at least 0: those that would fall are left out."""
    kept = list(range(Z.shape[1]))
    while True:
        found = _plain(Z[:, kept], y, weight / weight.sum())
        falling = [k for k, slope in zip(kept, found[:-1], strict=True) if slope < 0]
        if not falling:
            break
        kept = [k for k in kept if k not in falling]
    out = np.zeros(Z.shape[1] + 1)
    out[kept], out[-1] = found[:-1], found[-1]
    return out


def _plain(Z: Array, y: Array, share: Array) -> Array:
    """The slopes and the offset of least log-loss, by Newton with steps that are halved until they help."""
    Z = np.column_stack([Z, np.ones(len(Z))])
    ridge = np.full(Z.shape[1], STEADY)
    w = np.zeros(Z.shape[1])

    def objective(at: Array) -> float:
        odds = (Z * at).sum(axis=-1)
        return float((share * (np.logaddexp(0.0, odds) - y * odds)).sum() + 0.5 * (ridge * at * at).sum())

    now = objective(w)
    for _ in range(STEPS):
        chance = probability_of((Z * w).sum(axis=-1))
        slope = ((share * (y - chance))[:, None] * Z).sum(axis=0) - ridge * w
        bend = np.einsum("n,ni,nj->ij", share * chance * (1.0 - chance), Z, Z) + np.diag(ridge + 1e-12)
        step = np.linalg.solve(bend, slope)
        pace = 1.0
        while objective(w + pace * step) > now and pace > 1e-6:
            pace /= 2
        w = w + pace * step
        gained, now = now - objective(w), objective(w)
        if gained < 1e-12:
            break
    return w


def _levels(odds: Array, y: Array, weight: Array) -> Array:
    """Isotonic levels at the middle of each, (2, m), as log-odds that no level is surer of than its rows allow."""
    fit = IsotonicRegression(out_of_bounds="clip").fit(odds, y, sample_weight=weight)
    level = fit.predict(odds)
    values, at = np.unique(level, return_inverse=True)
    rows = np.bincount(at).astype(np.float64)
    middle = np.bincount(at, weights=odds) / rows
    share = np.clip(values, 1.0 / (rows + LEAST), 1.0 - 1.0 / (rows + LEAST))
    share = np.maximum.accumulate(share)
    return np.vstack([middle, np.log(share / (1.0 - share))])


def _venn_abers(odds: Array, y: Array, weight: Array) -> Array:
    """Merged Venn-Abers probabilities on a grid of scores, (2, GRID), as log-odds."""
    grid = np.unique(np.quantile(odds, np.linspace(0.0, 1.0, GRID)))
    own = float(weight.mean())
    merged = np.empty(len(grid))
    for i, at in enumerate(grid):
        p = [
            float(
                IsotonicRegression(out_of_bounds="clip")
                .fit(np.append(odds, at), np.append(y, became), sample_weight=np.append(weight, own))
                .predict([at])[0]
            )
            for became in (0.0, 1.0)
        ]
        merged[i] = p[1] / (1.0 - p[0] + p[1])
    bound = 1.0 / (len(odds) + LEAST)
    merged = np.maximum.accumulate(np.clip(merged, bound, 1.0 - bound))
    return np.vstack([grid, np.log(merged / (1.0 - merged))])
