"""Models are checked before they are used; one that is refused is kept with the reasons."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "model",
        sa.Column(
            "origin",
            sa.Text(),
            server_default=sa.text("'TRAINED'"),
            nullable=False,
            comment="TRAINED here, or START: shipped with the program.",
        ),
        schema="link",
    )
    op.add_column(
        "model",
        sa.Column(
            "verdict",
            sa.Text(),
            server_default=sa.text("'ACCEPTED'"),
            nullable=False,
            comment="ACCEPTED, or REJECTED: never used, since a check failed.",
        ),
        schema="link",
    )
    op.add_column(
        "model",
        sa.Column(
            "checks",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="Name, verdict, what was found and wanted; none of models older than checks.",
        ),
        schema="link",
    )
