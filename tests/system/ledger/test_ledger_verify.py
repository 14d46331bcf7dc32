"""Verification of a ledger: every fault that a database's operator or a thief can make is found, and what is proven is said."""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from hub.cli import main
from hub.cli.operate.doctor.doctor_ledger import check_ledger
from hub.errors import HubMisconfigured, OperationRefused
from hub.ledger.checkpoints.document import CheckpointKind, LastCheckpoint, decode_head, make_checkpoint
from hub.ledger.checkpoints.signing_keys import SigningKey, create_signing_key, load_public_keys, load_signing_key
from hub.ledger.keeper import refuse_revoked_key
from hub.ledger.month_upkeep import destroy_due_keys, destroy_month_key, drop_month, list_months, record_keeping
from hub.ledger.months import month_of
from hub.ledger.recovery import resume_after_restore, revoke_signing_key
from hub.ledger.retention import find_longest_retention
from hub.ledger.unavailable import LedgerUnavailable
from hub.ledger.verify.checkpoint_chain import TrustedKeys
from hub.ledger.verify.database_source import DatabaseSource
from hub.ledger.verify.export_file import ExportSource, write_export
from hub.ledger.verify.findings import KINDS, LedgerVerdict
from hub.ledger.verify.source import LedgerIndex, LedgerSource, MonthRow
from hub.ledger.verify.verify import VerifyOptions, VerifyReport, verify_ledger
from hub.ledger.witnesses.file_witness import read_lines
from hub.ledger.writing.command_chain import commit_command
from hub.ledger.writing.records import DisclosedSubject, LedgerEntry, ReadOutcome, RecordKind, hash_record
from hub.ledger.writing.writer import LedgerWriter
from hub.settings import load_settings
from hub.store.roles import LEDGER
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import copy_database
from tests.system.ledger.test_ledger_checkpoints import kept, list_checkpoints
from tests.system.ledger.test_ledger_faults import Store, abandon

NOW = datetime.now(UTC)
MONTH = month_of(NOW)
BEFORE = datetime.combine(MONTH, datetime.min.time(), UTC) - timedelta(days=2)


def entries(count: int, at: datetime) -> list[LedgerEntry]:
    return [
        LedgerEntry(
            at,
            RecordKind.READ,
            f"issuer|officer-{n % 3}",
            ReadOutcome.ANSWERED,
            purpose="identify",
            dossier=f"H49.12-251118-{n:04}" if n % 2 else None,
            paths=("citizen.fullName", f"citizen.field{n % 2}"),
            subjects=(DisclosedSubject("Citizen", n, "requested"), DisclosedSubject("Citizen", n + 1, "incidental")),
        )
        for n in range(count)
    ]


async def fill(store: Store, folder: Path, count: int, at: datetime, *, key: str = "key.pem") -> None:
    """A chain of a server that ran at this time, with a checkpoint in its middle."""
    settings = load_settings(ledger_signing_key=folder / key, ledger_witness_file=folder / "witness.jsonl")
    async with kept(store, settings, lambda: at) as (writer, keeper):
        await asyncio.gather(*(writer.commit(one) for one in entries(count, at)))
        await keeper.checkpointer.wait_for_checkpoint(10)
        await asyncio.gather(*(writer.commit(one) for one in entries(count, at)))


@dataclass(frozen=True)
class Kept:
    """A ledger, its key and its witness."""

    store: Store
    folder: Path

    def verify(
        self, *, head: bool = True, key: bool = True, source: LedgerSource | None = None, **more: Any
    ) -> VerifyReport:
        found = source or DatabaseSource(self.store.owner)
        trusted = TrustedKeys(load_public_keys([self.folder / "key.pem.pub"]) if key else {}, more.pop("revoked", {}))
        outside = {line.number: line.hash for line in read_lines(self.folder / "witness.jsonl")} if head else {}
        try:
            return verify_ledger(found, VerifyOptions(trusted, outside, **more))
        finally:
            found.close()

    def codes(self, **options: Any) -> set[str]:
        """What is wrong: findings that say so."""
        return {f.code for f in self.verify(**options).findings if f.kind.weight == "BROKEN"}

    def key(self) -> SigningKey:
        return load_signing_key(self.folder / "key.pem")

    def chain(self, month: date = MONTH) -> tuple[UUID, int]:
        ((epoch, last),) = self.store.run(
            f"select epoch, max(number) from ledger.record where month = '{month}' group by epoch"
        )
        return epoch, last


@pytest.fixture(scope="module")
def template(
    postgres_server: EmbeddedServer, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """A ledger of a closed month and of this one, made once; nobody is connected to it."""
    folder, name = tmp_path_factory.mktemp("ledger"), "verify_template"
    url = copy_database(postgres_server, migrated, name)
    store = Store(url, postgres_server.login_url(LEDGER, name))
    create_signing_key(folder / "key.pem")
    asyncio.run(fill(store, folder, 20, BEFORE))
    asyncio.run(fill(store, folder, 30, NOW))
    return name, folder


@pytest.fixture
def ledger(template: tuple[str, Path], postgres_server: EmbeddedServer, tmp_path: Path) -> Iterator[Kept]:
    name = f"verify_{secrets.token_hex(4)}"
    url = copy_database(postgres_server, template[0], name)
    for file in template[1].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / file.name).chmod(file.stat().st_mode & 0o777)
    yield Kept(Store(url, postgres_server.login_url(LEDGER, name)), tmp_path)
    postgres_server.drop_database(name)


