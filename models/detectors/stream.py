"""What is pushed into a live model in, the same checked out: what every stateful model asks of its arguments."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.risk import Array, Rows
from signals.features import NAMES


def checked(
    start_s: NDArray[np.int64], features: Array, rows: Rows | None, *, total: int
) -> tuple[NDArray[np.int64], Array, Rows]:
    """Return ``start_s`` (k,), ``features`` (k, n, F) row-major, and the k of ``total`` rows that they belong to.

    Raises ModelError, naming the argument, where one does not fit.
    """
    chosen = np.arange(total) if rows is None else np.asarray(rows)
    start_s, features = np.asarray(start_s), np.ascontiguousarray(features, np.float64)
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
        raise ModelError(f"rows: whole numbers, (k,), not {chosen.dtype} {chosen.shape}")
    if chosen.size and not (int(chosen.min()) >= 0 and int(chosen.max()) < total):
        raise ModelError(f"rows: each from 0 to {total - 1}, not {chosen.tolist()}")
    if chosen.size and int(np.bincount(chosen).max()) > 1:
        raise ModelError(f"rows: each once, not {chosen.tolist()}")
    if features.ndim != 3 or features.shape[0] != len(chosen) or features.shape[2] != len(NAMES):
        raise ModelError(f"features: ({len(chosen)}, n, {len(NAMES)}) would be right, not {features.shape}")
    if start_s.shape != (len(chosen),) or start_s.dtype.kind not in "iu":
        raise ModelError(f"start_s: whole seconds, ({len(chosen)},), not {start_s.dtype} {start_s.shape}")
    return start_s.astype(np.int64), features, chosen.astype(np.intp)


def missing_s(start_s: NDArray[np.int64], next_s: Array, *, most: int) -> NDArray[np.int64]:
    """Return for how many seconds nothing arrived before ``start_s`` (k,), where the streams stood at ``next_s`` (k,):
    -inf of who was never heard, 0; ``most`` at most, which is also the answer to a clock that was set back."""
    missed = start_s - next_s
    missed[missed < 0] = most
    missed[np.isinf(missed)] = 0.0
    return np.minimum(missed, most).astype(np.int64)


def fitting(
    arrays: Mapping[str, NDArray[np.generic]], mine: Mapping[str, Array], *, endless: Sequence[str]
) -> dict[str, NDArray[np.generic]]:
    """Return of a snapshot what goes where ``mine`` is. Only those named ``endless`` may hold infinity.

    Raises ModelError where something is missing, of another shape or type, or not finite.
    """
    fresh = {}
    for name, array in mine.items():
        if name not in arrays:
            raise ModelError(f"snapshot: {name!r} is missing, it has {', '.join(sorted(arrays)) or 'nothing'}")
        theirs = np.asarray(arrays[name])
        if theirs.shape != array.shape or theirs.dtype != array.dtype:
            raise ModelError(
                f"snapshot: {name!r} is {theirs.dtype} {theirs.shape}, right would be {array.dtype} {array.shape}"
            )
        if np.isnan(theirs).any() or (name not in endless and np.isinf(theirs).any()):
            raise ModelError(f"snapshot: {name!r} holds values that are not finite: it was not written by snapshot")
        fresh[name] = theirs
    return fresh
