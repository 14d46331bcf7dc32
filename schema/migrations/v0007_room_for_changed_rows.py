"""Room in the pages of data for changed rows: an update of no indexed column then touches no index."""

from alembic import op

revision = "v0007"
down_revision = "v0006"
branch_labels = None
depends_on = None

TABLES = (
    "administrative_unit",
    "administrative_unit_change",
    "benefit",
    "business",
    "business_role",
    "citizen",
    "encumbrance",
    "household",
    "household_membership",
    "land_use_right",
    "marital_status",
    "parcel",
    "payment",
    "tax_obligation",
    "taxpayer",
)


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"alter table data.{table} set (fillfactor = 95)")
