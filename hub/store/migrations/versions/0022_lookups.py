"""Live look-ups: requested rows, and the token bucket and circuit breaker of each source."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lookup",
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False, comment="When a process last requested it."),
        sa.Column(
            "claimed_at", sa.DateTime(timezone=True), nullable=True, comment="When a worker began to ask the source."
        ),
        sa.Column(
            "settled_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it ended; null while it is waited for.",
        ),
        sa.Column("status", sa.Text(), nullable=True, comment="How it ended: a RefreshStatus."),
        sa.Column(
            "confirmed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the source last confirmed the row by a look-up.",
        ),
        sa.PrimaryKeyConstraint("stream_id", "source_key"),
        schema="hub",
        comment="Single rows requested of their sources. One row for a key: whoever asks for it meanwhile waits for the same look-up.",
    )
    op.create_index(
        "lookup_waiting",
        "lookup",
        ["stream_id", "asked_at"],
        unique=False,
        schema="hub",
        postgresql_where=sa.text("settled_at is null and claimed_at is null"),
    )
    op.create_index("lookup_settled", "lookup", ["settled_at"], unique=False, schema="hub")
    op.create_table(
        "lookup_source",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False, comment="Requests that may be sent at once, as of filled_at."),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "failures",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Look-ups that failed in a row.",
        ),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True, comment="Until when no look-up is sent."),
        sa.Column(
            "probe_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Until when the one probe after a rest may take.",
        ),
        sa.PrimaryKeyConstraint("connector"),
        schema="hub",
        comment="Token bucket and circuit breaker of each source's look-ups, as all workers see them.",
    )
