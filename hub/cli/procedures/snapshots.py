"""`hub snapshots`: answers that were kept with dossiers: compared with today's, and told in receipts.

Prints statuses and keys of items, and no other value.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import cyclopts
import orjson
from cyclopts import Parameter
from psycopg import Connection

from hub.access.dossiers.dossier_store import Dossier, load_dossier
from hub.access.purposes import find_purpose
from hub.cli.options import Json
from hub.cli.shown_values import ShownValues, record_shown
from hub.cli.store import open_store_to_read
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import OperationRefused
from hub.extras import name_missing_extra
from hub.graph.execution.reading import Reading
from hub.graph.permission.callers import LOCAL, Caller
from hub.graph.permission.dossier_reads import ReadingDossier
from hub.graph.procedures.receipts import RECEIPT_PATH, ReceiptPrinter, require_snapshot
from hub.graph.procedures.snapshots import check_still_permitted, rerun_snapshot
from hub.graph.service import make_executor, make_pool
from hub.ingest.connectors import load_manifests
from hub.ledger.checkpoints.signing_keys import load_public_keys, load_signing_key
from hub.procedures.answers import as_json
from hub.settings import Settings, load_settings
from hub.snapshots.difference import AnswerChange, ChangeKind, PrefillDifference
from hub.snapshots.receipt_files import FILE_TYPE, MAX_FILE_BYTES, PDF_START, ReceiptFile, read_receipt_file
from hub.snapshots.receipt_page import render_receipt
from hub.snapshots.records import (
    PrefillSnapshot,
    SnapshotSummary,
    find_people_now,
    list_snapshots,
    load_newest_snapshot,
    load_snapshot,
)
from hub.snapshots.signatures import is_signed_with
from hub.store.engine import connect_for_run, store_url

app = cyclopts.App(name="snapshots")
Code = Annotated[str, Parameter(help="Code of the dossier, e.g. H49.12-251118-0007.")]
Number = Annotated[int, Parameter(help="Number of the snapshot, as `list` shows it.")]


@app.command(name="list")
def list_command(code: Code, *, json: Json = False) -> None:
    """List the snapshots of a dossier, the newest first."""
    with _open_to_read() as (_, connection):
        found = list_snapshots(connection, find_stored_dossier(connection, code).id)
    rows = [_describe(one) for one in found]
    if json:
        show_json(rows)
        return
    columns = ("id", "procedure", "version", "at", "kept on", "hub", "SHA-256", "values")
    show_table(f"Snapshots of {code.strip().upper()}", columns, [tuple(row[name] for name in columns) for row in rows])


@app.command(name="rerun")
def rerun_command(number: Number, *, json: Json = False) -> None:
    """Prefill a snapshot's dossier again, with the same choices, and say what differs: statuses, no values."""
    settings = load_settings()
    with _open_to_read() as (url, connection):
        found = load_snapshot(connection, number)
        check_still_permitted(found)
        people = find_people_now(connection, found.people or ())
        dossier = load_dossier(connection, found.dossier)
        assert dossier is not None  # a snapshot refers to it
        reading = Reading(Caller(LOCAL.principal, find_purpose(found.procedure), _as_reading(dossier)))
        difference, holds = asyncio.run(_rerun(settings, url, found, reading))
        record_shown(connection, ShownValues(tuple(found.paths), tuple(people), purpose=found.procedure))
    if json:
        show_json({**as_json(difference), "choicesHold": holds, "counts": difference.count()})
        return
    _show_difference(found, difference, holds)


@app.command(name="receipt")
def receipt_command(
    code: Code,
    *,
    to: Annotated[Path, Parameter(help="File to write, .html or .pdf (with the extra `pdf`); it must not exist.")],
) -> None:
    """Write the receipt of a dossier's newest snapshot: which things the citizen was not asked for. It has no value."""
    settings = load_settings()
    key, is_pdf = settings.receipt_signing_key, to.suffix.lower() == ".pdf"
    printer = ReceiptPrinter(load_manifests(), load_signing_key(key) if key else None)
    with _open_to_read() as (_, connection):
        dossier = find_stored_dossier(connection, code)
        found = require_snapshot(load_newest_snapshot(connection, dossier.id))
        people = find_people_now(connection, found.people or ())
        page = printer.render_pdf(found) if is_pdf else printer.render(found)
        fields = (*found.paths, RECEIPT_PATH)
        record_shown(connection, ShownValues(fields, tuple(people), purpose=found.procedure))
    _write_new(to, page)
    OUT.print(f"wrote {to}" + ("" if key else "; not signed, since HUB_RECEIPT_SIGNING_KEY is not set"))


@app.command(name="verify")
def verify_command(
    file: Annotated[Path, Parameter(help="HTML or PDF file of a receipt.")],
    *,
    key: Annotated[tuple[Path, ...], Parameter(help="File of a public key that may have signed it. Repeat it.")],
) -> None:
    """Check a receipt offline: who signed it, and whether the file shows the signed data. Any later version can check it."""
    OUT.print(f"signed by {find_receipt_signer(file, key)}, and the page shows the signed data")


