"""Links that work once in: for a first set-up, an invitation, a lost password, a tablet; who used them, out."""

import secrets
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry import accounts, accounts_sessions
from ingest.registry.accounts import ADMINISTRATOR, EVERYWHERE, Account, Granted
from ingest.registry.accounts_sessions import digest_of, new_token
from ingest.registry.audit import Writing
from ingest.registry.checks import require_known
from ingest.registry.tables import ONE_TIME_LINK, SITE


class Purpose(StrEnum):
    """What a link is for."""

    SET_UP = "set-up"
    INVITATION = "invitation"
    PASSWORD = "password"  # noqa: S105 - what it is for
    SIGN_IN = "sign-in"
    TABLET = "tablet"


LASTS_S: Final = {
    Purpose.SET_UP: 24 * 3600.0,  # whoever installs it is there; a day for those who are called away
    Purpose.INVITATION: 7 * 86_400.0,  # somebody who works two nights a week sees it in time
    Purpose.PASSWORD: 3600.0,  # it stands for a password: whoever asked for it is waiting
    Purpose.SIGN_IN: 900.0,  # opened by the program that made it
    Purpose.TABLET: 900.0,  # the tablet is in the other hand
}
"""How long each may be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that works once, until ``until_s`` [UTC s]: what for, for which account (None: one that it makes, or
    none), and of the tablet that it enrols its site, name, and whether names show on it."""

    id: str
    purpose: Purpose
    account: str | None
    site: str
    label: str
    shows_names: bool
    since_s: float
    until_s: float
    used_s: float | None
    made_by: str


def make(
    writing: Writing,
    purpose: Purpose,
    account: str | None = None,
    *,
    site: str = "",
    label: str = "",
    shows_names: bool = False,
) -> tuple[str, Link]:
    """Make a link, and return its token, which stands nowhere, and what it is. One of the same purpose for the same
    account that was not used yet ends."""
    connection, table = writing.connection, ONE_TIME_LINK
    token = new_token()
    if purpose is Purpose.SET_UP and accounts.has_administrator(connection):
        raise RegistryError("link: there is an administrator already; they let others in")
    if account is not None and accounts.one(connection, account).ended_s is not None:
        raise RegistryError("account: it was ended; open it again first")
    if purpose is Purpose.TABLET:
        require_known(connection, SITE.c.name, site)
    same = (table.c.kind == purpose.value) & (
        table.c.account.is_(None) if account is None else table.c.account == account
    )
    if purpose is not Purpose.TABLET:
        connection.execute(table.delete().where(same & table.c.used_s.is_(None)))
    made = Link(
        id=secrets.token_hex(8),
        purpose=purpose,
        account=account,
        site=site,
        label=label,
        shows_names=shows_names,
        since_s=writing.at_s,
        until_s=writing.at_s + LASTS_S[purpose],
        used_s=None,
        made_by=writing.by,
    )
    connection.execute(
        table.insert().values(
            digest=digest_of(token),
            id=made.id,
            kind=purpose.value,
            account=account,
            site=site,
            label=label,
            shows_names=shows_names,
            since_s=made.since_s,
            until_s=made.until_s,
            made_by=writing.by,
        )
    )
    writing.record("make link", link=made.id, purpose=purpose.value, account=account)
    return token, made


def find(connection: sa.Connection, token: str, now_s: float) -> Link | None:
    """Return the link of a token that may still be used at ``now_s``; None for what is forged, expired or used."""
    row = connection.execute(sa.select(ONE_TIME_LINK).where(ONE_TIME_LINK.c.digest == digest_of(token))).first()
    if row is None or row.used_s is not None or not row.since_s <= now_s < row.until_s:
        return None
    return _link(row)


def use(writing: Writing, token: str, *purposes: Purpose) -> Link:
    """Use a link up. Raises RegistryError where it is forged, expired, used, or for something else."""
    found = find(writing.connection, token, writing.at_s)
    if found is None or found.purpose not in purposes:
        raise RegistryError("link: it was used before, has expired, or was never made: ask for another")
    used = ONE_TIME_LINK.update().where(ONE_TIME_LINK.c.id == found.id).values(used_s=writing.at_s)
    writing.connection.execute(used)
    writing.record("use link", link=found.id, purpose=found.purpose.value, account=found.account)
    return replace(found, used_s=writing.at_s)


def choose_password(writing: Writing, token: str, encoded: str, *, name: str = "") -> Account:
    """See ``Registry.choose_password``."""
    link = use(writing, token, Purpose.SET_UP, Purpose.INVITATION, Purpose.PASSWORD)
    if link.purpose is Purpose.SET_UP:
        if accounts.has_administrator(writing.connection):
            raise RegistryError("link: there is an administrator already; they let others in")
        account = accounts.add(writing, name, [Granted(ADMINISTRATOR, EVERYWHERE)]).id
    else:
        account = str(link.account)
    accounts.set_password(writing, account, encoded)
    return accounts.one(writing.connection, account)


def sign_in(writing: Writing, token: str, *, device: str) -> tuple[str, accounts_sessions.SignIn]:
    """See ``Registry.sign_in_by_link``."""
    link = use(writing, token, Purpose.SIGN_IN)
    return accounts_sessions.begin(writing, str(link.account), tablet="", device=device, how="link")


def end(writing: Writing, link: str) -> bool:
    """See ``Registry.end_link``."""
    there = (ONE_TIME_LINK.c.id == link) & ONE_TIME_LINK.c.used_s.is_(None)
    if writing.connection.execute(ONE_TIME_LINK.delete().where(there)).rowcount != 1:
        return False
    writing.record("end link", link=link)
    return True


def open_ones(connection: sa.Connection, now_s: float) -> list[Link]:
    """Return every link that may still be used, the oldest first."""
    unused = ONE_TIME_LINK.c.used_s.is_(None) & (ONE_TIME_LINK.c.until_s > now_s)
    rows = connection.execute(sa.select(ONE_TIME_LINK).where(unused).order_by(ONE_TIME_LINK.c.since_s))
    return [_link(row) for row in rows]


def _link(row: sa.Row[*tuple[object, ...]]) -> Link:
    return Link(
        id=row.id,
        purpose=Purpose(row.kind),
        account=row.account,
        site=row.site,
        label=row.label,
        shows_names=row.shows_names,
        since_s=row.since_s,
        until_s=row.until_s,
        used_s=row.used_s,
        made_by=row.made_by,
    )
