"""A scenario with faults in, what the service makes of it out: real packets, intake, store, engine and desk; one clock.

The broker is left out: what the wire does is planned as it is for a real one, and whoever sends keeps what nobody said
is stored, and sends it again. Everything happens in virtual time.
"""

import heapq
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.situation_events import AlertRaised
from alerts.views import WearerView
from device_sim.faults.fault import parse_fault
from device_sim.faults.playing import Playing, Reception
from device_sim.scenario import Scenario, load
from device_sim.ward import Ward, band_name, wearer_name
from forecalm.pipeline import Pipeline
from ingest.admission import Admission, Verdict
from ingest.clock.clocks import Clocks
from ingest.intake.intake import Handed, Intake
from ingest.received import Received
from ingest.store.sqlite import SqliteStore
from ingest.wire import Packet, data_topic, encode

START_S: Final = 1_767_607_200.0  # UTC at simulated time 0
PATIENCE_S: Final = 10.0  # of a sender of which something is missing
AIR_S: Final = 0.02  # from a gateway to the service
AT_ONCE_S: Final = 20  # so much is handed over between two waits for the disk: each has its own time all the same
WAIT_S: Final = 30.0  # a bound, never waited out where things work
SEED: Final = 5

Name = tuple[str, int, int]


def scenario_of(*faults: str, wearers: int = 3, past_s: int = 0) -> Scenario:
    """A quiet house with these faults."""
    parts = load("quiet").parts
    given = tuple(parse_fault(text) for text in faults)
    return Scenario(name="x", title="", past_s=past_s, wearers=wearers, parts=parts, faults=given)


def name_of(packet: Packet) -> Name:
    return packet.band, packet.boot, packet.seq