def find_receipt_signer(file: Path, key: Sequence[Path]) -> str:
    """The id of the key that signed a receipt, whose page shows what was signed. Raises OperationRefused with RECEIPT_INVALID."""
    page = _read_file(file)
    found = read_receipt_file(page)
    if found is None or not found.signature:
        raise _refuse_receipt("the file is no signed receipt", "give the file as the hub wrote it")
    keys = load_public_keys(key).items()
    signers = {name: public for name, public in keys if is_signed_with(found.content, found.signature, public)}
    if not signers:
        raise _refuse_receipt("none of the keys has signed this receipt", "give the .pub file of the hub's key")
    name, public = next(iter(signers.items()))
    if found.file_signature:
        if not is_signed_with(found.covered, found.file_signature, public, FILE_TYPE):
            raise _refuse_receipt(
                "the signed content is right, and the file was changed after it was signed",
                "read the signed content in the file, and ask for the receipt again",
            )
    elif _render_again(found, name, is_pdf=page.startswith(PDF_START)) != page:
        raise _refuse_receipt(
            "the signed content is right; the page has no signature of its own, and is not as this version of the hub would show it",
            "read the signed content in the file, or check with the version of the hub that wrote it",
        )
    return name


def _refuse_receipt(message: str, next_step: str) -> OperationRefused:
    return OperationRefused(message, code="RECEIPT_INVALID", next_step=next_step)


def _render_again(found: ReceiptFile, key_id: str, *, is_pdf: bool) -> bytes:
    """The file of an older version, which signed the content alone."""
    content = orjson.loads(found.content)
    if not is_pdf:
        return render_receipt(content, found.signature, key_id).encode()
    with name_missing_extra("checking a receipt as PDF that has no signature of the file"):
        from hub.snapshots.receipt_pdf import render_receipt_pdf
    return render_receipt_pdf(content, found.signature, key_id)


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            read = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise _refuse_receipt(f"{path} cannot be read: {type(error).__name__}", "name the HTML or PDF file") from None
    if len(read) > MAX_FILE_BYTES:
        raise _refuse_receipt(f"{path} has more than {MAX_FILE_BYTES:,} bytes", "give the file as the hub wrote it")
    return read


def _write_new(path: Path, content: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise OperationRefused(
            f"{path} cannot be made: {error.strerror}",
            next_step="name a file that does not exist, in a folder that does",
        ) from None


def find_stored_dossier(connection: Connection[Any], code: str) -> Dossier:
    """The dossier of a code. Raises OperationRefused with DOSSIER_UNKNOWN."""
    found = load_dossier(connection, code)
    if found is None:
        raise OperationRefused(
            "there is no dossier of this code",
            code="DOSSIER_UNKNOWN",
            next_step="check the code; it looks like H49.12-251118-0007",
        )
    return found


@contextmanager
def _open_to_read() -> Iterator[tuple[str, Connection[Any]]]:
    """The address of the store, and a connection to it."""
    with open_store_to_read(load_settings()) as store, connect_for_run(store_url(store.engine)) as connection:
        yield store.url, connection


async def _rerun(
    settings: Settings, url: str, found: PrefillSnapshot, reading: Reading
) -> tuple[PrefillDifference, bool]:
    async with make_pool(settings, url) as pool:
        executor = make_executor(settings, pool, connectors=load_manifests())
        try:
            _, difference, holds = await rerun_snapshot(executor, reading, found)
            return difference, holds
        finally:
            await executor.refresher.close()


def _as_reading(dossier: Dossier) -> ReadingDossier:
    return ReadingDossier(
        dossier.id, dossier.code, dossier.purpose, dossier.office, dossier.expires_at, dossier.outcome, {},
        opened_on=dossier.opened_at.date(),
    )  # fmt: skip


def _describe(one: SnapshotSummary) -> dict[str, object]:
    return {
        "id": one.id,
        "procedure": one.procedure,
        "version": one.procedure_version,
        "at": one.at.isoformat(timespec="seconds"),
        "kept on": one.occasion.lower(),
        "hub": one.hub_version,
        "SHA-256": one.digest.hex(),
        "values": "kept" if one.forgotten_at is None else f"forgotten {one.forgotten_at:%Y-%m-%d}",
    }


def _show_difference(found: PrefillSnapshot, difference: PrefillDifference, holds: bool) -> None:
    changed = [one for one in difference.changes if one.kind is not ChangeKind.UNCHANGED]
    title = f"Snapshot {found.id} of {found.dossier}, {found.at:%Y-%m-%d %H:%M}, and now"
    show_table(title, ("requirement", "item", "difference", "then", "now"), [_row(one) for one in changed])
    counts = difference.count()
    OUT.print(", ".join(f"{kind.lower().replace('_', ' ')}: {number}" for kind, number in counts.items()))
    for words, blocks in (("blocked now", difference.new_blocks), ("no longer blocked", difference.ended_blocks)):
        for block in blocks:
            OUT.print(f"{words}: {block['label']['vi']} ({block['label']['en']})")
    if not holds:
        OUT.print("the items that were chosen are not there any more: compared without choices")


def _row(one: AnswerChange) -> tuple[str, ...]:
    label = f"{one.label['vi']} ({one.label['en']})"
    return label, " › ".join(one.items), one.kind.value, one.before or "", one.now or ""
