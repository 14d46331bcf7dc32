"""Tables of corrections: requests to the owners of wrong or missing values, and what became of them. Schema `hub`."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, SmallInteger, Table, Text, text

from hub.store.meta.ingest import METADATA, NOW

UNSETTLED = text("state in ('OPEN', 'SENT', 'ACKNOWLEDGED', 'REFUSED', 'REOPENED')")
"""The value is still disputed: `hub.model.correction_states.UNSETTLED`."""

SOURCE_CORRECTION = Table(
    "source_correction",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("record_entity", Text, nullable=False, comment="Entity of the record, or of the subject that lacks one."),
    Column("record_id", BigInteger, nullable=False),
    Column("field", Text, nullable=False, comment="As the graph reaches it from the record: holderLink.recorded.name."),
    Column("held", Text, comment="The value that the source held last and that is wrong; null if it was empty."),
    Column("claimed", Text, comment="The value it should have; null if it should be empty, or once it is forgotten."),
    Column("claim_key", Text, nullable=False, comment="SHA-256 of the claim: the same claim twice is one correction."),
    Column("reason", Text, comment="Why, in a sentence; null once it is forgotten."),
    Column("origin", Text, nullable=False, comment="ANSWER, DISCREPANCY or CITIZEN."),
    Column("connector", Text, nullable=False, comment="The source that owns the value."),
    Column("stream_id", SmallInteger, ForeignKey("hub.stream.id"), comment="Null for a missing record."),
    Column("source_key", Text, comment="Key of the row in its source; null for a missing record."),
    Column("purpose", Text, comment="Code of the purpose under which it was opened; null from the command line."),
    Column("dossier_id", BigInteger, ForeignKey("hub.dossier.id")),
    Column("opened_by", Text, nullable=False, comment="Id of the principal."),
    Column("acting_app", Text),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False, comment="End of the last working day that the source has."),
    Column("compared_from", DateTime(timezone=True), comment="The version of the row that was compared last."),
    Column("decided_at", DateTime(timezone=True), comment="When the source acknowledged or refused it."),
    Column("decided_by", Text),
    Column("answer", Text, comment="What the source said, such as why it refuses."),
    Column("closed_at", DateTime(timezone=True), comment="When it was resolved or withdrawn."),
    Column("to_send", Text, comment="REQUEST, REMINDER or WITHDRAWAL that waits to be sent; null if none does."),
    Column("next_try_at", DateTime(timezone=True), comment="When it is sent, or tried again."),
    Column("answer_file", Text, comment="Modification time of the answer file that was read last."),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0"), comment="Failed tries of this message."),
    Column("failure", Text, comment="Why the last try failed. No personal data."),
    Column("sent_at", DateTime(timezone=True), comment="When the source last received a message."),
    Column("reminders", SmallInteger, nullable=False, server_default=text("0")),
    Column("remind_at", DateTime(timezone=True), comment="When the source is next reminded."),
    Column("forgotten_at", DateTime(timezone=True), comment="When the values were deleted, after their time."),
    # One open correction for each claim; this index also finds disputed values at the point of use.
    Index(
        "source_correction_unsettled", "record_entity", "record_id", "field", "claim_key", unique=True,
        postgresql_where=UNSETTLED,
    ),
    Index("source_correction_connector", "connector", "id"),
    Index("source_correction_dossier", "dossier_id"),
    Index("source_correction_to_send", "next_try_at", postgresql_where=text("to_send is not null")),
    schema="hub",
    comment="Requests to correct a wrong or missing value, each to the source that owns it.",
)  # fmt: skip

SOURCE_CORRECTION_EVENT = Table(
    "source_correction_event",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("correction_id", BigInteger, ForeignKey("hub.source_correction.id"), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("event", Text, nullable=False),
    Column("state", Text, nullable=False, comment="The state after it."),
    Column("due_at", DateTime(timezone=True), nullable=False, comment="The deadline after it."),
    Column("by", Text, nullable=False, comment="Id of a principal; `run:` and `worker` for the hub itself."),
    Column("note", Text, comment="Such as why it was refused; null once it is forgotten."),
    Index("source_correction_event_correction", "correction_id", "id"),
    schema="hub",
    comment="The history of each correction.",
)
