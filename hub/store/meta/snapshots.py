"""Tables of snapshots: what prefills answered, kept with their dossiers, and the papers that were asked for. Schema `hub`."""

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
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hub.store.meta.ingest import METADATA, NOW

PREFILL_SNAPSHOT = Table(
    "prefill_snapshot",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("dossier_id", BigInteger, ForeignKey("hub.dossier.id"), nullable=False),
    Column("procedure", Text, nullable=False, comment="Code of the procedure."),
    Column("procedure_version", Text, nullable=False, comment="Its version, such as 2026-1."),
    Column("declaration", Text, nullable=False, comment="SHA-256 of the procedure's files."),
    Column("roles", ARRAY(Text), nullable=False, comment="Roles of the subjects that were read."),
    Column("paths", ARRAY(Text), nullable=False, comment="Fields that were read, as the ledger writes them."),
    Column(
        "outcomes", JSONB, nullable=False, comment="Requirement, role, status and reasons of each answer. No value."
    ),
    Column("choices", JSONB, comment="Items that the case was about, by requirement; null once they are forgotten."),
    Column("people", JSONB, comment="Kind and number of everybody whose data the answer has; null once forgotten."),
    Column("answer", LargeBinary, comment="The answer as canonical JSON; null once it is forgotten."),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of the answer."),
    Column("at", DateTime(timezone=True), nullable=False, comment="The instant for which it was answered."),
    Column("hub_version", Text, nullable=False, comment="Version of the hub that answered."),
    Column("occasion", Text, nullable=False, comment="REQUEST or CLOSING."),
    Column("kept_by", Text, nullable=False, comment="Id of the principal."),
    Column("acting_app", Text),
    Column("keep_days", Integer, nullable=False, comment="Days after the dossier's end until values are forgotten."),
    Column("forgotten_at", DateTime(timezone=True), comment="When the values were deleted, after their time."),
    Index("prefill_snapshot_dossier", "dossier_id", "id"),
    Index("prefill_snapshot_remembered", "dossier_id", postgresql_where=text("forgotten_at is null")),
    schema="hub",
    comment="What prefills answered, kept with their dossiers.",
)

PAPER_REQUEST = Table(
    "paper_request",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("snapshot_id", BigInteger, ForeignKey("hub.prefill_snapshot.id"), nullable=False),
    Column("procedure", Text, nullable=False),
    Column("requirement", Text, nullable=False, comment="Code of the requirement."),
    Column("role", Text, comment="Role of the subject; null if it was not narrowed to one."),
    Column("status", Text, nullable=False, comment="What the snapshot says of it."),
    Column("reasons", ARRAY(Text), nullable=False, comment="Why, the strongest first."),
    Column("granted", Boolean, nullable=False, comment="Whether the paper may be asked for."),
    Column("asked_by", Text, nullable=False, comment="Id of the principal."),
    Column("acting_app", Text),
    Column("asked_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Index("paper_request_snapshot", "snapshot_id"),
    schema="hub",
    comment="Papers that officers wanted to ask of citizens, granted or refused by what a snapshot says.",
)
