"""``forecalm serve`` with a real broker, and across restarts."""

import math
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from alerts.errors import JournalError
from alerts.journal import Journal
from alerts.situation_events import AlertRaised
from alerts.views import Blind, RiskState
from console.errors import ConsoleError
from forecalm.build import Service
from forecalm.cli import main
from forecalm.config import Config, ConsoleSection, MqttSection
from forecalm.installation import Installation
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.registry.consents import Consent, Scope
from ingest.registry.levels import Level
from ingest.wire import data_topic, encode, encode_json
from tests.accounts import asked
from tests.servers import LONG_S, embedded_at, free_port, until

pytestmark = pytest.mark.long

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"


def configured(folder: Path) -> Config:
    return Config(data=str(folder), mqtt=MqttSection(port=free_port()), console=ConsoleSection(port=free_port()))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = configured(tmp_path / "var")
    registry = Installation(config).open_registry()
    consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
    registry.pair(band="band-01", wearer="w-01", since_s=0.0, name="Bea", carers=["Jo"], consent=consent, by="test")
    registry.close()
    return config


@contextmanager
def brokered(config: Config) -> Iterator[None]:
    mqtt = config.mqtt
    with embedded_at(mqtt.port, mqtt.username, mqtt.password):
        yield


@pytest.fixture
def broker(config: Config) -> Iterator[None]:
    with brokered(config):
        yield


def send(config: Config, messages: list[tuple[str, bytes]]) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(config.mqtt.username, config.mqtt.password)
    client.connect(config.mqtt.host, config.mqtt.port)
    client.loop_start()
    for topic, payload in messages:
        client.publish(topic, payload, qos=1).wait_for_publish(LONG_S)
    client.disconnect()
    client.loop_stop()


