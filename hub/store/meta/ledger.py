"""Tables of the ledger. Schema `ledger`, apart from `hub`, so that no role for other work has privileges on them.

Records and disclosures are partitioned by month: `ledger.open_month` makes the partitions.
"""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from hub.store.meta.ingest import METADATA, NOW

MONTH = Table(
    "month",
    METADATA,
    Column("first_day", Date, primary_key=True),
    Column("opened_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("subject_key", LargeBinary, comment="Key of the pseudonyms, 32 bytes; null once it was destroyed."),
    Column("key_destroyed_at", DateTime(timezone=True)),
    Column("dropped_at", DateTime(timezone=True), comment="When its records were dropped after their retention."),
    schema="ledger",
    comment="Months, each with the key of its pseudonyms.",
)

EPOCH = Table(
    "epoch",
    METADATA,
    Column("id", UUID, primary_key=True),
    Column("month", Date, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("ended_at", DateTime(timezone=True), comment="When it ended in order, or was found abandoned."),
    Column("host", Text, nullable=False, comment="Host name and process id of the writer."),
    Column(
        "covered",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether it has ended and a checkpoint has its last record.",
    ),
    Index("epoch_uncovered", "id", postgresql_where=text("not covered")),
    Index("epoch_open", "begun_at", postgresql_where=Column("ended_at").is_(None)),
    schema="ledger",
    comment="Chains: an index of them. What counts is in the records.",
)

RECORD = Table(
    "record",
    METADATA,
    Column("month", Date, primary_key=True),
    Column("epoch", UUID, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("record", LargeBinary, nullable=False, comment="Hash of the record before, number, JSON."),
    Column("hash", LargeBinary, nullable=False, comment="SHA-256 of `record`."),
    Column("at", DateTime(timezone=True), nullable=False, comment="As the record says; for searching."),
    Column("principal", Text, nullable=False, comment="As the record says; for searching."),
    Column("dossier", Text, comment="As the record says; for searching."),
    Index("record_at", "at"),
    Index("record_principal", "principal", "at"),
    Index("record_dossier", "dossier", postgresql_where=Column("dossier").isnot(None)),
    schema="ledger",
    comment="What was read, by whom and why; append-only.",
    postgresql_partition_by="list (month)",
)

DISCLOSURE = Table(
    "disclosure",
    METADATA,
    Column("month", Date, primary_key=True),
    Column("subject", LargeBinary, primary_key=True, comment="Pseudonym under the month's key, 16 bytes."),
    Column("epoch", UUID, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("role", Text, nullable=False, comment="Role of the subject in the dossier, or incidental, requested, self."),
    schema="ledger",
    comment="A row for each person whose data a record is about: an index of the records.",
    postgresql_partition_by="list (month)",
)

OPERATION = Table(
    "operation",
    METADATA,
    Column("hash", LargeBinary, primary_key=True, comment="SHA-256 of `paths`."),
    Column("paths", LargeBinary, nullable=False, comment="JSON list of the paths of fields."),
    schema="ledger",
    comment="What records name by hash: the fields that an operation asks for.",
)

CHECKPOINT = Table(
    "checkpoint",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False, comment="As the document says; for searching."),
    Column("document", LargeBinary, nullable=False, comment="JSON: number, hash of the document before, root, key."),
    Column("heads", LargeBinary, nullable=False, comment="Leaves of the root, 56 bytes each: epoch, number, hash."),
    Column("signature", LargeBinary, comment="Ed25519 over the document; null if the hub had no key."),
    Column("closes", Date, unique=True, comment="First day of the month that it closes."),
    schema="ledger",
    comment="Where every chain stood, signed; append-only.",
)

TIMESTAMP_TOKEN = Table(
    "timestamp_token",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("token", LargeBinary, nullable=False, comment="Answer of the RFC 3161 service about the document."),
    schema="ledger",
    comment="Timestamps of checkpoints by somebody else.",
)

REVOKED_KEY = Table(
    "revoked_key",
    METADATA,
    Column("key", Text, primary_key=True, comment="Fingerprint of the public key, 32 hex digits."),
    Column("after", BigInteger, nullable=False, comment="Number of the last checkpoint that is trusted."),
    Column("revoked_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    schema="ledger",
    comment="Signing keys that were stolen: the hub signs with none of them. What proves it is in the records.",
)

WITNESS = Table(
    "witness",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("delivered", BigInteger, nullable=False, comment="Number of the last checkpoint that it has; -1 if none."),
    Column("delivered_at", DateTime(timezone=True)),
    Column("failing_since", DateTime(timezone=True)),
    Column("reason", Text, comment="Why it fails, by kind."),
    schema="ledger",
    comment="What each witness has of the checkpoints.",
)
