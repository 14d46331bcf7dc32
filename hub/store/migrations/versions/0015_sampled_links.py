"""Links are sampled for blind review, and thresholds of the model move."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sample_seed",
        sa.Column("month", sa.Date(), nullable=False, comment="First day of the month."),
        sa.Column(
            "seed", sa.BigInteger(), nullable=False, comment="Orders links by a hash: what is sampled nobody chooses."
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("month"),
        schema="link",
        comment="The random number behind each month's sample of links.",
    )
    op.create_table(
        "sample",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False, comment="The linked field, Entity.field."),
        sa.Column("band", sa.Text(), nullable=False, comment="The band of the link when it was drawn."),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "found_id",
            sa.BigInteger(),
            nullable=False,
            comment="The row that was found; in review, that of the best candidate.",
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("weight", sa.REAL(), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "offered",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Rows that linking found: one if accepted.",
        ),
        sa.Column(
            "shown",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Rows shown to reviewers, in this order: also others alike.",
        ),
        sa.Column("drawn_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "void_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the link was gone before anybody answered.",
        ),
        sa.ForeignKeyConstraint(
            ["month"],
            ["link.sample_seed.month"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="link",
        comment="Links and records in review that were drawn for blind clerical review.",
    )
    op.create_index("sample_month", "sample", ["month"], unique=False, schema="link")
    op.create_index("sample_pair", "sample", ["field", "record_id", "found_id"], unique=False, schema="link")
    op.create_table(
        "sample_answer",
        sa.Column("sample_id", sa.BigInteger(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column(
            "chosen_id",
            sa.BigInteger(),
            nullable=True,
            comment="The row that the reviewer chose; null for none, or not to be told.",
        ),
        sa.Column("verdict", sa.Text(), nullable=False, comment="SAME as linking found, DIFFERENT, or UNSURE."),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "decision_ids",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Decisions that followed from it.",
        ),
        sa.ForeignKeyConstraint(
            ["sample_id"],
            ["link.sample.id"],
        ),
        sa.PrimaryKeyConstraint("sample_id", "reviewer"),
        schema="link",
        comment="What reviewers answered, each without knowing what linking found.",
    )
    op.create_table(
        "threshold",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("field", sa.Text(), nullable=False, comment="The linked field, Entity.field."),
        sa.Column("band", sa.Text(), nullable=False, comment="The band of the model's links that fell short."),
        sa.Column(
            "weight",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="Accept the model's links from here, in bits; Infinity: none.",
        ),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_by", sa.Text(), nullable=False, comment="The reviewer whose answer completed the evidence."),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Answers, bounds and target; ids of samples judged wrong.",
        ),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        schema="link",
        comment="Thresholds of the model that were raised since links above the old one were too often wrong.",
    )
    op.create_index(
        "threshold_active",
        "threshold",
        ["field", "band"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("undone_at is null"),
    )
