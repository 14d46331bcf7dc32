"""Readings of registers, kept from run to run."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reading",
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of subject."),
        sa.Column("basis", sa.Text(), nullable=False, comment="Digest of the code and the data that read it."),
        sa.Column(
            "body", sa.LargeBinary(), nullable=False, comment="What stands in the register, with its features; Arrow."
        ),
        sa.PrimaryKeyConstraint("kind"),
        schema="link",
        comment="Names, dates and addresses of registers as linking reads them, kept from run to run. Personal data.",
    )
