"""Tablets that are enrolled, tokens of machines, what lets gateways in: entered, listed and revoked."""

import secrets
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.accounts import ADMINISTRATOR, EVERYWHERE, ID_BYTES, ROLES
from ingest.registry.accounts_links import Purpose, use
from ingest.registry.accounts_sessions import digest_of, new_token
from ingest.registry.audit import Writing
from ingest.registry.checks import require_id, require_known, require_text, require_time
from ingest.registry.tables import ENROLLED_TABLET, GATEWAY_CREDENTIAL, MACHINE_TOKEN, SIGN_IN, SITE

OF_MACHINES: Final = (*(role for role in ROLES if role != ADMINISTRATOR), "monitor")
TOKEN_MOST_S: Final = 366 * 86_400.0
"""How long a token of a machine may hold at most: a year, so that a forgotten one ends by itself."""

TABLETS_MOST: Final = 500
"""Enrolled at a time in a house: as many boards as one server serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolledTablet:
    """A tablet that shows the board of ``site`` when nobody has signed in on it, with names or without, and takes
    alerts in the name of a carer who is tapped; since when, by whom, and when it was last seen [UTC s]."""

    id: str
    digest: str = field(repr=False)
    name: str
    site: str
    shows_names: bool
    since_s: float
    seen_s: float
    made_by: str
    revoked_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineToken:
    """A token by which a program asks as ``role`` at ``site``, until ``until_s``; when it was last used [UTC s]."""

    id: str
    digest: str = field(repr=False)
    name: str
    role: str
    site: str
    since_s: float
    until_s: float
    used_s: float | None
    made_by: str
    revoked_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayCredential:
    """By which ``gateway`` is let in at the broker of ``site``: a user name, and what a broker's password file says of
    its password (a salted hash)."""

    username: str
    gateway: str
    site: str
    secret: str = field(repr=False)
    since_s: float
    made_by: str
    revoked_s: float | None


def enrol(writing: Writing, name: str, *, site: str, shows_names: bool) -> tuple[str, EnrolledTablet]:
    """See ``Registry.enrol_tablet``."""
    shown = " ".join(name.split())
    require_text("name", shown)
    require_known(writing.connection, SITE.c.name, site)
    if len([each for each in tablets(writing.connection) if each.revoked_s is None]) >= TABLETS_MOST:
        raise RegistryError(f"tablet: {TABLETS_MOST} are enrolled already: revoke some that are not used any more")
    token = new_token()
    made = EnrolledTablet(
        id=secrets.token_hex(ID_BYTES),
        digest=digest_of(token),
        name=shown,
        site=site,
        shows_names=shows_names,
        since_s=writing.at_s,
        seen_s=writing.at_s,
        made_by=writing.by,
        revoked_s=None,
    )
    writing.connection.execute(
        ENROLLED_TABLET.insert().values({each: getattr(made, each) for each in EnrolledTablet.__dataclass_fields__})
    )
    writing.record("enrol tablet", tablet=made.id, site=site, shows_names=shows_names)
    return token, made


def enrol_by_link(writing: Writing, token: str, *, name: str = "") -> tuple[str, EnrolledTablet]:
    """See ``Registry.enrol_by_link``."""
    link = use(writing, token, Purpose.TABLET)
    return enrol(writing, name or link.label, site=link.site, shows_names=link.shows_names)


def change_tablet(writing: Writing, tablet: str, *, name: str, shows_names: bool) -> EnrolledTablet:
    """See ``Registry.change_tablet``."""
    require_text("name", name)
    there = next((each for each in tablets(writing.connection) if each.id == tablet and each.revoked_s is None), None)
    if there is None:
        raise RegistryError("tablet: there is none of that id")
    changed = {"name": " ".join(name.split()), "shows_names": shows_names}
    writing.connection.execute(ENROLLED_TABLET.update().where(ENROLLED_TABLET.c.id == tablet).values(**changed))
    writing.record("change tablet", tablet=tablet, shows_names=shows_names)
    return next(each for each in tablets(writing.connection) if each.id == tablet)


def revoke_tablet(writing: Writing, tablet: str) -> bool:
    """See ``Registry.revoke_tablet``."""
    table = ENROLLED_TABLET
    there = (table.c.id == tablet) & table.c.revoked_s.is_(None)
    if writing.connection.execute(table.update().where(there).values(revoked_s=writing.at_s)).rowcount != 1:
        return False
    writing.connection.execute(SIGN_IN.delete().where(SIGN_IN.c.tablet == tablet))
    writing.record("revoke tablet", tablet=tablet)
    return True


def tablets(connection: sa.Connection) -> list[EnrolledTablet]:
    """Return every tablet that was ever enrolled, the oldest first."""
    rows = connection.execute(sa.select(ENROLLED_TABLET).order_by(ENROLLED_TABLET.c.since_s, ENROLLED_TABLET.c.id))
    return [EnrolledTablet(**row._mapping) for row in rows]


def add_token(writing: Writing, name: str, *, role: str, site: str, until_s: float) -> tuple[str, MachineToken]:
    """See ``Registry.add_token``."""
    require_text("name", name)
    require_time("until_s", until_s)
    if role not in OF_MACHINES:
        raise RegistryError(f"role: {role!r} is none of {', '.join(OF_MACHINES)}")
    if site != EVERYWHERE:
        require_known(writing.connection, SITE.c.name, site)
    if not writing.at_s < until_s <= writing.at_s + TOKEN_MOST_S:
        raise RegistryError("until_s: must be later than now, and a year from now at most")
    token = new_token()
    made = MachineToken(
        id=secrets.token_hex(ID_BYTES),
        digest=digest_of(token),
        name=" ".join(name.split()),
        role=role,
        site=site,
        since_s=writing.at_s,
        until_s=until_s,
        used_s=None,
        made_by=writing.by,
        revoked_s=None,
    )
    writing.connection.execute(
        MACHINE_TOKEN.insert().values({each: getattr(made, each) for each in MachineToken.__dataclass_fields__})
    )
    writing.record("add token", token=made.id, role=role, site=site, until_s=until_s)
    return token, made


def revoke_token(writing: Writing, token: str) -> bool:
    """See ``Registry.revoke_token``."""
    table = MACHINE_TOKEN
    there = (table.c.id == token) & table.c.revoked_s.is_(None)
    if writing.connection.execute(table.update().where(there).values(revoked_s=writing.at_s)).rowcount != 1:
        return False
    writing.record("revoke token", token=token)
    return True


def tokens(connection: sa.Connection) -> list[MachineToken]:
    """Return every token that was ever made, the oldest first."""
    rows = connection.execute(sa.select(MACHINE_TOKEN).order_by(MACHINE_TOKEN.c.since_s, MACHINE_TOKEN.c.id))
    return [MachineToken(**row._mapping) for row in rows]


def add_gateway_credential(
    writing: Writing, gateway: str, *, site: str, username: str, secret: str
) -> GatewayCredential:
    """See ``Registry.add_gateway_credential``."""
    require_id("gateway", gateway)
    require_id("username", username)
    require_known(writing.connection, SITE.c.name, site)
    table = GATEWAY_CREDENTIAL
    there = writing.connection.execute(sa.select(table).where(table.c.username == username)).first()
    if there is not None and there.revoked_s is None:
        raise RegistryError("username: a gateway is let in by that name already: revoke it first, or choose another")
    writing.connection.execute(table.delete().where(table.c.username == username))
    made = GatewayCredential(
        username=username,
        gateway=gateway,
        site=site,
        secret=secret,
        since_s=writing.at_s,
        made_by=writing.by,
        revoked_s=None,
    )
    writing.connection.execute(
        table.insert().values({each: getattr(made, each) for each in GatewayCredential.__dataclass_fields__})
    )
    writing.record("let gateway in", gateway=gateway, username=username, site=site)
    return made


def gateway_credentials(connection: sa.Connection) -> list[GatewayCredential]:
    """Return every credential of gateways, those that were revoked too, by user name."""
    rows = connection.execute(sa.select(GATEWAY_CREDENTIAL).order_by(GATEWAY_CREDENTIAL.c.username))
    return [GatewayCredential(**row._mapping) for row in rows]
