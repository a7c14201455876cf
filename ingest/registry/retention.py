"""How long each site keeps readings in, whose readings of which band have outlived that out."""

from typing import Final

import sqlalchemy as sa

from ingest.registry.stretches import Correction, end_of
from ingest.registry.tables import ASSIGNMENT, BAND, SESSION, SITE, WEARER

DAY_S: Final = 86_400.0


def outlived(connection: sa.Connection, now_s: float) -> list[Correction]:
    """See ``Registry.outlived``."""
    entered = sa.select(sa.func.max(SESSION.c.entered_at_s)).where(SESSION.c.band == BAND.c.name).scalar_subquery()
    query = (
        sa.select(ASSIGNMENT, BAND.c.imported, entered.label("entered_at_s"), SITE.c.readings_days)
        .join(BAND, BAND.c.name == ASSIGNMENT.c.band)
        .join(WEARER, WEARER.c.pseudonym == ASSIGNMENT.c.wearer)
        .join(SITE, SITE.c.name == WEARER.c.site)
        .where(SITE.c.readings_days.is_not(None))
        .order_by(ASSIGNMENT.c.band, ASSIGNMENT.c.since_s)
    )
    found = []
    for row in connection.execute(query):
        oldest_s, until_s = now_s - row.readings_days * DAY_S, end_of(row.until_s)
        if row.imported:
            until_s = until_s if row.entered_at_s is not None and row.entered_at_s <= oldest_s else row.since_s
        else:
            until_s = min(until_s, oldest_s)
        if until_s > row.since_s:
            found.append(Correction(row.band, row.wearer, row.since_s, until_s))
    return found
