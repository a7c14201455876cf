"""The kernel of logistic recalibration: points and a line in, the sums of a Newton step out."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def newton_sums(
    x: NDArray[np.float64],
    n: NDArray[np.float64],
    y: NDArray[np.float64],
    line: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write into ``out`` (B, 6) the sums of slack, slack x, weight, weight x, weight x x and log-likelihood.

    ``x`` (m,) log-odds, of each of B fits ``n`` (B, m) rows with ``y`` (B, m) positives, ``line`` (B, 2) intercept and
    slope. Slack is y - n chance, weight n chance (1 - chance).
    """
    for fit in range(len(n)):
        intercept, slope = line[fit]
        slack = slack_x = weight = weight_x = weight_xx = likelihood = 0.0
        for i in range(len(x)):
            if n[fit, i] == 0.0:
                continue
            odds = min(max(intercept + slope * x[i], -500.0), 500.0)
            chance = 1.0 / (1.0 + math.exp(-odds))
            left = y[fit, i] - n[fit, i] * chance
            heavy = n[fit, i] * chance * (1.0 - chance)
            slack += left
            slack_x += left * x[i]
            weight += heavy
            weight_x += heavy * x[i]
            weight_xx += heavy * x[i] * x[i]
            likelihood += y[fit, i] * odds - n[fit, i] * (max(odds, 0.0) + math.log1p(math.exp(-abs(odds))))
        out[fit, 0] = slack
        out[fit, 1] = slack_x
        out[fit, 2] = weight
        out[fit, 3] = weight_x
        out[fit, 4] = weight_xx
        out[fit, 5] = likelihood
