"""The ledger: checkpoints, timestamps, witnesses; which chains are covered."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="As the document says; for searching."),
        sa.Column(
            "document",
            sa.LargeBinary(),
            nullable=False,
            comment="JSON: number, hash of the document before, root, key.",
        ),
        sa.Column(
            "heads", sa.LargeBinary(), nullable=False, comment="Leaves of the root, 56 bytes each: epoch, number, hash."
        ),
        sa.Column(
            "signature",
            sa.LargeBinary(),
            nullable=True,
            comment="Ed25519 over the document; null if the hub had no key.",
        ),
        sa.Column("closes", sa.Date(), nullable=True, comment="First day of the month that it closes."),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("closes"),
        schema="ledger",
        comment="Where every chain stood, signed; append-only.",
    )
    op.create_table(
        "timestamp_token",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column(
            "token", sa.LargeBinary(), nullable=False, comment="Answer of the RFC 3161 service about the document."
        ),
        sa.PrimaryKeyConstraint("number"),
        schema="ledger",
        comment="Timestamps of checkpoints by somebody else.",
    )
    op.create_table(
        "witness",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "delivered",
            sa.BigInteger(),
            nullable=False,
            comment="Number of the last checkpoint that it has; -1 if none.",
        ),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why it fails, by kind."),
        sa.PrimaryKeyConstraint("name"),
        schema="ledger",
        comment="What each witness has of the checkpoints.",
    )
    op.add_column(
        "epoch",
        sa.Column(
            "covered",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether it has ended and a checkpoint has its last record.",
        ),
        schema="ledger",
    )
    op.add_column(
        "month",
        sa.Column(
            "dropped_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When its records were dropped after their retention.",
        ),
        schema="ledger",
    )
    op.create_index(
        "epoch_uncovered", "epoch", ["id"], unique=False, schema="ledger", postgresql_where=sa.text("not covered")
    )
