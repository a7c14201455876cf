"""Received packets in, what the board shows out: the one path that live wearers and replayed recordings share.

Told what time it is; starts no thread and opens nothing, so a recording can be pushed through it as if it were live.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alerts.desk import Desk
from alerts.lasting import Lasting
from alerts.views import Stamp
from alerts.words import FACTS, FORGIVEN_S, STANDING_IN, facts, fit, reasons, sureness
from forecalm.exchanged import LIKENESS, Exchanges, Suspected
from forecalm.watching.partly import Partly
from forecalm.watching.watchers import ALONE, OF, Choice, Knower, State, Watchers
from ingest.assemble import Added, Assembler, whole
from ingest.received import Received
from ingest.types import CHANNELS, Tick
from models.arousal import Arousal
from models.errors import ModelError
from models.risk import TRAINING_FREE, Abstention, Risk, Rows
from signals.engine import Engine
from signals.errors import SignalError
from signals.features import column
from signals.types import Signals

if TYPE_CHECKING:  # whoever runs without a shelf needs nothing of it
    from models.detectors.scorer import Known

log = logging.getLogger(__name__)

TOGETHER_S = (
    3  # seconds of everybody that the desk takes in one; more, after a silence, may not hold up who takes an alert
)
HEART_RATE = column("heart_rate_bpm")
ENGINE = "engine."  # before the names of what the engine knows; what the training-free detector knows has its own


def warm() -> None:
    """Compile every kernel, or load what was compiled, so that no wearer's first second waits for it."""
    silence = {name: np.full((1, *([c.axes] if c.axes > 1 else []), c.grid_hz), np.nan) for name, c in CHANNELS.items()}
    signals = Engine(rows=1).push(Tick(start_s=np.zeros(1, np.int64), **silence))
    Arousal(rows=1).push(signals.start_s, signals.features)
    Exchanges(rows=1).push(signals.start_s, signals.features, rows=np.zeros(1, np.intp))


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one moment brought for k rows: their next second (or more, after a silence).

    ``risk`` is what the desk was told; where it ``is_champions`` (k, n) it is the model's that was chosen, elsewhere
    the training-free detector's. ``shadow`` is what the model in shadow says, which tells nobody; None where there is
    none.
    """

    rows: NDArray[np.intp]
    signals: Signals
    risk: Risk
    is_champions: NDArray[np.bool_]
    shadow: Risk | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What is said of a second beside its risk: for how long each of ``FACTS`` has held [s], what is missing of the
    band, whether the champion is outside of its range and another stands in, and what completed it."""

    lasted_s: Sequence[float] | NDArray[np.float64]
    missing: tuple[str, ...]
    outside: bool
    stamp: Stamp | None


@dataclass(frozen=True, slots=True)
class Disputed:
    """The champion says *low* of ``wearer`` for ``for_s``, and the training-free detector *high*."""

    wearer: str
    for_s: float


