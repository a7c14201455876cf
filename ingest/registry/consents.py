"""Who agreed to what for whom, from when to when: consents in, what they cover out; nothing is overwritten."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.audit import Writing
from ingest.registry.checks import require_known, require_stretch, require_text, require_time
from ingest.registry.tables import CONSENT, WEARER


class Scope(Enum):
    """What readings may be used for. None of them implies another."""

    CARE = "care"  # kept, and watched live
    RESEARCH = "research"  # in training sets and exports
    SHARE = "share"  # in reports that leave the house


@dataclass(frozen=True, slots=True)
class Consent:
    """``given_by`` (a person and their role, in words: "Jane Doe, mother and guardian") agrees that readings taken from
    ``from_s`` up to ``until_s`` [UTC s] (None: without end) are used for ``scopes``."""

    scopes: frozenset[Scope]
    given_by: str
    from_s: float
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """One scope of a consent as it stands. ``withdrawn_s``: when it was withdrawn [UTC s]; from that entry on it covers
    nothing. ``to_confirm``: nobody gave it; it was carried over from a version that knew no consent."""

    number: int
    wearer: str
    scope: Scope
    given_by: str
    from_s: float
    until_s: float | None
    withdrawn_s: float | None
    to_confirm: bool
    entered_at_s: float
    entered_by: str

    def covers(self, at_s: float) -> bool:
        """Whether a reading taken at ``at_s`` [UTC s] may be used for the scope."""
        return self.withdrawn_s is None and self.from_s <= at_s and (self.until_s is None or at_s < self.until_s)


def give(writing: Writing, wearer: str, consent: Consent) -> None:
    """See ``Registry.give_consent``."""
    require_known(writing.connection, WEARER.c.pseudonym, wearer)
    require_text("given_by", consent.given_by)
    require_stretch("from_s", consent.from_s, "until_s", consent.until_s)
    if not consent.scopes:
        raise RegistryError("scopes: name at least one of care, research, share")
    for scope in sorted(consent.scopes, key=lambda each: each.value):
        writing.connection.execute(
            CONSENT.insert().values(
                wearer=wearer,
                scope=scope.value,
                given_by=consent.given_by,
                from_s=consent.from_s,
                until_s=consent.until_s,
                to_confirm=False,
                entered_at_s=writing.at_s,
                entered_by=writing.by,
            )
        )
        writing.record("give consent", wearer=wearer, scope=scope.value, from_s=consent.from_s, until_s=consent.until_s)
        _confirm(writing, wearer, scope, consent.from_s)


def _confirm(writing: Writing, wearer: str, scope: Scope, from_s: float) -> None:
    """What was carried over ends where a consent that somebody gave begins."""
    carried = (CONSENT.c.wearer == wearer) & (CONSENT.c.scope == scope.value) & CONSENT.c.to_confirm.is_(True)
    before, reaching = CONSENT.c.from_s < from_s, CONSENT.c.until_s.is_(None) | (CONSENT.c.until_s > from_s)
    for values, where in (
        ({"withdrawn_s": writing.at_s}, carried & ~before),
        ({"until_s": from_s}, carried & before & reaching),
        ({"to_confirm": False}, carried),
    ):
        writing.connection.execute(CONSENT.update().where(where).values(values))


def withdraw(writing: Writing, wearer: str, scopes: Iterable[Scope], at_s: float) -> int:
    """See ``Registry.withdraw_consent``."""
    require_known(writing.connection, WEARER.c.pseudonym, wearer)
    require_time("at_s", at_s)
    names = sorted(scope.value for scope in scopes)
    standing = (CONSENT.c.wearer == wearer) & CONSENT.c.scope.in_(names) & CONSENT.c.withdrawn_s.is_(None)
    done = writing.connection.execute(
        CONSENT.update().where(standing).values(withdrawn_s=at_s, to_confirm=False)
    ).rowcount
    if done:
        writing.record("withdraw consent", wearer=wearer, scopes=names, withdrawn_s=at_s)
    return done


def given(connection: sa.Connection, wearer: str | None = None) -> list[Given]:
    """See ``Registry.consents``."""
    query = sa.select(CONSENT).order_by(CONSENT.c.wearer, CONSENT.c.id)
    if wearer is not None:
        query = query.where(CONSENT.c.wearer == wearer)
    return [
        Given(
            row.id,
            row.wearer,
            Scope(row.scope),
            row.given_by,
            row.from_s,
            row.until_s,
            row.withdrawn_s,
            row.to_confirm,
            row.entered_at_s,
            row.entered_by,
        )
        for row in connection.execute(query)
    ]


def covered(connection: sa.Connection, wearer: str, scope: Scope, at_s: float) -> bool:
    """See ``Registry.has_consent``."""
    return any(each.scope is scope and each.covers(at_s) for each in given(connection, wearer))
