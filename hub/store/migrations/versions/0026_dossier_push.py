"""Dossiers that one-stop systems send: who may, which version is here, and which signatures were used."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dossier_sender",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False, comment="The one that its signatures have, such as Ed25519."),
        sa.Column("public_key", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="JWK."),
        sa.Column(
            "offices",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Administrative units whose dossiers it sends.",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="One-stop systems that send dossiers.",
    )
    op.create_table(
        "dossier_push",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["sender"],
            ["hub.dossier_sender.id"],
        ),
        sa.PrimaryKeyConstraint("sender", "jti"),
        schema="hub",
        comment="Signatures of the last ten minutes, so that none is used twice.",
    )
    op.add_column(
        "dossier",
        sa.Column("sender", sa.Text(), nullable=True, comment="The one-stop system that sent its newest version."),
        schema="hub",
    )
    op.add_column(
        "dossier",
        sa.Column("pushed_version", sa.BigInteger(), nullable=True, comment="Number of that version."),
        schema="hub",
    )
    op.add_column(
        "dossier",
        sa.Column("pushed_digest", sa.LargeBinary(), nullable=True, comment="SHA-256 of that version."),
        schema="hub",
    )
