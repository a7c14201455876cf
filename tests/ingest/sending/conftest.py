"""A broker on loopback that tests of senders share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.sending.brokers import Running


@pytest.fixture
def broker(mosquitto: str, tmp_path: Path) -> Iterator[Running]:
    """A broker that lets anybody in."""
    folder = tmp_path / "broker"
    folder.mkdir()
    made = Running(mosquitto, folder)
    yield made
    made.stop()
