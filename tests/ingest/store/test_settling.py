"""What becomes of packets while the place where they are to rest is away, and when it is back."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store.blocks import BlockRest
from ingest.store.inbox import Inbox
from ingest.store.protocol import Counts, Erased, Finish, Run
from ingest.store.settling import PIECE_S, SettlingStore

MakeReceived = Callable[..., Received]
UTC_S = 1e9


class Leaving(BlockRest):
    """A rest that may be away."""

    away = False
    kept: list[int]

    def keep(self, packets: Sequence[Received]) -> Finish:
        self._require()
        self.kept = [*getattr(self, "kept", []), len(packets)]
        return super().keep(packets)

    def erase(self, band: str, since_s: float, until_s: float) -> Finish:
        self._require()
        return super().erase(band, since_s, until_s)

    def _require(self) -> None:
        if self.away:
            raise StoreError("away")


class Picky(BlockRest):
    """A rest that cannot take the packets of band b."""

    def keep(self, packets: Sequence[Received]) -> Finish:
        if packets[0].packet.band == "b":
            raise StoreError("not this one")
        return super().keep(packets)


def _store(folder: Path) -> tuple[SettlingStore, Leaving]:
    inbox = Inbox(folder / "readings.sqlite")
    rest = Leaving(inbox.database)
    return SettlingStore(inbox, rest), rest


def test_a_rest_that_is_away_stops_no_commit_and_no_answer(tmp_path: Path, make_received: MakeReceived) -> None:
    store, rest = _store(tmp_path)
    with closing(store):
        store.commit([make_received(seq=0)])
        store.settle(0.0, everything=True)
        rest.away = True
        for seq in range(1, 4):
            store.commit([make_received(seq=seq)])
            with pytest.raises(StoreError, match="away"):
                store.settle(0.0, everything=True)
            assert [received.packet.seq for received in store.packets("b")] == list(range(seq + 1))
            assert store.watermark("b", 1) == Run(0, seq)
        rest.away = False
        assert store.settle(0.0, everything=True) == 3
        assert store.settle(0.0, everything=True) == 0
        assert store.counts() == Counts({"b": 4}, {"b": 4 * 104}, 0)
        assert store.check() == []


def test_an_erasure_that_finds_the_rest_away_goes_on_when_it_is_back(
    tmp_path: Path, make_received: MakeReceived
) -> None:
    store, rest = _store(tmp_path)
    with closing(store):
        store.commit([make_received(seq=seq) for seq in range(5)])
        store.settle(0.0, everything=True)
        rest.away = True
        with pytest.raises(StoreError, match="away"):
            store.erase("b", UTC_S, UTC_S + 3)
        store.commit([make_received(seq=9, start_s=1.0)])
    store, rest = _store(tmp_path)
    with closing(store):
        store.settle(0.0, everything=True)
        assert [received.packet.seq for received in store.packets("b")] == [9, 3, 4]
        assert store.counts().packets == {"b": 3}
        assert store.erase("b", UTC_S, UTC_S + 99) == Erased(3, 3 * 104)


def test_packets_are_settled_by_pieces_of_five_minutes(tmp_path: Path, make_received: MakeReceived) -> None:
    store, rest = _store(tmp_path)
    with closing(store):
        store.commit([make_received(seq=seq, rates_hz={"eda": 4.0}) for seq in range(700)])
        until_s = (UTC_S // PIECE_S + 1) * PIECE_S
        due = [seq for seq in range(700) if UTC_S + seq + 1 < until_s]
        assert store.settle(until_s + 29) == 0
        assert store.settle(until_s + 30) == len(due)
        store.settle(0.0, everything=True)
        assert rest.kept == [len(due), 300, 400 - len(due)]


def test_packets_that_cannot_be_settled_hold_up_no_others(tmp_path: Path, make_received: MakeReceived) -> None:
    inbox = Inbox(tmp_path / "readings.sqlite")
    rest = Picky(inbox.database)
    with closing(SettlingStore(inbox, rest)) as store:
        store.commit([make_received(band=band, seq=seq) for band in ("a", "b", "c") for seq in range(3)])
        with pytest.raises(StoreError, match="not this one"):
            store.settle(0.0, everything=True)
        assert [boot.band for boot in inbox.waiting(UTC_S * 2)] == ["b"]
        assert store.counts().packets == {"a": 3, "b": 3, "c": 3}
        assert len(list(store.packets("b"))) == 3
        assert store.check() == []


def test_what_does_not_survive_packing_stays_as_it_came(
    tmp_path: Path, make_received: MakeReceived, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> tuple[int, int, int]:
        return -1, 0, 0

    store, _ = _store(tmp_path)
    with closing(store):
        sent = [make_received(seq=seq) for seq in range(3)]
        store.commit(sent)
        with monkeypatch.context() as patch:
            patch.setattr("ingest.store.packing_bits._pack", failing)
            with pytest.raises(StoreError, match="did not survive packing"):
                store.settle(0.0, everything=True)
        assert list(store.packets("b")) == sent
        assert store.settle(0.0, everything=True) == 3


def test_a_long_reading_comes_in_blocks_that_memory_can_hold(
    tmp_path: Path, make_received: MakeReceived, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = _store(tmp_path)
    with closing(store):
        store.commit([make_received(seq=seq, rates_hz={"eda": 4.0}) for seq in range(2000)])
        store.settle(0.0, everything=True)
        (whole,) = store.read("b", "eda", UTC_S, UTC_S + 2000)
        monkeypatch.setattr("ingest.store.blocks.TOGETHER", 3000)
        cut = list(store.read("b", "eda", UTC_S, UTC_S + 2000))
        assert [block.values.size for block in cut] == [2400, 2400, 2400, 800]
        assert [block.start_s for block in cut] == [UTC_S, UTC_S + 600, UTC_S + 1200, UTC_S + 1800]
        np.testing.assert_array_equal(np.concatenate([block.values for block in cut]), whole.values)
        assert whole.values.size == 8000
