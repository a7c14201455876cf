"""Traits of movement in, how likely it is stereotyped out: fixed coefficients, or a person's own from ten minutes."""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.motion.repetition import TRAITS, Repetition
from signals.rows import RowOperator, laid_out, rows_of
from signals.types import Array, Rows

_WINDOW: Final = (-1.8, 1.4, 0.2, 0.35, 0.65, 0.1)  # level, jerk, height, prominence, main and least direction
_SPREAD: Final = (1.0, 1.0, 0.15, 0.3, 0.15, 0.06)
CENTRE: Final = (-1.8, 1.4, -1.8, 1.4, *_WINDOW, *_WINDOW)  # of the traits: round, and not fitted
SCALE: Final = (1.0, 1.0, 1.0, 1.0, *_SPREAD, *_SPREAD)

# Printed by `python -m benchmarks.stereotypy_fit`, which says who is behind them and how they were fitted.
_BIAS: Final = -0.90
_BY_SECOND: Final = (0.21, 0.21, 0.24, 0.25)
_BY_4_S: Final = (0.11, 0.16, 0.48, 0.45, -0.13, 0.00)
_BY_8_S: Final = (0.26, 0.38, 0.36, 0.25, -0.19, 0.04)
POPULATION: Final = (_BIAS, *_BY_SECOND, *_BY_4_S, *_BY_8_S)

LIKELY: Final = 0.5  # of the population's score: as likely as not where stereotyped and other seconds were as many
LIKELY_OWN: Final = 0.4  # of a personal one: about half of the F1 to be had, which is where F1 is highest
PULL: Final = 10.0  # how many seconds' worth of doubt a scale's change of a coefficient is: what calibrating is held by
SECONDS_MIN: Final = 60  # of known seconds to calibrate with
_ROUNDS: Final = 100
_SETTLED: Final = 1e-10  # of the loss


class Stereotypy(RowOperator):
    """How likely movement is stereotyped: (k, 3, 32 n) g in; score, strength, frequency [Hz] and amplitude [g] out.

    ``score`` (k, n), 0 to 1, told with second t describes second t - 3 (``LAG_S`` of ``signals.motion.repetition``):
    the logistic function of a weighted sum of the 16 ``TRAITS``. The weights are the population's until ``adopt`` gives
    a row its own. It tells rhythm and vigour, not meaning: hurried walking, brushing and clapping are alike. The other
    three describe the last 4 s, need no labels, and are those of ``Repetition``. NaN where less than half of a window
    is known. A row's own weights are part of its state: a snapshot keeps them, silence does not touch them.
    """

    def __init__(self, *, rows: int, rate_hz: int) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._repetition = Repetition(rows=rows, rate_hz=rate_hz)
        self._own = np.full((rows, len(POPULATION)), np.nan)  # NaN: the population's, whatever they will be then

    def adopt(self, coefficients: Array, *, rows: Rows) -> None:
        """Judge each of the k rows ``rows`` by its own ``coefficients`` (k, 17) from now on; see ``calibrate``."""
        known = rows_of(self._name, rows, total=self._rows)
        self._own[known] = _checked(f"{self._name}.coefficients", coefficients, (len(known), len(POPULATION)))

    def push(self, x: Array, *, rows: Rows | None = None) -> tuple[Array, Array, Array, Array]:
        """Return score, strength, frequency and amplitude of the next n seconds of the rows ``rows``."""
        x, rows = self._take(x, rows, axes=3, grain=int(self._rate_hz))
        strength, frequency_hz, amplitude_g, traits = self._repetition.push(x, rows=rows)
        likely, own = np.empty_like(strength), self._own[rows]
        _weigh(traits, np.where(np.isnan(own), POPULATION, own), _CENTRE, _SCALE, likely)
        return likely, strength, frequency_hz, amplitude_g


def score(traits: Array, *, coefficients: Array | None = None) -> Array:
    """Return how likely each of ``traits`` (n, 16) is of stereotyped movement, (n,), NaN where unknown, judged by
    ``coefficients`` (17,): the bias, and a weight for each trait in units of its ``SCALE`` (default: POPULATION)."""
    one = _checked("score.traits", traits, (None, len(TRAITS)))
    by = np.array(POPULATION) if coefficients is None else coefficients
    likely: Array = np.empty((1, len(one)))
    _weigh(one[None], _checked("score.coefficients", by, (len(POPULATION),))[None], _CENTRE, _SCALE, likely)
    return likely.reshape(-1)


