"""Rows of a data set in, the time line that alarms and events are laid upon out."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Array, Dataset, Exclusion, Index
from models.datasets.target import ForecastTarget
from models.errors import ModelError

NOT_WEAR: Final = (
    Exclusion.DURING,
    Exclusion.REFRACTORY,
    Exclusion.UNCERTAIN,
    Exclusion.NOT_WORN,
    Exclusion.CONTRADICTED,
    Exclusion.EDGE,
)
"""Moments at which an alarm can be neither right nor wrong; they are no hours of valid wear either. Negative controls
(APART) and moments nothing is known of (UNKNOWN) are valid wear: they are lived through, and abstaining there is seen
in coverage. What nothing is said of (UNLABELLED) is no valid wear of a state target: who knows what is right there?"""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Timeline:
    """n rows of S sessions that have rows.

    ``session`` (S,) index into the data set's, ``bounds`` (S + 1,) cut the rows, ``person`` (S,) index into
    ``people``; ``late`` (n,) moments from an event's onset - latency to the end of its refractory zone, in negative
    controls too; ``valid`` (n,) valid wear and ``before`` (n + 1,) how many valid rows come before; ``key`` (n,) is one
    axis on which sessions follow each other, ``SPAN`` apart at least, so that one search serves all of them.
    """

    session: Index
    bounds: NDArray[np.int64]
    person: Index
    people: tuple[str, ...]
    late: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    before: NDArray[np.int64]
    key: Array
    end_s: Array
    step_s: float
    horizon_s: float
    latency_s: float
    span_s: float

    def at(self, session: Index, time_s: Array) -> Array:
        """Return where ``time_s`` [UTC s] of ``session`` (index into this time line's) lies on the axis of ``key``; a
        time far outside the session is drawn to the gap beside it."""
        start = self.end_s[self.bounds[:-1]][session]
        return np.asarray(session * self.span_s + np.clip(time_s - start, -0.25 * self.span_s, 0.75 * self.span_s))

    def stands_s(self, row: Index, until: Array) -> Array:
        """Return (K,) seconds of valid wear from the end of each row to ``until`` (on the axis of ``key``)."""
        stop = np.searchsorted(self.key, until, side="right")
        return np.asarray((self.before[stop] - self.before[row + 1]) * float(self.step_s))

    def hours(self, rows: NDArray[np.bool_]) -> Array:
        """Return per person (P,) the hours that the rows with True stand for."""
        return self.per_person(self.counted(rows)) * (self.step_s / 3600)

    def counted(self, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return per session (S,) how many rows are True."""
        return np.array([np.count_nonzero(rows[a:b]) for a, b in pairwise(self.bounds)], np.int64)

    def per_person(self, per_session: NDArray[np.generic]) -> Array:
        """Return (P,) sums of (S,)."""
        sums = np.bincount(self.person, weights=per_session.astype(np.float64), minlength=len(self.people))
        return np.asarray(sums, np.float64)

    def rows_of(self, person: int) -> Index:
        """Return the rows of the person of that index, in order."""
        parts = [np.arange(self.bounds[s], self.bounds[s + 1]) for s in np.flatnonzero(self.person == person)]
        return np.concatenate(parts).astype(np.intp)


def timeline(moments: Dataset) -> Timeline:
    """Return the time line of ``moments``. Raises ModelError where there are no rows, or they are not in order."""
    n = len(moments.end_s)
    if not n:
        raise ModelError("evaluation: the data set has no rows, so that there is nothing to judge")
    within = np.diff(moments.session) == 0
    if (np.diff(moments.session) < 0).any() or (np.diff(moments.end_s)[within] <= 0).any():
        raise ModelError("evaluation: rows must be in order of session, then of time, each moment once")
    first = np.concatenate([[0], np.flatnonzero(~within) + 1])
    bounds = np.append(first, n).astype(np.int64)
    session = moments.session[first]
    people = tuple(sorted({moments.sessions[s].person for s in session}))
    place = {name: i for i, name in enumerate(people)}
    aim = moments.aim
    forecast = isinstance(aim, ForecastTarget)
    horizon, latency = (aim.horizon_s, aim.latency_s) if isinstance(aim, ForecastTarget) else (0.0, 0.0)
    late = _too_late(moments, dict(zip(session.tolist(), pairwise(bounds.tolist()), strict=True)))
    unfit = NOT_WEAR if forecast else (*NOT_WEAR, Exclusion.UNLABELLED)
    valid = moments.worn & ~late & ~np.isin(moments.exclusion, [int(each) for each in unfit])
    longest = float((moments.end_s[bounds[1:] - 1] - moments.end_s[first]).max())
    span = 4 * (longest + horizon + latency + 3600.0)
    number = np.repeat(np.arange(len(session)), np.diff(bounds))
    return Timeline(
        session=session,
        bounds=bounds,
        person=np.array([place[moments.sessions[s].person] for s in session], np.intp),
        people=people,
        late=late,
        valid=valid,
        before=np.concatenate([[0], np.cumsum(valid)]).astype(np.int64),
        key=number * span + (moments.end_s - np.repeat(moments.end_s[first], np.diff(bounds))),
        end_s=moments.end_s,
        step_s=moments.step_s,
        horizon_s=horizon,
        latency_s=latency,
        span_s=span,
    )


def _too_late(moments: Dataset, rows_of: dict[int, tuple[int, int]]) -> NDArray[np.bool_]:
    out = np.isin(moments.exclusion, [int(Exclusion.DURING), int(Exclusion.REFRACTORY)])
    aim = moments.aim
    if isinstance(aim, ForecastTarget):
        for event in moments.events:
            if event.session in rows_of and event.what in aim.events:
                start, stop = rows_of[event.session]
                bounds = (event.onset_s - aim.latency_s, event.end_s + aim.refractory_s)
                first, last = np.searchsorted(moments.end_s[start:stop], bounds)
                out[start + first : start + last] = True
    return out
