"""Whatever comes from a broker in: what was said out, or nothing, or an error of the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.control.messages import (
    BandEvent,
    BandStatus,
    GatewayStatus,
    Message,
    Nearby,
    Roster,
    band_status_topic,
    band_topic,
    encode_message,
    gateway_topic,
    roster_topic,
)
from ingest.control.reading import BandSaid, GatewaySaid, Said, read
from ingest.errors import WireError
from ingest.wire import data_topic

GATEWAY = GatewayStatus(v=1, at_us=1, online=True)
BAND = BandStatus(v=1, at_us=1, gateway="hall", state="lost", since_us=1)
NEARBY = Nearby(v=1, at_us=1, gateway="hall", bands=[])
EVENT = BandEvent(v=1, at_us=1, gateway="hall", band="b", kind="double_tap")
ROSTER = Roster(v=1, at_us=1, bands=["b"])
TOPICS = {
    gateway_topic("home", "hall", "status"): (GATEWAY, GatewaySaid("hall", GATEWAY)),
    band_status_topic("home", "b", "hall"): (BAND, BandSaid("b", "hall", BAND)),
    gateway_topic("home", "hall", "nearby"): (NEARBY, NEARBY),
    band_topic("home", "b", "event"): (EVENT, EVENT),
    roster_topic("home"): (ROSTER, ROSTER),
}


@pytest.mark.parametrize(("topic", "message", "said"), [(topic, *pair) for topic, pair in TOPICS.items()])
def test_what_gateways_and_the_service_say_is_read(topic: str, message: Message, said: Said) -> None:
    assert read(topic, encode_message(message)) == said


def test_a_gateway_may_take_back_what_it_said_of_a_band() -> None:
    assert read(band_status_topic("home", "b", "hall"), b"") == BandSaid("b", "hall", None)


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        (band_status_topic("home", "b", "attic"), BAND),
        (gateway_topic("home", "attic", "nearby"), NEARBY),
        (band_topic("home", "c", "event"), EVENT),
    ],
)
def test_nobody_speaks_for_somebody_else(topic: str, message: Message) -> None:
    with pytest.raises(WireError, match="the topic names"):
        read(topic, encode_message(message))


@given(topic=st.sampled_from([*TOPICS, data_topic("home", "b"), "elsewhere"]), payload=st.binary(max_size=60))
def test_whatever_else_comes_is_nothing_or_an_error_of_the_wire(topic: str, payload: bytes) -> None:
    try:
        said = read(topic, payload)
    except WireError:
        return
    assert said is None or (isinstance(said, BandSaid) and said.status is None)
