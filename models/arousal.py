"""Features in, risk out without any training: arousal that movement does not explain, against the person's own usual.

What is compared are conductance level, sudomotor drive, response rate and size, the fall of skin temperature,
movement, and the heart rate that the person's own recent movement leaves unexplained (``signals.heart.explained``).
Each distance from the usual becomes a bounded, signed contribution in log-odds; ``Risk.drivers`` add up to the log-odds
of the probability.

The probability is an ordering with sensible ends, not a calibrated frequency: the weights come from what is known of
such signals, not from data. Sources of the size of things: heart rate rises by 22 +- 16 % about a minute before onset
(Nuske 2019, doi:10.1080/10253890.2019.1572744); an E4's conductance agreed badly with a laboratory's (Milstein & Gordon
2020, doi:10.3389/fnbeh.2020.00148), so it is compared with the person's own alone, in four voices of which none is
enough. Restlessness is part of agitation: movement changes what pulse is expected and how much sweat counts, but is
never a reason to say nothing. Flapping hands are no exercise: what repeats faster than arms swing counts as little.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.arousal_kernel import QUANTITIES, READS, run
from models.errors import ModelError
from models.risk import Array, Risk, Rows
from signals.features import NAMES, column
from signals.motion.exertion import exertion

DRIVERS: Final = (
    "base",
    "sweat_level",
    "sweat_drive",
    "response_rate",
    "response_size",
    "pulse",
    "cooling",
    "restlessness",
    "exertion",
)

_COLUMNS: Final = [column(name) for name in READS]
_EXERTION: Final = [column(name) for name in ("motion_g", "stereotypy", "repetition_hz")]

_STATE: Final = {
    "usual": (QUANTITIES, 3),  # location, scale, seconds
    "moving": (3,),  # fast and slow exertion; seconds since movement was known
    "contributions": (len(DRIVERS),),
    "unknown": (QUANTITIES,),  # seconds since each quantity was known
    "unjudged": (),  # seconds since there was an estimate
    "next_s": (),  # where the stream stands, UTC seconds
}
_FINITE: Final = ("usual", "contributions")


class Arousal:
    """A ``RiskModel`` for ``rows`` people whose usual it learns itself; see the module.

    Abstains with NO_SIGNAL where nothing arrives, NOT_WORN, POOR_SIGNAL where neither conductance nor heart rate is
    valid, LEARNING until ``LEARN_S`` worn seconds of one of them are known. Either alone suffices, and says less.
    A jump of ``start_s`` counts as seconds in which nothing arrived. Raises ModelError where rows, shapes or a
    snapshot do not fit.
    """

    def __init__(self, *, rows: int) -> None:
        if rows < 1:
            raise ModelError(f"rows: at least one person, not {rows}")
        self._rows = rows
        self._state = {name: np.zeros((rows, *shape)) for name, shape in _STATE.items()}
        self._state["unknown"][:] = self._state["unjudged"][:] = np.inf
        self._state["moving"][:, 2] = np.inf
        self._state["next_s"][:] = -np.inf

    @property
    def driver_names(self) -> tuple[str, ...]:
        """The names of ``Risk.drivers``; their sum is the log-odds of the probability."""
        return DRIVERS

    def push(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows | None = None) -> Risk:
        """Return the risk of the rows ``rows`` (default: all) from their next n seconds of features, (k, n, F)."""
        chosen = np.arange(self._rows) if rows is None else np.asarray(rows)
        start_s, features = np.asarray(start_s), np.asarray(features, np.float64)
        self._check(start_s, features, chosen)
        chosen = chosen.astype(np.intp)
        k, n = features.shape[:2]
        probability, learnt = np.empty((k, n)), np.empty((k, n))
        abstention, drivers = np.empty((k, n), np.int8), np.empty((k, n, len(DRIVERS)))
        start_s = start_s.astype(np.int64)
        run(
            chosen,
            start_s,
            _seen(features),
            self._state["usual"],
            self._state["moving"],
            self._state["contributions"],
            self._state["unknown"],
            self._state["unjudged"],
            self._state["next_s"],
            probability,
            abstention,
            drivers,
            learnt,
        )
        untold = np.full((k, n), np.nan)  # it is not calibrated: there is nothing to be sure within
        return Risk(start_s, probability, abstention, drivers, learnt, low=untold, high=untold.copy())

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """A copy of everything that was learnt and of where the stream stands, a leading row axis each."""
        return {name: array.copy() for name, array in self._state.items()}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a snapshot of as many rows; raises ModelError where it does not fit, and then nothing changed."""
        fresh = {}
        for name, mine in self._state.items():
            if name not in arrays:
                raise ModelError(f"snapshot: {name!r} is missing, it has {', '.join(sorted(arrays)) or 'nothing'}")
            theirs = np.asarray(arrays[name])
            if theirs.shape != mine.shape or theirs.dtype != mine.dtype:
                raise ModelError(
                    f"snapshot: {name!r} is {theirs.dtype} {theirs.shape}, right would be {mine.dtype} {mine.shape}"
                )
            if np.isnan(theirs).any() or (name in _FINITE and np.isinf(theirs).any()):
                raise ModelError(f"snapshot: {name!r} holds values that are not finite: it was not written by snapshot")
            fresh[name] = theirs.copy()
        for name, theirs in fresh.items():
            self._state[name][...] = theirs

    def _check(self, start_s: NDArray[np.generic], features: Array, rows: NDArray[np.generic]) -> None:
        if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
            raise ModelError(f"rows: whole numbers, (k,), not {rows.dtype} {rows.shape}")
        if rows.size and not (int(rows.min()) >= 0 and int(rows.max()) < self._rows):
            raise ModelError(f"rows: each from 0 to {self._rows - 1}, not {rows.tolist()}")
        if len(np.unique(rows)) != len(rows):
            raise ModelError(f"rows: each once, not {rows.tolist()}")
        if features.ndim != 3 or features.shape[0] != len(rows) or features.shape[2] != len(NAMES):
            raise ModelError(f"features: ({len(rows)}, n, {len(NAMES)}) would be right, not {features.shape}")
        if start_s.shape != (len(rows),) or start_s.dtype.kind not in "iu":
            raise ModelError(f"start_s: whole seconds, ({len(rows)},), not {start_s.dtype} {start_s.shape}")


def _seen(features: Array) -> Array:
    """Return what the kernel reads, (k, n, R), row-major whatever the layout was: each layout is compiled for."""
    exerted = exertion(*(features[:, :, i] for i in _EXERTION))
    return np.ascontiguousarray(np.concatenate([features[:, :, _COLUMNS], exerted[..., None]], axis=-1))
