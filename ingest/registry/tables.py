"""The tables of the registry, for SQLite and PostgreSQL alike; how they came about is in ``migrations``."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SITE = Table(
    "site",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("place", String(200), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("readings_days", Integer, nullable=True),
)
"""``readings_days``: how long readings are kept; NULL: until somebody erases them."""

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

WEARER_KEY = Table(
    "wearer_key",
    METADATA,
    Column("pseudonym", ForeignKey("wearer.pseudonym", ondelete="CASCADE"), primary_key=True),
    Column("key", LargeBinary(32), nullable=False),
)
"""What makes the digest by which the audit knows a wearer. Without its key a digest names nobody."""

BAND = Table(
    "band",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("site", ForeignKey("site.name"), nullable=True),
    Column("note", String(200), nullable=False),
    Column("imported", Boolean, nullable=False),
)
"""``imported``: no wristband but a recording that was imported, under a name made from its content."""

GATEWAY = Table(
    "gateway",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("site", ForeignKey("site.name"), nullable=True),
    Column("note", String(200), nullable=False),
)

ASSIGNMENT = Table(
    "assignment",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("band", ForeignKey("band.name"), nullable=False),
    Column("wearer", ForeignKey("wearer.pseudonym"), nullable=True),
    Column("since_s", Double, nullable=False),
    Column("until_s", Double, nullable=True),
    Column("made_at_s", Double, nullable=True),
    Column("made_by", String(200), nullable=True),
    CheckConstraint("until_s IS NULL OR until_s > since_s", name="in_order"),
)
"""``[since_s, until_s)`` [UTC s]; NULL: still worn. At most one open assignment a band and a wearer. No wearer:
somebody who was erased. ``made_at_s`` and ``made_by`` are NULL in what version 0.1 entered."""

_OPEN = ASSIGNMENT.c.until_s.is_(None)
Index("ix_assignment_open_band", ASSIGNMENT.c.band, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_assignment_open_wearer", ASSIGNMENT.c.wearer, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_assignment_band_since_s", ASSIGNMENT.c.band, ASSIGNMENT.c.since_s)
Index("ix_assignment_wearer_since_s", ASSIGNMENT.c.wearer, ASSIGNMENT.c.since_s)

CONSENT = Table(
    "consent",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("wearer", ForeignKey("wearer.pseudonym"), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("given_by", String(200), nullable=False),
    Column("from_s", Double, nullable=False),
    Column("until_s", Double, nullable=True),
    Column("withdrawn_s", Double, nullable=True),
    Column("to_confirm", Boolean, nullable=False),
    Column("entered_at_s", Double, nullable=False),
    Column("entered_by", String(200), nullable=False),
    CheckConstraint("until_s IS NULL OR until_s > from_s", name="in_order"),
    CheckConstraint("scope IN ('care', 'research', 'share')", name="scope"),
    Index(None, "wearer"),
)
"""One row a scope. It covers readings of ``[from_s, until_s)`` [UTC s] (NULL: no end) unless it was withdrawn."""

SESSION = Table(
    "session",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("band", ForeignKey("band.name"), nullable=False),
    Column("start_s", Double, nullable=False),
    Column("end_s", Double, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("format", String(64), nullable=False),
    Column("origin", String(255), nullable=False),
    Column("digest", String(128), nullable=True),
    Column("notes", Text, nullable=False),
    Column("entered_at_s", Double, nullable=False),
    UniqueConstraint("digest"),
    CheckConstraint("end_s > start_s", name="in_order"),
    Index(None, "band", "start_s"),
)
"""A recording as a unit. Whose it is follows from the assignments of its band, like that of every reading."""

LABEL = Table(
    "label",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("wearer", ForeignKey("wearer.pseudonym"), nullable=False),
    Column("what", String(200), nullable=False),
    Column("start_s", Double, nullable=False),
    Column("end_s", Double, nullable=False),
    Column("rater", String(200), nullable=False),
    Column("onset_uncertainty_s", Double, nullable=False),
    Column("level", Double, nullable=True),
    Column("note", Text, nullable=False),
    Column("entered_at_s", Double, nullable=False),
    Column("entered_by", String(200), nullable=False),
    Column("superseded_by", ForeignKey("label.id"), nullable=True),
    Column("removed_at_s", Double, nullable=True),
    Column("outcome", String(64), nullable=True),
    CheckConstraint("end_s >= start_s", name="in_order"),
    Index(None, "wearer", "start_s"),
    Index("ix_label_outcome", "outcome", unique=True),
)
"""Valid is what is neither superseded nor removed; nothing is overwritten. ``outcome``: the id in the journal of what a
carer told about an alert, or without one; NULL: it came another way."""

ALERT_LEVEL = Table(
    "alert_level",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("wearer", ForeignKey("wearer.pseudonym"), nullable=False),
    Column("of", String(200), nullable=True),
    Column("enter", Double, nullable=True),
    Column("leave", Double, nullable=True),
    Column("hold_s", Double, nullable=True),
    Column("settle_s", Double, nullable=True),
    Column("refractory_s", Double, nullable=True),
    Column("fade_s", Double, nullable=True),
    Column("per_day", Double, nullable=True),
    Column("lost", Integer, nullable=False),
    Column("entered_at_s", Double, nullable=False),
    Column("entered_by", String(200), nullable=False),
    CheckConstraint("of IS NULL OR (leave >= 0 AND leave < enter AND enter <= 1)", name="in_order"),
    Index(None, "wearer"),
)
"""The last row of a wearer holds; ``of`` NULL: as for everybody again. Nothing is overwritten."""

SUPPORT_PLAN = Table(
    "support_plan",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("wearer", ForeignKey("wearer.pseudonym"), nullable=False),
    Column("helps", Text, nullable=False),
    Column("avoid", Text, nullable=False),
    Column("entered_at_s", Double, nullable=False),
    Column("entered_by", String(200), nullable=False),
    Index(None, "wearer"),
)
"""The last row of a wearer holds. ``helps`` and ``avoid`` are JSON lists of lines."""

ALERTING_RULES = Table(
    "alerting_rules",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("site", ForeignKey("site.name"), nullable=False),
    Column("text", Text, nullable=True),
    Column("because", String(200), nullable=False),
    Column("entered_at_s", Double, nullable=False),
    Column("entered_by", String(200), nullable=False),
    Index(None, "site"),
)
"""The last row of a site holds; ``text`` NULL: as for a house that never said any. It may hold secrets."""

PUSH_SUBSCRIPTION = Table(
    "push_subscription",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("endpoint", String(1000), nullable=False),
    Column("p256dh", String(200), nullable=False),
    Column("auth", String(100), nullable=False),
    Column("carer", String(200), nullable=False),
    Column("tablet", String(200), nullable=False),
    Column("since_s", Double, nullable=False),
    UniqueConstraint("endpoint"),
    Index(None, "carer"),
)

CARER = Table("carer", METADATA, Column("name", String(200), primary_key=True))

ACCOUNT = Table(
    "account",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("key", String(200), nullable=False),
    Column("password", String(200), nullable=True),
    Column("changed_s", Double, nullable=True),
    Column("factor", String(400), nullable=True),
    Column("factor_step", Integer, nullable=True),
    Column("since_s", Double, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("ended_s", Double, nullable=True),
    UniqueConstraint("key"),
)
"""Who signs in. ``key`` is the name as it is compared; ``password`` a hash, NULL: none was chosen yet; ``factor`` the
sealed secret of the second factor, ``factor_step`` the last step whose code was used."""

ACCOUNT_GRANT = Table(
    "account_grant",
    METADATA,
    Column("account", ForeignKey("account.id"), primary_key=True),
    Column("role", String(16), primary_key=True),
    Column("site", String(64), primary_key=True),
    CheckConstraint("role IN ('carer', 'support', 'researcher', 'administrator')", name="role"),
)
"""``site`` ``*``: at all of them."""

RECOVERY_CODE = Table(
    "recovery_code",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("account", ForeignKey("account.id"), nullable=False),
    Index(None, "account"),
)
"""Codes that take the place of a second factor; a row goes when its code is used."""

SIGN_IN = Table(
    "sign_in",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("id", String(32), nullable=False),
    Column("account", ForeignKey("account.id"), nullable=False),
    Column("since_s", Double, nullable=False),
    Column("seen_s", Double, nullable=False),
    Column("proved_s", Double, nullable=False),
    Column("tablet", String(32), nullable=False),
    Column("device", String(200), nullable=False),
    UniqueConstraint("id"),
    Index(None, "account"),
)
"""A session of somebody who signed in; a row goes when it ends. ``digest`` is of its token, which stands nowhere."""

ONE_TIME_LINK = Table(
    "one_time_link",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("id", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("account", ForeignKey("account.id"), nullable=True),
    Column("site", String(64), nullable=False),
    Column("label", String(200), nullable=False),
    Column("shows_names", Boolean, nullable=False),
    Column("since_s", Double, nullable=False),
    Column("until_s", Double, nullable=False),
    Column("used_s", Double, nullable=True),
    Column("made_by", String(200), nullable=False),
    UniqueConstraint("id"),
    CheckConstraint("kind IN ('set-up', 'invitation', 'password', 'sign-in', 'tablet')", name="kind"),
    Index(None, "account"),
)
"""``site``, ``label`` and ``shows_names`` are of the tablet that it enrols."""

ENROLLED_TABLET = Table(
    "enrolled_tablet",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("site", ForeignKey("site.name"), nullable=False),
    Column("shows_names", Boolean, nullable=False),
    Column("since_s", Double, nullable=False),
    Column("seen_s", Double, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("revoked_s", Double, nullable=True),
    UniqueConstraint("digest"),
)

MACHINE_TOKEN = Table(
    "machine_token",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("site", String(64), nullable=False),
    Column("since_s", Double, nullable=False),
    Column("until_s", Double, nullable=False),
    Column("used_s", Double, nullable=True),
    Column("made_by", String(200), nullable=False),
    Column("revoked_s", Double, nullable=True),
    UniqueConstraint("digest"),
    CheckConstraint("role IN ('carer', 'support', 'researcher', 'administrator', 'monitor')", name="role"),
)
"""``site`` ``*``: at all of them."""

GATEWAY_CREDENTIAL = Table(
    "gateway_credential",
    METADATA,
    Column("username", String(64), primary_key=True),
    Column("gateway", String(64), nullable=False),
    Column("site", ForeignKey("site.name"), nullable=False),
    Column("secret", String(400), nullable=False),
    Column("since_s", Double, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("revoked_s", Double, nullable=True),
    Index(None, "gateway"),
)
"""By which a gateway is let in at the broker; ``secret`` is a salted hash, in the words of a broker's password file."""

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_s", Double, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("digest", String(64), nullable=False),
)
"""Append-only: each ``digest`` is over its row and the digest before it. ``subject`` is a wearer's keyed digest."""

AUDIT_HEAD = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
)
"""One row: the last entry. Every writer locks it first, so writers go one by one; its number is the revision."""
