"""What a gateway keeps until it is stored: nothing is let go of too soon, nothing is sent again for ever."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.lsl.spool import BATCH_MAX, PATIENCE_MAX_S, PATIENCE_S, LslSpool
from ingest.wire import Packet, Stored, encode


def packet(seq: int, *, boot: int = 1, band: str = "b") -> Packet:
    return Packet(v=1, band=band, boot=boot, seq=seq, tick_us=seq * 1_000_000, battery=50)


def stored(since: int, seq: int, *, boot: int = 1) -> Stored:
    return Stored(v=1, boot=boot, since=since, seq=seq)


def filled(count: int, **limits: int) -> LslSpool:
    spool = LslSpool(**limits)
    for seq in range(count):
        spool.add(packet(seq), 0.0)
    return spool


def kept(spool: LslSpool) -> list[int]:
    return [one.seq for one in spool.due(0.0, everything=True)]


def test_only_what_is_said_to_be_stored_goes() -> None:
    spool = filled(6)
    spool.stored("b", stored(1, 3), 0.0)
    assert kept(spool) == [0, 4, 5]
    spool.stored("b", stored(0, 9, boot=2), 0.0)
    spool.stored("c", stored(0, 9), 0.0)
    assert kept(spool) == [0, 4, 5]
    spool.stored("b", stored(0, 5), 0.0)
    assert len(spool) == 0


def test_what_stands_still_is_sent_again_ever_more_rarely() -> None:
    spool = filled(3)
    spool.stored("b", stored(0, 0), 0.0)
    assert spool.due(PATIENCE_S - 1) == []
    moments = []
    for at_s in range(10, 400):
        if found := spool.due(float(at_s)):
            moments.append(at_s)
            assert [one.seq for one in found] == [1, 2]
    gaps = [b - a for a, b in pairwise(moments)]
    assert gaps[0] == 2 * PATIENCE_S
    assert max(gaps) == PATIENCE_MAX_S


def test_a_band_that_nobody_speaks_of_repeats_its_oldest_packet_to_be_told() -> None:
    spool = filled(200)
    assert [one.seq for one in spool.due(PATIENCE_S)] == [0]


def test_a_store_that_wants_more_is_given_the_next_at_once() -> None:
    spool = filled(3 * BATCH_MAX)
    spool.stored("b", stored(0, 0), 0.0)
    assert [one.seq for one in spool.due(PATIENCE_S)] == list(range(1, BATCH_MAX + 1))
    spool.stored("b", stored(0, BATCH_MAX), PATIENCE_S + 1)
    assert next(one.seq for one in spool.due(PATIENCE_S + 1)) == BATCH_MAX + 1


def test_what_has_no_room_is_declared_lost_by_the_next_packet_of_its_boot() -> None:
    size = len(encode(packet(1)))
    spool = LslSpool(limit=10 * (size + 8))
    lost = []
    for seq in range(40):
        lost.append(spool.add(packet(seq), 0.0).lost)
    assert spool.let_go == 40 - len(spool)
    covered = {one for run in lost if run is not None for one in range(run[0], run[1] + 1)}
    assert covered == set(range(40)) - set(kept(spool))


def test_numbers_that_a_restored_store_waits_for_in_vain_are_declared_lost() -> None:
    spool = filled(10)
    spool.stored("b", stored(0, 7), 0.0)
    spool.stored("b", stored(0, 3), 1.0)  # it came back as it was before
    assert spool.add(packet(10), 2.0).lost is None
    spool.due(1.0 + PATIENCE_S)
    assert spool.add(packet(11), 20.0).lost == (4, 7)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(1, 2)),
            st.tuples(st.just("stored"), st.integers(1, 2), st.integers(0, 20), st.integers(0, 20)),
            st.tuples(st.just("due"), st.floats(0, 1e4)),
        ),
        max_size=60,
    )
)
def test_every_number_is_kept_stored_or_declared_lost(steps: list[tuple]) -> None:
    spool, next_seq = LslSpool(limit=600), {1: 0, 2: 0}
    gone: dict[int, set[int]] = {1: set(), 2: set()}
    for name, *said in steps:
        if name == "add":
            boot = said[0]
            made = spool.add(packet(next_seq[boot], boot=boot), 0.0)
            next_seq[boot] += 1
            if made.lost is not None:
                assert made.lost[0] <= made.lost[1] < made.seq
                gone[boot] |= set(range(made.lost[0], made.lost[1] + 1))
        elif name == "stored":
            spool.stored("b", stored(said[1], said[2], boot=said[0]), 0.0)
            gone[said[0]] |= set(range(said[1], said[2] + 1))
        else:
            spool.due(said[0])
    left = {(one.boot, one.seq) for one in spool.due(0.0, everything=True)}
    assert len(left) == len(spool)
    missing = sum((boot, seq) not in left and seq not in gone[boot] for boot in (1, 2) for seq in range(next_seq[boot]))
    assert missing <= spool.let_go
