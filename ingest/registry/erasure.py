"""A wearer in, no row that names them out: what there is, and its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from ingest.registry.assignments import LIVE
from ingest.registry.audit import Writing
from ingest.registry.checks import require_known
from ingest.registry.tables import (
    ALERT_LEVEL,
    ASSIGNMENT,
    CONSENT,
    LABEL,
    METADATA,
    SESSION,
    SUPPORT_PLAN,
    WEARER,
    WEARER_KEY,
    WEARER_NAME,
)

WIPED: Final = tuple(table.name for table in METADATA.sorted_tables if not table.name.startswith("audit"))


@dataclass(frozen=True, slots=True)
class ErasedRows:
    """How many rows of each table are gone, or in ``assignment`` name nobody any more. ``wiped``: their bytes are gone
    too; else a reader held old pages, and ``Registry.wipe`` must be called again."""

    rows: Mapping[str, int]
    wiped: bool


def traces(connection: sa.Connection, wearer: str) -> dict[str, int]:
    """See ``Registry.traces_of``."""
    where = {
        table.name: condition
        for table, condition in (
            (WEARER, WEARER.c.pseudonym == wearer),
            (WEARER_NAME, WEARER_NAME.c.pseudonym == wearer),
            (WEARER_KEY, WEARER_KEY.c.pseudonym == wearer),
            (CONSENT, CONSENT.c.wearer == wearer),
            (LABEL, LABEL.c.wearer == wearer),
            (ALERT_LEVEL, ALERT_LEVEL.c.wearer == wearer),
            (SUPPORT_PLAN, SUPPORT_PLAN.c.wearer == wearer),
            (SESSION, _sessions_of(wearer)),
            (ASSIGNMENT, ASSIGNMENT.c.wearer == wearer),
        )
    }
    counts = {
        name: connection.execute(
            sa.select(sa.func.count()).select_from(METADATA.tables[name]).where(condition)
        ).scalar()
        for name, condition in where.items()
    }
    return {name: count for name, count in counts.items() if count}


def erase(writing: Writing, wearer: str) -> dict[str, int]:
    """See ``Registry.erase_wearer``."""
    connection = writing.connection
    require_known(connection, WEARER.c.pseudonym, wearer)
    rows = traces(connection, wearer)
    writing.record("erase", wearer=wearer, tables=[f"{table}: {count}" for table, count in sorted(rows.items())])
    mine = ASSIGNMENT.c.wearer == wearer
    connection.execute(SESSION.delete().where(_sessions_of(wearer)))
    theirs = sa.select(LABEL.c.id).where(LABEL.c.wearer == wearer)
    taken_over = (LABEL.c.wearer != wearer) & LABEL.c.superseded_by.in_(theirs)  # corrected to be about this wearer
    connection.execute(LABEL.update().where(taken_over).values(superseded_by=None, removed_at_s=writing.at_s))
    connection.execute(LABEL.update().where(LABEL.c.wearer == wearer).values(superseded_by=None))
    for column in (
        LABEL.c.wearer,
        ALERT_LEVEL.c.wearer,
        SUPPORT_PLAN.c.wearer,
        CONSENT.c.wearer,
        WEARER_NAME.c.pseudonym,
        WEARER_KEY.c.pseudonym,
    ):
        connection.execute(sa.delete(column.table).where(column == wearer))
    to_come = mine & LIVE & (ASSIGNMENT.c.until_s.is_(None) | (ASSIGNMENT.c.until_s > writing.at_s))
    connection.execute(ASSIGNMENT.delete().where(to_come, ASSIGNMENT.c.since_s >= writing.at_s))
    connection.execute(ASSIGNMENT.update().where(to_come).values(until_s=writing.at_s))
    connection.execute(ASSIGNMENT.update().where(mine).values(wearer=None))
    connection.execute(WEARER.delete().where(WEARER.c.pseudonym == wearer))
    return rows


def _sessions_of(wearer: str) -> sa.ColumnElement[bool]:
    """Sessions of a band while the wearer wore it, in part or in whole: an origin may hold a name."""
    worn = sa.exists().where(
        ASSIGNMENT.c.band == SESSION.c.band,
        ASSIGNMENT.c.wearer == wearer,
        ASSIGNMENT.c.since_s < SESSION.c.end_s,
        ASSIGNMENT.c.until_s.is_(None) | (ASSIGNMENT.c.until_s > SESSION.c.start_s),
    )
    return worn.correlate(SESSION)
