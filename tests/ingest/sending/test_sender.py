"""A sender and its broker: what nobody said is stored is sent again, a broker may go and come, a process may die."""

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from paho.mqtt.client import Client

from ingest.control.messages import (
    BandEvent,
    BandStatus,
    Command,
    GatewayStatus,
    Nearby,
    Roster,
    Seen,
    decode_message,
    encode_message,
)
from ingest.control.standing import Standing
from ingest.errors import SourceError, WireError
from ingest.sending.broker import Broker
from ingest.sending.connection import Connection
from ingest.sending.sender import BACKLOG_MAX, Sender
from ingest.sending.spool import Spool
from ingest.wire import Packet, Stored
from tests.ingest.sending.brokers import SITE, WAIT_S, Running, Service
from tests.servers import free_port, until

NEVER = threading.Event()
ALL = f"forecalm/v1/{SITE}/#"


def packet(seq: int, *, band: str = "b", boot: int = 7) -> Packet:
    return Packet(v=1, band=band, boot=boot, seq=seq, tick_us=seq, heard_us=1_000 + seq)


def sender(running: Running, spool: Spool | None = None, **more: object) -> Sender:
    return Sender(running.address, site=SITE, gateway="hall", spool=spool or Spool.in_memory(), **more)  # type: ignore[arg-type]


def go_offline(running: Running, gateway: Sender) -> None:
    running.stop()
    until(lambda: not gateway.online)


