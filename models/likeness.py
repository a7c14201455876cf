"""Features of everybody in a house in, whether two of them look exchanged out: a band on the wrong wrist, suspected.

What is compared is the last hour of a band with what is usual for whoever is said to wear it, and for the others:
resting pulse, level of sweat, skin temperature, how much is moved. People differ from themselves from one day to the
next nearly as much as from each other (docs/pairing.md has the figures), so a day's own offset is part of the spread,
learnt spreads are never narrower than that, and an hour alone says little. Two hours of two people that each look like
the other are told; who is unlike only himself is not: he may be ill, or afraid, which is what the bands are there for.

Pure, causal, a row a person. It blocks nothing and changes nothing: it is a question to staff.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.likeness_kernel import FORGET, PANES, QUANTITIES, READS, run
from models.risk import Array, Rows
from signals.features import NAMES, column

QUANTITY_NAMES: Final = ("resting pulse", "sweat", "skin temperature", "movement")

# How far a person's hour lies from their usual: sessions of nine people with E4s lie 6.3, 0.8, 1.3 and 0.3 apart.
DAYS: Final = np.array([7.0, 1.0, 1.5, 0.4])
FREE: Final = 36.0  # panes (6 h) for which that stands against what is learnt
FREEDOM: Final = 4.0  # of Student's t: hours far out are not rare
LEARN: Final = 18.0  # panes (3 h) of a quantity before it is held against anybody
KNOWN: Final = 3  # panes of an hour of which a quantity must be known
LEAST: Final = 3  # quantities that must be comparable
HOLD: Final = 3  # panes (half an hour) in a row for which evidence must last
WEEKLY: Final = 0.5  # questions for nothing that a wearer may cause in a week
DAYS_A_WEEK: Final = 7.0

_COLUMNS: Final = [column(name) for name in READS]


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """How much the last hour of k people speaks for an exchange of any two, in natural log-odds, (k, k), symmetric.

    NaN where it cannot be told: too little was learnt of either, too little is known of either's last hour, and of
    everybody with themselves. ``parts`` (k, k, Q) says what of it comes from which of ``QUANTITY_NAMES``.
    """

    log_odds: Array
    parts: Array


class Likeness:
    """What ``rows`` people are usually like, and were like in the last hour; see the module.

    Raises ModelError where rows, shapes or a snapshot do not fit.
    """

    def __init__(self, *, rows: int) -> None:
        if rows < 1:
            raise ModelError(f"rows: at least one person, not {rows}")
        self._rows = rows
        self._pane = np.full(rows, -1, np.int64)
        self._sums = np.zeros((rows, 2, QUANTITIES))
        self._hour = np.full((rows, PANES, QUANTITIES), np.nan)
        self._usual = np.zeros((rows, 3, QUANTITIES))

    def _state(self) -> dict[str, NDArray[Any]]:
        return {"pane": self._pane, "sums": self._sums, "hour": self._hour, "usual": self._usual}

    def push(
        self,
        start_s: NDArray[np.int64],
        features: Array,
        *,
        rows: Rows | None = None,
        learning: NDArray[np.bool_] | None = None,
    ) -> None:
        """Take in the next n seconds of features, (k, n, F), of the rows ``rows`` (default: all).

        Rows that are not ``learning`` (default: all are) are judged and not learnt from: those that are suspected.
        """
        chosen = np.arange(self._rows) if rows is None else np.asarray(rows)
        features, start_s = np.asarray(features, np.float64), np.asarray(start_s)
        if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or len(np.unique(chosen)) != len(chosen):
            raise ModelError(f"rows: whole numbers, each once, not {chosen.tolist()}")
        if chosen.size and not (int(chosen.min()) >= 0 and int(chosen.max()) < self._rows):
            raise ModelError(f"rows: each from 0 to {self._rows - 1}, not {chosen.tolist()}")
        if features.ndim != 3 or features.shape[0] != len(chosen) or features.shape[2] != len(NAMES):
            raise ModelError(f"features: ({len(chosen)}, n, {len(NAMES)}) would be right, not {features.shape}")
        if start_s.shape != (len(chosen),) or start_s.dtype.kind not in "iu":
            raise ModelError(f"start_s: whole seconds, ({len(chosen)},), not {start_s.dtype} {start_s.shape}")
        learns = np.ones(self._rows, bool)
        if learning is not None:
            learns[chosen] = learning
        run(
            chosen.astype(np.intp),
            start_s.astype(np.int64),
            np.ascontiguousarray(features[:, :, _COLUMNS]),
            self._pane,
            self._sums,
            self._hour,
            self._usual,
            learns,
        )

    def begin_hour(self, *, rows: Rows) -> None:
        """Forget the last hour of ``rows``, which wear another band from now on. What is usual stays."""
        self._pane[rows] = -1
        self._sums[rows] = 0.0
        self._hour[rows] = np.nan

    def panes(self) -> NDArray[np.int64]:
        """The pane of ten minutes that each row is in, (R,), -1 before its first second: where it changes, there is
        something new to ask."""
        return self._pane.copy()

    def exchange(self, *, rows: Rows | None = None) -> Exchange:
        """Return what speaks for an exchange of any two of the rows ``rows`` (default: all), now."""
        chosen = np.arange(self._rows) if rows is None else np.asarray(rows)
        seen = self._last_hour()[chosen]
        learnt, location, spread = (each[chosen] for each in self._expected())
        known = np.isfinite(seen) & (learnt >= LEARN)
        both = known[:, None] & known[None, :]
        far = _log_t((seen[:, None] - location[None, :]) / spread[None, :]) - np.log(spread)[None, :]  # [of, as]
        own = np.einsum("iiq->iq", far)
        parts = far - own[:, None] + far.transpose(1, 0, 2) - own[None, :]
        told = (both.sum(axis=-1) >= LEAST) & ~np.eye(len(chosen), dtype=bool)
        parts = np.where(told[..., None], np.where(both, parts, 0.0), np.nan)
        return Exchange(parts.sum(axis=-1), parts)

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """A copy of everything, a leading row axis each."""
        return {name: array.copy() for name, array in self._state().items()}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a snapshot of as many rows; raises ModelError where it does not fit, and then nothing changed."""
        for name, mine in self._state().items():
            theirs = arrays.get(name)
            if theirs is None or theirs.shape != mine.shape or theirs.dtype != mine.dtype:
                got = "missing" if theirs is None else f"{theirs.dtype} {theirs.shape}"
                raise ModelError(f"snapshot: {name!r} is {got}, right would be {mine.dtype} {mine.shape}")
        for name, mine in self._state().items():
            mine[...] = arrays[name]

    def _last_hour(self) -> Array:
        """What the last hour was like, (R, Q), NaN where too little of it is known."""
        known = np.isfinite(self._hour).sum(axis=1)
        mean = np.where(np.isfinite(self._hour), self._hour, 0.0).sum(axis=1) / np.maximum(known, 1)
        return np.where(known >= KNOWN, mean, np.nan)

    def _expected(self) -> tuple[Array, Array, Array]:
        """How many panes were learnt, their mean, and how far an hour is expected from it, (R, Q) each."""
        learnt = self._usual[:, 0]
        variance = (FREE * DAYS**2 + self._usual[:, 2]) / (FREE + np.minimum(learnt, FORGET))
        return learnt, self._usual[:, 1], np.sqrt(np.maximum(variance, DAYS**2))


