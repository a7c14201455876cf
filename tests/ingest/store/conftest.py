"""Every store there is, by name, so that one suite can hold them all to the protocol."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.store.protocol import Store
from ingest.store.sqlite import SqliteStore
from tests.ingest.store.influx_server import Influx, influx_store, running_influx

MakeStore = Callable[[Path], Store]
STORES = ("sqlite", "influxdb")
"""Names of stores; each has a fixture ``make_NAME_store`` that opens the store of a folder, the same one again if asked
again: ``store`` and ``make_store`` go through all of them."""


@pytest.fixture(scope="session")
def make_sqlite_store() -> MakeStore:
    """Opens the store in a file of a folder."""
    return lambda folder: SqliteStore(folder / "readings.sqlite")


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """A real InfluxDB, one for all tests; each makes databases of its own."""
    with running_influx(tmp_path_factory.mktemp("influx")) as running:
        yield running


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