@pytest.fixture
def find(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Senders look for no broker until this is called: so a service is there before them."""
    waiting: list[Connection] = []
    start = Connection.start
    monkeypatch.setattr(Connection, "start", lambda self: waiting.append(self))
    return lambda: start(waiting.pop())


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Open; while somebody has it cleared, senders that lost their broker look for none."""
    opened, before = threading.Event(), Connection._before

    def wait(self: Connection, client: Client, of_client: object) -> None:
        opened.wait(WAIT_S)
        before(self, client, of_client)

    opened.set()
    monkeypatch.setattr(Connection, "_before", wait)
    return opened


def test_what_is_stored_is_let_go_and_the_end_waits_for_it(broker: Running) -> None:
    with Service(broker.port) as store, sender(broker) as gateway:
        gateway.wait_online(WAIT_S)
        for seq in range(5):
            gateway.send(packet(seq))
        heard = store.next(5)
        assert [one.seq for one in heard] == list(range(5))
        assert {(one.gateway, one.sent_us is None) for one in heard} == {("hall", False)}
        threading.Timer(0.2, store.say_stored, ("b", 7, 0, 4)).start()
        assert gateway.drain(NEVER) == 0
        assert gateway.sendings().resent == 0
        assert gateway.stored("b") == [Stored(v=1, boot=7, since=0, seq=4)]


def test_what_a_broker_took_with_it_is_sent_again_as_the_same_packet(broker: Running, door: threading.Event) -> None:
    with sender(broker) as gateway:
        gateway.wait_online(WAIT_S)
        gateway.send(packet(0))
        until(lambda: gateway.sendings().acknowledged == 1)
        door.clear()
        go_offline(broker, gateway)
        for seq in (1, 2):
            gateway.send(packet(seq))
        until(lambda: gateway.kept("b", 7) == [(0, 2)])
        broker.start()
        with Service(broker.port) as store:
            door.set()
            got = {one.seq: one for one in store.next(3)}
            assert [got[seq].heard_us for seq in range(3)] == [1_000, 1_001, 1_002]
            assert all(one.sent_us is not None for one in got.values())
            store.say_stored("b", 7, 0, 2)
            assert gateway.drain(NEVER) == 0


def test_the_present_comes_before_the_backlog_when_a_broker_is_back(broker: Running, find: Callable[[], None]) -> None:
    """Two bands' three hundred packets wait; one that is made now has no more than what is under way before it."""
    with sender(broker, resend_hz=1.0) as gateway, Service(broker.port) as store:
        for seq in range(150):
            gateway.send(packet(seq))
            gateway.send(packet(seq, band="c"))
        until(lambda: gateway.sendings().spool.packets == 300)
        find()
        first = store.next(1)
        gateway.send(packet(150))
        heard = [*first, *store.until(lambda one: one.seq == 150)]
        assert len(heard) <= 1 + BACKLOG_MAX + 20, "it waited for the backlog"
        while len({one.band for one in heard if one.seq != 150}) < 2:
            heard += store.next(1)
    for band in "bc":
        mine = [one.seq for one in heard if one.band == band and one.seq != 150]
        assert mine == list(range(len(mine))), "of a band the oldest comes first"


def test_a_backlog_is_sent_no_faster_than_allowed(broker: Running, find: Callable[[], None]) -> None:
    with sender(broker, resend_hz=1.0) as gateway, Service(broker.port) as store:
        for seq in range(2 * BACKLOG_MAX):
            gateway.send(packet(seq))
        until(lambda: gateway.sendings().spool.packets == 2 * BACKLOG_MAX)
        find()
        store.next(1)
        assert gateway.sendings().resent <= BACKLOG_MAX + int(WAIT_S)


def test_a_packet_that_comes_again_is_sent_once(broker: Running) -> None:
    with Service(broker.port) as store, sender(broker) as gateway:
        gateway.wait_online(WAIT_S)
        for seq in (0, 1, 0, 1, 2):
            gateway.send(packet(seq))
        assert [one.seq for one in store.next(3)] == [0, 1, 2]
        until(lambda: gateway.sendings().acknowledged == 3)
        assert gateway.sendings().publishes == 3


def test_what_has_no_room_is_declared_lost_by_what_comes_next(broker: Running) -> None:
    spool = Spool.in_memory(limit=1_000)
    with Service(broker.port) as store, sender(broker, spool) as gateway:
        gateway.wait_online(WAIT_S)
        lost: set[int] = set()
        seqs: set[int] = set()
        for seq in range(40):
            gateway.send(packet(seq))
            (heard,) = store.next(1)
            seqs.add(heard.seq)
            lost |= set() if heard.lost is None else set(range(heard.lost[0], heard.lost[1] + 1))
        contents = gateway.sendings().spool
        (kept,) = gateway.kept("b", 7)
    assert contents.let_go == 40 - contents.packets > 30
    assert lost <= set(range(kept[0]))
    assert set(range(kept[0] - 2)) <= lost, "but for the last, which the next packet would have declared"


def test_a_sender_starts_without_a_broker_and_finds_it_later(broker: Running, tmp_path: Path) -> None:
    broker.stop()
    with sender(broker, Spool.on_disk(tmp_path / "spool")) as gateway:
        gateway.send(packet(0))
        until(lambda: gateway.kept("b", 7) == [(0, 0)])
        with pytest.raises(SourceError, match=f"broker 127.0.0.1:{broker.port}: nobody answers there.*forecalm broker"):
            gateway.wait_online(WAIT_S)
        broker.start()
        with Service(broker.port) as store:
            assert store.next(1)[0].seq == 0


def test_a_broker_that_refuses_is_named_with_its_reason(mosquitto: str, tmp_path: Path) -> None:
    running = Running(mosquitto, tmp_path, "allow_anonymous false")
    try:
        with sender(running) as gateway, pytest.raises(SourceError, match=r"[Nn]ot authori[sz]ed: look at user"):
            gateway.wait_online(WAIT_S)
    finally:
        running.stop()


def test_a_password_is_never_shown() -> None:
    assert "secret" not in repr(Broker(username="u", password="secret"))  # noqa: S106


def test_names_that_no_topic_may_hold_are_refused_at_once(broker: Running) -> None:
    with pytest.raises(WireError, match="site 'a/b'"):
        Sender(broker.address, site="a/b", gateway="hall", spool=Spool.in_memory())
    with sender(broker) as gateway, pytest.raises(WireError, match="band '#'"):
        gateway.send(packet(0, band="#"))


KILLED = """
import sys, pathlib
from ingest.sending.broker import Broker
from ingest.sending.connection import Connection
from ingest.sending.sender import Sender
from ingest.sending.spool import Spool
from ingest.wire import Packet
broker = Broker(port=int(sys.argv[1]), username="u", password="p")
with Sender(broker, site="home", gateway="hall", spool=Spool.on_disk(pathlib.Path(sys.argv[2]))) as gateway:
    gateway.wait_online(60)
    for seq in range(10**9):
        gateway.send(Packet(v=1, band="b", boot=7, seq=seq, tick_us=seq, heard_us=seq))
        gateway.wait_room(60)
"""


def test_after_a_kill_all_that_was_ever_published_is_still_kept_and_sent_by_the_next_process(
    broker: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Service(broker.port) as store:
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(broker.port), tmp_path / "spool"])
        heard = {one.seq for one in store.next(300)}
        process.send_signal(signal.SIGKILL)
        process.wait(WAIT_S)
        store.say_stored("b", 7, 0, 99)
    monkeypatch.setattr("ingest.sending.sender.GRACE_S", WAIT_S)  # for the broker, however slow, to say what is stored
    with Service(broker.port) as store, sender(broker, Spool.on_disk(tmp_path / "spool")) as gateway:
        until(lambda: bool(gateway.stored("b")))
        gateway._backlog_from_s = 0.0
        wanted = {seq for seq in heard if seq > 99}
        got = [one.seq for one in store.next(len(wanted))]
        assert got[:50] == list(range(100, 150)), "what is stored is not sent again, the oldest of the rest is first"
        (run,) = gateway.kept("b", 7)
        assert run[0] == 100
        assert run[1] >= max(heard)
        store.say_stored("b", 7, 0, run[1])
        assert gateway.drain(NEVER) == 0


