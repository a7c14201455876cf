"""Consent, audit, sessions, labels, gateways, sites with a time zone; assignments that say who made them.

Wearers whom version 0.1 entered go on being recorded and watched: they get a consent to care that is marked as to be
confirmed. See docs/decisions/026-consent.md.
"""

import sqlalchemy as sa
from alembic import context, op

from ingest.registry import audit

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NAME, _TEXT = sa.String(64), sa.String(200)
_CARRIED = "carried over from version 0.1, to be confirmed"


def upgrade() -> None:
    """Make them, and carry over who is watched."""
    for column in ("place VARCHAR(200) NOT NULL DEFAULT ''", "time_zone VARCHAR(64) NOT NULL DEFAULT 'UTC'"):
        op.execute(f"ALTER TABLE site ADD COLUMN {column}")
    op.execute("ALTER TABLE site ADD COLUMN readings_days INTEGER")
    op.execute("UPDATE site SET place = name")
    op.execute("ALTER TABLE band ADD COLUMN site VARCHAR(64) CONSTRAINT fk_band_site REFERENCES site (name)")
    op.execute("ALTER TABLE band ADD COLUMN note VARCHAR(200) NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE band ADD COLUMN imported BOOLEAN NOT NULL DEFAULT FALSE")
    _alter_assignment()
    _create_people()
    _create_recordings()
    _create_audit()
    _carry_over(op.get_bind(), context.config.attributes["now_s"])


