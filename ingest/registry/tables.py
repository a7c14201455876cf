"""The tables of the registry, for SQLite and PostgreSQL alike; how they came about is in ``migrations``."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SITE = Table("site", METADATA, Column("name", String(64), primary_key=True))

WEARER = Table(
    "wearer",
    METADATA,
    Column("pseudonym", String(64), primary_key=True),
    Column("site", ForeignKey("site.name"), nullable=True),
)

WEARER_NAME = Table(
    "wearer_name",
    METADATA,
    Column("pseudonym", ForeignKey("wearer.pseudonym", ondelete="CASCADE"), primary_key=True),
    Column("name", String(200), nullable=False),
)

BAND = Table("band", METADATA, Column("name", String(64), primary_key=True))

ASSIGNMENT = Table(
    "assignment",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("band", ForeignKey("band.name"), nullable=False),
    Column("wearer", ForeignKey("wearer.pseudonym"), nullable=False),
    Column("since_s", Double, nullable=False),
    Column("until_s", Double, nullable=True),
    CheckConstraint("until_s IS NULL OR until_s > since_s", name="in_order"),
)
"""``[since_s, until_s)`` [UTC s]; NULL: still worn. At most one open assignment a band and a wearer."""

_OPEN = ASSIGNMENT.c.until_s.is_(None)
Index("ix_assignment_open_band", ASSIGNMENT.c.band, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_assignment_open_wearer", ASSIGNMENT.c.wearer, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_assignment_band_since_s", ASSIGNMENT.c.band, ASSIGNMENT.c.since_s)

CARER = Table("carer", METADATA, Column("name", String(200), primary_key=True))
