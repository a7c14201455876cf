"""A real service with a broker: whom no consent covers any more is shown so, and nothing of them is kept."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alerts.journal import Journal
from alerts.situation_events import AlertRaised
from alerts.views import Blind, RiskState, WearerView
from forecalm.build import Service
from forecalm.config import Config, ConsoleSection, MqttSection
from forecalm.installation import Installation
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.wire import Packet, Samples, data_topic, encode
from tests.accounts import asked
from tests.forecalm.test_service import brokered, send
from tests.servers import free_port, until

pytestmark = pytest.mark.long

CARE = frozenset({Scope.CARE})


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        data=str(tmp_path / "var"), mqtt=MqttSection(port=free_port()), console=ConsoleSection(port=free_port())
    )


@pytest.fixture
def registry(config: Config) -> Iterator[Registry]:
    with closing(Installation(config).open_registry()) as registry:
        consent = Consent(CARE, "Ida, mother", 0.0)
        registry.pair(band="band-01", wearer="w-01", since_s=0.0, name="Bea", carers=["Jo"], consent=consent, by="test")
        yield registry


def packet(band: str, seq: int) -> bytes:
    tick_us, now_us = 1_000_000 * (seq + 1), round(time.time() * 1e6)
    return encode(
        Packet(
            v=1,
            band=band,
            boot=1,
            seq=seq,
            tick_us=tick_us,
            sent_us=now_us,
            heard_us=now_us,
            gateway="attic",
            battery=64,
            eda=Samples(rate_hz=4.0, tick_us=tick_us - 1_000_000, values=np.ones(4, "<f4").tobytes()),
        )
    )


def bands(config: Config, service: Service) -> dict[str, Any]:
    with urllib.request.urlopen(asked(config, f"{service.address}bands.json")) as answer:
        return json.load(answer)


def blind(service: Service) -> Blind | None:
    return view(service).sight.reason


def view(service: Service) -> WearerView:
    (it,) = service.desk.views()
    return it


def test_a_withdrawal_is_shown_keeps_the_alert_open_and_nothing_that_comes_after(
    config: Config, registry: Registry
) -> None:
    with closing(Journal(Installation(config).journal)) as journal:
        raised = {"probability": 0.9, "reasons": ("Sweat rising.",), "policy": "test"}
        journal.append([AlertRaised(wearer="w-01", at_s=time.time() - 60, alert_id="w-01-1", **raised)])
    with brokered(config), Service(config) as service:
        service.wait_until_subscribed()
        send(config, [(data_topic("home", "band-01"), packet("band-01", 0))])
        until(lambda: service.store.counts().packets == {"band-01": 1})
        assert blind(service) is not Blind.NOT_RECORDING
        registry.withdraw_consent("w-01", at_s=time.time(), by="test")
        until(lambda: blind(service) is Blind.NOT_RECORDING)
        assert view(service).risk is RiskState.ALERTING
        send(config, [(data_topic("home", "band-01"), packet("band-01", seq)) for seq in (1, 2)])
        until(lambda: bands(config, service)["counters"]["dropped"] == 2)
        assert service.store.counts().packets == {"band-01": 1}
        (due,) = bands(config, service)["consents"]
        assert (due["wearer"], due["ends_s"], due["to_confirm"]) == ("w-01", None, False)
        with urllib.request.urlopen(asked(config, service.address)) as page:
            assert "Not recording. The alert stays." in page.read().decode()
        registry.give_consent("w-01", Consent(CARE, "Ida, mother", 0.0), by="test")
        until(lambda: blind(service) is Blind.NOT_HEARD)


def test_a_consent_that_ends_by_itself_ends_the_watch(config: Config, registry: Registry) -> None:
    registry.withdraw_consent("w-01", at_s=time.time(), by="test")
    registry.give_consent("w-01", Consent(CARE, "Ida, mother", 0.0, until_s=time.time() + 3), by="test")
    with Service(config) as service:
        until(
            lambda: bands(config, service)["consents"][0]["ends_s"] is not None or blind(service) is Blind.NOT_RECORDING
        )
        until(lambda: blind(service) is Blind.NOT_RECORDING)
        assert service.works()


def is_told(said: dict[str, Any]) -> bool:
    """Whether what came of a stray band has been stored and handed on, and what cannot be used was refused."""
    stray = said["bands"][0]
    return stray["band"] == "stray" and stray["sent"]["gateway"] is not None and bool(said["refusals"])


def test_a_band_that_nobody_is_known_to_wear_is_told_to_staff_with_when_its_readings_go(
    config: Config, registry: Registry
) -> None:
    with brokered(config), Service(config) as service:
        service.wait_until_subscribed()
        send(config, [(data_topic("home", "stray"), packet("stray", 0)), (data_topic("home", "stray"), b"nonsense")])
        until(lambda: service.store.counts().quarantined == 1 and bool(service.store.counts().packets))
        until(lambda: is_told(bands(config, service)))
        said = bands(config, service)
        stray, mine = said["bands"]
        assert (stray["wearer"], stray["verdict"], stray["packets"]) == (None, "wait", 1)
        assert stray["sent"] == {"gateway": "attic", "battery_pct": 64}
        day_s = config.keeping.unassigned_hours * 3600
        assert stray["waiting"]["last_goes_s"] == pytest.approx(time.time() + day_s, abs=120)
        assert (mine["band"], mine["wearer"], mine["last_heard_s"]) == ("band-01", "w-01", None)
        assert said["names"] == {"w-01": "Bea"}
        assert [gateway["gateway"] for gateway in said["gateways"]] == ["attic"]
        registry.add_band("stray", by="test")
        registry.add_wearer("w-02", "Ali", by="test")
        registry.give_consent("w-02", Consent(CARE, "Nadia, sister", 0.0), by="test")
        registry.correct_assignment("stray", "w-02", since_s=time.time() - 3600, until_s=time.time() + 1, by="test")
        until(lambda: bands(config, service)["bands"][0]["waiting"] is None)
