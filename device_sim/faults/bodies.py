"""What people live through, and what sensors see of it, in; the same with bands off, loose and stuck sensors out."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from device_sim.faults.plan import Plan
from device_sim.physiology.body import Samples
from device_sim.physiology.drive import Drive
from ingest.types import CHANNELS

OPEN_US = 0.0  # an open circuit conducts nothing


class StuckPulse:
    """What a strap says of the beats in each second: those that it felt, or, while frozen, the last of them over and
    over."""

    def __init__(self) -> None:
        self._last_s = 0.0
        self._into_s = 0.0

    def feel(self, beats: tuple[float, ...], *, frozen: bool) -> tuple[float, ...]:
        """Return the intervals [s] of the beats that are told of the next second."""
        if not frozen:
            self._last_s, self._into_s = (beats[-1] if beats else self._last_s), 0.0
            return beats
        if not self._last_s:
            return ()
        count, self._into_s = divmod(self._into_s + 1.0, self._last_s)
        return (self._last_s,) * int(count)


class Bodies:
    """The faults of layer ``body`` of ``rows`` wearers; ``off_wrist`` is the code of that kind of episode."""

    def __init__(self, plan: Plan, *, rows: int, off_wrist: int) -> None:
        self._plan = plan
        self._off_wrist = off_wrist
        self._stuck = np.zeros(rows)  # what a pulse sensor showed before it froze

    def wear(self, drive: Drive) -> Drive:
        """Take bands off."""
        off = self._seconds("off_wrist", drive)
        if off is None:
            return drive
        return replace(drive, worn=drive.worn & ~off, kind=np.where(off, self._off_wrist, drive.kind))

    def sense(self, samples: Samples) -> Samples:
        """Let electrodes lose the skin, and pulse sensors stand still; both are told as artefacts."""
        drive, artefacts = samples.drive, samples.artefacts
        loose, frozen = self._seconds("loose_electrode", drive, struck=True), self._seconds("frozen", drive)
        if loose is not None:
            hz = CHANNELS["eda"].grid_hz
            eda = np.where(np.repeat(loose, hz, axis=1), OPEN_US, samples.eda)
            samples = replace(samples, eda=eda, artefacts=replace(artefacts, eda=artefacts.eda | loose))
        if frozen is not None:
            ppg = self._frozen(samples, frozen)
            samples = replace(samples, ppg=ppg, artefacts=replace(samples.artefacts, ppg=artefacts.ppg | frozen))
        return samples

    def _frozen(self, samples: Samples, frozen: NDArray[np.bool_]) -> NDArray[np.float64]:
        hz = CHANNELS["ppg"].grid_hz
        ppg = samples.ppg.copy()
        for second in range(samples.drive.seconds):
            part = ppg[:, second * hz : (second + 1) * hz]
            still = frozen[:, second]
            part[still] = self._stuck[still, None]
            self._stuck = part[:, -1].copy()
        return ppg

    def _seconds(self, kind: str, drive: Drive, *, struck: bool = False) -> NDArray[np.bool_] | None:
        """Which seconds of which rows, (k, n); None: there is no such fault at all."""
        if not self._plan.any(kind):
            return None
        rows, n = drive.worn.shape
        plan, first = self._plan, drive.start_s
        told = plan.struck if struck else lambda k, row, second: plan.on(k, row, second) is not None
        return np.array([[told(kind, row, first + i) for i in range(n)] for row in range(rows)], bool).reshape(rows, n)
