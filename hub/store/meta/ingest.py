"""Tables of reading: streams, runs, the feed of changes, and all that keeps a run honest. Schema `hub`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.model.tables import build_metadata

METADATA = build_metadata()
NOW = text("now()")

STREAM = Table(
    "stream",
    METADATA,
    Column("id", SmallInteger, Identity(always=True), primary_key=True),
    Column("connector", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("as_of", DateTime(timezone=True), comment="Start of the last read that confirmed every row of the stream."),
    Column("cursor", JSONB, comment="Where the next incremental read begins: the reader's own, a few values."),
    Column("confirmed_at", DateTime(timezone=True), comment="Start of the last read or sweep that saw every key."),
    Column(
        "columns", JSONB, comment="Columns as last seen, with the kind of their values: what drift is held against."
    ),
    Index("stream_connector_name", "connector", "name", unique=True),
    schema="hub",
    comment="One stream of one connector: the source that provenance names.",
)

RUN = Table(
    "run",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("connector", Text, nullable=False),
    Column("connector_version", Text, nullable=False),
    Column("status", Text, nullable=False, comment="RUNNING, SUCCEEDED, PARTIAL, FAILED, DEFERRED or INTERRUPTED."),
    Column("mode", Text, comment="SYNC, FULL, FOLLOW, REPLAY or LOOKUP."),
    Column("reason", Text, comment="Why it stopped, where it did not succeed. No personal data."),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("ended_at", DateTime(timezone=True)),
    Column(
        "counts",
        JSONB,
        comment="A list: stream, entity, read, accepted, added, changed, unchanged, deleted, quarantined.",
    ),
    Column("timings", JSONB, comment="Stream → seconds in all, and of them waiting for the source and for the store."),
    Column("drift", JSONB, comment="What was found other than declared, in words."),
    Column("notes", JSONB, comment="What is no fault and a person should know, in words."),
    Index("run_connector", "connector", "id"),
    schema="hub",
    comment="One run of one connector.",
)

CHANGE = Table(
    "change",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "transaction",
        BigInteger,
        nullable=False,
        server_default=text("pg_current_xact_id()::text::bigint"),
        comment="Of the transaction that wrote it: readers take only what no older transaction can still come before.",
    ),
    Column("entity", Text, nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("action", Text, nullable=False, comment="ADDED, CHANGED, DELETED, LINKED or UNLINKED."),
    Column("subject_id", BigInteger, comment="The other end of a link that was made or withdrawn."),
    Column("stream_id", SmallInteger, comment="The stream that the change came from; null for links."),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("change_transaction_id", "transaction", "id"),
    Index("change_at", "at", postgresql_using="brin"),
    schema="hub",
    comment="What changed in the last day, for subscriptions.",
)

QUARANTINE = Table(
    "quarantine",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("stream_id", SmallInteger, ForeignKey("hub.stream.id"), nullable=False),
    Column("run_id", BigInteger, ForeignKey("hub.run.id"), nullable=False, comment="The run that saw it last."),
    Column("entity", Text, nullable=False),
    Column("source_key", Text),
    Column("field", Text, comment="The field whose rule was broken; null for rules of the whole row."),
    Column("rule", Text, nullable=False),
    Column("reason", Text, nullable=False, comment="In words, without the value."),
    Column("payload", JSONB, nullable=False, comment="The row as read."),
    Column("payload_hash", Text, nullable=False),
    Column("connector_version", Text, nullable=False),
    Column("first_seen", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column(
        "resolved_at", DateTime(timezone=True), comment="When the source no longer sent it, or a person settled it."
    ),
    Column(
        "resolution", Text, comment="MENDED at the source, CORRECTED here, DISMISSED, or SUPERSEDED by a newer version."
    ),
    Index(
        "quarantine_open",
        "stream_id",
        "entity",
        "payload_hash",
        "rule",
        unique=True,
        postgresql_where=text("resolved_at is null"),
    ),
    Index(
        "quarantine_waiting",
        "stream_id",
        "entity",
        "source_key",
        postgresql_where=text("resolved_at is null"),
    ),
    schema="hub",
    comment="Rows that broke a rule: nothing read is ever lost.",
)

APPROVAL = Table(
    "approval",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("stream_id", SmallInteger, ForeignKey("hub.stream.id"), nullable=False),
    Column("run_id", BigInteger, ForeignKey("hub.run.id"), nullable=False, comment="The run that was refused."),
    Column("entity", Text, comment="The kind of record whose rows would go; null for drift."),
    Column("kind", Text, nullable=False, comment="DELETES, SHRUNK, VALUES or DRIFT."),
    Column("rows", BigInteger, comment="Rows that would go, or that were read."),
    Column("held", BigInteger, comment="Rows that the store held."),
    Column("reason", Text, nullable=False, comment="In words. No personal data."),
    Column("requested_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    Column("approved", Boolean),
    Column("used_by", BigInteger, ForeignKey("hub.run.id"), comment="The run that did what was approved."),
    Index(
        "approval_open",
        "stream_id",
        "kind",
        text("coalesce(entity, '')"),
        unique=True,
        postgresql_where=text("decided_at is null"),
    ),
    schema="hub",
    comment="What a run did not dare to do and a person decides.",
)

DRIFT = Table(
    "drift",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("stream_id", SmallInteger, ForeignKey("hub.stream.id"), nullable=False),
    Column("run_id", BigInteger, ForeignKey("hub.run.id"), nullable=False, comment="The run that saw it last."),
    Column("kind", Text, nullable=False, comment="ADDED, REMOVED, RENAMED, EMPTIED, RETYPED or CODE."),
    Column("column", Text, nullable=False),
    Column("detail", Text, nullable=False, comment="In words. Codes are shown, other values never."),
    Column("grade", Text, nullable=False, comment="INFO, WARNING or BREAKING."),
    Column("entities", JSONB, nullable=False, comment="Entity → fields that it touches."),
    Column("procedures", JSONB, nullable=False, comment="Codes of the procedures that read those fields."),
    Column("first_seen", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("last_seen", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("resolved_at", DateTime(timezone=True), comment="When it was no longer seen."),
    Index("drift_open", "stream_id", "kind", "column", unique=True, postgresql_where=text("resolved_at is null")),
    schema="hub",
    comment="Sources that are other than their manifests say.",
)

CORRECTION = Table(
    "correction",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("stream_id", SmallInteger, ForeignKey("hub.stream.id"), nullable=False),
    Column("entity", Text, nullable=False),
    Column("payload_hash", Text, nullable=False, comment="Of the row as the source sends it."),
    Column("changes", JSONB, nullable=False, comment="Source column → value that stands instead."),
    Column("note", Text),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Index("correction_payload", "stream_id", "entity", "payload_hash", unique=True),
    schema="hub",
    comment="Edits of rejected rows; they bind as long as the source sends the same row.",
)

CIRCUIT = Table(
    "circuit",
    METADATA,
    Column("connector", Text, primary_key=True),
    Column("failures", Integer, nullable=False, comment="In a row."),
    Column("open_until", DateTime(timezone=True), comment="Until when the source is left alone."),
    Column("reason", Text),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    schema="hub",
    comment="Sources that failed, as all processes see them.",
)

QUOTA = Table(
    "quota",
    METADATA,
    Column("connector", Text, primary_key=True),
    Column("window_start", DateTime(timezone=True), primary_key=True),
    Column("used", BigInteger, nullable=False),
    schema="hub",
    comment="Requests made to a source in an hour or day.",
)

PACE = Table(
    "pace",
    METADATA,
    Column("connector", Text, primary_key=True),
    Column("next_at", DateTime(timezone=True), nullable=False, comment="When the next request may go out."),
    schema="hub",
    comment="Sources with a rate: requests queue for the next slot.",
)

FILE = Table(
    "file",
    METADATA,
    Column("stream_id", SmallInteger, ForeignKey("hub.stream.id"), primary_key=True),
    Column("digest", Text, primary_key=True, comment="SHA-256 of the content."),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("run_id", BigInteger, ForeignKey("hub.run.id"), nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    schema="hub",
    comment="Files that were taken, each once.",
)

INBOX = Table(
    "inbox",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("connector", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("delivery", Text, nullable=False, comment="The sender's id: a second delivery of it is known as such."),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("body", LargeBinary, comment="As sent; null once its rows are in the store."),
    Index("inbox_delivery", "connector", "delivery", unique=True),
    Index("inbox_waiting", "connector", "stream", "id", postgresql_where=text("body is not null")),
    schema="hub",
    comment="Signed deliveries, kept from the moment they are acknowledged to the sender.",
)
