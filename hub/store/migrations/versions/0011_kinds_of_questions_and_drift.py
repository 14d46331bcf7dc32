"""Runs ask about values that would change at once, and tell of columns that lost theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KINDS = {
    "approval": ("DELETES, SHRUNK or DRIFT.", "DELETES, SHRUNK, VALUES or DRIFT."),
    "drift": ("ADDED, REMOVED, RENAMED, RETYPED or CODE.", "ADDED, REMOVED, RENAMED, EMPTIED, RETYPED or CODE."),
}


def upgrade() -> None:
    for table, (before, now) in KINDS.items():
        op.alter_column(table, "kind", existing_type=sa.Text(), comment=now, existing_comment=before, schema="hub")
