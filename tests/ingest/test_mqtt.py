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
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from ingest.admission import Admission, Verdict
from ingest.broker import run_broker
from ingest.clock.clocks import Clocks
from ingest.errors import BrokerError
from ingest.intake.intake import Intake
from ingest.mqtt import Subscriber
from ingest.mqtt_client import BulkClient, BulkSocket
from ingest.store.sqlite import SqliteStore
from ingest.wire import PACKET_MAX, Packet, Stored, data_topic, encode, stored_topic
from tests.servers import free_port, until, wait_for_port

MakePacket = Callable[..., Packet]
Message = tuple[str, bytes, Callable[[], None]]
WAIT_S = 60.0  # a bound, never waited out where things work
GUIDES = Path(__file__).parents[2] / "docs" / "guides"
USER, PASSWORD = "forecalm", "secret"


@dataclass
class Broker:
    """A broker that can be stopped and started again; ``folder`` is where it keeps what it has."""

    port: int
    start: Callable[[], None]
    stop: Callable[[], None]
    folder: Path | None = None


@contextmanager
def mosquitto_broker(program: str, folder: Path) -> Iterator[Broker]:
    port, running = free_port(), []
    password = Path(program).parents[1] / "bin" / "mosquitto_passwd"
    text = (GUIDES / "mosquitto.conf").read_text()
    if password.exists():
        subprocess.run([password, "-b", "-c", folder / "users", USER, PASSWORD], check=True, capture_output=True)
    else:
        text = text.replace("password_file /etc/mosquitto/forecalm.users", "")
        text = text.replace("allow_anonymous false", "allow_anonymous true")
        text = text.replace("acl_file /etc/mosquitto/forecalm.acl", "")
    text = text.replace("listener 1883 127.0.0.1", f"listener {port} 127.0.0.1")
    text = text.replace("/etc/mosquitto/forecalm.users", f"{folder}/users")
    text = text.replace("/etc/mosquitto/forecalm.acl", str(GUIDES / "mosquitto.acl"))
    text = text.replace("# persistence_location /var/lib/mosquitto/", f"persistence_location {folder}/")
    (folder / "mosquitto.conf").write_text(text + "user root\n")

    def start() -> None:
        running.append(subprocess.Popen([program, "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL))
        wait_for_port(port)

    def stop() -> None:
        process = running.pop()
        process.terminate()
        process.wait(WAIT_S)

    start()
    try:
        yield Broker(port, start, stop, folder)
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
        wait_for_port(port)

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
        until(lambda: not subscriber.connected.is_set())
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


def test_many_acknowledgements_leave_together_and_all_of_them_count(
    mosquitto: str, tmp_path: Path, make_packet: MakePacket
) -> None:
    heard: queue.Queue[Message] = queue.Queue()
    last = encode(make_packet(seq=1000, rates_hz={}))
    with mosquitto_broker(mosquitto, tmp_path) as broker, peer(broker) as (client, _):
        with subscribed(broker, lambda *message: heard.put(message)):
            for seq in range(300):
                client.publish(data_topic("home", "b"), encode(make_packet(seq=seq, rates_hz={})), qos=1)
            messages = [heard.get(timeout=WAIT_S) for _ in range(300)]
            for _, _, ack in messages:
                ack()
        publish(client, make_packet(seq=1000, rates_hz={}))
        with subscribed(broker, lambda *message: heard.put(message)):
            assert heard.get(timeout=WAIT_S)[1] == last  # nothing that was acknowledged comes again


def test_a_message_without_quality_of_service_is_taken_in_too(broker: Broker, make_packet: MakePacket) -> None:
    heard: queue.Queue[Message] = queue.Queue()
    with subscribed(broker, lambda *message: heard.put(message)), peer(broker) as (client, _):
        client.publish(data_topic("home", "b"), encode(make_packet(seq=3)), qos=0)
        _, payload, ack = heard.get(timeout=WAIT_S)
        assert payload == encode(make_packet(seq=3))
        ack()
        publish(client, make_packet(seq=4))
        assert heard.get(timeout=WAIT_S)[1] == encode(make_packet(seq=4))


def test_what_is_too_large_is_refused_by_the_broker_that_we_ship(
    mosquitto: str, tmp_path: Path, make_packet: MakePacket
) -> None:
    heard: queue.Queue[Message] = queue.Queue()
    with (
        mosquitto_broker(mosquitto, tmp_path) as broker,
        subscribed(broker, lambda *message: heard.put(message)) as subscriber,
    ):
        with peer(broker) as (client, _):
            client.publish(data_topic("home", "b"), bytes(PACKET_MAX + 1), qos=0)
        with peer(broker) as (client, _):
            publish(client, make_packet(seq=1))
        assert heard.get(timeout=WAIT_S)[1] == encode(make_packet(seq=1))
        assert subscriber.connected.is_set()


def test_a_broker_that_comes_back_empty_is_subscribed_to_anew_and_told_of(
    mosquitto: str, tmp_path: Path, make_packet: MakePacket, caplog: pytest.LogCaptureFixture
) -> None:
    heard: queue.Queue[Message] = queue.Queue()
    with (
        mosquitto_broker(mosquitto, tmp_path) as broker,
        subscribed(broker, lambda *message: heard.put(message)) as subscriber,
    ):
        broker.stop()
        until(lambda: not subscriber.connected.is_set())
        (tmp_path / "mosquitto.db").unlink()
        broker.start()
        assert subscriber.connected.wait(WAIT_S)
        with peer(broker) as (client, _):
            publish(client, make_packet(seq=2))
        assert heard.get(timeout=WAIT_S)[1] == encode(make_packet(seq=2))
    assert "has forgotten what it kept for us" in caplog.text


def test_two_services_of_one_name_are_told_of_once(
    mosquitto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ingest.mqtt.RECONNECT_MIN_S", 0.02)
    monkeypatch.setattr("ingest.mqtt.RECONNECT_MAX_S", 0.04)
    monkeypatch.setattr("ingest.mqtt.SHORT_S", WAIT_S)
    cut: queue.Queue[None] = queue.Queue()
    with (
        mosquitto_broker(mosquitto, tmp_path) as broker,
        subscribed(broker, lambda *_: None) as first,
        subscribed(broker, lambda *_: None),
    ):
        said = first._client.on_disconnect
        first._client.on_disconnect = lambda *args: (said(*args), cut.put(None))
        for _ in range(6):
            cut.get(timeout=WAIT_S)
    told = [record.message for record in caplog.records if "does another service call itself service" in record.message]
    assert 1 <= len(told) <= 2  # once by each


def test_a_subscription_that_is_refused_is_said_and_is_no_connection(caplog: pytest.LogCaptureFixture) -> None:
    subscriber = Subscriber(host="127.0.0.1", port=1, site="home", on_message=print, client_id="service")
    refused = ReasonCode(PacketTypes.SUBACK, "Not authorized")
    subscriber._subscribed(subscriber._client, None, 1, [refused], None)
    assert not subscriber.connected.is_set()
    assert "may not subscribe to forecalm/v1/home/band/+/data" in caplog.text


def test_a_socket_in_bulk_gives_and_takes_every_byte() -> None:
    near, far = socket.socketpair()
    near.setblocking(False)
    bulk = BulkSocket(near)
    with closing(far):
        with pytest.raises(BlockingIOError):
            bulk.recv(1)
        far.sendall(b"abcdef")
        assert bulk.recv(2) == b"ab"
        assert bulk.pending() == 4
        assert [bulk.recv(1), bulk.recv(10)] == [b"c", b"def"]
        assert bulk.pending() == 0
        long = bytes(range(256)) * 20_000  # more than the kernel takes at once
        assert bulk.send(long) == len(long)
        bulk.flush()
        assert bulk.unsent
        came = b""
        while len(came) < len(long):
            came += far.recv(1 << 16)
            bulk.flush()
        assert came == long
        bulk.send(b"last words")
        bulk.close()
        assert far.recv(100) == b"last words"
        assert far.recv(1) == b""


class Noting(BulkClient):
    """Notes what is acknowledged, in order, instead of sending it."""

    def __init__(self) -> None:
        super().__init__(CallbackAPIVersion.VERSION2)
        self.acknowledged: list[int] = []

    def ack(self, mid: int, qos: int) -> MQTTErrorCode:
        self.acknowledged.append(mid)
        return MQTTErrorCode.MQTT_ERR_SUCCESS


def test_what_waits_to_be_acknowledged_goes_before_the_last_word() -> None:
    client = Noting()
    for mid in (1, 2, 65_535):
        client.ack_soon(client.connection, mid)
    assert client.acknowledged == [1], "the others go with the next write, which never comes"
    client.disconnect()
    assert client.acknowledged == [1, 2, 65_535]
