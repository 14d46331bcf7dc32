"""Tables of access: API keys of apps and browser sessions of people. Schema `hub`."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from hub.model.tables import build_metadata

METADATA = build_metadata()
NOW = text("now()")
NOTHING = text("'{}'")

API_KEY = Table(
    "api_key",
    METADATA,
    Column("prefix", Text, primary_key=True, comment="Names the key in lists and logs; not secret."),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of the whole key."),
    Column("name", Text, nullable=False),
    Column("client_kind", Text, nullable=False),
    Column("offices", ARRAY(Text), nullable=False, server_default=NOTHING, comment="Codes of administrative units."),
    Column("scopes", ARRAY(Text), nullable=False, server_default=NOTHING),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    CheckConstraint("client_kind in ('app', 'explorer')", name="api_key_client_kind"),
    CheckConstraint("octet_length(digest) = 32", name="api_key_digest"),
    schema="hub",
    comment="Keys of apps. Rows are never deleted: they say whose key a past read was made with.",
)

WEB_SESSION = Table(
    "web_session",
    METADATA,
    Column("digest", LargeBinary, primary_key=True, comment="SHA-256 of the cookie."),
    Column("csrf_token", Text, nullable=False, comment="What forms of this session send back."),
    Column("principal_id", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("client_kind", Text, comment="Null for a person with roles."),
    Column("roles", ARRAY(Text), nullable=False),
    Column("offices", ARRAY(Text), nullable=False, comment="Codes of administrative units."),
    Column("scopes", ARRAY(Text), nullable=False),
    Column(
        "personal_ids",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="Identifiers of the citizen who is signed in; empty for everybody else.",
    ),
    Column("id_token", Text, comment="Names the session to the identity provider when the person signs out."),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="The absolute limit."),
    CheckConstraint("octet_length(digest) = 32", name="web_session_digest"),
    Index("web_session_expires_at", "expires_at"),
    Index("web_session_principal", "principal_id"),
    schema="hub",
    comment="Browser sessions of people. A row is deleted when the person signs out, or after the session has ended.",
)
