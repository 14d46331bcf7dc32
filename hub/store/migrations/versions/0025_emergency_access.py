"""Emergency access: why it was requested, and who confirmed it."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "dossier",
        sa.Column("emergency_reason", sa.Text(), nullable=True, comment="Why emergency access was requested."),
        schema="hub",
    )
    op.add_column(
        "dossier",
        sa.Column(
            "confirmed_by", sa.Text(), nullable=True, comment="Id of the second officer who confirmed emergency access."
        ),
        schema="hub",
    )
    op.add_column("dossier", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True), schema="hub")
    op.alter_column(
        "dossier",
        "opened_via",
        existing_type=sa.TEXT(),
        comment="MUTATION, PUSH, PAGE or EMERGENCY.",
        existing_comment="MUTATION, PUSH or PAGE.",
        existing_nullable=False,
        schema="hub",
    )
