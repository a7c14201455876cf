"""What every store must do, run over each of them, with and without settling between the steps."""

import itertools
import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store.protocol import BandSummary, Counts, Erased, Mapping, Refused, Run, Store
from ingest.wire import Intervals, values

MakeReceived = Callable[..., Received]
UTC_S = 1e9
BOOTS = itertools.count(100)


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


def test_everything_is_there_after_a_restart(
    make_store: Callable[[Path], Store], tmp_path: Path, make_received: MakeReceived
) -> None:
    for seq in range(3):
        with closing(make_store(tmp_path)) as store:
            store.commit([make_received(seq=seq)])
            store.settle(UTC_S, everything=seq == 1)
            assert [received.packet.seq for received in store.packets("b")] == list(range(seq + 1))
            assert store.watermark("b", 1) == Run(0, seq)


def test_a_settled_packet_that_is_sent_again_is_not_taken_in(store: Store, make_received: MakeReceived) -> None:
    sent = [make_received(seq=seq) for seq in range(4)]
    store.commit(sent)
    assert store.settle(UTC_S, everything=True) == 4
    assert store.settle(UTC_S, everything=True) == 0
    assert store.commit([replace(sent[2], offset_s=5.0), make_received(seq=4)]) == 1
    assert [(r.packet, r.offset_s, r.received_s) for r in store.packets("b")][:4] == [
        (r.packet, r.offset_s, r.received_s) for r in sent
    ]


def test_only_what_came_long_enough_ago_is_settled(store: Store, make_received: MakeReceived) -> None:
    store.commit([make_received(seq=0), make_received(seq=1, late_s=1_000.0)])
    assert store.settle(UTC_S + 10) == 0
    assert store.settle(UTC_S + 700) == 1
    assert [received.packet.seq for received in store.packets("b")] == [0, 1]


def test_late_packets_land_in_their_place_in_a_time_that_is_settled(store: Store, make_received: MakeReceived) -> None:
    sent = [make_received(seq=seq) for seq in range(10)]
    for seqs in ((0, 1, 2, 4, 9), (3, 7), (5, 6, 8)):
        store.commit([sent[seq] for seq in seqs])
        store.settle(UTC_S, everything=True)
    assert [received.packet.seq for received in store.packets("b")] == list(range(10))
    found = np.concatenate([block.values for block in store.read("b", "eda", UTC_S, UTC_S + 10)])
    np.testing.assert_array_equal(found, np.concatenate([values("eda", r.packet.eda) for r in sent]))
    assert store.check() == []


def test_packets_dropped_for_want_of_consent_count_as_stored(store: Store, make_received: MakeReceived) -> None:
    assert store.commit([make_received(seq=0), make_received(seq=2)], dropped=[("b", 1, 1), ("c", 4, 0)]) == 2
    assert store.watermark("b", 1) == Run(0, 2)
    assert store.watermark("c", 4) == Run(0, 0)
    assert store.commit([make_received(seq=1)]) == 0
    assert store.counts().packets == {"b": 2}


def test_a_run_that_is_lost_counts_as_stored_whatever_its_length(store: Store, make_received: MakeReceived) -> None:
    last = (1 << 53) - 1
    store.commit([make_received(seq=0), make_received(seq=2, lost=(3, last)), make_received(seq=5, boot=2)])
    assert store.watermark("b", 1) == Run(0, 0)
    assert store.commit([make_received(seq=1), make_received(seq=1 << 40, start_s=9.0)]) == 1
    store.settle(UTC_S, everything=True)
    assert store.watermark("b", 1) == Run(0, last)


def test_a_resend_that_declares_a_hole_closes_it_and_every_number_is_counted_once(
    store: Store, make_received: MakeReceived
) -> None:
    store.commit([make_received(seq=0), make_received(seq=3), make_received(seq=6)])
    assert (store.watermark("b", 1), store.lost) == (Run(0, 0), 0)
    again = make_received(seq=6, lost=(1, 5))
    assert store.commit([again]) == 0
    assert (store.watermark("b", 1), store.lost) == (Run(0, 6), 4)
    store.settle(UTC_S, everything=True)
    store.commit([again], lost=[("b", 1, 4, 7)])
    assert (store.watermark("b", 1), store.lost) == (Run(0, 7), 5)
    assert [received.packet.seq for received in store.packets("b")] == [0, 3, 6]
    assert store.check() == []


