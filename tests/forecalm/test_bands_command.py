"""``forecalm bands`` shows what gateways say of themselves and their bands, and says so where no broker is reached."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from console.pairing import line
from console.pairing.hearing import Hearing
from forecalm.cli import main
from forecalm.commands import bands_heard
from forecalm.commands.bands_heard import Told, radio_ago_s
from forecalm.commands.bands_told import gateway_lines
from forecalm.commands.pairing_ear import Ear
from forecalm.config import Config
from forecalm.installation import Installation
from ingest.clock.clocks import GatewayState
from ingest.control.messages import BandStatus, GatewayStatus, band_status_topic, encode_message, gateway_topic
from ingest.control.picture import GatewayAt
from ingest.registry.consents import Consent, Scope
from tests.servers import LONG_S, free_port, mosquitto_at, until

Say = Callable[..., str]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A house where w-1 wears a; b, c and d are known; nobody answers at its broker's port."""
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "house"))
    monkeypatch.setenv("FORECALM_MQTT_PORT", str(free_port()))
    made = Installation(Config(data=str(tmp_path / "house")))
    with closing(made.open_registry()) as registry:
        agreed = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
        registry.pair(band="a", wearer="w-1", since_s=1.58e9, name="Ann", carers=[], consent=agreed, by="test")
        for band in ("b", "c", "d"):
            registry.add_band(band, by="test")
    return made


@pytest.fixture
def said(house: Installation, capsys: pytest.CaptureFixture[str]) -> Say:
    def said(*options: str) -> str:
        assert main(["bands", *options]) == 0
        printed = capsys.readouterr()
        return printed.out if options else " ".join((printed.err + printed.out).split())

    return said


def hear_all(monkeypatch: pytest.MonkeyPatch, *, gateways: int, bands: int = 0) -> None:
    """However busy the machine is, a command hears of so many what the broker keeps."""
    listen = Ear.listen

    def listen_until_all_has_come(ear: Ear) -> Hearing:
        until(lambda: len(listen(ear).gateways(0.0)) >= gateways and len(ear.hearing.bands(0.0)) >= bands)
        return ear.hearing

    monkeypatch.setattr(Ear, "listen", listen_until_all_has_come)
    monkeypatch.setattr(line, "REACH_S", LONG_S)


def gateway(*, at_s: float, **fields: object) -> GatewayStatus:
    like: dict[str, object] = {"online": True, "links": 1, "links_max": 7, "radio_us": round((at_s - 3) * 1e6)}
    return GatewayStatus(v=1, at_us=round(at_s * 1e6), since_us=1, **(like | fields))  # type: ignore[arg-type]


