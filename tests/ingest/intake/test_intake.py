"""From a message to a stored packet: decoded, handed on, committed, and only then acknowledged."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from ingest.admission import Admission, Verdict
from ingest.clock.clocks import Clocks
from ingest.errors import StoreError
from ingest.intake.intake import Intake
from ingest.received import Received
from ingest.store.protocol import Lost, Name, Run
from ingest.store.sqlite import SqliteStore
from ingest.wire import Packet, Stored, data_topic, encode, encode_json

MakePacket = Callable[..., Packet]
WAIT_S = 60.0  # a bound, never waited out where things work
TOPIC = data_topic("home", "b")


class Bench:
    """An intake with its surroundings: what was handed on, acknowledged and published."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.handed: queue.Queue[Received] = queue.Queue()
        self.hand = self.handed.put
        self.verdict = Admission(Verdict.KEEP, "w-01")
        self.acked: queue.Queue[object] = queue.Queue()
        self.published: queue.Queue[tuple[str, Stored]] = queue.Queue()
        self.now_s = 1e9
        self.intake = Intake(
            store=store,
            clocks=Clocks(),
            admit=lambda band, at_s: self.verdict,
            on_received=lambda handed: [self.hand(received) for received, _ in handed],
            publish_stored=lambda band, stored: self.published.put((band, stored)),
            clock=lambda: self.now_s,
        )

    def send(self, payload: bytes, name: object = None, topic: str = TOPIC) -> None:
        self.intake.receive(topic, payload, lambda: self.acked.put(name))


@pytest.fixture
def bench(store: SqliteStore) -> Iterator[Bench]:
    made = Bench(store)
    made.intake.start()
    yield made
    made.intake.stop()


def test_a_packet_is_handed_on_stored_acknowledged_and_told(bench: Bench, make_packet: MakePacket) -> None:
    packet = make_packet(seq=4)
    bench.send(encode(packet), "first")
    handed = bench.handed.get(timeout=WAIT_S)
    assert handed.packet == packet
    assert bench.acked.get(timeout=WAIT_S) == "first"
    (stored,) = bench.store.packets("b")
    assert stored == handed
    assert stored.offset_s == 1e9 - packet.tick_us * 1e-6
    assert bench.published.get(timeout=WAIT_S) == ("b", Stored(v=1, boot=1, since=4, seq=4))


def test_the_clocks_are_told_to_whoever_asks(bench: Bench, make_packet: MakePacket) -> None:
    bench.send(encode(make_packet(seq=0, gateway="attic", sent_us=round(bench.now_s * 1e6))))
    bench.acked.get(timeout=WAIT_S)
    (clock,), (gateway,) = bench.intake.clocks()
    assert (clock.band, clock.boot, clock.last_s) == ("b", 1, bench.now_s)
    assert (gateway.gateway, gateway.last_s) == ("attic", bench.now_s)


def test_both_forms_of_the_wire_are_taken_in(bench: Bench, make_packet: MakePacket) -> None:
    for seq, form in enumerate((encode, encode_json)):
        bench.send(form(make_packet(seq=seq)), seq)
    assert {bench.acked.get(timeout=WAIT_S) for _ in range(2)} == {0, 1}
    assert bench.store.counts().packets == {"b": 2}


