"""Alert levels of single people: from which probability on their signs count as high, with what they were before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "alert_level",
        sa.Column("id", sa.Integer),
        sa.Column("wearer", sa.String(64), nullable=False),
        sa.Column("of", sa.String(200), nullable=True),
        *(
            sa.Column(name, sa.Double, nullable=True)
            for name in ("enter", "leave", "hold_s", "settle_s", "refractory_s", "fade_s")
        ),
        sa.Column("per_day", sa.Double, nullable=True),
        sa.Column("lost", sa.Integer, nullable=False),
        sa.Column("entered_at_s", sa.Double, nullable=False),
        sa.Column("entered_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_level"),
        sa.ForeignKeyConstraint(["wearer"], ["wearer.pseudonym"], name="fk_alert_level_wearer"),
        sa.CheckConstraint(
            "of IS NULL OR (leave >= 0 AND leave < enter AND enter <= 1)", name="ck_alert_level_in_order"
        ),
    )
    op.create_index("ix_alert_level_wearer", "alert_level", ["wearer"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("alert_level")
