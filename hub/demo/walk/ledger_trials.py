"""What the owner of the database could do to the ledger, each in a copy of the store, and what verification says to it.

The signing key and the witness's file stand outside of the database: that is why an edit shows, and a missing end too.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, sql

from hub.errors import OperationRefused
from hub.ledger.checkpoints.document import Checkpoint, decode_head
from hub.ledger.checkpoints.signing_keys import load_public_keys
from hub.ledger.month_upkeep import destroy_month_key, list_months
from hub.ledger.verify.checkpoint_chain import TrustedKeys
from hub.ledger.verify.database_source import DatabaseSource
from hub.ledger.verify.findings import LedgerVerdict
from hub.ledger.verify.verify import VerifyOptions, VerifyReport, verify_ledger
from hub.ledger.witnesses.file_witness import read_lines
from hub.ledger.writing.records import HEADER_BYTES
from hub.store.server.embedded import EmbeddedServer

COPY = "walk_tampered"
KEY_FILE, WITNESS_FILE = "ledger.pem", "witness.jsonl"
EDIT = f"""
update ledger.record r
set record = substring(r.record for {HEADER_BYTES}) || convert_to(replace(convert_from(substring(r.record from {HEADER_BYTES + 1}), 'UTF8'),
        'land-officer', 'business-officer'), 'UTF8'),
    principal = replace(r.principal, 'land-officer', 'business-officer')
from (select epoch, number from ledger.record where principal like '%land-officer' and dossier is not null order by at desc limit 1) newest
where r.epoch = newest.epoch and r.number = newest.number"""  # noqa: S608 a constant
"""As if another officer had read."""
CHECKPOINTS = "select number, document, heads, signature from ledger.checkpoint where length(heads) > 0 order by number"
CUT_CHAIN = (
    "delete from ledger.record where epoch = %(epoch)s and number > %(number)s",
    "delete from ledger.disclosure where epoch = %(epoch)s and number > %(number)s",
    "update ledger.epoch set ended_at = null where id = %(epoch)s",
)
CUT_CHECKPOINTS = "delete from ledger.checkpoint where number > %s"


@dataclass(frozen=True)
class LedgerPlace:
    """A store with a ledger, and the folder with what stands outside of it: the public key and the witness's file."""

    server: EmbeddedServer
    database: str
    folder: Path

    def verify(self, database: str, *, has_witness: bool = True) -> VerifyReport:
        """Verify the ledger of a database, with what the witness has or without."""
        trusted = TrustedKeys(load_public_keys([self.folder / f"{KEY_FILE}.pub"]))
        outside = {line.number: line.hash for line in read_lines(self.folder / WITNESS_FILE)} if has_witness else {}
        source = DatabaseSource(self.server.url(database))
        try:
            return verify_ledger(source, VerifyOptions(trusted, outside, processes=1))
        finally:
            source.close()

    @contextmanager
    def copied(self) -> Iterator[Connection[Any]]:
        """A connection to a copy of the store, which is gone afterwards. Nobody else may be connected to the store."""
        self.server.drop_database(COPY)
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            copy = sql.SQL("create database {} template {}")
            connection.execute(copy.format(sql.Identifier(COPY), sql.Identifier(self.database)))
        try:
            with psycopg.connect(self.server.url(COPY), autocommit=True) as connection:
                yield connection
        finally:
            self.server.drop_database(COPY)


@dataclass(frozen=True)
class TamperingFound:
    """The reports on the ledger as it is, with one record edited, and with its end cut off: without a witness and with it."""

    untouched: VerifyReport
    edited: VerifyReport
    cut_alone: VerifyReport
    cut_with_witness: VerifyReport


@dataclass(frozen=True)
class ForgottenMonth:
    """A month whose key was destroyed on `day`: entries about one citizen before and after it, and the report afterwards."""

    month: date
    day: date
    before: int
    after: int
    report: VerifyReport


def try_tampering(place: LedgerPlace) -> TamperingFound:
    """Change the ledger in copies of the store. Raises OperationRefused unless each change is found, and nothing where nothing is changed."""
    untouched = place.verify(place.database)
    with place.copied() as connection:
        connection.execute(EDIT)
        edited = place.verify(COPY)
    with place.copied() as connection:
        cut_end(connection)
        alone, witnessed = place.verify(COPY, has_witness=False), place.verify(COPY)
    found = TamperingFound(untouched, edited, alone, witnessed)
    _check(untouched, "the untouched ledger", LedgerVerdict.HOLDS, LedgerVerdict.HOLDS)
    if "RECORD_CHANGED" not in edited.counts or "OUTSIDE_AHEAD" not in witnessed.counts:
        raise OperationRefused("verification does not find what was changed", next_step="report this as a bug")
    return found


def cut_end(connection: Connection[Any]) -> None:
    """Remove the newest records with all that tells of them, as somebody would who knows the tables: what is left fits together."""
    checkpoints = [Checkpoint(*row) for row in connection.execute(CHECKPOINTS).fetchall()]
    if len(checkpoints) < 2:
        raise OperationRefused("the ledger has a single checkpoint", next_step="run the walk again")
    last = checkpoints[len(checkpoints) // 2 - 1]
    for head in map(decode_head, last.leaves):
        for statement in CUT_CHAIN:
            connection.execute(statement, {"epoch": head.epoch, "number": head.number})
    connection.execute(CUT_CHECKPOINTS, (last.number,))


def forget_month(place: LedgerPlace, count_entries: Callable[[Connection[Any]], int]) -> ForgottenMonth:
    """Destroy the key of this month in a copy of the store, on the first day on which that is allowed.

    `count_entries` counts the entries about one citizen. Raises OperationRefused unless there were some and are none afterwards, or if the ledger
    does not hold any more.
    """
    with place.copied() as connection:
        state = list_months(connection)[-1]
        day, before = state.find_due_day(0), count_entries(connection)
        then = datetime.combine(day, time(12), UTC)
        destroy_month_key(place.server.url(COPY), state.first_day, "local:walk", least_days=0, clock=lambda: then)
        found = ForgottenMonth(state.first_day, day, before, count_entries(connection), place.verify(COPY))
    _check(found.report, "the ledger without the month's key", LedgerVerdict.HOLDS, found.report.completeness)
    if not found.before or found.after or "KEY_DESTROYED" not in found.report.counts:
        raise OperationRefused("the month's key does not forget people", next_step="report this as a bug")
    return found


def _check(report: VerifyReport, what: str, integrity: LedgerVerdict, completeness: LedgerVerdict) -> None:
    broken = LedgerVerdict.BROKEN in (report.integrity, report.completeness)
    if broken or (report.integrity, report.completeness) != (integrity, completeness):
        raise OperationRefused(
            f"{what}: {', '.join(sorted(report.counts)) or report.integrity}", next_step="run `hub ledger verify`"
        )
