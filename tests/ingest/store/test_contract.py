"""What every store must do, run over each of them; and what the one in a file does when the file cannot be used."""

import itertools
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store.protocol import Counts, Mapping, Run, Store
from ingest.store.sqlite import SqliteStore
from ingest.wire import Intervals, values

MakeReceived = Callable[..., Received]
UTC_S = 1e9
BOOTS = itertools.count(100)
MAKERS = {"sqlite": lambda folder: SqliteStore(folder / "readings.sqlite")}


@pytest.fixture(params=sorted(MAKERS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with closing(MAKERS[request.param](tmp_path)) as made:
        yield made


def test_what_was_committed_comes_back_as_it_was(store: Store, make_received: MakeReceived) -> None:
    batch = [make_received(seq=seq, late_s=0.1 * seq) for seq in range(5)]
    assert store.commit(batch) == 5
    assert list(store.packets("b")) == batch
    assert store.counts() == Counts({"b": 5}, {"b": 5 * 104}, 0)


def test_a_resend_is_stored_once_and_never_remapped(store: Store, make_received: MakeReceived) -> None:
    first = make_received(seq=3)
    assert store.commit([first, replace(first, offset_s=5.0)]) == 1
    assert store.commit([replace(first, offset_s=7.0, received_s=9.0)]) == 0
    assert list(store.packets("b")) == [first]
    assert store.counts().packets == {"b": 1}


def test_blocks_come_in_time_order_within_their_bounds(store: Store, make_received: MakeReceived) -> None:
    batch = [make_received(seq=seq) for seq in (3, 0, 4, 1, 2)]
    store.commit([*batch, make_received(seq=0, band="other")])
    blocks = list(store.read("b", "motion", UTC_S + 1.5, UTC_S + 4.0))
    assert [block.start_s for block in blocks] == [UTC_S + 1, UTC_S + 2, UTC_S + 3]
    np.testing.assert_array_equal(blocks[0].values, values("motion", batch[3].packet.motion))
    assert list(store.read("b", "ibi", UTC_S, UTC_S + 9)) == []
    assert list(store.read("nobody", "eda", UTC_S, UTC_S + 9)) == []


def test_channels_that_reach_back_are_still_in_time_order(store: Store, make_received: MakeReceived) -> None:
    late_eda = make_received(seq=2, start_s=2.0).packet.eda
    batch = [make_received(seq=1, start_s=2.0, rates_hz={"ppg": 64.0}), make_received(seq=0, rates_hz={"eda": 4.0})]
    mixed = make_received(seq=3, start_s=1.0, rates_hz={"ppg": 64.0}, eda=late_eda)
    store.commit([*batch, mixed, make_received(seq=4, start_s=1.5, length_s=0.25, rates_hz={"eda": 4.0})])
    starts = [block.start_s - UTC_S for block in store.read("b", "eda", UTC_S, UTC_S + 9)]
    assert starts == [0.0, 1.5, 2.0]


def test_intervals_come_back_as_a_block_of_events(store: Store, make_received: MakeReceived) -> None:
    ibi = Intervals(tick_us=[200_000, 900_000], interval_s=[0.7, 0.7])
    store.commit([make_received(seq=0, rates_hz={}, ibi=ibi)])
    (block,) = store.read("b", "ibi", UTC_S, UTC_S + 1)
    assert (block.start_s, block.end_s, block.rate_hz) == (UTC_S + 0.2, pytest.approx(UTC_S + 0.9, abs=1e-6), 0.0)
    np.testing.assert_allclose(block.values, [[0.0, 0.7], [0.7, 0.7]])


def test_the_watermark_stops_at_a_hole_and_moves_when_it_is_filled(store: Store, make_received: MakeReceived) -> None:
    def commit(*seqs: int) -> Run | None:
        store.commit([make_received(seq=seq) for seq in seqs])
        return store.watermark("b", 1)

    assert store.watermark("b", 1) is None
    assert [commit(5, 6), commit(8), commit(9, 10)] == [Run(5, 6)] * 3
    assert [commit(7), commit(6)] == [Run(5, 10)] * 2
    assert store.watermark("b", 2) is None


def test_what_lies_below_the_first_that_came_is_not_said_to_be_stored_before_it_is(
    store: Store, make_received: MakeReceived
) -> None:
    def commit(*seqs: int) -> Run | None:
        store.commit([make_received(seq=seq) for seq in seqs])
        return store.watermark("b", 1)

    assert [commit(5), commit(2, 3), commit(4), commit(0)] == [Run(5, 5), Run(5, 5), Run(2, 5), Run(2, 5)]
    store.quarantine("t", b"odd", "values: infinite", UTC_S, name=("b", 1, 1))
    assert store.watermark("b", 1) == Run(0, 5)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(9)), st.sets(st.integers(0, 8)))
def test_the_watermark_is_the_run_around_the_first_that_came(
    store: Store,
    make_received: MakeReceived,
    order: list[int],
    lost: set[int],
) -> None:
    boot = next(BOOTS)  # the store lives through all examples
    store.commit([make_received(seq=4, boot=boot)])
    for seq in order:
        if seq not in lost:
            store.commit([make_received(seq=seq, boot=boot)])
    below, above = [seq for seq in lost if seq < 4], [seq for seq in lost if seq > 4]
    assert store.watermark("b", boot) == Run(max(below, default=-1) + 1, min(above, default=9) - 1)


