"""A line hears all that a site's gateways say from the moment it is open, and carries what is asked of them."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.errors import PairingError
from console.pairing import line
from console.pairing.line import Line
from ingest.control.messages import Command, Roster, encode_message, roster_topic
from ingest.sending.broker import Broker
from ingest.sending.connection import Heard
from tests.console.pairing.bands import online
from tests.ingest.sending.brokers import SITE, Running, Service
from tests.servers import LONG_S, free_port, mosquitto_at, until

ROSTER = Roster(v=1, at_us=5, bands=["a"], pairing=["b"], pairing_until_us=9)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that is there may take its time to answer, on a machine with much else to do."""
    monkeypatch.setattr(line, "REACH_S", LONG_S)


@pytest.fixture
def broker(mosquitto: str, tmp_path: Path) -> Iterator[Running]:
    running = Running(mosquitto, tmp_path)
    yield running
    running.stop()


def first(staff: Line) -> list[Heard]:
    """What is heard first."""
    heard: list[Heard] = []

    def listen() -> bool:
        heard.extend(staff.heard())
        return bool(heard)

    until(listen)
    return heard


@pytest.mark.service
def test_what_a_broker_keeps_is_heard_with_the_moment_of_its_arrival(broker: Running) -> None:
    topic, payload = online(1.0)
    with Service(broker.port) as service, Line(broker.address, site=SITE) as staff:
        service.say(topic, payload, retain=True)
        before_s = time.time()
        with Line(broker.address, site=SITE) as late:
            heard = first(late)
        assert [(each.topic, each.payload) for each in heard] == [(topic, payload)]
        assert before_s <= heard[0].at_s <= time.time()
        until(lambda: bool(list(staff.heard())))
        assert not list(staff.heard()), "each is taken once"


@pytest.mark.service
def test_what_is_asked_arrives_as_commands_and_a_roster_is_kept(broker: Running) -> None:
    with Service(broker.port, f"forecalm/v1/{SITE}/#") as service, Line(broker.address, site=SITE) as staff:
        staff.identify("b", 3.0)
        asked = service.other(Command, f"forecalm/v1/{SITE}/band/b/command")
        assert (asked.do, asked.seconds) == ("identify", 3.0)
        staff.look_at("hall", 4.0)
        asked = service.other(Command, f"forecalm/v1/{SITE}/gateway/hall/command")
        assert (asked.do, asked.seconds) == ("look", 4.0)
        staff.offer(ROSTER)
        assert service.other(Roster, roster_topic(SITE)) == ROSTER
    with Line(broker.address, site=SITE) as again:
        assert first(again)[0].payload == encode_message(ROSTER)


@pytest.mark.service
def test_a_roster_that_is_offered_while_the_broker_is_away_is_no_error_and_comes_later(broker: Running) -> None:
    with Line(broker.address, site=SITE) as staff:
        broker.stop()
        until(lambda: not staff._connection.online)
        staff.offer(ROSTER)
        broker.start()
        with Service(broker.port, roster_topic(SITE)) as service:
            assert service.other(Roster) == ROSTER


@pytest.mark.service
def test_a_broker_that_refuses_and_one_that_is_not_there_are_told_apart(mosquitto: str, tmp_path: Path) -> None:
    with pytest.raises(PairingError, match=r"127\.0\.0\.1.*nobody answers there.*forecalm serve"):
        Line(Broker(port=free_port()), site=SITE).__enter__()
    port = free_port()
    with (
        mosquitto_at(mosquitto, tmp_path, port, "allow_anonymous false"),
        pytest.raises(PairingError, match="look at user and password"),
    ):
        Line(Broker(port=port, username="u", password="wrong"), site=SITE).__enter__()  # noqa: S106
