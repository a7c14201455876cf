"""What a gateway hears is read as what it is, once and in time; whatever else comes is a wire error."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.control.messages import Command, Roster, band_status_topic, band_topic, encode_message, gateway_topic
from ingest.errors import WireError
from ingest.sending.connection import Heard
from ingest.sending.orders import COMMANDS_MAX, DELAYS_US, LIFE_MAX_US, OldStatus, Order, Orders, Rule, Watermark
from ingest.wire import Stored, stored_topic

SITE, GATEWAY = "home", "hall"
STORED = Stored(v=1, boot=7, since=0, seq=9)


def heard(topic: str, payload: bytes, *, retained: bool = False) -> Heard:
    return Heard(topic, payload, retained, 0.0)


def command(number: int = 0, *, at_us: int = 0, expires_us: int = 100) -> Command:
    return Command(v=1, at_us=at_us, id=f"c{number}", do="identify", seconds=3.0, expires_us=expires_us)


def asked(said: Command) -> Heard:
    return heard(band_topic(SITE, "b", "command"), encode_message(said))


def test_a_watermark_names_its_band_and_whether_it_is_of_now() -> None:
    said = heard(stored_topic(SITE, "b"), msgspec.json.encode(STORED), retained=True)
    assert Orders(SITE, GATEWAY).read(said, 0) == Watermark("b", STORED, retained=True)


def test_a_roster_is_a_roster() -> None:
    roster = Roster(v=1, at_us=0, bands=["b"])
    said = heard(f"forecalm/v1/{SITE}/roster", encode_message(roster), retained=True)
    assert Orders(SITE, GATEWAY).read(said, 0) == Rule(roster, retained=True)


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
    assert Orders(SITE, GATEWAY).read(said, 100) == Order(command(), None)
    orders = Orders(SITE, GATEWAY)
    orders.read(asked(command(1, at_us=50)), 50)
    assert orders.read(said, 101) is None


@pytest.mark.parametrize("ahead_us", [86_400_000_000, -86_400_000_000, 20_000_000, -20_000_000])
def test_a_clock_that_stands_wrong_makes_no_command_late_and_no_late_command_timely(ahead_us: int) -> None:
    orders, now_us, life_us = Orders(SITE, GATEWAY), 90_000_000_000 + ahead_us, 15_000_000
    for number in range(3):
        at_us = 90_000_000_000 + 5_000_000 * number
        assert (
            orders.read(asked(command(number, at_us=at_us, expires_us=at_us + life_us)), at_us + ahead_us) is not None
        )
    held_back = command(9, at_us=90_000_000_000, expires_us=90_000_000_000 + life_us)
    assert orders.read(asked(held_back), now_us + life_us + 1) is None


def test_a_clock_that_is_put_right_is_believed_within_minutes() -> None:
    orders, start_us = Orders(SITE, GATEWAY), 90_000_000_000
    assert orders.read(asked(command(1, at_us=start_us, expires_us=start_us + 1000)), start_us - 3600_000_000)
    late = command(2, at_us=start_us, expires_us=start_us + 1000)
    assert orders.read(asked(late), start_us + 5000) is not None, "by a clock that has just been set nothing is known"
    later_us = start_us + DELAYS_US
    assert orders.read(asked(command(3, at_us=later_us, expires_us=later_us + 1000)), later_us) is not None
    assert orders.read(asked(command(4, at_us=later_us, expires_us=later_us + 1000)), later_us + 6001) is None


@pytest.mark.parametrize("life_us", [0, -1, LIFE_MAX_US + 1])
def test_a_command_that_is_wanted_for_ever_or_never_is_refused(life_us: int) -> None:
    with pytest.raises(WireError, match="expires_us"):
        Orders(SITE, GATEWAY).read(asked(command(at_us=10, expires_us=10 + life_us)), 10)


def test_a_command_that_a_broker_kept_is_none() -> None:
    said = heard(band_topic(SITE, "b", "command"), encode_message(command()), retained=True)
    assert Orders(SITE, GATEWAY).read(said, 100) is None


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
