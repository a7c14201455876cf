"""Wearers, bands and carers in; who wore what at a moment out. SQLite or PostgreSQL, by URL."""

import math
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import event

from ingest.errors import RegistryError, StoreError
from ingest.registry.tables import ASSIGNMENT, BAND, CARER, WEARER, WEARER_NAME

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")  # what a topic may hold
_NAME_MAX: Final = 200


class Registry:
    """Safe to share between threads. Raises RegistryError where a change makes no sense, StoreError where the database
    cannot be used."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url)
        self._shown = self._engine.url.render_as_string(hide_password=True)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _open_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        """A transaction that writes; all of it happens or nothing."""
        try:
            with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
                yield connection
        except sa.exc.IntegrityError as error:
            raise RegistryError(f"refused, it contradicts what is there: {error.orig}") from error
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"registry {self._shown}: {error}") from error

    def _ask(self, query: sa.Select[*tuple[Any, ...]]) -> list[sa.Row[*tuple[Any, ...]]]:
        try:
            with self._engine.connect() as connection:
                return list(connection.execute(query))
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"registry {self._shown}: {error}") from error

    def upgrade(self) -> None:
        """Bring the tables up to date, from nothing or from any earlier version.

        Raises RegistryError where a newer version wrote them. Where it raises, the connections are let go.
        """
        config = Config()
        folder = Path(__file__).parent / "migrations"
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        try:
            with self._transaction() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except CommandError as error:
            self.close()
            raise RegistryError(
                f"registry {self._shown}: written by a newer version of this software, or by another one ({error});"
                " install that version, or take another registry"
            ) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let the connections go."""
        self._engine.dispose()

    def add_wearer(self, pseudonym: str, name: str) -> None:
        """Enter a person: the pseudonym goes into topics and files, the name is kept apart."""
        with self._transaction() as connection:
            _add_wearer(connection, pseudonym, name)

    def add_band(self, band: str) -> None:
        """Enter a band by the name that it sends."""
        with self._transaction() as connection:
            _add_band(connection, band)

    def add_carer(self, name: str) -> None:
        """Enter somebody who may take an alert."""
        with self._transaction() as connection:
            _add_carer(connection, name)

    def assign(self, band: str, wearer: str, since_s: float) -> None:
        """Say that ``wearer`` wears ``band`` from ``since_s`` [UTC s] on.

        That ends whatever that band and that wearer had open. Raises RegistryError where it would overlap what is known
        of either from then on: the past is not rewritten here. Saying again what is so changes nothing.
        """
        with self._transaction() as connection:
            for what, column, value in (("band", BAND.c.name, band), ("wearer", WEARER.c.pseudonym, wearer)):
                if not _is_there(connection, column, value):
                    raise RegistryError(f"{what}: {value!r} is not known; enter it first")
            _assign(connection, band, wearer, since_s)

    def pair(self, *, band: str, wearer: str, since_s: float, name: str | None, carers: Sequence[str]) -> None:
        """Enter what is new of a band, a wearer with a name, and carers, and ``assign``; all of it or nothing.

        ``name`` renames a wearer who is known. Raises RegistryError where a new wearer comes without one, and as
        ``add_wearer``, ``add_band``, ``add_carer`` and ``assign`` do.
        """
        with self._transaction() as connection:
            if _is_there(connection, WEARER.c.pseudonym, wearer):
                if name is not None:
                    _rename(connection, wearer, name)
            elif name is None:
                raise RegistryError(f"name: {wearer!r} is not known; give the name to show for a new wearer")
            else:
                _add_wearer(connection, wearer, name)
            if not _is_there(connection, BAND.c.name, band):
                _add_band(connection, band)
            for carer in dict.fromkeys(carers):
                if not _is_there(connection, CARER.c.name, carer):
                    _add_carer(connection, carer)
            _assign(connection, band, wearer, since_s)

    def wearer_of(self, band: str, at_s: float) -> str | None:
        """The pseudonym of who wore ``band`` at ``at_s`` [UTC s]; None where nobody is known to."""
        rows = self._ask(
            sa.select(ASSIGNMENT.c.wearer).where(
                ASSIGNMENT.c.band == band,
                ASSIGNMENT.c.since_s <= at_s,
                ASSIGNMENT.c.until_s.is_(None) | (ASSIGNMENT.c.until_s > at_s),
            )
        )
        return rows[0][0] if rows else None

    def wearers(self) -> list[str]:
        """Every pseudonym, in order."""
        return [row[0] for row in self._ask(sa.select(WEARER.c.pseudonym).order_by(WEARER.c.pseudonym))]

    def bands(self) -> list[str]:
        """Every band, in order."""
        return [row[0] for row in self._ask(sa.select(BAND.c.name).order_by(BAND.c.name))]

    def carers(self) -> list[str]:
        """Every carer's name, in order."""
        return [row[0] for row in self._ask(sa.select(CARER.c.name).order_by(CARER.c.name))]

    def names(self) -> dict[str, str]:
        """The name to show for each pseudonym, in order of the pseudonyms."""
        query = sa.select(WEARER_NAME.c.pseudonym, WEARER_NAME.c.name).order_by(WEARER_NAME.c.pseudonym)
        return {row[0]: row[1] for row in self._ask(query)}


