"""Acceleration in, everything said of movement once a second out: the operators over it in their order."""

import numpy as np

from ingest.types import CHANNELS
from signals.motion.movement import Activity, Movement
from signals.motion.posture import Posture
from signals.motion.stereotypy import Stereotypy
from signals.rows import RowState
from signals.skin.frozen import AFTER_S, Frozen
from signals.types import Array, Found, Rows
from signals.windows import Mean, second_means

MOTION_HZ = CHANNELS["motion"].grid_hz


class Moving(RowState):
    """Every operator over the acceleration of ``rows`` people."""

    def __init__(self, *, rows: int) -> None:
        self._rows = rows
        self._movement = Movement(rows=rows, rate_hz=MOTION_HZ)
        self._minute = Mean(rows=rows, rate_hz=1, window_s=60.0)
        self._activity = Activity(rows=rows, rate_hz=MOTION_HZ)
        self._posture = Posture(rows=rows, rate_hz=MOTION_HZ)
        self._stereotypy = Stereotypy(rows=rows, rate_hz=MOTION_HZ)
        self._frozen = Frozen(rows=rows, rate_hz=MOTION_HZ, axes=3, after_s=AFTER_S["motion"])

    def push(self, motion: Array, found: Found, *, rows: Rows) -> Array:
        """Say what the next n seconds of ``motion`` (k, 3, 32 n) are; return the dynamic acceleration (k, 32 n)."""
        moved = self._movement.push(motion, rows=rows)
        found["motion_g"] = np.sqrt(second_means(moved * moved, rate_hz=MOTION_HZ))
        found["motion_minute_g"] = self._minute.push(found["motion_g"], rows=rows)
        found["enmo_g"], found["mad_g"], found["activity_level"], found["still"] = self._activity.push(
            motion, rows=rows
        )
        found["forearm_deg"], found["turn_deg"], found["posture_changes_per_min"] = self._posture.push(
            motion, rows=rows
        )
        found["stereotypy"], found["repetition_strength"], found["repetition_hz"], found["repetition_g"] = (
            self._stereotypy.push(motion, rows=rows)
        )
        found["motion_frozen"] = second_means(self._frozen.push(motion, rows=rows), rate_hz=MOTION_HZ)
        return moved
