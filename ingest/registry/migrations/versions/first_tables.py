"""The first tables: sites, wearers and their names, bands, assignments, carers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table("site", sa.Column("name", sa.String(64)), sa.PrimaryKeyConstraint("name", name="pk_site"))
    op.create_table(
        "wearer",
        sa.Column("pseudonym", sa.String(64)),
        sa.Column("site", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("pseudonym", name="pk_wearer"),
        sa.ForeignKeyConstraint(["site"], ["site.name"], name="fk_wearer_site"),
    )
    op.create_table(
        "wearer_name",
        sa.Column("pseudonym", sa.String(64)),
        sa.Column("name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", name="pk_wearer_name"),
        sa.ForeignKeyConstraint(
            ["pseudonym"], ["wearer.pseudonym"], name="fk_wearer_name_pseudonym", ondelete="CASCADE"
        ),
    )
    op.create_table("band", sa.Column("name", sa.String(64)), sa.PrimaryKeyConstraint("name", name="pk_band"))
    op.create_table("carer", sa.Column("name", sa.String(200)), sa.PrimaryKeyConstraint("name", name="pk_carer"))
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer),
        sa.Column("band", sa.String(64), nullable=False),
        sa.Column("wearer", sa.String(64), nullable=False),
        sa.Column("since_s", sa.Double, nullable=False),
        sa.Column("until_s", sa.Double, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_assignment"),
        sa.ForeignKeyConstraint(["band"], ["band.name"], name="fk_assignment_band"),
        sa.ForeignKeyConstraint(["wearer"], ["wearer.pseudonym"], name="fk_assignment_wearer"),
        sa.CheckConstraint("until_s IS NULL OR until_s > since_s", name="ck_assignment_in_order"),
    )
    still_open = sa.text("until_s IS NULL")
    for column in ("band", "wearer"):
        op.create_index(
            f"ix_assignment_open_{column}",
            "assignment",
            [column],
            unique=True,
            sqlite_where=still_open,
            postgresql_where=still_open,
        )
    op.create_index("ix_assignment_band_since_s", "assignment", ["band", "since_s"])


def downgrade() -> None:
    """Take them away."""
    for table in ("assignment", "carer", "band", "wearer_name", "wearer", "site"):
        op.drop_table(table)
