"""Least delays of a band's minutes in, the line just below them out: how its clock stands to UTC, and how it drifts."""

from collections.abc import Sequence
from typing import Final

DRIFT_MAX: Final = 2e-4  # twice what a bad crystal drifts (100 ppm): steeper is no drift
FIT_MIN: Final = 4  # points below which no drift is said: two minutes' leasts of 200 ms of jitter say 50 ppm of nothing
AIM: Final = 0.7  # of the window: the edge below this moment is the line; later follows temperature, earlier is calmer


def line_below(x_s: Sequence[float], y_s: Sequence[float]) -> tuple[float, float] | None:
    """Return (level, slope) of the line below all points that is nearest to them at ``AIM`` of their span.

    ``x_s`` rises. That is the edge of the lower convex hull under that moment: Moon, Skelly and Towsley's linear
    programme for clock skew (INFOCOM 1999, doi:10.1109/INFCOM.1999.749287), which takes the mean of x for it; a later
    one follows a drift that changes. The slope is held within ``DRIFT_MAX``. None below ``FIT_MIN`` points.
    """
    if len(x_s) < FIT_MIN:
        return None
    hull: list[int] = []
    for i in range(len(x_s)):
        while len(hull) > 1 and _is_above(x_s, y_s, hull[-2], hull[-1], i):
            hull.pop()
        hull.append(i)
    aim_s = x_s[0] + AIM * (x_s[-1] - x_s[0])
    right = next(i for i in range(1, len(hull)) if x_s[hull[i]] >= aim_s)
    a, b = hull[right - 1], hull[right]
    slope = max(-DRIFT_MAX, min(DRIFT_MAX, (y_s[b] - y_s[a]) / (x_s[b] - x_s[a])))
    return level_below(x_s, y_s, slope), slope


def level_below(x_s: Sequence[float], y_s: Sequence[float], slope: float) -> float:
    """Return the highest level at x = 0 of a line of ``slope`` that lies above no point."""
    return min(y - slope * x for x, y in zip(x_s, y_s, strict=True))


def _is_above(x_s: Sequence[float], y_s: Sequence[float], a: int, b: int, c: int) -> bool:
    """Whether point b lies on or above the line from a to c."""
    return (y_s[b] - y_s[a]) * (x_s[c] - x_s[a]) >= (y_s[c] - y_s[a]) * (x_s[b] - x_s[a])
