"""Linking: found rows beside subjects, weights, merges, decisions, models, discrepancies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
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
        "considered",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id"),
        schema="link",
        comment="Which version of each row linking has taken into account; the rest is what has changed.",
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "field", sa.Text(), nullable=False, comment="The linked field, Entity.field; Entity.duplicate for a merge."
        ),
        sa.Column("record_id", sa.BigInteger(), nullable=False, comment="The record; of a merge the younger subject."),
        sa.Column("subject_id", sa.BigInteger(), nullable=False, comment="The subject; of a merge the older one."),
        sa.Column("verdict", sa.Text(), nullable=False, comment="SAME or DIFFERENT."),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits, as it was shown."),
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="The evidence, as it was shown."
        ),
        sa.Column("second_of", sa.BigInteger(), nullable=True, comment="The decision that this one checks."),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["second_of"],
            ["link.decision.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="link",
        comment="What persons decided of links and merges. Binds every later run until it is undone.",
    )
    op.create_index(
        "decision_binding",
        "decision",
        ["field", "record_id", "subject_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("undone_at is null and second_of is null"),
    )
    op.create_index("decision_record", "decision", ["record_id"], unique=False, schema="link")
    op.create_index("decision_second_of", "decision", ["second_of"], unique=False, schema="link")
    op.create_table(
        "discrepancy",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "field", sa.Text(), nullable=False, comment="The linked field, Entity.field, that leads to the subject."
        ),
        sa.Column("record_entity", sa.Text(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("record_field", sa.Text(), nullable=False, comment="The column of the copy, such as debtor_name."),
        sa.Column("recorded", sa.Text(), nullable=False, comment="What the copy says."),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("found_id", sa.BigInteger(), nullable=False, comment="The row that was found, and compared."),
        sa.Column("subject_field", sa.Text(), nullable=False, comment="The authoritative column, such as full_name."),
        sa.Column("held", sa.Text(), nullable=False, comment="What the authoritative source holds."),
        sa.Column("kind", sa.Text(), nullable=False, comment="SPELLING (the same but for marks) or DIFFERS."),
        sa.Column("sector", sa.Text(), nullable=False, comment="The sector that owns the copy and has to mend it."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False, comment="Where the copy is from."),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False, comment="Key of the copy in its source."),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub has seen it."),
        sa.Column(
            "sys_to",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the values agreed again, or the link was withdrawn.",
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="link",
        comment="Copies that differ from the authoritative source, routed to the sector that owns the copy.",
    )
    op.create_index("discrepancy_found", "discrepancy", ["found_id", "id"], unique=False, schema="link")
    op.create_index(
        "discrepancy_open",
        "discrepancy",
        ["record_id", "field", "record_field", "subject_field"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("sys_to is null"),
    )
    op.create_index("discrepancy_record", "discrepancy", ["record_id", "id"], unique=False, schema="link")
    op.create_index(
        "discrepancy_sector",
        "discrepancy",
        ["sector", "id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("sys_to is null"),
    )
    op.create_table(
        "heir",
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "heir_id",
            sa.BigInteger(),
            nullable=False,
            comment="The oldest id of the cluster: it stands for all of them.",
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject_id"),
        schema="link",
        comment="Subjects that were merged into another, by what persons decided of link.<entity>_duplicate. Ids are never reused.",
    )
    op.create_index("heir_heir", "heir", ["heir_id"], unique=False, schema="link")
    op.create_table(
        "model",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False, comment="Name of the specification."),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="Of the specification it was trained for."),
        sa.Column("trained_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "trained_on",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Counts and versions. No personal data.",
        ),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="Parameters and term frequencies, compressed."),
        sa.Column(
            "active", sa.Boolean(), nullable=False, comment="Whether runs score with it; one of each specification."
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="link",
        comment="Trained models, frozen: a score depends on the pair and the model alone.",
    )
    op.create_index("model_active", "model", ["spec"], unique=True, schema="link", postgresql_where=sa.text("active"))
    op.create_index("model_spec_version", "model", ["spec", "version"], unique=True, schema="link")
    op.create_table(
        "heir",
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("heir_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "sys_to"),
        schema="link_history",
        comment="Merges that were undone or changed, each with the period in which it held.",
    )
    op.create_index("heir_past_heir", "heir", ["heir_id"], unique=False, schema="link_history")
    op.create_table(
        "review",
        sa.Column(
            "field",
            sa.Text(collation="C"),
            nullable=False,
            comment="The linked field, or Entity.duplicate for a merge.",
        ),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False, comment="Kinds of the candidates."),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column(
            "weight",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Match weight of the best candidate in bits; null where only rules found any.",
        ),
        sa.Column(
            "distance",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="How far from undecided the weights are, in bits.",
        ),
        sa.Column("waiting", sa.BigInteger(), nullable=False, comment="Rows that hang on the answer."),
        sa.Column("value", sa.BigInteger(), nullable=False, comment="(1 + procedures) × (1 + waiting)."),
        sa.PrimaryKeyConstraint("field", "record_id"),
        schema="link",
        comment="The review queue in its order, derived from the candidates of the link tables.",
    )
    op.create_index(
        "review_order", "review", [sa.text("(- value)"), "distance", "field", "record_id"], unique=False, schema="link"
    )
    op.add_column(
        "link_run",
        sa.Column(
            "queued",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether link.review has taken it in.",
        ),
        schema="hub",
    )
    op.add_column(
        "link_run",
        sa.Column(
            "mode",
            sa.Text(),
            nullable=True,
            comment="FULL: every record; CHANGES: those that a change can have an effect on; DECISION: one.",
        ),
        schema="hub",
    )
    op.add_column(
        "link_run",
        sa.Column("model_id", sa.BigInteger(), nullable=True, comment="The frozen model of link.model that scored."),
        schema="hub",
    )
    op.add_column(
        "link_run",
        sa.Column(
            "basis",
            sa.Text(),
            nullable=True,
            comment="Digest of the rules and the model: where it is another, every record is linked anew.",
        ),
        schema="hub",
    )
