"""What a body lives through, second by second: the one thing that drives every channel of a wearer."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.types import Array

POSTURES: Final = 4


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Drive:
    """What drives k rows over n seconds; every array is (k, n), and those without another word are in [0, 1].

    Parameters
    ----------
    start_s : the simulated time of the first second [s, whole], negative in the scenario's past.
    arousal : sympathetic arousal, whatever its cause; 1 is full anxiety.
    effort : physical work; 1 is as hard as the person can.
    walk, run, fidget, flap, rock : movements of the wrist: steps, running, fidgeting, hand flapping, body rocking.
    heat : how much hotter than comfortable the surroundings are, in [-1, 1]; 1 is a heat wave, -1 frost outdoors.
    meal : how much of a meal is being digested.
    asleep : depth of sleep: 0 awake, near 0.4 in REM and light sleep, 1 at the deepest.
    worn : (k, n) bool, whether the band is on the wrist.
    fit : how well the band sits: 1 as it should, 0 hanging loose.
    posture : (k, n) int, how the arm lies, one of ``POSTURES``.
    kind : (k, n) int, which episode is on, as an index of ``scenario.KINDS``; -1 for none.
    """

    start_s: int
    arousal: Array
    effort: Array
    walk: Array
    run: Array
    fidget: Array
    flap: Array
    rock: Array
    heat: Array
    meal: Array
    asleep: Array
    worn: NDArray[np.bool_]
    fit: Array
    posture: NDArray[np.int64]
    kind: NDArray[np.int64]

    @property
    def seconds(self) -> int:
        """The n of the shapes above."""
        return int(self.arousal.shape[1])
