"""Checking the months: their rows against what their chains began with, and whether what is gone of them was dropped by the hub."""

from collections.abc import Collection, Iterable
from datetime import date
from uuid import UUID

from hub.ledger.verify.chain_check import ChainSummary
from hub.ledger.verify.checkpoint_chain import CheckpointCheck
from hub.ledger.verify.findings import Findings
from hub.ledger.verify.keeping_records import KeepingPlace, KeepingRecords
from hub.ledger.verify.source import LedgerIndex, MonthRow
from hub.ledger.writing.records import MONTH_KEY_DETAIL, MONTH_OPENED_DETAIL


def list_dropped_chains(
    chains: dict[UUID, ChainSummary], keeping: KeepingRecords, checkpoints: CheckpointCheck, findings: Findings
) -> dict[date, frozenset[UUID]]:
    """Months that the hub dropped, with the chains that their closing checkpoints have: of these alone no record needs to be there.

    Anybody with the writer's login can add a record that says so. Only the hub's key can sign the checkpoint that closes a month.
    """
    there = {chain.month for chain in chains.values()}
    dropped = {}
    for month, places in sorted(keeping.dropped.items()):
        doubts = [_doubt_drop(month, place, month in there, checkpoints) for place in places]
        believed = [place for place, doubt in zip(places, doubts, strict=True) if doubt is None]
        where = f"month {month:%Y-%m}"
        if believed:
            dropped[month] = frozenset(checkpoints.months[month].epochs)
            findings.add("MONTH_DROPPED", where, believed[-1].by)
        else:
            findings.add("DROP_UNFOUNDED", where, f"{places[-1].by}: {doubts[-1]}")
    return dropped


def _doubt_drop(month: date, place: KeepingPlace, is_there: bool, checkpoints: CheckpointCheck) -> str | None:
    """Why a record that a month was dropped explains nothing; None if it does."""
    closing = checkpoints.months.get(month)
    if closing is None:
        return "no checkpoint closed the month"
    if not closing.is_trusted:
        return f"checkpoint {closing.number}, which closed the month, is not signed by a trusted key"
    if place.month <= month:
        return "the record is not of a later month"
    if is_there:
        return "chains of the month are still there"
    claimed = checkpoints.claims.get(place.epoch)
    if claimed is None or claimed.last is None or claimed.last.number < place.number:
        return "no checkpoint has the record yet"
    return None


def check_months(
    chains: Iterable[ChainSummary],
    index: LedgerIndex,
    keeping: KeepingRecords,
    dropped: Collection[date],
    findings: Findings,
) -> None:
    """Compare the rows of months with what their chains began with."""
    by_month: dict[date, list[ChainSummary]] = {}
    for chain in chains:
        by_month.setdefault(chain.month, []).append(chain)
    rows = {row.first_day: row for row in index.months}
    for month, members in sorted(by_month.items()):
        row = rows.get(month)
        if row is None:
            findings.add("MONTH_ROW_DIFFERS", f"month {month:%Y-%m}", "it is gone, and chains of the month are there")
        else:
            _compare_row(row, members, findings)
    for row in index.months:
        where = f"month {row.first_day:%Y-%m}"
        if row.dropped_at is not None and row.first_day not in dropped:
            findings.add("MONTH_ROW_DIFFERS", where, "it says that the month was dropped, and no record proves it")
        if row.has_key:
            continue
        if row.first_day in keeping.destroyed or row.first_day in dropped:
            findings.add("KEY_DESTROYED", where, "nobody can be linked to its records")
        else:
            findings.add("KEY_LOST", where, "the key is gone, and no record says that it was destroyed")


def _compare_row(row: MonthRow, members: list[ChainSummary], findings: Findings) -> None:
    where = f"month {row.first_day:%Y-%m}"
    bound = [chain for chain in members if MONTH_KEY_DETAIL in chain.begin]
    key = None if row.key_commitment is None else row.key_commitment.hex()
    # The first chain is what the others are compared with if the row says nothing: of a destroyed key, or of an export of an older hub.
    for detail, stored, what in (
        (MONTH_KEY_DETAIL, key, "its key is another than"),
        (MONTH_OPENED_DETAIL, row.opened_at, "it was opened at another time than"),
    ):
        expected = stored if stored is not None or not bound else bound[0].begin.get(detail)
        for chain in bound:
            if chain.begin.get(detail) != expected:
                findings.add("MONTH_ROW_DIFFERS", where, f"{what} {chain.where} began with")
                break
    if not bound:
        findings.add(
            "KEY_NOT_COMPARED", where, "its chains were begun by a hub that did not write down which key it has"
        )
    elif row.has_key and key is None:
        findings.add("KEY_NOT_COMPARED", where, "the export does not say which key the month has")
