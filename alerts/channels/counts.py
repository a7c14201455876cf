"""Proofs as they change, and how the house stands, in; Prometheus' text of what happened, without a word of whom, out.

Labels are kinds, stations, channels and the like: nobody's name or pseudonym, and nothing of which there could be many.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alerts.channels.channel import Because
from alerts.delivery.events import Station
from alerts.delivery.proof import BOARD, Proof
from alerts.protection.cover import Level

log = logging.getLogger(__name__)

SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0)
"""From the goal for a board (250 ms) over the steps of chains to half an hour, which is too late for anybody."""

REMEMBERED: Final = 10_000
"""Matters of which is known what was counted: more than a site has in a year; beyond, the oldest may count twice."""

TAKEN: Final = "taken"
CAUSES: Final = frozenset(str(each) for each in Because)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the house stands now. ``levels`` counts people by how they are protected; ``open_matters`` by kind."""

    levels: dict[Level, int] = field(default_factory=dict)
    tablets: int = 0
    tablets_that_sound: int = 0
    open_matters: dict[str, int] = field(default_factory=dict)
    journal_fault: bool = False
    pings: int = 0
    pings_failed: int = 0


class Counts:
    """What happened from ``since_s`` [UTC s] on, when this process began: what is folded from the journal was counted
    by the one before. ``now`` gives how the house stands, at each ``render``. Threads may share it."""

    def __init__(self, now: Callable[[], Standing], *, since_s: float) -> None:
        self._since_s = since_s
        self._lock = threading.Lock()
        self._counted: OrderedDict[str, set[object]] = OrderedDict()
        registry = self._registry = CollectorRegistry()
        self._matters = Counter("forecalm_matters", "What somebody had to be told.", ["kind"], registry=registry)
        self._ended = Counter(
            "forecalm_matters_ended",
            "Matters that somebody took, or that were over by themselves, by how many steps of the chain it took.",
            ["kind", "taken", "steps"],
            registry=registry,
        )
        self._steps = Counter(
            "forecalm_steps",
            "Steps of chains that were taken, the first one being 1.",
            ["kind", "step"],
            registry=registry,
        )
        self._seconds = Histogram(
            "forecalm_station_seconds",
            "From the beginning of a matter until it first came to a station, or was taken.",
            ["kind", "station"],
            buckets=SECONDS,
            registry=registry,
        )
        self._messages = Counter(
            "forecalm_messages",
            "Messages to channels outside, by what became of them and, where they failed, why.",
            ["channel", "result", "because"],
            registry=registry,
        )
        self._refusals = Counter(
            "forecalm_refusals",
            "Acts that were refused, by what was tried and why not.",
            ["what", "because"],
            registry=registry,
        )
        self._audit_lost = Counter(
            "forecalm_audit_entries_lost", "Entries that the audit could not take.", registry=registry
        )
        registry.register(_Now(now))

    def refused(self, what: str, because: str) -> None:
        """Count that an act was refused: both are words of ours, never what somebody sent."""
        self._refusals.labels(what, because).inc()

    def audit_lost(self, entries: int) -> None:
        """Count entries that the audit could not take."""
        self._audit_lost.inc(entries)

    def hear(self, proof: Proof) -> None:
        """Count what is new of ``proof``. Give this to ``Dispatch.subscribe``."""
        with self._lock:
            counted = self._counted.setdefault(proof.begun.matter_id, set())
            self._counted.move_to_end(proof.begun.matter_id)
            if len(self._counted) > REMEMBERED:
                self._counted.popitem(last=False)
            for key, at_s, count in self._facts(proof):
                if key not in counted:
                    counted.add(key)
                    if at_s >= self._since_s:
                        count()

    def _facts(self, proof: Proof) -> Iterator[tuple[object, float, Callable[[], None]]]:
        """Everything countable of ``proof``: what it is known by, when it happened, and what counts it."""
        begun, kind = proof.begun, proof.begun.kind.value
        yield "begun", begun.at_s, self._matters.labels(kind).inc
        for place, taken in enumerate(proof.taken_steps):
            yield ("step", place), taken.at_s, self._steps.labels(kind, taken.step + 1).inc
        yield from self._stations(proof)
        for leg in proof.legs:
            for station, at_s in leg.times:
                if leg.channel != BOARD and station in (Station.SENT, Station.FAILED, Station.UNCERTAIN):
                    because = leg.detail if station is not Station.SENT and leg.detail in CAUSES else ""
                    which = (leg.step, leg.to, leg.channel, leg.attempt, station)
                    yield which, at_s, self._messages.labels(leg.channel, station.value, because).inc
        if proof.ended is not None:
            steps = len({taken.step for taken in proof.taken_steps})
            taken_by_somebody = "yes" if proof.ended.by else "no"
            yield "ended", proof.ended.at_s, self._ended.labels(kind, taken_by_somebody, steps).inc

    def _stations(self, proof: Proof) -> Iterator[tuple[object, float, Callable[[], None]]]:
        first: dict[str, float] = {}
        for leg in proof.legs:
            for station, at_s in leg.times:
                first[station.value] = min(at_s, first.get(station.value, at_s))
        if proof.ended is not None and proof.ended.by:
            first[TAKEN] = proof.ended.at_s
        for name, at_s in first.items():
            seen = self._seconds.labels(proof.begun.kind.value, name)
            yield ("station", name), at_s, _observing(seen, max(0.0, at_s - proof.begun.at_s))

    def render(self) -> tuple[bytes, str]:
        """Return what is counted, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


def _observing(seen: Histogram, seconds: float) -> Callable[[], None]:
    return lambda: seen.observe(seconds)


class _Now(Collector):
    """How the house stands, asked for when somebody looks."""

    def __init__(self, now: Callable[[], Standing]) -> None:
        self._now = now
        self._failing = False

    def describe(self) -> list[Metric]:
        """Nothing: the registry need not ask how the house stands in order to know what it is called."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All of it; only that it is not known where it cannot be told: no figure is better than an old one."""
        known = GaugeMetricFamily("forecalm_standing_known", "Whether it is known how the house stands: 1 or 0.")
        try:
            now = self._now()
        except Exception as error:
            if not self._failing:
                log.error("how the house stands cannot be counted: %s", type(error).__name__)
            self._failing = True
            known.add_metric([], 0)
            yield known
            return
        self._failing = False
        known.add_metric([], 1)
        yield known
        yield from _standing(now)


def _standing(now: Standing) -> Iterator[Metric]:
    people = GaugeMetricFamily("forecalm_people", "People by how they are protected.", labels=["protection"])
    for level in Level:
        people.add_metric([level.value], now.levels.get(level, 0))
    tablets = GaugeMetricFamily("forecalm_tablets", "Tablets, by whether they can sound.", labels=["can_sound"])
    tablets.add_metric(["yes"], now.tablets_that_sound)
    tablets.add_metric(["no"], now.tablets - now.tablets_that_sound)
    open_matters = GaugeMetricFamily("forecalm_matters_open", "Matters that nobody has yet.", labels=["kind"])
    for kind, number in now.open_matters.items():
        open_matters.add_metric([kind], number)
    fault = GaugeMetricFamily("forecalm_journal_fault", "Whether the journal cannot be written: 1 or 0.")
    fault.add_metric([], now.journal_fault)
    pings = CounterMetricFamily(
        "forecalm_dead_man_pings", "Signs of life, by whether they were taken.", labels=["taken"]
    )
    pings.add_metric(["yes"], now.pings)
    pings.add_metric(["no"], now.pings_failed)
    yield from (people, tablets, open_matters, fault, pings)
