"""Every store there is, by name, so that one suite can hold them all to the protocol."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.store.influx_connection import InfluxConnection
from ingest.store.protocol import Store
from ingest.store.sqlite import SqliteStore
from tests.ingest.store.influx_server import TOKEN, Influx, bucket_of, influx_store

MakeStore = Callable[[Path], Store]
STORES = ("sqlite", "influxdb")
"""Names of stores; each has a fixture ``make_NAME_store`` that opens the store of a folder, the same one again if asked
again: ``store`` and ``make_store`` go through all of them."""


@pytest.fixture(scope="session")
def make_sqlite_store() -> MakeStore:
    """Opens the store in a file of a folder."""
    return lambda folder: SqliteStore(folder / "readings.sqlite")


@pytest.fixture
def bucket(influx: Influx, tmp_path: Path) -> Iterator[str]:
    """An empty database of the server, which answers as it does itself again afterwards."""
    yield bucket_of(influx, tmp_path)
    influx.scripted.clear()


@pytest.fixture
def connection(influx: Influx, bucket: str) -> Iterator[InfluxConnection]:
    """A connection to that database, closed at the end."""
    with closing(InfluxConnection(url=influx.url, bucket=bucket, token=TOKEN)) as made:
        yield made


@pytest.fixture(scope="session")
def make_influxdb_store(influx: Influx) -> MakeStore:
    """Opens the inbox in a folder and the database that goes with it."""
    return lambda folder: influx_store(influx, folder)


@pytest.fixture(params=STORES)
def make_store(request: pytest.FixtureRequest) -> MakeStore:
    """Opens the store of a folder: the test is run once for every kind of store."""
    made: MakeStore = request.getfixturevalue(f"make_{request.param}_store")
    return made


@pytest.fixture
def store(make_store: MakeStore, tmp_path: Path) -> Iterator[Store]:
    """An empty store, closed at the end."""
    with closing(make_store(tmp_path)) as made:
        yield made
