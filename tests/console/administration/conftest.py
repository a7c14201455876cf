"""Administrators' pages of one house."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.administration.office import Rooms


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    rooms = Rooms(tmp_path)
    yield rooms
    rooms.close()
