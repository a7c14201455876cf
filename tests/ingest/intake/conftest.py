"""A store for whatever is taken in."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.store.sqlite import SqliteStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """An empty store, closed at the end."""
    with closing(SqliteStore(tmp_path / "readings.sqlite")) as made:
        yield made