class Pipeline:
    """Assembly, signals, model and desk for a list of wearers, which may be empty and grow; row i is ``wearers[i]``.

    ``bands`` are the bands heard last, "" before one was. ``suspected`` are pairs of wearers whose bands look
    exchanged, for any thread to read; ``answered`` says until when [UTC s] nothing is to be asked of wearers that staff
    looked at, for any thread to replace. ``choice`` says which models run: see ``forecalm.watching.watchers``.
    """

    def __init__(self, *, wearers: Sequence[str], desk: Desk, choice: Choice = ALONE) -> None:
        self.wearers = tuple(wearers)
        self.rows = {wearer: row for row, wearer in enumerate(self.wearers)}
        self._desk = desk
        rows = max(len(self.wearers), 1)  # where nobody is watched a row waits for whoever comes first
        self._assembler = Assembler(rows=rows)
        self._engine = Engine(rows=rows)
        self._choice = choice
        self._models = Watchers(self.wearers, choice)
        self._exchanges = Exchanges(rows=rows)
        self._partly = Partly(rows=rows)
        self._lasting = Lasting(rows=rows, facts=len(FACTS), forgive_s=FORGIVEN_S)
        self._battery: list[int | None] = [None] * len(self.wearers)
        self.bands: list[str] = [""] * len(self.wearers)
        self.answered: Mapping[str, float] = {}
        self.suspected: tuple[Suspected, ...] = ()

    def watch(self, wearer: str) -> None:
        """Watch somebody more, of whom nothing is known; of everybody else everything stays as it is, to the bit."""
        learnt, anybody = self.learnt(), bool(self.wearers)
        self._desk.watch(wearer)
        self._engine = Engine(rows=len(self.wearers) + 1)
        self._models = Watchers((*self.wearers, wearer), self._choice)
        self._exchanges = Exchanges(rows=len(self.wearers) + 1)
        if anybody:
            self._assembler.grow()
            self._partly.grow()
            self._lasting = self._lasting.grown()
        self._battery.append(None)
        self.bands.append("")
        self.wearers = (*self.wearers, wearer)
        self.rows = {each: row for row, each in enumerate(self.wearers)}
        for refused in self.learn(learnt) if anybody else ():
            log.critical("with somebody more, what was known of everybody cannot be used (%s): learnt anew", refused)

    @property
    def models(self) -> State:
        """Which models run, and what is wrong with them; for any thread to read."""
        return self._models.state

    def shifted(self) -> tuple[str, ...]:
        """The inputs of the champion that do not lie as they did in training; on the engine's thread alone."""
        return self._models.shifted()

    def use(self, choice: Choice) -> list[ModelError]:
        """Let other models run from the next second on. Who ran already goes on with what it knows; the training-free
        detector always does, and stands in where another knows nobody yet. Returns why something was forgotten."""
        learnt = self._models.snapshot()
        self._choice = choice
        self._models = Watchers(self.wearers, choice)
        rows = np.arange(max(len(self.wearers), 1))
        return self._learn_models(learnt, rows, rows, total=len(rows))

    def disputed(self) -> tuple[Disputed, ...]:
        """Of whom the champion says *low* and the training-free detector *high*; on the engine's thread alone."""
        lasted_s = self._models.disputed_s
        return tuple(Disputed(who, float(lasted_s[row])) for who, row in self.rows.items() if lasted_s[row])

    def know(self, key: str, wearer: str, known: "Known") -> None:
        """Let the model ``key``, where it runs, know ``known`` of ``wearer``; who is not watched is passed over."""
        if wearer in self.rows:
            self._models.know(key, self.rows[wearer], known)

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
            watched = self._models.push(signals.start_s, signals.features, rows=taken.rows)
            step = Step(taken.rows, signals, watched.risk, watched.is_champions)
            self._tell(step, watched.outside, taken.last)
            shadow = self._models.look_on(signals.start_s, signals.features, rows=taken.rows)
            self._exchanges.push(signals.start_s, signals.features, rows=taken.rows)
            steps.append(replace(step, shadow=shadow))
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

    def _tell(self, step: Step, outside: NDArray[np.bool_], last: Sequence[Received | None]) -> None:
        """Tell the desk every second of a step, row by row."""
        features, drivers, start_s = step.signals.features, step.risk.drivers, step.signals.start_s
        held = facts(features, drivers, self._models.driver_names)
        lasted_s = self._lasting.push(start_s, held, rows=step.rows)
        missing = self._partly.push(start_s, features, rows=step.rows)
        a_second = features.shape[1] == 1  # of everybody; more, after a silence, may not hold up who takes an alert
        with self._desk.together() if a_second else nullcontext():
            for i, received in enumerate(last):
                packet = None if received is None else received.packet
                stamp = None if packet is None else Stamp(packet.band, packet.boot, packet.seq, packet.sent_us)
                for second in range(features.shape[1]):
                    told = Told(lasted_s[i, second], missing[i][second], bool(outside[i, second]), stamp)
                    self._observe(i, second, step, told)

    def _observe(self, i: int, second: int, step: Step, told: Told) -> None:
        """Tell the desk one second of the i-th of the rows that were decided together."""
        row, risk, at = int(step.rows[i]), step.risk, (i, second)
        features, wearer, is_champions = step.signals.features[at].tolist(), self.wearers[row], step.is_champions[at]
        probability, low, high = float(risk.probability[at]), float(risk.low[at]), float(risk.high[at])
        self._desk.observe(
            wearer,
            float(step.signals.start_s[i] + second + 1),
            probability=probability,
            abstention=Abstention(int(risk.abstention[at])),
            reasons=lambda: reasons(
                features,
                risk.drivers[at].tolist(),
                self._models.driver_names,
                enter=self._desk.policy_of(wearer).enter,
                lasted_s=told.lasted_s,
            ),
            learnt=float(risk.learnt[at]),
            heart_rate_bpm=features[HEART_RATE],
            battery_pct=self._battery[row],
            stamp=told.stamp,
            model=self._models.champion if is_champions else TRAINING_FREE,
            policy=self._models.policy if is_champions else None,
            missing=told.missing,
            besides=lambda: (
                *fit(features, told.missing),
                *([STANDING_IN] if told.outside else ()),
                *filter(None, [sureness(probability, low, high)]),
            ),
        )

    def study(self, wearer: str, past: Sequence[Received]) -> None:
        """Learn what is usual for ``wearer`` from packets of their past, in one go. It alerts nobody."""
        rows = np.array([self.rows[wearer]])
        signals = self._signals(whole(past), rows)
        self._models.push(signals.start_s, signals.features, rows=rows)
        self._models.look_on(signals.start_s, signals.features, rows=rows)
        self._exchanges.push(signals.start_s, signals.features, rows=rows)

    def misses(self) -> str:
        """What did not decide anything: seconds that missed their deadline, and packets by what became of them."""
        counts = ", ".join(f"{count} {added.value}" for added, count in self._assembler.counts.items())
        return f"{self._assembler.overdue} seconds overdue; packets: {counts}"

    def learnt(self) -> dict[str, NDArray[np.generic]]:
        """What is known of each wearer, as arrays with a row each, and who the rows are: see ``learn``."""
        engine = {ENGINE + name: array for name, array in self._engine.snapshot().items()}
        likeness = {LIKENESS + name: array for name, array in self._exchanges.snapshot().items()}
        return {"wearers": np.array(self.wearers), **self._models.snapshot(), **engine, **likeness}

    def learn(self, learnt: Mapping[str, NDArray[np.generic]]) -> list[ModelError | SignalError]:
        """Go on from what was learnt before, for the wearers who are in it: to the engine the time since is a silence.

        Models, engine and likeness go on each by itself. Returns why some could not, because another version had learnt
        it: these know nobody yet. What was kept before there was any likeness, or a model, is no reason. Raises
        KeyError where it is not said whose it is.
        """
        known = {str(wearer): row for row, wearer in enumerate(learnt["wearers"])}
        rows = np.array([row for row, wearer in enumerate(self.wearers) if wearer in known], np.intp)
        theirs = np.array([known[self.wearers[row]] for row in rows], np.intp)
        engine, likeness = _named(learnt, ENGINE), _named(learnt, LIKENESS)
        refused: list[ModelError | SignalError] = list(self._learn_models(learnt, rows, theirs, total=len(known)))
        if likeness:
            try:
                _learn("likeness", self._exchanges, likeness, rows, theirs, total=len(known))
            except ModelError as error:
                refused.append(error)
        self._say_suspected()
        try:
            self._learn_engine(engine, rows, theirs, total=len(known))
        except SignalError as error:
            refused.append(error)
        return refused

    def _learn_models(
        self, learnt: Mapping[str, NDArray[np.generic]], rows: Rows, theirs: Rows, *, total: int
    ) -> list[ModelError]:
        refused = []
        for prefix, model in self._models.knowers().items():
            kept = _named(learnt, prefix)
            if prefix and not kept:
                continue  # it was not there before: it begins now
            try:
                _learn(f"model {prefix.removeprefix(OF)}".rstrip(" ."), model, kept, rows, theirs, total=total)
            except ModelError as error:
                refused.append(error)
            except Exception as error:  # a model's own code: whatever it does, watching goes on
                refused.append(ModelError(f"model {prefix.removeprefix(OF)}: {type(error).__name__}: {error}"))
        return refused

    def _learn_engine(self, arrays: Mapping[str, NDArray[np.generic]], rows: Rows, theirs: Rows, *, total: int) -> None:
        for name, kept in arrays.items():
            if kept.shape[:1] != (total,):
                raise SignalError(f"the engine's {name}: {kept.shape}, not of {total} wearers")
        self._engine.restore({name: kept[theirs] for name, kept in arrays.items()}, rows=rows)


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
