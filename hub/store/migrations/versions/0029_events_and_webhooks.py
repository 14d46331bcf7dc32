"""The outbox of events, the receivers of webhooks, and what became of each delivery."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "message_id",
            sa.Uuid(),
            server_default=sa.text("gen_random_uuid()"),
            nullable=False,
            comment="`webhook-id`.",
        ),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="dossierChanged, correctionChanged or dependentWithdrawn."
        ),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("dossier_code", sa.Text(), nullable=True, comment="Null for a correction without a dossier."),
        sa.Column("procedure", sa.Text(), nullable=True, comment="Code of the procedure or other purpose."),
        sa.Column(
            "office", sa.Text(), nullable=True, comment="Administrative unit of the dossier, with the date of its code."
        ),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="State of the dossier or the correction after the change."
        ),
        sa.Column("correction_id", sa.BigInteger(), nullable=True, comment="Of correctionChanged alone."),
        sa.Column(
            "dependent",
            sa.Text(),
            nullable=True,
            comment="Of dependentWithdrawn alone: code of the dependent in the procedure.",
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="The outbox: what changed, written in the transaction that changed it. No personal data.",
    )
    op.create_index("event_at", "event", ["at"], unique=False, schema="hub")
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="The receiving system and who runs it."),
        sa.Column("url", sa.Text(), nullable=False, comment="Where events are posted to."),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False, comment="Kinds of the events that it gets."),
        sa.Column(
            "procedures",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Only of these; empty for all.",
        ),
        sa.Column(
            "offices",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Only of these; empty for all.",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False, comment="Login name of the operator."),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        schema="hub",
        comment="Receivers of events. Rows are never deleted: they say who was told.",
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Text(),
            server_default=sa.text("'WAITING'"),
            nullable=False,
            comment="WAITING, DELIVERED or DEAD.",
        ),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True, comment="Why the last try failed. No address, no content."),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True, comment="When it was delivered, or given up."),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["hub.webhook_endpoint.id"],
        ),
        sa.ForeignKeyConstraint(["event_id"], ["hub.event.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", "endpoint_id"),
        schema="hub",
        comment="What became of each event for each receiver.",
    )
    op.create_index(
        "webhook_delivery_endpoint", "webhook_delivery", ["endpoint_id", "event_id"], unique=False, schema="hub"
    )
    op.create_index(
        "webhook_delivery_unended",
        "webhook_delivery",
        ["next_try_at"],
        unique=False,
        schema="hub",
        postgresql_where=sa.text("state <> 'DELIVERED'"),
    )
