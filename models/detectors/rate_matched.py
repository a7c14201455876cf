"""How often a person's events came so far in, a probability out: the benchmark that every forecast has to beat.

After Chang 2024 (PMC11118655) and Goldenholz 2020: a moving average of the person's own past. Forecasts of frequent
events look good for nothing; what this one reaches is what no sensor is needed for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.special import gammaincinv, gammaln

from models.datasets.dataset import Dataset
from models.detectors.history import Watch, trained_on, watches
from models.detectors.said import estimates, log_odds
from models.detectors.training import forecast_of, judged
from models.errors import DatasetError
from models.estimates import Estimates
from models.risk import Array

SHAPES: Final = np.geomspace(
    0.2, 50.0, 40
)  # of the Gamma distribution of rates over people: from all but one, to alike


@dataclass(frozen=True, slots=True, kw_only=True)
class RateMatched:
    """The candidate ``rate_matched``: events come at the person's own constant rate, as it is known so far.

    Rates differ over people by a Gamma distribution that training fits (the likeliest of ``SHAPES``; counts are then
    negative binomial); of each person the events that are over and the time watched make it narrower, exactly. The
    interval is that of the rate. ``window_s``: how far back the person's own past counts, None for all of it.
    Deviation from Chang 2024: rates of people with little past are drawn to everybody's, instead of left out.
    """

    name: str = "rate_matched"
    window_s: float | None = None

    def fit(self, training: Dataset, *, seed: int) -> "FittedRate":
        """Raises DatasetError where the target is no forecast, or there are not moments of both kinds."""
        aim = forecast_of(training, name=self.name)
        judged(training, name=self.name)
        known = trained_on(training, aim.events)
        shape, scale_s = gamma_of(known, name=self.name)
        past = tuple(each for some in known.values() for each in some)
        return FittedRate(
            what=tuple(aim.events),
            horizon_s=aim.horizon_s,
            shape=shape,
            per_s=scale_s,
            window_s=self.window_s,
            past=past,
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FittedRate:
    """Rates of people are Gamma distributed: ``shape``, and ``per_s`` [s] (their mean is ``shape / per_s``)."""

    what: tuple[str, ...]
    horizon_s: float
    shape: float
    per_s: float
    window_s: float | None
    past: tuple[Watch, ...] = field(repr=False)

    def estimate(self, moments: Dataset) -> Estimates:
        """Return what the rate of events that are over says."""
        count, watched_s = self._so_far(moments)
        shape, per_s = self.shape + count, self.per_s + watched_s
        said = 1.0 - (per_s / (per_s + self.horizon_s)) ** shape  # the rate averaged out
        base = np.full(len(said), 1.0 - (self.per_s / (self.per_s + self.horizon_s)) ** self.shape)
        low, high = (-np.expm1(-self.horizon_s * gammaincinv(shape, q) / per_s) for q in (0.05, 0.95))
        return estimates({"base": log_odds(base), "own_rate": log_odds(said) - log_odds(base)}, low=low, high=high)

    def _so_far(self, moments: Dataset) -> tuple[Array, Array]:
        count, watched_s = np.zeros(len(moments.end_s)), np.zeros(len(moments.end_s))
        known = watches(moments, self.what, more=self.past)
        whose = np.array(moments.people)[moments.person]
        for person, some in known.items():
            rows = np.flatnonzero(whose == person)
            at_s = moments.end_s[rows]
            for watch in some:
                count[rows] += watch.over_before(at_s)
                watched_s[rows] += watch.at_risk_s(at_s)
                if self.window_s is not None:
                    count[rows] -= watch.over_before(at_s - self.window_s)
                    watched_s[rows] -= watch.at_risk_s(at_s - self.window_s)
        return count, watched_s


def gamma_of(known: Mapping[str, tuple[Watch, ...]], *, name: str) -> tuple[float, float]:
    """Return shape and rate [s] of the likeliest Gamma distribution of the rates of people.

    Its mean is everybody's rate together; raises DatasetError where there is no event or no time at risk at all.
    """
    counts = np.array([sum(len(watch.onset_s) for watch in some) for some in known.values()], np.float64)
    time_s = np.array([sum(float(w.at_risk_s(np.array([w.end_s]))[0]) for w in some) for some in known.values()])
    if not (counts.sum() > 0 and time_s.sum() > 0):
        raise DatasetError(f"{name}: training sessions hold no event of the target: check its words, or add sessions")
    per_s = SHAPES * time_s.sum() / counts.sum()
    likelihood = (
        gammaln(SHAPES[:, None] + counts)
        - gammaln(SHAPES)[:, None]
        + SHAPES[:, None] * np.log(per_s)[:, None]
        - (SHAPES[:, None] + counts) * np.log(per_s[:, None] + time_s)
    ).sum(axis=-1)
    best = int(likelihood.argmax())
    return float(SHAPES[best]), float(per_s[best])
