"""MQTT with a real broker: events as CloudEvents, lights as Home Assistant finds them."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from alerts.channels import mqtt
from alerts.channels.channel import Because, ChannelError, Message
from alerts.channels.cloud_events import event, topic
from alerts.channels.home_assistant import EXPIRE_S, REFRESH_S, Light, discovery, state_topic, states
from alerts.channels.mqtt import Mqtt
from alerts.delivery.matter import Kind
from ingest.sending import connection
from ingest.sending.broker import Broker
from tests.servers import LONG_S, free_port, mosquitto_at, until

MakeMessage = Callable[..., Message]
SITE = "alder"
STATUS = "forecalm/v1/alder/lights/status"
BEA = Light(wearer="bea", alerting=False, protected=True)


class Listener:
    """Hears everything, as Home Assistant would."""

    def __init__(self, port: int) -> None:
        self._last: dict[str, bytes] = {}
        self.messages: list[paho.MQTTMessage] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = self._hear
        ready = threading.Event()
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert ready.wait(LONG_S)

    @property
    def last(self) -> dict[str, bytes]:
        """What came last under each topic, so far: more may come while whoever asked looks at it."""
        return self._last.copy()

    def forget(self) -> None:
        """Have heard nothing."""
        self._last.clear()

    def _hear(self, _: object, __: object, message: paho.MQTTMessage) -> None:
        self.messages.append(message)
        self._last[message.topic] = message.payload

    def light(self, wearer: str = "bea") -> Any:  # noqa: ANN401 - JSON
        """What the lights of ``wearer`` are."""
        return json.loads(self.last.get(state_topic(SITE, wearer)) or b"{}")

    def close(self) -> None:
        """Hear no more."""
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def listening(port: int) -> Iterator[Listener]:
    listener = Listener(port)
    try:
        yield listener
    finally:
        listener.close()


@contextmanager
def running(port: int, lights: Callable[[], list[Light] | None] = lambda: [BEA], **given: float) -> Iterator[Mqtt]:
    channel = Mqtt(Broker(port=port), site=SITE, lights=lights, answer_s=LONG_S, **given)
    channel.start()
    try:
        until(lambda: channel.online, "no broker")
        yield channel
    finally:
        channel.stop()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RECONNECT_MIN_S", 0)
    monkeypatch.setattr(connection, "RECONNECT_MAX_S", 0)
    monkeypatch.setattr(mqtt, "BUSY_S", 0.0)


@pytest.fixture
def port(mosquitto: str, tmp_path: Path) -> Iterator[int]:
    """Of a broker that keeps nothing of the test before."""
    port = free_port()
    with mosquitto_at(mosquitto, tmp_path, port):
        yield port


def must_be_a_cloud_event(said: dict[str, Any]) -> None:
    """CloudEvents 1.0.2: required attributes, their types and names, and the JSON format's structured mode."""
    for required in ("id", "source", "specversion", "type"):
        assert isinstance(said[required], str)
        assert said[required]
    assert said["specversion"] == "1.0"
    assert set(said) <= {
        "id", "source", "specversion", "type", "datacontenttype", "dataschema", "subject", "time", "data",
    }  # fmt: skip
    assert all(re.fullmatch(r"[a-z0-9]{1,20}", name) for name in said)
    assert said.get("subject", "x"), "a subject is not empty where there is one"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", said["time"])
    assert datetime.fromisoformat(said["time"]).tzinfo is not None
    assert said["datacontenttype"] == "application/json"
    assert re.fullmatch(r"/[!-~]+", said["source"])


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("over", [False, True])
def test_every_event_keeps_the_rules_of_cloud_events(kind: Kind, over: bool, a_message: MakeMessage) -> None:
    said = json.loads(event(SITE, a_message(kind=kind, over=over)))
    must_be_a_cloud_event(said)
    assert said["subject"] == "bea"
    assert said["type"].startswith("forecalm.")
    assert said["type"].endswith("over" if over else "begun")
    must_be_a_cloud_event(json.loads(event(SITE, a_message(kind=kind, over=over, wearer=""))))


def test_a_repeat_is_the_same_event_and_another_matter_another(a_message: MakeMessage) -> None:
    ids = [
        json.loads(event(SITE, each))["id"]
        for each in (a_message(), a_message(repeat=True), a_message(message_id="other"))
    ]
    assert ids[0] == ids[1] != ids[2]


def test_the_link_by_which_a_matter_is_taken_is_told_to_no_broker(a_message: MakeMessage) -> None:
    assert b"t0ken" not in event(SITE, a_message())


