"""A broker on loopback that tests of senders share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.sending.brokers import Running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lost a broker looks for it again at once."""
    monkeypatch.setattr("ingest.sending.connection.RECONNECT_MIN_S", 0.02)
    monkeypatch.setattr("ingest.sending.connection.RECONNECT_MAX_S", 0.1)


@pytest.fixture
def broker(mosquitto: str, tmp_path: Path) -> Iterator[Running]:
    """A broker that lets anybody in."""
    folder = tmp_path / "broker"
    folder.mkdir()
    made = Running(mosquitto, folder)
    yield made
    made.stop()
