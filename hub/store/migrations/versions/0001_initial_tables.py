"""Initial tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = ("hub",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="Link → method → number."),
        sa.Column("changed", sa.Integer(), nullable=True, comment="Links added, changed or withdrawn."),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="One run of linking.",
    )
    op.create_table(
        "run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("connector_version", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="RUNNING, SUCCEEDED, FAILED, PARTIAL or INTERRUPTED."),
        sa.Column(
            "reason", sa.Text(), nullable=True, comment="Why it stopped, where it did not succeed. No personal data."
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "counts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Stream → entity → read, accepted, unchanged, changed, added, deleted, quarantined.",
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="One run of one connector.",
    )
    op.create_index("run_connector", "run", ["connector", "id"], unique=False, schema="hub")
    op.create_table(
        "stream",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "as_of",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Start of the last read that confirmed every row of the stream.",
        ),
        sa.Column(
            "cursor",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Where the next incremental read begins.",
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="One stream of one connector: the source that provenance names.",
    )
    op.create_index("stream_connector_name", "stream", ["connector", "name"], unique=True, schema="hub")
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="The run that saw it last."),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.Column(
            "field",
            sa.Text(),
            nullable=True,
            comment="The field whose rule was broken; null for rules of the whole row.",
        ),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="In words, without the value."),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The row as read."),
        sa.Column("payload_hash", sa.Text(), nullable=False),
        sa.Column("connector_version", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "resolved_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the source no longer sent it, or a person settled it.",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["hub.run.id"],
        ),
        sa.ForeignKeyConstraint(
            ["stream_id"],
            ["hub.stream.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="Rows that broke a rule: nothing read is ever lost.",
    )
    op.create_index(
        "quarantine_open",
        "quarantine",
        ["stream_id", "entity", "payload_hash", "rule"],
        unique=True,
        schema="hub",
        postgresql_where=sa.text("resolved_at is null"),
    )
