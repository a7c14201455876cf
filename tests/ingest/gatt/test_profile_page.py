"""The page that makers build from: every example on it is what the codec says."""

import re
import struct
from pathlib import Path

import pytest

from ingest.ble import pacing
from ingest.gatt import uuids
from ingest.gatt.forecalm.adverts import BandAdvert
from ingest.gatt.forecalm.control import (
    Backfill,
    Clock,
    Event,
    Identify,
    Response,
    Run,
    State,
    Status,
    Stop,
    Storing,
    TimeMark,
    decode_marks,
    decode_request,
    encode_marks,
)
from ingest.gatt.forecalm.fragments import Reassembly, fragments
from ingest.gatt.forecalm.records import Beat, Even, Record, crc

PAGE = (Path(__file__).parents[3] / "docs" / "gatt.md").read_text("utf-8")
EXAMPLES = {name: body for name, body in re.findall(r"```hex (\w+)\n(.*?)```", PAGE, re.DOTALL)}

RECORD = Record(
    boot=7,
    seq=258,
    tick_us=12_345_678,
    battery=88,
    contact=True,
    channels=(
        Even("eda", 4000, 1_000_000, 0.00128, struct.pack("<4h", 400, 401, -32768, 403)),
        Even("temperature", 1000, 1_000_000, 0.02, struct.pack("<h", 1660)),
    ),
    beats=(Beat(250_000, 812_500),),
)
MARK = TimeMark(7, 12_400_000, 1_767_225_600_000_000, 15_000)
STATE = State(7, 250, 259, 12_400_000, 88, worn=True, charging=False, earlier=(Run(6, 9000, 9119),))
ADVERT = BandAdvert(88, worn=True, charging=False, pairing=False, backlog=True, firmware=(1, 4, 2))


def example(name: str) -> bytes:
    return bytes.fromhex(EXAMPLES[name])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("record", RECORD),
        ("state", STATE),
        ("clock", Clock(7, 12_400_000)),
        ("mark", MARK),
        ("response", Response(1, Status.DONE)),
        ("finished", Response(1, Status.FINISHED)),
        ("event", Event("double_tap", 7, 12_400_000)),
    ],
)
def test_an_example_reads_as_the_page_says_and_is_written_the_same(name: str, value: Record | State) -> None:
    assert type(value).from_bytes(example(name)) == value
    assert bytes(value) == example(name)


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("backfill", Backfill(Run(6, 9000, 9119))),
        ("stop", Stop()),
        ("stored", Storing(Run(7, 0, 249))),
        ("identify", Identify(5)),
    ],
)
def test_an_example_of_a_request_reads_as_the_page_says(name: str, request_: Backfill | Stop) -> None:
    assert decode_request(example(name)) == request_
    assert bytes(request_) == example(name)


def test_the_fragments_on_the_page_are_those_of_its_record_and_make_it_again() -> None:
    lines = [bytes.fromhex(line) for line in EXAMPLES["fragments"].splitlines()]
    assert fragments(example("record"), seq=258, mtu=50) == lines
    together = Reassembly()
    heard = [together.take(line) for line in lines]
    assert heard[0] is None
    assert heard[1] is not None
    assert heard[1].record == RECORD
    assert not heard[1].backfilled


def test_the_marks_on_the_page_are_its_mark() -> None:
    assert decode_marks(example("marks")) == (MARK,)
    assert encode_marks((MARK,)) == example("marks")


def test_the_advert_on_the_page_fills_its_31_bytes_with_what_the_page_says() -> None:
    advert = example("advert")
    assert len(advert) == 31
    assert advert[5:21] == bytes.fromhex(uuids.STREAM_SERVICE.replace("-", ""))[::-1]
    assert BandAdvert.from_bytes(advert[25:]) == ADVERT
    assert bytes(ADVERT) == advert[25:]


def test_the_checksum_is_the_one_that_the_page_names() -> None:
    assert crc(b"123456789") == 0x29B1


def test_every_example_of_the_page_is_tested() -> None:
    assert set(EXAMPLES) == {
        *("record", "state", "clock", "mark", "marks", "response", "finished", "event", "fragments", "advert"),
        *("backfill", "stop", "stored", "identify"),
    }


def test_the_paces_that_makers_read_are_those_that_a_gateway_bears() -> None:
    table = dict(re.findall(r"^\| ([^|]*?) \| ([\d,]+(?: each)? \| [\d,]+(?: each)?) \|$", PAGE, re.MULTILINE))
    assert table == {
        "records (0101), live and backfilled together": f"{pacing.RECORDS_HZ:,.0f} | {pacing.RECORDS_BURST:,.0f}",
        "notifications on 0101, of whatever content": f"{pacing.PIECES_HZ:,.0f} | {pacing.PIECES_BURST:,.0f}",
        "states (0103), and events (0202)": f"{pacing.WORDS_HZ:,.0f} each | {pacing.WORDS_BURST:,.0f} each",
        "records with a wrong CRC": f"{pacing.BAD_HZ:,.0f} | {pacing.BAD_BURST:,.0f}",
    }
    assert f"of {pacing.BOOTS_MAX} boots in all" in PAGE
