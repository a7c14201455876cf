"""Over TLS, against a real broker: all comes and goes as in the clear, and whoever is not the broker is refused."""

import dataclasses
import os
import queue
import select
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Final

import pytest

from ingest.errors import SourceError
from ingest.mqtt import Subscriber
from ingest.mqtt_client import BulkSocket
from ingest.sending import connection
from ingest.sending.broker import Broker
from ingest.sending.connection import Connection
from ingest.sending.sender import Sender
from ingest.sending.spool import Spool
from ingest.sending.tls import context
from ingest.wire import Packet, data_topic
from tests.ingest.certificates import listener_lines, make_certificates
from tests.ingest.sending.brokers import SITE, WAIT_S, Running, Service
from tests.servers import free_port, until

MakePacket = Callable[..., Packet]
MANY: Final = 2_000
LONG: Final = 200_000  # bytes: more than a record of TLS (16 KiB), and than is read at once
PASSWORD: Final = "p"  # noqa: S105


class Secured(Running):
    """A broker that speaks TLS at ``port``, and to the test itself in the clear at ``plain``."""

    def __init__(self, program: str, folder: Path, certificates: Path) -> None:
        self.plain = free_port()
        super().__init__(program, folder, *listener_lines(certificates), f"listener {self.plain} 127.0.0.1")
        self.address = dataclasses.replace(self.address, tls=True, ca=str(certificates / "ca.crt"))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        if os.environ.get("FORECALM_TEST_REQUIRE_SERVICES"):
            pytest.fail("openssl is not installed, and FORECALM_TEST_REQUIRE_SERVICES is set")
        pytest.skip("openssl is not installed")
    return make_certificates(tmp_path_factory.mktemp("certificates")).parent


@pytest.fixture
def broker(mosquitto: str, tmp_path: Path, certificates: Path) -> Iterator[Secured]:
    running = Secured(mosquitto, tmp_path, certificates)
    yield running
    running.stop()


@pytest.fixture
def other(tmp_path: Path, certificates: Path) -> str:
    """Another authority, which has signed nothing of this broker's."""
    return str(make_certificates(tmp_path / "other"))


@contextmanager
def subscribed(to: Broker, heard: "queue.Queue[tuple[str, bytes, Callable[[], None]]]") -> Iterator[Subscriber]:
    subscriber = Subscriber(
        host=to.host,
        port=to.port,
        site=SITE,
        on_message=lambda *message: heard.put(message),
        username="u",
        password=PASSWORD,
        client_id="service",
        tls=to.tls,
        ca=to.ca,
    )
    subscriber.start()
    try:
        yield subscriber
    finally:
        subscriber.stop()


def refused(to: Broker) -> str:
    """What a sender says who cannot come in."""
    sender = Sender(to, site=SITE, gateway="hall", spool=Spool.in_memory())
    sender._connection._client.connect_timeout = WAIT_S
    with sender, pytest.raises(SourceError) as error:
        sender.wait_online(WAIT_S)
    return str(error.value)


def test_thousands_of_messages_of_any_size_come_intact_and_are_acknowledged(broker: Secured) -> None:
    heard: queue.Queue[tuple[str, bytes, Callable[[], None]]] = queue.Queue()
    random = Random(7)
    sent = [random.randbytes(random.choice((0, 1, 900, 20_000))) for _ in range(MANY)] + [random.randbytes(LONG)]
    with Service(broker.plain) as gateway:
        with subscribed(broker.address, heard) as subscriber:
            assert subscriber.connected.wait(WAIT_S)
            gateway.client.on_message = None
            for payload in sent:
                gateway.client.publish(data_topic(SITE, "b"), payload, qos=1)
            came = [heard.get(timeout=WAIT_S) for _ in sent]
            for _, _, acknowledge in came:
                acknowledge()
        assert [payload for _, payload, _ in came] == sent
        gateway.say(data_topic(SITE, "b"), b"the next")
        with subscribed(broker.address, heard):
            assert heard.get(timeout=WAIT_S)[1] == b"the next"  # nothing that was acknowledged comes again


def test_a_sender_lets_go_of_what_it_is_told_is_stored(broker: Secured, make_packet: MakePacket) -> None:
    spool = Spool.in_memory()
    with Service(broker.plain) as service, Sender(broker.address, site=SITE, gateway="hall", spool=spool) as sender:
        until(lambda: sender.online)
        packets = [make_packet(band="b", boot=1, seq=seq) for seq in range(50)]
        for packet in packets:
            sender.send(packet)
        assert [packet.seq for packet in service.next(50)] == list(range(50))
        service.say_stored("b", 1, 0, 48)
        until(lambda: sender.sendings().spool.packets == 1)


def test_a_broker_that_comes_back_is_found_again(broker: Secured, make_packet: MakePacket) -> None:
    heard: queue.Queue[tuple[str, bytes, Callable[[], None]]] = queue.Queue()
    with (
        subscribed(broker.address, heard) as subscriber,
        Sender(broker.address, site=SITE, gateway="hall", spool=Spool.in_memory()) as sender,
    ):
        for seq in range(2):
            assert subscriber.connected.wait(WAIT_S)
            until(lambda: sender.online)
            sender.send(make_packet(band="b", boot=1, seq=seq))
            heard.get(timeout=WAIT_S)[2]()
            broker.stop()
            until(lambda: not subscriber.connected.is_set() and not sender.online)
            broker.start()


