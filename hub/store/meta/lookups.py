"""Tables of live look-ups: which rows were requested of their sources, and how the sources bear it. Schema `hub`."""

from sqlalchemy import Column, DateTime, Float, Index, Integer, SmallInteger, Table, Text, text

from hub.model.tables import build_metadata

METADATA = build_metadata()

LOOKUP = Table(
    "lookup",
    METADATA,
    Column("stream_id", SmallInteger, primary_key=True),
    Column("source_key", Text(collation="C"), primary_key=True),
    Column("asked_at", DateTime(timezone=True), nullable=False, comment="When a process last requested it."),
    Column("claimed_at", DateTime(timezone=True), comment="When a worker began to ask the source."),
    Column("settled_at", DateTime(timezone=True), comment="When it ended; null while it is waited for."),
    Column("status", Text, comment="How it ended: a RefreshStatus."),
    Column("confirmed_at", DateTime(timezone=True), comment="When the source last confirmed the row by a look-up."),
    Index(
        "lookup_waiting", "stream_id", "asked_at", postgresql_where=text("settled_at is null and claimed_at is null")
    ),
    Index("lookup_settled", "settled_at"),
    schema="hub",
    comment="Single rows requested of their sources. One row for a key: whoever asks for it meanwhile waits for the same look-up.",
)

LOOKUP_SOURCE = Table(
    "lookup_source",
    METADATA,
    Column("connector", Text, primary_key=True),
    Column("tokens", Float, nullable=False, comment="Requests that may be sent at once, as of filled_at."),
    Column("filled_at", DateTime(timezone=True), nullable=False),
    Column("failures", Integer, nullable=False, server_default=text("0"), comment="Look-ups that failed in a row."),
    Column("open_until", DateTime(timezone=True), comment="Until when no look-up is sent."),
    Column("probe_until", DateTime(timezone=True), comment="Until when the one probe after a rest may take."),
    schema="hub",
    comment="Token bucket and circuit breaker of each source's look-ups, as all workers see them.",
)
