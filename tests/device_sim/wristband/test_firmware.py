"""A band without its radio: what it keeps, what it answers, and in what order it sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sim.wristband.firmware import INVALID_LENGTH, LIVE_MAX, NOT_ALLOWED, NOT_SUBSCRIBED, Firmware, Refused
from device_sim.wristband.memory import Memory
from ingest.gatt import uuids
from ingest.gatt.forecalm.control import (
    MARKS_MAX,
    Backfill,
    Event,
    Identify,
    Op,
    Response,
    Run,
    State,
    Status,
    Stop,
    Storing,
    TimeMark,
    decode_marks,
)
from ingest.gatt.forecalm.fragments import Reassembly
from ingest.gatt.forecalm.records import Record

ALL = (uuids.RECORDS, uuids.STATE, uuids.CONTROL_POINT, uuids.EVENTS)


def record(seq: int, boot: int = 7, battery: int = 80) -> Record:
    return Record(boot, seq, 1_000_000 * (seq + 1), battery, contact=True)


def linked(firmware: Firmware) -> Firmware:
    for uuid in ALL:
        firmware.subscribe(uuid, on=True)
    return firmware


def band(kept: int = 0, *, boot: int = 7, memory: Memory | None = None) -> Firmware:
    firmware = Firmware(boot=boot, memory=Memory() if memory is None else memory)
    for seq in range(kept):
        firmware.sense(record(seq, boot))
    return firmware


def sent(firmware: Firmware, most: int = 1000) -> list[tuple[str, object]]:
    """What goes out till nothing is left: ("live" or "again", seq), ("state", State), (op, Status), ("event", kind)."""
    found: list[tuple[str, object]] = []
    together = Reassembly()
    while len(found) < most and (outgoing := firmware.pop(mtu=247, tick_us=99)) is not None:
        for value in outgoing.values:
            match outgoing.characteristic:
                case uuids.RECORDS:
                    heard = together.take(value)
                    assert heard is not None
                    found.append(("again" if heard.backfilled else "live", heard.record.seq))
                case uuids.STATE:
                    found.append(("state", State.from_bytes(value)))
                case uuids.CONTROL_POINT:
                    answer = Response.from_bytes(value)
                    found.append((Op(answer.op).name if answer.op in list(Op) else "?", answer.status))
                case _:
                    found.append(("event", Event.from_bytes(value).kind))
    return found


def told(firmware: Firmware) -> list[tuple[str, object]]:
    return [one for one in sent(firmware) if one[0] != "state"]


def test_live_records_go_first_and_the_backlog_fills_what_is_left() -> None:
    firmware = linked(band(3))
    firmware.ask(bytes(Backfill(Run(7, 0, 2))))
    firmware.sense(record(3))
    assert told(firmware)[:2] == [("BACKFILL", Status.DONE), ("live", 3)]
    firmware.sense(record(4))
    firmware.ask(bytes(Stop()))
    firmware.ask(bytes(Backfill(Run(7, 1, 2))))
    assert told(firmware) == [
        ("STOP", Status.DONE),
        ("BACKFILL", Status.DONE),
        ("live", 4),
        ("again", 1),
        ("again", 2),
        ("BACKFILL", Status.FINISHED),
    ]


def test_a_record_that_comes_while_a_backlog_is_sent_goes_before_the_rest_of_it() -> None:
    firmware = linked(band(10))
    firmware.ask(bytes(Backfill(Run(7, 0, 9))))
    before = sent(firmware, most=4)
    firmware.sense(record(10))
    assert [seq for kind, seq in before if kind == "again"] == [0, 1]
    assert told(firmware)[0] == ("live", 10)


def test_nothing_is_sent_live_that_nobody_subscribed_to_and_all_of_it_is_kept() -> None:
    firmware = band(5)
    assert sent(firmware) == []
    linked(firmware)
    firmware.ask(bytes(Backfill(Run(7, 0, 4))))
    assert [seq for kind, seq in sent(firmware) if kind == "again"] == [0, 1, 2, 3, 4]


def test_a_slow_link_gets_the_newest_and_the_rest_stays_in_memory() -> None:
    firmware = linked(band())
    for seq in range(20):
        firmware.sense(record(seq))
    assert [seq for kind, seq in sent(firmware) if kind == "live"] == list(range(20 - LIVE_MAX, 20))
    assert len(firmware.memory) == 20


def test_stored_frees_exactly_its_run() -> None:
    firmware = linked(band(10))
    firmware.ask(bytes(Storing(Run(7, 0, 3))))
    state = State.from_bytes(firmware.state(tick_us=5))
    assert (state.oldest, state.next_seq, len(firmware.memory)) == (4, 10, 6)
    firmware.ask(bytes(Storing(Run(6, 0, 9))))
    assert len(firmware.memory) == 6
    firmware.ask(bytes(Storing(Run(7, 0, 2**32 - 1))))
    assert State.from_bytes(firmware.state(tick_us=5)).oldest == 10


def test_what_is_stored_while_it_waits_to_be_sent_again_is_skipped() -> None:
    firmware = linked(band(6))
    firmware.ask(bytes(Backfill(Run(7, 0, 5))))
    firmware.ask(bytes(Storing(Run(7, 1, 4))))
    assert [seq for kind, seq in sent(firmware) if kind == "again"] == [0, 5]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (bytes(Backfill(Run(7, 5, 9))), Status.NOTHING_KEPT),
        (bytes(Backfill(Run(8, 0, 9))), Status.NOTHING_KEPT),
        (b"\x01" + bytes(3), Status.WRONG),
        (bytes((Op.IDENTIFY, 61)), Status.WRONG),
        (b"\x02\x00", Status.WRONG),
        (b"\x63", Status.UNKNOWN_OP),
        (bytes(Stop()), Status.DONE),
    ],
)
def test_every_request_is_answered(asked: bytes, status: Status) -> None:
    firmware = linked(band(3))
    firmware.ask(asked)
    assert [answer for _, answer in told(firmware)] == [status]


def test_a_second_backfill_is_told_to_wait() -> None:
    firmware = linked(band(3))
    firmware.ask(bytes(Backfill(Run(7, 0, 2))))
    firmware.ask(bytes(Backfill(Run(7, 0, 2))))
    assert told(firmware)[1] == ("BACKFILL", Status.BUSY)


def test_requests_that_cannot_be_answered_are_refused_with_the_profiles_att_errors() -> None:
    firmware = band(3)
    with pytest.raises(Refused) as refused:
        firmware.ask(bytes(Stop()))
    assert refused.value.code == NOT_SUBSCRIBED
    with pytest.raises(Refused) as refused:
        linked(firmware).ask(b"")
    assert refused.value.code == INVALID_LENGTH


@given(data=st.lists(st.binary(max_size=16), max_size=10))
def test_any_writes_leave_a_band_that_goes_on(data: list[bytes]) -> None:
    firmware = linked(band(3))
    for written in data:
        try:
            firmware.ask(written)
        except Refused as refused:
            assert refused.code == INVALID_LENGTH  # noqa: PT017
        try:
            firmware.mark(written, tick_us=0)
        except Refused:
            continue
    sent(firmware)
    firmware.sense(record(3))
    assert ("live", 3) in sent(firmware)


def test_after_a_reboot_the_earlier_boots_records_and_clock_are_there() -> None:
    memory = Memory()
    before = band(3, memory=memory)
    before.mark(bytes(TimeMark(7, 2_000_000, 10**15, 50)), tick_us=2_000_000)
    after = linked(band(2, boot=8, memory=memory))
    state = State.from_bytes(after.state(tick_us=5))
    assert (state.boot, state.oldest, state.next_seq, state.earlier) == (8, 0, 2, (Run(7, 0, 2),))
    assert decode_marks(after.marks()) == (TimeMark(7, 2_000_000, 10**15, 50),)
    after.ask(bytes(Backfill(Run(7, 0, 2))))
    assert [seq for kind, seq in sent(after) if kind == "again"] == [0, 1, 2]


def test_a_mark_of_another_boot_or_of_the_future_is_refused_and_the_last_of_each_boot_is_kept() -> None:
    firmware = band()
    for wrong in (TimeMark(8, 0, 1, 1), TimeMark(7, 5_000_000, 1, 1)):
        with pytest.raises(Refused) as refused:
            firmware.mark(bytes(wrong), tick_us=1_000_000)
        assert refused.value.code == NOT_ALLOWED
    for boot in range(MARKS_MAX + 5):
        band(boot=boot, memory=firmware.memory).mark(bytes(TimeMark(boot, 1, 1, 1)), tick_us=1)
        band(boot=boot, memory=firmware.memory).mark(bytes(TimeMark(boot, 2, 2, 2)), tick_us=2)
    marks = decode_marks(firmware.marks())
    assert [mark.boot for mark in marks] == list(range(MARKS_MAX + 4, 4, -1))
    assert {mark.tick_us for mark in marks} == {2}


def test_a_full_memory_loses_the_oldest_and_counts_them() -> None:
    memory = Memory(capacity=5)
    band(4, memory=memory)
    after = band(4, boot=8, memory=memory)
    assert memory.let_go == 3
    assert State.from_bytes(after.state(tick_us=5)).earlier == (Run(7, 3, 3),)
    assert [memory.record(8, seq) is not None for seq in range(4)] == [True] * 4


def test_a_double_tap_is_told_at_once_and_never_late() -> None:
    firmware = linked(band())
    sent(firmware)
    firmware.happen("double_tap", tick_us=5)
    assert sent(firmware) == [("event", "double_tap")]
    firmware.close()
    firmware.happen("double_tap", tick_us=6)
    assert sent(linked(firmware), most=5)[0][0] == "state"


def test_the_state_is_told_once_and_when_it_changes() -> None:
    firmware = linked(band())
    firmware.sense(record(0))
    assert [kind for kind, _ in sent(firmware)] == ["live", "state"]
    firmware.sense(record(1))
    assert [kind for kind, _ in sent(firmware)] == ["live"]
    firmware.happen("charging", tick_us=1)
    assert [kind for kind, _ in sent(firmware)] == ["event", "state"]


def test_it_vibrates_as_long_as_asked_and_remembers_it() -> None:
    firmware = linked(band())
    firmware.ask(bytes(Identify(5)))
    firmware.ask(bytes(Identify(0)))
    assert firmware.identified_s == [5, 0]


def test_a_record_out_of_order_is_a_mistake_of_whoever_feeds_it() -> None:
    firmware = band(3)
    with pytest.raises(ValueError, match="does not follow"):
        firmware.sense(record(1))
    with pytest.raises(ValueError, match="does not follow"):
        firmware.sense(record(3, boot=9))


def test_a_link_that_ends_ends_what_was_asked_for_on_it() -> None:
    firmware = linked(band(5))
    firmware.ask(bytes(Backfill(Run(7, 0, 4))))
    firmware.close()
    assert sent(firmware) == []
    assert [kind for kind, _ in sent(linked(firmware))] == ["state"]
    assert len(firmware.memory) == 5
