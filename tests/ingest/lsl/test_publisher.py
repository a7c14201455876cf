"""A gateway of live sources and its broker: what nobody said is stored is sent again, a broker may go and come."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ingest.errors import SourceError
from ingest.lsl.publisher import Publisher
from ingest.lsl.spool import LslSpool
from ingest.wire import Packet, bands_topic, decode, stored_topic
from tests.servers import free_port, mosquitto_at, until

WAIT_S = 20.0  # a bound, never waited out where things work


class Broker:
    """Mosquitto, without memory, that can be stopped and started."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self._program, self._folder, self._running = program, folder, ExitStack()
        self.start()

    def start(self) -> None:
        self._running.enter_context(mosquitto_at(self._program, self._folder, self.port))

    def stop(self) -> None:
        self._running.close()


@pytest.fixture
def broker(mosquitto: str, tmp_path: Path) -> Iterator[Broker]:
    made = Broker(mosquitto, tmp_path)
    yield made
    made.stop()


@contextmanager
def service(broker: Broker) -> Iterator[tuple[paho.Client, "queue.Queue[Packet]"]]:
    """Whoever hears packets; a test says what is stored of them."""
    heard: queue.Queue[Packet] = queue.Queue()
    ready = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = lambda *_: client.subscribe(bands_topic("home"), qos=1)
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda _, __, message: heard.put(decode(message.payload))
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    assert ready.wait(WAIT_S)
    try:
        yield client, heard
    finally:
        client.disconnect()
        client.loop_stop()


def publisher(broker: Broker) -> Publisher:
    return Publisher(
        host="127.0.0.1",
        port=broker.port,
        site="home",
        username="u",
        password="p",  # noqa: S106
        spool=LslSpool(),
    )


def packet(seq: int) -> Packet:
    return Packet(v=1, band="b", boot=7, seq=seq, tick_us=seq, heard_us=1_000 + seq, gateway="g")


def say_stored(client: paho.Client, seq: int) -> None:
    said = json.dumps({"v": 1, "boot": 7, "since": 0, "seq": seq})
    client.publish(stored_topic("home", "b"), said, qos=1, retain=True).wait_for_publish(WAIT_S)


def test_what_is_stored_is_let_go_and_the_end_waits_for_it(broker: Broker) -> None:
    with service(broker) as (client, heard), publisher(broker) as gateway:
        for seq in range(5):
            gateway.send(packet(seq))
        assert [heard.get(timeout=WAIT_S).seq for _ in range(5)] == list(range(5))
        threading.Timer(0.2, say_stored, (client, 4)).start()
        assert gateway.drain(threading.Event()) == 0
        assert gateway.resent == 0


def test_what_a_broker_took_with_it_is_sent_again_as_the_same_packet(broker: Broker) -> None:
    with publisher(broker) as gateway:
        gateway.send(packet(0))
        broker.stop()
        until(lambda: not gateway._online.is_set())
        for seq in (1, 2):
            gateway.send(packet(seq))
            gateway.look()
        broker.start()
        with service(broker) as (client, heard):
            got: dict[int, Packet] = {}
            while set(got) != {0, 1, 2}:
                gateway.look()
                try:
                    one = heard.get(timeout=0.05)
                except queue.Empty:
                    continue
                got[one.seq] = one
            assert [got[seq].heard_us for seq in range(3)] == [1_000, 1_001, 1_002]
            assert all(one.sent_us is not None for one in got.values())
            say_stored(client, 2)
            assert gateway.drain(threading.Event()) == 0


def test_a_broker_that_is_not_there_is_named_with_the_mend() -> None:
    port = free_port()
    made = Publisher(host="127.0.0.1", port=port, site="home", username="u", password="p", spool=LslSpool())  # noqa: S106
    with pytest.raises(SourceError, match=f"broker 127.0.0.1:{port}: .*forecalm broker"), made:
        pass


def test_what_is_no_watermark_lets_nothing_go(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    with service(broker) as (client, heard), publisher(broker) as gateway:
        gateway.send(packet(0))
        heard.get(timeout=WAIT_S)
        client.publish(stored_topic("home", "b"), b"stored!", qos=1).wait_for_publish(WAIT_S)

        def told() -> bool:
            gateway.look()
            return "not a watermark" in caplog.text

        until(told)
        assert len(gateway.spool) == 1
