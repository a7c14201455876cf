"""Accounts in: who signs in, by which hash of a password, with which second factor, as what and where; them out."""

import secrets
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.accounts_sessions import end_all
from ingest.registry.audit import Writing
from ingest.registry.checks import require_known, require_text
from ingest.registry.people import enter_carer
from ingest.registry.tables import ACCOUNT, ACCOUNT_GRANT, ONE_TIME_LINK, PUSH_SUBSCRIPTION, RECOVERY_CODE, SITE
from ingest.registry.tables import CARER as CARER_NAME

EVERYWHERE: Final = "*"
"""In place of a site: at all of them."""

ADMINISTRATOR: Final = "administrator"
CARER: Final = "carer"
ROLES: Final = (CARER, "support", "researcher", ADMINISTRATOR)
ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True, order=True)
class Granted:
    """A role at one site, or at all of them (``EVERYWHERE``)."""

    role: str
    site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who signs in as ``name``, which is also what the house writes down as having done what they do.

    ``password`` is a hash, None: none was chosen yet; ``changed_s`` when it was chosen. ``factor`` is the sealed secret
    of a second factor, None: there is none; ``factor_step`` the last step of time whose code was used; ``codes`` how
    many recovery codes are left. ``ended_s``: since when they sign in no more [UTC s].
    """

    id: str
    name: str
    password: str | None = field(repr=False)
    changed_s: float | None
    factor: str | None = field(repr=False)
    factor_step: int | None
    codes: int
    grants: tuple[Granted, ...]
    since_s: float
    made_by: str
    ended_s: float | None


def key_of(name: str) -> str:
    """Return a name as it is compared: case, width and spaces make no other person."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def add(writing: Writing, name: str, grants: Iterable[Granted]) -> Account:
    """See ``Registry.add_account``."""
    shown = " ".join(name.split())
    require_text("name", shown)
    if writing.connection.execute(sa.select(ACCOUNT.c.id).where(ACCOUNT.c.key == key_of(shown))).first() is not None:
        raise RegistryError("name: somebody signs in by that name, or did: choose another, or let them in again")
    account = secrets.token_hex(ID_BYTES)
    writing.connection.execute(
        ACCOUNT.insert().values(
            id=account, name=shown, key=key_of(shown), since_s=writing.at_s, made_by=writing.by, ended_s=None
        )
    )
    writing.record("add account", account=account)
    _put_grants(writing, account, frozenset(grants))
    return one(writing.connection, account)


def set_grants(writing: Writing, account: str, grants: Iterable[Granted]) -> Account:
    """See ``Registry.set_grants``."""
    there, wanted = one(writing.connection, account), frozenset(grants)
    if there.ended_s is not None and wanted:
        raise RegistryError("account: it was ended; open it again first")
    if frozenset(there.grants) != wanted:
        had = has_administrator(writing.connection)
        _put_grants(writing, account, wanted)
        _require_administrator(writing.connection, had=had)
        if _are_carer(there.grants) and not _are_carer(wanted):
            _forget_carer(writing, there.name)
    return one(writing.connection, account)


def end(writing: Writing, account: str) -> None:
    """See ``Registry.end_account``."""
    there = one(writing.connection, account)
    if there.ended_s is not None:
        return
    had = has_administrator(writing.connection)
    _forget_ways_in(writing, account)
    _forget_carer(writing, there.name)  # whatever they were last: they may have been a carer
    writing.connection.execute(ACCOUNT_GRANT.delete().where(ACCOUNT_GRANT.c.account == account))
    writing.connection.execute(ACCOUNT.update().where(ACCOUNT.c.id == account).values(ended_s=writing.at_s))
    _require_administrator(writing.connection, had=had)
    writing.record("end account", account=account)


def reopen(writing: Writing, account: str, grants: Iterable[Granted]) -> Account:
    """See ``Registry.reopen_account``."""
    if one(writing.connection, account).ended_s is None:
        raise RegistryError("account: it was not ended")
    writing.connection.execute(ACCOUNT.update().where(ACCOUNT.c.id == account).values(ended_s=None))
    writing.record("reopen account", account=account)
    _put_grants(writing, account, frozenset(grants))
    return one(writing.connection, account)


def set_password(writing: Writing, account: str, encoded: str, *, keep: str = "") -> None:
    """See ``Registry.set_password``."""
    _require_open(writing.connection, account)
    changed = {"password": encoded, "changed_s": writing.at_s}
    writing.connection.execute(ACCOUNT.update().where(ACCOUNT.c.id == account).values(**changed))
    ended = end_all(writing, account, keep=keep)
    writing.record("set password", account=account, ended=ended)


def renew_hash(writing: Writing, account: str, was: str, encoded: str) -> None:
    """See ``Registry.renew_hash``."""
    same = (ACCOUNT.c.id == account) & (ACCOUNT.c.password == was)
    if writing.connection.execute(ACCOUNT.update().where(same).values(password=encoded)).rowcount:
        writing.record("renew hash", account=account)


def set_factor(writing: Writing, account: str, sealed: str | None, digests: Collection[str]) -> None:
    """See ``Registry.set_factor``."""
    _require_open(writing.connection, account)
    changed = ACCOUNT.update().where(ACCOUNT.c.id == account)
    writing.connection.execute(changed.values(factor=sealed, factor_step=None))
    writing.connection.execute(RECOVERY_CODE.delete().where(RECOVERY_CODE.c.account == account))
    for digest in digests if sealed is not None else ():
        writing.connection.execute(RECOVERY_CODE.insert().values(digest=digest, account=account))
    writing.record("set second factor" if sealed is not None else "remove second factor", account=account)


