"""The ledger: months, chains, records, disclosures."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OPEN_MONTH = """
create function ledger.open_month(wanted date) returns ledger.month
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    opened ledger.month;
    suffix text := to_char(wanted, 'YYYY_MM');
begin
    select * into opened from ledger.month where first_day = wanted;
    if found then
        return opened;
    end if;
    if wanted <> date_trunc('month', wanted)::date or abs(wanted - (now() at time zone 'UTC')::date) > 62 then
        raise exception 'a month of the ledger is opened by its first day, and within two months of now'
            using errcode = 'invalid_parameter_value';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('ledger.open_month', 0));
    select * into opened from ledger.month where first_day = wanted;
    if found then
        return opened;
    end if;
    execute format('create table ledger.%I partition of ledger.record for values in (%L)', 'record_' || suffix, wanted);
    execute format('create table ledger.%I partition of ledger.disclosure for values in (%L)', 'disclosure_' || suffix, wanted);
    insert into ledger.month (first_day, subject_key)
    values (wanted, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())))
    returning * into opened;
    return opened;
end
$$"""

CHAIN_HEAD = """
create function ledger.chain_head(wanted uuid, in_month date, out number bigint, out hash bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select r.number, r.hash from ledger.record r where r.month = in_month and r.epoch = wanted order by r.number desc limit 1
$$"""


def upgrade() -> None:
    op.execute("create schema if not exists ledger")
    op.create_table(
        "month",
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "subject_key",
            sa.LargeBinary(),
            nullable=True,
            comment="Key of the pseudonyms, 32 bytes; null once it was destroyed.",
        ),
        sa.Column("key_destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("first_day"),
        schema="ledger",
        comment="Months, each with the key of its pseudonyms.",
    )
    op.create_table(
        "epoch",
        sa.Column("id", postgresql.UUID(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it ended in order, or was found abandoned.",
        ),
        sa.Column("host", sa.Text(), nullable=False, comment="Host name and process id of the writer."),
        sa.PrimaryKeyConstraint("id"),
        schema="ledger",
        comment="Chains: an index of them. What counts is in the records.",
    )
    op.create_index(
        "epoch_open", "epoch", ["begun_at"], unique=False, schema="ledger", postgresql_where=sa.text("ended_at is null")
    )
    op.create_table(
        "record",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("epoch", postgresql.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False, comment="Hash of the record before, number, JSON."),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of `record`."),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="As the record says; for searching."),
        sa.Column("principal", sa.Text(), nullable=False, comment="As the record says; for searching."),
        sa.Column("dossier", sa.Text(), nullable=True, comment="As the record says; for searching."),
        sa.PrimaryKeyConstraint("month", "epoch", "number"),
        schema="ledger",
        comment="What was read, by whom and why; append-only.",
        postgresql_partition_by="list (month)",
    )
    op.create_index("record_at", "record", ["at"], unique=False, schema="ledger")
    op.create_index("record_principal", "record", ["principal", "at"], unique=False, schema="ledger")
    op.create_index(
        "record_dossier",
        "record",
        ["dossier"],
        unique=False,
        schema="ledger",
        postgresql_where=sa.text("dossier is not null"),
    )
    op.create_table(
        "disclosure",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False, comment="Pseudonym under the month's key, 16 bytes."),
        sa.Column("epoch", postgresql.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Text(),
            nullable=False,
            comment="Role of the subject in the dossier, or incidental, requested, self.",
        ),
        sa.PrimaryKeyConstraint("month", "subject", "epoch", "number"),
        schema="ledger",
        comment="A row for each person whose data a record is about: an index of the records.",
        postgresql_partition_by="list (month)",
    )
    op.create_table(
        "operation",
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of `paths`."),
        sa.Column("paths", sa.LargeBinary(), nullable=False, comment="JSON list of the paths of fields."),
        sa.PrimaryKeyConstraint("hash"),
        schema="ledger",
        comment="What records name by hash: the fields that an operation asks for.",
    )
    op.execute(OPEN_MONTH)
    op.execute(CHAIN_HEAD)
    op.execute("revoke all on function ledger.open_month(date), ledger.chain_head(uuid, date) from public")
