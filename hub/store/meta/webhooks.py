"""Tables of events and webhooks: what changed, who is told of it, and what became of that. Schema `hub`."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from hub.store.meta.ingest import METADATA, NOW

ANY = text("'{}'")

EVENT = Table(
    "event",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "transaction",
        BigInteger,
        nullable=False,
        server_default=text("pg_current_xact_id()::text::bigint"),
        comment="Of the transaction that wrote it: subscribers get only what no older transaction can still come before.",
    ),
    Column("message_id", Uuid, nullable=False, server_default=text("gen_random_uuid()"), comment="`webhook-id`."),
    Column("kind", Text, nullable=False, comment="dossierChanged, correctionChanged or dependentWithdrawn."),
    Column("at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("dossier_code", Text, comment="Null for a correction without a dossier."),
    Column("procedure", Text, comment="Code of the procedure or other purpose."),
    Column("office", Text, comment="Administrative unit of the dossier, with the date of its code."),
    Column("state", Text, nullable=False, comment="State of the dossier or the correction after the change."),
    Column("correction_id", BigInteger, comment="Of correctionChanged alone."),
    Column("dependent", Text, comment="Of dependentWithdrawn alone: code of the dependent in the procedure."),
    Index("event_at", "at"),
    Index("event_transaction_id", "transaction", "id"),
    schema="hub",
    comment="The outbox: what changed, written in the transaction that changed it. No personal data.",
)

WEBHOOK_ENDPOINT = Table(
    "webhook_endpoint",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, comment="The receiving system and who runs it."),
    Column("url", Text, nullable=False, comment="Where events are posted to."),
    Column("kinds", ARRAY(Text), nullable=False, comment="Kinds of the events that it gets."),
    Column("procedures", ARRAY(Text), nullable=False, server_default=ANY, comment="Only of these; empty for all."),
    Column("offices", ARRAY(Text), nullable=False, server_default=ANY, comment="Only of these; empty for all."),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("created_by", Text, nullable=False, comment="Login name of the operator."),
    Column("removed_at", DateTime(timezone=True)),
    schema="hub",
    comment="Receivers of events. Rows are never deleted: they say who was told.",
)

WEBHOOK_DELIVERY = Table(
    "webhook_delivery",
    METADATA,
    Column("event_id", BigInteger, ForeignKey("hub.event.id", ondelete="CASCADE"), primary_key=True),
    Column("endpoint_id", Text, ForeignKey("hub.webhook_endpoint.id"), primary_key=True),
    Column("state", Text, nullable=False, server_default=text("'WAITING'"), comment="WAITING, DELIVERED or DEAD."),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("next_try_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("failure", Text, comment="Why the last try failed. No address, no content."),
    Column("ended_at", DateTime(timezone=True), comment="When it was delivered, or given up."),
    Index("webhook_delivery_endpoint", "endpoint_id", "event_id"),
    Index("webhook_delivery_unended", "next_try_at", postgresql_where=text("state <> 'DELIVERED'")),
    schema="hub",
    comment="What became of each event for each receiver.",
)
