"""Received packets in, what the board shows out: the one path that live wearers and replayed recordings share.

Told what time it is; starts no thread and opens nothing, so a recording can be pushed through it as if it were live.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alerts.desk import Desk
from alerts.views import Stamp
from alerts.words import reasons
from ingest.assemble import Added, Assembler, whole
from ingest.received import Received
from ingest.types import CHANNELS, Tick
from models.arousal import Arousal
from models.errors import ModelError
from models.risk import Abstention, Risk
from signals.engine import Engine
from signals.features import column
from signals.types import Signals

HEART_RATE = column("heart_rate_bpm")


def warm() -> None:
    """Compile every kernel, or load what was compiled, so that no wearer's first second waits for it."""
    silence = {name: np.full((1, *([c.axes] if c.axes > 1 else []), c.grid_hz), np.nan) for name, c in CHANNELS.items()}
    signals = Engine(rows=1).push(Tick(start_s=np.zeros(1, np.int64), **silence))
    Arousal(rows=1).push(signals.start_s, signals.features)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one moment brought for k rows: their next second (or more, after a silence)."""

    rows: NDArray[np.intp]
    signals: Signals
    risk: Risk


class Pipeline:
    """Assembly, signals, model and desk for a fixed list of wearers; row i is ``wearers[i]``."""

    def __init__(self, *, wearers: Sequence[str], desk: Desk) -> None:
        self.wearers = tuple(wearers)
        self.rows = {wearer: row for row, wearer in enumerate(self.wearers)}
        self._desk = desk
        self._assembler = Assembler(rows=len(self.wearers))
        self._engine = Engine(rows=len(self.wearers))
        self._model = Arousal(rows=len(self.wearers))
        self._battery: list[int | None] = [None] * len(self.wearers)

    def receive(self, wearer: str, received: Received) -> None:
        """Take in one packet of the band that ``wearer`` wears."""
        row = self.rows[wearer]
        if self._assembler.add(row, received) is Added.TAKEN and received.packet.battery is not None:
            self._battery[row] = received.packet.battery

    def next_deadline_s(self) -> float | None:
        """When ``advance`` must be called even if nothing arrives [UTC s]; None while nobody has been heard."""
        return self._assembler.next_deadline_s()

    def advance(self, now_s: float) -> list[Step]:
        """Decide every second that is complete or overdue at ``now_s``, tell the desk, and return what was decided."""
        self._desk.tick(now_s)
        steps = []
        for taken in self._assembler.take(now_s):
            signals = self._engine.push(taken.tick, rows=taken.rows)
            risk = self._model.push(signals.start_s, signals.features, rows=taken.rows)
            steps.append(Step(rows=taken.rows, signals=signals, risk=risk))
            for i, last in enumerate(taken.last):
                for second in range(taken.tick.seconds):
                    self._observe(int(taken.rows[i]), i, second, last, signals, risk)
        return steps

    def _observe(self, row: int, i: int, second: int, last: Received | None, signals: Signals, risk: Risk) -> None:
        """Tell the desk one second of ``row``, which is the i-th of those that were decided together."""
        features, drivers = signals.features[i, second], risk.drivers[i, second]
        packet = None if last is None else last.packet
        self._desk.observe(
            self.wearers[row],
            float(signals.start_s[i] + second + 1),
            probability=float(risk.probability[i, second]),
            abstention=Abstention(int(risk.abstention[i, second])),
            reasons=lambda: reasons(features, drivers, self._model.driver_names),
            learnt=float(risk.learnt[i, second]),
            heart_rate_bpm=float(features[HEART_RATE]),
            battery_pct=self._battery[row],
            stamp=None if packet is None else Stamp(packet.band, packet.boot, packet.seq, packet.sent_us),
        )

    def study(self, wearer: str, past: Sequence[Received]) -> None:
        """Learn what is usual for ``wearer`` from packets of their past, in one go. It alerts nobody."""
        rows = np.array([self.rows[wearer]])
        signals = self._engine.push(whole(past), rows=rows)
        self._model.push(signals.start_s, signals.features, rows=rows)

    def misses(self) -> str:
        """What did not decide anything: seconds that missed their deadline, and packets by what became of them."""
        counts = ", ".join(f"{count} {added.value}" for added, count in self._assembler.counts.items())
        return f"{self._assembler.overdue} seconds overdue; packets: {counts}"

    def learnt(self) -> dict[str, NDArray[np.generic]]:
        """What is known of each wearer, as arrays with a row each, and who the rows are: see ``learn``."""
        return {"wearers": np.array(self.wearers), **self._model.snapshot()}

    def learn(self, learnt: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from what was learnt before, for the wearers who are in it; raises ModelError where it does not fit."""
        known = {str(wearer): row for row, wearer in enumerate(learnt["wearers"])}
        arrays = {}
        for name, mine in self._model.snapshot().items():
            if learnt[name].shape != (len(known), *mine.shape[1:]) or learnt[name].dtype != mine.dtype:
                raise ModelError(f"{name}: {learnt[name].shape} of {learnt[name].dtype} is not of this model")
            mine = mine.copy()
            for row, wearer in enumerate(self.wearers):
                if wearer in known:
                    mine[row] = learnt[name][known[wearer]]
            arrays[name] = mine
        self._model.restore(arrays)
