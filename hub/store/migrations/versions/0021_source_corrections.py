"""Requests to the owners of wrong or missing values, and their history."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_correction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "record_entity",
            sa.Text(),
            nullable=False,
            comment="Entity of the record, or of the subject that lacks one.",
        ),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "field",
            sa.Text(),
            nullable=False,
            comment="As the graph reaches it from the record: holderLink.recorded.name.",
        ),
        sa.Column(
            "held",
            sa.Text(),
            nullable=True,
            comment="The value that the source held last and that is wrong; null if it was empty.",
        ),
        sa.Column(
            "claimed",
            sa.Text(),
            nullable=True,
            comment="The value it should have; null if it should be empty, or once it is forgotten.",
        ),
        sa.Column(
            "claim_key",
            sa.Text(),
            nullable=False,
            comment="SHA-256 of the claim: the same claim twice is one correction.",
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why, in a sentence; null once it is forgotten."),
        sa.Column("origin", sa.Text(), nullable=False, comment="ANSWER, DISCREPANCY or CITIZEN."),
        sa.Column("connector", sa.Text(), nullable=False, comment="The source that owns the value."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=True, comment="Null for a missing record."),
        sa.Column(
            "source_key", sa.Text(), nullable=True, comment="Key of the row in its source; null for a missing record."
        ),
        sa.Column(
            "purpose",
            sa.Text(),
            nullable=True,
            comment="Code of the purpose under which it was opened; null from the command line.",
        ),
        sa.Column("dossier_id", sa.BigInteger(), nullable=True),
        sa.Column("opened_by", sa.Text(), nullable=False, comment="Id of the principal."),
        sa.Column("acting_app", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="End of the last working day that the source has.",
        ),
        sa.Column(
            "compared_from",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="The version of the row that was compared last.",
        ),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the source acknowledged or refused it.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True, comment="What the source said, such as why it refuses."),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True, comment="When it was resolved or withdrawn."),
        sa.Column(
            "to_send",
            sa.Text(),
            nullable=True,
            comment="REQUEST, REMINDER or WITHDRAWAL that waits to be sent; null if none does.",
        ),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True, comment="When it is sent, or tried again."),
        sa.Column(
            "answer_file", sa.Text(), nullable=True, comment="Modification time of the answer file that was read last."
        ),
        sa.Column(
            "attempts",
            sa.SmallInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Failed tries of this message.",
        ),
        sa.Column("failure", sa.Text(), nullable=True, comment="Why the last try failed. No personal data."),
        sa.Column(
            "sent_at", sa.DateTime(timezone=True), nullable=True, comment="When the source last received a message."
        ),
        sa.Column("reminders", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True, comment="When the source is next reminded."),
        sa.Column(
            "forgotten_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the values were deleted, after their time.",
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["hub.dossier.id"],
        ),
        sa.ForeignKeyConstraint(
            ["stream_id"],
            ["hub.stream.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="Requests to correct a wrong or missing value, each to the source that owns it.",
    )
    op.create_index("source_correction_connector", "source_correction", ["connector", "id"], unique=False, schema="hub")
    op.create_index("source_correction_dossier", "source_correction", ["dossier_id"], unique=False, schema="hub")
    op.create_index(
        "source_correction_to_send",
        "source_correction",
        ["next_try_at"],
        unique=False,
        schema="hub",
        postgresql_where=sa.text("to_send is not null"),
    )
    op.create_index(
        "source_correction_unsettled",
        "source_correction",
        ["record_entity", "record_id", "field", "claim_key"],
        unique=True,
        schema="hub",
        postgresql_where=sa.text("state in ('OPEN', 'SENT', 'ACKNOWLEDGED', 'REFUSED', 'REOPENED')"),
    )
    op.create_table(
        "source_correction_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("correction_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="The state after it."),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, comment="The deadline after it."),
        sa.Column(
            "by", sa.Text(), nullable=False, comment="Id of a principal; `run:` and `worker` for the hub itself."
        ),
        sa.Column("note", sa.Text(), nullable=True, comment="Such as why it was refused; null once it is forgotten."),
        sa.ForeignKeyConstraint(
            ["correction_id"],
            ["hub.source_correction.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="The history of each correction.",
    )
    op.create_index(
        "source_correction_event_correction",
        "source_correction_event",
        ["correction_id", "id"],
        unique=False,
        schema="hub",
    )
