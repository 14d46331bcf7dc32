"""changes and past indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
            nullable=False,
            comment="Of the transaction that wrote it: readers take only what no older transaction can still come before.",
        ),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False, comment="ADDED, CHANGED, DELETED, LINKED or UNLINKED."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=True, comment="The other end of a link that was made or withdrawn."
        ),
        sa.Column(
            "stream_id",
            sa.SmallInteger(),
            nullable=True,
            comment="The stream that the change came from; null for links.",
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="What changed in the last day, for subscriptions.",
    )
    op.create_index("change_at", "change", ["at"], unique=False, schema="hub", postgresql_using="brin")
    op.create_index("change_transaction_id", "change", ["transaction", "id"], unique=False, schema="hub")