def use_step(writing: Writing, account: str, step: int) -> bool:
    """See ``Registry.use_step``."""
    newer = sa.or_(ACCOUNT.c.factor_step.is_(None), ACCOUNT.c.factor_step < step)
    changed = ACCOUNT.update().where((ACCOUNT.c.id == account) & newer).values(factor_step=step)
    return writing.connection.execute(changed).rowcount == 1


def use_recovery_code(writing: Writing, account: str, digest: str) -> bool:
    """See ``Registry.use_recovery_code``."""
    theirs = (RECOVERY_CODE.c.account == account) & (RECOVERY_CODE.c.digest == digest)
    if writing.connection.execute(RECOVERY_CODE.delete().where(theirs)).rowcount != 1:
        return False
    writing.record("use recovery code", account=account)
    return True


def every(connection: sa.Connection) -> list[Account]:
    """Return every account, those that were ended too, by name."""
    return _of(connection, sa.select(ACCOUNT).order_by(ACCOUNT.c.key))


def one(connection: sa.Connection, account: str) -> Account:
    """Return one account. Raises RegistryError where there is none of that id."""
    found = _of(connection, sa.select(ACCOUNT).where(ACCOUNT.c.id == account))
    if not found:
        raise RegistryError("account: there is none of that id")
    return found[0]


def named(connection: sa.Connection, name: str) -> Account | None:
    """Return the account of that name, None where nobody signs in by it."""
    found = _of(connection, sa.select(ACCOUNT).where(ACCOUNT.c.key == key_of(name)))
    return found[0] if found else None


def has_administrator(connection: sa.Connection) -> bool:
    """Return whether somebody who has chosen a password may say who signs in."""
    query = sa.select(ACCOUNT.c.id).join(ACCOUNT_GRANT, ACCOUNT_GRANT.c.account == ACCOUNT.c.id)
    able = (ACCOUNT_GRANT.c.role == ADMINISTRATOR) & ACCOUNT.c.password.is_not(None) & ACCOUNT.c.ended_s.is_(None)
    return connection.execute(query.where(able)).first() is not None


def _of(connection: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[Account]:
    grants: dict[str, list[Granted]] = {}
    for account, role, site in connection.execute(sa.select(ACCOUNT_GRANT)):
        grants.setdefault(account, []).append(Granted(role, site))
    count = sa.select(RECOVERY_CODE.c.account, sa.func.count()).group_by(RECOVERY_CODE.c.account)
    codes = {row[0]: int(row[1]) for row in connection.execute(count)}
    return [
        Account(
            id=row.id,
            name=row.name,
            password=row.password,
            changed_s=row.changed_s,
            factor=row.factor,
            factor_step=row.factor_step,
            codes=codes.get(row.id, 0),
            grants=tuple(sorted(grants.get(row.id, ()))),
            since_s=row.since_s,
            made_by=row.made_by,
            ended_s=row.ended_s,
        )
        for row in connection.execute(query)
    ]


def _put_grants(writing: Writing, account: str, grants: frozenset[Granted]) -> None:
    for grant in grants:
        if grant.role not in ROLES:
            raise RegistryError(f"role: {grant.role!r} is none of {', '.join(ROLES)}")
        if grant.site != EVERYWHERE:
            require_known(writing.connection, SITE.c.name, grant.site)
    writing.connection.execute(ACCOUNT_GRANT.delete().where(ACCOUNT_GRANT.c.account == account))
    for grant in sorted(grants):
        writing.connection.execute(ACCOUNT_GRANT.insert().values(account=account, role=grant.role, site=grant.site))
    if _are_carer(grants):
        enter_carer(writing, one(writing.connection, account).name)
    said = [f"{grant.role} at {grant.site}" for grant in sorted(grants)]
    writing.record("set roles", account=account, roles=said)


def _are_carer(grants: Iterable[Granted]) -> bool:
    return any(grant.role == CARER for grant in grants)


def _bearers(connection: sa.Connection, column: sa.Column[str], name: str) -> list[str]:
    """Return what in ``column`` is the same name."""
    names: Iterable[str] = connection.execute(sa.select(column).distinct()).scalars()
    return [each for each in names if key_of(each) == key_of(name)]


def _forget_carer(writing: Writing, name: str) -> None:
    """Take a name from the carers, and the messages that came to its bearer."""
    for column in (CARER_NAME.c.name, PUSH_SUBSCRIPTION.c.carer):
        there = column.in_(_bearers(writing.connection, column, name))
        writing.connection.execute(sa.delete(column.table).where(there))


def _require_administrator(connection: sa.Connection, *, had: bool) -> None:
    """Refuse to take away the last administrator: nobody could say who signs in any more."""
    if had and not has_administrator(connection):
        raise RegistryError("roles: they are the last administrator; make somebody else one first")


def _require_open(connection: sa.Connection, account: str) -> None:
    if one(connection, account).ended_s is not None:
        raise RegistryError("account: it was ended")


def _forget_ways_in(writing: Writing, account: str) -> None:
    end_all(writing, account)
    writing.connection.execute(RECOVERY_CODE.delete().where(RECOVERY_CODE.c.account == account))
    writing.connection.execute(ONE_TIME_LINK.delete().where(ONE_TIME_LINK.c.account == account))
    nothing = {"password": None, "changed_s": None, "factor": None, "factor_step": None}
    writing.connection.execute(ACCOUNT.update().where(ACCOUNT.c.id == account).values(**nothing))
