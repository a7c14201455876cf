"""A person's events so far in, the chance of another out: events that set off events, and nothing measured at all.

A self-exciting point process (Hawkes 1971, doi:10.1093/biomet/58.1.83), as Potter 2025 (arXiv:2507.12424) fitted it to
the aggression of inpatients with autism, where three of four events were set off by others. The intensity at t is

    rate of the person + branching / memory x sum over events that are over of exp(-(t - end) / memory).

Deviations from Potter: an event sets off others from its end on, not its onset, and nothing begins while one is under
way, so that what is forecast rests on what is over; a session begins without a past (days lie between sessions); rates
differ over people by a Gamma distribution instead of one for all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, gammaincinv, logit, logsumexp

from models.datasets.dataset import Dataset
from models.detectors.history import Watch, trained_on, watches
from models.detectors.rate_matched import gamma_of
from models.detectors.said import estimates, log_odds
from models.detectors.training import forecast_of, judged
from models.estimates import Estimates
from models.risk import Array

NODES: Final = 32  # rates that stand for the Gamma distribution of people's: midpoints of as many equal shares of it
MEMORIES_S: Final = (120.0, 900.0)  # where the search begins: a cluster, and an agitated hour
MEMORY_LEAST_S: Final = 10.0  # faster than any event,
MEMORY_MOST_S: Final = 3600.0  # what fades slower cannot be told from a person's rate within a session
BRANCHING_MOST: Final = 0.98  # at 1 events never end
BRANCHING_FIRST: Final = 0.4
BETTER: Final = 2.0  # by how much two more parameters must raise the log-likelihood (Akaike's criterion)
SHAPE_LEAST: Final = 0.2
SHAPE_MOST: Final = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """``rate_per_s`` of what nothing sets off, in the mean over people, Gamma distributed of ``shape``; ``branching``:
    how many events one sets off in the mean; ``memory_s``: how long that takes in the mean."""

    rate_per_s: float
    shape: float
    branching: float
    memory_s: float

    @property
    def nodes(self) -> Array:
        """(NODES,) rates [1/s] that stand for people's."""
        shares = (np.arange(NODES) + 0.5) / NODES
        rates: Array = gammaincinv(self.shape, shares)
        spread: Array = rates * (self.rate_per_s / rates.mean())
        return spread


