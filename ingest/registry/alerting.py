"""A site's alerting rules as text in; which hold now, and which held before, out. What they mean is not known here.

They hold secrets (addresses with keys, telephone numbers), so the audit has their digest alone. Nothing is overwritten.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from ingest.errors import RegistryError
from ingest.registry.audit import Writing
from ingest.registry.checks import require_known, require_storable, require_text
from ingest.registry.tables import ALERTING_RULES, SITE

SIZE_MAX: Final = 256 << 10
"""Bytes: a thousand contacts of a long line each. Rules are written by people."""


@dataclass(frozen=True, slots=True)
class AlertingRules:
    """Rules of ``site`` as ``by`` set them at ``at_s`` [UTC s], ``because`` of what they said; no ``text``: as a house
    has them that never said any. ``repr`` shows no text: it would end up in a log."""

    number: int
    site: str
    text: str | None
    because: str
    by: str
    at_s: float

    @property
    def digest(self) -> str:
        """SHA-256 of the text in hexadecimal, as the audit has it; "" where there is none."""
        return "" if self.text is None else digest_of(self.text)

    def __repr__(self) -> str:
        return f"AlertingRules({self.number}, {self.site!r}, {self.digest[:12]!r}, by={self.by!r}, at_s={self.at_s})"


def digest_of(text: str) -> str:
    """Return SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def enter(writing: Writing, site: str, text: str | None, *, because: str) -> AlertingRules:
    """See ``Registry.set_alerting_rules``."""
    require_known(writing.connection, SITE.c.name, site)
    require_text("because", because, empty=True)
    if text is not None:
        require_storable("alerting rules", text)
        if len(text.encode()) > SIZE_MAX:
            raise RegistryError(f"alerting rules: {len(text.encode()):,} bytes are more than {SIZE_MAX:,}")
    before = in_force(writing.connection, site)
    if before is not None and before.text == text:
        return before
    values = {"site": site, "text": text, "because": because, "entered_at_s": writing.at_s, "entered_by": writing.by}
    insert = ALERTING_RULES.insert().values(values).returning(ALERTING_RULES.c.id)
    number = int(writing.connection.execute(insert).scalar_one())
    entered = AlertingRules(number, site, text, because, writing.by, writing.at_s)
    writing.record("set alerting rules", site=site, rules=number, sha256=entered.digest)
    return entered


def history(connection: sa.Connection, site: str) -> list[AlertingRules]:
    """Every version that was set for a site, the oldest first."""
    query = sa.select(ALERTING_RULES).where(ALERTING_RULES.c.site == site).order_by(ALERTING_RULES.c.id)
    return [_rules(row) for row in connection.execute(query)]


def in_force(connection: sa.Connection, site: str) -> AlertingRules | None:
    """The last version that was set for a site; None: none ever was."""
    query = sa.select(ALERTING_RULES).where(ALERTING_RULES.c.site == site).order_by(ALERTING_RULES.c.id.desc())
    row = connection.execute(query.limit(1)).first()
    return None if row is None else _rules(row)


def _rules(row: sa.Row[*tuple[object, ...]]) -> AlertingRules:
    """SQLite holds whatever another program has put there: what is no text becomes one that nobody can use."""
    text = row.text.decode(errors="replace") if isinstance(row.text, bytes) else row.text
    return AlertingRules(row.id, row.site, text, row.because, row.entered_by, row.entered_at_s)
