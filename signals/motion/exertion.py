"""Movement and its rhythm in, movement without what only the hand does out: what the heart and the skin answer to."""

from typing import Final

import numpy as np

from signals.types import Array

RHYTHMIC: Final = 0.5  # a stereotypy this likely may as well be a gait, for both repeat: only
FLAPPING_HZ: Final = 1.8  # tells them apart, for arms swing once in two steps, at 0.7 to 1.2 Hz, running at 1.3 to 1.6
FLAPPING_G: Final = 0.1  # flapping hands move as much as running ones, and cost the heart no more than this


def exertion(motion_g: Array, stereotypy: Array, repetition_hz: Array) -> Array:
    """Return ``motion_g`` where the hand does not flap, at most ``FLAPPING_G`` where it does; NaN counts as not."""
    flapping = (stereotypy >= RHYTHMIC) & (repetition_hz >= FLAPPING_HZ)
    return np.where(flapping, np.minimum(motion_g, FLAPPING_G), motion_g)
