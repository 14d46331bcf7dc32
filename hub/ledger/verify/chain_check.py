"""Checking whole chains: segments together, begin and end, and what checkpoints have of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from hub.ledger.verify.checkpoint_chain import UNCOVERED_AFTER, CheckpointCheck
from hub.ledger.verify.findings import Findings
from hub.ledger.verify.keeping_records import FoundAbandoned, KeepingRecords, MarkRecord, read_mark
from hub.ledger.verify.segments import SegmentResult
from hub.ledger.verify.source import LedgerIndex
from hub.ledger.writing.records import NO_RECORD, RecordKind


@dataclass
class ChainSummary:
    """What the segments of one chain came to."""

    month: date
    epoch: UUID
    last_number: int = -1
    last_hash: bytes = NO_RECORD
    last_at: str | None = None
    heads_sum: int = 0
    end: int | None = None
    marks: list[MarkRecord] = field(default_factory=list)
    begin: Mapping[str, Any] = field(default_factory=dict)
    """Details of its first record."""

    @property
    def where(self) -> str:
        """The chain, for a finding."""
        return f"chain {self.epoch} of {self.month:%Y-%m}"


def join_segments(results: Sequence[SegmentResult], findings: Findings) -> ChainSummary:
    """Check that the segments of one chain follow each other, and that it begins and ends as chains do."""
    chain = ChainSummary(results[0].segment.month, results[0].segment.epoch)
    for result in results:
        missing_to = result.segment.first - 1 if result.count else result.segment.last
        if missing_to > chain.last_number:
            findings.add("RECORD_MISSING", chain.where, f"records {chain.last_number + 1} to {missing_to} are missing")
        if not result.count:
            chain.last_number = max(chain.last_number, missing_to)
            continue
        if (
            result.first_number == chain.last_number + 1
            and result.previous != chain.last_hash
            and missing_to <= chain.last_number
        ):
            findings.add("CHAIN_BROKEN", chain.where, f"record {result.first_number} does not follow the one before it")
        chain.last_number, chain.last_at = max(chain.last_number, result.last_number), result.last_at
        chain.last_hash = result.last_hash or NO_RECORD
        chain.marks += [read_mark(number, body) for number, body in result.marks]
        chain.heads_sum += result.heads_sum
    _check_begin(chain, findings)
    ends = [mark.number for mark in chain.marks if mark.kind == RecordKind.EPOCH_END]
    chain.end = ends[0] if ends else None
    if chain.end is not None and chain.end < chain.last_number:
        found = f"records {chain.end + 1} to {chain.last_number} follow its end"
        findings.add("AFTER_END", chain.where, found)
    return chain


def _check_begin(chain: ChainSummary, findings: Findings) -> None:
    begins = [mark for mark in chain.marks if mark.kind == RecordKind.EPOCH_BEGIN]
    chain.begin = begins[0].details if begins else {}
    expected = {"epoch": str(chain.epoch), "month": str(chain.month)}
    if [mark.number for mark in begins] != [0] or any(chain.begin.get(key) != said for key, said in expected.items()):
        findings.add(
            "CHAIN_BEGIN_WRONG", chain.where, "its first record does not begin a chain of this epoch and month"
        )


def check_chains(
    chains: dict[UUID, ChainSummary],
    index: LedgerIndex,
    checkpoints: CheckpointCheck,
    keeping: KeepingRecords,
    dropped: Mapping[date, frozenset[UUID]],
    findings: Findings,
) -> list[UUID]:
    """Compare chains with the index, with each other and with the checkpoints. Returns chains with a head that differs.

    `dropped` are the months that the hub dropped, with their chains.
    """
    rows = {row.id: row for row in index.epochs}
    for epoch, chain in chains.items():
        if epoch not in rows:
            findings.add("EPOCH_ROW_MISSING", chain.where, "it is not in the index of chains")
        elif rows[epoch].month != chain.month:
            findings.add("EPOCH_ROW_MISSING", chain.where, "it is in the index of chains under another month")
        elif epoch in keeping.abandoned:
            _check_abandoned(chain, keeping.abandoned[epoch], findings)
        elif chain.end is None and rows[epoch].ended_at is not None:
            findings.add("END_UNEXPLAINED", chain.where, f"it stops at record {chain.last_number}")
        _check_cover(chain, checkpoints, findings)
    _check_missing(chains, index, checkpoints, dropped, findings)
    return [
        epoch
        for epoch, claimed in checkpoints.claims.items()
        if epoch in chains and (claimed.sum - chains[epoch].heads_sum) % 2**64
    ]


def _check_abandoned(chain: ChainSummary, said: FoundAbandoned, findings: Findings) -> None:
    number = said.number
    if number is None or number > chain.last_number:
        findings.add(
            "TAIL_MISSING",
            chain.where,
            f"it was found with {number} records after its begin, and has {chain.last_number}",
        )
    elif number < chain.last_number:
        findings.add(
            "AFTER_END", chain.where, f"records {number + 1} to {chain.last_number} follow after it was found abandoned"
        )
    elif said.hash != chain.last_hash.hex():
        findings.add("HEAD_DIFFERS", chain.where, f"record {number} is another than when the chain was found abandoned")
    else:
        findings.add("CHAIN_ABANDONED", chain.where, f"its writer stopped after record {number} without an end")


def _check_cover(chain: ChainSummary, checkpoints: CheckpointCheck, findings: Findings) -> None:
    claimed = checkpoints.claims.get(chain.epoch)
    covered = claimed.last.number if claimed is not None and claimed.last is not None else -1
    if covered > chain.last_number:
        findings.add(
            "TAIL_MISSING", chain.where, f"records {chain.last_number + 1} to {covered} are missing at its end"
        )
    elif covered < chain.last_number:
        try:
            at = datetime.fromisoformat(chain.last_at or "")
            late = checkpoints.last_at is not None and at + UNCOVERED_AFTER < checkpoints.last_at
        except (ValueError, TypeError, OverflowError):
            return  # unreadable, and found as such
        found = f"records {covered + 1} to {chain.last_number} are in no checkpoint"
        findings.add("NOT_COVERED" if late else "NEWER_RECORDS", chain.where, found)


def _check_missing(
    chains: dict[UUID, ChainSummary],
    index: LedgerIndex,
    checkpoints: CheckpointCheck,
    dropped: Mapping[date, frozenset[UUID]],
    findings: Findings,
) -> None:
    months = {row.id: row.month for row in index.epochs}
    months |= {epoch: month for month, closing in checkpoints.months.items() for epoch in closing.epochs}
    explained = frozenset[UUID]().union(*dropped.values())
    missing: dict[date | None, list[UUID]] = {}
    for epoch in [*months, *(epoch for epoch in checkpoints.claims if epoch not in months)]:
        month = months.get(epoch)
        if epoch not in chains and epoch not in explained:
            missing.setdefault(month, []).append(epoch)
    there = {chain.month for chain in chains.values()}
    for month, epochs in missing.items():
        if month is not None and month not in there:
            findings.add("MONTH_MISSING", f"month {month:%Y-%m}", f"all its {len(epochs)} chains are gone")
            continue
        for epoch in epochs:
            findings.add("CHAIN_MISSING", f"chain {epoch}", "none of its records is there")
