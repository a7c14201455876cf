"""What consent, backpressure and our own errors make of a message; nothing stops the service, nothing is lost."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.admission import Admission, Verdict
from ingest.clock.clocks import Clocks
from ingest.errors import StoreError
from ingest.intake.intake import LATE_S, Handed, Intake
from ingest.intake.writer import CLOCKS
from ingest.received import Received
from ingest.store.protocol import Lost, Name, Run
from ingest.store.sqlite import SqliteStore
from ingest.wire import Packet, Samples, Stored, data_topic, encode

MakePacket = Callable[..., Packet]
WAIT_S = 60.0  # a bound, never waited out where things work
TOPIC = data_topic("home", "b")
KEEP = Admission(Verdict.KEEP, "w-01")


class Bench:
    """An intake with its surroundings."""

    def __init__(self, store: SqliteStore, clocks: Clocks | None = None) -> None:
        self.store = store
        self.handed: queue.Queue[tuple[Received, str | None]] = queue.Queue()
        self.acked: queue.Queue[object] = queue.Queue()
        self.asked: list[tuple[str, float]] = []
        self.verdicts: dict[int, Admission] = {}  # by whole second of the packet's end
        self.now_s = 1e9
        self.clocks = clocks or Clocks()
        self.intake = Intake(
            store=store,
            clocks=self.clocks,
            admit=self.admit,
            on_received=self.hand,
            publish_stored=lambda band, stored: None,
            clock=lambda: self.now_s,
        )

    def admit(self, band: str, at_s: float) -> Admission:
        self.asked.append((band, at_s))
        return self.verdicts.get(round(at_s - 1e9), KEEP)

    def hand(self, handed: Handed) -> None:
        for each in handed:
            self.handed.put(each)

    def send(self, payload: bytes, name: object = None, topic: str = TOPIC) -> None:
        self.intake.receive(topic, payload, lambda: self.acked.put(name))

    def acks(self, n: int) -> list[object]:
        return [self.acked.get(timeout=WAIT_S) for _ in range(n)]


@pytest.fixture
def bench(store: SqliteStore) -> Iterator[Bench]:
    made = Bench(store)
    made.intake.start()
    yield made
    made.intake.stop()


def test_what_no_consent_covers_leaves_nothing_but_its_name(bench: Bench, make_packet: MakePacket) -> None:
    bench.verdicts[1] = Admission(Verdict.DROP, "w-02")
    for seq in range(3):
        bench.now_s = 1e9 + seq
        bench.send(encode(make_packet(seq=seq)), seq)
    assert bench.acks(3) == [0, 1, 2]
    bench.intake.stop()
    assert [received.packet.seq for received in bench.store.packets("b")] == [0, 2]
    assert [bench.handed.get_nowait()[0].packet.seq for _ in range(2)] == [0, 2]
    assert bench.handed.empty()
    assert bench.store.watermark("b", 1) == Run(0, 2)
    assert bench.intake.counters.dropped == 1
    assert bench.store.counts().quarantined == 0


def test_what_a_dropped_packet_says_is_lost_holds_up_no_watermark(bench: Bench, make_packet: MakePacket) -> None:
    bench.verdicts[1] = Admission(Verdict.DROP, "w-02")
    bench.send(encode(make_packet(seq=0)), 0)
    bench.acks(1)
    bench.now_s = 1e9 + 1
    bench.send(encode(make_packet(seq=7, lost=(1, 6))), 7)
    bench.acks(1)
    bench.intake.stop()
    assert bench.intake.counters.dropped == 1
    assert bench.store.watermark("b", 1) == Run(0, 7)


def test_the_end_of_a_packet_in_utc_decides(bench: Bench, make_packet: MakePacket) -> None:
    bench.send(encode(make_packet(seq=0, start_s=500.0)))
    bench.acks(1)
    bench.now_s = 1e9 + 60
    bench.send(encode(make_packet(seq=1, start_s=501.0)))
    bench.acks(1)
    assert [band for band, _ in bench.asked] == ["b", "b"]
    assert [at_s for _, at_s in bench.asked] == pytest.approx([1e9, 1e9 + 1], abs=0.01)


def test_a_band_that_nobody_wears_waits_in_the_store(bench: Bench, make_packet: MakePacket) -> None:
    bench.verdicts[0] = Admission(Verdict.WAIT, None)
    bench.send(encode(make_packet(seq=0)))
    bench.acks(1)
    received, wearer = bench.handed.get(timeout=WAIT_S)
    assert wearer is None
    assert received.packet.seq == 0
    assert bench.store.counts().packets == {"b": 1}
    assert bench.intake.counters.unassigned == 1


def test_what_cannot_be_read_of_somebody_without_consent_is_not_kept_either(bench: Bench) -> None:
    bench.verdicts[0] = Admission(Verdict.DROP, "w-02")
    bench.send(b'{"v":1,"band":"b","boot":1,"seq":0,"tick_us":1,"eda":[0.5]}')
    bench.send(b"\xc1")
    bench.acks(2)
    bench.intake.stop()
    assert bench.store.counts().quarantined == 0
    assert bench.store.watermark("b", 1) == Run(0, 0)
    assert bench.intake.counters.dropped == 2


def test_everything_is_counted(bench: Bench, make_packet: MakePacket) -> None:
    ppg = Samples(rate_hz=4.0, tick_us=0, values=np.array([1.0, 5e9]).tobytes(), dtype="f8")
    bench.send(encode(make_packet(seq=8, rates_hz={"eda": 4.0}, lost=(3, 7))))
    bench.acks(1)
    bench.now_s += LATE_S + 2
    bench.send(encode(make_packet(seq=9, rates_hz={}, start_s=8.5, ppg=ppg)))
    bench.send(b"\xc1")
    bench.acks(2)
    counters = bench.intake.counters
    assert (counters.messages, counters.samples, counters.repaired, counters.lost) == (3, 6, 1, 5)
    assert (counters.late, counters.duplicates, counters.quarantined) == (1, 0, {"form": 1})
    assert (counters.dropped, counters.unassigned, counters.held_back_s) == (0, 0, 0.0)


def test_a_run_declared_lost_counts_as_stored(bench: Bench, make_packet: MakePacket) -> None:
    bench.send(encode(make_packet(seq=0)))
    bench.send(encode(make_packet(seq=1_000_000_000, lost=(1, 999_999_999))))
    bench.acks(2)
    assert bench.store.watermark("b", 1) == Run(0, 1_000_000_000)


@pytest.mark.parametrize("lost", [(3, 9), (9, 9), (10, 1 << 52)])
def test_numbers_that_may_still_come_cannot_be_declared_lost(
    bench: Bench, make_packet: MakePacket, lost: tuple[int, int]
) -> None:
    bench.send(encode(make_packet(seq=9, lost=lost)))
    bench.send(encode(make_packet(seq=10)))
    bench.acks(2)
    assert bench.store.counts().packets == {"b": 1}
    assert bench.store.counts().quarantined == 1


class Held:
    """A store that cannot write until it is let go."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.tries = 0
        self.tried = threading.Event()  # twice
        self.let_go = threading.Event()

    def commit(self, batch: Sequence[Received], *, dropped: Sequence[Name] = (), lost: Sequence[Lost] = ()) -> int:
        if self.tries:
            self.tried.set()
        self.tries += 1
        if not self.let_go.is_set():
            raise StoreError("the disk is full")
        return self.store.commit(batch, dropped=dropped, lost=lost)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


