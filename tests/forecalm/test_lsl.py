"""From an outlet over ``forecalm lsl``, a broker and the intake into the store: every sample once, bit for bit."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from ingest.admission import Admission, Verdict
from ingest.clock.clocks import Clocks
from ingest.intake.intake import Intake
from ingest.lsl.gateway import use_peers
from ingest.mqtt import Subscriber
from ingest.store.sqlite import SqliteStore
from tests.servers import LONG_S, free_port, mosquitto_at, until, wait_for_port

pytestmark = pytest.mark.long

pylsl = pytest.importorskip("pylsl", reason="the extra formats is not installed")
SECONDS = 2
STEPS_HZ = 64
BAND = "band-lsl"


@pytest.fixture(scope="module", autouse=True)
def _here_only() -> None:
    use_peers(["127.0.0.1"])


def forecalm(*arguments: str, **pipes: int) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-P", "-m", "forecalm", *arguments], text=True, **pipes)


@contextmanager
def embedded_at(port: int) -> Iterator[None]:
    process = forecalm("broker", "--port", str(port), "--while-stdin-is-open", stdin=subprocess.PIPE)
    try:
        wait_for_port(port)
        yield
    finally:
        process.stdin.close()
        process.wait(LONG_S)


@pytest.fixture(params=["embedded", "mosquitto"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    number = free_port()
    if request.param == "embedded":
        with embedded_at(number):
            yield number
    else:
        with mosquitto_at(request.getfixturevalue("mosquitto"), tmp_path, number):
            yield number


@contextmanager
def intake_at(port: int, store: SqliteStore) -> Iterator[Intake]:
    box: list[Intake] = []
    subscriber = Subscriber(
        host="127.0.0.1",
        port=port,
        site="home",
        on_message=lambda *message: box[0].receive(*message),
        username="forecalm",
        password="forecalm",  # noqa: S106
        client_id="service",
    )
    intake = Intake(
        store=store,
        clocks=Clocks(),
        admit=lambda band, at_s: Admission(Verdict.WAIT, None),
        on_received=lambda handed: None,
        publish_stored=subscriber.publish_stored,
        clock=time.time,
    )
    box.append(intake)
    intake.start()
    subscriber.start()
    try:
        until(subscriber.connected.is_set)
        yield intake
    finally:
        intake.stop()
        subscriber.stop()


@dataclass
class Sender:
    """An outlet of a sample each so many steps, and what was pushed into it: stamps [s of LSL's clock] and numbers."""

    name: str
    channels: list[tuple[str, str]]
    rate_hz: float
    every: int = 16
    stamps: list[float] = field(default_factory=list)
    rows: list[np.ndarray] = field(default_factory=list)

    def open(self, source_id: str) -> None:
        info = pylsl.StreamInfo(self.name, self.name, len(self.channels), self.rate_hz, "float32", source_id)
        described = info.desc().append_child("channels")
        for label, unit in self.channels:
            one = described.append_child("channel")
            one.append_child_value("label", label)
            one.append_child_value("unit", unit)
        self.outlet = pylsl.StreamOutlet(info)

    def push(self, at_s: float, random: np.random.Generator, low: float = 0.1, high: float = 3.0) -> None:
        row = random.uniform(low, high, len(self.channels)).astype(np.float32)
        self.outlet.push_sample(row.tolist(), at_s)
        self.stamps.append(at_s)
        self.rows.append(row)


def play(senders: list[Sender], enough: Callable[[], bool]) -> None:
    """Push in real time, each sample at its moment with its stamp, until it is ``enough``."""
    random = np.random.default_rng(7)
    base_s = pylsl.local_clock()
    pause = threading.Event()
    for step in range(round(LONG_S * STEPS_HZ)):
        due_s = base_s + step / STEPS_HZ
        while (left_s := due_s - pylsl.local_clock()) > 0:
            pause.wait(left_s)
        for sender in senders:
            if step % sender.every == 0:
                sender.push(due_s, random)
        if step % 16 == 15 and enough():
            return
    pytest.fail("it is never enough")


def utc_of_lsl() -> float:
    """By how much UTC is ahead of LSL's clock [s]: as it was read when least came between."""

    def read() -> tuple[float, float]:
        before_s, utc_s, after_s = pylsl.local_clock(), time.time(), pylsl.local_clock()
        return after_s - before_s, utc_s - (before_s + after_s) / 2

    return min(read() for _ in range(100))[1]


def test_every_sample_of_an_outlet_is_stored_once_bit_for_bit_and_in_its_place(port: int, tmp_path: Path) -> None:
    skin = Sender("Skin", [("EDA", "uS"), ("Temp", "C")], 4.0)
    pulse = Sender("Pulse", [("BVP", "")], 64.0, every=1)
    motion = Sender("Motion", [("AccX", "m/s2"), ("AccY", "m/s2"), ("AccZ", "m/s2")], 32.0, every=2)
    beats = Sender("Beats", [("RR", "s")], 0.0, every=51)
    senders = [skin, pulse, motion, beats]
    source_id = f"end to end {port}"
    for sender in senders:
        sender.open(source_id)
    with closing(SqliteStore(tmp_path / "readings.sqlite")) as store:
        with intake_at(port, store) as intake:
            gateway = forecalm(
                *(
                    "lsl",
                    "--peers",
                    "127.0.0.1",
                    "--source-id",
                    source_id,
                    "--band",
                    BAND,
                    "--port",
                    str(port),
                    "--json",
                ),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            until(lambda: all(sender.outlet.have_consumers() for sender in senders))
            play(senders, lambda: store.counts().packets.get(BAND, 0) > SECONDS)
            gateway.send_signal(signal.SIGTERM)  # what is still under way to it is lost
            said, complaints = gateway.communicate(timeout=LONG_S)
            assert gateway.returncode == 0, complaints
            taken = json.loads(said)
            assert intake.counters.quarantined == {} or not any(intake.counters.quarantined.values())
        assert (taken["bands"], taken["boots"], taken["unstored"], taken["let_go"]) == ([BAND], 1, 0, 0)
        packets = list(store.packets(BAND))
        assert [one.packet.seq for one in packets] == list(range(taken["packets"]))
        ahead_s = utc_of_lsl()
        late_s = 0.02 + packets[0].received_s - packets[0].packet.sent_us * 1e-6  # its way cannot be told from its age
        for sender, channel, columns in (
            (skin, "eda", [0]),
            (skin, "temperature", [1]),
            (pulse, "ppg", [0]),
            (motion, "motion", [0, 1, 2]),
        ):
            numbers, times = [], []
            for received in packets:
                some = getattr(received.packet, channel)
                if some is not None:
                    numbers.append(np.frombuffer(some.values, "<f4"))
                    count = numbers[-1].size // len(columns)
                    times.append(received.utc_s(some.tick_us) + np.arange(count) / some.rate_hz)
            found, stored_s = np.concatenate(numbers), np.concatenate(times)
            assert len(stored_s) >= SECONDS * sender.rate_hz
            assert found.tobytes() == np.stack(sender.rows)[: len(stored_s), columns].tobytes(), channel
            apart_s = stored_s - np.array(sender.stamps)[: len(stored_s)] - ahead_s
            assert -0.02 < apart_s.min() <= apart_s.max() < late_s, channel
        heard = [
            (received.utc_s(tick_us), interval_s)
            for received in packets
            for tick_us, interval_s in zip(received.packet.ibi.tick_us, received.packet.ibi.interval_s, strict=True)
        ]
        assert len(heard) >= SECONDS * STEPS_HZ // beats.every
        assert [interval_s for _, interval_s in heard] == [float(row[0]) for row in beats.rows[: len(heard)]]
        apart_s = np.array([at_s for at_s, _ in heard]) - np.array(beats.stamps)[: len(heard)] - ahead_s
        assert -0.02 < apart_s.min() <= apart_s.max() < late_s


def test_without_a_broker_the_gateway_says_so_and_what_to_do() -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        made = forecalm("lsl", "--peers", "127.0.0.1", "--port", port, stderr=subprocess.PIPE)
        _, complaints = made.communicate(timeout=LONG_S)
    assert made.returncode == 2
    assert f"broker 127.0.0.1:{port}" in complaints
    assert "forecalm broker" in complaints
    assert "Traceback" not in complaints


def test_the_list_says_what_would_be_taken_and_why_not() -> None:
    good, strange = Sender("Listed", [("EDA", "uS")], 4.0), Sender("Strange", [("EDA", "kohm")], 4.0)
    good.open("listed one")
    strange.open("strange")

    def are_listed() -> bool:
        made = forecalm("lsl", "--peers", "127.0.0.1", "--list", "--wait", "1", stdout=subprocess.PIPE)
        said, _ = made.communicate(timeout=LONG_S)
        assert made.returncode == 0
        return "  band listed_one-" in said and "refused: stream 'Strange'" in said

    until(are_listed, "an outlet that says late that it is there is on a later list")
