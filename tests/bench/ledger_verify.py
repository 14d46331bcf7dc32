"""How fast a ledger is verified: from the database and from an export, by one process and by two. All in memory."""

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from hub.ledger.checkpoints.checkpoint_sql import INSERT_CHECKPOINT
from hub.ledger.checkpoints.document import ChainHead, CheckpointKind, LastCheckpoint, make_checkpoint
from hub.ledger.checkpoints.signing_keys import create_signing_key, load_public_keys, load_signing_key
from hub.ledger.months import OPEN_MONTH, month_of
from hub.ledger.verify.checkpoint_chain import TrustedKeys
from hub.ledger.verify.database_source import DatabaseSource
from hub.ledger.verify.export_file import ExportSource, write_export
from hub.ledger.verify.findings import LedgerVerdict
from hub.ledger.verify.source import LedgerSource
from hub.ledger.verify.verify import VerifyOptions, verify_ledger
from hub.ledger.writing import append_sql
from hub.ledger.writing.chain import Chain
from hub.ledger.writing.chain_begin import make_begin, read_month
from hub.ledger.writing.records import DisclosedSubject, LedgerEntry, ReadOutcome, RecordKind, SourceState
from hub.store.connections.prepared_writes import run_once
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from tests.bench import ledger_reading
from tests.bench.harness import Bench, Row, Target

CHAINS = 4
TABLE = "Verifying the ledger"
BATCH = 1_000
"""Records of a commit, and of a checkpoint."""
TARGET_ROWS_PER_S = 400_000


def measure(bench: Bench, server: EmbeddedServer, folder: Path, records: int) -> None:
    """Fill a ledger with so many records, and verify it."""
    server.create_database("ledger_verify")
    url = server.url("ledger_verify")
    made = make_engine(url)
    migrate_store(made)
    made.dispose()
    create_signing_key(folder / "ledger.pem")
    last = _fill(url, folder, records)
    source = DatabaseSource(url)
    with (folder / "ledger.export").open("wb") as file:
        write_export(source, file)
    source.close()
    ledger_reading.measure(bench, url, records)
    options = (load_public_keys([folder / "ledger.pem.pub"]), {last.number: last.hash})
    for processes in (1, 2):
        for name, found in (("database", DatabaseSource(url)), ("export", ExportSource(folder / "ledger.export"))):
            target = (Target(TARGET_ROWS_PER_S),) if processes == 2 else ()
            bench.rows.append(_measure_one(f"{name}, {processes} processes", found, options, processes, target))
    size = (folder / "ledger.export").stat().st_size
    bench.method.append(
        f"The ledger has {records:,} records with 1.25 people each, in {CHAINS} chains, and a signed checkpoint for each {BATCH:,} records. A row is a"
        " record or a disclosure; from an export there are records alone. The server shares the two cores with the processes that verify."
        f" The export has {size / records:,.0f} bytes for each record."
    )


def _measure_one(name: str, source: LedgerSource, options: Any, processes: int, targets: tuple[Target, ...]) -> Row:
    report = verify_ledger(source, VerifyOptions(TrustedKeys(options[0]), options[1], (), processes))
    source.close()
    assert (report.integrity, report.completeness) == (LedgerVerdict.HOLDS, LedgerVerdict.HOLDS), report.findings
    rows = report.records + (report.people if source.has_index else 0)
    note = f"{report.records / report.seconds:,.0f} records/s"
    return Row(TABLE, name, "rows/s", rows / report.seconds, {}, targets, note)


def _fill(url: str, folder: Path, records: int) -> LastCheckpoint:
    """Records as a hub writes them, without the server between. Returns the last checkpoint."""
    key, now, last = load_signing_key(folder / "ledger.pem"), datetime.now(UTC), LastCheckpoint()
    known: set[bytes] = set()
    with psycopg.connect(url, autocommit=True) as connection:
        month, opened_at = read_month(now, connection.execute(OPEN_MONTH, (month_of(now),)).fetchone())
        chains = [Chain(uuid4(), month) for _ in range(CHAINS)]
        for chain in chains:
            connection.execute(append_sql.INSERT_EPOCH, (chain.epoch, month.first_day, "bench:1"))
        for start in range(0, records, BATCH):
            at = start // BATCH % CHAINS
            entries = [make_entry(now + timedelta(microseconds=start + n), start + n) for n in range(BATCH)]
            if not chains[at].number:
                entries.insert(0, make_begin(now, chains[at].epoch, month, opened_at, "bench"))
            chains[at], appended = chains[at].append(entries)
            parameters, fresh = append_sql.record_parameters(month, chains[at].epoch, appended, known)
            run_once(connection, append_sql.INSERT_RECORDS, parameters)
            known.update(fresh)
            heads = [ChainHead(chain.epoch, chain.number - 1, chain.previous) for chain in chains if chain.number]
            details = {"public": key.public.hex(), "after": None}
            kind = CheckpointKind.KEY if last.number < 0 else CheckpointKind.HEADS
            checkpoint = make_checkpoint(last, now, kind, heads, key, details=details if last.number < 0 else None)
            row = (checkpoint.number, now, checkpoint.document, checkpoint.heads, checkpoint.signature, None)
            connection.execute(INSERT_CHECKPOINT, row)
            last = LastCheckpoint(checkpoint.number, checkpoint.hash)
        connection.execute("vacuum analyze ledger.record")
    return last


def make_entry(at: datetime, number: int) -> LedgerEntry:
    """A read of land data, as an office sends it: one person, and in every fourth another one."""
    people = (DisclosedSubject("Citizen", number, "transferor"), DisclosedSubject("Citizen", number + 1, "incidental"))
    return LedgerEntry(
        at,
        RecordKind.READ,
        f"https://id.example.gov.vn|officer-{number % 500}",
        ReadOutcome.ANSWERED,
        acting_app="one-stop",
        purpose="land-right-transfer",
        purpose_version="ab" * 32,
        dossier=f"H49.12-251118-{number % 10_000:04}",
        office="06820@2025-07-01",
        paths=("citizen.fullName", f"citizen.landUseRights.nodes.field{number % 50}"),
        subjects=people if number % 4 == 0 else people[:1],
        sources=(SourceState("population", at.isoformat()), SourceState("land", at.isoformat())),
        request_id=secrets.token_hex(16),
        trace_id=secrets.token_hex(16),
    )
