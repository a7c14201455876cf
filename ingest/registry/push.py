"""Browsers that may be told by Web Push in; whose, and by which keys, out. An endpoint is a secret: it lets in."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.audit import Writing
from ingest.registry.checks import require_storable, require_text
from ingest.registry.tables import PUSH_SUBSCRIPTION

ENDPOINT_MAX: Final = 1_000
"""Characters: those of browsers have 200 to 400."""

PER_CARER: Final = 10
"""Browsers of one carer: a phone, tablets of the house, a computer. More are forgotten ones, or somebody's joke."""

PER_TABLET: Final = 3
"""Of one tablet, whoever is told: a browser has one endpoint at a time, so that what is older has most likely ended."""

PER_HOUSE: Final = 1_000
"""Of all carers together: every one is called for each alert."""

P256DH_BYTES, AUTH_BYTES = 65, 16  # an uncompressed point of P-256 and a secret: RFC 8291, sections 3.1 and 3.2


@dataclass(frozen=True, slots=True)
class Subscription:
    """``carer`` is told at ``endpoint`` (of the browser on ``tablet``), encrypted for ``p256dh`` and ``auth``, both
    URL-safe base64, since ``since_s`` [UTC s]. ``repr`` shows no secret."""

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)
    carer: str
    tablet: str
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose a subscription may be: told to ``carer`` ("" for nobody's), or in a browser on one of ``tablets``."""

    carer: str = ""
    tablets: tuple[str, ...] = ()


def add(writing: Writing, *, endpoint: str, p256dh: str, auth: str, carer: str, tablet: str) -> Subscription:
    """See ``Registry.add_push``."""
    require_text("carer", carer)
    require_text("tablet", tablet)
    _require_endpoint(endpoint)
    for what, key, size in (("keys.p256dh", p256dh, P256DH_BYTES), ("keys.auth", auth, AUTH_BYTES)):
        _require_key(what, key, size)
    table, connection = PUSH_SUBSCRIPTION, writing.connection
    there = connection.execute(sa.select(table).where(table.c.endpoint == endpoint)).first()
    if there is not None and (there.p256dh, there.auth, there.carer, there.tablet) == (p256dh, auth, carer, tablet):
        return _subscription(there)
    same_browser = (table.c.carer == carer) & (table.c.tablet == tablet)
    connection.execute(table.delete().where((table.c.endpoint == endpoint) | same_browser))
    _make_room(connection, tablet)
    _require_room(connection, carer)
    values = {"endpoint": endpoint, "p256dh": p256dh, "auth": auth, "carer": carer, "tablet": tablet}
    connection.execute(table.insert().values({**values, "since_s": writing.at_s}))
    writing.record("add push subscription", tablet=tablet)
    return Subscription(**values, since_s=writing.at_s)


def remove(writing: Writing, endpoint: str, *, because: str, owner: Owner | None = None) -> bool:
    """See ``Registry.remove_push``."""
    table = PUSH_SUBSCRIPTION
    there = table.c.endpoint == endpoint
    if owner is not None:
        there &= (table.c.carer == owner.carer) | table.c.tablet.in_(owner.tablets)
    tablet = writing.connection.execute(sa.select(PUSH_SUBSCRIPTION.c.tablet).where(there)).scalar()
    if tablet is None:
        return False
    writing.connection.execute(PUSH_SUBSCRIPTION.delete().where(there))
    writing.record("remove push subscription", tablet=tablet, because=because)
    return True


def subscriptions(connection: sa.Connection, carer: str | None = None) -> list[Subscription]:
    """Every subscription, or those of one carer, the oldest first."""
    query = sa.select(PUSH_SUBSCRIPTION).order_by(PUSH_SUBSCRIPTION.c.id)
    if carer is not None:
        query = query.where(PUSH_SUBSCRIPTION.c.carer == carer)
    return [_subscription(row) for row in connection.execute(query)]


def _subscription(row: sa.Row[*tuple[object, ...]]) -> Subscription:
    return Subscription(row.endpoint, row.p256dh, row.auth, row.carer, row.tablet, row.since_s)


def _make_room(connection: sa.Connection, tablet: str) -> None:
    """End what is oldest on a tablet, so that none fills up the browsers of carers who were never there."""
    table = PUSH_SUBSCRIPTION
    newest = sa.select(table.c.id).where(table.c.tablet == tablet).order_by(table.c.id.desc())
    kept = connection.execute(newest.limit(PER_TABLET - 1)).scalars().all()
    connection.execute(table.delete().where((table.c.tablet == tablet) & table.c.id.not_in(kept)))


def _require_room(connection: sa.Connection, carer: str) -> None:
    count = sa.select(sa.func.count()).select_from(PUSH_SUBSCRIPTION)
    theirs = connection.execute(count.where(PUSH_SUBSCRIPTION.c.carer == carer)).scalar_one()
    if theirs >= PER_CARER:
        raise RegistryError(
            f"carer: is told in {theirs} browsers already, {PER_CARER} at most: end it in one that is not used any more"
        )
    if connection.execute(count).scalar_one() >= PER_HOUSE:
        raise RegistryError(f"subscription: {PER_HOUSE} browsers are told already: end some that are not used any more")


def _require_endpoint(endpoint: str) -> None:
    """Refuse what is no address of a push service; what was given is a secret, and is not said again."""
    require_storable("endpoint", endpoint)
    if not 1 <= len(endpoint) <= ENDPOINT_MAX or not endpoint.isascii() or not endpoint.isprintable():
        raise RegistryError(f"endpoint: must be an address of up to {ENDPOINT_MAX} characters")
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("https", "http") or parts.username is not None or " " in endpoint:
        raise RegistryError("endpoint: must be the https address that the browser's subscription names")


def _require_key(what: str, key: str, size: int) -> None:
    try:
        raw = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != size or key.endswith("="):
        raise RegistryError(f"{what}: must be {size} bytes in URL-safe base64 without padding, as a browser has it")
