"""The hub's own tables, in the SQL schema `hub`: streams, runs, quarantine, link runs. Same MetaData as the derived tables."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.model.tables import metadata

METADATA: MetaData = metadata()
NOW = text("now()")

STREAM = Table(
    "stream",
    METADATA,
    Column("id", SmallInteger, Identity(always=True), primary_key=True),
    Column("connector", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("as_of", DateTime(timezone=True), comment="Start of the last read that confirmed every row of the stream."),
    Column("cursor", JSONB, comment="Where the next incremental read begins."),
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
    Column("status", Text, nullable=False, comment="RUNNING, SUCCEEDED, FAILED, PARTIAL or INTERRUPTED."),
    Column("reason", Text, comment="Why it stopped, where it did not succeed. No personal data."),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("ended_at", DateTime(timezone=True)),
    Column(
        "counts", JSONB, comment="Stream → entity → read, accepted, unchanged, changed, added, deleted, quarantined."
    ),
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
    Index(
        "quarantine_open",
        "stream_id",
        "entity",
        "payload_hash",
        "rule",
        unique=True,
        postgresql_where=text("resolved_at is null"),
    ),
    schema="hub",
    comment="Rows that broke a rule: nothing read is ever lost.",
)

LINK_RUN = Table(
    "link_run",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("ended_at", DateTime(timezone=True)),
    Column("counts", JSONB, comment="Link → method → number."),
    Column("changed", Integer, comment="Links added, changed or withdrawn."),
    schema="hub",
    comment="One run of linking.",
)
