"""Seconds since the recording began in, a probability out: what the order of a protocol alone foretells.

Laboratory protocols have a fixed order, and this needs no sensor at all: on Stress-Predict it reaches an AUROC of .97.
Whatever a within-study figure claims is to be read beside it; no honest model may live on it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betaincinv

from models.datasets.dataset import Dataset
from models.detectors.said import estimates, log_odds
from models.detectors.training import judged
from models.estimates import Estimates
from models.risk import Array

BIN_S: Final = 30.0  # the grid on which shares are kept
BLUR_S: Final = 60.0  # standard deviation over which they are smoothed: conditions of protocols last minutes
REACH: Final = 4.0  # standard deviations beyond which a bin says nothing
PRIOR: Final = 1.0  # people whose share is the overall one, so that no bin is ever sure


@dataclass(frozen=True, slots=True)
class Clock:
    """The candidate ``clock``: of each person the share of positives around that second of their recordings, smoothed
    by a Gaussian, averaged over people with one more whose share is everybody's; the 90 % interval is that of a Beta
    distribution of as many people. Where nobody has been (later than any training), everybody's share."""

    name: str = "clock"

    def fit(self, training: Dataset, *, seed: int) -> "FittedClock":
        """Raises DatasetError where there are not moments of both kinds."""
        told, positive = judged(training, name=self.name)
        cell = np.maximum(training.since_s[told] // BIN_S, 0).astype(np.intp)
        cells, person = int(cell.max()) + 1, training.person[told]
        width = BLUR_S / BIN_S
        far = np.arange(-int(REACH * width), int(REACH * width) + 1)
        blur = np.exp(-0.5 * (far / width) ** 2)
        people, sums = np.zeros(cells), np.zeros(cells)
        shares = []
        for each in np.unique(person):
            mine = person == each
            count = np.bincount(cell[mine], minlength=cells).astype(np.float64)
            happened = np.bincount(cell[mine & positive[told]], minlength=cells).astype(np.float64)
            near, nearby = _blurred(count, blur), _blurred(happened, blur)
            present = np.minimum(near / max(float(np.median(count[count > 0])), 1.0), 1.0)
            people += present
            sums += present * nearby / np.maximum(near, 1e-12)
            shares.append(happened.sum() / count.sum())
        everybody = float(np.clip(np.mean(shares), 1e-3, 1 - 1e-3))
        return FittedClock(share=(sums + PRIOR * everybody) / (people + PRIOR), people=people, everybody=everybody)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FittedClock:
    """``share`` (cells,) of positives by ``BIN_S`` since the begin, of ``people`` (cells,), and ``everybody``'s."""

    share: Array
    people: Array
    everybody: float

    def estimate(self, moments: Dataset) -> Estimates:
        """Return what the clock alone says."""
        cell = np.maximum(moments.since_s // BIN_S, 0).astype(np.intp)
        inside = np.minimum(cell, len(self.share) - 1)
        share = np.where(cell < len(self.share), self.share[inside], self.everybody)
        people = np.where(cell < len(self.share), self.people[inside], 0.0) + PRIOR
        base = np.full(len(share), float(log_odds(np.array([self.everybody]))[0]))
        low, high = (betaincinv(people * share, people * (1.0 - share), q) for q in (0.05, 0.95))
        return estimates({"base": base, "clock": log_odds(share) - base}, low=low, high=high)


def _blurred(x: Array, blur: Array) -> Array:
    """Return ``x`` (n,) smoothed; what lies beyond its ends is nothing."""
    reach = len(blur) // 2
    return np.convolve(np.pad(x, reach), blur, mode="valid")
