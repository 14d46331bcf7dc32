"""`hub ledger verify` and `hub ledger export`: check the ledger, here or by somebody who has no access to the database."""

import re
import sys
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hub.cli.options import Json
from hub.cli.private_files import create_private_file
from hub.cli.shown_values import ShownValues, record_shown
from hub.cli.store import open_store_to_read
from hub.cli.terminal import ERR, OUT, mark_text, show_json
from hub.errors import HubError, HubMisconfigured, OperationRefused
from hub.ledger.checkpoints.signing_keys import load_public_keys
from hub.ledger.verify.checkpoint_chain import TrustedKeys
from hub.ledger.verify.database_source import DatabaseSource
from hub.ledger.verify.export_file import ExportSource, write_export
from hub.ledger.verify.findings import LedgerVerdict, Weight
from hub.ledger.verify.verify import VerifyOptions, VerifyReport, verify_ledger
from hub.ledger.witnesses.file_witness import read_lines
from hub.ledger.witnesses.timestamp_witness import load_roots
from hub.ledger.writing.records import RecordKind
from hub.settings import load_settings
from hub.store.engine import connect_for_run, store_url

HEAD = re.compile("([0-9]{1,18}):([0-9a-f]{64})")
LIKE_HEAD = re.compile("[0-9]+:")
REVOKED = re.compile("([0-9a-f]{32})@([0-9]{1,18})")
COLORS = {Weight.BROKEN: "red", Weight.EXPLAINED: "yellow", Weight.NOTE: "dim"}
WITNESS_LINES = 10_000
"""Lines of a witness's file that are compared from its end on; of those before, one in so many."""
Repeated = Parameter(negative=())


class LedgerBroken(HubError):
    """The ledger was changed."""

    exit_code = 65
    code = "LEDGER_BROKEN"


class LedgerIncomplete(HubError):
    """Parts of the ledger are missing."""

    exit_code = 66
    code = "LEDGER_INCOMPLETE"


def verify_command(
    *,
    export: Path | None = None,
    head: Annotated[tuple[str, ...], Repeated] = (),
    public_key: Annotated[tuple[Path, ...], Repeated] = (),
    revoked: Annotated[tuple[str, ...], Repeated] = (),
    timestamp_root: Path | None = None,
    processes: int = 2,
    json: Json = False,
) -> None:
    """Check that the ledger was not changed, and that nothing is missing. Exits with 65 if it was changed, 66 if something is missing.

    Parameters
    ----------
    export
        File of `hub ledger export`; the database if you leave it out.
    head
        What a witness has: its file, or NUMBER:HASH of a checkpoint. Repeat it for several witnesses.
    public_key
        File of a key that you trust, as you got it from who made it. Repeat it for several.
    revoked
        KEY@NUMBER: a key that was stolen, and the last checkpoint for which you still trust it.
    timestamp_root
        File with the root certificate of the timestamp service.
    processes
        Processes that check records.
    """
    roots = load_roots(_read(timestamp_root)) if timestamp_root else ()
    trusted = TrustedKeys(load_public_keys(public_key), dict(map(_parse_revoked, revoked)))
    options = VerifyOptions(trusted, _read_heads(head), roots, processes)
    if export is not None:
        report = verify_ledger(ExportSource(export), options)
    else:
        with open_store_to_read(load_settings()) as store:
            source = DatabaseSource(store.url)
            try:
                report = verify_ledger(source, options)
            finally:
                source.close()
    if json:
        show_json(_describe(report))
    else:
        _show_report(report)
    if report.integrity is LedgerVerdict.BROKEN:
        raise LedgerBroken(next_step="keep the database as it is, and compare with an older export or backup")
    if report.completeness is LedgerVerdict.BROKEN:
        raise LedgerIncomplete(next_step="keep the database as it is, and compare with an older export or backup")


