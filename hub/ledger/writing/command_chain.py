"""The chain of one command: what it shows is committed before it is printed. Begun, written and ended in one transaction."""

import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from psycopg import Connection

from hub.ledger.months import OPEN_MONTH, LedgerMonth, month_of
from hub.ledger.retention import RETENTION_DETAIL, find_longest_retention
from hub.ledger.writing import append_sql
from hub.ledger.writing.chain import Chain
from hub.ledger.writing.records import LedgerEntry, ReadOutcome, RecordKind
from hub.store.connections.prepared_writes import run_once
from hub.store.query import fetch_row

KEEPER_PRINCIPAL = "hub"
DURABLE = "set local synchronous_commit = on"
INSERT_ENDED = "insert into ledger.epoch (id, month, host, ended_at) values (%s, %s, %s, now())"


def commit_command(connection: Connection[Any], entries: Sequence[LedgerEntry], version: str) -> None:
    """Commit the entries in a chain of their own, on an autocommit connection. Raises psycopg.Error: then nothing may be shown."""
    now = datetime.now(UTC)
    host = f"{socket.gethostname()}:{os.getpid()}"
    with connection.transaction():
        connection.execute(DURABLE)
        row = fetch_row(connection, OPEN_MONTH, (month_of(now),))
        month = LedgerMonth(month_of(now), bytes(row[0]))
        epoch = uuid4()
        details = {
            "epoch": str(epoch),
            "host": host,
            "version": version,
            "month": str(month.first_day),
            RETENTION_DETAIL: find_longest_retention(),
        }
        begin = _keep(now, RecordKind.EPOCH_BEGIN, **details)
        chain, records = Chain(epoch, month).append([begin, *entries, _keep(now, RecordKind.EPOCH_END)])
        connection.execute(INSERT_ENDED, (chain.epoch, month.first_day, host))
        parameters, _ = append_sql.record_parameters(month, chain.epoch, records, ())
        run_once(connection, append_sql.INSERT_RECORDS, parameters)


def _keep(at: datetime, kind: RecordKind, **details: Any) -> LedgerEntry:
    return LedgerEntry(at, kind, KEEPER_PRINCIPAL, ReadOutcome.ANSWERED, details=details or None)
