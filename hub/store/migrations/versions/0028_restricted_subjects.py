"""Subjects whose processing is restricted, beside those whose identity is sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sealed_subject",
        sa.Column(
            "kind",
            sa.Text(),
            server_default=sa.text("'SEAL'"),
            nullable=False,
            comment="SEAL: the identity is sealed; RESTRICTION: processing is restricted.",
        ),
        schema="hub",
    )
    op.add_column(
        "sealed_subject",
        sa.Column(
            "reason", sa.Text(), nullable=True, comment="Why processing is restricted, in a sentence; null for a seal."
        ),
        schema="hub",
    )
    op.alter_column(
        "sealed_subject",
        "ground",
        existing_type=sa.TEXT(),
        comment="ADOPTION, WITNESS_PROTECTION or COURT_ORDER; of a restriction REQUEST, DISPUTE or AUTHORITY.",
        existing_comment="ADOPTION, WITNESS_PROTECTION or COURT_ORDER.",
        existing_nullable=False,
        schema="hub",
    )
    op.drop_constraint("sealed_subject_pkey", "sealed_subject", schema="hub")
    op.create_primary_key("sealed_subject_pkey", "sealed_subject", ["entity", "subject_id", "kind"], schema="hub")
