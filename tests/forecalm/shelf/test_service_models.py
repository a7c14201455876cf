"""A service with models off the shelf, end to end: bands on a real broker, alerts on the desk, the page of a carer."""

import itertools
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from alerts.journal import Journal
from alerts.policy import Policy
from alerts.situation_events import AlertRaised
from alerts.views import AlertView, RiskState, WearerView
from forecalm import build
from forecalm.build import Service
from forecalm.config import Config, ConsoleSection, MqttSection
from forecalm.installation import Installation
from forecalm.watching import champion
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.registry.consents import Consent, Scope
from ingest.wire import Packet, data_topic, encode
from models.datasets.dataset import Dataset
from models.estimators.candidates import Logistic
from models.inputs.inputs import NAMES
from models.shelf.about import about
from models.shelf.manifest import Code
from models.shelf.pointers import Pointers, Unrehearsed
from models.shelf.shelf import Shelf
from tests.accounts import asked
from tests.servers import embedded_at, free_port, until

pytestmark = pytest.mark.long

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "simulated_e4.zip"
SIGNED = Unrehearsed(signed_by="Ada", because="a test")
READ = ("level_deviation", "pulse_deviation")  # not known of anybody for a minute: both models say what they always say
BANDS = ("band-01", "band-02")
AT_ONCE = 22  # packets that a gateway kept: signals take 11 s to settle, and the last 10 s decide


@pytest.fixture
def config(tmp_path: Path, training: Dataset) -> Config:
    """A house with two wearers, and two models on its shelf: one sees signs in everything, one in nothing."""
    var = str(tmp_path / "var")
    config = Config(data=var, mqtt=MqttSection(port=free_port()), console=ConsoleSection(port=free_port()))
    here = Installation(config)
    with closing(here.open_registry()) as registry:
        consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
        for band, wearer in zip(BANDS, ("w-01", "w-02"), strict=True):
            registry.pair(band=band, wearer=wearer, since_s=0.0, name=wearer, carers=[], consent=consent, by="test")
    inputs = training.inputs[:, [NAMES.index(name) for name in READ]]
    for name, share in (("loud", 0.95), ("calm", 0.05)):
        happened = (np.random.default_rng(1).random(len(inputs)) < share).astype(np.int8)
        lives = replace(training, inputs=inputs, input_names=READ, target=happened)
        said = about(lives, candidate=name, experiment="", seed=1, made_s=1e9, code=Code(version="0"), metrics={})
        Shelf(here.models).keep(name, Logistic(penalty=1.0, least=0.0).fit(lives, seed=1), said)
    return config


@pytest.fixture(autouse=True)
def hurried(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs need last two seconds, and the shelf is looked at often."""
    monkeypatch.setattr(build, "POLICY", Policy(hold_s=2.0, version="hurried"))
    monkeypatch.setattr(champion, "LOOK_S", 0.2)


Seconds = Iterator[tuple[Packet, ...]]


def seconds() -> Seconds:
    """What two bands have to send, a packet of each a second, for longer than anything here takes."""
    return zip(*([packet for _, packet in packets(read(SAMPLE), band=band)] for band in BANDS), strict=True)


@contextmanager
def worn(config: Config, sent: Seconds) -> Iterator[None]:
    """Two bands that send the next that they have at once, and then a packet a second."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(config.mqtt.username, config.mqtt.password)
    client.connect(config.mqtt.host, config.mqtt.port)
    client.loop_start()
    ended = threading.Event()

    def send() -> None:
        began_s = time.time() - AT_ONCE
        for number in itertools.count():
            heard_s = began_s + number
            if ended.wait(max(heard_s - time.time(), 0.0)):
                return
            for each in next(sent):
                said = {"heard_us": round(heard_s * 1e6), "sent_us": round(time.time() * 1e6)}
                packet = msgspec.structs.replace(each, **said)
                client.publish(data_topic("home", packet.band), encode(packet), qos=1)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        client.disconnect()
        client.loop_stop()


def views(service: Service) -> dict[str, WearerView]:
    return {view.wearer: view for view in service.desk.views()}


def alerts(service: Service) -> list[AlertView]:
    return [view.alert for view in views(service).values() if view.alert is not None]


def known_s(here: Installation, model: str) -> float:
    """Of how many seconds of the first wearer the model knows, by what was kept."""
    with np.load(here.learnt) as kept:
        (name,) = (name for name in kept.files if name.startswith(f"of.{model}-") and name.endswith(".known_s"))
        return float(kept[name][list(kept["wearers"]).index("w-01")].max())


def test_a_service_follows_the_shelf_while_it_runs_and_loses_neither_alert_nor_what_it_learnt(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    here, pointers, sent = Installation(config), Pointers(Shelf(Installation(config).models)), seconds()
    pointers.promote("calm", by="Ada", evidence=SIGNED, at_s=1.0)
    pointers.shadow("loud", by="Ada", at_s=2.0)
    with embedded_at(config.mqtt.port, config.mqtt.username, config.mqtt.password):
        with Service(config) as service, worn(config, sent):
            until(lambda: all(view.probability is not None for view in views(service).values()))
            began_s = time.time()
            until(lambda: min(view.at_s for view in views(service).values()) > began_s + 1)
            assert alerts(service) == [], "a shadow alerts nobody"
            assert service.models().shadow == "loud"

            pointers.promote("loud", by="Ada", evidence=SIGNED, at_s=3.0)
            until(lambda: len(alerts(service)) == 2)
            raised = alerts(service)
            assert {alert.model for alert in raised} == {"loud"}
            assert raised[0].reasons[-1].startswith("About ")

            pointers.roll_back(by="Ada", why="it alerts always", at_s=4.0)
            until(lambda: service.models().watches == "calm")
            until(lambda: all((view.probability or 1.0) < 0.5 for view in views(service).values()))
            assert alerts(service) == raised, "open until a carer takes them"
            assert {view.risk for view in views(service).values()} == {RiskState.ALERTING}
            pointers.shadow("loud", by="Ada", at_s=5.0)
            until(lambda: service.models().shadow == "loud")
            began_s = time.time()
            until(lambda: min(view.at_s for view in views(service).values()) > began_s + 1)
            assert service.works()
        before = known_s(here, "loud")
        assert before > 0
        assert "cannot be used" not in caplog.text

        with Service(config) as service, worn(config, sent):
            assert alerts(service) == raised
            until(lambda: all(view.probability is not None for view in views(service).values()))
            assert service.models().watches == "calm"
            file = here.models / "calm" / "model.skops"
            file.write_bytes(file.read_bytes() + b".")
            until(lambda: service.models().watches == "arousal")
            assert service.models().chosen == "calm"
            assert any("model 'calm': model.skops" in fault for fault in service.models().faults)
            with urllib.request.urlopen(asked(config, service.address)) as page:
                assert "Model calm cannot be used: tell support." in page.read().decode()
            assert alerts(service) == raised
            assert service.works()
    assert known_s(here, "loud") > before, "it goes on with what it knew"
    assert "arousal watches, not calm: forecalm doctor, forecalm models" in caplog.text
    with closing(Journal(here.journal)) as journal:
        told = [event for event in journal.history if isinstance(event, AlertRaised)]
    assert [event.model for event in told] == ["loud", "loud"]
