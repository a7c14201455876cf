"""The spool: nothing goes before it is stored, and what stands still is sent again, with patience."""

from hypothesis import given
from hypothesis import strategies as st

from device_sim.spool import BATCH_MAX, PATIENCE_MAX_S, PATIENCE_S, Spool
from ingest.wire import Packet, encode


def packet(seq: int) -> Packet:
    return Packet(v=1, band="b", boot=1, seq=seq, tick_us=0)


SIZE = len(encode(packet(0)))


def filled(packets: int) -> Spool:
    spool = Spool(bands=2)
    for seq in range(packets):
        for band in range(2):
            assert spool.add(band, packet(seq)) == packet(seq)
    return spool


@given(st.integers(0, 30), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted), max_size=6))
def test_exactly_what_no_watermark_covers_is_kept(packets: int, runs: list[list[int]]) -> None:
    spool = filled(packets)
    for since, seq in runs:
        spool.stored(0, since=since, seq=seq, now_s=0.0)
    covered = {seq for since, last in runs for seq in range(since, last + 1)}
    assert [seq for band, seq in spool.everything() if band == 0] == [s for s in range(packets) if s not in covered]
    assert [seq for band, seq in spool.everything() if band == 1] == list(range(packets))
    for band, seq in spool.everything():
        assert spool.kept(band, seq) == packet(seq)
    assert all(spool.kept(0, seq) is None for seq in covered)