def test_a_watermark_outlives_the_process(broker: Running, tmp_path: Path) -> None:
    with Service(broker.port) as store, sender(broker, Spool.on_disk(tmp_path / "spool")) as gateway:
        gateway.send(packet(0))
        store.next(1)
        store.say_stored("b", 7, 0, 0)
        assert gateway.drain(NEVER) == 0
    broker.stop()
    with sender(broker, Spool.on_disk(tmp_path / "spool")) as gateway:
        until(lambda: gateway.stored("b") == [Stored(v=1, boot=7, since=0, seq=0)])


def test_what_is_no_watermark_lets_nothing_go_and_is_told_once(
    broker: Running, caplog: pytest.LogCaptureFixture
) -> None:
    heard: queue.Queue[str] = queue.Queue()
    with (
        Service(broker.port) as store,
        sender(broker, on_stored=lambda band, _: heard.put(band)) as gateway,
    ):
        gateway.wait_online(WAIT_S)
        gateway.send(packet(0))
        store.next(1)
        for nonsense in (b"stored!", b"\xff", b"{}", b'{"v": 1, "boot": 7, "since": -1, "seq": 9}'):
            store.say(f"forecalm/v1/{SITE}/band/b/stored", nonsense)
        store.say_stored("x", 1, 0, 0)
        assert heard.get(timeout=WAIT_S) == "x"
        assert gateway.kept("b", 7) == [(0, 0)]
    assert caplog.text.count("band/b/stored: not understood") == 1


def test_a_gateway_is_born_says_how_it_does_and_says_good_bye(broker: Running) -> None:
    with Service(broker.port, f"forecalm/v1/{SITE}/gateway/+/status") as ears:
        with sender(broker, version="1.2") as gateway:
            first = ears.other(GatewayStatus)
            assert (first.online, first.version, first.links, first.radio_us) == (True, "1.2", 0, None)
            gateway.send(packet(0))
            until(lambda: gateway.kept("b", 7) == [(0, 0)])
            gateway.status(radio_us=17, links=2, links_max=7)
            second = ears.other(GatewayStatus)
            assert (second.online, second.radio_us, second.links, second.links_max) == (True, 17, 2, 7)
            assert second.kept_packets == 1
            assert 0 < second.kept_bytes < second.kept_max_bytes
        assert ears.other(GatewayStatus).online is False