@dataclass(frozen=True, slots=True)
class Hawkes:
    """The candidate ``hawkes``: maximum likelihood over the training people, forecasts from events that are over.

    The likelihood is exact but for people's rates, which are averaged over ``NODES`` of them. A person's rate is known
    by everything of them that is over, and drawn to everybody's where that is little. The chance of an event between t
    + latency and t + latency + horizon, where none begins before, is 1 - exp(-integral of the intensity), exactly. The
    interval is that of the person's rate.
    """

    name: str = "hawkes"

    def fit(self, training: Dataset, *, seed: int) -> "FittedHawkes":
        """Raises DatasetError where the target is no forecast, or there are not moments of both kinds."""
        aim = forecast_of(training, name=self.name)
        judged(training, name=self.name)
        known = trained_on(training, aim.events)
        return FittedHawkes(
            what=tuple(aim.events),
            latency_s=aim.latency_s,
            horizon_s=aim.horizon_s,
            process=likeliest(known, name=self.name),
            past=tuple(each for some in known.values() for each in some),
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FittedHawkes:
    """``process`` of the events ``what``; ``past`` are the sessions of training, whose events are known."""

    what: tuple[str, ...]
    latency_s: float
    horizon_s: float
    process: Process
    past: tuple[Watch, ...] = field(repr=False)

    def estimate(self, moments: Dataset) -> Estimates:
        """Return what events that are over say of every moment."""
        nodes, n = self.process.nodes, len(moments.end_s)
        odds, excited = np.zeros((n, NODES)), np.zeros(n)
        known = watches(moments, self.what, more=self.past)
        for i in np.unique(moments.session):
            rows, session = np.flatnonzero(moments.session == i), moments.sessions[i]
            for watch in known[session.person]:
                odds[rows] += evidence(watch, moments.end_s[rows], nodes, self.process)
                if watch.session == session:
                    excited[rows] = excitation(watch, moments.end_s[rows], self.process.memory_s)
        weights = np.exp(odds - logsumexp(odds, axis=-1, keepdims=True))
        chances = self._chances(nodes, excited[:, None])
        said = (weights * chances).sum(axis=-1)
        base = self._chances(nodes, np.zeros((1, 1))).mean()
        calm = (weights * self._chances(nodes, np.zeros((1, 1)))).sum(axis=-1)
        low, high = (_quantile(chances, weights, q) for q in (0.05, 0.95))
        first = np.full(n, log_odds(np.array([base]))[0])
        drivers = {
            "base": first,
            "own_rate": log_odds(calm) - first,
            "recent_events": log_odds(said) - log_odds(calm),
        }
        return estimates(drivers, low=np.minimum(low, said), high=np.maximum(high, said))

    def _chances(self, nodes: Array, excited: Array) -> Array:
        """Return the chance of an event in the horizon for each rate, (n, NODES), after ``excited`` (n, 1)."""
        memory_s = self.process.memory_s
        set_off = self.process.branching * np.exp(-self.latency_s / memory_s) * -np.expm1(-self.horizon_s / memory_s)
        chances: Array = -np.expm1(-(nodes * self.horizon_s + set_off * excited))
        return chances


def excitation(watch: Watch, at_s: Array, memory_s: float) -> Array:
    """Return at each of ``at_s`` (n,) the sum over events over before it of exp(-(at - end) / memory), (n,)."""
    sums = _after(watch.over_s, memory_s)
    last = watch.over_before(at_s)
    since = at_s - np.concatenate([[0.0], watch.over_s])[last]
    excited: Array = np.where(last > 0, np.concatenate([[0.0], sums])[last] * np.exp(-since / memory_s), 0.0)
    return excited


def evidence(watch: Watch, at_s: Array, nodes: Array, process: Process) -> Array:
    """Return what is known of ``watch`` at each of ``at_s`` (n,) says for each of ``nodes``: log-likelihoods (n, NODES)
    up to what all nodes share."""
    before = _before(watch.onset_s, watch.over_s, process.memory_s)
    each = np.log(nodes + (process.branching / process.memory_s) * before[:, None])
    sums = np.concatenate([np.zeros((1, len(nodes))), np.cumsum(each, axis=0)])
    told: Array = sums[watch.over_before(at_s)] - watch.at_risk_s(at_s)[:, None] * nodes
    return told


def log_likelihood(known: Mapping[str, tuple[Watch, ...]], process: Process) -> float:
    """Return the log-likelihood of everybody's sessions, people's rates averaged over ``process.nodes``."""
    return _flat(known).log_likelihood(process)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Flat:
    """W sessions' events one after the other, ``onset_s`` and ``over_s`` (m,), those of session w from ``first[w]`` to
    ``first[w + 1]``; ``end_s`` (W,), ``risk_s`` (W,) at risk, ``person`` (W,), and how many people."""

    onset_s: Array
    over_s: Array
    first: NDArray[np.intp]
    end_s: Array
    risk_s: Array
    person: NDArray[np.intp]
    people: int

    def log_likelihood(self, process: Process) -> float:
        odds = np.zeros((self.people, NODES))
        np.add.at(odds, self.person, -self.risk_s[:, None] * process.nodes)
        answered = _take(
            self.onset_s,
            self.over_s,
            self.first,
            self.end_s,
            self.person,
            process.nodes,
            process.branching / process.memory_s,
            process.memory_s,
            odds,
        )
        averaged = logsumexp(odds, axis=-1) - np.log(NODES)
        return float(averaged.sum()) - process.branching * answered


def _flat(known: Mapping[str, tuple[Watch, ...]]) -> _Flat:
    every = [(i, watch) for i, some in enumerate(known.values()) for watch in some]
    end_s = np.array([np.nextafter(max(w.end_s, *w.over_s, w.start_s), np.inf) for _, w in every])
    return _Flat(
        onset_s=np.concatenate([np.empty(0), *(w.onset_s for _, w in every)]),
        over_s=np.concatenate([np.empty(0), *(w.over_s for _, w in every)]),
        first=np.cumsum([0, *(len(w.onset_s) for _, w in every)]).astype(np.intp),
        end_s=end_s,
        risk_s=np.array([w.at_risk_s(end_s[i : i + 1])[0] for i, (_, w) in enumerate(every)]),
        person=np.array([i for i, _ in every], np.intp),
        people=len(known),
    )


@njit(cache=True, nogil=True)
def _take(
    onset_s: Array,
    over_s: Array,
    first: NDArray[np.intp],
    end_s: Array,
    person: NDArray[np.intp],
    nodes: Array,
    jump: float,
    memory_s: float,
    odds: Array,
) -> float:
    """Add to ``odds`` (people, NODES) the log-intensity at every event, and return the integral of the excitation over
    the time at risk, a unit of branching: between two events' end and onset it is the sum just after the first times
    what fades until the second, and that sum is 1 more than what is left of the one before."""
    answered = 0.0
    for w in range(first.size - 1):
        excited = 0.0
        for i in range(first[w], first[w + 1]):
            for node in range(nodes.size):
                odds[person[w], node] += np.log(nodes[node] + jump * excited)
            excited = 1.0 + excited * np.exp(-(over_s[i] - onset_s[i]) / memory_s)
            until = onset_s[i + 1] if i + 1 < first[w + 1] else end_s[w]
            fades = np.exp(-(until - over_s[i]) / memory_s)
            answered += excited * (1.0 - fades)
            excited *= fades
    return answered


def likeliest(known: Mapping[str, tuple[Watch, ...]], *, name: str) -> Process:
    """Return the process of the greatest likelihood; raises DatasetError where there was no event.

    Where that is not better by ``BETTER`` than one in which nothing sets anything off, that one.
    """
    shape, per_s = gamma_of(known, name=name)
    flat = _flat(known)
    bounds = [
        (np.log(1e-3 * shape / per_s), np.log(3.0 * shape / per_s)),
        (np.log(SHAPE_LEAST), np.log(SHAPE_MOST)),
        (float(logit(1e-4)), float(logit(BRANCHING_MOST))),
        (np.log(MEMORY_LEAST_S), np.log(MEMORY_MOST_S)),
    ]
    found = [
        minimize(
            lambda x: -flat.log_likelihood(_process(x)),
            np.array([np.log(0.6 * shape / per_s), np.log(shape), logit(BRANCHING_FIRST), np.log(memory_s)]),
            method="L-BFGS-B",
            bounds=bounds,
        )
        for memory_s in MEMORIES_S
    ]
    best = min(found, key=lambda each: float(each.fun))
    alone = Process(rate_per_s=shape / per_s, shape=shape, branching=0.0, memory_s=MEMORIES_S[0])
    return _process(best.x) if -float(best.fun) > flat.log_likelihood(alone) + BETTER else alone


def _process(x: Array) -> Process:
    rate, shape, memory = np.exp(x[[0, 1, 3]])
    return Process(rate_per_s=float(rate), shape=float(shape), branching=float(expit(x[2])), memory_s=float(memory))


@njit(cache=True, nogil=True)
def _after(over_s: Array, memory_s: float) -> Array:
    """Return the excitation just after the end of each event, its own included, (m,)."""
    sums = np.empty(over_s.size)
    for i in range(over_s.size):
        sums[i] = 1.0 if i == 0 else 1.0 + sums[i - 1] * np.exp(-(over_s[i] - over_s[i - 1]) / memory_s)
    return sums


def _before(onset_s: Array, over_s: Array, memory_s: float) -> Array:
    """Return the excitation at the onset of each event, by those before, (m,)."""
    before = np.zeros(len(onset_s))
    before[1:] = _after(over_s, memory_s)[:-1] * np.exp(-(onset_s[1:] - over_s[:-1]) / memory_s)
    return before


def _quantile(chances: Array, weights: Array, q: float) -> Array:
    """Return the chance (n,) below which ``q`` of the weight of the nodes lies; chances rise from node to node."""
    at = np.minimum((np.cumsum(weights, axis=-1) < q).sum(axis=-1), chances.shape[-1] - 1)
    found: Array = np.take_along_axis(chances, at[:, None], axis=-1)[:, 0]
    return found
