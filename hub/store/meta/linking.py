"""Tables of linking: runs, what persons decided, models, and what differs. Schemas `hub`, `link` and `link_history`."""

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
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB

from hub.model.tables import build_metadata

METADATA = build_metadata()
VOCABULARY_TABLES = frozenset(METADATA.tables)
"""Full names of the tables that are derived from `schema/`; the hub's own are added after them."""
NOW = text("now()")

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
    Column(
        "origin",
        Text,
        nullable=False,
        server_default=text("'TRAINED'"),
        comment="TRAINED here, or START: shipped with the program.",
    ),
    Column(
        "verdict",
        Text,
        nullable=False,
        server_default=text("'ACCEPTED'"),
        comment="ACCEPTED, or REJECTED: never used, since a check failed.",
    ),
    Column(
        "checks",
        JSONB,
        nullable=False,
        server_default=text("'[]'"),
        comment="Name, verdict, what was found and wanted; none of models older than checks.",
    ),
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
