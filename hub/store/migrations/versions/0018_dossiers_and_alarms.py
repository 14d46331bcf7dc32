"""Dossiers and their subjects, sealed identities, alarms."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dossier",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="As the office writes it: H49.12-251118-0007."),
        sa.Column("purpose", sa.Text(), nullable=False, comment="Code of the purpose or procedure."),
        sa.Column(
            "purpose_version", sa.Text(), nullable=False, comment="SHA-256 of the purpose's files when it was opened."
        ),
        sa.Column(
            "office",
            sa.Text(),
            nullable=False,
            comment="Administrative unit that handles it, with the date of its code.",
        ),
        sa.Column("opened_by", sa.Text(), nullable=False, comment="Id of the principal."),
        sa.Column("acting_app", sa.Text(), nullable=True, comment="The app that acted for the principal."),
        sa.Column("opened_via", sa.Text(), nullable=False, comment="MUTATION, PUSH or PAGE."),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True, comment="CLOSED or WITHDRAWN; null while it is open."),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why it ended, in a sentence."),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
        schema="hub",
        comment="Administrative dossiers: personal data is read for one of these.",
    )
    op.create_index("dossier_office", "dossier", ["office", "opened_at"], unique=False, schema="hub")
    op.create_table(
        "sealed_subject",
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False, comment="ADOPTION, WITNESS_PROTECTION or COURT_ORDER."),
        sa.Column("sealed_by", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("entity", "subject_id"),
        schema="hub",
        comment="Subjects whose data no read may show.",
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="Such as SEALED_SUBJECT or RATE_LIMIT."),
        sa.Column("principal", sa.Text(), nullable=True, comment="Id of the principal."),
        sa.Column("dossier_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Counts and codes. No personal data.",
        ),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True, comment="When an operator acknowledged it."),
        sa.Column("seen_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["hub.dossier.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="What an operator has to look at soon.",
    )
    op.create_index(
        "alarm_unseen", "alarm", ["at"], unique=False, schema="hub", postgresql_where=sa.text("seen_at is null")
    )
    op.create_table(
        "dossier_subject",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dossier_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False, comment="A role that the purpose declares, such as transferor."),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column(
            "subject_id",
            sa.BigInteger(),
            nullable=True,
            comment="Number of the row when it was added; null if the hub held none.",
        ),
        sa.Column("field", sa.Text(), nullable=True, comment="The key it was named by; null for a global id."),
        sa.Column("value", sa.Text(), nullable=True, comment="The identifier it was named by; null for a global id."),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["hub.dossier.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="Whom a dossier is about, by role.",
    )
    op.create_index("dossier_subject_dossier", "dossier_subject", ["dossier_id"], unique=False, schema="hub")
    op.create_index("dossier_subject_subject", "dossier_subject", ["entity", "subject_id"], unique=False, schema="hub")
