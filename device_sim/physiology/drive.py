"""What a body lives through, second by second: the one thing that drives every channel of a wearer."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.types import Array

POSTURES: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Drive:
    """What drives k rows over n seconds; every array is (k, n).

    ``arousal``, ``effort``, ``walk``, ``run``, ``fidget`` and ``flap`` are in [0, 1]; ``worn`` is whether the band is
    on the wrist; ``posture`` is how the arm lies; ``kind`` indexes ``KINDS`` by the episode that is on, -1 for none.
    ``start_s``: the simulated time of the first second [s, whole], negative in the scenario's past.
    """

    start_s: int
    arousal: Array
    effort: Array
    walk: Array
    run: Array
    fidget: Array
    flap: Array
    worn: NDArray[np.bool_]
    posture: NDArray[np.int64]
    kind: NDArray[np.int64]

    @property
    def seconds(self) -> int:
        """The n of the shapes above."""
        return int(self.arousal.shape[1])
