"""Links name the row that was found, and how sure they are."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "v0005"
down_revision = "v0003"
branch_labels = None
depends_on = None

LINKS = (
    "benefit_beneficiary",
    "business_role_person",
    "encumbrance_parcel",
    "household_membership_member",
    "land_use_right_holder",
    "land_use_right_parcel",
    "marital_status_person",
    "marital_status_spouse",
    "tax_obligation_debtor",
    "tax_obligation_parcel",
    "taxpayer_party",
)

EVIDENCE = "What agreed and what did not: a list of comparison, outcome, bits."


def upgrade() -> None:
    op.create_table(
        "citizen_duplicate",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which older Citizen (subject) a younger one (record) is the same as.",
    )
    op.create_index(
        "citizen_duplicate_accepted",
        "citizen_duplicate",
        ["record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index("citizen_duplicate_found", "citizen_duplicate", ["found_id"], unique=False, schema="link")
    op.create_index(
        "citizen_duplicate_open",
        "citizen_duplicate",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "citizen_duplicate_subject",
        "citizen_duplicate",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "citizen_duplicate",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Duplicates of Citizen that were taken back.",
    )
    op.create_index(
        "citizen_duplicate_past_subject", "citizen_duplicate", ["subject_id"], unique=False, schema="link_history"
    )
    for name in LINKS:
        _found(name, "link", "record_id, found_id")
        op.create_index(f"{name}_found", name, ["found_id"], unique=False, schema="link")
        op.create_index(
            f"{name}_open",
            name,
            ["record_id", "weight"],
            unique=False,
            schema="link",
            postgresql_where=sa.text("status = 'UNCONFIRMED'"),
        )
        _found(name, "link_history", "record_id, found_id, sys_to")


def _found(name: str, schema: str, key: str) -> None:
    """The row that was found, which so far was the subject itself; weights; evidence as a list, as the next run writes it."""
    table = f"{schema}.{name}"
    op.add_column(
        name, sa.Column("found_id", sa.BigInteger(), nullable=True, comment="The row that was found."), schema=schema
    )
    op.execute(f"update {table} set found_id = subject_id")
    op.execute(f"alter table {table} drop constraint {name}_pkey, add primary key ({key})")
    op.execute(f"comment on column {table}.subject_id is 'The subject: the heir of the row that was found.'")
    op.add_column(
        name,
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        schema=schema,
    )
    op.execute(f"comment on column {table}.evidence is '{EVIDENCE}'")
    op.execute(
        f"update {table} set evidence = (select jsonb_agg(jsonb_build_object('comparison', key, 'outcome', value, 'bits', null))"
        " from jsonb_each(evidence)) where jsonb_typeof(evidence) = 'object'"
    )
