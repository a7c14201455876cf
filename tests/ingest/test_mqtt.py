"""Against real brokers: nothing is acknowledged before it is stored, nothing is missed while we are away."""

import json
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ingest.admission import Admission, Verdict
from ingest.broker import run_broker
from ingest.clock import Clocks
from ingest.errors import BrokerError
from ingest.intake import Intake
from ingest.mqtt import Subscriber
from ingest.store.sqlite import SqliteStore
from ingest.wire import Packet, Stored, data_topic, encode, stored_topic

MakePacket = Callable[..., Packet]
Message = tuple[str, bytes, Callable[[], None]]
WAIT_S = 15.0  # a bound, never waited out where things work
USER, PASSWORD = "forecalm", "secret"


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Return when somebody listens."""
    pause = threading.Event()
    for _ in range(400):
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause.wait(0.02)
    pytest.fail("the broker does not listen")


@dataclass
class Broker:
    """A broker that can be stopped and started again."""

    port: int
    start: Callable[[], None]
    stop: Callable[[], None]


@contextmanager
def mosquitto_broker(program: str, folder: Path) -> Iterator[Broker]:
    port, running = free_port(), []
    password = Path(program).parents[1] / "bin" / "mosquitto_passwd"
    lines = [f"listener {port} 127.0.0.1", "persistence true", f"persistence_location {folder}/", "user root"]
    if password.exists():
        subprocess.run([password, "-b", "-c", folder / "users", USER, PASSWORD], check=True, capture_output=True)
        lines += ["allow_anonymous false", f"password_file {folder / 'users'}"]
    else:
        lines.append("allow_anonymous true")
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def start() -> None:
        running.append(subprocess.Popen([program, "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL))
        wait_for(port)

    def stop() -> None:
        process = running.pop()
        process.terminate()
        process.wait(WAIT_S)

    start()
    try:
        yield Broker(port, start, stop)
    finally:
        stop()


EMBEDDED = """
import sys, threading
from ingest.admission import Admission, Verdict
from ingest.broker import run_broker
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
run_broker(host="127.0.0.1", port=int(sys.argv[1]), username=sys.argv[2], password=sys.argv[3], stop=stop)
"""


@contextmanager
def embedded_broker() -> Iterator[Broker]:
    """In a process of its own, as in the product; it ends with its standard input."""
    port, running = free_port(), []

    def start() -> None:
        arguments = [sys.executable, "-c", EMBEDDED, str(port), USER, PASSWORD]
        running.append(subprocess.Popen(arguments, stdin=subprocess.PIPE, cwd=Path(__file__).parents[2]))
        wait_for(port)

    def stop() -> None:
        process = running.pop()
        process.stdin.close()
        assert process.wait(WAIT_S) == 0

    start()
    try:
        yield Broker(port, start, stop)
    finally:
        stop()


@pytest.fixture(params=["mosquitto", "embedded"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    if request.param == "mosquitto":
        with mosquitto_broker(request.getfixturevalue("mosquitto"), tmp_path) as made:
            yield made
    else:
        with embedded_broker() as made:
            yield made


@contextmanager
def subscribed(broker: Broker, on_message: Callable[[str, bytes, Callable[[], None]], None]) -> Iterator[Subscriber]:
    subscriber = Subscriber(
        host="127.0.0.1",
        port=broker.port,
        site="home",
        on_message=on_message,
        username=USER,
        password=PASSWORD,
        client_id="service",
    )
    subscriber.start()
    try:
        assert subscriber.connected.wait(WAIT_S)
        yield subscriber
    finally:
        subscriber.stop()


@contextmanager
def peer(broker: Broker, topic: str | None = None) -> Iterator[tuple[paho.Client, "queue.Queue[paho.MQTTMessage]"]]:
    """A gateway: a client that is connected, and listens to ``topic``."""
    heard: queue.Queue[paho.MQTTMessage] = queue.Queue()
    ready = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gateway")
    client.username_pw_set(USER, PASSWORD)
    client.on_connect = lambda *_: ready.set()
    client.on_message = lambda _, __, message: heard.put(message)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    assert ready.wait(WAIT_S)
    if topic is not None:
        listening = threading.Event()
        client.on_subscribe = lambda *_: listening.set()
        client.subscribe(topic, qos=1)
        assert listening.wait(WAIT_S)
    try:
        yield client, heard
    finally:
        client.disconnect()
        client.loop_stop()


def publish(client: paho.Client, *packets: Packet) -> None:
    for packet in packets:
        client.publish(data_topic("home", packet.band), encode(packet), qos=1).wait_for_publish(WAIT_S)


def test_packets_go_in_and_the_watermark_comes_out(broker: Broker, tmp_path: Path, make_packet: MakePacket) -> None:
    received: queue.Queue[object] = queue.Queue()
    box: list[Intake] = []
    with (
        closing(SqliteStore(tmp_path / "readings.sqlite")) as store,
        subscribed(broker, lambda *message: box[0].receive(*message)) as subscriber,
        peer(broker, stored_topic("home", "b")) as (client, told),
    ):
        intake = Intake(
            store=store,
            clocks=Clocks(),
            admit=lambda band, at_s: Admission(Verdict.WAIT, None),
            on_received=lambda handed: [received.put(each) for each in handed],
            publish_stored=subscriber.publish_stored,
            clock=lambda: 1e9,
        )
        box.append(intake)
        intake.start()
        publish(client, *(make_packet(seq=seq) for seq in range(5)))
        for _ in range(5):
            received.get(timeout=WAIT_S)
        intake.stop()
        seq = -1
        while seq < 4:
            seq = json.loads(told.get(timeout=WAIT_S).payload)["seq"]
        assert [stored.packet.seq for stored in store.packets("b")] == list(range(5))


def test_the_watermark_is_retained_for_a_gateway_that_comes_later(broker: Broker) -> None:
    with subscribed(broker, lambda *_: None) as subscriber:
        subscriber.publish_stored("b", Stored(v=1, boot=3, since=2, seq=9))
        with peer(broker, stored_topic("home", "b")) as (_, told):
            assert json.loads(told.get(timeout=WAIT_S).payload) == {"v": 1, "boot": 3, "since": 2, "seq": 9}


def test_other_sites_and_other_topics_are_not_ours(broker: Broker, make_packet: MakePacket) -> None:
    heard: queue.Queue[Message] = queue.Queue()
    with subscribed(broker, lambda *message: heard.put(message)), peer(broker) as (client, _):
        for topic in (data_topic("elsewhere", "b"), "forecalm/v1/home/band/b/status", stored_topic("home", "b")):
            client.publish(topic, b"not for us", qos=1).wait_for_publish(WAIT_S)
        publish(client, make_packet(seq=7))
        assert heard.get(timeout=WAIT_S)[1] == encode(make_packet(seq=7))


def test_what_was_sent_while_we_were_away_is_there_when_we_come_back(broker: Broker, make_packet: MakePacket) -> None:
    heard: queue.Queue[Message] = queue.Queue()
    with subscribed(broker, lambda *_: None):
        pass
    with peer(broker) as (client, _):
        publish(client, *(make_packet(seq=seq) for seq in range(3)))
        with subscribed(broker, lambda *message: heard.put(message)):
            assert {heard.get(timeout=WAIT_S)[1] for _ in range(3)} == {encode(make_packet(seq=s)) for s in range(3)}


def test_a_broker_that_comes_back_is_found_again(broker: Broker, make_packet: MakePacket) -> None:
    heard: queue.Queue[Message] = queue.Queue()
    with subscribed(broker, lambda *message: heard.put(message)) as subscriber:
        with peer(broker) as (client, _):
            publish(client, make_packet(seq=0))
        stale = heard.get(timeout=WAIT_S)[2]
        broker.stop()
        pause = threading.Event()
        assert any(pause.wait(0.01) or not subscriber.connected.is_set() for _ in range(1500))
        broker.start()
        assert subscriber.connected.wait(WAIT_S)
        stale()  # belongs to a connection that is gone: must not acknowledge anything of the new one
        with peer(broker) as (client, _):
            publish(client, make_packet(seq=1))
            payloads = set()
            while encode(make_packet(seq=1)) not in payloads:
                payloads.add(heard.get(timeout=WAIT_S)[1])


def test_what_was_not_acknowledged_comes_again(mosquitto: str, tmp_path: Path, make_packet: MakePacket) -> None:
    heard: queue.Queue[Message] = queue.Queue()
    with mosquitto_broker(mosquitto, tmp_path) as broker, peer(broker) as (client, _):
        with subscribed(broker, lambda *message: heard.put(message)):
            publish(client, make_packet(seq=0), make_packet(seq=1))
            heard.get(timeout=WAIT_S)[2]()
            heard.get(timeout=WAIT_S)
        with subscribed(broker, lambda *message: heard.put(message)):
            assert heard.get(timeout=WAIT_S)[1] == encode(make_packet(seq=1))


def test_the_embedded_broker_lets_nobody_else_in() -> None:
    with embedded_broker() as broker:
        for user, password in ((USER, "wrong"), ("else", PASSWORD), ("", "")):
            refused: queue.Queue[bool] = queue.Queue()
            client = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
            if user:
                client.username_pw_set(user, password)
            client.on_connect = lambda _, __, ___, reason, ____, refused=refused: refused.put(reason.is_failure)
            client.connect("127.0.0.1", broker.port)
            client.loop_start()
            assert refused.get(timeout=WAIT_S)
            client.disconnect()
            client.loop_stop()


def test_a_port_that_is_taken_is_named_with_the_mend() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=f"127.0.0.1:{port}: .*in use.*choose another port"):
            run_broker(host="127.0.0.1", port=port, username=USER, password=PASSWORD, stop=threading.Event())


def test_an_error_while_taking_in_is_told_and_acknowledges_nothing(
    mosquitto: str, tmp_path: Path, make_packet: MakePacket, caplog: pytest.LogCaptureFixture
) -> None:
    heard: queue.Queue[Message] = queue.Queue()

    def take_in(topic: str, payload: bytes, ack: Callable[[], None]) -> None:
        if payload == encode(make_packet(seq=0)):
            raise ZeroDivisionError
        heard.put((topic, payload, ack))

    with mosquitto_broker(mosquitto, tmp_path) as broker, peer(broker) as (client, _):
        with subscribed(broker, take_in) as subscriber:
            assert not subscriber.failed.is_set()
            publish(client, make_packet(seq=0), make_packet(seq=1))
            heard.get(timeout=WAIT_S)[2]()
            assert subscriber.failed.is_set()
        with subscribed(broker, lambda *message: heard.put(message)):
            assert heard.get(timeout=WAIT_S)[1] == encode(make_packet(seq=0))
    assert "could not be taken in" in caplog.text


def test_a_broker_out_of_reach_is_said_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: queue.Queue[None] = queue.Queue()
    monkeypatch.setattr("ingest.mqtt.RECONNECT_MIN_S", 0.01)
    monkeypatch.setattr("ingest.mqtt.RECONNECT_MAX_S", 0.02)
    subscriber = Subscriber(host="127.0.0.1", port=free_port(), site="home", on_message=print, client_id="service")
    said = subscriber._unreachable
    subscriber._client.on_connect_fail = lambda *args: (said(*args), tried.put(None))
    subscriber.start()
    for _ in range(3):
        tried.get(timeout=WAIT_S)
    subscriber.stop()
    assert [record.message for record in caplog.records].count(f"broker 127.0.0.1:{subscriber._port}: unreachable") == 1