def export_command(*, to: Path | None = None) -> None:
    """Write the ledger to a file that can be verified without the database. It has no keys; it names officials and dossiers. It is recorded in the ledger.

    Parameters
    ----------
    to
        File to make, which only you may read; standard output if you leave it out.
    """
    if to is None and sys.stdout.isatty():
        raise OperationRefused(
            "the export is a binary file, which a terminal cannot show",
            next_step="name a file: --to ledger.export, or send standard output to a program",
        )
    if to is not None and to.exists():
        raise OperationRefused(f"{to} is there already", next_step="name a new file")
    with open_store_to_read(load_settings()) as store:
        # Recorded first, so that the export has the record of itself.
        with connect_for_run(store_url(store.engine)) as connection:
            record_shown(connection, ShownValues((), (), RecordKind.EXPORT, details={"looked_for": ["every entry"]}))
        source = DatabaseSource(store.url)
        try:
            if to is None:
                written = write_export(source, sys.stdout.buffer)
            else:
                with create_private_file(to) as file:
                    written = write_export(source, file)
        finally:
            source.close()
    ERR.print(f"{written:,} records")


def _show_report(report: VerifyReport) -> None:
    for finding in report.findings:
        kind = finding.kind
        OUT.print(
            mark_text(
                COLORS[kind.weight], f"{kind.weight.lower()}", f" {finding.code} {finding.where}: {finding.found}"
            )
        )
    listed = [finding.code for finding in report.findings]
    for code in dict.fromkeys(listed):
        kind = next(finding.kind for finding in report.findings if finding.code == code)
        more = report.counts[code] - listed.count(code)
        OUT.print(f"{code}{f' ({more:,} more)' if more else ''}: {kind.proves}")
    OUT.print(
        f"{report.records:,} records and {report.people:,} disclosures in {report.chains:,} chains,"
        f" {report.checkpoints:,} checkpoints, {report.signatures:,} signatures in {report.seconds:.1f} s"
    )
    if report.checkpoints:
        OUT.print(f"last checkpoint {report.last_checkpoint}:{report.last_checkpoint_hash}")
    if report.proven_to is not None:
        OUT.print(
            f"a witness has checkpoint {report.proven_to}: nothing up to it can have been changed or cut off unseen"
        )
    if report.timestamp is not None:
        OUT.print(f"a timestamp service saw the ledger on {report.timestamp:%Y-%m-%d %H:%M:%S} UTC")
    OUT.print(f"integrity: {report.integrity}")
    OUT.print(f"completeness: {report.completeness}")


def _describe(report: VerifyReport) -> dict[str, object]:
    findings = [
        {
            "code": finding.code,
            "aspect": finding.kind.aspect,
            "weight": finding.kind.weight,
            "where": finding.where,
            "found": finding.found,
            "proves": finding.kind.proves,
        }
        for finding in report.findings
    ]
    return asdict(report) | {"findings": findings}


def _read_heads(given: tuple[str, ...]) -> dict[int, bytes]:
    heads: dict[int, bytes] = {}
    for one in given:
        head = parse_head(one)
        heads.update(_read_witness(Path(one)) if head is None else dict([head]))
    return heads


def parse_head(text: str) -> tuple[int, bytes] | None:
    """Number and hash of NUMBER:HASH; None for the name of a file. Raises OperationRefused for what begins like the one and is not."""
    found = HEAD.fullmatch(text)
    if found:
        return int(found[1]), bytes.fromhex(found[2])
    if LIKE_HEAD.match(text):
        raise OperationRefused(
            "--head is neither NUMBER:HASH nor a file",
            next_step="write the hash as 64 hex digits, e.g. 7:3f…9a; name a file that begins so with ./",
        )
    return None


def _read_witness(path: Path) -> dict[int, bytes]:
    """The last checkpoints of a witness, and some of those before: the last one covers them all, the others tell where it went wrong."""
    some: dict[int, bytes] = {}
    last = deque[tuple[int, bytes]](maxlen=WITNESS_LINES)
    for line in read_lines(path):
        if len(last) == WITNESS_LINES and last[0][0] % WITNESS_LINES == 0:
            some[last[0][0]] = last[0][1]
        last.append((line.number, line.hash))
    return some | dict(last)


def _parse_revoked(given: str) -> tuple[str, int]:
    found = REVOKED.fullmatch(given)
    if not found:
        step = "e.g. --revoked 0123456789abcdef0123456789abcdef@1200"
        raise OperationRefused("--revoked is not KEY@NUMBER", next_step=step)
    return found[1], int(found[2])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise HubMisconfigured(
            f"{path} cannot be read: {error.strerror}", next_step="name a file that exists"
        ) from None