def test_over_its_limit_the_oldest_goes_first_is_counted_and_declared_lost() -> None:
    spool = Spool(bands=1, limit=2 * SIZE + SIZE // 2)
    kept = [spool.add(0, packet(seq)) for seq in range(5)]
    assert [seq for _, seq in spool.everything()] == [3, 4]
    assert spool.let_go == 3
    assert [one.lost for one in kept] == [None, None, (0, 0), (1, 1), (0, 2)]


def speaks_for(kept: Packet | None) -> set[int]:
    """What counts as stored with a packet."""
    assert kept is not None
    lost = set() if kept.lost is None else set(range(kept.lost[0], kept.lost[1] + 1))
    assert all(number < kept.seq for number in lost), "what follows may still come"
    return {kept.seq} | lost


@given(st.integers(1, 6), st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_what_no_longer_comes_is_declared_lost_by_what_does(room: int, arriving: list[int]) -> None:
    """Each step a packet is made, and as many of the oldest kept as ``arriving`` says are stored."""
    spool = Spool(bands=1, limit=room * (SIZE + 12))
    stored: set[int] = set()
    for seq, some in enumerate(arriving):
        spool.add(0, packet(seq))
        kept = {one for _, one in spool.everything()}
        assert all(speaks_for(spool.kept(0, one)) & kept == {one} for one in kept), "what is kept is not lost"
        for one in sorted(kept)[:some]:
            stored |= speaks_for(spool.kept(0, one))
        if stored:
            since = upto = min(stored)
            while upto + 1 in stored:
                upto += 1
            spool.stored(0, since=since, seq=upto, now_s=float(seq))
    for _, one in spool.everything():
        stored |= speaks_for(spool.kept(0, one))
    assert stored == set(range(len(arriving))), "nothing holds up a watermark"


def test_a_band_that_never_heard_a_watermark_asks_with_its_oldest_packet() -> None:
    spool = filled(3)
    assert spool.overdue(100.0) == []
    assert spool.overdue(100.0 + PATIENCE_S) == [(0, 0), (1, 0)]
    assert spool.overdue(101.0 + PATIENCE_S) == []
    assert spool.settled(), "nobody stores anything: nothing to wait for"
    spool.stored(1, since=0, seq=2, now_s=0.0)
    assert not spool.settled()


def test_a_watermark_that_stands_still_is_answered_with_the_packets_it_lacks() -> None:
    spool = filled(5)
    spool.stored(0, since=0, seq=2, now_s=100.0)
    spool.stored(1, since=0, seq=4, now_s=100.0)
    assert spool.overdue(100.0 + PATIENCE_S - 0.1) == []
    assert spool.overdue(100.0 + PATIENCE_S) == [(0, 3), (0, 4)]
    assert not spool.settled()


def test_patience_doubles_to_its_end_and_is_new_after_progress() -> None:
    spool = filled(50)
    spool.stored(0, since=0, seq=2, now_s=0.0)
    spool.stored(1, since=0, seq=49, now_s=0.0)
    repeated = [at for at in range(400) if spool.overdue(float(at))]
    assert repeated == [10, 30, 70, 150, 230, 310, 390]
    assert PATIENCE_MAX_S == 80.0
    spool.stored(0, since=0, seq=3, now_s=400.0)
    assert spool.overdue(409.0) == []
    assert spool.overdue(410.0)


def test_a_repetition_is_bounded() -> None:
    spool = filled(3 * BATCH_MAX)
    spool.stored(0, since=0, seq=0, now_s=0.0)
    spool.stored(1, since=0, seq=3 * BATCH_MAX, now_s=0.0)
    assert len(spool.overdue(60.0)) == BATCH_MAX


def test_a_repetition_goes_on_at_once_where_the_watermark_stops_at_its_end() -> None:
    spool = Spool(bands=1)
    for seq in range(3 * BATCH_MAX):
        spool.add(0, packet(seq))
    spool.stored(0, since=0, seq=0, now_s=0.0)
    (first, last), late = (1, BATCH_MAX), spool.overdue(PATIENCE_S)
    assert late == [(0, seq) for seq in range(first, last + 1)]
    spool.stored(0, since=0, seq=last - 3, now_s=PATIENCE_S + 1)
    assert spool.overdue(PATIENCE_S + 1) == [], "the rest of it is on its way"
    spool.stored(0, since=0, seq=last, now_s=PATIENCE_S + 2)
    assert spool.overdue(PATIENCE_S + 2) == [(0, seq) for seq in range(last + 1, last + 1 + BATCH_MAX)]
    assert spool.overdue(PATIENCE_S + 3) == []


def test_what_was_lost_before_the_first_that_came_is_sent_again_while_the_stream_goes_on() -> None:
    """From the newest lost one down, as only a neighbour moves ``since``; in the end nothing is missing."""
    spool, lost = Spool(bands=1), 3 * BATCH_MAX + 5
    for seq in range(lost):
        spool.add(0, packet(seq))
    stored: set[int] = set()
    for now in range(20):
        spool.add(0, packet(lost + now))
        stored |= {lost + now} | {seq for _, seq in spool.overdue(float(now))}
        since = lost
        while since - 1 in stored:
            since -= 1
        spool.stored(0, since=since, seq=lost + now, now_s=float(now))
    assert len(spool) == 0
    assert stored == set(range(lost + 20))


def test_a_sender_that_does_not_begin_at_nought_repeats_nothing() -> None:
    spool = Spool(bands=1)
    spool.add(0, packet(20))
    spool.stored(0, since=20, seq=20, now_s=0.0)
    assert spool.settled()
    assert spool.overdue(1e6) == []


def test_a_service_that_begins_with_a_new_store_is_sent_what_the_old_one_did_not_say_it_had() -> None:
    spool = Spool(bands=1)
    for seq in range(9):
        spool.add(0, packet(seq))
    spool.stored(0, since=0, seq=3, now_s=0.0)
    spool.stored(0, since=7, seq=8, now_s=1.0)
    assert [seq for _, seq in spool.overdue(60.0)] == [4, 5, 6]


def test_a_store_that_came_back_as_it_was_before_does_not_wait_for_what_it_once_had() -> None:
    """It was restored from a copy: what was let go on its word since then is gone, and said to be."""
    spool = Spool(bands=1)
    for seq in range(12):
        spool.add(0, packet(seq))
    spool.stored(0, since=0, seq=8, now_s=0.0)
    spool.stored(0, since=0, seq=4, now_s=1.0)
    assert spool.add(0, packet(12)).lost is None, "it may have been overtaken"
    assert spool.overdue(PATIENCE_S) == [(0, seq) for seq in range(9, 13)]
    assert spool.add(0, packet(13)).lost == (5, 8)


def test_what_an_old_broker_remembers_is_not_taken_for_the_state_of_the_store() -> None:
    spool = Spool(bands=1)
    for seq in range(12):
        spool.add(0, packet(seq))
    spool.stored(0, since=0, seq=8, now_s=0.0)
    spool.stored(0, since=0, seq=4, now_s=1.0, retained=True)
    assert spool.overdue(PATIENCE_S) == [(0, seq) for seq in range(9, 12)]
    assert spool.add(0, packet(12)).lost is None
    spool.stored(0, since=0, seq=10, now_s=PATIENCE_S, retained=True)
    assert spool.everything() == [(0, 11), (0, 12)]
