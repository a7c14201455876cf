"""Everything by which somebody is let in, in; the end of all of it, as after a back-up was brought back, out."""

import sqlalchemy as sa

from ingest.registry.audit import Writing
from ingest.registry.tables import ENROLLED_TABLET, MACHINE_TOKEN, ONE_TIME_LINK, SIGN_IN


def end_ways_in(writing: Writing) -> dict[str, int]:
    """See ``Registry.end_ways_in``."""
    connection, now_s = writing.connection, writing.at_s
    ended = {
        "sessions": connection.execute(SIGN_IN.delete()).rowcount,
        "links": connection.execute(ONE_TIME_LINK.delete().where(ONE_TIME_LINK.c.used_s.is_(None))).rowcount,
        "tablets": _revoked(connection, ENROLLED_TABLET, now_s),
        "tokens": _revoked(connection, MACHINE_TOKEN, now_s),
    }
    writing.record("end every way in", wearer=None, **ended)
    return ended


def _revoked(connection: sa.Connection, table: sa.Table, now_s: float) -> int:
    return connection.execute(table.update().where(table.c.revoked_s.is_(None)).values(revoked_s=now_s)).rowcount
