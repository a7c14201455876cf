"""Any interleaving of commit, settle, erase and restart against a plain model of the protocol, for every store."""

import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ingest.received import Received
from ingest.store.protocol import Erased, Mapping, Name, Run, Store
from ingest.wire import Intervals

UTC_S = 1e9
MakeReceived = Callable[..., Received]
BANDS, BOOTS, SEQS = ("a", "b"), (1, 2), 10
LOST = st.one_of(st.none(), st.tuples(st.integers(0, SEQS), st.integers(0, SEQS)).map(lambda two: tuple(sorted(two))))
NAMES = st.tuples(st.sampled_from(BANDS), st.sampled_from(BOOTS), st.integers(0, SEQS))
EXAMPLES = int(os.environ.get("FORECALM_TEST_EXAMPLES", "30"))
SLOWER = 10  # times fewer examples for a store behind a server, where a look takes 100 ms
SECONDS = st.one_of(st.integers(-1, 2 * SEQS).map(float), st.just(-math.inf), st.just(math.inf))


def _reaches(received: Received, since_s: float, until_s: float) -> bool:
    start_s, end_s = received.span_s()
    return start_s < until_s and (end_s > since_s or start_s >= since_s)


class Model:
    """The protocol in a few lines of Python."""

    def __init__(self) -> None:
        self.kept: dict[Name, Received] = {}
        self.handled: dict[tuple[str, int], set[int]] = {}
        self.first: dict[tuple[str, int], int] = {}
        self.mapping: dict[tuple[str, int], tuple[int, float]] = {}
        self.arrival: dict[tuple[str, int], float] = {}
        self.refused = 0

    def handle(self, name: Name) -> bool:
        band, boot, seq = name
        self.first.setdefault((band, boot), seq)
        seqs = self.handled.setdefault((band, boot), set())
        new = seq not in seqs
        seqs.add(seq)
        return new

    def commit(self, batch: list[Received], dropped: list[Name]) -> int:
        new = 0
        for received in batch:
            packet = received.packet
            key = packet.band, packet.boot
            if self.handle((*key, packet.seq)):
                new += 1
                self.kept[(*key, packet.seq)] = received
                if packet.tick_us >= self.mapping.get(key, (-1, 0.0))[0]:
                    self.mapping[key] = packet.tick_us, received.offset_s
                self.arrival[key] = max(self.arrival.get(key, -math.inf), received.received_s)
            if packet.lost is not None:
                self.handled[key].update(range(packet.lost[0], packet.lost[1] + 1))
        for name in dropped:
            self.handle(name)
        return new

    def erase(self, band: str, since_s: float, until_s: float) -> Erased:
        gone = [name for name, r in self.kept.items() if name[0] == band and _reaches(r, since_s, until_s)]
        samples = sum(self.kept.pop(name).samples() for name in gone)
        return Erased(len(gone), samples)

    def of(self, band: str) -> list[Received]:
        found = [received for name, received in self.kept.items() if name[0] == band]
        return sorted(found, key=lambda r: (r.span_s()[0], r.packet.boot, r.packet.seq))

    def watermark(self, band: str, boot: int) -> Run | None:
        if (band, boot) not in self.first:
            return None
        since = seq = self.first[band, boot]
        while since - 1 in self.handled[band, boot]:
            since -= 1
        while seq + 1 in self.handled[band, boot]:
            seq += 1
        return Run(since, seq)

    def last_mappings(self) -> set[Mapping]:
        return {Mapping(band, boot, *self.mapping[band, boot]) for band, boot, _ in self.kept}


