"""Features in, risk out without any training: a pulse and sweat that no state of motion of this person predicts.

After Puli & Kushki 2020 (doi:10.1109/TBME.2019.2919273; before it Kushki 2015, doi:10.1109/TBME.2014.2377555): Kalman
filters track the heart rate under several assumptions about motion, motion chooses among them, and what the chosen one
does not predict is arousal. They report 92.7 % accuracy in the laboratory, of minutes labelled by task.

Here each of four voices (pulse, drive of sweat, rate of responses, level of conductance) has a level for each of three
states of motion (still, active, exerting), which a Kalman filter learns of the person. What the body was doing of late
chooses among the levels; innovations are weighed by a forward filter of two states, calm and aroused, second by second.

Deviations from the paper, of which, as of the thesis, only abstracts were read: sweat has a say beside the pulse;
motion mixes the levels smoothly over the minutes that a heart takes to follow, instead of choosing one model at once;
levels of the three states are learnt together (what is known of the still one tells of the others); innovations are
cut before they are learnt, so that an episode does not become usual; evidence is accumulated over time instead of
compared with a threshold. All constants are what is known of such signals, not learnt from labels: the probability is
an ordering.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.detectors.state_space_kernel import LOST_S, MOVES, READS, VOICES, run
from models.detectors.stream import checked, fitting
from models.errors import ModelError
from models.risk import Array, Risk, Rows
from signals.features import column
from signals.motion.exertion import exertion

DRIVERS: Final = ("base", "pulse", "sweat_drive", "response_rate", "sweat_level")

_COLUMNS: Final = [column(name) for name in READS]
_EXERTION: Final = [column(name) for name in ("motion_g", "stereotypy", "repetition_hz")]
_STATE: Final = {
    "levels": (VOICES, MOVES),
    "doubts": (VOICES, MOVES, MOVES),
    "spreads": (VOICES,),
    "known": (VOICES,),
    "moves": (3, MOVES),
    "evidence": (VOICES,),
    "next_s": (),
}


class StateSpace:
    """A ``RiskModel`` for ``rows`` people whose levels it learns itself; see the module.

    Abstains as ``models.arousal.Arousal`` does. A jump of ``start_s`` counts as seconds in which nothing arrived.
    Raises ModelError where rows, shapes or a snapshot do not fit.
    """

    def __init__(self, *, rows: int) -> None:
        if rows < 1:
            raise ModelError(f"rows: at least one person, not {rows}")
        self._rows = rows
        self._state = {name: np.zeros((rows, *shape)) for name, shape in _STATE.items()}
        self._state["moves"][:, 2, 0] = LOST_S
        self._state["next_s"][:] = -np.inf

    @property
    def driver_names(self) -> tuple[str, ...]:
        """The names of ``Risk.drivers``; their sum is the log-odds of the probability."""
        return DRIVERS

    def push(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows | None = None) -> Risk:
        """Return the risk of the rows ``rows`` (default: all) from their next n seconds of features, (k, n, F)."""
        start_s, features, chosen = checked(start_s, features, rows, total=self._rows)
        exerted = exertion(*(features[:, :, i] for i in _EXERTION))
        seen = np.ascontiguousarray(np.concatenate([features[:, :, _COLUMNS], exerted[..., None]], axis=-1))
        k, n = features.shape[:2]
        probability, learnt = np.empty((k, n)), np.empty((k, n))
        abstention, drivers = np.empty((k, n), np.int8), np.empty((k, n, len(DRIVERS)))
        run(
            chosen,
            start_s,
            seen,
            self._state["levels"],
            self._state["doubts"],
            self._state["spreads"],
            self._state["known"],
            self._state["moves"],
            self._state["evidence"],
            self._state["next_s"],
            probability,
            abstention,
            drivers,
            learnt,
        )
        untold = np.full((k, n), np.nan)  # it is not calibrated: there is nothing to be sure within
        return Risk(start_s, probability, abstention, drivers, learnt, low=untold, high=untold.copy())

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """A copy of everything that was learnt and of where the stream stands, a leading row axis each."""
        return {name: array.copy() for name, array in self._state.items()}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a snapshot of as many rows; raises ModelError where it does not fit, and then nothing changed."""
        for name, theirs in fitting(arrays, self._state, endless=("next_s",)).items():
            self._state[name][...] = theirs
