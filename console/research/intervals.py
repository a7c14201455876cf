"""Counts in; the 95 % intervals within which what was counted may lie out."""

from typing import Final

from scipy.special import betaincinv, gammaincinv

LEVEL: Final = 0.95


def of_share(found: int, of: int) -> tuple[float, float] | None:
    """Return the exact interval of a share (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404): never too narrow,
    however few there are; None where there are none."""
    if of <= 0:
        return None
    tail = (1 - LEVEL) / 2
    low = 0.0 if found == 0 else float(betaincinv(found, of - found + 1, tail))
    high = 1.0 if found == of else float(betaincinv(found + 1, of - found, 1 - tail))
    return low, high


def of_count(found: int) -> tuple[float, float]:
    """Return the exact interval of what a count is expected to be over the same time (Garwood 1936,
    doi:10.1093/biomet/28.3-4.437), as if each came by itself."""
    tail = (1 - LEVEL) / 2
    low = 0.0 if found == 0 else float(gammaincinv(found, tail))
    return low, float(gammaincinv(found + 1, 1 - tail))
