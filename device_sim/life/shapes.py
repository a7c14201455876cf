"""How far through its build-up an anxiety is in, how high it has risen out: the shapes of ``person.BUILD_UPS``.

No study describes the course of single build-ups; the shapes are our choice, so that none can be learnt by heart.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def smooth(x: float) -> float:
    """Rise from 0 at 0 to 1 at 1, level at both ends; 0 before and 1 after."""
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


@njit(cache=True, nogil=True)
def risen(shape: int, x: float) -> float:
    """Return the height at share ``x`` of the build-up: 0 at 0 and 1 at 1, whatever the shape."""
    if shape == 1:  # steps: three jumps with rests between them, as one thing comes on top of another
        step: float = min(np.floor(3 * x), 2.0)
        return (step + smooth(2.5 * (3 * x - step) - 1.5)) / 3
    if shape == 2:  # late surge: little for long, then all at once
        return 0.25 * smooth(x) + 0.75 * smooth((x - 0.75) / 0.25)
    if shape == 3:  # plateau: soon half way up, there for long, then the rest
        return 0.6 * smooth(x / 0.25) + 0.4 * smooth((x - 0.8) / 0.2)
    if shape == 4:  # waves: two setbacks on the way
        wave: float = smooth(x) * (1 - 0.4 * (1 - x) * (1 - np.cos(4 * np.pi * x)))
        return wave
    return smooth(x)  # ramp
