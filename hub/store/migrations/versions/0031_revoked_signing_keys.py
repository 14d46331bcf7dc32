"""Signing keys of the ledger that were stolen: what the hub itself must not sign with. Taken over from the records that say so."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TAKE_OVER = r"""
insert into ledger.revoked_key (key, after)
select said.key, min(said.after::bigint)
from (
    select
        substring(encode(r.record, 'escape') from '"key":"([0-9a-f]{32})"') as key,
        substring(encode(r.record, 'escape') from '"after":([0-9]{1,18})[,}]') as after
    from ledger.epoch e join ledger.record r on r.month = e.month and r.epoch = e.id and r.number = 1
    where position('"action":"KEY_REVOKED"'::bytea in r.record) > 0
) said
where said.key is not null and said.after is not null
group by said.key"""
"""A chain of what is done to the ledger has one record, after that of its beginning. Not read as JSON: a record that was edited must not
stop a migration."""


def upgrade() -> None:
    op.create_table(
        "revoked_key",
        sa.Column("key", sa.Text(), nullable=False, comment="Fingerprint of the public key, 32 hex digits."),
        sa.Column("after", sa.BigInteger(), nullable=False, comment="Number of the last checkpoint that is trusted."),
        sa.Column("revoked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        schema="ledger",
        comment="Signing keys that were stolen: the hub signs with none of them. What proves it is in the records.",
    )
    op.execute(TAKE_OVER)


def downgrade() -> None:
    op.drop_table("revoked_key", schema="ledger")
