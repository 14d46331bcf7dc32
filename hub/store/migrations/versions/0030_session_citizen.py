"""Sessions of citizens whom a portal's identity provider has signed in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "web_session",
        sa.Column(
            "personal_ids",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Identifiers of the citizen who is signed in; empty for everybody else.",
        ),
        schema="hub",
    )


def downgrade() -> None:
    op.drop_column("web_session", "personal_ids", schema="hub")
