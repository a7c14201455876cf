"""A URL in, transactions out: the one place that knows SQLite from PostgreSQL."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import event

from ingest.errors import RegistryError, StoreError
from ingest.registry import audit
from ingest.registry.audit import Writing
from ingest.registry.checks import require_text

_SERVER: Final[dict[str, str | int]] = {
    "connect_timeout": 5,  # [s] a server that does not answer that long is away; what was known last stands meanwhile
    "tcp_user_timeout": 10_000,  # [ms] so is one whose network went without a word
    "keepalives_idle": 10,  # [s]
    "keepalives_interval": 5,  # [s]
    "keepalives_count": 2,
    "options": "-c lock_timeout=10s",  # whoever waits longer for another writer is told so, as with SQLite after 5 s
}
_LOOK_S: Final = 0.01  # how often whoever waits for another looks up
_UPGRADE_LOCK: Final = 0x666F7265  # any number that every version of this software shares


class Database:
    """Safe to share between threads. Every way out raises StoreError where the database cannot be used, and
    RegistryError where it holds against what was asked."""

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self._sqlite = parsed.get_backend_name() == "sqlite"
        try:
            if self._sqlite:
                self._engine = sa.create_engine(parsed, hide_parameters=True)  # errors are logged: no names in them
            else:
                ours = {name: value for name, value in _SERVER.items() if name not in parsed.query}
                self._engine = sa.create_engine(parsed, pool_pre_ping=True, connect_args=ours, hide_parameters=True)
        except ModuleNotFoundError as error:
            raise StoreError(
                f"registry {parsed.render_as_string()}: {error.name} is not installed: pip install 'forecalm[postgres]'"
            ) from error
        self.shown = self._engine.url.render_as_string(hide_password=True)
        if self._sqlite:
            event.listen(self._engine, "connect", _open_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)

    @contextmanager
    def writing(self, by: str, clock: Callable[[], float]) -> Iterator[Writing]:
        """A transaction that writes; all of it happens or nothing. Writers, of any process, go one by one."""
        require_text("by", by)
        with self._transaction() as connection:
            audit.head(connection, lock=True)
            yield Writing(connection, clock(), by)

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        options = {"writes": True} if self._sqlite else {"isolation_level": "READ COMMITTED"}
        try:
            with self._engine.connect().execution_options(**options) as connection, connection.begin():
                yield connection
        except sa.exc.IntegrityError as error:
            raise RegistryError(f"refused, it contradicts what is there: {error.orig}") from error
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"registry {self.shown}: {_said(error)}") from error

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction whose every query sees one and the same moment."""
        options = {} if self._sqlite else {"isolation_level": "REPEATABLE READ"}
        try:
            with self._engine.connect().execution_options(**options) as connection, connection.begin():
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"registry {self.shown}: {_said(error)}") from error

    def upgrade(self, now_s: float) -> None:
        """Bring the tables up to date, from nothing or from any earlier version; see ``Registry.upgrade``."""
        config = Config()
        folder = Path(__file__).parent / "migrations"
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        try:
            with self._transaction() as connection:
                if not self._sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
                config.attributes.update(connection=connection, now_s=now_s)
                command.upgrade(config, "head")
        except CommandError as error:
            self.close()
            raise RegistryError(
                f"registry {self.shown}: written by a newer version of this software, or by another one ({error});"
                " install that version, or take another registry"
            ) from error
        except BaseException:
            self.close()
            raise

    def wipe(self, tables: Sequence[str]) -> bool:
        """Write ``tables`` anew, so that their files hold nothing that was deleted; False: somebody who is reading
        kept the old pages of SQLite's log alive, and they go when its last reader lets go."""
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                if not self._sqlite:
                    for table in tables:
                        connection.exec_driver_sql(f'VACUUM (FULL, ANALYZE) "{table}"')
                    return True
                connection.exec_driver_sql("VACUUM")
                return bool(connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0] == 0)
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"registry {self.shown}: rows are deleted, but not yet wiped: {_said(error)}") from error

    def close(self) -> None:
        """Let the connections go."""
        self._engine.dispose()


def _said(error: sa.exc.SQLAlchemyError) -> str:
    """The error without the line that sends people to SQLAlchemy's own pages, which mend nothing here."""
    return str(error).partition("\n(Background on this error at:")[0]


def _open_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin_sqlite, as SQLAlchemy's own manual has it
    _keep_a_log(connection)
    for pragma in ("foreign_keys = ON", "synchronous = FULL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _keep_a_log(connection: sqlite3.Connection) -> None:
    """Of several who open a new file at once SQLite lets one give it its log, and refuses the others at once, who
    would wait for anything else: here they do."""
    until_s = time.monotonic() + connection.execute("PRAGMA busy_timeout").fetchone()[0] / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until_s:
                raise
        time.sleep(_LOOK_S)


def _begin_sqlite(connection: sa.Connection) -> None:
    """A writer takes its lock at once: reading first and then writing would fail, not wait, beside another writer."""
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes", False) else "BEGIN")
