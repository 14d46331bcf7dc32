"""Times of change are read again: those without an offset were taken for UTC, and are of the source's time zone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = "select table_name from information_schema.columns where table_schema = 'data' and column_name = 'changed_at_source' order by 1"


def upgrade() -> None:
    """Forget them, since the store does not say which had an offset: a time that is hours late would keep newer rows out.

    The next full read writes them again; of streams that are read since their last change, as their rows change.
    """
    for (table,) in op.get_bind().execute(sa.text(TABLES)).fetchall():
        op.execute(f'update data."{table}" set changed_at_source = null where changed_at_source is not null')
