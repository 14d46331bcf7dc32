"""The chain of one command: what it shows is committed before it is printed. Begun, written and ended in one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from psycopg import Connection

from hub.ledger.months import OPEN_MONTH, month_of
from hub.ledger.writing import append_sql
from hub.ledger.writing.chain import Chain
from hub.ledger.writing.chain_begin import KEEPER_PRINCIPAL, make_begin, name_host, read_month
from hub.ledger.writing.records import LedgerEntry, ReadOutcome, RecordKind
from hub.store.connections.prepared_writes import run_once
from hub.store.query import fetch_row

DURABLE = "set local synchronous_commit = on"
INSERT_ENDED = "insert into ledger.epoch (id, month, host, ended_at) values (%s, %s, %s, now())"


def commit_command(connection: Connection[Any], entries: Sequence[LedgerEntry], version: str) -> None:
    """Commit the entries in a chain of their own, on an autocommit connection.

    Raises psycopg.Error, and LedgerUnavailable if the month has no key: then nothing may be shown.
    """
    now = datetime.now(UTC)
    with connection.transaction():
        connection.execute(DURABLE)
        month, opened_at = read_month(now, fetch_row(connection, OPEN_MONTH, (month_of(now),)))
        epoch = uuid4()
        begin = make_begin(now, epoch, month, opened_at, version)
        end = LedgerEntry(now, RecordKind.EPOCH_END, KEEPER_PRINCIPAL, ReadOutcome.ANSWERED)
        chain, records = Chain(epoch, month).append([begin, *entries, end])
        connection.execute(INSERT_ENDED, (chain.epoch, month.first_day, name_host()))
        parameters, _ = append_sql.record_parameters(month, chain.epoch, records, ())
        run_once(connection, append_sql.INSERT_RECORDS, parameters)
