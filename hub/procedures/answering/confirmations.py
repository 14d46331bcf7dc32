"""What live refresh changes in a prefill: which records are too old, which of them a source has confirmed now, and which source failed.

Pure; `hub.graph.procedures.prefill.prefill_refresh` has the records refreshed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hub.procedures.answering.response import parse_instant
from hub.procedures.answering.source_findings import SourceTrouble
from hub.procedures.answers import Prefill
from hub.procedures.declaration.documents import AS_OF, GLOBAL_ID, PROVENANCE, SelectedField
from hub.refresh.refresh_types import RefreshOutcome, RefreshStatus

TROUBLE_OF_STATUS: Mapping[RefreshStatus, SourceTrouble] = {
    RefreshStatus.LIED: SourceTrouble.LOOKUP_FAILED,
    RefreshStatus.TIMED_OUT: SourceTrouble.LOOKUP_FAILED,
    RefreshStatus.SOURCE_DOWN: SourceTrouble.LOOKUP_FAILED,
    RefreshStatus.BREAKER_OPEN: SourceTrouble.LOOKUP_FAILED,
    RefreshStatus.QUOTA_SPENT: SourceTrouble.DEFERRED,
    RefreshStatus.STREAM_BUSY: SourceTrouble.DEFERRED,
}
"""What an attempt that failed says of its source. The other statuses say nothing of it."""


@dataclass(frozen=True)
class Confirmations:
    """Records by global id with the instant at which their source confirmed them, and sources by name that could not be asked.

    `changed` is whether a source was asked and answered, so that the store may have newer versions.
    """

    records: Mapping[str, datetime] = field(default_factory=dict)
    troubles: Mapping[str, SourceTrouble] = field(default_factory=dict)
    changed: bool = False

    def __bool__(self) -> bool:
        return bool(self.records or self.troubles)


def find_stale_records(filled: Prefill) -> dict[str, timedelta]:
    """The records whose values are older than a requirement allows, by global id, with the smallest age that any of them allows.

    A record that is an item of a list may be no older than the list allows.
    """
    ages = {answer.requirement.code: answer.requirement.max_age_days for answer in filled.answers}
    stale: dict[str, timedelta] = {}
    for answer in filled.answers:
        for value in answer.values:
            lists = (ages[item.requirement] for item in answer.items if item.record_id == value.record_id)
            allowed = timedelta(days=min([answer.requirement.max_age_days, *lists]))
            if value.record_id is not None and (value.as_of is None or filled.at - value.as_of > allowed):
                stale[value.record_id] = min(allowed, stale.get(value.record_id, allowed))
    return stale


def read_outcomes(outcomes: Iterable[tuple[str, RefreshOutcome]]) -> Confirmations:
    """What the outcomes of records, by global id, say."""
    found = list(outcomes)
    return Confirmations(
        {
            record: outcome.as_of
            for record, outcome in found
            if outcome.as_of is not None and outcome.status in (RefreshStatus.REFRESHED, RefreshStatus.FRESH)
        },
        {
            outcome.source: TROUBLE_OF_STATUS[outcome.status]
            for _, outcome in found
            if outcome.source is not None and outcome.status in TROUBLE_OF_STATUS
        },
        any(outcome.status is RefreshStatus.REFRESHED for _, outcome in found),
    )


def confirm_records(value: Any, node: SelectedField, confirmed: Mapping[str, datetime]) -> Any:
    """An answer of a document in which confirmed records are as of their confirmation, if that is later."""
    if isinstance(value, list):
        return [confirm_records(one, node, confirmed) for one in value]
    if not isinstance(value, Mapping):
        return value
    made = {
        key: confirm_records(one, node.beneath[key], confirmed) if key in node.beneath else one
        for key, one in value.items()
    }
    own, provenance = node.named(GLOBAL_ID), node.named(PROVENANCE)
    as_of = provenance.named(AS_OF) if provenance is not None else None
    at = confirmed.get(str(value.get(own.key))) if own is not None else None
    if at is not None and provenance is not None and as_of is not None:
        origin = value.get(provenance.key) or {}
        before = parse_instant(origin.get(as_of.key))
        if before is None or at > before:
            made[provenance.key] = {**origin, as_of.key: at.isoformat()}
    return made
