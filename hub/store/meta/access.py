"""Tables of access: dossiers and their subjects, sealed identities and restricted people, alarms, use of reading. Schema `hub`."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hub.store.meta.ingest import METADATA, NOW

DOSSIER = Table(
    "dossier",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("code", Text, nullable=False, unique=True, comment="As the office writes it: H49.12-251118-0007."),
    Column("purpose", Text, nullable=False, comment="Code of the purpose or procedure."),
    Column("purpose_version", Text, nullable=False, comment="SHA-256 of the purpose's files when it was opened."),
    Column("office", Text, nullable=False, comment="Administrative unit that handles it, with the date of its code."),
    Column("opened_by", Text, nullable=False, comment="Id of the principal."),
    Column("acting_app", Text, comment="The app that acted for the principal."),
    Column("opened_via", Text, nullable=False, comment="MUTATION, PUSH, PAGE or EMERGENCY."),
    Column("opened_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_by", Text),
    Column("outcome", Text, comment="CLOSED or WITHDRAWN; null while it is open."),
    Column("reason", Text, comment="Why it ended, in a sentence."),
    Column("emergency_reason", Text, comment="Why emergency access was requested."),
    Column("confirmed_by", Text, comment="Id of the second officer who confirmed emergency access."),
    Column("confirmed_at", DateTime(timezone=True)),
    Column("sender", Text, comment="The one-stop system that sent its newest version."),
    Column("pushed_version", BigInteger, comment="Number of that version."),
    Column("pushed_digest", LargeBinary, comment="SHA-256 of that version."),
    Index("dossier_office", "office", "opened_at"),
    schema="hub",
    comment="Administrative dossiers: personal data is read for one of these.",
)

DOSSIER_SUBJECT = Table(
    "dossier_subject",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("dossier_id", BigInteger, ForeignKey("hub.dossier.id"), nullable=False),
    Column("role", Text, nullable=False, comment="A role that the purpose declares, such as transferor."),
    Column("entity", Text, nullable=False),
    Column("subject_id", BigInteger, comment="Number of the row when it was added; null if the hub held none."),
    Column("field", Text, comment="The key it was named by; null for a global id."),
    Column("value", Text, comment="The identifier it was named by; null for a global id."),
    Column("added_by", Text, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Index("dossier_subject_dossier", "dossier_id"),
    Index("dossier_subject_subject", "entity", "subject_id"),
    schema="hub",
    comment="Whom a dossier is about, by role.",
)

SEALED_SUBJECT = Table(
    "sealed_subject",
    METADATA,
    Column("entity", Text, primary_key=True),
    Column("subject_id", BigInteger, primary_key=True),
    Column(
        "kind",
        Text,
        primary_key=True,
        server_default=text("'SEAL'"),
        comment="SEAL: the identity is sealed; RESTRICTION: processing is restricted.",
    ),
    Column(
        "ground",
        Text,
        nullable=False,
        comment="ADOPTION, WITNESS_PROTECTION or COURT_ORDER; of a restriction REQUEST, DISPUTE or AUTHORITY.",
    ),
    Column("sealed_by", Text, nullable=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("reason", Text, comment="Why processing is restricted, in a sentence; null for a seal."),
    schema="hub",
    comment="Subjects whose data no read may show.",
)

ALARM = Table(
    "alarm",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("kind", Text, nullable=False, comment="Such as SEALED_SUBJECT or RATE_LIMIT."),
    Column("principal", Text, comment="Id of the principal."),
    Column("dossier_id", BigInteger, ForeignKey("hub.dossier.id")),
    Column(
        "details", JSONB, nullable=False, server_default=text("'{}'"), comment="Counts and codes. No personal data."
    ),
    Column("seen_at", DateTime(timezone=True), comment="When an operator acknowledged it."),
    Column("seen_by", Text),
    Index("alarm_unseen", "at", postgresql_where=text("seen_at is null")),
    schema="hub",
    comment="What an operator has to look at soon.",
)

READING_USE = Table(
    "reading_use",
    METADATA,
    Column("principal", Text, primary_key=True),
    Column("period", BigInteger, nullable=False, comment="Another number in each hour, and after a limit was lifted."),
    Column("minute_from", DateTime(timezone=True), nullable=False),
    Column("hour_from", DateTime(timezone=True), nullable=False),
    Column("reads", BigInteger, nullable=False, comment="Requests in the minute."),
    Column("subjects", BigInteger, nullable=False, comment="Distinct people whose data were read in the hour."),
    Column("refusals", BigInteger, nullable=False, comment="Refused reads in the hour."),
    Column("misses", BigInteger, nullable=False, comment="Look-ups in the hour that found nobody."),
    Column("met", ARRAY(Text), nullable=False, comment="Limits that were met in the hour, such as SUBJECTS_PER_HOUR."),
    schema="hub",
    comment="What each principal has read in the present minute and hour, over all processes.",
)

READING_SUBJECT = Table(
    "reading_subject",
    METADATA,
    Column("principal", Text, ForeignKey("hub.reading_use.principal", ondelete="CASCADE"), primary_key=True),
    Column("period", BigInteger, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("subject_id", BigInteger, primary_key=True),
    schema="hub",
    comment="The people counted in reading_use. Deleted when the hour is over.",
)

DOSSIER_SENDER = Table(
    "dossier_sender",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("algorithm", Text, nullable=False, comment="The one that its signatures have, such as Ed25519."),
    Column("public_key", JSONB, nullable=False, comment="JWK."),
    Column("offices", ARRAY(Text), nullable=False, comment="Administrative units whose dossiers it sends."),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    schema="hub",
    comment="One-stop systems that send dossiers.",
)

DOSSIER_PUSH = Table(
    "dossier_push",
    METADATA,
    Column("sender", Text, ForeignKey("hub.dossier_sender.id"), primary_key=True),
    Column("jti", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=NOW),
    schema="hub",
    comment="Signatures of the last ten minutes, so that none is used twice.",
)
