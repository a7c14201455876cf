"""A recording in; what the code that runs live makes of every second of it, worked out once and kept for a while, out.

As recorded: in order of time, nothing late, and knowing nobody at its first second, as a rehearsal does it; only what a
consent to research covers. Kept in memory alone, so that nothing of it outlives the person's erasure.
"""

import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Final, Self

import numpy as np

from alerts.policy import Policy
from alerts.rehearsal.budget import alerts_by
from console.research.office import Recording, Seconds, Working
from forecalm.studies.cutting import cut
from forecalm.watching.watchers import Choice, Model, Watchers
from ingest.readings import Readings
from ingest.registry.consents import Scope
from ingest.types import Array
from signals.engine import Engine
from signals.features import column
from signals.types import Signals

log = logging.getLogger(__name__)

CHUNK_S: Final = 3600.0
"""Worked out at once: an hour takes about half a second, so that progress is seen and memory stays small."""

BEFORE_S: Final = 2.0
"""Read again where a piece goes on from the one before it: resampling looks back so far."""

KEPT: Final = 16
"""Recordings of which seconds are kept: some 4 MB for a day."""

Key = tuple[str, str, tuple[tuple[float, float], ...], str]


class Replayed:
    """Works recordings out, one after the other, on a thread of its own. Use as a context manager."""

    def __init__(self, readings: Readings, choice: Callable[[], Choice]) -> None:
        self._readings = readings
        self._choice = choice
        self._kept: OrderedDict[Key, Seconds | Working] = OrderedDict()
        self._asked: SimpleQueue[tuple[Key, Recording, Choice] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="research", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._asked.put(None)  # it waits for the next one
        self._thread.join()

    def of(self, recording: Recording) -> Seconds | Working:
        """Return what is known of a recording; begin it where nobody has. A consent or model that changes begins it
        anew."""
        choice = self._choice()
        names = [each.digest for each in (choice.champion, choice.shadow) if each is not None]
        key = (recording.wearer, recording.name, recording.covered, " ".join(names))
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                found = self._kept[key] = Working()
                self._asked.put((key, recording, choice))
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _run(self) -> None:
        while not self._stop.is_set():
            asked = self._asked.get()
            if asked is None:
                return
            key, recording, choice = asked
            with self._lock:
                if key not in self._kept:  # so many were asked for since that nobody looks at it any more
                    continue
            try:
                found: Seconds | Working | None = self._work_out(key, recording, choice)
            except Exception as error:  # whatever a recording holds: the next one is worked out all the same
                log.exception("what would have been said of a recording cannot be worked out")
                found = Working(failed=f"It cannot be worked out ({type(error).__name__}); the server's log says why.")
            if found is not None:
                self._keep(key, found)

    def _keep(self, key: Key, found: Seconds | Working) -> None:
        with self._lock:
            if key in self._kept:
                self._kept[key] = found

    def _work_out(self, key: Key, recording: Recording, choice: Choice) -> Seconds | None:
        first_s, last_s = math.floor(recording.start_s), math.ceil(recording.end_s)
        said = {name: np.full(last_s - first_s, np.nan) for name in ("heart", "risk", "shadow", "quality")}
        own = np.zeros(last_s - first_s, bool)
        watchers, row = Watchers([recording.wearer], choice), np.zeros(1, np.intp)
        for signals in signals_of(self._readings, recording):
            if self._stop.is_set():
                return None
            at = int(signals.start_s[0]) - first_s
            features = signals.features[0]
            watched = watchers.push(signals.start_s, signals.features, rows=row)
            shadow = watchers.look_on(signals.start_s, signals.features, rows=row)
            low, high = max(at, 0), min(at + len(features), last_s - first_s)
            inside = slice(low - at, high - at)
            said["heart"][low:high] = features[inside, column("heart_rate_bpm")]
            worn, valid = (features[inside, column(name)] for name in ("worn", "eda_valid"))
            said["quality"][low:high] = np.where(worn == 0, 0.0, valid)
            said["risk"][low:high] = watched.risk.probability[0, inside]
            own[low:high] = watched.is_champions[0, inside]
            if shadow is not None:
                said["shadow"][low:high] = shadow.probability[0, inside]
            self._keep(key, Working(share=min((high + 1) / (last_s - first_s), 0.99)))
        return _seconds(first_s, said, own, watchers, choice)


def _seconds(
    first_s: int, said: dict[str, Array], own: "np.typing.NDArray[np.bool_]", watchers: Watchers, choice: Choice
) -> Seconds:
    rules, theirs = _rules(choice.champion), _rules(choice.shadow)
    levelled = own if rules != Policy() else np.ones_like(own)
    return Seconds(
        start_s=first_s,
        heart_bpm=said["heart"],
        risk=said["risk"],
        shadow=said["shadow"],
        quality=said["quality"],
        model=watchers.state.watches,
        shadow_model=watchers.state.shadow,
        enter=rules.enter,
        alerts_s=_alerts(first_s, said["risk"], levelled, rules),
        shadow_alerts_s=_alerts(first_s, said["shadow"], np.ones_like(own), theirs),
    )


def _rules(model: Model | None) -> Policy:
    """By which rules a model alerts: its own, where it has some."""
    return Policy() if model is None or model.policy is None else model.policy


def _alerts(first_s: int, risk: Array, levelled: "np.typing.NDArray[np.bool_]", rules: Policy) -> tuple[float, ...]:
    """When a desk would have alerted, each alert taken at once."""
    known = np.isfinite(risk)
    end_s: Array = first_s + np.arange(len(risk), dtype=np.float64) + 1.0
    return tuple(alerts_by(rules, end_s[known], risk[known], levelled[known], Policy())[0])


def signals_of(readings: Readings, recording: Recording) -> Iterator[Signals]:
    """Yield what the engine makes of a recording, piece by piece: where it is cut changes nothing. What no consent
    covers is a gap to it, and what is a gap for long costs no time."""
    engine = Engine(rows=1)
    for low_s, high_s in recording.covered:
        since_s = float(math.floor(low_s))
        while since_s < high_s:
            until_s = min(since_s + CHUNK_S, float(math.ceil(high_s)))
            tick = readings.tick(
                recording.wearer, max(since_s - BEFORE_S, low_s), until_s, scope=Scope.RESEARCH, source=recording.band
            )
            if tick.seconds:
                ended_s = engine.ended_s(rows=np.zeros(1, np.intp))[0]
                first = max(int(max(ended_s, since_s) - tick.start_s[0]), 0)
                last = min(tick.seconds, int(until_s - tick.start_s[0]))
                if first < last:
                    yield engine.push(cut(tick, first, last))
            since_s = until_s