@pytest.mark.parametrize("limit", ["WAITING_MAX", "WAITING_MAX_BYTES"])
def test_a_store_that_stands_still_holds_the_sender_back_and_loses_nothing(
    store: SqliteStore, make_packet: MakePacket, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    payloads = [encode(make_packet(seq=seq, rates_hz={"eda": 4.0})) for seq in range(60)]
    monkeypatch.setattr("ingest.intake.writer.RETRY_S", 0.01)
    monkeypatch.setattr(f"ingest.intake.waiting.{limit}", 20 if limit == "WAITING_MAX" else 20 * len(payloads[0]))
    held = Held(store)
    bench = Bench(held)
    bench.intake.start()
    went_in: queue.Queue[int] = queue.Queue()

    def send() -> None:
        for seq, payload in enumerate(payloads):
            bench.send(payload, seq)
            went_in.put(seq)

    sender = threading.Thread(target=send)
    sender.start()
    assert [went_in.get(timeout=WAIT_S) for _ in range(20)] == list(range(20))
    seen = [bench.handed.get(timeout=WAIT_S)[0].packet.seq for _ in range(20)]
    assert seen == list(range(20))  # the engine saw all that was let in, though nothing could be stored
    assert held.tried.wait(WAIT_S)
    assert bench.intake.counters.waiting <= 21
    assert bench.intake.counters.held_back_s > 0
    assert bench.acked.empty()
    assert went_in.empty()
    held.let_go.set()
    sender.join(WAIT_S)
    assert sorted(bench.acks(60)) == list(range(60))
    bench.intake.stop()
    assert store.watermark("b", 1) == Run(0, 59)
    assert (bench.intake.counters.waiting, bench.intake.counters.waiting_bytes) == (0, 0)


def test_a_message_that_we_fail_on_is_put_away_by_itself(
    bench: Bench, make_packet: MakePacket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    through = bench.clocks.map

    def fails_on_one(packet: Packet, received_s: float) -> float:
        if packet.seq == 1:
            raise ZeroDivisionError
        return through(packet, received_s)

    monkeypatch.setattr(bench.clocks, "map", fails_on_one)
    for seq in range(4):
        bench.send(encode(make_packet(seq=seq)), seq)
    assert sorted(bench.acks(4)) == [0, 1, 2, 3]
    bench.intake.stop()
    assert not bench.intake.failed.is_set()
    assert bench.store.counts().quarantined == 1
    assert bench.store.counts().packets == {"b": 3}
    assert bench.store.watermark("b", 1) == Run(0, 3)
    assert bench.intake.counters.quarantined == {"ours": 1}
    assert "goes to quarantine" in caplog.text


def test_what_was_learnt_of_the_clocks_survives_a_restart(store: SqliteStore, make_packet: MakePacket) -> None:
    for seq in (0, 1):
        bench = Bench(store)
        bench.intake.start()
        assert (store.recall(CLOCKS) is None) == (seq == 0)
        bench.now_s = 1e9 + seq
        bench.send(encode(make_packet(seq=seq)))
        bench.intake.stop()
    assert len(bench.clocks.states()) == 1


def test_a_snapshot_of_the_clocks_that_is_damaged_is_told_and_learnt_anew(
    store: SqliteStore, make_packet: MakePacket, caplog: pytest.LogCaptureFixture
) -> None:
    store.remember(CLOCKS, b"nonsense")
    bench = Bench(store)
    bench.intake.start()
    bench.send(encode(make_packet(seq=0)))
    bench.acks(1)
    bench.intake.stop()
    assert "learnt anew" in caplog.text


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), 1 << 63)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
SANE = st.fixed_dictionaries(
    {"rate_hz": st.floats(0.001, 5000.0), "tick_us": st.integers(0, 1 << 53), "values": st.binary(max_size=48)},
    optional={"dtype": st.sampled_from(["f4", "f8", "i2", "u1"]), "scale": st.floats()},
)
FIELDS = {field: JSON | SANE for field in Packet.__struct_fields__} | {
    "seq": st.integers(-1, 1 << 53) | JSON,
    "boot": st.integers(-1, 1 << 53) | JSON,
    "tick_us": st.integers(-1, 1 << 53) | JSON,
    "heard_us": st.none() | st.integers(0, (1 << 53) - 1) | JSON,
    "lost": st.none() | st.lists(st.integers(-1, 1 << 53), min_size=1, max_size=3) | JSON,
    "gateway": st.none() | st.text(max_size=70) | JSON,
}
MESSAGES = st.binary(max_size=40) | st.fixed_dictionaries({}, optional=FIELDS).map(
    lambda fields: msgspec.msgpack.encode({"v": 1, "band": "b", "boot": 1, "seq": 1, "tick_us": 1, **fields})
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(MESSAGES, max_size=6), st.floats(0, 4e9))
def test_whatever_is_sent_is_stored_or_quarantined_and_acknowledged(
    bench: Bench, payloads: list[bytes], now_s: float
) -> None:
    bench.now_s = now_s
    for number, payload in enumerate(payloads):
        bench.send(payload, number)
    assert sorted(bench.acks(len(payloads))) == list(range(len(payloads)))
    assert not bench.intake.failed.is_set()
    assert "ours" not in bench.intake.counters.quarantined


def test_stored_is_said_of_duplicates_too(store: SqliteStore, make_packet: MakePacket) -> None:
    for _ in range(2):
        told: queue.Queue[Stored] = queue.Queue()
        bench = Bench(store)
        bench.intake._writer._watermarks._publish = lambda band, stored, told=told: told.put(stored)
        bench.intake.start()
        bench.send(encode(make_packet(seq=5)))
        assert told.get(timeout=WAIT_S) == Stored(v=1, boot=1, since=5, seq=5)
        bench.intake.stop()
