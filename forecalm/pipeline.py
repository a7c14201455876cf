"""Received packets in, what the board shows out: the one path that live wearers and replayed recordings share.

Told what time it is; starts no thread and opens nothing, so a recording can be pushed through it as if it were live.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alerts.desk import Desk
from alerts.views import Stamp
from alerts.words import reasons
from forecalm.exchanged import LIKENESS, Exchanges, Suspected
from ingest.assemble import Added, Assembler, whole
from ingest.received import Received
from ingest.types import CHANNELS, Tick
from models.arousal import Arousal
from models.errors import ModelError
from models.risk import Abstention, Risk, Rows
from signals.engine import Engine
from signals.errors import SignalError
from signals.features import column
from signals.types import Signals

HEART_RATE = column("heart_rate_bpm")
ENGINE = "engine."  # before the names of what the engine knows; what the model knows has its own names alone


def warm() -> None:
    """Compile every kernel, or load what was compiled, so that no wearer's first second waits for it."""
    silence = {name: np.full((1, *([c.axes] if c.axes > 1 else []), c.grid_hz), np.nan) for name, c in CHANNELS.items()}
    signals = Engine(rows=1).push(Tick(start_s=np.zeros(1, np.int64), **silence))
    Arousal(rows=1).push(signals.start_s, signals.features)
    Exchanges(rows=1).push(signals.start_s, signals.features, rows=np.zeros(1, np.intp))


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one moment brought for k rows: their next second (or more, after a silence)."""

    rows: NDArray[np.intp]
    signals: Signals
    risk: Risk


class Pipeline:
    """Assembly, signals, model and desk for a list of wearers, which may be empty and grow; row i is ``wearers[i]``.

    ``bands`` are the bands heard last, "" before one was. ``suspected`` are pairs of wearers whose bands look
    exchanged, for any thread to read; ``answered`` says until when [UTC s] nothing is to be asked of wearers that staff
    looked at, for any thread to replace.
    """

    def __init__(self, *, wearers: Sequence[str], desk: Desk) -> None:
        self.wearers = tuple(wearers)
        self.rows = {wearer: row for row, wearer in enumerate(self.wearers)}
        self._desk = desk
        rows = max(len(self.wearers), 1)  # where nobody is watched a row waits for whoever comes first
        self._assembler = Assembler(rows=rows)
        self._engine = Engine(rows=rows)
        self._model = Arousal(rows=rows)
        self._exchanges = Exchanges(rows=rows)
        self._battery: list[int | None] = [None] * len(self.wearers)
        self.bands: list[str] = [""] * len(self.wearers)
        self.answered: Mapping[str, float] = {}
        self.suspected: tuple[Suspected, ...] = ()

    def watch(self, wearer: str) -> None:
        """Watch somebody more, of whom nothing is known; of everybody else everything stays as it is, to the bit."""
        learnt, anybody = self.learnt(), bool(self.wearers)
        self._desk.watch(wearer)
        self._engine = Engine(rows=len(self.wearers) + 1)
        self._model = Arousal(rows=len(self.wearers) + 1)
        self._exchanges = Exchanges(rows=len(self.wearers) + 1)
        if anybody:
            self._assembler.grow()
        self._battery.append(None)
        self.bands.append("")
        self.wearers = (*self.wearers, wearer)
        self.rows = {each: row for row, each in enumerate(self.wearers)}
        for refused in self.learn(learnt) if anybody else ():
            raise refused

    def receive(self, wearer: str, received: Received) -> None:
        """Take in one packet of the band that ``wearer`` wears."""
        row = self.rows[wearer]
        if self._assembler.add(row, received) is Added.TAKEN:
            self._take_in(row, received)

    def _take_in(self, row: int, received: Received) -> None:
        """Note what a packet that will be decided by says of its band."""
        packet = received.packet
        if packet.battery is not None:
            self._battery[row] = packet.battery
        self.bands[row] = packet.band
        self._exchanges.wear(row, packet.band)

    def next_deadline_s(self) -> float | None:
        """When ``advance`` must be called even if nothing arrives [UTC s]; None while nobody has been heard."""
        return self._assembler.next_deadline_s()

    def advance(self, now_s: float) -> list[Step]:
        """Decide every second that is complete or overdue at ``now_s``, tell the desk, and return what was decided."""
        self._desk.tick(now_s)
        steps = []
        for taken in self._assembler.take(now_s):
            signals = self._signals(taken.tick, taken.rows)
            risk = self._model.push(signals.start_s, signals.features, rows=taken.rows)
            self._exchanges.push(signals.start_s, signals.features, rows=taken.rows)
            steps.append(Step(rows=taken.rows, signals=signals, risk=risk))
            for i, last in enumerate(taken.last):
                for second in range(taken.tick.seconds):
                    self._observe(int(taken.rows[i]), i, second, last, signals, risk)
        self._look(now_s)
        return steps

    def _look(self, now_s: float) -> None:
        """Ask now and then whether bands look exchanged; after everything else, for it tells nobody in a hurry."""
        quiet = [self.rows[who] for who, until_s in self.answered.items() if who in self.rows and now_s < until_s]
        if self._exchanges.look(now_s, quiet):
            self._say_suspected()

    def _say_suspected(self) -> None:
        pairs = self._exchanges.pairs()
        self.suspected = tuple(Suspected(self.wearers[one], self.wearers[other], at_s) for one, other, at_s in pairs)

    def _signals(self, tick: Tick, rows: Rows) -> Signals:
        """Push ``tick`` through the engine. Whoever was known until later than that, because the clock was set back
        before a restart, begins anew: refusing them would leave them unwatched until that time has come."""
        back = tick.start_s < self._engine.ended_s(rows=rows)
        if back.any():
            self._engine.begin_anew(rows=rows[back])
        return self._engine.push(tick, rows=rows)

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
        signals = self._signals(whole(past), rows)
        self._model.push(signals.start_s, signals.features, rows=rows)
        self._exchanges.push(signals.start_s, signals.features, rows=rows)

    def misses(self) -> str:
        """What did not decide anything: seconds that missed their deadline, and packets by what became of them."""
        counts = ", ".join(f"{count} {added.value}" for added, count in self._assembler.counts.items())
        return f"{self._assembler.overdue} seconds overdue; packets: {counts}"

    def learnt(self) -> dict[str, NDArray[np.generic]]:
        """What is known of each wearer, as arrays with a row each, and who the rows are: see ``learn``."""
        engine = {ENGINE + name: array for name, array in self._engine.snapshot().items()}
        likeness = {LIKENESS + name: array for name, array in self._exchanges.snapshot().items()}
        return {"wearers": np.array(self.wearers), **self._model.snapshot(), **engine, **likeness}

    def learn(self, learnt: Mapping[str, NDArray[np.generic]]) -> list[ModelError | SignalError]:
        """Go on from what was learnt before, for the wearers who are in it: to the engine the time since is a silence.

        Model, engine and likeness go on each by itself. Returns why some could not, because another version had learnt
        it: these know nobody yet. What was kept before there was any likeness is no reason. Raises KeyError where it is
        not said whose it is.
        """
        known = {str(wearer): row for row, wearer in enumerate(learnt["wearers"])}
        rows = np.array([row for row, wearer in enumerate(self.wearers) if wearer in known], np.intp)
        theirs = np.array([known[self.wearers[row]] for row in rows], np.intp)
        engine, likeness = _named(learnt, ENGINE), _named(learnt, LIKENESS)
        model = {
            name: each for name, each in learnt.items() if name != "wearers" and not name.startswith((ENGINE, LIKENESS))
        }
        refused: list[ModelError | SignalError] = []
        for what, knower, kept in (("model", self._model, model), ("likeness", self._exchanges, likeness)):
            if kept or knower is self._model:
                try:
                    _learn(what, knower, kept, rows, theirs, total=len(known))
                except ModelError as error:
                    refused.append(error)
        self._say_suspected()
        try:
            self._learn_engine(engine, rows, theirs, total=len(known))
        except SignalError as error:
            refused.append(error)
        return refused

    def _learn_engine(self, arrays: Mapping[str, NDArray[np.generic]], rows: Rows, theirs: Rows, *, total: int) -> None:
        for name, kept in arrays.items():
            if kept.shape[:1] != (total,):
                raise SignalError(f"the engine's {name}: {kept.shape}, not of {total} wearers")
        self._engine.restore({name: kept[theirs] for name, kept in arrays.items()}, rows=rows)


class Knower(Protocol):
    """Something that knows wearers, a row each."""

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """What it knows."""

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Know that from now on."""


def _named(learnt: Mapping[str, NDArray[np.generic]], prefix: str) -> dict[str, NDArray[np.generic]]:
    return {name.removeprefix(prefix): array for name, array in learnt.items() if name.startswith(prefix)}


def _learn(
    what: str,
    knower: Knower,
    arrays: Mapping[str, NDArray[np.generic]],
    rows: Rows,
    theirs: Rows,
    *,
    total: int,
) -> None:
    """Let ``rows`` of a ``knower`` go on from the rows ``theirs`` of ``arrays``, of ``total`` rows; raises ModelError
    where another version had learnt them, and then nothing changed."""
    fresh = {}
    for name, mine in knower.snapshot().items():
        kept = arrays.get(name)
        if kept is None or kept.shape != (total, *mine.shape[1:]) or kept.dtype != mine.dtype:
            found = "nothing" if kept is None else f"{kept.shape} of {kept.dtype}"
            raise ModelError(f"the {what}'s {name}: {found}, not of this version")
        fresh[name] = mine.copy()
        fresh[name][rows] = kept[theirs]
    knower.restore(fresh)
