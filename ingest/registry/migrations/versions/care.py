"""Support plans, alerting rules of sites, browsers that are told by Web Push; which outcome a label is of."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NAME, _TEXT = sa.String(64), sa.String(200)


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "support_plan",
        sa.Column("id", sa.Integer),
        sa.Column("wearer", _NAME, nullable=False),
        sa.Column("helps", sa.Text, nullable=False),
        sa.Column("avoid", sa.Text, nullable=False),
        sa.Column("entered_at_s", sa.Double, nullable=False),
        sa.Column("entered_by", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_support_plan"),
        sa.ForeignKeyConstraint(["wearer"], ["wearer.pseudonym"], name="fk_support_plan_wearer"),
    )
    op.create_index("ix_support_plan_wearer", "support_plan", ["wearer"])
    op.create_table(
        "alerting_rules",
        sa.Column("id", sa.Integer),
        sa.Column("site", _NAME, nullable=False),
        sa.Column("text", sa.Text, nullable=True),
        sa.Column("because", _TEXT, nullable=False),
        sa.Column("entered_at_s", sa.Double, nullable=False),
        sa.Column("entered_by", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerting_rules"),
        sa.ForeignKeyConstraint(["site"], ["site.name"], name="fk_alerting_rules_site"),
    )
    op.create_index("ix_alerting_rules_site", "alerting_rules", ["site"])
    op.create_table(
        "push_subscription",
        sa.Column("id", sa.Integer),
        sa.Column("endpoint", sa.String(1000), nullable=False),
        sa.Column("p256dh", _TEXT, nullable=False),
        sa.Column("auth", sa.String(100), nullable=False),
        sa.Column("carer", _TEXT, nullable=False),
        sa.Column("tablet", _TEXT, nullable=False),
        sa.Column("since_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_push_subscription"),
        sa.UniqueConstraint("endpoint", name="uq_push_subscription_endpoint"),
    )
    op.create_index("ix_push_subscription_carer", "push_subscription", ["carer"])
    op.add_column("label", sa.Column("outcome", _NAME, nullable=True))
    op.create_index("ix_label_outcome", "label", ["outcome"], unique=True)


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_label_outcome", table_name="label")
    op.drop_column("label", "outcome")
    for table in ("push_subscription", "alerting_rules", "support_plan"):
        op.drop_table(table)
