"""What the engine says of each wearer once a second in, points of the measurement ``derived`` out, for dashboards.

A courtesy, not a record: what does not fit or cannot be written is lost, counted and told, and the engine never waits.
"""

import logging
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ingest.errors import StoreError
from ingest.store.influx_connection import InfluxConnection
from ingest.store.line_protocol import lines
from ingest.types import Array

log = logging.getLogger(__name__)

DERIVED: Final = "derived"
EVERY_S: Final = 5.0  # between two writes: as often as dashboards look
WAITING_MAX: Final = 60_000  # calls not yet written: a minute of a thousand wearers, once a second
RETRY_S: Final = 15.0  # after a write that failed
STOP_S: Final = 10.0  # for the last write


@dataclass(frozen=True, slots=True)
class DerivedCounters:
    """Wearers' seconds since the start: written, and lost because there was no room or no server."""

    written: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    wearer: str
    start_s: int
    names: tuple[str, ...]
    values: Array


class DerivedSeries:
    """``write`` may be called from any thread and returns at once; requests are made by a thread of its own."""

    def __init__(
        self, connection: InfluxConnection, *, every_s: float = EVERY_S, waiting_max: int = WAITING_MAX
    ) -> None:
        self._influx = connection
        self._every_s = every_s
        self._waiting: queue.Queue[_Said] = queue.Queue(waiting_max)
        self._counters = DerivedCounters()
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._is_away = False
        self._is_told = False
        self._thread = threading.Thread(target=self._run, name="derived", daemon=True)

    @property
    def counters(self) -> DerivedCounters:
        """What has happened so far."""
        with self._lock:
            return self._counters

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def write(self, wearer: str, start_s: int, names: Sequence[str], values: Array) -> None:
        """Take in the ``values`` (seconds, k) called ``names`` (k) of a wearer's seconds from ``start_s`` [UTC s] on.

        ``wearer`` is a pseudonym. What is not finite is unknown: no point. Written again, a second says the new.
        """
        if np.shape(values) != (len(values), len(names)):
            raise ValueError(f"{np.shape(values)} are no seconds of {len(names)} values")
        try:
            self._waiting.put_nowait(_Said(wearer, int(start_s), tuple(names), np.array(values, np.float64)))
        except queue.Full:
            self._count(lost=len(values))

    def stop(self) -> None:
        """Write what waits, if the server answers, and end."""
        self._ending.set()
        self._thread.join(STOP_S)
        self._influx.close()

    def _run(self) -> None:
        while not self._ending.wait(RETRY_S if self._is_away else self._every_s):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        """Write all that waits."""
        said = []
        for _ in range(self._waiting.qsize()):
            said.append(self._waiting.get_nowait())
        text, seconds = self._text(said)
        if not text:
            return
        try:
            self._influx.write(text)
        except StoreError as error:
            self._count(lost=seconds)
            if not self._is_away:
                log.warning("derived series are being lost: %s", error)
            self._is_away = True
            return
        self._count(written=seconds)
        if self._is_away:
            log.warning("derived series are written again; %d wearers' seconds are lost", self.counters.lost)
        self._is_away = False

    def _text(self, said: Sequence[_Said]) -> tuple[bytes, int]:
        """Return the points, those of a wearer together, and how many seconds they are of."""
        together: dict[tuple[str, tuple[str, ...]], list[_Said]] = {}
        for some in said:
            together.setdefault((some.wearer, some.names), []).append(some)
        made, seconds = [], 0
        for (wearer, names), group in together.items():
            values = np.concatenate([some.values for some in group])
            values[~np.isfinite(values)] = np.nan
            time_s = np.concatenate([some.start_s + np.arange(len(some.values), dtype=np.int64) for some in group])
            fields = {name: np.ascontiguousarray(values[:, i]) for i, name in enumerate(names)}
            try:
                made.append(lines(DERIVED, {"wearer": wearer}, fields, time_s * 1_000_000_000))
                seconds += len(values)
            except StoreError:  # what InfluxDB cannot hold costs its own points only
                if not self._is_told:
                    log.error("derived series of a wearer are lost: InfluxDB cannot hold that pseudonym, or a name")
                self._is_told = True
                self._count(lost=len(values))
        return b"".join(made), seconds

    def _count(self, *, written: int = 0, lost: int = 0) -> None:
        with self._lock:
            now = self._counters
            self._counters = replace(now, written=now.written + written, lost=now.lost + lost)