@pytest.mark.parametrize("pseudonym", ["a/b", "#", "+", "ä", "x" * 65, "a b", "$SYS"])
def test_a_pseudonym_is_one_level_of_a_topic_whatever_it_is(pseudonym: str) -> None:
    for at in (topic, state_topic):
        where = at(SITE, pseudonym)
        assert where.count("/") == at(SITE, "bea").count("/")
        assert not re.search(r"[#+ä ]", where)
    assert topic(SITE, "") == "forecalm/v1/alder/alert"


def test_an_alert_arrives_at_the_topic_of_its_wearer_and_is_not_kept(port: int, a_message: MakeMessage) -> None:
    with listening(port) as listener, running(port) as channel:
        channel.send(a_message())
        until(lambda: "forecalm/v1/alder/alert/bea" in listener.last)
        must_be_a_cloud_event(json.loads(listener.last["forecalm/v1/alder/alert/bea"]))
        (heard,) = [message for message in listener.messages if message.topic == "forecalm/v1/alder/alert/bea"]
        assert heard.qos == 1
        with listening(port) as later:
            until(lambda: STATUS in later.last)
            assert "forecalm/v1/alder/alert/bea" not in later.last


def test_home_assistant_finds_two_lights_for_each_and_for_the_house(port: int) -> None:
    with running(port), listening(port) as home_assistant:
        until(lambda: home_assistant.last.get(STATUS) == b"online")
        until(lambda: len(home_assistant.last) == 7, "two lights each, two states and the status")
        found = {
            each: json.loads(said) for each, said in home_assistant.last.items() if each.startswith("homeassistant/")
        }
        assert len(found) == 4
        for where, config in found.items():
            assert re.fullmatch(r"homeassistant/binary_sensor/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+/config", where)
            assert config["state_topic"] in home_assistant.last
            assert config["availability_topic"] == STATUS
            assert config["expire_after"] == EXPIRE_S > 2 * REFRESH_S
            assert config["device"]["identifiers"]
            key = re.fullmatch(r"\{\{ value_json\.(\w+) \}\}", config["value_template"])
            assert key is not None
            shown = json.loads(home_assistant.last[config["state_topic"]])[key[1]]
            assert shown in (config["payload_on"], config["payload_off"])
        assert len({config["unique_id"] for config in found.values()}) == 4


def test_everything_is_said_in_the_end_to_a_broker_that_takes_it_in_slowly(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "UNANSWERED_MOST", 1)
    with listening(port) as home_assistant, running(port, look_s=0.02):
        until(lambda: home_assistant.last.get(STATUS) == b"online")
        until(lambda: len(home_assistant.last) == 7)


def test_the_light_goes_on_with_an_alert_and_off_when_somebody_has_it(port: int) -> None:
    lights = [BEA]
    with listening(port) as home_assistant, running(port, lambda: list(lights), look_s=0.02):
        until(lambda: home_assistant.light().get("alert") == "OFF")
        lights[0] = Light(wearer="bea", alerting=True, protected=False)
        until(lambda: home_assistant.light() == {"alert": "ON", "protected": "OFF"})
        until(lambda: home_assistant.light("").get("alert") == "ON", "the house's light stays off")
        lights[0] = BEA
        until(lambda: home_assistant.light() == {"alert": "OFF", "protected": "ON"})
        until(lambda: home_assistant.light("")["alert"] == "OFF")


def test_a_light_that_changed_while_the_service_was_dead_is_right_again_before_it_counts(port: int) -> None:
    with running(port, lambda: [Light(wearer="bea", alerting=True, protected=True)]), listening(port) as listener:
        until(lambda: listener.light().get("alert") == "ON")
        until(lambda: listener.last.get(STATUS) == b"online")
    with listening(port) as listener:
        until(lambda: listener.last.get(STATUS) == b"offline", "whoever goes says so")
        with running(port):
            until(lambda: listener.last[STATUS] == b"online")
            assert listener.light()["alert"] == "OFF"


def test_the_broker_says_that_a_service_is_gone_that_was_killed(port: int) -> None:
    with listening(port) as listener, running(port) as channel:
        until(lambda: listener.last.get(STATUS) == b"online")
        seen = len(listener.messages)
        channel._connection._break_off()
        until(lambda: (STATUS, b"offline") in [(each.topic, each.payload) for each in listener.messages[seen:]])
        until(lambda: listener.last[STATUS] == b"online", "it does not come back")


def test_home_assistant_is_told_all_again_when_it_starts(port: int) -> None:
    with running(port), listening(port) as home_assistant:
        until(lambda: home_assistant.last.get(STATUS) == b"online")
        until(lambda: len(home_assistant.last) >= 7)
        home_assistant.forget()
        home_assistant.client.publish("homeassistant/status", b"online", qos=1)
        until(lambda: {STATUS, state_topic(SITE, "bea"), state_topic(SITE, "")} <= home_assistant.last.keys())
        until(lambda: sum(each.endswith("/config") for each in home_assistant.last) == 4)


