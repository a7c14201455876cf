"""``forecalm serve`` says over its API who is not protected, and why, when its broker dies."""

import json
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from alerts.protection.cover import Level, Link
from forecalm.build import Service
from forecalm.config import Config, ConsoleSection, MqttSection
from forecalm.installation import Installation
from ingest.registry.consents import Consent, Scope
from tests.accounts import tablet
from tests.servers import embedded_at, free_port, until

pytestmark = pytest.mark.long


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = Config(
        data=str(tmp_path / "var"), mqtt=MqttSection(port=free_port()), console=ConsoleSection(port=free_port())
    )
    registry = Installation(config).open_registry()
    consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
    registry.pair(band="band-01", wearer="w-01", since_s=0.0, name="Bea", carers=["Jo"], consent=consent, by="test")
    registry.close()
    return config


class Board:
    """A tablet that was enrolled, and asks the API."""

    def __init__(self, address: str, enrolled: Mapping[str, str]) -> None:
        self._address = address
        self._headers = {"Content-Type": "application/json", **enrolled}
        made = self._ask("tablets", {})
        self._headers["Authorization"] = f"Tablet {made['tablet']}.{made['key']}"

    def _ask(self, path: str, body: dict[str, object] | None = None) -> Any:  # noqa: ANN401 - as JSON comes
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._address}api/v1/{path}", data=data, headers=self._headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def said(self) -> tuple[str, str | None, str]:
        """What it says of the one person."""
        covers = self._ask("cover")["covers"]
        return (covers[0]["level"], covers[0]["link"], covers[0]["name"]) if covers else ("", None, "")


def test_a_service_says_that_a_band_was_never_heard_and_when_its_broker_has_died(config: Config) -> None:
    mqtt = config.mqtt
    with ExitStack() as broker:
        broker.enter_context(embedded_at(mqtt.port, mqtt.username, mqtt.password))
        kitchen = tablet(config)
        with Service(config) as service:
            service.wait_until_subscribed()
            board = Board(service.address, kitchen)
            until(lambda: board.said() == (Level.NOT, Link.BAND, "Bea"))
            broker.close()
            until(lambda: board.said() == (Level.NOT, Link.BROKER, "Bea"))
            assert service.works()
