"""The service's side over a real broker: what gateways say is heard, rosters and commands reach them."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ingest.control.client import Control
from ingest.control.messages import BandEvent, Command, Roster, Seen
from ingest.control.standing import Standing
from ingest.errors import SourceError, WireError
from ingest.sending.broker import Broker
from ingest.sending.sender import Sender
from ingest.sending.spool import Spool
from tests.ingest.sending.brokers import SITE, WAIT_S, Running, Service
from tests.servers import free_port, until


@pytest.fixture
def broker(mosquitto: str, tmp_path: Path) -> Iterator[Running]:
    made = Running(mosquitto, tmp_path)
    yield made
    made.stop()


def gateway(running: Running, name: str = "hall", **more: object) -> Sender:
    return Sender(running.address, site=SITE, gateway=name, spool=Spool.in_memory(), **more)  # type: ignore[arg-type]


def test_gateways_and_their_bands_are_seen_as_they_are(broker: Running) -> None:
    with Control(broker.address, site=SITE) as control:
        with gateway(broker) as hall:
            hall.status(radio_us=None, links=1, links_max=7)
            hall.band_status("b", Standing(state="connected", since_us=17))
            until(lambda: [(at.band, at.gateway, at.since_us) for at in control.bands()] == [("b", "hall", 17)])
            until(lambda: [(one.gateway, one.online) for one in control.gateways()] == [("hall", True)])
        until(lambda: [(one.gateway, one.online) for one in control.gateways()] == [("hall", False)])
        assert [at.gateway for at in control.bands()] == [None]
        assert control.fights() == []


def test_whoever_comes_later_is_told_what_was_said_before(broker: Running) -> None:
    with gateway(broker) as hall:
        hall.band_status("b", Standing(state="refused", since_us=1, reason="not bonded"))
        hall.wait_online(WAIT_S)
        with Control(broker.address, site=SITE) as control:
            until(lambda: bool(control.bands()))
            assert control.bands()[0].status.reason == "not bonded"


def test_a_look_asks_every_gateway_and_shows_who_is_near(broker: Running) -> None:
    asked: queue.Queue[tuple[Command, str | None]] = queue.Queue()
    seen = Seen(band="b", profile="forecalm", address="aa", heard_us=1_000_000, rssi=-50)
    with (
        Control(broker.address, site=SITE, clock=lambda: 1.0) as control,
        gateway(broker, on_command=lambda *said: asked.put(said), clock=lambda: 1.0) as hall,
    ):
        until(lambda: bool(control.gateways()))
        assert control.look(30.0) == 1
        command, band = asked.get(timeout=WAIT_S)
        assert (command.do, command.seconds, band) == ("look", 30.0, None)
        hall.nearby([seen])
        until(lambda: [near.seen for near in control.nearby()] == [seen])


def test_a_band_is_asked_to_show_itself_and_let_go_of(broker: Running) -> None:
    asked: queue.Queue[tuple[Command, str | None]] = queue.Queue()
    with (
        Control(broker.address, site=SITE) as control,
        gateway(broker, on_command=lambda *said: asked.put(said)) as hall,
    ):
        hall.wait_online(WAIT_S)
        until(lambda: bool(control.gateways()))
        ids = [control.identify("b", 5.0), control.release("b", 60.0)]
        said = [asked.get(timeout=WAIT_S) for _ in range(2)]
        assert [(command.do, command.seconds, band) for command, band in said] == [
            ("identify", 5.0, "b"),
            ("release", 60.0, "b"),
        ]
        assert [command.id for command, _ in said] == ids


def test_an_event_is_told_and_waits_for_whoever_asks(broker: Running) -> None:
    told: queue.Queue[BandEvent] = queue.Queue()

    def hear(event: BandEvent) -> None:
        told.put(event)
        raise RuntimeError("an error of the listener's")

    with Control(broker.address, site=SITE, on_event=hear) as control, gateway(broker) as hall:
        control.wait_online(WAIT_S)
        until(lambda: bool(control.gateways()))
        for at_us in (1, 2):
            hall.event("b", "double_tap", at_us=at_us)
        assert [told.get(timeout=WAIT_S).at_us for _ in range(2)] == [1, 2]
        assert [control.events.get(timeout=WAIT_S).at_us for _ in range(2)] == [1, 2]


def test_a_roster_reaches_gateways_that_come_later_and_a_broker_that_forgot_it(broker: Running) -> None:
    heard: queue.Queue[Roster] = queue.Queue()
    now_s = [1.0]
    with Control(broker.address, site=SITE, clock=lambda: now_s[0]) as control:
        control.publish_roster(["c", "b", "b"], pairing=["d"], pairing_s=60.0)
        expected = Roster(v=1, at_us=1_000_000, bands=["b", "c"], pairing=["d"], pairing_until_us=61_000_000)
        with gateway(broker, on_roster=heard.put):
            assert heard.get(timeout=WAIT_S) == expected
        broker.stop()
        until(lambda: not control.online)
        now_s[0] = 50.0
        broker.start()
        with gateway(broker, on_roster=heard.put):
            said = heard.get(timeout=WAIT_S)
            while said == expected:  # it was on its way when the broker went
                said = heard.get(timeout=WAIT_S)
            assert said == msgspec.structs.replace(expected, at_us=50_000_000), "a pairing is not begun anew by it"


def test_a_pairing_that_somebody_else_asks_for_goes_on_when_the_bands_change(broker: Running) -> None:
    heard: queue.Queue[Roster] = queue.Queue()
    with (
        Control(broker.address, site=SITE, clock=lambda: 1.0) as control,
        Control(broker.address, site=SITE, clock=lambda: 1.0) as other,
        gateway(broker, on_roster=heard.put),
    ):
        control.publish_roster(["b"])
        assert heard.get(timeout=WAIT_S).bands == ["b"]
        until(lambda: bool(other.gateways()))  # it has come online, and has nothing more to say of that
        other.publish_roster(["b"], pairing=["d"], pairing_s=60.0)
        while heard.get(timeout=WAIT_S).pairing != ["d"]:
            pass  # whoever comes online just then says its roster once more
        assert not control.overruled
        until(lambda: control.offered == ["d"])
        control.publish_roster(["b", "c"])
        assert heard.get(timeout=WAIT_S) == Roster(
            v=1, at_us=1_000_000, bands=["b", "c"], pairing=["d"], pairing_until_us=61_000_000
        )
        other.publish_roster(["x"])
        assert heard.get(timeout=WAIT_S) == Roster(v=1, at_us=1_000_000, bands=["x"]), "its pairing is its own to end"
        until(lambda: control.overruled)
        control.publish_roster(["b", "c"])
        assert heard.get(timeout=WAIT_S) == Roster(v=1, at_us=1_000_000, bands=["b", "c"])
        until(lambda: not control.overruled)


def test_a_roster_with_a_name_that_no_topic_may_hold_is_refused(broker: Running) -> None:
    with Control(broker.address, site=SITE) as control, pytest.raises(WireError, match="band 'a/b'"):
        control.publish_roster(["a/b"])


def test_nonsense_is_complained_of_once_and_changes_nothing(broker: Running, caplog: pytest.LogCaptureFixture) -> None:
    with Control(broker.address, site=SITE) as control, Service(broker.port) as other:
        control.wait_online(WAIT_S)
        for topic in ("band/b/event", "band/b/status/g", "gateway/g/status", "gateway/g/nearby"):
            for payload in (b"", b"\xff\xfe", b"[]", b'{"v": 2, "at_us": 1}', b"x" * 70_000):
                other.say(f"forecalm/v1/{SITE}/{topic}", payload)
        other.say(
            f"forecalm/v1/{SITE}/band/b/event",
            b'{"v": 1, "at_us": 1, "gateway": "g", "band": "c", "kind": "button"}',
        )
        other.say(f"forecalm/v1/{SITE}/gateway/g/nearby", b'{"v": 1, "at_us": 1, "gateway": "h", "bands": []}')
        other.say(
            f"forecalm/v1/{SITE}/band/b/event",
            b'{"v": 1, "at_us": 1, "gateway": "g", "band": "b", "kind": "button"}',
        )
        assert control.events.get(timeout=WAIT_S).band == "b"
        assert control.events.empty()
        assert (control.gateways(), control.bands(), control.nearby()) == ([], [], [])
    assert caplog.text.count("not understood") == 4


def test_a_broker_that_is_not_there_is_named_with_the_mend() -> None:
    port = free_port()
    with (
        Control(Broker(port=port), site=SITE) as control,
        pytest.raises(SourceError, match=f"broker 127.0.0.1:{port}: nobody answers there.*forecalm broker"),
    ):
        control.wait_online(WAIT_S)


def test_events_that_nobody_takes_up_are_bounded(broker: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.control.client.EVENTS_MAX", 3)
    last = threading.Event()
    with (
        Control(broker.address, site=SITE, on_event=lambda event: last.set() if event.at_us == 9 else None) as control,
        gateway(broker) as hall,
    ):
        until(lambda: bool(control.gateways()))
        for at_us in range(10):
            hall.event("b", "button", at_us=at_us)
        assert last.wait(WAIT_S)
        assert [control.events.get_nowait().at_us for _ in range(control.events.qsize())] == [7, 8, 9]
