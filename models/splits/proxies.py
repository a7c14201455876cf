"""Inputs in, those out that may tell who, which session or what time it is, rather than how somebody is."""

from typing import Final

import numpy as np

from models.datasets.dataset import Array, Dataset, Index

MIN_ROWS: Final = 20  # of a session: fewer are in any order by chance
MIN_SESSIONS: Final = 3  # by which to tell sessions: two differ in anything
STRAIGHT: Final = 1e-6  # share of its own spread by which a clock may leave the straight line
SHARE: Final = 0.8  # of sessions in which an input must run one way to be named


def proxies(dataset: Dataset) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return warnings, and the names of inputs that certainly are the time since the recording began, or of day."""
    starts: Index = np.flatnonzero(np.diff(dataset.session, prepend=-1))
    pieces = [slice(a, b) for a, b in zip(starts, np.r_[starts[1:], dataset.end_s.size], strict=True)]
    long = [piece for piece in pieces if piece.stop - piece.start >= MIN_ROWS]
    warnings, clocks = [], []
    for column, name in enumerate(dataset.input_names):
        values = dataset.inputs[:, column]
        if _is_clock(values, dataset.end_s, long):
            clocks.append(name)
        elif _tells_sessions(values, pieces):
            warnings.append(
                f"input {name!r} is constant within each session and differs between: it may tell who it is"
            )
        elif _runs_one_way(values, long):
            warnings.append(f"input {name!r} only ever grows, or falls, within sessions: it may tell the time")
    return tuple(warnings), tuple(clocks)


def _is_clock(values: Array, end_s: Array, pieces: list[slice]) -> bool:
    """Whether it is a straight line in time, with one slope, in every session."""
    slopes = []
    for piece in pieces:
        known = np.isfinite(values[piece])
        if known.sum() < MIN_ROWS:
            continue
        x, t = values[piece][known], end_s[piece][known] - end_s[piece][0]
        spread, t_spread = np.ptp(x), np.ptp(t)
        if spread == 0 or t_spread == 0:
            return False
        slope = (x[-1] - x[0]) / (t[-1] - t[0])
        if np.abs(x - x[0] - slope * (t - t[0])).max() > STRAIGHT * spread:
            return False
        slopes.append(slope)
    return bool(slopes) and bool(np.ptp(slopes) <= STRAIGHT * abs(slopes[0]) * 10)


def _tells_sessions(values: Array, pieces: list[slice]) -> bool:
    seen = []
    for piece in pieces:
        known = values[piece][np.isfinite(values[piece])]
        if known.size == 0:
            continue
        if known.min() != known.max():
            return False
        seen.append(float(known[0]))
    return len(seen) >= MIN_SESSIONS and len(set(seen)) == len(seen)


def _runs_one_way(values: Array, pieces: list[slice]) -> bool:
    """Whether in most sessions no step goes back, and steps are many: a level that is learnt once and kept is none."""
    one_way = total = 0
    for piece in pieces:
        steps = np.diff(values[piece][np.isfinite(values[piece])])
        if steps.size < MIN_ROWS - 1:
            continue
        total += 1
        moved = np.count_nonzero(steps) >= steps.size / 2
        one_way += bool(moved and ((steps >= 0).all() or (steps <= 0).all()))
    return total >= MIN_SESSIONS and one_way >= SHARE * total
