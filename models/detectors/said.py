"""Log-odds by driver in, ``Estimates`` out; and the small arithmetic of chances that detectors share."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.estimates import Estimates
from models.risk import Abstention, Array

SURE: Final = 1e-6  # nobody is surer than that: log-odds stay finite
Z90: Final = 1.6448536269514722  # 5 % of a normal distribution lie beyond it on either side


def log_odds(probability: Array) -> Array:
    """Return the log-odds of (n,) probabilities, kept within ``SURE`` of 0 and 1."""
    kept = np.clip(probability, SURE, 1.0 - SURE)
    return np.log(kept) - np.log1p(-kept)


def chance(odds: Array) -> Array:
    """Return the probabilities of (n,) log-odds; NaN stays NaN."""
    return 1.0 / (1.0 + np.exp(-np.clip(odds, -700.0, 700.0)))


def estimates(
    drivers: Mapping[str, Array],
    *,
    low: Array | None = None,
    high: Array | None = None,
    reason: Abstention = Abstention.POOR_SIGNAL,
) -> Estimates:
    """Return what the sum of ``drivers`` ((n,) log-odds each) says; where it is NaN, an abstention for ``reason``."""
    parts = np.stack(list(drivers.values()), axis=-1)
    probability = chance(parts.sum(axis=-1))
    known = np.isfinite(probability)
    parts[~known] = np.nan
    abstention: NDArray[np.int8] = np.where(known, Abstention.NONE, reason).astype(np.int8)
    nothing = np.full(len(parts), np.nan)
    return Estimates(
        probability=probability,
        low=nothing if low is None else np.where(known, low, np.nan),
        high=nothing.copy() if high is None else np.where(known, high, np.nan),
        abstention=abstention,
        drivers=parts,
        driver_names=tuple(drivers),
    )
