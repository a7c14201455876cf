"""One person's readings in; what the live pipeline says of them, at the times at which they came, out."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.views import AlertView
from forecalm.pipeline import Pipeline, Step
from forecalm.watching.watchers import ALONE, Choice
from ingest.assemble import DEADLINE_S
from ingest.readings import Readings
from ingest.received import Received
from ingest.registry.consents import Scope
from ingest.types import Array

CHUNK_S: Final = 6 * 3600.0  # learnt from at once: 40 MB of the grid
SILENT_S: Final = 30.0  # of a silence that is gone through second by second: sight is lost after 10
TOO_LATE_S: Final = 5.0  # after its end, a packet that comes decides nothing, whatever it is compared with


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """n seconds from ``start_s`` [UTC s] on that were decided together: ``features`` (n, F), ``probability`` (n,), NaN
    where unknown. Much smaller than the ``Step`` that it is of: a day of them is kept."""

    start_s: int
    features: Array
    probability: Array


class Person:
    """A pipeline of one row for ``wearer``, who knows nothing of them at first, and what their wristbands sent;
    ``choice`` says which models run, as they do live, and ``own`` by which rules of their own they are watched, if any.

    Imported recordings are left out: they were never watched. Raises StoreError and RegistryError as ``Readings`` does.
    """

    def __init__(
        self,
        readings: Readings,
        wearer: str,
        *,
        begun_s: float,
        choice: Choice = ALONE,
        own: Policy | None = None,
    ) -> None:
        self.wearer = wearer
        self._readings = readings
        policies = {} if own is None else {wearer: own}
        self.desk = Desk(wearers=[wearer], policy=Policy(), policies=policies, journal=Scratch(), started_s=begun_s)
        self.pipeline = Pipeline(wearers=[wearer], desk=self.desk, choice=choice)

    def _packets(self, since_s: float, until_s: float) -> Iterator[Received]:
        for source, received in self._readings.packets(self.wearer, since_s, until_s, scope=Scope.CARE):
            if not source.imported:
                yield received

    def learn(self, since_s: float, until_s: float) -> None:
        """Learn what is usual from what ended in ``[since_s, until_s)`` [UTC s], late or not. It alerts nobody."""
        chunk: list[Received] = []
        until_chunk_s = since_s + CHUNK_S
        for received in self._packets(since_s, until_s):
            if received.span_s()[0] >= until_chunk_s and chunk:
                self.pipeline.study(self.wearer, chunk)
                chunk = []
            if not chunk:
                until_chunk_s = received.span_s()[0] + CHUNK_S
            chunk.append(received)
        if chunk:
            self.pipeline.study(self.wearer, chunk)

    def live(
        self, since_s: float, until_s: float, progress: Callable[[float], None] = lambda _: None
    ) -> tuple[list[Decided], list[AlertView]]:
        """What was decided, and the alerts that were raised, had these packets been theirs when they came. Each alert
        is taken at once: untaken, the first would be the only one. ``progress`` hears the UTC second."""
        decided: list[Decided] = []
        alerts: list[AlertView] = []
        for now_s, steps in self.steps(since_s, until_s):
            for step in steps:
                signals = step.signals
                decided.append(Decided(int(signals.start_s[0]), signals.features[0], step.risk.probability[0]))
            (view,) = self.desk.views()
            if view.alert is not None and view.alert.acknowledged_by is None:
                alerts.append(view.alert)
                self.desk.acknowledge(view.alert.alert_id, by="rescoring", at_s=view.at_s)
            progress(now_s)
        return decided, alerts

    def steps(self, since_s: float, until_s: float) -> Iterator[tuple[float, list[Step]]]:
        """Yield every moment [UTC s] at which the engine would have woken in the range, and what was decided at it."""
        now_s = since_s
        for received in as_they_came(self._packets(since_s, until_s)):
            for at_s in self._deadlines(now_s, received.received_s):
                yield at_s, self.pipeline.advance(at_s)
            now_s = max(now_s, received.received_s)
            self.pipeline.receive(self.wearer, received)
            yield now_s, self.pipeline.advance(now_s)
        for at_s in self._deadlines(now_s, until_s + 1 + DEADLINE_S):
            yield at_s, self.pipeline.advance(at_s)
        end_s = max(now_s, until_s + 1 + DEADLINE_S)
        yield end_s, self.pipeline.advance(end_s)

    def _deadlines(self, now_s: float, until_s: float) -> Iterator[float]:
        """Every moment at which the engine wakes by itself before ``until_s``, for the first ``SILENT_S``."""
        while (at_s := self.pipeline.next_deadline_s()) is not None and at_s < min(until_s, now_s + SILENT_S):
            yield max(at_s, now_s)


def as_they_came(packets: Iterable[Received]) -> Iterator[Received]:
    """Packets in order of their start, as the store has them, in order of their arrival; without those that came too
    late to decide anything."""
    waiting: list[tuple[float, int, Received]] = []
    for number, received in enumerate(packets):
        start_s, end_s = received.span_s()
        if received.received_s > end_s + TOO_LATE_S:
            continue
        while waiting and waiting[0][0] < start_s:
            yield heapq.heappop(waiting)[2]
        heapq.heappush(waiting, (received.received_s, number, received))
    while waiting:
        yield heapq.heappop(waiting)[2]