class Machine(RuleBasedStateMachine):
    """Does the same to a store and to the model, and asks both the same."""

    def __init__(self, make_store: Callable[[Path], Store], make_received: MakeReceived) -> None:
        super().__init__()
        self.make_store, self.make_received = make_store, make_received
        self.folder = tempfile.TemporaryDirectory()
        self.store = make_store(Path(self.folder.name))
        self.model = Model()
        self.now_s = UTC_S

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @initialize(seconds=st.integers(0, 3_000))
    def begin(self, seconds: int) -> None:
        self.now_s = UTC_S + seconds

    def packet(self, name: Name, lost: tuple[int, int] | None, late_s: float) -> Received:
        """The one packet of that name; some are empty, some hold beats, boots overlap, none is like another."""
        band, boot, seq = name
        rates_hz = {} if seq % 7 == 3 else {"eda": 4.0, "motion": 32.0} if seq % 2 else {"eda": 4.0}
        ibi = Intervals(tick_us=[seq * 1_000_000 + 500_000], interval_s=[0.8 + seq / 100]) if seq % 3 == 0 else None
        lost = None if lost is None or lost[0] <= seq <= lost[1] else lost
        return self.make_received(
            band=band, boot=boot, seq=seq, start_s=float(seq), rates_hz=rates_hz, ibi=ibi, lost=lost,
            offset_s=UTC_S + 0.3 * boot + (0.001 if seq > 6 else 0.0), late_s=late_s,
        )  # fmt: skip

    @rule(names=st.lists(NAMES, max_size=8), lost=LOST, dropped=st.lists(NAMES, max_size=2), late=st.integers(0, 900))
    def commit(self, names: list[Name], lost: tuple[int, int] | None, dropped: list[Name], late: int) -> None:
        batch = [self.packet(name, lost if i == 0 else None, float(late)) for i, name in enumerate(names)]
        assert self.store.commit(batch, dropped=dropped) == self.model.commit(batch, dropped)

    @rule(band=st.sampled_from(BANDS), boot=st.sampled_from(BOOTS))
    def commit_a_whole_boot(self, band: str, boot: int) -> None:
        batch = [self.packet((band, boot, seq), None, 0.0) for seq in range(SEQS)]
        assert self.store.commit(batch) == self.model.commit(batch, [])

    @rule(name=NAMES)
    def quarantine(self, name: Name) -> None:
        self.model.refused += 1
        payload = b"odd %d" % self.model.refused
        self.store.quarantine("t", payload, "odd", UTC_S - 1e6, name=name)
        self.model.handle(name)

    @rule(everything=st.booleans(), seconds=st.integers(0, 600))
    def settle(self, everything: bool, seconds: int) -> None:
        self.now_s += seconds
        self.store.settle(self.now_s, everything=everything)

    @rule(band=st.sampled_from(BANDS), since=SECONDS, seconds=SECONDS)
    def erase(self, band: str, since: float, seconds: float) -> None:
        since_s, until_s = UTC_S + since, UTC_S + since + abs(seconds) if math.isfinite(since) else math.inf
        since_s = max(since_s, UTC_S - 10)  # what is in quarantine came long before
        assert self.store.erase(band, since_s, until_s) == self.model.erase(band, since_s, until_s)

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = self.make_store(Path(self.folder.name))

    @rule(band=st.sampled_from(BANDS), since=SECONDS, until=SECONDS)
    def look(self, band: str, since: float, until: float) -> None:
        since_s, until_s = UTC_S + since, UTC_S + until
        within = [r for r in self.model.of(band) if since_s <= r.span_s()[0] < until_s]
        assert [_told(r) for r in self.store.packets(band, since_s, until_s)] == [_told(r) for r in within]
        for channel in ("eda", "motion", "ibi"):
            _same_samples(self.store, self.model, band, channel, since_s, until_s)

    @invariant()
    def they_agree(self) -> None:
        counts = self.store.counts()
        kept = {band: self.model.of(band) for band in BANDS if self.model.of(band)}
        assert counts.packets == {band: len(of) for band, of in kept.items()}
        assert counts.samples == {band: sum(r.samples() for r in of) for band, of in kept.items()}
        assert counts.quarantined == self.model.refused
        for band in BANDS:
            for boot in BOOTS:
                assert self.store.watermark(band, boot) == self.model.watermark(band, boot)
        assert set(self.store.last_mappings()) == self.model.last_mappings()
        for summary in self.store.bands():
            of = kept.pop(summary.band)
            assert (summary.first_s, summary.last_s) == (
                min(r.span_s()[0] for r in of), max(r.span_s()[1] for r in of)
            )  # fmt: skip
            assert summary.boots == len({r.packet.boot for r in of})
        assert kept == {}

    @rule()
    def check(self) -> None:
        assert self.store.check() == []


def _told(received: Received) -> tuple[object, ...]:
    return received.packet, received.offset_s, received.received_s


def _same_samples(store: Store, model: Model, band: str, channel: str, since_s: float, until_s: float) -> None:
    """Every sample in the range is told, in order of its block, at its time to within 0.1 ms."""
    blocks = [
        block for r in model.of(band) for block in r.blocks()
        if block.channel == channel and block.start_s < until_s and block.end_s > since_s
    ]  # fmt: skip
    found = list(store.read(band, channel, since_s, until_s))
    assert [block.start_s for block in found] == sorted(block.start_s for block in found)
    np.testing.assert_allclose(_rows(found, since_s, until_s), _rows(blocks, since_s, until_s), rtol=0, atol=1e-4)


def _rows(blocks: list, since_s: float, until_s: float) -> np.ndarray:  # type: ignore[type-arg]
    """(n, 1 + axes): time and values of every sample in the range, in order; the first and last 0.1 ms left out."""
    rows = [np.empty((0, 1))]
    for block in blocks:
        values = np.atleast_2d(block.values)
        time_s = block.start_s + (np.arange(values.shape[1]) / block.rate_hz if block.rate_hz else values[0])
        values = values if block.rate_hz else values[1:]
        rows.append(np.column_stack([time_s - UTC_S, values.T]))
    if len(rows) == 1:
        return rows[0]
    found = np.concatenate(rows[1:])
    found = found[(found[:, 0] >= since_s - UTC_S + 1e-4) & (found[:, 0] < until_s - UTC_S - 1e-4)]
    return found[np.lexsort([*found.T[:0:-1], np.round(found[:, 0], 3)])]


def test_any_interleaving_answers_like_the_model(
    make_store: Callable[[Path], Store], make_received: MakeReceived, request: pytest.FixtureRequest
) -> None:
    examples = EXAMPLES if "sqlite" in request.node.name else EXAMPLES // SLOWER
    run_state_machine_as_test(
        lambda: Machine(make_store, make_received),
        settings=settings(
            max_examples=examples, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