def test_states_are_said_again_though_nothing_changed_so_that_none_expires(port: int) -> None:
    with listening(port) as listener, running(port, refresh_s=0.05, look_s=0.02):
        where = state_topic(SITE, "bea")
        until(lambda: sum(message.topic == where for message in listener.messages) >= 3)


def test_nothing_is_kept_of_whoever_is_no_more_here_even_after_a_restart(port: int) -> None:
    def of_callum(listener: Listener) -> list[bytes]:
        return [said for where, said in listener.last.items() if "callum" in where]

    with running(port, lambda: [BEA, Light(wearer="callum", alerting=False, protected=True)]), listening(port) as heard:
        until(lambda: len(of_callum(heard)) == 3)
    with listening(port) as listener:
        until(lambda: len(of_callum(listener)) == 3)
        assert all(of_callum(listener))
        with running(port):
            until(lambda: not any(of_callum(listener)))
            until(lambda: listener.light() != {})


def test_lights_that_the_rules_no_longer_want_are_taken_away_and_events_are_told_all_the_same(
    port: int, a_message: MakeMessage
) -> None:
    wanted: list[list[Light] | None] = [[BEA]]
    with listening(port) as heard, running(port, lambda: wanted[0]) as channel:
        until(lambda: heard.light() != {})
        wanted[0] = None
        channel.refresh()
        until(lambda: not any(said for where, said in heard.last.items() if where != STATUS))
        channel.send(a_message())
        wanted[0] = [BEA]
        channel.refresh()
        until(lambda: heard.light() != {})


def test_a_broker_that_is_away_has_certainly_not_taken_it_and_is_told_of_nothing_old(
    mosquitto: str, tmp_path: Path, a_message: MakeMessage
) -> None:
    port = free_port()
    channel = Mqtt(Broker(port=port), site=SITE, lights=lambda: [BEA], answer_s=LONG_S)
    channel.start()
    try:
        with pytest.raises(ChannelError) as failure:
            channel.send(a_message())
        assert (failure.value.because, failure.value.certain) == (Because.UNREACHABLE, True)
        with mosquitto_at(mosquitto, tmp_path, port), listening(port) as listener:
            until(lambda: listener.last.get(STATUS) == b"online")
            channel.send(a_message(matter_id="bea-2"))
            until(lambda: "forecalm/v1/alder/alert/bea" in listener.last)
            told = [message for message in listener.messages if "/alert/" in message.topic]
            assert [json.loads(message.payload)["data"]["matter_id"] for message in told] == ["bea-2"]
    finally:
        channel.stop()


def test_a_broker_that_acknowledges_nothing_may_have_it_and_is_given_no_more_than_a_bound(
    port: int, a_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "UNANSWERED_MOST", 1)
    channel = Mqtt(Broker(port=port), site=SITE, answer_s=0.05)
    monkeypatch.setattr(channel._connection, "_tell", lambda _: None)
    channel._connection.start()  # without the thread of the lights, whose messages nobody acknowledges either
    try:
        until(lambda: channel.online, "no broker")
        with pytest.raises(ChannelError) as failure:
            channel.send(a_message())
        assert (failure.value.because, failure.value.certain) == (Because.SILENT, False)
        with pytest.raises(ChannelError) as failure:
            channel.send(a_message())
        assert (failure.value.because, failure.value.certain) == (Because.UNREACHABLE, True)
    finally:
        channel._connection.stop()


def test_lights_that_cannot_be_told_are_told_of_once_and_tried_again(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    broken = [True]

    def lights() -> list[Light]:
        if broken[0]:
            raise RuntimeError("no desk yet")
        return [BEA]

    with listening(port) as listener, running(port, lights, look_s=0.02):
        until(lambda: "tried again" in caplog.text)
        broken[0] = False
        until(lambda: listener.last.get(STATUS) == b"online")
    assert caplog.text.count("tried again") == 1


def test_a_device_is_called_by_the_name_that_is_given_and_else_by_the_pseudonym() -> None:
    def names(light: Light) -> set[str]:
        return {json.loads(each.payload)["device"]["name"] for each in discovery(SITE, [light], "homeassistant")}

    assert names(BEA) == {"Forecalm alder", "Forecalm bea"}
    assert "Forecalm Beatrix" in names(Light(wearer="bea", alerting=False, protected=True, name="Beatrix"))


def test_nobody_to_watch_is_not_called_protected() -> None:
    assert json.loads(states(SITE, [])[0].payload) == {"alert": "OFF", "protected": "OFF"}
