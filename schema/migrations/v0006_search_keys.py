"""Search keys that still hold capitals which `hub.name_key` now lowers, such as Ø and Ł."""

from alembic import op

revision = "v0006"
down_revision = "v0005"
branch_labels = None
depends_on = None

KEYS = (("administrative_unit", "name_key"), ("business", "legal_name_key"), ("citizen", "full_name_key"))

CAPITALS, SMALL = "ÆØÞĦĲĿŁŊŒŦƏ", "æøþħĳŀłŋœŧə"


def upgrade() -> None:
    for table, key in KEYS:
        for schema in ("data", "history"):
            op.execute(
                f"update {schema}.{table} set {key} = translate({key}, '{CAPITALS}', '{SMALL}') where {key} ~ '[{CAPITALS}]'"
            )