def _alter_assignment() -> None:
    """Nothing refers to this table, so SQLite may make it anew without touching other rows."""
    old = sa.Table(
        "assignment",
        sa.MetaData(),
        sa.Column("id", sa.Integer),
        sa.Column("band", _NAME, nullable=False),
        sa.Column("wearer", _NAME, nullable=False),
        sa.Column("since_s", sa.Double, nullable=False),
        sa.Column("until_s", sa.Double, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_assignment"),
        sa.ForeignKeyConstraint(["band"], ["band.name"], name="fk_assignment_band"),
        sa.ForeignKeyConstraint(["wearer"], ["wearer.pseudonym"], name="fk_assignment_wearer"),
        sa.CheckConstraint("until_s IS NULL OR until_s > since_s", name="ck_assignment_in_order"),
    )
    still_open = sa.text("until_s IS NULL")
    for column in ("band", "wearer"):
        name = f"ix_assignment_open_{column}"
        sa.Index(name, old.c[column], unique=True, sqlite_where=still_open, postgresql_where=still_open)
    sa.Index("ix_assignment_band_since_s", old.c.band, old.c.since_s)
    with op.batch_alter_table("assignment", copy_from=old) as table:
        table.alter_column("wearer", existing_type=_NAME, nullable=True)
        table.add_column(sa.Column("made_at_s", sa.Double, nullable=True))
        table.add_column(sa.Column("made_by", _TEXT, nullable=True))
    op.create_index("ix_assignment_wearer_since_s", "assignment", ["wearer", "since_s"])


def _create_people() -> None:
    op.create_table(
        "wearer_key",
        sa.Column("pseudonym", _NAME),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", name="pk_wearer_key"),
        sa.ForeignKeyConstraint(
            ["pseudonym"], ["wearer.pseudonym"], name="fk_wearer_key_pseudonym", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "gateway",
        sa.Column("name", _NAME),
        sa.Column("site", _NAME, nullable=True),
        sa.Column("note", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_gateway"),
        sa.ForeignKeyConstraint(["site"], ["site.name"], name="fk_gateway_site"),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer),
        sa.Column("wearer", _NAME, nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("given_by", _TEXT, nullable=False),
        sa.Column("from_s", sa.Double, nullable=False),
        sa.Column("until_s", sa.Double, nullable=True),
        sa.Column("withdrawn_s", sa.Double, nullable=True),
        sa.Column("to_confirm", sa.Boolean, nullable=False),
        sa.Column("entered_at_s", sa.Double, nullable=False),
        sa.Column("entered_by", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
        sa.ForeignKeyConstraint(["wearer"], ["wearer.pseudonym"], name="fk_consent_wearer"),
        sa.CheckConstraint("until_s IS NULL OR until_s > from_s", name=op.f("ck_consent_in_order")),
        sa.CheckConstraint("scope IN ('care', 'research', 'share')", name=op.f("ck_consent_scope")),
    )
    op.create_index("ix_consent_wearer", "consent", ["wearer"])


def _create_recordings() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.Integer),
        sa.Column("band", _NAME, nullable=False),
        sa.Column("start_s", sa.Double, nullable=False),
        sa.Column("end_s", sa.Double, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("format", sa.String(64), nullable=False),
        sa.Column("origin", sa.String(255), nullable=False),
        sa.Column("digest", sa.String(128), nullable=True),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("entered_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.ForeignKeyConstraint(["band"], ["band.name"], name="fk_session_band"),
        sa.UniqueConstraint("digest", name="uq_session_digest"),
        sa.CheckConstraint("end_s > start_s", name=op.f("ck_session_in_order")),
    )
    op.create_index("ix_session_band_start_s", "session", ["band", "start_s"])
    op.create_table(
        "label",
        sa.Column("id", sa.Integer),
        sa.Column("wearer", _NAME, nullable=False),
        sa.Column("what", _TEXT, nullable=False),
        sa.Column("start_s", sa.Double, nullable=False),
        sa.Column("end_s", sa.Double, nullable=False),
        sa.Column("rater", _TEXT, nullable=False),
        sa.Column("onset_uncertainty_s", sa.Double, nullable=False),
        sa.Column("level", sa.Double, nullable=True),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("entered_at_s", sa.Double, nullable=False),
        sa.Column("entered_by", _TEXT, nullable=False),
        sa.Column("superseded_by", sa.Integer, nullable=True),
        sa.Column("removed_at_s", sa.Double, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_label"),
        sa.ForeignKeyConstraint(["wearer"], ["wearer.pseudonym"], name="fk_label_wearer"),
        sa.ForeignKeyConstraint(["superseded_by"], ["label.id"], name="fk_label_superseded_by"),
        sa.CheckConstraint("end_s >= start_s", name=op.f("ck_label_in_order")),
    )
    op.create_index("ix_label_wearer_start_s", "label", ["wearer", "start_s"])


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, autoincrement=False),
        sa.Column("at_s", sa.Double, nullable=False),
        sa.Column("actor", _TEXT, nullable=False),
        sa.Column("action", _NAME, nullable=False),
        sa.Column("subject", _NAME, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("digest", _NAME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("digest", _NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.execute("INSERT INTO audit_head (id, number, digest) VALUES (1, 0, '')")


def _carry_over(connection: sa.Connection, now_s: float) -> None:
    """A key and a consent for whoever is known, from their first assignment on."""
    first = "SELECT pseudonym, (SELECT min(since_s) FROM assignment WHERE wearer = pseudonym) FROM wearer ORDER BY 1"
    key = sa.table("wearer_key", sa.column("pseudonym"), sa.column("key", sa.LargeBinary))
    consent = sa.table(
        "consent",
        *(sa.column(name) for name in ("wearer", "scope", "given_by", "from_s", "to_confirm")),
        sa.column("entered_at_s"),
        sa.column("entered_by"),
    )
    for wearer, since_s in connection.execute(sa.text(first)).all():
        made, from_s = audit.new_key(), now_s if since_s is None else min(since_s, now_s)
        connection.execute(key.insert().values(pseudonym=wearer, key=made))
        connection.execute(
            consent.insert().values(
                wearer=wearer,
                scope="care",
                given_by=_CARRIED,
                from_s=from_s,
                to_confirm=True,
                entered_at_s=now_s,
                entered_by="upgrade",
            )
        )
        detail: dict[str, audit.Json] = {"scope": "care", "from_s": from_s}
        subject = audit.subject_of(made, wearer)
        audit.append(connection, now_s, "upgrade", "carry over consent, to be confirmed", subject, detail)


def downgrade() -> None:
    """There is no way back: version 0.1 would record whoever withdrew their consent."""
    raise NotImplementedError("a registry that knows consent is not for a version that does not")