def test_what_is_erased_is_gone_and_never_taken_in_again(store: Store, make_received: MakeReceived) -> None:
    sent = [make_received(seq=seq) for seq in range(8)]
    store.commit(sent[:4])
    store.settle(UTC_S, everything=True)
    store.commit([*sent[4:], make_received(seq=0, band="c")])
    store.quarantine("forecalm/v1/home/band/b/data", b"junk", "not a packet", UTC_S + 3)
    store.quarantine("forecalm/v1/home/band/b/data", b"other", "not a packet", UTC_S + 300)
    assert store.erase("b", UTC_S + 2.5, UTC_S + 5) == Erased(3, 3 * 104)
    assert [received.packet.seq for received in store.packets("b")] == [0, 1, 5, 6, 7]
    assert store.counts() == Counts({"b": 5, "c": 1}, {"b": 5 * 104, "c": 104}, 1)
    assert store.commit(sent) == 0
    assert store.watermark("b", 1) == Run(0, 7)
    assert store.erase("b", UTC_S + 2.5, UTC_S + 5) == Erased(0, 0)
    assert store.check() == []


def test_bands_say_what_is_there_of_each(store: Store, make_received: MakeReceived) -> None:
    assert store.bands() == []
    store.commit([make_received(seq=seq, boot=boot) for seq in range(3) for boot in (1, 2)])
    store.settle(UTC_S, everything=True)
    store.commit([make_received(seq=9, late_s=5.0), make_received(seq=4, band="a")])
    assert store.bands() == [
        BandSummary("a", 1, 1, 104, UTC_S + 4, UTC_S + 5, UTC_S + 5),
        BandSummary("b", 2, 7, 7 * 104, UTC_S, UTC_S + 10, UTC_S + 15),
    ]
    store.erase("a", -math.inf, math.inf)
    assert [summary.band for summary in store.bands()] == ["b"]


def test_a_few_bytes_are_kept_beside_the_readings(store: Store) -> None:
    assert store.recall("clocks") is None
    for value in (b"one", b"", b"two" * 1_000):
        store.remember("clocks", value)
        assert store.recall("clocks") == value
    assert store.recall("other") is None


def test_a_flood_of_nonsense_is_put_away_in_one_commit_or_not_at_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood = [Refused("t", b"%d" % i, "odd", UTC_S, ("b", 1, i)) for i in range(9)]
    with monkeypatch.context() as broken:
        broken.setattr("ingest.store.inbox.band_in", _fail)
        with pytest.raises(RuntimeError):
            store.quarantine_all([*flood, Refused("t", b"x", "odd", UTC_S, None)])
    assert (store.counts().quarantined, store.watermark("b", 1)) == (0, None)
    store.quarantine_all(flood)
    assert (store.counts().quarantined, store.watermark("b", 1)) == (9, Run(0, 8))


def test_the_quarantine_lists_the_latest_first(store: Store) -> None:
    for i in range(5):
        store.quarantine("t", b"%d" % i, f"reason {i}", UTC_S + i)
    assert [(r.payload, r.reason, r.received_s) for r in store.quarantined(2)] == [
        (b"4", "reason 4", UTC_S + 4),
        (b"3", "reason 3", UTC_S + 3),
    ]


def test_received_is_what_its_packet_says(make_received: MakeReceived) -> None:
    received: Received = make_received(seq=2, ibi=Intervals(tick_us=[2_100_000], interval_s=[0.8]))
    assert [block.channel for block in received.blocks()] == ["eda", "temperature", "ppg", "motion", "ibi"]
    assert received.span_s() == (UTC_S + 2, UTC_S + 3)
    assert received.samples() == 4 + 4 + 64 + 32 + 1


def _fail(_: str) -> None:
    raise RuntimeError
