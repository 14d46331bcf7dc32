"""The verification of a ledger: checkpoints in this process, records in several."""

import gc
import hashlib
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import numpy as np
from cryptography.x509 import Certificate
from numpy.typing import NDArray

from hub.ledger.checkpoints.document import Checkpoint
from hub.ledger.verify.chain_check import ChainSummary, check_chains, join_segments
from hub.ledger.verify.checkpoint_chain import CheckpointCheck, TrustedKeys, list_claims
from hub.ledger.verify.findings import Aspect, Findings, LedgerFinding, LedgerVerdict, judge_aspect
from hub.ledger.verify.keeping_records import read_keeping
from hub.ledger.verify.month_check import check_months, list_dropped_chains
from hub.ledger.verify.multiset import RowMixer, add_sums
from hub.ledger.verify.segments import Segment, SegmentResult, check_segment
from hub.ledger.verify.source import LedgerIndex, LedgerSource, PeopleRange
from hub.ledger.witnesses.timestamp_witness import check_token

COLLECT_AFTER = 500_000
"""Objects, about those of two segments."""
FEW_SEGMENTS = 4
"""So few are checked faster in this process than others start."""


@dataclass(frozen=True)
class VerifyOptions:
    """What the verifier was given from outside of the ledger.

    `outside` are checkpoints that somebody else kept, by number: their hashes. `roots` are certificates of a timestamp service.
    """

    trusted: TrustedKeys = field(default_factory=TrustedKeys)
    outside: dict[int, bytes] = field(default_factory=dict)
    roots: Sequence[Certificate] = ()
    processes: int = 2


@dataclass(frozen=True)
class VerifyReport:
    """What a ledger proves."""

    integrity: LedgerVerdict
    completeness: LedgerVerdict
    records: int
    people: int
    chains: int
    checkpoints: int
    signatures: int
    """How many signatures are of trusted keys."""
    last_checkpoint: int
    last_checkpoint_hash: str
    proven_to: int | None
    """The last checkpoint that is known outside."""
    timestamp: datetime | None
    """When the timestamp service saw the newest checkpoint that it was asked about."""
    seconds: float
    findings: list[LedgerFinding]
    counts: dict[str, int]


def verify_ledger(source: LedgerSource, options: VerifyOptions) -> VerifyReport:
    """Verify a ledger. Raises HubMisconfigured if an export cannot be read, psycopg.Error if the database does not answer."""
    with _rare_collections():
        return _verify(source, options)


def _verify(source: LedgerSource, options: VerifyOptions) -> VerifyReport:
    begun, mixer = time.monotonic(), RowMixer.draw()
    index = source.read_index()
    checkpoints = CheckpointCheck(options.trusted, mixer, options.outside)
    findings = checkpoints.findings
    timestamp = _check_checkpoints(source, checkpoints, options)
    with _workers(source, len(index.segments), options.processes) as run:
        chains, results = _check_records(index, checkpoints, mixer, findings, run)
        _check_people(source, index, results, mixer, findings, run)
    marks = ((chain.where, epoch, chain.month, mark) for epoch, chain in chains.items() for mark in chain.marks)
    keeping = read_keeping(marks, findings)
    for revoked in keeping.revoked.values():
        checkpoints.apply_revocation(revoked)
    dropped = list_dropped_chains(chains, keeping, checkpoints, findings)
    for epoch in check_chains(chains, index, checkpoints, keeping, dropped, findings):
        _find_differing_heads(source, index, epoch, findings)
    check_months(chains.values(), index, keeping, dropped, findings)
    _check_operations(source, {one for result in results for one in result.operations}, findings)
    proven_to = _check_outside(checkpoints, options.outside, findings)
    if not options.trusted.public and checkpoints.checked_signatures:
        findings.add("SIGNATURES_NOT_CHECKED", "checkpoints", "no public key was given")
    signed = bool(options.trusted.public) and checkpoints.checked_signatures > 0
    return VerifyReport(
        judge_aspect(findings, Aspect.INTEGRITY, proven=signed or proven_to is not None),
        judge_aspect(findings, Aspect.COMPLETENESS, proven=proven_to is not None),
        sum(result.count for result in results),
        sum(result.people for result in results),
        len(chains),
        checkpoints.count,
        checkpoints.checked_signatures,
        checkpoints.last.number,
        checkpoints.last.hash.hex(),
        proven_to,
        timestamp,
        time.monotonic() - begun,
        findings.listed,
        dict(findings.counts),
    )


def _check_checkpoints(source: LedgerSource, check: CheckpointCheck, options: VerifyOptions) -> datetime | None:
    newest = None
    for checkpoint, token in source.read_checkpoints():
        check.check(checkpoint)
        if token is None or not options.roots:
            continue
        said = check_token(token, checkpoint.document, options.roots)
        if said is None:
            check.findings.add("TIMESTAMP_WRONG", f"checkpoint {checkpoint.number}", "the service did not sign it")
        newest = said or newest
    check.settle()
    return newest


def _check_records(
    index: LedgerIndex, checkpoints: CheckpointCheck, mixer: RowMixer, findings: Findings, run: "Runner"
) -> tuple[dict[UUID, ChainSummary], list[SegmentResult]]:
    tasks = list(_list_tasks(index.segments, checkpoints))
    results = list(run(partial(_check_one, roles=index.roles, mixer=mixer), tasks))
    for result in results:
        findings.extend(result.findings)
    grouped = groupby(results, lambda result: (result.segment.month, result.segment.epoch))
    chains: dict[UUID, ChainSummary] = {}
    for (_, epoch), group in grouped:
        chain = join_segments(list(group), findings)
        if epoch in chains:
            findings.add("CHAIN_BEGIN_WRONG", chain.where, "the same chain is in two months")
        chains[epoch] = chain
    return chains, results


