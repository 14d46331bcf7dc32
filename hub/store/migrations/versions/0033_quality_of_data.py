"""Snapshots of the quality of data: what was measured, by source, field, unit and procedure."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quality_snapshot",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False, comment="How long it took."),
        sa.Column(
            "smallest_cell",
            sa.Integer(),
            nullable=False,
            comment="What counts by unit and procedure were rounded down to.",
        ),
        sa.Column("measures", sa.Integer(), nullable=False, comment="How many were written."),
        sa.PrimaryKeyConstraint("id", name=op.f("quality_snapshot_pkey")),
        schema="hub",
        comment="When quality was measured: the newest measurement of each day.",
    )
    op.create_index("quality_snapshot_measured_at", "quality_snapshot", ["measured_at"], unique=False, schema="hub")
    op.create_table(
        "quality_measure",
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False, comment="What is measured, the same in every snapshot."),
        sa.Column("metric", sa.Text(), nullable=False, comment="The dqv:Metric."),
        sa.Column("source", sa.Text(), nullable=True, comment="Name of the connector."),
        sa.Column("stream", sa.Text(), nullable=True),
        sa.Column("entity", sa.Text(), nullable=True),
        sa.Column(
            "field",
            sa.Text(),
            nullable=True,
            comment="The column, or the linked field; null for all of them together.",
        ),
        sa.Column(
            "unit",
            sa.Text(),
            nullable=True,
            comment="Code of the administrative unit; null for all of them together.",
        ),
        sa.Column("procedure", sa.Text(), nullable=True),
        sa.Column("requirement", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True, comment="The rule that rejected rows broke."),
        sa.Column("numerator", sa.BigInteger(), nullable=True, comment="Rows, or seconds; null if it was never known."),
        sa.Column(
            "denominator", sa.BigInteger(), nullable=True, comment="Rows, or seconds; null if nothing is promised."
        ),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True, comment="As of when the data was known."),
        sa.Column("low", sa.Double(), nullable=True, comment="Lower bound of the share, if it is estimated."),
        sa.Column("high", sa.Double(), nullable=True, comment="Upper bound."),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["hub.quality_snapshot.id"],
            name=op.f("quality_measure_snapshot_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "series", name=op.f("quality_measure_pkey")),
        schema="hub",
        comment="One figure of a snapshot. By unit and field together only the newest snapshot has any.",
    )


def downgrade() -> None:
    op.drop_table("quality_measure", schema="hub")
    op.drop_index("quality_snapshot_measured_at", "quality_snapshot", schema="hub")
    op.drop_table("quality_snapshot", schema="hub")