@pytest.mark.parametrize(
    ("payload", "topic", "reason", "kind"),
    [
        (b"\xc1", TOPIC, "not a MessagePack packet", "form"),
        (b"{", TOPIC, "not a JSON packet", "form"),
        (b"", TOPIC, "empty", "size"),
        (
            b'{"v":1,"band":"b","boot":1,"seq":0,"tick_us":1,"eda":{"rate_hz":0,"tick_us":1,"values":[1]}}',
            TOPIC,
            "rate",
            "form",
        ),
        (b'{"v":1,"band":"c","boot":1,"seq":0,"tick_us":1}', TOPIC, "the topic names b, the packet c", "band"),
        (b'{"v":1,"band":"b","boot":1,"seq":0,"tick_us":1}', "elsewhere", "topic", "topic"),
    ],
)
def test_what_cannot_be_used_is_quarantined_and_the_rest_goes_on(
    bench: Bench,
    make_packet: MakePacket,
    caplog: pytest.LogCaptureFixture,
    payload: bytes,
    topic: str,
    reason: str,
    kind: str,
) -> None:
    bench.send(payload, "bad", topic)
    bench.send(encode(make_packet(seq=0)), "good")
    assert [bench.acked.get(timeout=WAIT_S) for _ in range(2)] == ["bad", "good"]
    bench.intake.stop()  # it is handed on and stored by two threads, of which either may be the first
    assert bench.handed.qsize() == 1
    assert bench.store.counts().quarantined == 1
    assert reason in caplog.text
    counters = bench.intake.counters
    assert (counters.messages, counters.samples, counters.duplicates) == (2, 104, 0)
    assert counters.quarantined == {kind: 1}


def test_a_quarantined_packet_holds_up_no_watermark(bench: Bench, make_packet: MakePacket) -> None:
    bench.send(encode(make_packet(seq=0)))
    bench.send(b'{"v":1,"band":"b","boot":1,"seq":1,"tick_us":1,"colour":"red"}')
    bench.send(encode(make_packet(seq=2)))
    bench.intake.stop()
    assert bench.store.watermark("b", 1) == Run(0, 2)


def test_no_band_speaks_for_another(bench: Bench, make_packet: MakePacket) -> None:
    bench.send(encode(make_packet(seq=0)))
    bench.send(encode(make_packet(seq=1)), topic=data_topic("home", "other"))
    bench.intake.stop()
    assert bench.store.watermark("b", 1) == Run(0, 0)
    assert bench.store.counts().quarantined == 1


def test_a_resend_is_counted_and_acknowledged(bench: Bench, make_packet: MakePacket) -> None:
    for name in ("once", "twice"):
        bench.send(encode(make_packet(seq=0)), name)
    assert [bench.acked.get(timeout=WAIT_S) for _ in range(2)] == ["once", "twice"]
    assert bench.store.counts().packets == {"b": 1}
    bench.intake.stop()
    assert bench.intake.counters.duplicates == 1