def test_a_gateway_that_is_killed_is_said_to_be_offline(broker: Running, tmp_path: Path) -> None:
    with Service(broker.port, f"forecalm/v1/{SITE}/gateway/+/status") as ears:
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(broker.port), tmp_path / "spool"])
        assert ears.other(GatewayStatus).online
        process.send_signal(signal.SIGKILL)
        process.wait(WAIT_S)
        until(lambda: not ears.other(GatewayStatus).online)


def test_what_a_gateway_tells_of_its_bands_goes_where_it_belongs(broker: Running) -> None:
    seen = Seen(band="b", profile="forecalm", address="aa:bb", heard_us=5, rssi=-60)
    topics = ("band/+/status/+", "band/+/event", "gateway/+/nearby")
    with (
        Service(broker.port, *(f"forecalm/v1/{SITE}/{topic}" for topic in topics)) as ears,
        sender(broker, clock=lambda: 2.0) as gateway,
    ):
        gateway.wait_online(WAIT_S)
        gateway.band_status("b", Standing(state="lost", since_us=3, reason="out of reach", seen=seen, backlog=4))
        expected = BandStatus(
            v=1, at_us=2_000_000, gateway="hall", state="lost", since_us=3, reason="out of reach", seen=seen, backlog=4
        )
        assert ears.other(BandStatus, f"forecalm/v1/{SITE}/band/b/status/hall") == expected
        gateway.event("b", "double_tap", at_us=8, boot=7, tick_us=9)
        event = BandEvent(v=1, at_us=8, gateway="hall", band="b", kind="double_tap", boot=7, tick_us=9)
        assert ears.other(BandEvent, f"forecalm/v1/{SITE}/band/b/event") == event
        gateway.nearby([seen])
        nearby = Nearby(v=1, at_us=2_000_000, gateway="hall", bands=[seen])
        assert ears.other(Nearby, f"forecalm/v1/{SITE}/gateway/hall/nearby") == nearby


def test_what_happened_while_no_broker_was_there_is_told_afterwards_and_of_a_status_the_newest(
    broker: Running, find: Callable[[], None]
) -> None:
    topics = [f"forecalm/v1/{SITE}/{topic}" for topic in ("band/+/status/+", "band/+/event", "gateway/+/nearby")]
    with sender(broker) as gateway, Service(broker.port, *topics) as ears:
        gateway.nearby([])
        gateway.band_status("b", Standing(state="connecting", since_us=1))
        gateway.band_status("b", Standing(state="connected", since_us=2))
        gateway.event("b", "button", at_us=8)
        gateway.send(packet(0))
        until(lambda: gateway.kept("b", 7) == [(0, 0)])
        find()
        said = {message.topic.split("/")[5]: message.payload for message in ears.some(2)}
        assert decode_message(said["status"], BandStatus).state == "connected"
        assert decode_message(said["event"], BandEvent).at_us == 8


