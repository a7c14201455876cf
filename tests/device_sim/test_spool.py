"""The spool: nothing goes before it is stored, and what stands still is sent again, with patience."""

from hypothesis import given
from hypothesis import strategies as st

from device_sim.spool import BATCH_MAX, PATIENCE_MAX_S, PATIENCE_S, Spool


def filled(packets: int) -> Spool:
    spool = Spool(bands=2)
    for seq in range(packets):
        spool.add(0, seq, b"x")
        spool.add(1, seq, b"y")
    return spool


@given(st.integers(0, 30), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted), max_size=6))
def test_exactly_what_no_watermark_covers_is_kept(packets: int, runs: list[list[int]]) -> None:
    spool = filled(packets)
    for since, seq in runs:
        spool.stored(0, since=since, seq=seq, now_s=0.0)
    covered = {seq for since, last in runs for seq in range(since, last + 1)}
    assert [seq for band, seq, _ in spool.everything() if band == 0] == [s for s in range(packets) if s not in covered]
    assert [seq for band, seq, _ in spool.everything() if band == 1] == list(range(packets))


def test_over_its_limit_the_oldest_goes_first_and_is_counted() -> None:
    spool = Spool(bands=1, limit=10)
    for seq in range(5):
        spool.add(0, seq, b"four")
    assert [seq for _, seq, _ in spool.everything()] == [3, 4]
    assert spool.let_go == 3


def test_a_band_that_never_heard_a_watermark_is_not_repeated() -> None:
    assert filled(3).overdue(1e6) == []
    assert filled(3).settled()


def test_a_watermark_that_stands_still_is_answered_with_the_packets_it_lacks() -> None:
    spool = filled(5)
    spool.stored(0, since=0, seq=2, now_s=100.0)
    assert spool.overdue(100.0 + PATIENCE_S - 0.1) == []
    assert spool.overdue(100.0 + PATIENCE_S) == [(0, 3, b"x"), (0, 4, b"x")]
    assert not spool.settled()


def test_patience_doubles_to_its_end_and_is_new_after_progress() -> None:
    spool = filled(50)
    spool.stored(0, since=0, seq=2, now_s=0.0)
    repeated = [at for at in range(400) if spool.overdue(float(at))]
    assert repeated == [10, 30, 70, 150, 230, 310, 390]
    assert PATIENCE_MAX_S == 80.0
    spool.stored(0, since=0, seq=3, now_s=400.0)
    assert spool.overdue(410.0)


def test_a_repetition_is_bounded() -> None:
    spool = filled(3 * BATCH_MAX)
    spool.stored(0, since=0, seq=0, now_s=0.0)
    assert len(spool.overdue(60.0)) == BATCH_MAX


def test_what_was_lost_before_the_first_that_came_is_sent_again_while_the_stream_goes_on() -> None:
    """From the newest lost one down, as only a neighbour moves ``since``; in the end nothing is missing."""
    spool, lost = Spool(bands=1), 3 * BATCH_MAX + 5
    for seq in range(lost):
        spool.add(0, seq, b"x")
    stored: set[int] = set()
    for now in range(100):
        spool.add(0, lost + now, b"x")
        stored |= {lost + now} | {seq for _, seq, _ in spool.overdue(float(now))}
        since = lost
        while since - 1 in stored:
            since -= 1
        spool.stored(0, since=since, seq=lost + now, now_s=float(now))
    assert len(spool) == 0
    assert stored == set(range(lost + 100))


def test_a_sender_that_does_not_begin_at_nought_repeats_nothing() -> None:
    spool = Spool(bands=1)
    spool.add(0, 20, b"x")
    spool.stored(0, since=20, seq=20, now_s=0.0)
    assert spool.settled()
    assert spool.overdue(1e6) == []


def test_a_service_that_begins_with_a_new_store_is_sent_what_the_old_one_did_not_say_it_had() -> None:
    spool = filled(9)
    spool.stored(0, since=0, seq=3, now_s=0.0)
    spool.stored(0, since=7, seq=8, now_s=1.0)
    assert [seq for _, seq, _ in spool.overdue(60.0)] == [4, 5, 6]
