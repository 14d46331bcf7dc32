"""Disputed values of a prefill: one statement for all records, and only if the operation asks for it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hub.corrections.notices import (
    SELECT_NOTICES,
    CorrectionNotice,
    DisputedRecords,
    RecordKey,
    notice_parameters,
    read_notices,
)
from hub.graph.execution.reads import Reads
from hub.model.correction_states import STATE_LABELS
from hub.plan.binds import global_id, read_global_id
from hub.procedures.answers import HeldValue, LosingValue, Prefill

CORRECTION_TYPE = "Correction"
NOTHING = DisputedRecords({})


async def find_disputes(reads: Reads, filled: Prefill) -> DisputedRecords:
    """The corrections that are not settled, of the records that the values and the losing ones stand in. Raises StoreUnavailable."""
    records = list(_list_records(filled))
    if not records:
        return NOTHING
    return read_notices(await reads.json(SELECT_NOTICES, notice_parameters(records)))


def show_disputes(disputed: DisputedRecords, value: HeldValue | LosingValue, now: datetime) -> list[dict[str, Any]]:
    """The notices on one value, as the graph's type reads them."""
    kind, number = read_global_id(value.record_id or "")
    if kind is None or number is None:
        return []
    return [_show(notice, now) for notice in disputed.of(kind, number, value.field)]


def _list_records(filled: Prefill) -> Iterator[RecordKey]:
    for answer in filled.answers:
        for value in answer.values:
            for record_id in (value.record_id, *(loss.record_id for loss in value.losing_values)):
                kind, number = read_global_id(record_id or "")
                if kind is not None and number is not None:
                    yield kind, number


def _show(notice: CorrectionNotice, now: datetime) -> dict[str, Any]:
    label, words = STATE_LABELS[notice.state], notice.describe()
    return {
        "id": global_id(CORRECTION_TYPE, notice.id),
        "state": notice.state.value,
        "label": {"vi": label.vi, "en": label.en},
        "since": notice.since.isoformat(),
        "dueAt": notice.due.isoformat(),
        "overdue": notice.is_overdue(now),
        "words": {"vi": words.vi, "en": words.en},
    }
