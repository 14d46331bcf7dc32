"""Corrections at the point of use: the disputed values of the records that an answer rests on.

    sql, parameters = SELECT_NOTICES, notice_parameters([("LandUseRight", 12)])
    disputed = read_notices(await reads.json(sql, parameters))
    disputed.of("LandUseRight", 12, "area")     →  (CorrectionNotice(…),)

One statement for all records of a document; no value of a correction is read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from hub.model.correction_states import PENDING, STATE_LABELS, CorrectionState
from schema.core import Label

MAX_RECORDS = 5_000
RecordKey = tuple[str, int]
"""Entity and number, as in a global id."""
SELECT_NOTICES = """
select coalesce(json_agg(json_build_object(
    'id', c.id, 'entity', c.record_entity, 'number', c.record_id, 'field', c.field, 'state', c.state, 'since', c.opened_at,
    'due', c.due_at) order by c.id), '[]')::text
from unnest($1::text[], $2::bigint[]) k(entity, number)
join hub.source_correction c on c.record_entity = k.entity and c.record_id = k.number
where c.state in ('OPEN', 'SENT', 'ACKNOWLEDGED', 'REFUSED', 'REOPENED')"""


@dataclass(frozen=True)
class CorrectionNotice:
    """That a value is disputed: since when, by when the source has to act, and what it has said so far. No value."""

    id: int
    field: str
    state: CorrectionState
    since: datetime
    due: datetime

    def is_overdue(self, now: datetime) -> bool:
        """Whether the source should have acted by now."""
        return self.state in PENDING and self.due < now

    def describe(self) -> Label:
        """The notice as a sentence for the officer."""
        label, since, due = STATE_LABELS[self.state], f"{self.since:%d/%m/%Y}", f"{self.due:%d/%m/%Y}"
        if self.state is CorrectionState.REFUSED:
            return Label(
                f"Đã yêu cầu chỉnh sửa từ {since}; {label.vi.lower()}",
                f"Correction asked for on {since}; {label.en.lower()}",
            )
        return Label(
            f"Đang chờ chỉnh sửa từ {since}, hạn {due} ({label.vi.lower()})",
            f"Correction pending since {since}, due {due} ({label.en.lower()})",
        )  # fmt: skip


@dataclass(frozen=True)
class DisputedRecords:
    """The corrections of some records."""

    by_place: Mapping[tuple[str, int, str], tuple[CorrectionNotice, ...]]

    def of(self, entity: str, number: int, field: str) -> tuple[CorrectionNotice, ...]:
        """Those of one field, as the graph reaches it from the record: `area`, `holderLink.recorded.name`; oldest first."""
        return self.by_place.get((entity, number, field), ())


def notice_parameters(records: Iterable[RecordKey]) -> tuple[list[str], list[int]]:
    """The parameters of SELECT_NOTICES; at most MAX_RECORDS different records."""
    keys = sorted(set(records))[:MAX_RECORDS]
    return [entity for entity, _ in keys], [number for _, number in keys]


def read_notices(text: bytes) -> DisputedRecords:
    """The answer of SELECT_NOTICES."""
    found: dict[tuple[str, int, str], tuple[CorrectionNotice, ...]] = {}
    for row in orjson.loads(text):
        place = (row["entity"], row["number"], row["field"])
        since, due = (datetime.fromisoformat(row[name]) for name in ("since", "due"))
        notice = CorrectionNotice(row["id"], row["field"], CorrectionState(row["state"]), since, due)
        found[place] = (*found.get(place, ()), notice)
    return DisputedRecords(found)
