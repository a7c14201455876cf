"""A gateway in; the user name and the secret by which a broker lets it in, said once, out; and who is let in now."""

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

import sqlalchemy as sa

from ingest.broker_access import SALT_BYTES, Entry, hashed
from ingest.errors import RegistryError
from ingest.registry.accounts_devices import GatewayCredential
from ingest.registry.audit import Writing
from ingest.registry.tables import GATEWAY_CREDENTIAL

SECRET_BYTES: Final = 32  # nobody guesses it, however fast a stolen hash can be tried
MARK_BYTES: Final = 4  # tells the users of one gateway apart
GATEWAY_MOST: Final = 55  # characters of its name that fit in a user's
GRACE_S: Final = 24 * 3600.0  # a day to carry the new secret to a gateway while the old one still works
GRACE_MOST_S: Final = 31 * 24 * 3600.0


class LetInAlready(RegistryError):
    """A gateway has a user already."""

    def __init__(self, gateway: str, username: str) -> None:
        super().__init__(
            f"gateway: {gateway!r} is let in already, as {username}; for another secret: forecalm gateway-access rotate"
            f" {gateway} (the old one works for a day more); to begin anew: revoke {gateway}, then add it"
        )


class Credentials(Protocol):
    """The registry, as far as it is asked here."""

    def add_gateway_credential(
        self, gateway: str, *, site: str, username: str, secret: str, by: str
    ) -> GatewayCredential:
        """Keep one."""

    def gateway_credentials(self) -> list[GatewayCredential]:
        """Every one there ever was."""

    def end_gateway_credential(self, username: str, *, at_s: float | None, by: str) -> bool:
        """End one then, or now."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What a gateway is given; the password is kept nowhere, and shown this once."""

    gateway: str
    site: str
    username: str
    password: str = field(repr=False)


def let_in(registry: Credentials, gateway: str, *, site: str, by: str, now_s: float) -> Handed:
    """Let a gateway in by a user of its own from now on. Raises RegistryError, LetInAlready where it has one: with two
    nobody would know which it comes in by, and the one that is forgotten works for good."""
    for each in in_force(registry.gateway_credentials(), now_s):
        if each.gateway == gateway:
            raise LetInAlready(gateway, each.username)
    return _add(registry, gateway, site=site, by=by)


def _add(registry: Credentials, gateway: str, *, site: str, by: str) -> Handed:
    username = f"{gateway[:GATEWAY_MOST]}-{secrets.token_hex(MARK_BYTES)}"
    password = base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).rstrip(b"=").decode()
    kept = hashed(password, salt=secrets.token_bytes(SALT_BYTES))
    registry.add_gateway_credential(gateway, site=site, username=username, secret=kept, by=by)
    return Handed(gateway, site, username, password)


def rotate(registry: Credentials, gateway: str, *, by: str, now_s: float, grace_s: float = GRACE_S) -> Handed:
    """Give a gateway that is let in a new secret; the old ones work for ``grace_s`` more. Raises RegistryError."""
    if not 0 <= grace_s <= GRACE_MOST_S:
        raise RegistryError(f"grace: 0 to {GRACE_MOST_S / 3600:.0f} hours, not {grace_s / 3600:g}")
    before = of_gateway(registry, gateway, now_s)
    handed = _add(registry, gateway, site=before[-1].site, by=by)
    for each in before:
        registry.end_gateway_credential(each.username, at_s=now_s + grace_s if grace_s else None, by=by)
    return handed


def shut_out(registry: Credentials, gateway: str, *, by: str, now_s: float) -> int:
    """Let a gateway in no more, by none of its users; return how many it had. Raises RegistryError."""
    before = of_gateway(registry, gateway, now_s)
    for each in before:
        registry.end_gateway_credential(each.username, at_s=None, by=by)
    return len(before)


def of_gateway(registry: Credentials, gateway: str, now_s: float) -> list[GatewayCredential]:
    """Return what lets a gateway in now, the oldest first. Raises RegistryError where nothing does."""
    found = [each for each in in_force(registry.gateway_credentials(), now_s) if each.gateway == gateway]
    if not found:
        raise RegistryError(f"gateway: {gateway!r} is not let in: forecalm gateway-access list says who is")
    return sorted(found, key=lambda each: each.since_s)


def in_force(credentials: Iterable[GatewayCredential], now_s: float) -> list[GatewayCredential]:
    """Return those that let somebody in at ``now_s`` [UTC s]."""
    return [each for each in credentials if each.revoked_s is None or each.revoked_s > now_s]


def entries_of(credentials: Iterable[GatewayCredential]) -> list[Entry]:
    """Return them as a broker is told."""
    return [Entry(each.username, each.secret, each.gateway, each.site) for each in credentials]


def end(writing: Writing, username: str, at_s: float | None) -> bool:
    """See ``Registry.end_gateway_credential``."""
    table, when_s = GATEWAY_CREDENTIAL, writing.at_s if at_s is None else at_s
    lasts = (table.c.username == username) & (table.c.revoked_s.is_(None) | (table.c.revoked_s > when_s))
    if writing.connection.execute(sa.update(table).where(lasts).values(revoked_s=when_s)).rowcount != 1:
        return False
    writing.record("shut gateway out", username=username, at_s=when_s)
    return True
