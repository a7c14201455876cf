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


@given(st.integers(0, 30), st.lists(st.integers(0, 40), max_size=6))
def test_exactly_what_no_watermark_covers_is_kept(packets: int, watermarks: list[int]) -> None:
    spool = filled(packets)
    for seq in watermarks:
        spool.stored(0, seq, 0.0)
    assert [seq for band, seq, _ in spool.everything() if band == 0] == list(range(max([-1, *watermarks]) + 1, packets))
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
    spool.stored(0, 2, 100.0)
    assert spool.overdue(100.0 + PATIENCE_S - 0.1) == []
    assert spool.overdue(100.0 + PATIENCE_S) == [(0, 3, b"x"), (0, 4, b"x")]
    assert not spool.settled()


def test_patience_doubles_to_its_end_and_is_new_after_progress() -> None:
    spool = filled(50)
    spool.stored(0, 2, 0.0)
    repeated = [at for at in range(400) if spool.overdue(float(at))]
    assert repeated == [10, 30, 70, 150, 230, 310, 390]
    assert PATIENCE_MAX_S == 80.0
    spool.stored(0, 3, 400.0)
    assert spool.overdue(410.0)


def test_a_repetition_is_bounded() -> None:
    spool = filled(3 * BATCH_MAX)
    spool.stored(0, 0, 0.0)
    assert len(spool.overdue(60.0)) == BATCH_MAX
