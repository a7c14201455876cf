"""Rows in, those out that are equal bit for bit to one of another session: a recording, or part, there twice."""

from typing import Final

import numpy as np

from models.datasets.dataset import Dataset, Index

KNOWN_SHARE: Final = 0.5  # of the inputs: rows of which little is known agree by chance
UNROUND: Final = 4  # values that are no whole numbers: flags and counts agree by chance, measurements do not

_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no bit is lost; Knuth's, from the golden ratio
_BLOCK: Final = 8192  # rows a time: the working copy stays small


def twins(dataset: Dataset) -> Index:
    """(n,) the same number for rows of different sessions whose inputs are equal, -1 for a row without a twin.

    Rows of which less than half is known, or fewer than four values are no whole numbers, are not looked at.
    """
    twin = np.full(dataset.end_s.size, -1, np.intp)
    told, keys = _keys(dataset.inputs)
    order = np.argsort(keys, kind="stable")
    rows, ordered = told[order], keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if rows.size else np.empty(0, np.intp)
    sizes = np.diff(np.r_[starts, rows.size])
    number = 0
    for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
        same = rows[start : start + size]
        if np.unique(dataset.session[same]).size < 2:
            continue
        by_content: dict[bytes, list[int]] = {}
        for row in same:
            by_content.setdefault((dataset.inputs[row] + 0.0).tobytes(), []).append(int(row))
        for equal in by_content.values():
            if np.unique(dataset.session[equal]).size > 1:
                twin[equal] = number
                number += 1
    return twin


def _keys(inputs: np.ndarray) -> tuple[Index, np.ndarray]:
    """Return the rows that are looked at, and 64 bits of each."""
    n, width = inputs.shape
    mixing = (np.arange(1, width + 1, dtype=np.uint64) * _MULTIPLIER) | np.uint64(1)
    told, keys = [], []
    for start in range(0, n, _BLOCK):
        block = inputs[start : start + _BLOCK] + 0.0  # -0.0 becomes 0.0; a copy
        known = np.isfinite(block)
        unround = (known & (block != np.floor(block))).sum(1)
        enough = (known.sum(1) >= KNOWN_SHARE * width) & (unround >= min(UNROUND, width))
        block[~known] = np.inf
        bits = np.ascontiguousarray(block).view(np.uint64)
        mixed = (bits ^ (bits >> np.uint64(29))) * mixing
        told.append(start + np.flatnonzero(enough))
        keys.append(mixed.sum(1, dtype=np.uint64)[enough])
    if not told:
        return np.empty(0, np.intp), np.empty(0, np.uint64)
    return np.concatenate(told), np.concatenate(keys)