def test_a_ledger_that_nobody_touched_holds(ledger: Kept) -> None:
    report = ledger.verify()
    assert (report.integrity, report.completeness) == (LedgerVerdict.HOLDS, LedgerVerdict.HOLDS), report.findings
    assert (report.records, report.chains, report.people) == (2 * 20 + 2 * 30 + 4, 2, 200)
    assert report.signatures == report.checkpoints == report.last_checkpoint + 1
    assert report.proven_to == report.last_checkpoint
    assert {f.code for f in report.findings} <= {"SILENCE"}
    assert ledger.store.run("select closes from ledger.checkpoint where closes is not null") == [(month_of(BEFORE),)]


def test_without_anything_from_outside_nothing_is_proven(ledger: Kept) -> None:
    report = ledger.verify(head=False, key=False)
    assert (report.integrity, report.completeness) == (LedgerVerdict.UNPROVEN, LedgerVerdict.UNPROVEN)
    assert {"NO_OUTSIDE_HEAD", "SIGNATURES_NOT_CHECKED"} <= {f.code for f in report.findings}


EDIT = f"update ledger.record set record = set_byte(record, 90, 90) where month = '{MONTH}' and number = 10"
FAULTS: dict[str, tuple[str, set[str]]] = {
    "a row is edited": (EDIT, {"RECORD_CHANGED"}),
    "a row is edited and hashed anew": (
        f"{EDIT}; update ledger.record set hash = sha256(record) where month = '{MONTH}' and number = 10",
        {"CHAIN_BROKEN"},
    ),
    "a row is deleted": (f"delete from ledger.record where month = '{MONTH}' and number = 10", {"RECORD_MISSING"}),
    "the first rows are deleted": (
        f"delete from ledger.record where month = '{MONTH}' and number < 3",
        {"RECORD_MISSING"},
    ),
    "two rows are swapped": (
        f"update ledger.record set number = -1 where month = '{MONTH}' and number = 10;"
        f"update ledger.record set number = 10 where month = '{MONTH}' and number = 11;"
        f"update ledger.record set number = 11 where month = '{MONTH}' and number = -1",
        {"NUMBER_DIFFERS", "CHAIN_BROKEN"},
    ),
    "the tail is cut": (f"delete from ledger.record where month = '{MONTH}' and number > 40", {"TAIL_MISSING"}),
    "a month is dropped": (f"drop table ledger.record_{BEFORE:%Y_%m}", {"MONTH_MISSING"}),
    "a month is dropped with its index": (
        f"drop table ledger.record_{BEFORE:%Y_%m}, ledger.disclosure_{BEFORE:%Y_%m};"
        f"delete from ledger.month where first_day < '{MONTH}'; delete from ledger.epoch where month < '{MONTH}'",
        {"MONTH_MISSING"},
    ),
    "an epoch row is removed": (f"delete from ledger.epoch where month = '{MONTH}'", {"EPOCH_ROW_MISSING"}),
    "a chain is removed": (
        f"delete from ledger.record where month = '{MONTH}'; delete from ledger.epoch where month = '{MONTH}'",
        {"CHAIN_MISSING"},
    ),
    "a disclosure is removed": (
        f"delete from ledger.disclosure where ctid = '(0,5)' and month = '{MONTH}'",
        {"DISCLOSURE_DIFFERS"},
    ),
    "a disclosure is added": (
        f"insert into ledger.disclosure select month, substring(sha256('x') for 16), epoch, number, 'requested'"
        f" from ledger.record where month = '{MONTH}' and number = 5",
        {"DISCLOSURE_DIFFERS"},
    ),
    "the role of a disclosure is edited": (
        f"update ledger.disclosure set role = 'self' where ctid = '(0,5)' and month = '{MONTH}'",
        {"DISCLOSURE_DIFFERS"},
    ),
    "a time is edited": ("update ledger.record set at = at + '1 day' where number = 7", {"COLUMN_DIFFERS"}),
    "a principal is edited": ("update ledger.record set principal = 'x' where number = 7", {"COLUMN_DIFFERS"}),
    "a dossier is edited": ("update ledger.record set dossier = null where dossier is not null", {"COLUMN_DIFFERS"}),
    "a list of fields is edited": ("update ledger.operation set paths = '[]'", {"OPERATION_DIFFERS"}),
    "a list of fields is removed": ("delete from ledger.operation", {"OPERATION_DIFFERS"}),
    "heads are edited": (
        "update ledger.checkpoint set heads = set_byte(heads, 30, 255 - get_byte(heads, 30)) where length(heads) > 0",
        {"ROOT_DIFFERS"},
    ),
    "a checkpoint is edited": (
        "update ledger.checkpoint set document = set_byte(document, 200, 48 + (get_byte(document, 200) - 47) % 10)"
        " where number = 2",
        {"CHECKPOINT_BROKEN", "SIGNATURE_WRONG"},
    ),
    "a checkpoint is removed": (
        "delete from ledger.checkpoint where number = 2",
        {"CHECKPOINT_MISSING", "CHECKPOINT_BROKEN"},
    ),
    "a signature is removed": ("update ledger.checkpoint set signature = null where number = 2", {"SIGNATURE_WRONG"}),
    "the key of a month is replaced": (
        "update ledger.month set subject_key = sha256(first_day::text::bytea)",
        {"MONTH_ROW_DIFFERS"},
    ),
    "the key of one month is that of another": (
        f"update ledger.month set subject_key = (select subject_key from ledger.month where first_day < '{MONTH}')",
        {"MONTH_ROW_DIFFERS"},
    ),
    "the key of a month is removed": (
        f"update ledger.month set subject_key = null where first_day = '{MONTH}'",
        {"KEY_LOST"},
    ),
    "the key of a month is removed as if it was destroyed": (
        f"update ledger.month set subject_key = null, key_destroyed_at = now() where first_day < '{MONTH}'",
        {"KEY_LOST"},
    ),
    "a month was opened earlier": ("update ledger.month set opened_at = '2020-01-01'", {"MONTH_ROW_DIFFERS"}),
    "a month was opened a moment later": (
        "update ledger.month set opened_at = opened_at + '1 microsecond'",
        {"MONTH_ROW_DIFFERS"},
    ),
    "a month was never opened": ("update ledger.month set opened_at = 'infinity'", {"MONTH_ROW_DIFFERS"}),
    "the row of a month is removed": (f"delete from ledger.month where first_day = '{MONTH}'", {"MONTH_ROW_DIFFERS"}),
    "a month seems to be dropped": ("update ledger.month set dropped_at = now()", {"MONTH_ROW_DIFFERS"}),
    "a month seems to be dropped on a day of no calendar": (
        "update ledger.month set dropped_at = '-infinity'",
        {"MONTH_ROW_DIFFERS"},
    ),
    "a chain stands in another month": (
        f"update ledger.epoch set month = '{month_of(BEFORE)}' where month = '{MONTH}'",
        {"EPOCH_ROW_MISSING"},
    ),
    "a chain ended on a day of no calendar": (
        "delete from ledger.record where number > 20; update ledger.epoch set ended_at = 'infinity'",
        {"END_UNEXPLAINED", "TAIL_MISSING"},
    ),
    "a record has a great number": (
        f"update ledger.record set number = 9000000000000000000 where month = '{MONTH}' and number = 10",
        {"RECORD_MISSING", "NUMBER_DIFFERS"},
    ),
    "a record has the greatest number": (
        f"update ledger.record set number = 9223372036854775807 where month = '{MONTH}' and number = 10",
        {"RECORD_MISSING", "NUMBER_DIFFERS"},
    ),
    "a record has the least number": (
        f"update ledger.record set number = -9223372036854775808 where month = '{MONTH}' and number = 10",
        {"RECORD_MISSING", "NUMBER_DIFFERS"},
    ),
    "records are far from each other": (
        f"update ledger.record set number = number * 2000000000 where month = '{MONTH}'",
        {"RECORD_MISSING", "NUMBER_DIFFERS"},
    ),
    "the newest checkpoints are removed": ("delete from ledger.checkpoint where number > 3", {"OUTSIDE_AHEAD"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(ledger: Kept, fault: str) -> None:
    sql, expected = FAULTS[fault]
    ledger.store.run(sql)
    found = ledger.codes()
    assert expected <= found, found
    for code in found:
        assert KINDS[code].proves


def rewrite_chain(ledger: Kept, epoch: UUID, *, first: int) -> None:
    """Do what the owner of the tables can do: edit a record and make all hashes after it fit."""
    with psycopg.connect(ledger.store.owner) as connection:
        rows = connection.execute(
            "select number, record from ledger.record where epoch = %s order by number", (epoch,)
        ).fetchall()
        previous = hash_record(rows[first - 1][1])
        for number, record in rows[first:]:
            body = json.loads(record[40:])
            if number == first:
                body["purpose"] = "another"
            changed = previous + record[32:40] + json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
            previous = hash_record(changed)
            connection.execute(
                "update ledger.record set record = %s, hash = %s where epoch = %s and number = %s",
                (changed, previous, epoch, number),
            )


def test_a_chain_written_anew_is_found_by_the_checkpoints(ledger: Kept) -> None:
    epoch, _ = ledger.chain()
    rewrite_chain(ledger, epoch, first=10)
    assert ledger.codes(head=False) == {"HEAD_DIFFERS"}


def remake_checkpoints(ledger: Kept, key: SigningKey | None) -> None:
    """Do what a thief of the signing key can do who owns the database: make every checkpoint anew."""
    with psycopg.connect(ledger.store.owner) as connection:
        heads = dict(connection.execute("select (epoch, number)::text, hash from ledger.record").fetchall())
        after = LastCheckpoint()
        for one in list_checkpoints(ledger.store):
            leaves = [decode_head(leaf) for leaf in one.leaves]
            leaves = [
                replace(h, hash=heads[f"({h.epoch},{h.number})"]) for h in leaves if f"({h.epoch},{h.number})" in heads
            ]
            body = one.body
            at = datetime.fromisoformat(body["at"])
            made = make_checkpoint(after, at, CheckpointKind(body["kind"]), leaves, key, details=body.get("details"))
            connection.execute(
                "update ledger.checkpoint set document = %s, heads = %s, signature = %s where number = %s",
                (made.document, made.heads, made.signature, made.number),
            )
            after = LastCheckpoint(made.number, made.hash)


def test_whoever_stole_the_signing_key_is_found_by_the_outside_head_alone(ledger: Kept) -> None:
    epoch, _ = ledger.chain()
    rewrite_chain(ledger, epoch, first=10)
    remake_checkpoints(ledger, ledger.key())
    assert ledger.codes(head=False) == set(), "this is what cannot be proven without a witness"
    assert ledger.verify(head=False).completeness is LedgerVerdict.UNPROVEN
    assert ledger.codes() == {"OUTSIDE_DIFFERS"}


def test_checkpoints_made_anew_without_the_key_are_found_by_the_key(ledger: Kept) -> None:
    epoch, _ = ledger.chain()
    rewrite_chain(ledger, epoch, first=10)
    thief = create_signing_key(ledger.folder / "thief.pem")
    remake_checkpoints(ledger, thief)
    assert ledger.codes(head=False) == {"SIGNATURE_WRONG"}
    remake_checkpoints(ledger, None)
    assert (
        "SIGNATURE_WRONG" in ledger.codes(head=False) or ledger.verify(head=False).integrity is LedgerVerdict.UNPROVEN
    )


def test_a_tail_that_is_cut_with_its_checkpoints_is_found_by_the_outside_head(ledger: Kept) -> None:
    epoch, last = ledger.chain()
    claims = {c.number: [decode_head(leaf) for leaf in c.leaves] for c in list_checkpoints(ledger.store)}
    cut = min(number for number, heads in claims.items() if any(h.epoch == epoch and h.number > 5 for h in heads))
    stop = max((h.number for n, heads in claims.items() for h in heads if n < cut and h.epoch == epoch), default=-1)
    ledger.store.run(f"delete from ledger.checkpoint where number >= {cut}")
    ledger.store.run(f"delete from ledger.record where epoch = '{epoch}' and number > {stop}")
    ledger.store.run(f"delete from ledger.disclosure where epoch = '{epoch}' and number > {stop}")
    ledger.store.run(f"update ledger.epoch set ended_at = null where id = '{epoch}'")
    if stop < 0:
        ledger.store.run(f"delete from ledger.epoch where id = '{epoch}'")
    assert ledger.codes(head=False) == set()
    assert ledger.codes() == {"OUTSIDE_AHEAD"}
    assert last > stop


def test_what_the_writers_login_adds_to_an_ended_chain_is_found(ledger: Kept) -> None:
    epoch, last = ledger.chain()
    with psycopg.connect(ledger.store.writer, autocommit=True) as connection:
        (head,) = connection.execute("select hash from ledger.chain_head(%s, %s)", (epoch, MONTH)).fetchone() or (None,)
        body = {"at": NOW.isoformat(timespec="microseconds"), "kind": "READ", "principal": "x", "outcome": "ANSWERED"}
        record = head + (last + 1).to_bytes(8, "big") + json.dumps(body).encode()
        connection.execute(
            "insert into ledger.record values (%s, %s, %s, %s, %s, %s, 'x')",
            (MONTH, epoch, last + 1, record, hash_record(record), NOW),
        )
        forged = make_checkpoint(LastCheckpoint(99, head), NOW, CheckpointKind.HEADS, [], None)
        connection.execute(
            "insert into ledger.checkpoint (number, at, document, heads) values (100, %s, %s, '')",
            (NOW, forged.document),
        )
    found = ledger.codes()
    assert {"AFTER_END", "SIGNATURE_WRONG", "CHECKPOINT_BROKEN", "CHECKPOINT_MISSING"} <= found


def test_an_export_is_verified_with_the_public_key_alone(ledger: Kept, tmp_path: Path) -> None:
    path = tmp_path / "ledger.export"
    source = DatabaseSource(ledger.store.owner)
    with path.open("wb") as file:
        written = write_export(source, file)
    source.close()
    content = path.read_bytes()
    ((key,),) = ledger.store.run(f"select subject_key from ledger.month where first_day = '{MONTH}'")
    assert key not in content
    assert b"PRIVATE" not in content
    report = ledger.verify(source=ExportSource(path))
    assert (report.integrity, report.completeness) == (LedgerVerdict.HOLDS, LedgerVerdict.HOLDS), report.findings
    assert report.records == written
    path.write_bytes(content[:-30])
    with pytest.raises(HubMisconfigured, match="cut off"):
        ledger.verify(source=ExportSource(path))
    for position in range(len(content) // 2, len(content) - 200, 997):
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(changed)
        try:
            assert ledger.codes(source=ExportSource(path)), f"byte {position} of {len(content)} may be changed"
        except HubMisconfigured:
            continue


@pytest.mark.parametrize(
    "fault",
    [
        "a row is edited and hashed anew",
        "a row is deleted",
        "the tail is cut",
        "heads are edited",
        "the key of a month is replaced",
        "the key of a month is removed",
        "a month was opened earlier",
        "a month was never opened",
        "the row of a month is removed",
    ],
)
def test_an_export_of_a_ledger_that_was_changed_shows_it(ledger: Kept, tmp_path: Path, fault: str) -> None:
    sql, expected = FAULTS[fault]
    ledger.store.run(sql)
    source = DatabaseSource(ledger.store.owner)
    with (tmp_path / "ledger.export").open("wb") as file:
        write_export(source, file)
    source.close()
    assert expected <= ledger.codes(source=ExportSource(tmp_path / "ledger.export"))


def test_an_export_of_an_older_hub_says_that_the_keys_are_not_compared(ledger: Kept, tmp_path: Path) -> None:
    class OlderSource(DatabaseSource):
        def read_index(self) -> LedgerIndex:
            index = super().read_index()
            return replace(index, months=tuple(MonthRow(m.first_day, m.has_key, m.dropped_at) for m in index.months))

    source = OlderSource(ledger.store.owner)
    with (tmp_path / "ledger.export").open("wb") as file:
        write_export(source, file)
    source.close()
    report = ledger.verify(source=ExportSource(tmp_path / "ledger.export"))
    assert (report.integrity, report.completeness) == (LedgerVerdict.HOLDS, LedgerVerdict.HOLDS), report.findings
    assert report.counts["KEY_NOT_COMPARED"] == 2


def forge(ledger: Kept, details: dict[str, Any], at: datetime) -> None:
    """Add a record about keeping with the writer's login, as the hub writes it."""

    async def run() -> None:
        writer = LedgerWriter(ledger.store.writer, "test", clock=lambda: at)
        await writer.commit(LedgerEntry(at, RecordKind.KEEPING, "local:thief", ReadOutcome.ANSWERED, details=details))
        await writer.close()

    asyncio.run(run())


def test_a_forged_record_does_not_explain_that_a_month_is_gone(ledger: Kept) -> None:
    """Neither of this month, nor in a later one: no checkpoint has closed it."""
    next_month = datetime.combine((MONTH + timedelta(days=32)).replace(day=1), datetime.min.time(), UTC)
    ledger.store.run(f"delete from ledger.record where month = '{MONTH}'")
    ledger.store.run(f"delete from ledger.disclosure where month = '{MONTH}'")
    forge(ledger, {"action": "MONTH_DROPPED", "months": [str(MONTH)], "closing": 3}, next_month)
    asyncio.run(fill(ledger.store, ledger.folder, 1, next_month))
    assert ledger.codes() == {"MONTH_MISSING"}
    (said,) = [one for one in ledger.verify().findings if one.code == "DROP_UNFOUNDED"]
    assert (said.where, "no checkpoint closed the month" in said.found) == (f"month {MONTH:%Y-%m}", True)
    forge(ledger, {"action": "MONTH_DROPPED", "months": [str(MONTH)]}, NOW)
    assert "CHAIN_MISSING" in ledger.codes()
    # The hub's own statement would close it, but the key does not sign for a thief.
    last = list_checkpoints(ledger.store)[-1]
    details = {"month": str(MONTH)}
    made = make_checkpoint(
        LastCheckpoint(last.number, last.hash), next_month, CheckpointKind.MONTH, [], None, details=details
    )
    with psycopg.connect(ledger.store.writer, autocommit=True) as connection:
        connection.execute(
            "insert into ledger.checkpoint (number, at, document, heads, closes) values (%s, %s, %s, '', %s)",
            (made.number, next_month, made.document, MONTH),
        )
    assert {"SIGNATURE_WRONG", "CHAIN_MISSING"} <= ledger.codes()


def test_a_month_that_the_hub_closed_without_its_records_is_not_explained(ledger: Kept) -> None:
    """The hub closes what it finds: chains that were deleted before are in no closing checkpoint."""
    next_month = datetime.combine((MONTH + timedelta(days=32)).replace(day=1), datetime.min.time(), UTC)
    ledger.store.run(f"delete from ledger.record where month = '{MONTH}'")
    ledger.store.run(f"delete from ledger.disclosure where month = '{MONTH}'")
    asyncio.run(fill(ledger.store, ledger.folder, 1, next_month + timedelta(hours=1)))
    assert ledger.store.run(f"select count(*) from ledger.checkpoint where closes = '{MONTH}'") == [(1,)]
    ledger.store.run(f"update ledger.month set dropped_at = now(), subject_key = null where first_day = '{MONTH}'")
    forge(ledger, {"action": "MONTH_DROPPED", "months": [str(MONTH)]}, next_month + timedelta(hours=1))
    asyncio.run(fill(ledger.store, ledger.folder, 1, next_month + timedelta(hours=1)))
    assert {"MONTH_MISSING"} <= ledger.codes()


def test_a_dropped_month_whose_closing_was_signed_with_a_stolen_key_is_not_explained(ledger: Kept) -> None:
    before = month_of(BEFORE)
    ledger.store.run(f"drop table ledger.record_{before:%Y_%m}, ledger.disclosure_{before:%Y_%m}")
    forge(ledger, {"action": "MONTH_DROPPED", "months": [str(before)]}, NOW)
    assert ledger.codes() == {"MONTH_MISSING"}, "no checkpoint has the record yet"
    asyncio.run(fill(ledger.store, ledger.folder, 1, datetime.now(UTC)))
    assert ledger.codes() == set(), "this is what the closing checkpoint and the writer's login are enough for"
    ((closing,),) = ledger.store.run("select number from ledger.checkpoint where closes is not null")
    details = {"action": "KEY_REVOKED", "key": ledger.key().id, "after": closing - 1}
    forge(ledger, details, datetime.now(UTC))
    assert {"KEY_REVOKED", "MONTH_MISSING"} <= ledger.codes()


def test_a_second_revocation_does_not_undo_the_first(ledger: Kept) -> None:
    stolen = ledger.key()
    create_signing_key(ledger.folder / "next.pem", endorsed_by=stolen)
    asyncio.run(fill(ledger.store, ledger.folder, 2, datetime.now(UTC), key="next.pem"))
    current = load_signing_key(ledger.folder / "next.pem")
    assert revoke_signing_key(ledger.store.owner, stolen.id, 1, current, "local:test") == 1
    first = ledger.verify()
    assert first.counts["KEY_REVOKED"] > 0
    assert revoke_signing_key(ledger.store.owner, stolen.id, None, current, "local:test") == 1, "what counts is said"
    ((last,),) = ledger.store.run("select max(number) from ledger.checkpoint")
    for _ in range(5):  # the order of chains is by their random ids
        forge(ledger, {"action": "KEY_REVOKED", "key": stolen.id, "after": last}, datetime.now(UTC))
    second = ledger.verify()
    assert (second.integrity, second.signatures) == (LedgerVerdict.BROKEN, first.signatures)
    assert second.counts["KEY_REVOKED"] == first.counts["KEY_REVOKED"]


def test_processes_find_what_one_finds(ledger: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.ledger.verify.database_source.SEGMENT_RECORDS", 10)
    report = ledger.verify(processes=2)
    assert (report.integrity, report.completeness) == (LedgerVerdict.HOLDS, LedgerVerdict.HOLDS), report.findings
    ledger.store.run(EDIT)
    assert ledger.codes(processes=2) == ledger.codes(processes=1) >= {"RECORD_CHANGED"}


def test_a_chain_that_broke_off_is_explained_by_the_next(ledger: Kept) -> None:
    async def run() -> None:
        settings = load_settings(
            ledger_signing_key=ledger.folder / "key.pem", ledger_witness_file=ledger.folder / "witness.jsonl"
        )
        async with kept(ledger.store, settings) as (writer, _):
            await writer.commit(entries(1, datetime.now(UTC))[0])
            await abandon(ledger.store, writer)
            await writer.commit(entries(1, datetime.now(UTC))[0])

    asyncio.run(run())
    report = ledger.verify()
    assert (report.integrity, report.completeness) == (LedgerVerdict.HOLDS, LedgerVerdict.HOLDS), report.findings
    assert "CHAIN_ABANDONED" in report.counts


def test_what_a_key_signed_after_it_was_revoked_is_found(ledger: Kept) -> None:
    stolen = ledger.key()
    with pytest.raises(OperationRefused, match="signs with this key"):
        revoke_signing_key(ledger.store.owner, stolen.id, None, stolen, "local:test")
    with pytest.raises(OperationRefused, match="no checkpoint of the ledger was signed"):
        revoke_signing_key(ledger.store.owner, "0" * 32, None, None, "local:test")
    create_signing_key(ledger.folder / "next.pem", endorsed_by=stolen)
    asyncio.run(fill(ledger.store, ledger.folder, 2, datetime.now(UTC), key="next.pem"))
    last = revoke_signing_key(
        ledger.store.owner, stolen.id, None, load_signing_key(ledger.folder / "next.pem"), "local:test"
    )
    asyncio.run(fill(ledger.store, ledger.folder, 2, datetime.now(UTC), key="next.pem"))
    report = ledger.verify()
    assert (report.integrity, report.signatures) == (LedgerVerdict.HOLDS, report.checkpoints), report.findings
    refuses_to_sign(ledger, stolen)
    # The thief signs on, as if nothing had been said: the hub's own list of revoked keys does not hold whoever owns the database.
    ledger.store.run("delete from ledger.revoked_key")
    asyncio.run(fill(ledger.store, ledger.folder, 2, datetime.now(UTC), key="key.pem"))
    report = ledger.verify()
    (found,) = [finding for finding in report.findings if finding.code == "KEY_REVOKED"]
    assert found.where.startswith("checkpoints ")
    assert f"the key {stolen.id} was stolen, says record" in found.found
    assert int(found.where.split()[1]) > last
    assert (report.integrity, report.signatures < report.checkpoints) == (LedgerVerdict.BROKEN, True)


def refuses_to_sign(ledger: Kept, stolen: SigningKey) -> None:
    """No server starts or goes on with the key, and no restored backup is resumed with it."""
    settings = load_settings(ledger_signing_key=ledger.folder / "key.pem", access="on", ledger_url=ledger.store.writer)
    with pytest.raises(HubMisconfigured, match="is revoked") as refused:
        refuse_revoked_key(settings, ledger.store.writer)
    assert refused.value.code == "LEDGER_KEY_REVOKED"
    refuse_revoked_key(load_settings(ledger_signing_key=ledger.folder / "next.pem"), ledger.store.writer)
    said = {finding.what: finding for finding in check_ledger(settings, ledger.store.owner)}
    assert not said["revoked ledger signing key"].holds
    with psycopg.connect(ledger.store.writer) as login, pytest.raises(psycopg.errors.InsufficientPrivilege):
        login.execute("delete from ledger.revoked_key")
    before = len(list_checkpoints(ledger.store))
    ahead = LastCheckpoint(10_000, bytes(32))
    with pytest.raises(HubMisconfigured, match="is revoked"):
        resume_after_restore(ledger.store.owner, ahead, stolen, "local:test")
    assert len(list_checkpoints(ledger.store)) == before


def test_a_server_stops_signing_when_its_key_is_revoked_and_another_goes_on(ledger: Kept) -> None:
    old = ledger.key()
    create_signing_key(ledger.folder / "next.pem")

    async def run() -> None:
        stale = load_settings(ledger_signing_key=ledger.folder / "key.pem")
        async with kept(ledger.store, stale) as (writer, keeper):
            await writer.commit(entries(1, datetime.now(UTC))[0])
            await keeper.checkpointer.wait_for_checkpoint(20)
            assert keeper.checkpointer.is_at_work
            await asyncio.to_thread(revoke_signing_key, ledger.store.owner, old.id, None, None, "local:test")
            fresh = load_settings(ledger_signing_key=ledger.folder / "next.pem")
            async with kept(ledger.store, fresh) as (other, second):
                await writer.commit(entries(1, datetime.now(UTC))[0])
                await other.commit(entries(1, datetime.now(UTC))[0])
                await second.checkpointer.wait_for_checkpoint(30)
                assert (keeper.checkpointer.is_at_work, second.checkpointer.is_at_work) == (False, True)

    asyncio.run(run())
    assert ledger.store.run("select count(*) from hub.alarm where kind = 'LEDGER_KEY_REVOKED'") == [(1,)]
    ((last,),) = ledger.store.run(f"select after from ledger.revoked_key where key = '{old.id}'")
    signed = [one.number for one in list_checkpoints(ledger.store) if one.body["key"] == old.id]
    assert max(signed) <= last < max(one.number for one in list_checkpoints(ledger.store))
    assert "KEY_REVOKED" not in ledger.codes(), "no honest checkpoint is taken for a thief's"


def test_keys_are_followed_and_stolen_ones_are_not_trusted(ledger: Kept) -> None:
    create_signing_key(ledger.folder / "next.pem", endorsed_by=ledger.key())
    asyncio.run(fill(ledger.store, ledger.folder, 2, datetime.now(UTC), key="next.pem"))
    report = ledger.verify()
    assert (report.integrity, report.signatures) == (LedgerVerdict.HOLDS, report.checkpoints), report.findings
    assert ledger.codes(revoked={ledger.key().id: 2}) >= {"KEY_REVOKED", "SIGNATURE_WRONG"}
    create_signing_key(ledger.folder / "stranger.pem")
    asyncio.run(fill(ledger.store, ledger.folder, 2, datetime.now(UTC), key="stranger.pem"))
    assert ledger.codes() == {"SIGNATURE_WRONG"}


def test_a_month_is_forgotten_and_dropped_and_the_rest_holds(ledger: Kept) -> None:
    url, month = ledger.store.owner, month_of(BEFORE)
    with pytest.raises(OperationRefused, match="is not over"):
        destroy_month_key(url, MONTH, "local:an", least_days=1)
    with pytest.raises(OperationRefused, match="can ask who read their data until"):
        destroy_month_key(url, month, "local:an", least_days=1)
    assert destroy_due_keys(url, "local:an", least_days=1) == []
    with psycopg.connect(url) as connection:
        due = list_months(connection)[0].find_due_day(1)
    assert due == MONTH + timedelta(days=find_longest_retention())

    def later() -> datetime:
        return datetime.combine(due, datetime.min.time(), UTC)

    assert destroy_due_keys(url, "local:an", least_days=1, clock=lambda: later() - timedelta(days=1)) == []
    assert destroy_due_keys(url, "local:an", least_days=4_000, clock=later) == [], "the operator keeps it for longer"
    assert destroy_due_keys(url, "local:an", least_days=1, clock=later) == [month]
    with pytest.raises(OperationRefused, match="destroyed already"):
        destroy_month_key(url, month, "local:an", least_days=1, clock=later)
    asyncio.run(fill(ledger.store, ledger.folder, 1, datetime.now(UTC)))
    report = ledger.verify()
    assert (report.integrity, report.completeness) == (LedgerVerdict.HOLDS, LedgerVerdict.HOLDS), report.findings
    assert report.counts["KEY_DESTROYED"] == 1
    with pytest.raises(OperationRefused, match="are kept until"):
        drop_month(url, month, "local:an", keep_days=4_000, least_days=1, clock=later)
    with pytest.raises(OperationRefused, match="are kept until"):
        drop_month(url, month, "local:an", keep_days=1, least_days=1)
    with psycopg.connect(url) as connection:
        assert [one.closing is not None for one in list_months(connection)] == [True, False]
    drop_month(url, month, "local:an", keep_days=1, least_days=1, clock=lambda: later() + timedelta(days=1))
    asyncio.run(fill(ledger.store, ledger.folder, 1, datetime.now(UTC)))
    report = ledger.verify()
    assert (report.integrity, report.completeness) == (LedgerVerdict.HOLDS, LedgerVerdict.HOLDS_WITH_GAPS), (
        report.findings
    )
    assert report.counts["MONTH_DROPPED"] == 1
    assert "local:an" in next(f.found for f in report.findings if f.code == "MONTH_DROPPED")


def test_a_restored_backup_goes_on_and_says_so(ledger: Kept, postgres_server: EmbeddedServer) -> None:
    backup = f"backup_{secrets.token_hex(4)}"
    name = str(conninfo_to_dict(ledger.store.owner)["dbname"])
    restored = Kept(
        Store(copy_database(postgres_server, name, backup), postgres_server.login_url(LEDGER, backup)), ledger.folder
    )
    asyncio.run(fill(ledger.store, ledger.folder, 2, datetime.now(UTC)))
    assert restored.codes() == {"OUTSIDE_AHEAD"}
    last = list_checkpoints(ledger.store)[-1]
    made = resume_after_restore(
        restored.store.owner, LastCheckpoint(last.number, last.hash), restored.key(), "local:an"
    )
    assert made.number == last.number + 1
    with pytest.raises(OperationRefused, match="nothing was restored"):
        resume_after_restore(restored.store.owner, LastCheckpoint(last.number, last.hash), None, "local:an")
    asyncio.run(fill(restored.store, ledger.folder, 2, datetime.now(UTC)))
    report = restored.verify()
    assert (report.integrity, report.completeness) == (LedgerVerdict.HOLDS, LedgerVerdict.HOLDS_WITH_GAPS), (
        report.findings
    )
    assert report.counts["LOST_BY_RESTORE"] == 1
    postgres_server.drop_database(backup)


KEPT_STATISTICS = """
select count(*) from pg_stats where schemaname = 'ledger' and tablename = 'month' and attname = 'subject_key'"""


def test_no_statistics_have_the_key_of_a_month(ledger: Kept) -> None:
    ledger.store.run("analyze")
    assert ledger.store.run(KEPT_STATISTICS) == [(0,)]
    assert ledger.store.run(KEPT_STATISTICS.replace("subject_key", "first_day")) == [(1,)]


@pytest.mark.parametrize("how", ["destroyed", "dropped"])
def test_a_key_that_is_gone_is_in_no_statistics_of_an_earlier_time(ledger: Kept, how: str) -> None:
    ledger.store.run("alter table ledger.month alter column subject_key set statistics -1")
    ledger.store.run("analyze ledger.month")
    ((bounds,),) = ledger.store.run(KEPT_STATISTICS.replace("count(*)", "histogram_bounds::text"))
    ((key,),) = ledger.store.run(f"select subject_key from ledger.month where first_day < '{MONTH}'")
    assert key.hex() in bounds

    def later() -> datetime:
        return NOW + timedelta(days=10_000)

    if how == "destroyed":
        destroy_month_key(ledger.store.owner, month_of(BEFORE), "local:an", least_days=1, clock=later)
    else:
        drop_month(ledger.store.owner, month_of(BEFORE), "local:an", keep_days=1, least_days=1, clock=later)
    assert ledger.store.run(KEPT_STATISTICS) == [(0,)]
    ledger.store.run("analyze")
    assert ledger.store.run(KEPT_STATISTICS) == [(0,)]


@pytest.mark.parametrize("body", ["", "x", "[]", '{"details":5}', '{"details":{"retentionDays":"x"}}'])
def test_the_months_are_listed_whatever_their_chains_begin_with(ledger: Kept, body: str) -> None:
    ledger.store.run(
        f"update ledger.record set record = substring(record for 40) || '{body}'::bytea where month = '{MONTH}' and number = 0"
    )
    with psycopg.connect(ledger.store.owner) as connection:
        before, now = list_months(connection)
    assert (before.retention_days, now.retention_days) == (find_longest_retention(), None)


def test_without_the_key_of_the_month_reads_and_commands_say_so(ledger: Kept, caplog: pytest.LogCaptureFixture) -> None:
    ledger.store.run(f"update ledger.month set subject_key = null where first_day = '{MONTH}'")
    before = ledger.store.run("select count(*) from ledger.epoch")

    async def run() -> None:
        writer = LedgerWriter(ledger.store.writer, "test")
        with pytest.raises(LedgerUnavailable):
            await writer.commit(entries(1, NOW)[0])
        await writer.close()

    asyncio.run(run())
    assert "has no key" in caplog.text
    with (
        psycopg.connect(ledger.store.owner, autocommit=True) as connection,
        pytest.raises(LedgerUnavailable, match=f"month {MONTH:%Y-%m} has no key") as refused,
    ):
        commit_command(connection, entries(1, NOW), "test")
    assert (refused.value.code, refused.value.exit_code) == ("LEDGER_UNAVAILABLE", 69)
    with pytest.raises(LedgerUnavailable, match="has no key"):
        record_keeping(ledger.store.owner, "TRIED", {}, "local:an")
    assert ledger.store.run("select count(*) from ledger.epoch") == before, "no chain is begun"


@pytest.fixture
def hub(ledger: Kept, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    monkeypatch.setenv("HUB_DATABASE_URL", ledger.store.owner)

    def run(*arguments: str, fails: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["ledger", *arguments])
        printed = capsys.readouterr()
        assert (left.value.code or 0) == fails, printed
        return printed.out + (printed.err if fails else "")

    return run


def test_the_commands(ledger: Kept, hub: Callable[..., str], tmp_path: Path) -> None:
    given = ("--head", str(ledger.folder / "witness.jsonl"), "--public-key", str(ledger.folder / "key.pem.pub"))
    assert "integrity: HOLDS\ncompleteness: HOLDS\n" in hub("verify", *given)
    assert "completeness: UNPROVEN" in hub("verify")
    hub("export", "--to", str(tmp_path / "ledger.export"))
    exported = json.loads(hub("verify", "--export", str(tmp_path / "ledger.export"), *given, "--json"))
    assert (exported["integrity"], exported["completeness"]) == ("HOLDS", "HOLDS")
    last = list_checkpoints(ledger.store)[-1]
    assert "nothing up to it" in hub("verify", "--head", f"{last.number}:{last.hash.hex()}")
    assert "OUTSIDE_AHEAD" in hub("verify", "--head", f"{last.number + 5}:{last.hash.hex()}", fails=66)
    ledger.store.run(EDIT)
    assert "RECORD_CHANGED" in hub("verify", *given, fails=65)
    assert f"{BEFORE:%Y-%m}" in hub("months")
    assert "not the month" in hub("destroy-key", "--month", f"{BEFORE:%Y-%m}", "--confirm", "yes", fails=64)
    assert "until" in hub("destroy-key", "--month", f"{BEFORE:%Y-%m}", "--confirm", f"{BEFORE:%Y-%m}", fails=64)
    assert "no month is due" in hub("destroy-due")
    months = json.loads(hub("months", "--json"))
    assert months[0]["forget_from"] == str(MONTH + timedelta(days=find_longest_retention()))
    assert "are kept until" in hub("drop", "--month", f"{BEFORE:%Y-%m}", "--confirm", f"{BEFORE:%Y-%m}", fails=64)
    assert "nothing was restored" in hub("resume", "--after-restore", "--head", f"0:{'0' * 64}", fails=64)
    key = hub("keys", "new", str(tmp_path / "one.pem")).strip()
    assert key != hub("keys", "rotate", str(tmp_path / "two.pem"), "--old", str(tmp_path / "one.pem")).strip()
