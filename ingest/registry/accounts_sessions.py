"""Sessions of people who signed in, in; which there are, and their end, out. A token is known by its digest only."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from ingest.registry.audit import Writing
from ingest.registry.checks import TEXT_MAX
from ingest.registry.tables import ENROLLED_TABLET, MACHINE_TOKEN, SIGN_IN

TOKEN_BYTES: Final = 32
"""Of a session, a link, a tablet and a machine: 256 bits, which nobody guesses, so that a fast digest may stand for
them where a password needs a slow one."""

PER_ACCOUNT: Final = 20
"""Sessions of one person: phone, tablets, computers of a shift; the one that was used least lately makes room."""

KEPT_S: Final = 31 * 86_400.0
"""After which rows are let go whatever limits say: longer than any session may last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A session: whose, since when, when a request of it was last seen, when a password was last given for it [UTC s];
    on which enrolled tablet ("" on none), and on what ``device``, as its browser says of itself."""

    id: str
    digest: str = field(repr=False)
    account: str
    since_s: float
    seen_s: float
    proved_s: float
    tablet: str
    device: str


def new_token() -> str:
    """Return what nobody guesses, in letters that a URL may hold."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def begin(writing: Writing, account: str, *, tablet: str, device: str, how: str) -> tuple[str, SignIn]:
    """See ``Registry.begin_sign_in``."""
    token = new_token()
    now_s = writing.at_s
    writing.connection.execute(SIGN_IN.delete().where(SIGN_IN.c.since_s < now_s - KEPT_S))
    theirs = every(writing.connection, account)
    for oldest in sorted(theirs, key=lambda each: each.seen_s)[: max(0, len(theirs) - PER_ACCOUNT + 1)]:
        writing.connection.execute(SIGN_IN.delete().where(SIGN_IN.c.id == oldest.id))
    shown = "".join(letter for letter in device if letter.isprintable())[:TEXT_MAX]
    made = SignIn(
        id=secrets.token_hex(8),
        digest=digest_of(token),
        account=account,
        since_s=now_s,
        seen_s=now_s,
        proved_s=now_s,
        tablet=tablet,
        device=shown,
    )
    writing.connection.execute(
        SIGN_IN.insert().values({name: getattr(made, name) for name in SignIn.__dataclass_fields__})
    )
    writing.record("sign in", account=account, session=made.id, how=how)
    return token, made


def end(writing: Writing, session: str) -> bool:
    """See ``Registry.end_sign_in``."""
    whose = writing.connection.execute(sa.select(SIGN_IN.c.account).where(SIGN_IN.c.id == session)).scalar()
    if whose is None:
        return False
    writing.connection.execute(SIGN_IN.delete().where(SIGN_IN.c.id == session))
    writing.record("sign out", account=whose, session=session)
    return True


def end_all(writing: Writing, account: str, *, keep: str = "") -> int:
    """End every session of an account but ``keep``; return how many."""
    theirs = (SIGN_IN.c.account == account) & (SIGN_IN.c.id != keep)
    return writing.connection.execute(SIGN_IN.delete().where(theirs)).rowcount


def prove(writing: Writing, session: str) -> None:
    """See ``Registry.prove``."""
    writing.connection.execute(SIGN_IN.update().where(SIGN_IN.c.id == session).values(proved_s=writing.at_s))
    writing.record("give password again", session=session)


def touch(writing: Writing, seen: Mapping[str, float]) -> None:
    """See ``Registry.touch``."""
    for table, column in (
        (SIGN_IN, SIGN_IN.c.seen_s),
        (ENROLLED_TABLET, ENROLLED_TABLET.c.seen_s),
        (MACHINE_TOKEN, MACHINE_TOKEN.c.used_s),
    ):
        for row, at_s in seen.items():
            earlier = sa.or_(column.is_(None), column < at_s)
            writing.connection.execute(table.update().where((table.c.id == row) & earlier).values({column.name: at_s}))


def every(connection: sa.Connection, account: str | None = None) -> list[SignIn]:
    """Return every session, or those of one account, the oldest first."""
    query = sa.select(SIGN_IN).order_by(SIGN_IN.c.since_s, SIGN_IN.c.id)
    if account is not None:
        query = query.where(SIGN_IN.c.account == account)
    return [
        SignIn(**{name: getattr(row, name) for name in SignIn.__dataclass_fields__})
        for row in connection.execute(query)
    ]