def _open_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin_sqlite, as SQLAlchemy's own manual has it
    for pragma in ("foreign_keys = ON", "journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    """A writer takes its lock at once: reading first and then writing would fail, not wait, beside another writer."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _add_wearer(connection: sa.Connection, pseudonym: str, name: str) -> None:
    _require_id("pseudonym", pseudonym)
    _require_name("name", name)
    _require_new(connection, WEARER.c.pseudonym, pseudonym)
    connection.execute(WEARER.insert().values(pseudonym=pseudonym))
    connection.execute(WEARER_NAME.insert().values(pseudonym=pseudonym, name=name))


def _rename(connection: sa.Connection, pseudonym: str, name: str) -> None:
    _require_name("name", name)
    connection.execute(WEARER_NAME.delete().where(WEARER_NAME.c.pseudonym == pseudonym))
    connection.execute(WEARER_NAME.insert().values(pseudonym=pseudonym, name=name))


def _add_band(connection: sa.Connection, band: str) -> None:
    _require_id("band", band)
    _require_new(connection, BAND.c.name, band)
    connection.execute(BAND.insert().values(name=band))


def _add_carer(connection: sa.Connection, name: str) -> None:
    _require_name("carer", name)
    _require_new(connection, CARER.c.name, name)
    connection.execute(CARER.insert().values(name=name))


def _assign(connection: sa.Connection, band: str, wearer: str, since_s: float) -> None:
    """See ``Registry.assign``; band and wearer are known."""
    if not math.isfinite(since_s):
        raise RegistryError(f"since_s: must be a time in UTC seconds, got {since_s}")
    either = (ASSIGNMENT.c.band == band) | (ASSIGNMENT.c.wearer == wearer)
    still_open = ASSIGNMENT.c.until_s.is_(None)
    same = sa.select(ASSIGNMENT.c.since_s).where(
        ASSIGNMENT.c.band == band, ASSIGNMENT.c.wearer == wearer, still_open, ASSIGNMENT.c.since_s <= since_s
    )
    if connection.execute(same).first():
        return
    later = (still_open & (ASSIGNMENT.c.since_s >= since_s)) | (ASSIGNMENT.c.until_s > since_s)
    clash = connection.execute(sa.select(ASSIGNMENT).where(either, later)).first()
    if clash:
        raise RegistryError(
            f"since_s: {clash.wearer} has worn {clash.band} since {clash.since_s:.0f}, later than or beyond"
            f" {since_s:.0f}; choose a later time"
        )
    connection.execute(ASSIGNMENT.update().where(either, still_open).values(until_s=since_s))
    connection.execute(ASSIGNMENT.insert().values(band=band, wearer=wearer, since_s=since_s))


def _require_id(what: str, value: str) -> None:
    if not _ID.match(value):
        raise RegistryError(f"{what}: {value!r} must be 1 to 64 of A-Z a-z 0-9 _ -")


def _require_name(what: str, value: str) -> None:
    if not value.strip() or len(value) > _NAME_MAX:
        raise RegistryError(f"{what}: must be 1 to {_NAME_MAX} characters")


def _is_there(connection: sa.Connection, column: sa.Column[str], value: str) -> bool:
    return connection.execute(sa.select(column).where(column == value)).first() is not None


def _require_new(connection: sa.Connection, column: sa.Column[str], value: str) -> None:
    if _is_there(connection, column, value):
        raise RegistryError(f"{column.table.name}: {value!r} is there already")
