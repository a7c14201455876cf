"""Who signs in, as what and where; sessions, one-time links, enrolled tablets, tokens; what lets gateways in."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID, _DIGEST, _NAME, _TEXT = sa.String(32), sa.String(64), sa.String(64), sa.String(200)


def upgrade() -> None:
    """Make them."""
    _make_accounts()
    _make_sessions()
    _make_things()


def _make_accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", _ID),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("password", _TEXT, nullable=True),
        sa.Column("changed_s", sa.Double, nullable=True),
        sa.Column("factor", sa.String(400), nullable=True),
        sa.Column("factor_step", sa.Integer, nullable=True),
        sa.Column("since_s", sa.Double, nullable=False),
        sa.Column("made_by", _TEXT, nullable=False),
        sa.Column("ended_s", sa.Double, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("key", name="uq_account_key"),
    )
    op.create_table(
        "account_grant",
        sa.Column("account", _ID),
        sa.Column("role", sa.String(16)),
        sa.Column("site", _NAME),
        sa.PrimaryKeyConstraint("account", "role", "site", name="pk_account_grant"),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_account_grant_account"),
        sa.CheckConstraint("role IN ('carer', 'support', 'researcher', 'administrator')", name="ck_account_grant_role"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("digest", _DIGEST),
        sa.Column("account", _ID, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_recovery_code"),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_recovery_code_account"),
    )
    op.create_index("ix_recovery_code_account", "recovery_code", ["account"])


def _make_sessions() -> None:
    op.create_table(
        "sign_in",
        sa.Column("digest", _DIGEST),
        sa.Column("id", _ID, nullable=False),
        sa.Column("account", _ID, nullable=False),
        sa.Column("since_s", sa.Double, nullable=False),
        sa.Column("seen_s", sa.Double, nullable=False),
        sa.Column("proved_s", sa.Double, nullable=False),
        sa.Column("tablet", _ID, nullable=False),
        sa.Column("device", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sign_in"),
        sa.UniqueConstraint("id", name="uq_sign_in_id"),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_sign_in_account"),
    )
    op.create_index("ix_sign_in_account", "sign_in", ["account"])
    op.create_table(
        "one_time_link",
        sa.Column("digest", _DIGEST),
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("account", _ID, nullable=True),
        sa.Column("site", _NAME, nullable=False),
        sa.Column("label", _TEXT, nullable=False),
        sa.Column("shows_names", sa.Boolean, nullable=False),
        sa.Column("since_s", sa.Double, nullable=False),
        sa.Column("until_s", sa.Double, nullable=False),
        sa.Column("used_s", sa.Double, nullable=True),
        sa.Column("made_by", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_one_time_link"),
        sa.UniqueConstraint("id", name="uq_one_time_link_id"),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_one_time_link_account"),
        sa.CheckConstraint(
            "kind IN ('set-up', 'invitation', 'password', 'sign-in', 'tablet')", name="ck_one_time_link_kind"
        ),
    )
    op.create_index("ix_one_time_link_account", "one_time_link", ["account"])


def _make_things() -> None:
    op.create_table(
        "enrolled_tablet",
        sa.Column("id", _ID),
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("site", _NAME, nullable=False),
        sa.Column("shows_names", sa.Boolean, nullable=False),
        sa.Column("since_s", sa.Double, nullable=False),
        sa.Column("seen_s", sa.Double, nullable=False),
        sa.Column("made_by", _TEXT, nullable=False),
        sa.Column("revoked_s", sa.Double, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_enrolled_tablet"),
        sa.UniqueConstraint("digest", name="uq_enrolled_tablet_digest"),
        sa.ForeignKeyConstraint(["site"], ["site.name"], name="fk_enrolled_tablet_site"),
    )
    op.create_table(
        "machine_token",
        sa.Column("id", _ID),
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("site", _NAME, nullable=False),
        sa.Column("since_s", sa.Double, nullable=False),
        sa.Column("until_s", sa.Double, nullable=False),
        sa.Column("used_s", sa.Double, nullable=True),
        sa.Column("made_by", _TEXT, nullable=False),
        sa.Column("revoked_s", sa.Double, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_machine_token"),
        sa.UniqueConstraint("digest", name="uq_machine_token_digest"),
        sa.CheckConstraint(
            "role IN ('carer', 'support', 'researcher', 'administrator', 'monitor')", name="ck_machine_token_role"
        ),
    )
    op.create_table(
        "gateway_credential",
        sa.Column("username", _NAME),
        sa.Column("gateway", _NAME, nullable=False),
        sa.Column("site", _NAME, nullable=False),
        sa.Column("secret", sa.String(400), nullable=False),
        sa.Column("since_s", sa.Double, nullable=False),
        sa.Column("made_by", _TEXT, nullable=False),
        sa.Column("revoked_s", sa.Double, nullable=True),
        sa.PrimaryKeyConstraint("username", name="pk_gateway_credential"),
        sa.ForeignKeyConstraint(["site"], ["site.name"], name="fk_gateway_credential_site"),
    )
    op.create_index("ix_gateway_credential_gateway", "gateway_credential", ["gateway"])


def downgrade() -> None:
    """Take them away."""
    for table in (
        "gateway_credential",
        "machine_token",
        "enrolled_tablet",
        "one_time_link",
        "sign_in",
        "recovery_code",
        "account_grant",
        "account",
    ):
        op.drop_table(table)
