"""Warnings beside events in, out comes what chance and forecasters without a sensor would have reached.

Surrogates: warnings of a session are turned round its own valid wear by a random number of rows, wrapping around, so
that their number, length and clustering stay and only their tie to events is cut (Andrzejak 2003,
doi:10.1103/PhysRevE.67.010901; Snyder 2008, PMC2888045). Every shift, none included, is as likely as any other under
the null, so that (1 + #surrogates as good) / (1 + #surrogates) is a valid p-value.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Array, Dataset
from models.datasets.target import ForecastTarget
from models.evaluation.alarms import Alarms, reach
from models.evaluation.events import Outcomes
from models.evaluation.timeline import Timeline

AVERAGE_S: Final = 3600.0
"""The moving average looks back an hour: long enough for a rate, short enough for clusters (Potter 2025,
arXiv:2507.12424: children of an event follow within minutes)."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Chance:
    """Of P people: expected sensitivity of warnings shifted at random, exact, for all events and lead events (NaN
    without any); ``hits`` and ``lead_hits`` (R, P) events that each surrogate foretold."""

    sensitivity: Array
    lead_sensitivity: Array
    hits: NDArray[np.int64]
    lead_hits: NDArray[np.int64]


def by_chance(line: Timeline, outcomes: Outcomes, warning: NDArray[np.bool_], *, surrogates: int, seed: int) -> Chance:
    """Return what ``warning`` (n,) foretells when it is turned round each session ``surrogates`` times."""
    people = len(line.people)
    random = np.random.default_rng(seed)
    hits = np.zeros((2, surrogates, people), np.int64)
    expected = np.zeros((2, people))
    for session in np.unique(outcomes.session):
        rows = slice(line.bounds[session], line.bounds[session + 1])
        kept = warning[rows][line.valid[rows]]
        mine = outcomes.session == session
        place = line.before[outcomes.last[mine]] - line.before[rows.start]
        shift = random.integers(0, len(kept), size=surrogates)
        hit = kept[(place[None, :] - shift[:, None]) % len(kept)]
        person = line.person[session]
        for which, some in enumerate((np.ones(len(place), np.bool_), outcomes.lead[mine])):
            hits[which, :, person] += hit[:, some].sum(axis=1)
            expected[which, person] += kept.mean() * some.sum()
    events = per_person(line, outcomes, np.ones(len(outcomes.event)))
    leads = per_person(line, outcomes, outcomes.lead)
    return Chance(
        sensitivity=ratio(expected[0], events),
        lead_sensitivity=ratio(expected[1], leads),
        hits=hits[0],
        lead_hits=hits[1],
    )


def p_value(found: float, surrogates: NDArray[np.int64] | Array) -> float:
    """Return the share of surrogates (R,) as good as what was found, itself counted with them."""
    return float((1 + np.count_nonzero(surrogates >= found - 1e-9)) / (1 + len(surrogates)))


def rate_matched(line: Timeline, alarms: Alarms) -> Array:
    """Return (P,) the sensitivity of alarms at random moments, as many and as long as these: 1 - exp(-load), load being
    the sum of the alarms' warning times over valid wear (the Poisson random predictor of Schelter 2006,
    doi:10.1063/1.2137623, with alarms that stand)."""
    first, stop = reach(line, alarms, line.horizon_s)
    load = np.bincount(alarms.session, weights=line.before[stop] - line.before[first], minlength=len(line.session))
    return np.asarray(1 - np.exp(-ratio(line.per_person(load), line.per_person(line.counted(line.valid)))))


def moving_average(moments: Dataset, line: Timeline, outcomes: Outcomes, time_in_warning: Array) -> Array:
    """Return (P,) the sensitivity of a forecaster that warns while ``recent_events`` are most, for as much time as
    ``time_in_warning`` (P,): the moving-average benchmark of Chang 2024 (PMC11118655). Between two levels of its count
    it is drawn by lot; NaN without events."""
    out = np.full(len(line.people), np.nan)
    for person in range(len(line.people)):
        mine = line.person[outcomes.session] == person
        if not mine.any():
            continue
        rows = line.rows_of(person)
        counts = recent_events(moments, line, person, line.end_s[rows[line.valid[rows]]])
        at_events = recent_events(moments, line, person, line.end_s[outcomes.last[mine]])
        out[person] = _warned_share(counts, at_events, time_in_warning[person])
    return out


def recent_events(moments: Dataset, line: Timeline, person: int, at_s: Array) -> NDArray[np.int64]:
    """Return (m,) how many events of the person of that index were over in the ``AVERAGE_S`` before each of ``at_s``
    (m,) [UTC s], in whichever session: what anybody with a watch knows."""
    aim, name = moments.aim, line.people[person]
    wanted = aim.events if isinstance(aim, ForecastTarget) else ()
    mine = (e for e in moments.events if moments.sessions[e.session].person == name and e.what in wanted)
    over = np.sort(np.array([each.end_s for each in mine], np.float64))
    return np.asarray(np.searchsorted(over, at_s, "right") - np.searchsorted(over, at_s - AVERAGE_S, "right"))


def _warned_share(count: NDArray[np.int64], at_events: NDArray[np.int64], share: float) -> float:
    levels = np.arange(count.max() + 1, -1, -1)
    spent = 1 - np.searchsorted(np.sort(count), levels) / len(count)
    found = 1 - np.searchsorted(np.sort(at_events), levels) / len(at_events)
    return float(np.interp(share, spent, found))


def per_person(line: Timeline, outcomes: Outcomes, of: NDArray[np.generic]) -> Array:
    """Return (P,) sums over each person's events of ``of`` (E,)."""
    person = line.person[outcomes.session]
    return np.asarray(np.bincount(person, weights=of.astype(np.float64), minlength=len(line.people)), np.float64)


def ratio(above: Array, below: Array) -> Array:
    """Return above / below, NaN where below is 0."""
    out = np.full(np.shape(below), np.nan)
    np.divide(above, below, out=out, where=below != 0)
    return out
