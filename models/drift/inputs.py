"""The engine's seconds in, how the inputs of live people lie against those of training out: streaming, bounded.

Of each person a second a minute is looked at, while the band is worn, and counted in the parts of the training summary;
what was counted fades over a day of wearing. An operator: where a stream is cut, and whose rows stand beside, changes
nothing. Nothing of it is about an hour: hours differ, and are none of a model's fault.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.detectors.stream import checked, missing_s
from models.drift.summary import TrainingSummary, stability
from models.errors import ModelError
from models.inputs.inputs import NAMES as INPUT_NAMES
from models.inputs.inputs import Inputs
from models.inputs.kernel import GONE_S
from models.risk import Array, Rows
from signals.features import column

EVERY_S: Final = 60  # inputs are means over a minute: seconds in between say the same again
MEMORY: Final = 1440.0  # looks, a day of wearing: a day holds all that a person does
FADE: Final = float(np.exp(-1.0 / MEMORY))
LEAST: Final = 240.0  # looks, four hours, before shares of ten parts mean anything: chance alone gives an index of 0.04
SHIFTED: Final = 0.25  # see ``models.drift.summary.stability``
SILENCE_S: Final = max(GONE_S)  # after which nothing of late is left
WORN: Final = 0.5

_WORN: Final = column("worn")
_INPUTS: Final = "inputs."


@dataclass(frozen=True, slots=True, eq=False)
class Drifted:
    """Of M inputs, (M,) each: ``index`` the stability index, ``distance`` that of Kolmogorov (the largest difference of
    the shares below an edge), ``limit`` above which the index says that the input has shifted (``SHIFTED``, or as far
    as a person of the training data lay from the others), ``outside`` the share of known values beyond the range of
    training, ``unknown`` the share that was not known; NaN before ``LEAST`` looks. ``looks`` is how many count now."""

    names: tuple[str, ...]
    index: Array
    distance: Array
    limit: Array
    outside: Array
    unknown: Array
    looks: float

    @property
    def shifted(self) -> tuple[str, ...]:
        """The inputs that have shifted, in order."""
        return tuple(name for name, over in zip(self.names, self.index > self.limit, strict=True) if over)


class InputDrift:
    """Counts of ``rows`` people against the training ``summary`` of a model; see the module.

    Works out itself what models read of the features, unless the inputs are ``given``: by a model that has read them
    anyway (``models.detectors.scored.Scored.read``). The counts are the same. Raises ModelError where the model read
    inputs that are not there, or rows, shapes or a snapshot do not fit.
    """

    def __init__(self, summary: TrainingSummary, *, rows: int, given: bool = False) -> None:
        odd = [name for name in summary.inputs if name not in INPUT_NAMES]
        if odd:
            raise ModelError(f"the model was trained on {odd[0]!r}, which is not among today's inputs: train it anew")
        self._summary, self._rows = summary, rows
        self._names = tuple(summary.inputs)
        self._columns = [INPUT_NAMES.index(name) for name in self._names]
        each = list(summary.inputs.values())
        self._parts = max((len(one.shares) for one in each), default=1)
        self._edges = np.full((len(each), self._parts - 1), np.inf)
        for i, one in enumerate(each):
            self._edges[i, : len(one.edges)] = one.edges
        self._lowest = np.array([-np.inf if one.lowest is None else one.lowest for one in each])
        self._highest = np.array([np.inf if one.highest is None else one.highest for one in each])
        self._inputs = None if given else Inputs(rows=rows)
        self._counts = np.zeros((rows, len(each), self._parts + 2))  # the parts, unknown, outside
        self._next_s = np.full(rows, -np.inf)

    def push(
        self, start_s: NDArray[np.int64], features: Array, *, rows: Rows | None = None, read: Array | None = None
    ) -> None:
        """Take in the next n seconds of features, (k, n, F), of the rows ``rows`` (default: all); and what was ``read``
        of them, (k, n, M), where that is given."""
        start_s, features, chosen = checked(start_s, features, rows, total=self._rows)
        read = self._read(start_s, features, chosen) if read is None else read
        if read.shape != (*features.shape[:2], len(INPUT_NAMES)):
            raise ModelError(f"read: {(*features.shape[:2], len(INPUT_NAMES))} would be right, not {read.shape}")
        looked = (start_s[:, None] + np.arange(1, features.shape[1] + 1)) % EVERY_S == 0
        looked &= features[:, :, _WORN] >= WORN
        for second in np.flatnonzero(looked.any(axis=0)):
            which = looked[:, second]
            self._count(chosen[which], read[which, second][:, self._columns])

    def _read(self, start_s: NDArray[np.int64], features: Array, rows: Rows) -> Array:
        if self._inputs is None:
            raise ModelError("read: the inputs were to be given, and are not")
        silent = missing_s(start_s, self._next_s[rows], most=SILENCE_S)
        self._inputs.pass_silence(silent, rows=rows)
        self._next_s[rows] = start_s + features.shape[1]
        return self._inputs.push(features, rows=rows)

    def _count(self, rows: Rows, values: Array) -> None:
        """Count one look of ``rows`` at their inputs, (k, M)."""
        known = np.isfinite(values)
        part = (values[:, :, None] >= self._edges).sum(axis=-1)
        part[~known] = self._parts
        outside = known & ((values < self._lowest) | (values > self._highest))
        self._counts[rows] *= FADE
        self._counts[rows[:, None], np.arange(len(self._names)), part] += 1.0
        self._counts[rows, :, self._parts + 1] += outside

    def judge(self, *, rows: Rows | None = None) -> Drifted:
        """Return how the rows ``rows`` (default: all) together lie against training."""
        counts = self._counts.sum(axis=0) if rows is None else self._counts[rows].sum(axis=0)
        return judged(self._summary, counts)

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """A copy of everything, a leading row axis each."""
        if self._inputs is None:
            return {"counts": self._counts.copy()}
        read = {_INPUTS + name: array for name, array in self._inputs.snapshot().items()}
        return {"counts": self._counts.copy(), "next_s": self._next_s.copy(), **read}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a snapshot of as many rows; raises ModelError where it does not fit, and then nothing changed."""
        fresh: dict[str, NDArray[Any]] = {}
        own = {"counts": self._counts} if self._inputs is None else {"counts": self._counts, "next_s": self._next_s}
        for name, mine in own.items():
            theirs = arrays.get(name)
            if theirs is None or theirs.shape != mine.shape or theirs.dtype != mine.dtype:
                got = "missing" if theirs is None else f"{theirs.dtype} {theirs.shape}"
                raise ModelError(f"snapshot: {name!r} is {got}, right would be {mine.dtype} {mine.shape}")
            fresh[name] = theirs
        if not np.isfinite(fresh["counts"]).all() or not (fresh["counts"] >= 0).all():
            raise ModelError("snapshot: 'counts' holds what no count is: it was not written by snapshot")
        if self._inputs is not None:
            read = {name.removeprefix(_INPUTS): array for name, array in arrays.items() if name.startswith(_INPUTS)}
            self._inputs.restore(read)
        for name, mine in own.items():
            mine[...] = fresh[name]


