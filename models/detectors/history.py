"""A data set's sessions and events in, what a carer knows of a person at a moment out: events that are over, no more.

An event that is over at t ended before t. Events that overlap are one, and end with the session at the latest. Time is
watched from a session's begin to its end, and at risk where no event is under way: nothing new can begin during one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from models.datasets.dataset import Dataset, Session
from models.risk import Array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Watch:
    """A session of ``person`` as carers know it: from ``start_s`` to ``end_s`` [UTC s], with events that began at
    ``onset_s`` (m,) and were over at ``over_s`` (m,), in order and apart."""

    session: Session
    onset_s: Array
    over_s: Array

    @property
    def start_s(self) -> float:
        """When it began."""
        return self.session.start_s

    @property
    def end_s(self) -> float:
        """When it ended."""
        return self.session.end_s

    def until(self, end_s: float) -> "Watch":
        """Return what is known of it at ``end_s``: events that are over by then, and nothing of later ones."""
        known = int(np.searchsorted(self.over_s, end_s, side="left"))
        return Watch(session=self.session, onset_s=self.onset_s[:known], over_s=self.over_s[:known])

    def at_risk_s(self, at_s: Array) -> Array:
        """Return how long until each of ``at_s`` (n,), ascending or not, an event could have begun [s], (n,).

        An event under way at that moment is not known yet, and counts as time at risk.
        """
        watched = np.clip(at_s, self.start_s, self.end_s) - self.start_s
        during = np.concatenate([[0.0], np.cumsum(self.over_s - np.maximum(self.onset_s, self.start_s))])
        risk: Array = watched - during[self.over_before(at_s)]
        return np.maximum(risk, 0.0)

    def over_before(self, at_s: Array) -> "np.ndarray[tuple[int, ...], np.dtype[np.intp]]":
        """Return how many events were over before each of ``at_s`` (n,)."""
        return np.searchsorted(self.over_s, at_s, side="left")


def watches(data: Dataset, what: Sequence[str], *, more: Sequence[Watch] = ()) -> dict[str, tuple[Watch, ...]]:
    """Return the sessions of each person that has moments in ``data``, in order of time, with the events ``what``.

    ``more`` are sessions known from elsewhere (training); those that are in ``data`` too count once.
    """
    wanted = frozenset(what)
    told: dict[int, list[tuple[float, float]]] = {}
    for event in data.events:
        if event.what in wanted:
            told.setdefault(event.session, []).append((event.onset_s, max(event.end_s, event.onset_s)))
    people = {data.sessions[i].person for i in np.unique(data.session)}
    found = {
        (each.session.person, each.session.name, each.start_s): each for each in more if each.session.person in people
    }
    for i, session in enumerate(data.sessions):
        if session.person in people:
            found[session.person, session.name, session.start_s] = _watch(session, sorted(told.get(i, [])))
    ordered = sorted(found.values(), key=attrgetter("start_s", "session.name"))
    return {person: tuple(each for each in ordered if each.session.person == person) for person in sorted(people)}


def trained_on(data: Dataset, what: Sequence[str]) -> dict[str, tuple[Watch, ...]]:
    """Return ``watches`` of only those sessions that have moments in ``data``: training may know no other."""
    present = frozenset(data.sessions[i] for i in np.unique(data.session))
    every = watches(data, what)
    return {person: tuple(each for each in some if each.session in present) for person, some in every.items()}


def _watch(session: Session, told: Sequence[tuple[float, float]]) -> Watch:
    onset: list[float] = []
    over: list[float] = []
    for onset_s, over_s in told:
        began, ended = max(onset_s, session.start_s), min(max(over_s, session.start_s), session.end_s)
        if began > session.end_s:
            continue
        if over and began <= over[-1]:
            over[-1] = max(over[-1], ended)
        else:
            onset.append(began)
            over.append(ended)
    return Watch(session=session, onset_s=np.array(onset, np.float64), over_s=np.array(over, np.float64))
