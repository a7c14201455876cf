"""What a band kept while it was out of range lands in its place when it comes, and can never raise a late alarm."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.situation_events import AlertRaised
from forecalm.live import Live
from forecalm.pipeline import Pipeline
from ingest.clock.clocks import Clocks
from ingest.intake.intake import Handed, Intake
from ingest.readings import Readings
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.store.sqlite import SqliteStore
from ingest.wire import Packet, Samples, data_topic, encode
from tests.servers import LONG_S, until

pytestmark = pytest.mark.long

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"
BAND, WEARER = "band-01", "w-01"
KNOWN = 850  # packets of the session that were heard live: ten minutes to learn, and some; then anxiety begins
HOUR = 3600


@pytest.fixture(scope="module")
def sent() -> list[tuple[float, Packet]]:
    return [(at_s, packet) for at_s, packet in packets(read(SAMPLE), band=BAND)]


def moved(packet: Packet, *, by: int, boot: int) -> Packet:
    """The same packet ``by`` seconds and numbers later, of another boot."""
    channels = {
        name: msgspec.structs.replace(samples, tick_us=samples.tick_us + by * 1_000_000)
        for name, samples in packet.samples().items()
        if isinstance(samples, Samples)
    }
    tick_us = packet.tick_us + by * 1_000_000
    return msgspec.structs.replace(packet, boot=boot, seq=packet.seq + by, tick_us=tick_us, **channels)


def kept(sent: Sequence[tuple[float, Packet]], *, boot: int) -> list[tuple[float, Packet]]:
    """An hour that follows what was heard: the end of the session, which alerts live, over and over."""
    tail = sent[KNOWN:]
    return [
        (at_s + i * len(tail), moved(packet, by=i * len(tail), boot=boot))
        for i in range(HOUR // len(tail) + 1)
        for at_s, packet in tail
    ][:HOUR]


class House:
    """A service's intake, store, engine and desk, and a registry by which the band is worn; the clock is ours.

    Before it starts, the engine and the clocks know what was heard of the session, as after an hour's work.
    """

    def __init__(self, folder: Path, sent: Sequence[tuple[float, Packet]]) -> None:
        self.now_s = sent[KNOWN - 1][0]
        self.store = SqliteStore(folder / "readings.sqlite")
        self.registry = Registry(f"sqlite:///{folder / 'registry.sqlite'}", clock=lambda: self.now_s)
        self.registry.upgrade()
        agreed = Consent(frozenset({Scope.CARE}), "Ida, mother", sent[0][0] - 10)
        self.registry.pair(
            band=BAND, wearer=WEARER, since_s=sent[0][0] - 10, name="Bea", carers=[], consent=agreed, by="test"
        )
        clocks = Clocks()
        heard = [Received(packet, clocks.map(packet, at_s), at_s, encode(packet)) for at_s, packet in sent[:KNOWN]]
        self.store.commit(heard)
        self.journal = Scratch()
        self.desk = Desk(wearers=[WEARER], policy=Policy(), journal=self.journal, started_s=self.now_s)
        self.pipeline = Pipeline(wearers=[WEARER], desk=self.desk)
        self.pipeline.study(WEARER, heard)
        self.failed, self.received, self.handed = threading.Event(), 0, threading.Semaphore(0)
        self.live = Live(
            self.pipeline, learnt=folder / "learnt.npz", clock=lambda: self.now_s, on_failure=self.failed.set
        )
        self.intake = Intake(
            store=self.store,
            clocks=clocks,
            admit=self.registry.admissions().admit,
            on_received=self.hand_on,
            publish_stored=lambda *_: None,
            clock=lambda: self.now_s,
        )
        self.live.start()
        self.intake.start()

    def hand_on(self, handed: Handed) -> None:
        """To the engine."""
        self.live.receive(handed)
        self.handed.release(len(handed))

    def receive(self, messages: Sequence[Packet]) -> None:
        """Take in messages that come at one moment, and return when all of them are stored, and with the engine."""
        left = threading.Semaphore(0)
        self.received += len(messages)
        for packet in messages:
            self.intake.receive(data_topic("home", BAND), encode(packet), left.release)
        for _ in messages:
            assert left.acquire(timeout=LONG_S), "it was not stored"
            assert self.handed.acquire(timeout=LONG_S), "it was not handed on"

    def became(self) -> dict[str, int]:
        """How many packets the engine took in time, and how many were none of that."""
        said = re.findall(r"(\d+) (taken|duplicate|late|refused)", self.pipeline.misses())
        return {what: int(count) for count, what in said}

    def settled(self) -> bool:
        """Whether the engine has looked at all that has come."""
        return sum(self.became().values()) == self.received

    def close(self) -> None:
        self.intake.stop()
        self.live.stop()

    def raised(self) -> list[AlertRaised]:
        """Every alert, after all that has come is decided."""
        self.close()
        assert not self.failed.is_set()
        assert self.settled()
        return [event for event in self.journal.history if isinstance(event, AlertRaised)]


@pytest.fixture
def house(tmp_path: Path, sent: list[tuple[float, Packet]], monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr("forecalm.live.STOP_S", LONG_S)
    made = House(tmp_path, sent)
    with closing(made.store), closing(made.registry):
        yield made


def assert_in_place(house: House, backlog: Sequence[tuple[float, Packet]]) -> None:
    """Read back by wearer, every sample of the backlog is where it was taken."""
    readings = Readings(house.store, house.registry)
    for channel, step_s in (("eda", 0.25), ("ppg", 1 / 64)):
        since_s, until_s = backlog[0][0] - 1, backlog[-1][0]
        found = readings.series(WEARER, channel, since_s - 60, until_s + 60, scope=Scope.CARE)
        inside = (found.times_s >= since_s - 0.02) & (found.times_s < until_s - 0.02)
        wanted = since_s + step_s * np.arange(round((until_s - since_s) / step_s))
        assert inside.sum() == wanted.size
        assert np.abs(found.times_s[inside] - wanted).max() < 0.02
        assert not ((found.gaps[:, 0] > since_s) & (found.gaps[:, 1] < until_s)).any()


def test_heard_as_it_happens_the_same_hour_raises_alerts(sent: list[tuple[float, Packet]]) -> None:
    clocks, journal = Clocks(), Scratch()
    desk = Desk(wearers=[WEARER], policy=Policy(), journal=journal, started_s=sent[0][0])
    pipeline = Pipeline(wearers=[WEARER], desk=desk)
    heard = [Received(packet, clocks.map(packet, at_s), at_s, b"") for at_s, packet in sent[:KNOWN]]
    pipeline.study(WEARER, heard)
    for at_s, packet in kept(sent, boot=sent[0][1].boot)[:900]:
        pipeline.receive(WEARER, Received(packet, clocks.map(packet, at_s), at_s, b""))
        pipeline.advance(at_s)
    assert any(isinstance(event, AlertRaised) for event in journal.history)


@pytest.mark.parametrize(("by_gateway", "new_boot"), [(False, False), (True, False), (True, True)])
def test_an_hour_that_comes_at_once_lands_in_its_place_and_raises_nothing(
    house: House, sent: list[tuple[float, Packet]], by_gateway: bool, new_boot: bool
) -> None:
    boot = sent[0][1].boot + new_boot
    backlog = kept(sent, boot=boot)
    house.now_s = backlog[-1][0] + 90.0
    now_us = round(house.now_s * 1e6)
    stamps = {"sent_us": now_us, "gateway": "attic"}
    late = [
        msgspec.structs.replace(packet, heard_us=round(at_s * 1e6) if by_gateway else now_us, **stamps)
        for at_s, packet in backlog
    ]
    house.receive(late)
    house.receive(late[:100])  # and once more, because nobody had said yet that it is stored
    assert house.raised() == []
    assert house.became()["taken"] == 0
    assert_in_place(house, backlog)


def test_an_hour_of_a_boot_that_nobody_ever_heard_raises_nothing(
    house: House, sent: list[tuple[float, Packet]]
) -> None:
    backlog = kept(sent, boot=sent[0][1].boot + 1)
    house.now_s = backlog[-1][0] + 90.0
    house.receive([packet for _, packet in backlog])
    assert house.raised() == []
    assert sum(house.store.counts().packets.values()) == KNOWN + HOUR


def test_what_is_heard_again_after_a_backlog_is_watched_at_once(house: House, sent: list[tuple[float, Packet]]) -> None:
    backlog = kept(sent, boot=sent[0][1].boot)
    late, on_time = backlog[:-40], backlog[-40:]
    house.now_s = late[-1][0] + 0.2
    house.receive([packet for _, packet in late])
    for at_s, packet in on_time:
        house.now_s = at_s + 0.2
        house.receive([packet])
        until(lambda at_s=at_s: house.settled() and house.desk.views()[0].at_s >= at_s - 2)
    (view,) = house.desk.views()
    assert house.raised() == []
    assert house.became()["taken"] >= len(on_time)
    assert view.heart_rate_bpm is not None