def publish(port: int, *said: tuple[str, object]) -> None:
    """What gateways have said, as a broker keeps it."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for topic, message in said:
        client.publish(topic, encode_message(message), qos=1, retain=True).wait_for_publish(LONG_S)  # type: ignore[arg-type]
    client.disconnect()
    client.loop_stop()


def standing(band: str, gateway: str, state: str, *, at_s: float, reason: str = "") -> tuple[str, object]:
    us = round(at_s * 1e6)
    status = BandStatus(v=1, at_us=us, gateway=gateway, state=state, since_us=us, reason=reason)  # type: ignore[arg-type]
    return band_status_topic("home", band, gateway), status


def test_where_no_broker_is_reached_that_is_said_and_bands_are_shown_all_the_same(said: Say) -> None:
    words = said()
    assert "not reached" in words
    assert "what gateways say of themselves and of their bands is not known here" in words
    assert "band a: worn by w-1" in words
    assert "connected" not in words
    told = json.loads(said("--json"))
    assert "not reached" in told["standing"]["missing"]
    assert (told["standing"]["gateways"], told["standing"]["bands"]) == ([], [])


@pytest.mark.service
def test_each_band_has_how_gateways_stand_with_it_and_each_gateway_what_it_says_of_itself(
    said: Say, mosquitto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("FORECALM_MQTT_PORT", str(port))
    hear_all(monkeypatch, gateways=2, bands=3)
    with mosquitto_at(mosquitto, tmp_path, port):
        now_s = time.time()
        publish(
            port,
            (gateway_topic("home", "hall", "status"), gateway(at_s=now_s, kept_packets=12)),
            (gateway_topic("home", "attic", "status"), gateway(at_s=now_s - 7200, online=False)),
            standing("a", "hall", "connected", at_s=now_s),
            standing("b", "hall", "lost", at_s=now_s, reason="not heard"),
            standing("c", "attic", "connected", at_s=now_s),
        )
        words, told = said(), json.loads(said("--json"))["standing"]
    assert "band a: worn by w-1 never heard; 0 packets and 0 samples of 0 boots stored connected to hall since" in words
    assert "hall says: not heard" in words
    assert words.index("lost since ") < words.index("hall says: not heard")
    assert "not connected: attic, which had it, is away" in words
    assert (
        "band d: NOBODY IS KNOWN TO WEAR IT never heard; 0 packets and 0 samples of 0 boots stored no gateway" in words
    )
    assert "gateway hall: online; its radio heard something" in words
    assert "1 of at most 7 links; 12 packets wait to be stored" in words
    assert "gateway attic: AWAY, last heard 2 h ago" in words
    assert "not reached" not in words
    gateways = {each["gateway"]: each for each in told["gateways"]}
    assert (gateways["hall"]["online"], gateways["hall"]["links"], gateways["hall"]["waiting"]) == (True, 1, 12)
    assert gateways["hall"]["radio_s"] == pytest.approx(now_s - 3, abs=1.0)
    assert not gateways["attic"]["online"]
    bands = {each["band"]: each for each in told["bands"]}
    assert (bands["a"]["connected"], bands["a"]["gateway"]) == (True, "hall")
    assert (bands["b"]["connected"], bands["b"]["reasons"]) == (False, {"hall": "not heard"})
    assert bands["c"]["connected"] is False


@pytest.mark.service
def test_a_gateway_that_said_long_ago_that_it_is_there_is_waited_for_and_then_said_to_be_away(
    said: Say, mosquitto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("FORECALM_MQTT_PORT", str(port))
    monkeypatch.setattr(bands_heard, "SPEAK_S", 0.8)
    hear_all(monkeypatch, gateways=1)
    with mosquitto_at(mosquitto, tmp_path, port):
        publish(port, (gateway_topic("home", "hall", "status"), gateway(at_s=time.time() - 600)))
        began_s = time.monotonic()
        assert "gateway hall: AWAY, last heard 10 min ago" in said()
    assert time.monotonic() - began_s > 0.8


def test_when_a_clock_was_compared_does_not_read_like_when_a_band_was_heard() -> None:
    state = GatewayState("hall", 0.001, 59.0, 0)
    lines = gateway_lines("hall", state, Told(100.0, "broker not reached"), 100.0)
    assert lines == [
        "gateway hall: not known whether it is online",
        "    its clock was last compared 41 s ago: -1 ms against ours",
    ]
    assert gateway_lines("hall", None, Told(100.0), 100.0) == ["gateway hall: says nothing of itself"]


@pytest.mark.parametrize(
    ("fields", "deaf", "says"),
    [
        ({}, False, "online; its radio heard something 3 s ago; 1 of at most 7 links; nothing waits to be stored"),
        ({"radio_us": None}, False, "its radio heard nothing yet"),
        ({}, True, "DEAF: its radio heard"),
        ({"links_max": 0}, False, "online; nothing waits to be stored"),
        ({"let_go": 1}, False, "LET GO of 1 packet that was never stored"),
        ({"trouble": "disk\x1b full", "kept_packets": 1}, False, "1 packet waits to be stored; DISK: disk? full"),
    ],
)
def test_what_ails_a_gateway_is_said(fields: dict[str, object], deaf: bool, says: str) -> None:
    at = GatewayAt("hall", gateway(at_s=50.0, **fields), 100_000_000, online=True, deaf=deaf)
    (line,) = gateway_lines("hall", None, Told(100.0, "", {"hall": at}), 100.0)
    assert says in line


def test_when_a_radio_heard_something_is_told_by_the_clock_of_its_own_gateway() -> None:
    at = GatewayAt("hall", gateway(at_s=5_000.0), 100_000_000, online=True, deaf=False)
    assert radio_ago_s(at, 104.0) == pytest.approx(7.0)