def test_a_quarantined_message_is_kept_once_and_holds_up_no_watermark(
    store: Store, make_received: MakeReceived
) -> None:
    store.commit([make_received(seq=0)])
    store.commit([make_received(seq=2)])
    for _ in range(3):
        store.quarantine("t", b"\x00junk", "not a packet", UTC_S)
    store.quarantine("t", b"odd", "values: infinite", UTC_S, name=("b", 1, 1))
    store.quarantine("t", b"strange", "values: infinite", UTC_S, name=("c", 4, 9))
    assert store.watermark("b", 1) == Run(0, 2)
    assert store.watermark("c", 4) == Run(9, 9)
    assert store.counts() == Counts({"b": 2}, {"b": 208}, 3)


def test_the_newest_mapping_of_each_boot_is_known(store: Store, make_received: MakeReceived) -> None:
    assert store.last_mappings() == []
    store.commit([make_received(seq=1, offset_s=7.0), make_received(seq=9, boot=2), make_received(seq=3, offset_s=8.0)])
    store.commit([make_received(seq=2, offset_s=9.0), make_received(seq=0, band="c", late_s=1e6)])
    store.quarantine("t", b"x", "odd", UTC_S, name=("d", 1, 1))
    assert sorted(store.last_mappings(), key=lambda mapping: (mapping.band, mapping.boot)) == [
        Mapping("b", 1, 4_000_000, 8.0),
        Mapping("b", 2, 10_000_000, UTC_S),
        Mapping("c", 1, 1_000_000, UTC_S),
    ]


def test_a_failed_commit_stores_nothing_of_its_batch(store: Store, make_received: MakeReceived) -> None:
    broken = replace(make_received(seq=1), offset_s=None)
    with pytest.raises((StoreError, TypeError)):
        store.commit([make_received(seq=0), broken])
    assert store.counts().packets == {}
    assert store.commit([make_received(seq=0)]) == 1


def test_everything_is_there_after_a_restart(tmp_path: Path, make_received: MakeReceived) -> None:
    for make in MAKERS.values():
        with closing(make(tmp_path)) as store:
            store.commit([make_received(seq=0)])
        with closing(make(tmp_path)) as store:
            store.commit([make_received(seq=1)])
            assert [received.packet.seq for received in store.packets("b")] == [0, 1]
            assert store.watermark("b", 1) == Run(0, 1)


READER = """
import sqlite3, sys
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
print(db.execute("SELECT count(*) FROM inbox").fetchone()[0])
"""


def test_another_process_reads_while_we_write(tmp_path: Path, make_received: MakeReceived) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path)) as store:
        store.commit([make_received(seq=seq) for seq in range(4)])
        reading = store.packets("b")
        next(reading)
        store.commit([make_received(seq=9)])
        done = subprocess.run([sys.executable, "-c", READER, path], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["5"]
        assert len(list(reading)) == 3


def test_what_was_committed_survives_a_kill(tmp_path: Path, make_received: MakeReceived) -> None:
    path = tmp_path / "readings.sqlite"
    code = (
        "import os, sys; from pathlib import Path; from ingest.store.sqlite import SqliteStore;"
        "from ingest.received import Received; from ingest.wire import decode;"
        "data = sys.stdin.buffer.read(); store = SqliteStore(Path(sys.argv[1]));"
        "store.commit([Received(decode(data), 1.0, 2.0, data)]); os.kill(os.getpid(), 9)"
    )
    sent = make_received(seq=0)
    done = subprocess.run(
        [sys.executable, "-c", code, path], input=sent.payload, cwd=Path(__file__).parents[3], check=False
    )
    assert done.returncode == -9
    with closing(SqliteStore(path)) as store:
        assert [received.payload for received in store.packets("b")] == [sent.payload]


def test_a_locked_file_says_so(tmp_path: Path, make_received: MakeReceived) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path, busy_s=0.01)) as store, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"readings\.sqlite: database is locked"):
            store.commit([make_received(seq=0)])
        other.rollback()
        assert store.commit([make_received(seq=0)]) == 1


def test_a_full_file_says_so_and_keeps_what_it_has(tmp_path: Path, make_received: MakeReceived) -> None:
    with closing(SqliteStore(tmp_path / "readings.sqlite")) as store:
        store.commit([make_received(seq=0)])
        store._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StoreError, match=r"readings\.sqlite: .*full"):
            store.commit([make_received(seq=seq) for seq in range(1, 60)])
        store._db.execute("PRAGMA max_page_count = 1000000")
        assert store.counts().packets == {"b": 1}
        assert store.commit([make_received(seq=1)]) == 1


@pytest.mark.parametrize("content", [b"this is no database, not at all. " * 200])
def test_a_corrupt_file_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "readings.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"readings\.sqlite: file is not a database"):
        SqliteStore(path)
    with pytest.raises(StoreError, match="unable to open"):
        SqliteStore(tmp_path / "no folder" / "readings.sqlite")
    assert path.read_bytes() == content


def test_a_file_of_another_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="version 99"):
        SqliteStore(path)


def test_a_packet_that_rotted_on_disk_says_so(tmp_path: Path, make_received: MakeReceived) -> None:
    with closing(SqliteStore(tmp_path / "readings.sqlite")) as store:
        store.commit([replace(make_received(seq=0), payload=b"rot")])
        with pytest.raises(StoreError, match=r"packet 1/0 cannot be read back"):
            list(store.packets("b"))


def test_received_is_what_its_packet_says(make_received: MakeReceived) -> None:
    received: Received = make_received(seq=2, ibi=Intervals(tick_us=[2_100_000], interval_s=[0.8]))
    assert [block.channel for block in received.blocks()] == ["eda", "temperature", "ppg", "motion", "ibi"]
    assert received.span_s() == (UTC_S + 2, UTC_S + 3)
    assert received.samples() == 4 + 4 + 64 + 32 + 1
