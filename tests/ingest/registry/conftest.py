"""Registries to test with: SQLite, and a PostgreSQL server of our own on a socket of its own."""

import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest.registry.registry import Registry
from tests.servers import LONG_S, until

Make = Callable[[], str]
NOW_S = 1_800_000_000.0


class Clock:
    """A clock that a test sets; every look at it is a second later."""

    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


def patient(url: str) -> str:
    """The same registry for those who wait for other writers as long as a slow machine takes."""
    return url + (f"?timeout={LONG_S}" if url.startswith("sqlite") else f"&options=-c%20lock_timeout%3D{LONG_S:.0f}s")


def _missing(reason: str) -> None:
    if os.environ.get("FORECALM_TEST_REQUIRE_SERVICES"):
        pytest.fail(f"{reason}, and FORECALM_TEST_REQUIRE_SERVICES is set")
    pytest.skip(reason)


def _programs() -> Path:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    found = shutil.which("initdb")
    if found is None:
        _missing("PostgreSQL is not installed")
    return Path(str(found)).parent


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server of our own, without a database's name; it and its files go when the tests end."""
    if importlib.util.find_spec("psycopg") is None:
        _missing("psycopg is not installed")
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="fc-pg-"))  # short: a socket's path holds 107 bytes
    as_other: list[str] = []
    if os.geteuid() == 0:  # which PostgreSQL refuses to run as
        if shutil.which("runuser") is None:
            _missing("PostgreSQL does not run as root, and runuser is not installed")
        shutil.chown(folder, "postgres", "postgres")
        as_other = ["runuser", "-u", "postgres", "--"]

    def run(program: str, *arguments: str) -> None:
        # to a file: a server that inherits a pipe would keep it open
        with (folder / "said").open("ab") as said:
            done = subprocess.run(
                [*as_other, programs / program, *arguments], cwd=folder, stdout=said, stderr=said, check=False
            )
        if done.returncode:
            pytest.fail(f"{program}: {(folder / 'said').read_text()[-2000:]}")

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "forecalm", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-c listen_addresses='' -k {folder} -c fsync=off -c max_connections=50"
        waiting = ("-w", "-t", f"{LONG_S:.0f}")  # a minute otherwise, which a slow machine takes
        run("pg_ctl", "-D", data, *waiting, "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql+psycopg://forecalm@/{{}}?host={folder}"
        finally:
            run("pg_ctl", "-D", data, *waiting, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _upgraded(url: str) -> None:
    with closing(Registry(url, clock=Clock())) as made:
        made.upgrade()


@pytest.fixture(scope="session")
def new_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes the URL of a new registry in SQLite, its tables up to date, however often it is asked."""
    folder, number = tmp_path_factory.mktemp("registries"), itertools.count()
    _upgraded(f"sqlite:///{folder / 'model.sqlite'}")

    def make() -> str:
        path = folder / f"{next(number)}.sqlite"
        shutil.copy(folder / "model.sqlite", path)
        return f"sqlite:///{path}"

    return make


@pytest.fixture(scope="session")
def empty_postgres(postgres: str) -> Callable[..., str]:
    """Makes the URL of a new database, empty or after a model, once nobody is at the model any longer."""
    number = itertools.count()

    def make(model: str = "template1") -> str:
        name = f"r{next(number)}"
        admin = sa.create_engine(postgres.format("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            at_it = sa.text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = :model AND backend_type LIKE 'client%'"
            )
            until(lambda: connection.execute(at_it, {"model": model}).scalar() == 0, f"somebody stays at {model}")
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {model}")
        admin.dispose()
        return postgres.format(name)

    return make


@pytest.fixture(scope="session")
def new_postgres(postgres: str, empty_postgres: Callable[..., str]) -> Make:
    """The same in PostgreSQL."""
    model = empty_postgres()
    _upgraded(model)
    name = model.partition("@/")[2].partition("?")[0]
    return lambda: empty_postgres(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def new_url(request: pytest.FixtureRequest) -> Make:
    """Both of them, one after the other."""
    made: Make = request.getfixturevalue(f"new_{request.param}")
    return made


@pytest.fixture
def url(new_url: Make) -> str:
    """The URL of a new registry that is empty."""
    return new_url()


@pytest.fixture
def clock() -> Clock:
    """What the registry takes for the time."""
    return Clock()


@pytest.fixture
def registry(url: str, clock: Clock) -> Iterator[Registry]:
    """Two people, two bands; nobody wears anything, nobody has consented."""
    with closing(Registry(patient(url), clock=clock)) as made:
        for pseudonym, name in (("w-1", "Ann"), ("w-2", "Bo")):
            made.add_wearer(pseudonym, name, by="test")
        for band in ("b-1", "b-2"):
            made.add_band(band, by="test")
        yield made
