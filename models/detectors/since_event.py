"""The time since a person's last event in, a probability out: a no-sensor baseline, as in the published reference.

Goodwin 2018 and Imbiriba 2023 (doi:10.1001/jamanetworkopen.2023.48898) give their classifiers whether there was an
event before in the session, and how long ago. Here these are all there is.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from models.datasets.dataset import Dataset
from models.detectors.history import Watch, trained_on, watches
from models.detectors.logistic import Logistic, fit
from models.detectors.said import estimates
from models.detectors.training import fair_weights, forecast_of, judged
from models.estimates import Estimates
from models.risk import Array

MINUTE_S: Final = 60.0
KNOTS_S: Final = (300.0, 1800.0)  # where the slope of the logarithm may change: within a cluster, within a session


@dataclass(frozen=True, slots=True)
class SinceEvent:
    """The candidate ``since_event``: a logistic regression on whether there was an event before in the session, and the
    logarithm of the time since its end (piecewise linear), or since the session began where there was none; and the
    same of the person's last event in any earlier session. People count the same."""

    name: str = "since_event"

    def fit(self, training: Dataset, *, seed: int) -> "FittedSinceEvent":
        """Raises DatasetError where the target is no forecast or there are not moments of both kinds."""
        what = forecast_of(training, name=self.name).events
        told, positive = judged(training, name=self.name)
        known = trained_on(training, what)
        columns = _columns(training, known)
        fitted = fit(
            columns[told],
            positive[told],
            weights=fair_weights(training, told)[told],
            person=training.person[told],
        )
        return FittedSinceEvent(
            what=tuple(what), fitted=fitted, past=tuple(each for some in known.values() for each in some)
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FittedSinceEvent:
    """``fitted`` on the events ``what``; ``past`` are the sessions of training, whose events are known."""

    what: tuple[str, ...]
    fitted: Logistic
    past: tuple[Watch, ...] = field(repr=False)

    def estimate(self, moments: Dataset) -> Estimates:
        """Return what the time since events that are over says."""
        columns = _columns(moments, watches(moments, self.what, more=self.past))
        parts = self.fitted.parts(columns)
        low, high = self.fitted.interval(columns)
        return estimates({"base": parts[:, 0].copy(), "recent_events": parts[:, 1:].sum(axis=-1)}, low=low, high=high)


def _columns(data: Dataset, known: dict[str, tuple[Watch, ...]]) -> Array:
    """Return (n, d): whether there was one in the session, the time since it, or since the begin; and of any before."""
    since, before = np.full(len(data.end_s), np.nan), np.full(len(data.end_s), np.nan)
    for i in np.unique(data.session):
        session = data.sessions[i]
        rows = np.flatnonzero(data.session == i)
        at_s = data.end_s[rows]
        for watch in known.get(session.person, ()):
            last = _last(watch, at_s)
            if watch.session == session:
                since[rows] = at_s - last
            before[rows] = np.fmin(before[rows], at_s - last)
    was, ever = np.isfinite(since), np.isfinite(before)
    begun = np.maximum(data.since_s, 0.0)
    return np.column_stack(
        [
            was,
            *(np.where(was, each, 0.0) for each in _bent(np.where(was, since, 0.0))),
            np.where(was, 0.0, np.log1p(begun / MINUTE_S)),
            ever,
            np.where(ever, np.log1p(np.where(ever, np.maximum(before, 0.0), 0.0) / MINUTE_S), 0.0),
        ]
    ).astype(np.float64)


def _last(watch: Watch, at_s: Array) -> Array:
    """Return when the last event that is over was over, before each of ``at_s``; NaN where there was none."""
    return np.concatenate([[np.nan], watch.over_s])[watch.over_before(at_s)]


def _bent(seconds: Array) -> list[Array]:
    """Return the logarithm of ``seconds``, and how far it lies above each knot's."""
    x = np.log1p(seconds / MINUTE_S)
    return [x, *(np.maximum(x - np.log1p(knot / MINUTE_S), 0.0) for knot in KNOTS_S)]