def test_a_roster_and_commands_are_heard_once_and_in_time(broker: Running) -> None:
    heard: queue.Queue[tuple[object, str | None]] = queue.Queue()
    roster = Roster(v=1, at_us=1, bands=["b"])
    now_us = 5_000_000

    def command(name: str, expires_us: int, *, at_us: int = 1) -> bytes:
        return encode_message(Command(v=1, at_us=at_us, id=name, do="identify", seconds=3, expires_us=expires_us))

    def hear(command: Command, band: str | None) -> None:
        heard.put((command.id, band))
        raise RuntimeError("an error of the listener's")

    with Service(broker.port) as store:
        store.say(f"forecalm/v1/{SITE}/roster", encode_message(roster), retain=True)
        with sender(
            broker,
            on_roster=lambda said, _retained: heard.put((said, None)),
            on_command=hear,
            clock=lambda: now_us / 1e6,
        ) as gateway:
            gateway.wait_online(WAIT_S)
            assert heard.get(timeout=WAIT_S) == (roster, None)
            store.say(f"forecalm/v1/{SITE}/band/b/command", command("prompt", now_us + 1, at_us=now_us))
            store.say(f"forecalm/v1/{SITE}/band/b/command", command("late", now_us - 1))
            store.say(f"forecalm/v1/{SITE}/gateway/attic/command", command("not_ours", now_us + 1))
            for _ in range(2):
                store.say(f"forecalm/v1/{SITE}/band/b/command", command("one", now_us + 1))
            store.say(f"forecalm/v1/{SITE}/gateway/hall/command", command("two", now_us + 1))
            assert [heard.get(timeout=WAIT_S) for _ in range(3)] == [("prompt", "b"), ("one", "b"), ("two", None)]
            assert not gateway.failed.is_set(), "whatever a listener does"


def test_without_a_broker_a_sender_ends_at_once() -> None:
    with Sender(Broker(port=free_port()), site=SITE, gateway="hall", spool=Spool.in_memory()) as gateway:
        gateway.send(packet(0))
        until(lambda: gateway.kept("b", 7) == [(0, 0)])
        assert gateway.drain(NEVER, patience_s=0.1) == 1


def test_a_disk_that_is_full_is_told_and_packets_go_on(
    broker: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sending.disk.RETRY_S", 0.0)
    spool = Spool.on_disk(tmp_path / "spool")
    spool._storage._db.execute("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]
    with Service(broker.port) as store, sender(broker, spool) as gateway:
        gateway.wait_online(WAIT_S)
        for seq in range(200):
            gateway.send(packet(seq))
        assert len(store.next(200)) == 200
        assert "full" in (gateway.sendings().spool.trouble or "")
        spool._storage._db.execute("PRAGMA max_page_count = 1000000")  # type: ignore[attr-defined]
        gateway.send(packet(200))
        until(lambda: gateway.sendings().spool.trouble is None)
    assert caplog.text.count("in memory alone: make room") == 1
    again = Spool.on_disk(tmp_path / "spool")
    again.resume(0.0)
    assert again.kept("b", 7) == [(0, 200)]
    again.close()


def test_what_a_gateway_said_of_a_band_in_an_earlier_life_is_taken_back_and_what_it_says_now_stands(
    broker: Running,
) -> None:
    """A gateway that was killed said "connected" last; started again without the band, that must not stand."""
    mine = f"forecalm/v1/{SITE}/band/{{}}/status/hall"
    old = encode_message(BandStatus(v=1, at_us=1, gateway="hall", state="connected", since_us=1))
    other = encode_message(BandStatus(v=1, at_us=1, gateway="attic", state="connected", since_us=1))
    with Service(broker.port, f"forecalm/v1/{SITE}/band/+/status/+") as ears:
        for band in "bc":
            ears.say(mine.format(band), old, retain=True)
        ears.say(f"forecalm/v1/{SITE}/band/b/status/attic", other, retain=True)
        ears.some(3)
        with sender(broker) as gateway:
            gateway.band_status("c", Standing(state="lost", since_us=2))
            gateway.wait_online(WAIT_S)
            said: dict[str, bytes] = {}
            while len(said) < 2 or not said[mine.format("c")]:
                (message,) = ears.some(1)
                said[message.topic] = message.payload
            assert said[mine.format("b")] == b""
            assert decode_message(said[mine.format("c")], BandStatus).state == "lost"
            gateway.forget_band("c")
            (gone,) = ears.some(1)
            assert (gone.topic, gone.payload) == (mine.format("c"), b"")
    with Service(broker.port, f"forecalm/v1/{SITE}/band/+/status/+") as later:
        (kept,) = later.some(1)
        assert kept.topic == f"forecalm/v1/{SITE}/band/b/status/attic"