def test_a_broker_whose_authority_is_another_is_refused_in_words(
    broker: Secured, other: str, caplog: pytest.LogCaptureFixture
) -> None:
    to = dataclasses.replace(broker.address, ca=other)
    said = refused(to)
    assert said.startswith(f"broker 127.0.0.1:{broker.port}: its certificate is not trusted by {other}")
    assert "set mqtt.ca (--ca)" in said
    with subscribed(to, queue.Queue()) as subscriber:
        until(lambda: f"broker 127.0.0.1:{broker.port}: its certificate is not trusted" in caplog.text)
        assert not subscriber.connected.is_set()


def test_an_authority_of_the_systems_that_did_not_sign_it_is_named(broker: Secured) -> None:
    assert "not trusted by the authorities of this system" in refused(dataclasses.replace(broker.address, ca=""))


def test_a_broker_of_another_name_is_refused_in_words(mosquitto: str, tmp_path: Path, certificates: Path) -> None:
    elsewhere = make_certificates(tmp_path / "elsewhere", "DNS:broker.home").parent
    running = Secured(mosquitto, tmp_path, elsewhere)
    try:
        said = refused(running.address)
        assert "its certificate is for another name than 127.0.0.1" in said
        assert "subjectAltName" in said
        assert "another name than localhost" in refused(dataclasses.replace(running.address, host="localhost"))
    finally:
        running.stop()


def test_a_port_without_tls_is_told_from_one_that_has_it(
    broker: Secured, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = refused(dataclasses.replace(broker.address, port=broker.plain))
    assert f"127.0.0.1:{broker.plain}: it does not speak TLS with us" in said
    assert "8883" in said
    in_the_clear = dataclasses.replace(broker.address, tls=False, ca="")
    with subscribed(in_the_clear, queue.Queue()):
        until(lambda: "if it is a port for TLS, set mqtt.tls" in caplog.text)
    lost = Connection(in_the_clear, topics=[], tell=lambda _note: None)
    caplog.clear()
    lost.start()
    until(lambda: "if it is a port for TLS, set mqtt.tls (--tls)" in caplog.text)
    lost.stop()


def test_an_authority_that_is_no_file_or_no_certificate_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.crt: No such file"):
        context(str(tmp_path / "nowhere.crt"))
    (tmp_path / "empty.crt").write_text("")
    for no_certificate in ("empty.crt", "."):
        with pytest.raises(SourceError, match=r"ca: .*name the authority's"):
            context(str(tmp_path / no_certificate))


def test_a_broker_is_always_verified_and_by_no_old_tls(certificates: Path) -> None:
    for ca in ("", str(certificates / "ca.crt")):
        made = context(ca)
        assert made.verify_mode is ssl.CERT_REQUIRED
        assert made.check_hostname
        assert made.minimum_version is ssl.TLSVersion.TLSv1_2


@contextmanager
def tls_server(certificates: Path) -> Iterator[tuple[socket.socket, ssl.SSLContext]]:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificates / "broker.crt", certificates / "broker.key")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server, serving


def test_a_socket_in_bulk_gives_and_takes_every_byte_over_tls(certificates: Path) -> None:
    long = bytes(range(256)) * 20_000  # more than the kernel takes at once
    with tls_server(certificates) as (server, serving):
        far_box: list[ssl.SSLSocket] = []
        shaking = threading.Thread(target=lambda: far_box.append(serving.wrap_socket(server.accept()[0], True)))
        shaking.start()
        verified_by = context(str(certificates / "ca.crt"))
        plain = socket.create_connection(server.getsockname())
        near = verified_by.wrap_socket(plain, server_hostname="127.0.0.1")
        shaking.join(WAIT_S)
        near.setblocking(False)
        bulk, far = BulkSocket(near), far_box[0]
        with closing(far):
            with pytest.raises((BlockingIOError, ssl.SSLWantReadError)):
                bulk.recv(1)
            far.sendall(b"abcdef")
            until(lambda: arrived(bulk))
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


def arrived(bulk: BulkSocket) -> bool:
    """Whether the first byte, and all that came with it, is here."""
    try:
        assert bulk.recv(1) == b"a"
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    assert bulk.pending() == len(b"bcdef")
    return True


def test_a_connection_that_is_broken_off_says_nothing_in_the_clear(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LEAVE_S", 0.2)
    reading = b"a reading of somebody "
    with tls_server(certificates) as (server, serving):
        to = Broker(port=server.getsockname()[1], tls=True, ca=str(certificates / "ca.crt"))
        online = Connection(to, topics=[], tell=lambda _note: None)
        online._client.connect_timeout = WAIT_S
        online.start()
        taken = serving.wrap_socket(server.accept()[0], server_side=True)
        taken.recv(1)
        taken.sendall(b"\x20\x02\x00\x00")  # CONNACK
        online.wait_online(WAIT_S)
        online.publish("forecalm/v1/home/band/b/data", reading * 1_000_000)
        assert select.select([taken], [], [], WAIT_S)[0], "nothing of it is on its way"
        online.stop()
        came = bytearray()
        with closing(socket.socket(fileno=taken.detach())) as beneath:
            beneath.settimeout(WAIT_S)
            with suppress(ConnectionResetError):
                while some := beneath.recv(1 << 16):
                    came += some
        assert came
        assert reading not in came
