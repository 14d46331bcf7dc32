"""API keys of apps, and browser sessions of people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("prefix", sa.Text(), nullable=False, comment="Names the key in lists and logs; not secret."),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the whole key."),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("client_kind", sa.Text(), nullable=False),
        sa.Column(
            "offices",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Codes of administrative units.",
        ),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("client_kind in ('app', 'explorer')", name="api_key_client_kind"),
        sa.CheckConstraint("octet_length(digest) = 32", name="api_key_digest"),
        sa.PrimaryKeyConstraint("prefix"),
        schema="hub",
        comment="Keys of apps. Rows are never deleted: they say whose key a past read was made with.",
    )
    op.create_table(
        "web_session",
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the cookie."),
        sa.Column("csrf_token", sa.Text(), nullable=False, comment="What forms of this session send back."),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("client_kind", sa.Text(), nullable=True, comment="Null for a person with roles."),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("offices", postgresql.ARRAY(sa.Text()), nullable=False, comment="Codes of administrative units."),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "id_token",
            sa.Text(),
            nullable=True,
            comment="Names the session to the identity provider when the person signs out.",
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, comment="The absolute limit."),
        sa.CheckConstraint("octet_length(digest) = 32", name="web_session_digest"),
        sa.PrimaryKeyConstraint("digest"),
        schema="hub",
        comment="Browser sessions of people. A row is deleted when the person signs out, or after the session has ended.",
    )
    op.create_index("web_session_expires_at", "web_session", ["expires_at"], unique=False, schema="hub")
    op.create_index("web_session_principal", "web_session", ["principal_id"], unique=False, schema="hub")
