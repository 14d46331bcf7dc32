"""No statistics of the keys of months: a key that was destroyed stayed readable in them."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None
oldest_program = "0019"
"""The column has the type that it had: every program that knows it can use it."""


CLEAR_STATISTICS = """-- squawk-ignore changing-column-type
alter table ledger.month alter column subject_key type bytea, alter column subject_key set statistics 0"""
"""To its own type: no row is written anew, and PostgreSQL removes the statistics that it has. It has no other statement for that which the
owner of a table may run."""


def upgrade() -> None:
    op.execute(CLEAR_STATISTICS)


def downgrade() -> None:
    op.execute("alter table ledger.month alter column subject_key set statistics -1")
