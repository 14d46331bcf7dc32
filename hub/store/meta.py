"""The hub's own tables, in the SQL schema `hub`: streams, runs, and all that runs leave behind. Same MetaData as the derived tables."""

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB

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
    Column("kind", Text, nullable=False, comment="DELETES, SHRUNK or DRIFT."),
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
    Column("kind", Text, nullable=False, comment="ADDED, REMOVED, RENAMED, RETYPED or CODE."),
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

LINK_RUN = Table(
    "link_run",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("ended_at", DateTime(timezone=True)),
    Column(
        "mode", Text, comment="FULL: every record; CHANGES: those that a change can have an effect on; DECISION: one."
    ),
    Column("model_id", BigInteger, comment="The frozen model of link.model that scored."),
    Column(
        "basis", Text, comment="Digest of the rules and the model: where it is another, every record is linked anew."
    ),
    Column("counts", JSONB, comment="Link → method → number."),
    Column("changed", Integer, comment="Links added, changed or withdrawn."),
    Column(
        "queued", Boolean, nullable=False, server_default=text("false"), comment="Whether link.review has taken it in."
    ),
    schema="hub",
    comment="One run of linking.",
)

HEIR = Table(
    "heir",
    METADATA,
    Column("subject_id", BigInteger, primary_key=True, autoincrement=False),
    Column("heir_id", BigInteger, nullable=False, comment="The oldest id of the cluster: it stands for all of them."),
    Column("subject_kind", Text, nullable=False),
    Column("sys_from", DateTime(timezone=True), nullable=False),
    Index("heir_heir", "heir_id"),
    schema="link",
    comment="Subjects that were merged into another, by what persons decided of link.<entity>_duplicate. Ids are never reused.",
)

HEIR_BEFORE = Table(
    "heir",
    METADATA,
    Column("subject_id", BigInteger, primary_key=True, autoincrement=False),
    Column("heir_id", BigInteger, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("sys_from", DateTime(timezone=True), nullable=False),
    Column("sys_to", DateTime(timezone=True), primary_key=True),
    Index("heir_past_heir", "heir_id"),
    schema="link_history",
    comment="Merges that were undone or changed, each with the period in which it held.",
)

DECISION = Table(
    "decision",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("field", Text, nullable=False, comment="The linked field, Entity.field; Entity.duplicate for a merge."),
    Column("record_id", BigInteger, nullable=False, comment="The record; of a merge the younger subject."),
    Column("subject_id", BigInteger, nullable=False, comment="The subject; of a merge the older one."),
    Column("verdict", Text, nullable=False, comment="SAME or DIFFERENT."),
    Column("reviewer", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("weight", REAL, comment="Match weight in bits, as it was shown."),
    Column("evidence", JSONB, comment="The evidence, as it was shown."),
    Column("second_of", BigInteger, ForeignKey("link.decision.id"), comment="The decision that this one checks."),
    Column("undone_at", DateTime(timezone=True)),
    Column("undone_by", Text),
    Column("undone_reason", Text),
    # One verdict binds at a time. A second opinion is counted, and binds only where it undoes the first.
    Index(
        "decision_binding",
        "field",
        "record_id",
        "subject_id",
        unique=True,
        postgresql_where=text("undone_at is null and second_of is null"),
    ),
    Index("decision_record", "record_id"),
    Index("decision_second_of", "second_of"),
    schema="link",
    comment="What persons decided of links and merges. Binds every later run until it is undone.",
)

REVIEW = Table(
    "review",
    METADATA,
    Column(
        "field", Text(collation="C"), primary_key=True, comment="The linked field, or Entity.duplicate for a merge."
    ),
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kinds", ARRAY(Text), nullable=False, comment="Kinds of the candidates."),
    Column("candidates", Integer, nullable=False),
    Column(
        "weight",
        DOUBLE_PRECISION,
        comment="Match weight of the best candidate in bits; null where only rules found any.",
    ),
    Column("distance", DOUBLE_PRECISION, nullable=False, comment="How far from undecided the weights are, in bits."),
    Column("waiting", BigInteger, nullable=False, comment="Rows that hang on the answer."),
    Column("value", BigInteger, nullable=False, comment="(1 + procedures) × (1 + waiting)."),
    Index("review_order", text("(- value)"), "distance", "field", "record_id"),
    schema="link",
    comment="The review queue in its order, derived from the candidates of the link tables.",
)

MODEL = Table(
    "model",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("spec", Text, nullable=False, comment="Name of the specification."),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False, comment="Of the specification it was trained for."),
    Column("trained_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("trained_on", JSONB, nullable=False, comment="Counts and versions. No personal data."),
    Column("body", LargeBinary, nullable=False, comment="Parameters and term frequencies, compressed."),
    Column("active", Boolean, nullable=False, comment="Whether runs score with it; one of each specification."),
    Index("model_spec_version", "spec", "version", unique=True),
    Index("model_active", "spec", unique=True, postgresql_where=text("active")),
    schema="link",
    comment="Trained models, frozen: a score depends on the pair and the model alone.",
)

READING = Table(
    "reading",
    METADATA,
    Column("kind", Text, primary_key=True, comment="Kind of subject."),
    Column("basis", Text, nullable=False, comment="Digest of the code and the data that read it."),
    Column("body", LargeBinary, nullable=False, comment="What stands in the register, with its features; Arrow."),
    schema="link",
    comment="Names, dates and addresses of registers as linking reads them, kept from run to run. Personal data.",
)

CONSIDERED = Table(
    "considered",
    METADATA,
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    Column("entity", Text, nullable=False),
    Column("sys_from", DateTime(timezone=True), nullable=False),
    schema="link",
    comment="Which version of each row linking has taken into account; the rest is what has changed.",
)

DISCREPANCY = Table(
    "discrepancy",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("field", Text, nullable=False, comment="The linked field, Entity.field, that leads to the subject."),
    Column("record_entity", Text, nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("record_field", Text, nullable=False, comment="The column of the copy, such as debtor_name."),
    Column("recorded", Text, nullable=False, comment="What the copy says."),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", BigInteger, nullable=False, comment="The subject: the heir of the row that was found."),
    Column("found_id", BigInteger, nullable=False, comment="The row that was found, and compared."),
    Column("subject_field", Text, nullable=False, comment="The authoritative column, such as full_name."),
    Column("held", Text, nullable=False, comment="What the authoritative source holds."),
    Column("kind", Text, nullable=False, comment="SPELLING (the same but for marks) or DIFFERS."),
    Column("sector", Text, nullable=False, comment="The sector that owns the copy and has to mend it."),
    Column("stream_id", SmallInteger, nullable=False, comment="Where the copy is from."),
    Column("source_key", Text(collation="C"), nullable=False, comment="Key of the copy in its source."),
    Column("sys_from", DateTime(timezone=True), nullable=False, comment="Since when the hub has seen it."),
    Column("sys_to", DateTime(timezone=True), comment="When the values agreed again, or the link was withdrawn."),
    Index(
        "discrepancy_open",
        "record_id",
        "field",
        "record_field",
        "subject_field",
        unique=True,
        postgresql_where=text("sys_to is null"),
    ),
    Index("discrepancy_found", "found_id", "id"),
    Index("discrepancy_record", "record_id", "id"),
    Index("discrepancy_sector", "sector", "id", postgresql_where=text("sys_to is null")),
    schema="link",
    comment="Copies that differ from the authoritative source, routed to the sector that owns the copy.",
)