def post(config: Config, address: str, path: str, **form: str) -> int:
    request = asked(config, address + path, urllib.parse.urlencode(form).encode(), {"Accept": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return int(answer.status)


@pytest.mark.usefixtures("broker")
def test_what_cannot_be_used_is_quarantined_and_the_rest_goes_on(config: Config) -> None:
    sent = [packet for _, packet in packets(read(SAMPLE), band="band-01")][:5]
    topic, strange = data_topic("home", "band-01"), data_topic("home", "unknown")
    with Service(config) as service:
        service.wait_until_subscribed()
        bad = [
            (topic, b"\x00\x01 nonsense"),
            (topic, b'{"v": 1, "band": "band-01"}'),
            (strange, encode(sent[0])),  # the packet names another band than its topic
            (topic, encode_json(sent[0]).replace(b'"rate_hz":4.0', b'"rate_hz":0', 1)),
        ]
        good = [(topic, encode(packet)) for packet in sent]
        mine = [packet for _, packet in packets(read(SAMPLE), band="unknown")][:1]
        send(config, [good[0], *bad, *good[1:], (strange, encode_json(mine[0]))])
        until(lambda: sum(service.store.counts().packets.values()) + service.store.counts().quarantined >= 6 + len(bad))
        counts = service.store.counts()
        assert counts.packets == {"band-01": 5, "unknown": 1}
        assert counts.quarantined == len(bad)
        until(lambda: service.desk.views()[0].sight.reason is not Blind.NOT_HEARD)
        assert service.works()


@pytest.mark.usefixtures("broker")
def test_somebody_who_is_paired_while_it_runs_is_shown_by_name_and_watched(config: Config) -> None:
    with Service(config) as service:
        service.wait_until_subscribed()
        registry = Installation(config).open_registry()
        consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
        registry.pair(band="new", wearer="w-02", since_s=0.0, name="Cay", carers=[], consent=consent, by="test")
        registry.close()
        until(lambda: [view.wearer for view in service.desk.views()] == ["w-01", "w-02"])
        with urllib.request.urlopen(asked(config, service.address)) as page:
            assert "Cay" in page.read().decode()
        assert service.desk.views()[1].sight.reason is Blind.NOT_HEARD
        sent = [packet for _, packet in packets(read(SAMPLE), band="new")][:8]
        send(config, [(data_topic("home", "new"), encode(packet)) for packet in sent])
        until(lambda: service.desk.views()[1].sight.reason is not Blind.NOT_HEARD)
        assert service.works()


@pytest.mark.usefixtures("broker")
def test_a_correction_while_it_runs_reaches_the_running_engine(
    config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORECALM_DATA_FOLDER", config.data)
    monkeypatch.setattr("forecalm.live.SAVE_EVERY_S", math.inf)  # what is learnt anew is taken over at the end alone
    monkeypatch.setattr("forecalm.live.STOP_S", LONG_S)
    here = Installation(config)
    sent = [packet for _, packet in packets(read(SAMPLE), band="band-01")][:30]
    began_s = time.time() - 60
    with Service(config) as service:
        service.wait_until_subscribed()
        send(config, [(data_topic("home", "band-01"), encode(packet)) for packet in sent])
        until(lambda: service.desk.views()[0].sight.reason is not Blind.NOT_HEARD)
        until(lambda: service.store.counts().packets == {"band-01": len(sent)})
        since = datetime.fromtimestamp(began_s, UTC).isoformat()
        assert main(["correct", "band-01", "--nobody", "--since", since]) == 0
        assert "w-01, scored anew" in capsys.readouterr().out
        assert [path.stem for path in here.relearnt.iterdir()] == ["w-01"]
        assert service.works()
    assert list(here.relearnt.iterdir()) == []
    with np.load(here.learnt) as learnt:
        assert (learnt["usual"][0] == 0).all()  # of what was theirs nothing is left: nothing was


def test_an_open_alert_survives_restarts_and_is_taken_by_name(config: Config) -> None:
    journal = Journal(Installation(config).journal)
    raised = AlertRaised(
        wearer="w-01",
        at_s=time.time() - 60,
        alert_id="w-01-1",
        probability=0.9,
        reasons=("Sweat rising while sitting still.",),
        policy="test",
    )
    journal.append([raised])
    journal.close()
    with Service(config) as service:
        assert service.desk.views()[0].risk is RiskState.ALERTING
        with urllib.request.urlopen(asked(config, service.address)) as page:
            text = page.read().decode()
        assert "Bea" in text
        assert "Sweat rising while sitting still." in text
        assert post(config, service.address, "alerts/w-01-1/acknowledge", by="Jo") == 200
    with Service(config) as service:
        (view,) = service.desk.views()
        assert view.risk is RiskState.ACKNOWLEDGED
        assert view.alert is not None
        assert view.alert.acknowledged_by == "Jo"


def test_a_second_service_on_the_same_folder_is_refused(config: Config) -> None:
    with Service(config), pytest.raises(JournalError, match="another"), Service(config):
        pass


def test_a_taken_port_is_named_and_nothing_is_left_running(config: Config) -> None:
    before = set(threading.enumerate())
    with (
        socket.create_server(("127.0.0.1", config.console.port)),
        pytest.raises(ConsoleError, match=str(config.console.port)),
        Service(config),
    ):
        pass
    until(lambda: before.issuperset(threading.enumerate()), "something was left running")
    with Service(config) as service:
        assert service.works()


def test_a_service_with_nobody_to_watch_says_how_to_begin_and_watches_whoever_is_paired(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = configured(tmp_path / "empty")
    consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
    sent = [packet for _, packet in packets(read(SAMPLE), band="new")][:8]
    with brokered(config), Service(config) as service:
        assert "nobody is paired yet: forecalm pair" in caplog.text
        assert service.desk.views() == []
        with urllib.request.urlopen(asked(config, service.address)) as page:
            assert "Nobody is paired yet" in page.read().decode()
        registry = Installation(config).open_registry()
        for band, wearer, name in (("new", "w-02", "Cay"), ("newer", "w-01", "Ann")):
            registry.pair(band=band, wearer=wearer, since_s=0.0, name=name, carers=["Jo"], consent=consent, by="test")
        registry.close()
        until(lambda: {view.wearer for view in service.desk.views()} == {"w-01", "w-02"})
        with urllib.request.urlopen(asked(config, service.address)) as page:
            shown = page.read().decode()
        assert all(said in shown for said in ("Cay", "Ann", "Jo", 'id="nobody" aria-label="Nobody is paired" hidden'))
        service.wait_until_subscribed()
        send(config, [(data_topic("home", "new"), encode(packet)) for packet in sent])
        views = {view.wearer: view for view in service.desk.views()}
        until(lambda: {v.wearer: v for v in service.desk.views()}["w-02"].sight.reason is not Blind.NOT_HEARD)
        assert views["w-01"].sight.reason is Blind.NOT_HEARD
        assert service.works()
    with Service(config) as service:
        assert len(service.desk.views()) == 2
    assert "cannot be used" not in caplog.text, "what was learnt is taken up again"


def test_what_was_learnt_is_left_alone_while_nobody_is_watched(tmp_path: Path) -> None:
    config = configured(tmp_path / "empty")
    with Service(config):
        pass
    assert not Installation(config).learnt.exists()


@pytest.mark.parametrize(
    ("folder", "lets_in"),
    [
        ("", "Only the user forecalm comes in, and may do everything; users of gateways"),
        ("none", "has no users yet: only forecalm comes in until forecalm serve writes there who else may."),
        ("there", "Besides forecalm, who may do everything, gateways come in by"),
    ],
)
def test_the_embedded_broker_says_where_it_listens_and_who_comes_in(tmp_path: Path, folder: str, lets_in: str) -> None:
    port, access = free_port(), tmp_path / folder
    (tmp_path / "there").mkdir()
    for name in ("users", "acl"):
        (tmp_path / "there" / name).touch()
    command = [sys.executable, "-P", "-m", "forecalm", "broker", "--port", str(port)]
    command += ["--access", str(access)] if folder else []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        who = process.stderr.readline()
        process.terminate()
        rest = process.stderr.read()
    assert f"listens at 127.0.0.1:{port}" in said
    assert lets_in in who
    assert "stays as it was" not in rest, "that nobody has written there yet is no error"
    assert process.returncode == 0


def test_an_installation_has_a_name_of_its_own_on_the_broker(tmp_path: Path) -> None:
    here, there = (Installation(configured(tmp_path / name)) for name in ("here", "there"))
    assert here.identity() == here.identity() != there.identity()


def test_a_service_killed_while_it_names_itself_is_not_left_with_half_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Installation(configured(tmp_path))

    def killed(path: Path, text: str) -> int:
        path.touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as until_then:
        until_then.setattr(Path, "write_text", killed)
        with pytest.raises(KeyboardInterrupt):
            here.identity()
    assert len(here.identity()) == 16


def test_pairing_says_who_wears_what_from_now_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "house"))
    monkeypatch.setenv("FORECALM_MQTT_PORT", str(free_port()))  # somebody may run a house on this machine
    new = ["pair", "band-07", "w-12", "--name", "Aidan", "--carer", "Jo"]
    assert main(new) == 2
    assert "consent" in capsys.readouterr().err
    assert main([*new, "--consent-by", "Ida, mother"]) == 0
    assert main(["pair", "band-08", "w-12", "--instead-of", "band-07"]) == 0
    assert "w-12 wears band-08" in capsys.readouterr().out
    registry = Installation(Config(data=str(tmp_path / "house"))).open_registry()
    assert registry.names() == {"w-12": "Aidan"}
    assert registry.carers() == ["Jo"]
    assert registry.wearer_of("band-08", time.time()) == "w-12"
    assert registry.wearer_of("band-07", time.time()) is None
    registry.close()
    assert main(["pair", "band 9", "w-12"]) == 2
    assert "band 9" in capsys.readouterr().err


@pytest.mark.usefixtures("broker")
def test_a_level_that_is_set_for_somebody_holds_without_a_restart_and_after_one(config: Config) -> None:
    level = Level("first-light-1", 0.5, 0.2, 20.0, 120.0, 60.0, 60.0)
    with Service(config) as service:
        assert service.desk.policy_of("w-01").version == "first-light-1"
        registry = Installation(config).open_registry()
        registry.set_alert_level("w-01", level, per_day=2.0, by="test")
        registry.close()
        until(lambda: service.desk.policy_of("w-01").version == "first-light-1 level-1")
        assert service.desk.policy_of("w-01").enter == 0.5
    with Service(config) as service:
        assert service.desk.policy_of("w-01").version == "first-light-1 level-1"
