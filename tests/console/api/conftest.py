"""Rooms, asked in process."""

from collections.abc import Iterator

import pytest

from tests.console.api.rooms import Rooms


@pytest.fixture
def rooms() -> Iterator[Rooms]:
    rooms = Rooms()
    yield rooms
    rooms.close()


@pytest.fixture
def board() -> Iterator[Rooms]:
    """A board alone."""
    rooms = Rooms(care=False)
    yield rooms
    rooms.close()