def test_watermarks_are_rare_and_the_last_one_is_told(
    bench: Bench, make_packet: MakePacket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.intake.watermarks.STORED_EVERY_S", WAIT_S)
    for seq in range(200):
        bench.send(encode(make_packet(seq=seq)), seq)
        if seq % 50 == 0:
            while bench.acked.get(timeout=WAIT_S) != seq:
                pass
    bench.intake.stop()
    told = [bench.published.get_nowait()[1].seq for _ in range(bench.published.qsize())]
    assert told == sorted(told)
    assert told[-1] == 199
    assert len(told) <= 2


def test_stopping_stores_all_that_was_received(store: SqliteStore, make_packet: MakePacket) -> None:
    bench = Bench(store)
    bench.intake.start()
    for seq in range(500):
        bench.send(encode(make_packet(seq=seq, rates_hz={"eda": 4.0})))
    bench.intake.stop()
    assert bench.acked.qsize() == 500
    assert store.watermark("b", 1) == Run(0, 499)
    bench.send(encode(make_packet(seq=500)))
    assert bench.acked.qsize() == 500


def test_a_restart_goes_on_with_the_stored_mapping(store: SqliteStore, make_packet: MakePacket) -> None:
    offsets = []
    for seq, late_s in ((1, 0.0), (2, 2.0)):
        bench = Bench(store)
        bench.intake.start()
        bench.now_s = 1e9 + seq + late_s
        bench.send(encode(make_packet(seq=seq)))
        bench.intake.stop()
        offsets.append(bench.handed.get().offset_s)
    assert offsets[1] - offsets[0] < 1e-3


def test_storing_does_not_wait_for_whoever_gets_the_packets(store: SqliteStore, make_packet: MakePacket) -> None:
    bench, handing_on, go_on = Bench(store), threading.Event(), threading.Event()

    def slow(received: Received) -> None:
        handing_on.set()
        assert go_on.wait(WAIT_S)

    bench.hand = slow
    bench.intake.start()
    bench.send(encode(make_packet(seq=0)), "stored")
    assert handing_on.wait(WAIT_S)
    assert bench.acked.get(timeout=WAIT_S) == "stored"
    go_on.set()
    bench.intake.stop()


def test_what_could_not_be_handed_on_is_stored_all_the_same(bench: Bench, make_packet: MakePacket) -> None:
    bench.hand = lambda received: 1 / 0
    for seq in range(2):
        bench.send(encode(make_packet(seq=seq)), seq)
        assert bench.acked.get(timeout=WAIT_S) == seq
        assert bench.intake.failed.wait(WAIT_S)


def test_names_that_anybody_makes_up_are_not_remembered_for_ever(
    bench: Bench, make_packet: MakePacket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.intake.watermarks.STORED_EVERY_S", 0.0)
    for number in range(50):
        band = f"x-{number}"
        bench.send(encode(make_packet(seq=0, band=band)), topic=data_topic("home", band))
        bench.published.get(timeout=WAIT_S)
    bench.intake.stop()
    assert len(bench.intake._writer._watermarks._told_s) <= 1


class Failing:
    """A store that cannot write until it is mended."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.tried = threading.Event()
        self.mended = threading.Event()

    def commit(self, batch: Sequence[Received], *, dropped: Sequence[Name] = (), lost: Sequence[Lost] = ()) -> int:
        self.tried.set()
        if not self.mended.is_set():
            raise StoreError("the disk is full")
        return self.store.commit(batch, dropped=dropped, lost=lost)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


def test_a_store_that_cannot_write_acknowledges_nothing_and_loses_nothing(
    store: SqliteStore, make_packet: MakePacket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ingest.intake.writer.RETRY_S", 0.01)
    failing = Failing(store)
    bench = Bench(failing)
    bench.intake.start()
    bench.send(encode(make_packet(seq=0)), "kept")
    assert failing.tried.wait(WAIT_S)
    assert bench.acked.empty()
    failing.tried.clear()
    assert failing.tried.wait(WAIT_S)  # the first failure has been put down
    held_back = bench.intake.held_back
    assert held_back is not None
    assert held_back.reason == "the disk is full"
    failing.mended.set()
    assert bench.acked.get(timeout=WAIT_S) == "kept"
    assert bench.intake.held_back is None
    bench.intake.stop()
    assert [r.message for r in caplog.records if r.levelno >= logging.WARNING] == [
        "cannot store, holding messages back: the disk is full",
        "storing again",
    ]


def test_it_can_be_stopped_while_the_store_cannot_write(
    store: SqliteStore, make_packet: MakePacket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.intake.writer.RETRY_S", 0.01)
    monkeypatch.setattr("ingest.intake.waiting.WAITING_MAX", 3)
    failing = Failing(store)
    bench = Bench(failing)
    bench.intake.start()
    sender = threading.Thread(target=lambda: [bench.send(encode(make_packet(seq=seq))) for seq in range(50)])
    sender.start()
    assert failing.tried.wait(WAIT_S)
    bench.intake.stop()
    sender.join(WAIT_S)
    assert not sender.is_alive()
    assert bench.acked.empty()


def test_an_error_of_our_own_is_told_and_nothing_more_is_taken_in(
    store: SqliteStore, make_packet: MakePacket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, handed_on = Bench(store), threading.Event()
    on_received, bench.hand = bench.hand, lambda received: [on_received(received), handed_on.set()]

    def fail(_: Sequence[Received], **__: object) -> int:
        assert handed_on.wait(WAIT_S)
        raise ZeroDivisionError

    monkeypatch.setattr(store, "commit", fail)
    bench.intake.start()
    bench.send(encode(make_packet(seq=0)))
    assert bench.intake.failed.wait(WAIT_S)
    bench.send(encode(make_packet(seq=1)))
    assert bench.handed.qsize() == 1
    assert bench.acked.empty()
    bench.intake.stop()
