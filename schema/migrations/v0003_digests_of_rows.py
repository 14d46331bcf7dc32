"""Digests of rows as they were read; search keys that the hub computes."""

import sqlalchemy as sa
from alembic import op

revision = "v0003"
down_revision = "v0002"
branch_labels = None
depends_on = None

ROWS = (
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

KEYS = (("administrative_unit", "name_key"), ("business", "legal_name_key"), ("citizen", "full_name_key"))


def upgrade() -> None:
    for schema in ("data", "history"):
        for table in ROWS:
            # Zero is no row's digest: the first read after this looks at every row again, and finds its values the same.
            op.add_column(
                table,
                sa.Column(
                    "row_digest",
                    sa.BigInteger(),
                    nullable=False,
                    server_default="0",
                    comment="Of the row as the source gave it and the rules it was read by.",
                ),
                schema=schema,
            )
            op.alter_column(table, "row_digest", server_default=None, schema=schema)
            op.drop_column(table, "content_hash", schema=schema)
            op.alter_column(table, "source_key", type_=sa.Text(collation="C"), existing_nullable=False, schema=schema)
    for table, column in KEYS:
        op.execute(f"alter table data.{table} alter column {column} drop expression")
        name = column.removesuffix("_key")
        op.create_check_constraint(
            f"{table}_{column}_made", table, f"({name} is null) = ({column} is null)", schema="data"
        )
