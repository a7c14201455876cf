"""A house, and its board served on loopback by a real server."""

from collections.abc import Iterator

import pytest

from tests.console.house import House, Serve


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def serve() -> Iterator[Serve]:
    serve = Serve()
    yield serve
    serve.end_all()
