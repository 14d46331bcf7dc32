"""The order in which events can be read: by transaction, as the feed of changes, so that subscribers of dossiers miss none."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is evaluated once for the rows that are there: the table is not rewritten.
    op.add_column(
        "event",
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
            nullable=False,
            comment="Of the transaction that wrote it: subscribers get only what no older transaction can still come before.",
        ),
        schema="hub",
    )
    op.create_index("event_transaction_id", "event", ["transaction", "id"], unique=False, schema="hub")


def downgrade() -> None:
    op.drop_index("event_transaction_id", "event", schema="hub")
    op.drop_column("event", "transaction", schema="hub")
