"""What runs leave behind: approvals, drift, corrections, circuits, quotas, files, deliveries; digests of rows as read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROWS = (
    "administrative_unit",
    "administrative_unit_change",
    "benefit",
    "business",
    "business_role",
    "citizen",
    "encumbrance",
    "household",
    "household_membership",
    "land_use_right",
    "marital_status",
    "parcel",
    "payment",
    "tax_obligation",
    "taxpayer",
)

KEYS = (("administrative_unit", "name_key"), ("business", "legal_name_key"), ("citizen", "full_name_key"))


def upgrade() -> None:
    op.create_table(
        "circuit",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="In a row."),
        sa.Column(
            "open_until", sa.DateTime(timezone=True), nullable=True, comment="Until when the source is left alone."
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("connector"),
        schema="hub",
        comment="Sources that failed, as all processes see them.",
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column(
            "delivery", sa.Text(), nullable=False, comment="The sender's id: a second delivery of it is known as such."
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="As sent; null once its rows are in the store."),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="Signed deliveries, kept from the moment they are acknowledged to the sender.",
    )
    op.create_index("inbox_delivery", "inbox", ["connector", "delivery"], unique=True, schema="hub")
    op.create_index(
        "inbox_waiting",
        "inbox",
        ["connector", "stream", "id"],
        unique=False,
        schema="hub",
        postgresql_where=sa.text("body is not null"),
    )
    op.create_table(
        "quota",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connector", "window_start"),
        schema="hub",
        comment="Requests made to a source in an hour or day.",
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="The run that was refused."),
        sa.Column(
            "entity", sa.Text(), nullable=True, comment="The kind of record whose rows would go; null for drift."
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="DELETES, SHRUNK or DRIFT."),
        sa.Column("rows", sa.BigInteger(), nullable=True, comment="Rows that would go, or that were read."),
        sa.Column("held", sa.BigInteger(), nullable=True, comment="Rows that the store held."),
        sa.Column("reason", sa.Text(), nullable=False, comment="In words. No personal data."),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("used_by", sa.BigInteger(), nullable=True, comment="The run that did what was approved."),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["hub.run.id"],
        ),
        sa.ForeignKeyConstraint(
            ["stream_id"],
            ["hub.stream.id"],
        ),
        sa.ForeignKeyConstraint(
            ["used_by"],
            ["hub.run.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="What a run did not dare to do and a person decides.",
    )
    op.create_index(
        "approval_open",
        "approval",
        ["stream_id", "kind", sa.literal_column("coalesce(entity, '')")],
        unique=True,
        schema="hub",
        postgresql_where=sa.text("decided_at is null"),
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.Text(), nullable=False, comment="Of the row as the source sends it."),
        sa.Column(
            "changes",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Source column → value that stands instead.",
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"],
            ["hub.stream.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="Edits of rejected rows; they bind as long as the source sends the same row.",
    )
    op.create_index(
        "correction_payload", "correction", ["stream_id", "entity", "payload_hash"], unique=True, schema="hub"
    )
    op.create_table(
        "drift",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="The run that saw it last."),
        sa.Column("kind", sa.Text(), nullable=False, comment="ADDED, REMOVED, RENAMED, RETYPED or CODE."),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, comment="In words. Codes are shown, other values never."),
        sa.Column("grade", sa.Text(), nullable=False, comment="INFO, WARNING or BREAKING."),
        sa.Column(
            "entities",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Entity → fields that it touches.",
        ),
        sa.Column(
            "procedures",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Codes of the procedures that read those fields.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True, comment="When it was no longer seen."),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["hub.run.id"],
        ),
        sa.ForeignKeyConstraint(
            ["stream_id"],
            ["hub.stream.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="Sources that are other than their manifests say.",
    )
    op.create_index(
        "drift_open",
        "drift",
        ["stream_id", "kind", "column"],
        unique=True,
        schema="hub",
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_table(
        "file",
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the content."),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["hub.run.id"],
        ),
        sa.ForeignKeyConstraint(
            ["stream_id"],
            ["hub.stream.id"],
        ),
        sa.PrimaryKeyConstraint("stream_id", "digest"),
        schema="hub",
        comment="Files that were taken, each once.",
    )
    op.add_column(
        "quarantine",
        sa.Column(
            "resolution",
            sa.Text(),
            nullable=True,
            comment="MENDED at the source, CORRECTED here, DISMISSED, or SUPERSEDED by a newer version.",
        ),
        schema="hub",
    )
    op.add_column(
        "run",
        sa.Column("mode", sa.Text(), nullable=True, comment="SYNC, FULL, FOLLOW, REPLAY or LOOKUP."),
        schema="hub",
    )
    op.add_column(
        "run",
        sa.Column(
            "timings",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Stream → seconds in all, and of them waiting for the source and for the store.",
        ),
        schema="hub",
    )
    op.add_column(
        "run",
        sa.Column(
            "drift",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What was found other than declared, in words.",
        ),
        schema="hub",
    )
    op.add_column(
        "run",
        sa.Column(
            "notes",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What is no fault and a person should know, in words.",
        ),
        schema="hub",
    )
    op.alter_column(
        "run",
        "status",
        existing_type=sa.TEXT(),
        comment="RUNNING, SUCCEEDED, PARTIAL, FAILED, DEFERRED or INTERRUPTED.",
        existing_comment="RUNNING, SUCCEEDED, FAILED, PARTIAL or INTERRUPTED.",
        existing_nullable=False,
        schema="hub",
    )
    op.alter_column(
        "run",
        "counts",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        comment="A list: stream, entity, read, accepted, added, changed, unchanged, deleted, quarantined.",
        existing_comment="Stream → entity → read, accepted, unchanged, changed, added, deleted, quarantined.",
        existing_nullable=True,
        schema="hub",
    )
    op.add_column(
        "stream",
        sa.Column(
            "confirmed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Start of the last read or sweep that saw every key.",
        ),
        schema="hub",
    )
    op.add_column(
        "stream",
        sa.Column(
            "columns",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Columns as last seen, with the kind of their values: what drift is held against.",
        ),
        schema="hub",
    )
    op.alter_column(
        "stream",
        "cursor",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        comment="Where the next incremental read begins: the reader's own, a few values.",
        existing_comment="Where the next incremental read begins.",
        existing_nullable=True,
        schema="hub",
    )
    op.create_index(
        "quarantine_waiting",
        "quarantine",
        ["stream_id", "entity", "source_key"],
        unique=False,
        schema="hub",
        postgresql_where=sa.text("resolved_at is null"),
    )
