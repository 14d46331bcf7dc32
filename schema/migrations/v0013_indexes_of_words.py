"""Names are found by their words in any order, by an index."""

from alembic import op

revision = "v0013"
down_revision = "v0007"
branch_labels = None
depends_on = None

KEYS = (("administrative_unit", "name_key"), ("business", "legal_name_key"), ("citizen", "full_name_key"))


def upgrade() -> None:
    # Of a million names this takes some seconds, in which rows can be read and none written.
    for table, key in KEYS:
        op.execute(f"create index {table}_{key}_words on data.{table} using gin (string_to_array({key}, ' '))")
