"""A time constant and a rate in, how far a first-order lag follows in one sample out."""

import numpy as np


def share(tau_s: float, rate: int) -> float:
    """Return the share of the way to its goal that a lag of ``tau_s`` [s] goes in a sample at ``rate`` [1/s]."""
    return float(1 - np.exp(-1 / (rate * tau_s)))
