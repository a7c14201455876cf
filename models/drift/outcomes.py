"""What a model foretold and what carers told of in, whether the one still fits the other out."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import gammaincinv

from models.errors import ModelError
from models.risk import Array

SURE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``expected`` events by the model, ``told`` ones, ``ratio`` of told to expected, and between what it lies with
    95 % confidence (exact, were events independent; they come in clusters, so it is somewhat too narrow); NaN where
    nothing was expected. ``watched_h`` hours were foretold."""

    expected: float
    told: int
    ratio: float
    low: float
    high: float
    watched_h: float

    @property
    def drifted(self) -> bool:
        """Whether what was told cannot well be what was foretold."""
        return self.low > 1.0 or self.high < 1.0


def held_against(probability: Array, *, step_s: float, horizon_s: float, told: int) -> Outcome:
    """Return whether ``told`` events fit the probabilities (n,), NaN where none, of moments ``step_s`` apart.

    Each event makes ``horizon_s`` of moments positive, so that n probabilities expect sum(p) step / horizon events:
    calibration in the large, as a standardised ratio (Breslow & Day 1987, IARC 82; interval by Garwood 1936,
    doi:10.1093/biomet/28.3-4.437). Raises ModelError where an argument is none.
    """
    if not (step_s > 0 and horizon_s > 0 and told >= 0):
        raise ModelError(f"step_s {step_s}, horizon_s {horizon_s}, told {told}: seconds above 0, a count from 0 on")
    known = probability[np.isfinite(probability)]
    expected = float(known.sum()) * step_s / horizon_s
    watched_h = known.size * step_s / 3600
    if expected <= 0:
        return Outcome(expected=0.0, told=told, ratio=np.nan, low=np.nan, high=np.nan, watched_h=watched_h)
    tail = (1 - SURE) / 2
    low = gammaincinv(told, tail) if told else 0.0
    high = gammaincinv(told + 1, 1 - tail)
    return Outcome(
        expected=expected,
        told=told,
        ratio=told / expected,
        low=float(low) / expected,
        high=float(high) / expected,
        watched_h=watched_h,
    )
