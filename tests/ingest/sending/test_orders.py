"""What a gateway hears is read as what it is, once and in time; whatever else comes is a wire error."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.control.messages import Command, Roster, band_status_topic, band_topic, encode_message, gateway_topic
from ingest.errors import WireError
from ingest.sending.connection import Heard
from ingest.sending.orders import COMMANDS_MAX, OldStatus, Order, Orders, Watermark
from ingest.wire import Stored, stored_topic

SITE, GATEWAY = "home", "hall"
STORED = Stored(v=1, boot=7, since=0, seq=9)


def heard(topic: str, payload: bytes, *, retained: bool = False) -> Heard:
    return Heard(topic, payload, retained, 0.0)


def command(number: int = 0, *, expires_us: int = 100) -> Command:
    return Command(v=1, at_us=0, id=f"c{number}", do="identify", seconds=3.0, expires_us=expires_us)


def test_a_watermark_names_its_band_and_whether_it_is_of_now() -> None:
    said = heard(stored_topic(SITE, "b"), msgspec.json.encode(STORED), retained=True)
    assert Orders(SITE, GATEWAY).read(said, 0) == Watermark("b", STORED, retained=True)


def test_a_roster_is_a_roster() -> None:
    roster = Roster(v=1, at_us=0, bands=["b"])
    assert Orders(SITE, GATEWAY).read(heard(f"forecalm/v1/{SITE}/roster", encode_message(roster)), 0) == roster


def test_a_command_is_taken_once_however_often_it_is_said() -> None:
    orders = Orders(SITE, GATEWAY)
    said = heard(band_topic(SITE, "b", "command"), encode_message(command()))
    assert orders.read(said, 100) == Order(command(), "b")
    assert orders.read(said, 100) is None
    for number in range(1, COMMANDS_MAX + 1):
        orders.read(heard(said.topic, encode_message(command(number))), 100)
    assert orders.read(said, 100) == Order(command(), "b"), "only so many are remembered"


def test_a_command_after_its_time_is_nothing_and_one_to_the_gateway_is_of_no_band() -> None:
    said = heard(gateway_topic(SITE, GATEWAY, "command"), encode_message(command(expires_us=100)))
    assert Orders(SITE, GATEWAY).read(said, 101) is None
    assert Orders(SITE, GATEWAY).read(said, 100) == Order(command(), None)


def test_only_what_a_broker_kept_of_a_band_is_of_an_earlier_life() -> None:
    topic = band_status_topic(SITE, "b", GATEWAY)
    orders = Orders(SITE, GATEWAY)
    assert orders.read(heard(topic, b"x", retained=True), 0) == OldStatus(topic)
    assert orders.read(heard(topic, b"", retained=True), 0) is None
    assert orders.read(heard(topic, b"x"), 0) is None


@given(
    place=st.integers(0, 4),
    payload=st.binary(max_size=60) | st.just(b"[" * 100_000) | st.just(b'{"v":1,"boot":-1,"since":0,"seq":0}'),
    retained=st.booleans(),
)
def test_whatever_comes_is_read_or_is_a_wire_error(place: int, payload: bytes, *, retained: bool) -> None:
    orders = Orders(SITE, GATEWAY)
    topic = orders.topics[place].replace("+", "b")
    with contextlib.suppress(WireError):
        assert orders.read(heard(topic, payload, retained=retained), 0) in (None, OldStatus(topic))


@pytest.mark.parametrize("name", ["", "a/b", "a+", "#"])
def test_a_name_that_no_topic_may_hold_is_refused(name: str) -> None:
    with pytest.raises(WireError):
        Orders(SITE, name)
    with pytest.raises(WireError):
        Orders(name, GATEWAY)