def _list_tasks(
    segments: Sequence[Segment], checkpoints: CheckpointCheck
) -> Iterator[tuple[Segment, NDArray[np.int64]]]:
    """Segments with the numbers in them that checkpoints have heads at."""
    for segment, following in zip(segments, [*segments[1:], None], strict=False):
        claimed = checkpoints.claims.get(segment.epoch)
        numbers = np.array(claimed.numbers if claimed is not None else array("q"), np.int64)
        same = following is not None and following.epoch == segment.epoch and following.month == segment.month
        stop = following.first if same and following is not None else np.iinfo(np.int64).max
        first, last = np.searchsorted(numbers, [segment.first, stop])
        yield segment, numbers[first:last].copy()


def _check_one(
    source: LedgerSource, task: tuple[Segment, NDArray[np.int64]], *, roles: tuple[str, ...], mixer: RowMixer
) -> SegmentResult:
    segment, claimed = task
    return check_segment(segment, source.read_rows(segment), claimed, roles, mixer)


def _sum_one(source: LedgerSource, task: PeopleRange, *, roles: tuple[str, ...], mixer: RowMixer) -> int:
    return source.sum_people(task, roles, mixer)


def _check_people(
    source: LedgerSource,
    index: LedgerIndex,
    results: Sequence[SegmentResult],
    mixer: RowMixer,
    findings: Findings,
    run: "Runner",
) -> None:
    if not source.has_index:
        return
    for month in sorted({result.segment.month for result in results}):
        parts = source.list_people_ranges(month)
        stored = list(run(partial(_sum_one, roles=index.roles, mixer=mixer), parts))
        said = add_sums(*(result.people_sum for result in results if result.segment.month == month))
        if -1 in stored or add_sums(*stored) != said:
            where = f"month {month:%Y-%m}"
            found = source.find_differing_people(month) or ["roles or pseudonyms of rows were changed"]
            for one in found:
                findings.add("DISCLOSURE_DIFFERS", where, one)


def _check_operations(source: LedgerSource, named: set[str], findings: Findings) -> None:
    known = set()
    for key, paths in source.read_operations():
        known.add(key.hex())
        if hashlib.sha256(paths).digest() != key:
            findings.add("OPERATION_DIFFERS", f"operation {key.hex()}", "its list of fields was changed")
    for missing in sorted(named - known):
        findings.add("OPERATION_DIFFERS", f"operation {missing}", "records name it, and it is not there")


def _check_outside(check: CheckpointCheck, outside: dict[int, bytes], findings: Findings) -> int | None:
    """Compare with what witnesses have. Returns the number of the newest checkpoint that they have too."""
    same = [number for number, digest in outside.items() if check.hashes.get(number) == digest]
    lost = [number for number in outside if any(number in gap for gap in check.lost)]
    for number in sorted(outside.keys() - same - set(lost)):
        if number in check.hashes:
            findings.add("OUTSIDE_DIFFERS", f"checkpoint {number}", "the witness has another one of this number")
    ahead = [number for number in outside if number > check.last.number]
    if ahead:
        found = f"the witness has checkpoints up to {max(ahead)}, and the ledger up to {check.last.number}"
        findings.add("OUTSIDE_AHEAD", "checkpoints", found)
    if not outside:
        findings.add("NO_OUTSIDE_HEAD", "checkpoints", "no checkpoint from a witness was given")
    return max(same, default=None)


def _find_differing_heads(source: LedgerSource, index: LedgerIndex, epoch: UUID, findings: Findings) -> None:
    """Find out which head of a chain differs. Slow: it is known that one does, or that records at heads are missing."""
    segments = [segment for segment in index.segments if segment.epoch == epoch]
    claims = list(list_claims(_without_tokens(source.read_checkpoints()), epoch))
    for segment in segments:
        digests = {
            number: hashlib.sha256(record).digest()
            for rows in source.read_rows(segment)
            for number, record in zip(rows.numbers, rows.records, strict=True)
        }
        for checkpoint, head in claims:
            if head.number in digests and digests[head.number] != head.hash:
                found = f"record {head.number} is another than checkpoint {checkpoint} has"
                findings.add("HEAD_DIFFERS", segment.where, found)
                return  # all before and after it follow from this one


def _without_tokens(found: Iterable[tuple[Checkpoint, bytes | None]]) -> Iterator[Checkpoint]:
    return (checkpoint for checkpoint, _ in found)


Runner = Callable[[Callable[[LedgerSource, Any], Any], Sequence[Any]], Iterable[Any]]
"""Calls a function of a source for each of some tasks, and gives the results in their order."""
_SOURCE: list[LedgerSource] = []
"""The source of a worker process."""


@contextmanager
def _workers(source: LedgerSource, segments: int, processes: int) -> Iterator[Runner]:
    if processes < 2 or segments <= FEW_SEGMENTS:
        yield lambda work, tasks: [work(source, task) for task in tasks]
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _set_source, (source,)) as pool:
        yield partial(_run_in_pool, pool)


def _run_in_pool(pool: Executor, work: Callable[[LedgerSource, Any], Any], tasks: Sequence[Any]) -> Iterable[Any]:
    return pool.map(partial(_run_in_worker, work), tasks, chunksize=4)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let Python's collector run rarely: it walks over the parsed records again and again, which takes three quarters of parsing."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _set_source(source: LedgerSource) -> None:
    gc.set_threshold(COLLECT_AFTER)
    _SOURCE[:] = [source]


def _run_in_worker(work: Callable[[LedgerSource, Any], Any], task: Any) -> Any:
    return work(_SOURCE[0], task)
