"""The review queue: what linking left to persons, the most valuable first. See `hub.link.review.review_priority` for the order.

Lists have no personal data; `hub.link.review.item` shows one question with it.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from hub.errors import OperationRefused
from hub.link.field import field_named, list_decidable_fields
from hub.link.review.review_priority import procedures_over, take_in
from hub.store.query import fetch_value

MOST = 500
"""Items of one page at most."""
PLACE = ("(- q.value)", "q.distance", "q.field", "q.record_id")
"""The order of the queue, as `review_order` has it."""


@dataclass(frozen=True)
class Wanted:
    """Which items: of these fields, of one kind of subject, of records of these sectors, by the weight of the best candidate.

    None is no condition. `weight` are pairs of an operator of WEIGHT and a number of bits.
    """

    fields: tuple[str, ...] | None = None
    kind: str | None = None
    sectors: tuple[str, ...] | None = None
    weight: tuple[tuple[str, float], ...] = ()


WEIGHT: Mapping[str, str] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(frozen=True)
class Part:
    """Which part of the queue: at most `size` items, the first after `after`, or (`backward`) the last before `before`."""

    size: int
    after: str | None = None
    before: str | None = None
    backward: bool = False


EVERY, FIRST = Wanted(), Part(50)


@dataclass(frozen=True)
class QueueItem:
    """One record that waits, of the kind `entity`; `kinds` are those of its candidates. `weight` is that of the best candidate,
    null if only rules found any."""

    field: str
    record_id: int
    entity: str
    sector: str
    kinds: tuple[str, ...]
    candidates: int
    weight: float | None
    distance: float
    procedures: tuple[str, ...]
    waiting: int
    value: int

    @property
    def cursor(self) -> str:
        """Where a page after this item begins."""
        place = [self.value, self.distance, self.field, self.record_id]
        return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


@dataclass(frozen=True)
class QueuePage:
    """A page of the queue, in its order: whether there is something after it, and before it."""

    items: tuple[QueueItem, ...]
    has_next: bool
    has_previous: bool

    @property
    def after(self) -> str | None:
        """The cursor of the next page; null if this is the last."""
        return self.items[-1].cursor if self.has_next and self.items else None


@dataclass(frozen=True)
class WaitingCounts:
    """How much of one field waits."""

    field: str
    entity: str
    sector: str
    records: int
    candidates: int


def read_review_queue(connection: Connection[Any], wanted: Wanted = EVERY, part: Part = FIRST) -> QueuePage:
    """A page of the queue. Raises OperationRefused: UNKNOWN_FIELD, BAD_PAGE_SIZE, BAD_CURSOR."""
    if not 1 <= part.size <= MOST:
        raise OperationRefused(f"a page has 1 to {MOST} items", next_step="ask for fewer", code="BAD_PAGE_SIZE")
    values = {"size": part.size + 1, **_chosen(wanted), **_place(part.after, "after"), **_place(part.before, "before")}
    take_in(connection)
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(page_sql(wanted, part), values).fetchall()
    more = len(found) > part.size
    kept = found[: part.size]
    items = tuple(_item(row) for row in (reversed(kept) if part.backward else kept))
    if part.backward:
        return QueuePage(items, part.before is not None, more)
    return QueuePage(items, more, part.after is not None)


def count_review_items(connection: Connection[Any], wanted: Wanted) -> int:
    """How many items there are. Raises OperationRefused: UNKNOWN_FIELD."""
    take_in(connection)
    return int(fetch_value(connection, f"select count(*) from link.review q where {_where(wanted)}", _chosen(wanted)))


def count_waiting(connection: Connection[Any]) -> tuple[WaitingCounts, ...]:
    """How many records and candidates wait, for each field that has any."""
    take_in(connection)
    rows = connection.execute(
        "select field, count(*), sum(candidates)::bigint from link.review group by field"
    ).fetchall()
    counted = {name: (records, candidates) for name, records, candidates in rows}
    return tuple(
        WaitingCounts(field.name, field.entity.name, field.entity.sector, *counted[field.name])
        for field in list_decidable_fields().values()
        if field.name in counted
    )


def page_sql(wanted: Wanted, part: Part) -> str:
    """The statement of one page. It walks `review_order` from the cursor on, in either direction."""
    tests = [_where(wanted)]
    tests += [_beyond(">", "after")] if part.after is not None else []
    tests += [_beyond("<", "before")] if part.before is not None else []
    order = ", ".join(f"{term} desc" for term in PLACE) if part.backward else ", ".join(PLACE)
    return (
        "select q.field, q.record_id, q.kinds, q.candidates, q.weight, q.distance, q.waiting, q.value"
        f" from link.review q where {' and '.join(tests)} order by {order} limit %(size)s"
    )


def _where(wanted: Wanted) -> str:
    tests = ["q.field = any(%(fields)s)"] if wanted.fields is not None or wanted.sectors is not None else []
    tests += ["%(kind)s = any(q.kinds)"] if wanted.kind is not None else []
    tests += [f"q.weight {WEIGHT[operator]} %(weight_{operator})s" for operator, _ in wanted.weight]
    return " and ".join(tests) or "true"


def _beyond(sign: str, cursor: str) -> str:
    values = ", ".join(f"%({cursor}_{name})s" for name in ("place", "distance", "field", "record"))
    return f"({', '.join(PLACE)}) {sign} ({values})"


def _chosen(wanted: Wanted) -> Mapping[str, Any]:
    named = list_decidable_fields().values() if wanted.fields is None else [field_named(name) for name in wanted.fields]
    names = [field.name for field in named if wanted.sectors is None or field.entity.sector in wanted.sectors]
    weights = {f"weight_{operator}": bits for operator, bits in wanted.weight}
    return {"fields": names, "kind": wanted.kind, **weights}


def _item(row: Mapping[str, Any]) -> QueueItem:
    field = field_named(row["field"])
    known = {"entity": field.entity.name, "sector": field.entity.sector, "procedures": procedures_over(field.name)}
    return QueueItem(**{**row, **known, "kinds": tuple(row["kinds"])})


def _place(cursor: str | None, name: str) -> Mapping[str, Any]:
    if cursor is None:
        return {}
    try:
        value, distance, field, record = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        place = {"place": -int(value), "distance": float(distance), "field": str(field), "record": int(record)}
    except (binascii.Error, ValueError, TypeError):
        raise OperationRefused(
            "this is no cursor of the review queue", next_step="begin without one", code="BAD_CURSOR"
        ) from None
    return {f"{name}_{part}": found for part, found in place.items()}
