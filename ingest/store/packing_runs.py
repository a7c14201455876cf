"""When the samples of each packet, or of each run, were taken in, the longest even runs of them out."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ingest.types import Array

TOLERANCE_S: Final = 0.85e-4  # of a sample's time when packets are joined to runs,
JOINED_S: Final = 0.1e-4  # and when runs are: 0.1 ms is promised, the rest is for rounding
DRIFT_MAX: Final = 5e-4  # of a rate: no crystal is further off; beyond, it is a gap and no drift

Run = tuple[float, float, int]
"""Start [UTC s], rate [Hz] and samples."""


def runs(start_s: Array, rate_hz: Array, count: NDArray[np.int64]) -> list[Run]:
    """Join packets (k,) that follow each other evenly.

    Sample i of a run was taken at ``start + i / rate`` within ``TOLERANCE_S`` of where its own packet has it. The rate
    is that of the packets; only where their mapping drifts is it the measured one in UTC, within 1/2000 of theirs. The
    slope is narrowed packet by packet: "swing filter", Elmeleegy et al., VLDB 2009, doi:10.14778/1687627.1687645.
    """
    return _runs(start_s, rate_hz, count, TOLERANCE_S, 0.0)


def joined(found: Sequence[Run]) -> list[Run]:
    """Join runs likewise, within ``JOINED_S``: their rates may differ as one crystal's do."""
    if len(found) < 2:
        return list(found)
    start_s, rate_hz, count = zip(*found, strict=True)
    return _runs(np.array(start_s), np.array(rate_hz), np.array(count, np.int64), JOINED_S, 2 * DRIFT_MAX)


def _runs(start_s: Array, rate_hz: Array, count: NDArray[np.int64], tolerance_s: float, apart: float) -> list[Run]:
    first = np.empty(start_s.size, np.int64)
    rates = np.empty(start_s.size, np.float64)
    n = int(_join(start_s, rate_hz, count, tolerance_s, apart, first, rates))
    edges = np.append(first[:n], start_s.size)
    total = np.concatenate([[0], np.cumsum(count)])
    lengths = (total[edges[1:]] - total[edges[:-1]]).tolist()
    return list(zip(start_s[first[:n]].tolist(), rates[:n].tolist(), lengths, strict=True))


@njit(cache=True, nogil=True)
def _join(
    start_s: Array,
    rate_hz: Array,
    count: NDArray[np.int64],
    tolerance_s: float,
    apart: float,
    first: NDArray[np.int64],
    rates: Array,
) -> int:
    """Fill in the first packet and the rate of each run; return how many there are. Rates that are ``apart`` (a share)
    may be in one run."""
    n, low, high, samples = 0, 0.0, 0.0, 0
    for k in range(start_s.size):
        period = 1.0 / rate_hz[k]
        joins = False
        if n and abs(rate_hz[k] - rate_hz[k - 1]) <= apart * rate_hz[k]:
            since = start_s[k] - start_s[first[n - 1]]
            last = samples + count[k] - 1
            until = since + (count[k] - 1) * period
            below = max(low, (since - tolerance_s) / samples, (until - tolerance_s) / last)
            above = min(high, (since + tolerance_s) / samples, (until + tolerance_s) / last)
            joins = below <= above
            if joins:
                low, high = below, above
        if not joins:
            if n:
                rates[n - 1] = _rate(rate_hz[k - 1], low, high)
            first[n] = k
            n += 1
            low, high, samples = period * (1 - DRIFT_MAX), period * (1 + DRIFT_MAX), 0
            if count[k] > 1:
                low = max(low, period - tolerance_s / (count[k] - 1))
                high = min(high, period + tolerance_s / (count[k] - 1))
        samples += count[k]
    if n:
        rates[n - 1] = _rate(rate_hz[-1], low, high)
    return n


@njit(cache=True, nogil=True)
def _rate(rate_hz: float, low: float, high: float) -> float:
    """The packets' own rate where it will do."""
    return rate_hz if low <= 1.0 / rate_hz <= high else 2.0 / (low + high)
