"""Tables of the quality of data: one snapshot of measurements a day. Schema `hub`. No personal data."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

from hub.store.meta.ingest import METADATA

QUALITY_SNAPSHOT = Table(
    "quality_snapshot",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("measured_at", DateTime(timezone=True), nullable=False),
    Column("seconds", DOUBLE_PRECISION, nullable=False, comment="How long it took."),
    Column("smallest_cell", Integer, nullable=False, comment="What counts by unit and procedure were rounded down to."),
    Column("measures", Integer, nullable=False, comment="How many were written."),
    Index("quality_snapshot_measured_at", "measured_at"),
    schema="hub",
    comment="When quality was measured: the newest measurement of each day.",
)

QUALITY_MEASURE = Table(
    "quality_measure",
    METADATA,
    Column("snapshot_id", BigInteger, ForeignKey("hub.quality_snapshot.id", ondelete="CASCADE"), primary_key=True),
    Column("series", Text, primary_key=True, comment="What is measured, the same in every snapshot."),
    Column("metric", Text, nullable=False, comment="The dqv:Metric."),
    Column("source", Text, comment="Name of the connector."),
    Column("stream", Text),
    Column("entity", Text),
    Column("field", Text, comment="The column, or the linked field; null for all of them together."),
    Column("unit", Text, comment="Code of the administrative unit; null for all of them together."),
    Column("procedure", Text),
    Column("requirement", Text),
    Column("rule", Text, comment="The rule that rejected rows broke."),
    Column("numerator", BigInteger, comment="Rows, or seconds; null if it was never known."),
    Column("denominator", BigInteger, comment="Rows, or seconds; null if nothing is promised."),
    Column("as_of", DateTime(timezone=True), comment="As of when the data was known."),
    Column("low", DOUBLE_PRECISION, comment="Lower bound of the share, if it is estimated."),
    Column("high", DOUBLE_PRECISION, comment="Upper bound."),
    schema="hub",
    comment="One figure of a snapshot. By unit and field together only the newest snapshot has any.",
)
