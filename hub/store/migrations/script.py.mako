"""${message}."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(tuple(branch_labels)) if branch_labels else None}
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