class Suspicion:
    """Log-odds of exchanges, pane after pane, in; who is suspected out: those over a threshold for ``HOLD`` panes.

    Odds of e^T for what is not so come up with a chance of at most e^-T (Markov's inequality: their mean is 1 where the
    spreads hold). A day of a pair is taken for one draw, as hours of a day share its offset, so that the threshold for
    ``WEEKLY`` questions a wearer and week grows with the logarithm of how many others there are.
    """

    def __init__(self, *, rows: int) -> None:
        if rows < 1:
            raise ModelError(f"rows: at least one person, not {rows}")
        self.threshold = math.log(DAYS_A_WEEK * max(rows - 1, 1) / WEEKLY)
        self._held = np.zeros((rows, rows), np.int64)

    def judge(self, exchange: Exchange) -> NDArray[np.bool_]:
        """Return which pairs are suspected, (R, R), after another pane of everybody. What cannot be told speaks for
        nothing."""
        self._held = np.where(exchange.log_odds >= self.threshold, self._held + 1, 0)
        suspected: NDArray[np.bool_] = self._held >= HOLD
        return suspected


def _log_t(z: Array) -> Array:
    """Log density of Student's t without its constant."""
    density: Array = -(FREEDOM + 1) / 2 * np.log1p(z * z / FREEDOM)
    return density