def calibrate(
    traits: Array,
    stereotyped: NDArray[np.bool_],
    *,
    prior: Array | None = None,
    pull: float = PULL,
    balanced: bool = False,
) -> Array:
    """Return a person's coefficients (17,) from labelled seconds: ``traits`` (n, 16) and whether each was stereotyped.

    Logistic regression with a ridge of ``pull`` towards the weights of ``prior`` (default: POPULATION), not towards 0:
    few seconds change little, and what ten minutes say nothing about stays as it was. The bias is free, so that the
    score becomes a probability at the share of stereotyped seconds in what was labelled; ``balanced`` weighs both kinds
    of seconds the same instead, as POPULATION was fitted. Traits stand ``LAG_S`` after what they describe: labels of
    seconds s belong to traits told with s + 3. Unknown seconds are left out. The loss is convex and every step is
    shortened until it falls, so it converges from any prior.

    Raises SignalError unless at least ``SECONDS_MIN`` seconds are known, of both kinds.
    """
    x = _checked("calibrate.traits", traits, (None, len(TRAITS)))
    start = _checked("calibrate.prior", np.array(POPULATION) if prior is None else prior, (len(POPULATION),))
    if not isinstance(stereotyped, np.ndarray) or stereotyped.shape != (len(x),) or stereotyped.dtype != np.bool_:
        raise SignalError(f"calibrate.stereotyped: must be bool ({len(x)},)")
    if not 0 < pull < np.inf:
        raise SignalError(f"calibrate.pull: must be above 0 and finite, got {pull!r}")
    known = np.isfinite(x).all(axis=1)
    y = stereotyped[known].astype(np.float64)
    if len(y) < SECONDS_MIN or not 0 < y.mean() < 1:
        raise SignalError(
            f"calibrate.stereotyped: needs {SECONDS_MIN} known seconds of both kinds, got {len(y)}, {y.sum():.0f} true"
        )
    weight = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean())) if balanced else np.ones(len(y))
    return _fitted(np.column_stack([np.ones(len(y)), (x[known] - _CENTRE) / _SCALE]), y, weight, start, pull)


def _fitted(x: Array, y: Array, weight: Array, start: Array, pull: float) -> Array:
    """Return the coefficients of least loss, by Newton's method with steps halved until the loss falls."""
    ridge = np.full(x.shape[1], pull)
    ridge[0] = 1e-3  # the bias is as good as free

    def loss(at: Array) -> float:
        z = x @ at
        return float((weight * (np.logaddexp(0.0, z) - y * z)).sum() + 0.5 * (ridge * (at - start) ** 2).sum())

    at, now = start.copy(), loss(start)
    for _ in range(_ROUNDS):
        likely = 1.0 / (1.0 + np.exp(-np.clip(x @ at, -500.0, 500.0)))
        slope = x.T @ (weight * (likely - y)) + ridge * (at - start)
        bend = (x.T * (weight * likely * (1.0 - likely))) @ x + np.diag(ridge)
        step, share = np.linalg.solve(bend, slope), 1.0
        while loss(at - share * step) > now and share > 1e-9:
            share /= 2.0
        at = at - share * step
        before, now = now, loss(at)
        if before - now <= _SETTLED * abs(before):
            break
    return at


def _checked(name: str, x: Array, shape: tuple[int | None, ...]) -> Array:
    """Return ``x`` laid out for kernels; raises SignalError unless it is a float array of ``shape``."""
    wanted = "(" + ", ".join("n" if size is None else str(size) for size in shape) + ")"
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f" or x.dtype.itemsize not in (4, 8):
        raise SignalError(f"{name}: must be an array of float64 or float32")
    if x.ndim != len(shape) or any(size not in (None, n) for size, n in zip(shape, x.shape, strict=True)):
        raise SignalError(f"{name}: must be {wanted}, got {x.shape}")
    if None not in shape and not np.isfinite(x).all():
        raise SignalError(f"{name}: must be finite")
    return laid_out(x, np.float64)


@njit(cache=True, nogil=True)
def _weigh(traits: Array, coefficients: Array, centre: Array, scale: Array, likely: Array) -> None:
    for k in range(traits.shape[0]):
        for i in range(traits.shape[1]):
            z = coefficients[k, 0]
            for j in range(traits.shape[2]):
                z += coefficients[k, j + 1] * (traits[k, i, j] - centre[j]) / scale[j]
            likely[k, i] = 1.0 / (1.0 + np.exp(-z))


_CENTRE: Final = np.array(CENTRE)
_SCALE: Final = np.array(SCALE)
