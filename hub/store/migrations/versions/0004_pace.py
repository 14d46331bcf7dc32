"""The rate of a source, shared by all processes: when the next request may go out."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pace",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False, comment="When the next request may go out."),
        sa.PrimaryKeyConstraint("connector"),
        schema="hub",
        comment="Sources with a rate: requests queue for the next slot.",
    )
