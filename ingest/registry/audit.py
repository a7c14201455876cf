"""Who did what when: changes in, a chain of entries out that names no wearer and shows where it was tampered with."""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.tables import AUDIT, AUDIT_HEAD, WEARER_KEY

KEY_BYTES: Final = 32  # as long as the digest that it keys
Json = str | float | int | bool | None | list[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: when [UTC s], by whom, what, whom it concerned (a keyed digest; empty: no wearer), and more."""

    number: int
    at_s: float
    actor: str
    action: str
    subject: str
    detail: str
    digest: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: kept elsewhere (printed, mailed), it witnesses everything up to it."""

    number: int
    digest: str


def chained(before: str, number: int, at_s: float, actor: str, action: str, subject: str, detail: str) -> str:
    """The digest of an entry that follows one whose digest is ``before``. Never to be changed: chains are for years."""
    text = json.dumps([before, number, at_s, actor, action, subject, detail], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def subject_of(key: bytes, pseudonym: str) -> str:
    """How the audit knows a wearer: without the key nobody can tell whom it means."""
    return hmac.new(key, pseudonym.encode(), hashlib.sha256).hexdigest()


def subject(connection: sa.Connection, wearer: str) -> str:
    """How the audit knows a wearer. Raises RegistryError where there is no such wearer."""
    key = connection.execute(sa.select(WEARER_KEY.c.key).where(WEARER_KEY.c.pseudonym == wearer)).scalar()
    if key is None:
        raise RegistryError(f"wearer: {wearer!r} is not known, and the audit tells of nobody by that name")
    return subject_of(key, wearer)


def subjects(connection: sa.Connection) -> dict[str, str]:
    """Return whom each digest means that can still be told: those of people who were erased cannot."""
    rows = connection.execute(sa.select(WEARER_KEY.c.key, WEARER_KEY.c.pseudonym))
    return {subject_of(key, pseudonym): pseudonym for key, pseudonym in rows}


def new_key() -> bytes:
    """A key for one wearer."""
    return secrets.token_bytes(KEY_BYTES)


@dataclass(frozen=True, slots=True)
class Writing:
    """A transaction that writes, for ``by``, at ``at_s`` [UTC s]; it holds the lock that orders all writers."""

    connection: sa.Connection
    at_s: float
    by: str

    def record(self, action: str, *, wearer: str | None = None, **detail: Json) -> None:
        """Append an entry. ``detail`` must name nobody."""
        known = "" if wearer is None else subject(self.connection, wearer)
        append(self.connection, self.at_s, self.by, action, known, detail)


def append(
    connection: sa.Connection, at_s: float, actor: str, action: str, subject: str, detail: dict[str, Json]
) -> None:
    """Append one entry and move the head."""
    last = head(connection)
    text = json.dumps(detail, sort_keys=True, separators=(",", ":"))
    number = last.number + 1
    digest = chained(last.digest, number, at_s, actor, action, subject, text)
    connection.execute(
        AUDIT.insert().values(
            number=number, at_s=at_s, actor=actor, action=action, subject=subject, detail=text, digest=digest
        )
    )
    connection.execute(AUDIT_HEAD.update().values(number=number, digest=digest))


def head(connection: sa.Connection, *, lock: bool = False) -> Head:
    """The last entry; ``lock``: nobody else appends until this transaction ends (SQLite has only such writers)."""
    query = sa.select(AUDIT_HEAD.c.number, AUDIT_HEAD.c.digest)
    return Head(*connection.execute(query.with_for_update() if lock else query).one())


def began_s(connection: sa.Connection) -> float | None:
    """When the first entry was made [UTC s]; None before there is one."""
    return connection.execute(sa.select(AUDIT.c.at_s).order_by(AUDIT.c.number).limit(1)).scalar()


def entries(
    connection: sa.Connection, about: str | None = None, *, action: str | None = None, since_s: float | None = None
) -> list[Entry]:
    """Every entry in order, or those about one subject, of one action, made since then [UTC s]."""
    query = sa.select(AUDIT).order_by(AUDIT.c.number)
    if action is not None:
        query = query.where(AUDIT.c.action == action)
    if since_s is not None:
        query = query.where(AUDIT.c.at_s >= since_s)
    if about is not None:
        query = query.where(AUDIT.c.subject == about)
    return [Entry(*row) for row in connection.execute(query)]


def problems(chain: list[Entry], last: Head, witness: Head | None) -> list[str]:
    """What is wrong with a chain, a line each; nothing: it is whole."""
    wrong, before = [], ""
    for number, entry in enumerate(chain, 1):
        if entry.number != number:
            wrong.append(f"audit: entry {number} is missing; {entry.number} stands in its place")
            return wrong
        digest = chained(before, number, entry.at_s, entry.actor, entry.action, entry.subject, entry.detail)
        if entry.digest != digest:
            wrong.append(f"audit: entry {number} is not as it was written, or one before it is not")
            return wrong
        before = digest
    if last != Head(len(chain), before):
        wrong.append(f"audit: it ends at entry {len(chain)}, but {last.number} were written, or the last was replaced")
    if witness is not None and witness.number:
        there = chain[witness.number - 1].digest if witness.number <= len(chain) else "missing"
        if there != witness.digest:
            wrong.append(f"audit: entry {witness.number} is not the one that was witnessed")
    return wrong