class FaultHouse:
    """Plays ``scenario`` for as long as it is told; ``heard`` is what gateways heard, by name."""

    def __init__(self, folder: Path, scenario: Scenario, *, watched: bool = False) -> None:
        self.ward = Ward(scenario, seed=SEED)
        self.plan = self.ward.plan
        self.now_s = START_S
        self.heard: dict[Name, Reception] = {}
        self.views: dict[str, list[WearerView]] = defaultdict(list)
        self.journal = Scratch()
        self.sent = 0
        self._attempts: Counter[Name] = Counter()
        self._on_wire: list[tuple[float, int, float, Packet]] = []
        self._least_s: dict[str, float] = {}
        self._hidden_s: dict[tuple[str, int], float] = {}
        self._arrived: list[Received] = []
        self._handed = threading.Semaphore(0)
        self._worn = {band.name: wearer_name(row + 1) for row, band in enumerate(self.ward.bands)}
        clocks = Clocks()
        self.pipeline: Pipeline | None = self._learnt(clocks) if watched else None
        if not watched:
            self.ward.past()
        self.playing = Playing(self.ward)
        self.store = SqliteStore(folder / "readings.sqlite")
        self.intake = Intake(
            store=self.store,
            clocks=clocks,
            admit=lambda band, _: Admission(Verdict.KEEP, self._worn[band]),
            on_received=self._take,
            publish_stored=lambda *_: None,
            clock=lambda: self.now_s,
        )

    def _learnt(self, clocks: Clocks) -> Pipeline:
        """Engine and desk that know everybody from the scenario's past."""
        wearers = list(self._worn.values())
        past = self.ward.past()
        desk = Desk(wearers=wearers, policy=Policy(), journal=self.journal, started_s=START_S)
        desk.subscribe(lambda view: self.views[view.wearer].append(view))
        pipeline = Pipeline(wearers=wearers, desk=desk)
        for band, packets in zip(self.ward.bands, past, strict=True):
            known = []
            for packet in packets:
                at_s = START_S - len(packets) + band.due_s(packet.seq)
                known.append(Received(packet, clocks.map(packet, at_s), at_s, b""))
            pipeline.study(self._worn[band.name], known)
        return pipeline

    def _take(self, handed: Handed) -> None:
        self._arrived += [received for received, _ in handed]
        self._handed.release(len(handed))

    def play(self, seconds: int) -> None:
        """Let it happen, then let everything that is kept arrive."""
        for second in range(seconds):
            for reception in self.playing.push():
                self._publish(reception)
            if second % AT_ONCE_S == AT_ONCE_S - 1:
                self._carry(self.ward.now_s)
        for reception in self.playing.rest():
            self._publish(reception)
        self._carry(float("inf"))

    def _publish(self, reception: Reception) -> None:
        first = self.heard.setdefault(name_of(reception.packet), reception)
        assert first is reception, "a packet is heard once, whoever hears it"
        waited_s = reception.due_s - reception.sensed_s
        for gateway in reception.gateways:
            error_s = self.plan.clock_error_s(gateway, reception.due_s)
            heard_us = round((START_S + reception.due_s + error_s - waited_s) * 1e6)
            packet = msgspec.structs.replace(reception.packet, gateway=f"gw-{gateway}", heard_us=heard_us)
            for _ in range(reception.times):
                self._send(packet, reception.due_s, gateway)

    def _send(self, packet: Packet, at_s: float, gateway: int) -> None:
        row = next(row for row, band in enumerate(self.ward.bands) if band.name == packet.band)
        self._attempts[name_of(packet)] += 1
        carried = self.plan.carried(row, packet.boot, packet.seq, self._attempts[name_of(packet)], at_s)
        if carried.swallowed or self.plan.broker_down(at_s):
            self._send(packet, at_s + PATIENCE_S, gateway)
            return
        sent_us = round((START_S + at_s + self.plan.clock_error_s(gateway, at_s)) * 1e6)
        for _ in range(carried.copies):
            self.sent += 1
            sending = msgspec.structs.replace(packet, sent_us=sent_us)
            heapq.heappush(self._on_wire, (at_s + AIR_S + carried.delay_s, self.sent, carried.delay_s, sending))

    def _carry(self, until_s: float) -> None:
        """Bring to the service what arrives before a moment, and let it take note of the time."""
        left, count = threading.Semaphore(0), 0
        while self._on_wire and self._on_wire[0][0] < until_s:
            at_s, _, delay_s, packet = heapq.heappop(self._on_wire)
            self.now_s = START_S + at_s
            self._note_delay(packet, delay_s)
            self.intake.receive(data_topic("home", packet.band), encode(packet), left.release)
            count += 1
        for _ in range(count):
            assert left.acquire(timeout=WAIT_S), "it was not stored"
            assert self._handed.acquire(timeout=WAIT_S), "it was not handed on"  # by another thread than stores it
        if self.pipeline is not None:
            for received in self._arrived:
                self.pipeline.receive(self._worn[received.packet.band], received)
                self.pipeline.advance(received.received_s)
            self.pipeline.advance(START_S + self.ward.now_s)
        self._arrived.clear()

    def _note_delay(self, packet: Packet, delay_s: float) -> None:
        gateway = packet.gateway or ""
        self._least_s[gateway] = min(delay_s, self._least_s.get(gateway, delay_s))
        self._hidden_s.setdefault((packet.band, packet.boot), self._least_s[gateway])

    def hidden_s(self, packet: Packet) -> float:
        """How long the first message of a band's boot lay on the wire as far as nobody can know it: nothing had come
        from its gateway by then that lay less. By so much its clock is taken to be slow, and forgiven little by
        little."""
        return self._hidden_s[packet.band, packet.boot]

    def stored(self) -> dict[Name, list[Received]]:
        """What is in the store."""
        self.intake.stop()
        self.store.settle(self.now_s, everything=True)
        found: dict[Name, list[Received]] = defaultdict(list)
        for band in self.ward.bands:
            for received in self.store.packets(band.name):
                found[name_of(received.packet)].append(received)
        return found

    def alerts(self) -> list[AlertRaised]:
        return [event for event in self.journal.history if isinstance(event, AlertRaised)]

    def made(self) -> set[Name]:
        """Every packet that bands made up to now, whatever became of it."""
        rows, seconds = range(len(self.ward.bands)), range(self.ward.now_s)
        names = ((row, self.plan.name(row, second)) for row in rows for second in seconds)
        return {(band_name(row + 1), *name) for row, name in names if name is not None}


@contextmanager
def fault_house(folder: Path, scenario: Scenario, *, watched: bool = False) -> Iterator[FaultHouse]:
    """For as long as it lasts."""
    house = FaultHouse(folder, scenario, watched=watched)
    house.intake.start()
    with closing(house.store):
        try:
            yield house
        finally:
            house.intake.stop()


def plain(packet: Packet) -> Packet:
    """What the band made of it: without who heard and sent it, and when."""
    return msgspec.structs.replace(packet, heard_us=None, sent_us=None, gateway=None, lost=None)
