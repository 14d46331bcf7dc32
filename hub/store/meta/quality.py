"""Tables of the quality of links: samples, their answers, and thresholds raised because of them. Schema `link`."""

from sqlalchemy import REAL, BigInteger, Column, Date, DateTime, ForeignKey, Identity, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB

from hub.model.tables import build_metadata

METADATA = build_metadata()
NOW = text("now()")

SAMPLE_SEED = Table(
    "sample_seed",
    METADATA,
    Column("month", Date, primary_key=True, comment="First day of the month."),
    Column("seed", BigInteger, nullable=False, comment="Orders links by a hash: what is sampled nobody chooses."),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    schema="link",
    comment="The random number behind each month's sample of links.",
)

SAMPLE = Table(
    "sample",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("month", Date, ForeignKey("link.sample_seed.month"), nullable=False),
    Column("field", Text, nullable=False, comment="The linked field, Entity.field."),
    Column("band", Text, nullable=False, comment="The band of the link when it was drawn."),
    Column("record_id", BigInteger, nullable=False),
    Column(
        "found_id", BigInteger, nullable=False, comment="The row that was found; in review, that of the best candidate."
    ),
    Column("subject_kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("weight", REAL),
    Column("evidence", JSONB),
    Column("offered", ARRAY(BigInteger), nullable=False, comment="Rows that linking found: one if accepted."),
    Column(
        "shown", ARRAY(BigInteger), nullable=False, comment="Rows shown to reviewers, in this order: also others alike."
    ),
    Column("drawn_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("void_at", DateTime(timezone=True), comment="When the link was gone before anybody answered."),
    Index("sample_pair", "field", "record_id", "found_id"),
    Index("sample_month", "month"),
    schema="link",
    comment="Links and records in review that were drawn for blind clerical review.",
)

SAMPLE_ANSWER = Table(
    "sample_answer",
    METADATA,
    Column("sample_id", BigInteger, ForeignKey("link.sample.id"), primary_key=True),
    Column("reviewer", Text, primary_key=True),
    Column("chosen_id", BigInteger, comment="The row that the reviewer chose; null for none, or not to be told."),
    Column("verdict", Text, nullable=False, comment="SAME as linking found, DIFFERENT, or UNSURE."),
    Column("reason", Text, nullable=False),
    Column("answered_at", DateTime(timezone=True), nullable=False),
    Column("decision_ids", ARRAY(BigInteger), nullable=False, comment="Decisions that followed from it."),
    schema="link",
    comment="What reviewers answered, each without knowing what linking found.",
)

THRESHOLD = Table(
    "threshold",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("field", Text, nullable=False, comment="The linked field, Entity.field."),
    Column("band", Text, nullable=False, comment="The band of the model's links that fell short."),
    Column(
        "weight",
        DOUBLE_PRECISION,
        nullable=False,
        comment="Accept the model's links from here, in bits; Infinity: none.",
    ),
    Column("raised_at", DateTime(timezone=True), nullable=False),
    Column("raised_by", Text, nullable=False, comment="The reviewer whose answer completed the evidence."),
    Column("reason", Text, nullable=False),
    Column("evidence", JSONB, nullable=False, comment="Answers, bounds and target; ids of samples judged wrong."),
    Column("undone_at", DateTime(timezone=True)),
    Column("undone_by", Text),
    Column("undone_reason", Text),
    Index("threshold_active", "field", "band", unique=True, postgresql_where=text("undone_at is null")),
    schema="link",
    comment="Thresholds of the model that were raised since links above the old one were too often wrong.",
)