def judged(summary: TrainingSummary, counts: Array) -> Drifted:
    """Return how counts (M, parts + 2), as ``InputDrift`` keeps them of a person, lie against training.

    Raises ModelError where they are of another model.
    """
    each = list(summary.inputs.values())
    parts = max((len(one.shares) for one in each), default=1)
    if counts.shape != (len(each), parts + 2):
        raise ModelError(f"counts: ({len(each)}, {parts + 2}) would be right, not {counts.shape}")
    then = np.zeros((len(each), parts))
    for i, one in enumerate(each):
        then[i, : len(one.shares)] = one.shares
    now, unknown = counts[:, :parts], counts[:, parts]
    known = now.sum(axis=1)
    looks = known + unknown
    enough = known >= LEAST
    share = now / np.where(enough, known, 1.0)[:, None]
    distance = np.abs(np.cumsum(share, axis=1) - np.cumsum(then, axis=1)).max(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        silent = np.where(looks >= LEAST, unknown / looks, np.nan)
    return Drifted(
        names=tuple(summary.inputs),
        index=np.where(enough, stability(share, then), np.nan),
        distance=np.where(enough, distance, np.nan),
        limit=np.array([max(SHIFTED, one.apart) for one in each]),
        outside=np.where(enough, counts[:, parts + 1] / np.where(enough, known, 1.0), np.nan),
        unknown=silent,
        looks=float(looks.max()) if looks.size else 0.0,
    )
