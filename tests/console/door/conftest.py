"""A way in to try."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.door.way_in import WayIn


@pytest.fixture
def way_in(tmp_path: Path) -> Iterator[WayIn]:
    way_in = WayIn(tmp_path)
    yield way_in
    way_in.close()


@pytest.fixture
def by_tls(tmp_path: Path) -> Iterator[WayIn]:
    folder = tmp_path / "tls"
    folder.mkdir()
    way_in = WayIn(folder, secure=True)
    yield way_in
    way_in.close()
