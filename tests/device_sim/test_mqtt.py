"""Publishing: what is accounted for is what arrives, over a real broker, also when the broker dies on the way."""

import math
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from device_sim.errors import PublishError, ScenarioError
from device_sim.mqtt import Sent, publish
from device_sim.past import past_packets
from device_sim.scenario import Scenario, load
from ingest.types import CHANNELS
from ingest.wire import Packet, Stored, band_of, decode, stored_topic, values
from tests.servers import free_port, mosquitto_at

SHORT = Scenario(name="short", title="", past_s=20, wearers=3, parts=load("quiet").parts)
SITE = "house"
LONG_S = 60.0  # for events that come at once unless something is broken


UNBOUNDED = ("max_inflight_messages 0", "max_queued_messages 0")


def broker_at(program: str, folder: Path, port: int, *lines: str) -> AbstractContextManager[None]:
    return mosquitto_at(program, folder, port, *UNBOUNDED, *lines)


class Service:
    """Hears every packet, as the service will; tells the watermark if it ``stores``."""

    def __init__(self, port: int, *, stores: bool = False) -> None:
        self.packets: dict[tuple[str, int, int], Packet] = {}
        self.lost: set[tuple[str, int, int]] = set()  # declared
        self._news = threading.Condition()
        self._stores = stores
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(f"forecalm/v1/{SITE}/band/+/data", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> "Service":
        self._client.loop_start()
        assert self._subscribed.wait(LONG_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = self._client.on_subscribe = self._client.on_message = None

    def wait_for(self, enough: Callable[[], bool]) -> None:
        """Until ``enough`` of what was heard; fails after ``LONG_S``."""
        with self._news:
            assert self._news.wait_for(enough, LONG_S)

    def wait_for_all(self, made: list[Packet]) -> None:
        """Until every one of ``made`` was heard."""
        names = {(packet.band, packet.boot, packet.seq) for packet in made}
        self.wait_for(lambda: names <= set(self.packets))

    def _hear(self, client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        packet = decode(message.payload)
        assert band_of(message.topic) == packet.band
        first, last = packet.lost or (0, -1)
        self.lost |= {(packet.band, packet.boot, seq) for seq in range(first, last + 1)}
        with self._news:
            self.packets[packet.band, packet.boot, packet.seq] = packet
            self._news.notify_all()
        if self._stores:
            names = [*self.packets, *self.lost]
            heard = [seq for band, boot, seq in names if (band, boot) == (packet.band, packet.boot)]
            since = upto = heard[0]
            mine = set(heard)
            while since - 1 in mine:
                since -= 1
            while upto + 1 in mine:
                upto += 1
            told = msgspec.json.encode(Stored(v=1, boot=packet.boot, since=since, seq=upto))
            client.publish(stored_topic(SITE, packet.band), told, qos=1, retain=True)


def published(port: int, scenario: Scenario = SHORT, **more: object) -> Sent:
    settings = {"host": "127.0.0.1", "port": port, "site": SITE, "seed": 1, "speed": math.inf, "seconds": 5, **more}
    return publish(scenario, **settings)  # type: ignore[arg-type]


def assert_all_arrived(sent: Sent, service: Service) -> None:
    accounted = {
        (band.band, band.boot, seq)
        for band in sent.bands
        for seq in ([] if band.first_seq is None else range(band.first_seq, (band.last_seq or 0) + 1))
    }
    service.wait_for(lambda: len(service.packets) >= len(accounted))
    assert set(service.packets) == accounted
    assert len(accounted) == sent.packets
    for band in sent.bands:
        mine = [packet for packet in service.packets.values() if packet.band == band.band]
        for channel, count in band.samples.items():
            assert sum(values(channel, packet.samples()[channel]).shape[-1] for packet in mine) == count


def test_what_is_accounted_for_is_what_arrives(mosquitto: str, tmp_path: Path) -> None:
    port = free_port()
    with broker_at(mosquitto, tmp_path, port), Service(port, stores=True) as service:
        sent = published(port)
        assert_all_arrived(sent, service)
    assert sent.packets == sent.publishes == sent.acknowledged == 15
    assert (sent.resent, sent.let_go) == (0, 0)
    assert sent.bands[0].samples == {name: 5 * about.grid_hz for name, about in CHANNELS.items() if name != "ibi"}
    assert [band.wearer for band in sent.bands] == ["w-01", "w-02", "w-03"]


def test_publishing_goes_on_where_the_past_ended(mosquitto: str, tmp_path: Path) -> None:
    port = free_port()
    with broker_at(mosquitto, tmp_path, port), Service(port) as service:
        sent = published(port, clock=lambda: 1_767_607_200.0)
        assert_all_arrived(sent, service)
    for past, band in zip(past_packets(SHORT, seed=1), sent.bands, strict=True):
        first = service.packets[band.band, past[-1].boot, past[-1].seq + 1]
        assert band.first_seq == first.seq == 20
        assert first.tick_us == past[-1].tick_us + 1_000_000
        assert first.sent_us == 1_767_607_200_000_000


def test_each_band_has_its_own_moment_in_the_second(mosquitto: str, tmp_path: Path) -> None:
    port = free_port()
    with broker_at(mosquitto, tmp_path, port), Service(port) as service:
        assert_all_arrived(published(port, wearers=6), service)
        order = [band for band, _, seq in service.packets if seq == 20]
    assert sorted(order) != order


@pytest.mark.parametrize("dies", [True, False], ids=["the broker dies", "the broker forgets"])
def test_nothing_is_lost_that_a_broker_took_and_nobody_stored(
    mosquitto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    """It acknowledges to the sender what it delivers to nobody; the first that the service hears is not the first."""
    monkeypatch.setattr("ingest.sending.boots.PATIENCE_S", 0.5)
    monkeypatch.setattr("device_sim.mqtt.HASTE_S", LONG_S)  # what was made last must leave, however slowly
    port, stop, outcome = free_port(), threading.Event(), []
    made: list[Packet] = []
    settings = {"speed": 20.0, "seconds": None, "stop": stop, "made": made.append}
    run = threading.Thread(target=lambda: outcome.append(published(port, **settings)))
    with ExitStack() as brokers, ExitStack() as last:
        brokers.enter_context(broker_at(mosquitto, tmp_path, port))
        with Service(port) as witness:
            run.start()
            witness.wait_for(lambda: len(witness.packets) >= 6)
        if dies:
            brokers.close()
            last.enter_context(broker_at(mosquitto, tmp_path, port))
        service = last.enter_context(Service(port, stores=True))
        service.wait_for_all(list(made))
        stop.set()
        run.join(LONG_S)
        assert_all_arrived(outcome[0], service)
    assert outcome[0].resent > 0


def test_it_stops_when_told_to(mosquitto: str, tmp_path: Path) -> None:
    port, stop = free_port(), threading.Event()
    with broker_at(mosquitto, tmp_path, port), Service(port) as service:
        sent = published(port, speed=1e-6, seconds=None, stop=stop, started=stop.set)
        assert_all_arrived(sent, service)
    assert sent.packets == 0
    assert sent.bands[0].first_seq is None


def test_an_interrupt_ends_it_with_an_account_and_gives_the_signal_back(mosquitto: str, tmp_path: Path) -> None:
    port, before = free_port(), signal.getsignal(signal.SIGINT)
    with broker_at(mosquitto, tmp_path, port):
        sent = published(port, seconds=None, started=lambda: signal.raise_signal(signal.SIGINT))
    assert sent.packets == sent.acknowledged == 0
    assert signal.getsignal(signal.SIGINT) is before


def test_a_broker_that_is_not_there_is_named(mosquitto: str) -> None:
    port = free_port()
    with pytest.raises(PublishError, match=f"broker 127.0.0.1:{port}: nobody answers"):
        published(port)


def test_a_broker_that_refuses_is_named_with_its_reason(mosquitto: str, tmp_path: Path) -> None:
    port = free_port()
    with (
        broker_at(mosquitto, tmp_path, port, "allow_anonymous false"),
        pytest.raises(PublishError, match=f"127.0.0.1:{port}: .*[Nn]ot authori[sz]ed"),
    ):
        published(port)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("speed", 0.0),
        ("speed", math.nan),
        ("seconds", -1),
        ("seconds", math.nan),
        ("wearers", 0),
        ("wearers", 10**9),
        ("seed", -1),
        ("seed", 1 << 62),
        ("boot", -5),
        ("boot", 1 << 53),
    ],
)
def test_what_cannot_be_is_refused_by_name_before_anything_is_sent(argument: str, value: float) -> None:
    with pytest.raises(ScenarioError, match=f"^{argument}: must"):
        published(1, **{argument: value})
