"""The review queue: what linking left to persons, the most valuable first. See `hub.link.stake` for the order.

Lists have no personal data; `hub.link.item` shows one question with it.
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
from hub.link.field import field_named, fields
from hub.link.stake import procedures_over, take_in

MOST = 500
"""Items of one page at most."""
PLACE = "(- q.value), q.distance, q.field, q.record_id"


@dataclass(frozen=True)
class Wanted:
    """Which items: of one field, of one kind of subject, of records of one sector, with a best candidate of at least a weight."""

    field: str | None = None
    kind: str | None = None
    sector: str | None = None
    least_weight: float | None = None


@dataclass(frozen=True)
class QueueItem:
    """One record that waits, of the kind `entity`; `kinds` are those of its candidates. `weight` is that of the best candidate,
    null where only rules found any."""

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
    """A page of the queue; `after` is the cursor of the next one, null where this is the last."""

    items: tuple[QueueItem, ...]
    after: str | None


@dataclass(frozen=True)
class Waiting:
    """How much of one field waits."""

    field: str
    entity: str
    sector: str
    records: int
    candidates: int


def queue(
    connection: Connection[Any], wanted: Wanted | None = None, *, first: int = 50, after: str | None = None
) -> QueuePage:
    """A page of the queue. Raises OperationRefused: UNKNOWN_FIELD, BAD_PAGE_SIZE, BAD_CURSOR."""
    if not 1 <= first <= MOST:
        raise OperationRefused(f"a page has 1 to {MOST} items", next_step="ask for fewer", code="BAD_PAGE_SIZE")
    values = {"first": first + 1, **_chosen(wanted or Wanted()), **_place(after)}
    take_in(connection)
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(page_sql(wanted or Wanted(), continued=after is not None), values).fetchall()
    items = tuple(_item(row) for row in found[:first])
    return QueuePage(items, items[-1].cursor if len(found) > first else None)


def waiting(connection: Connection[Any]) -> tuple[Waiting, ...]:
    """How many records and candidates wait, for each field that has any."""
    take_in(connection)
    rows = connection.execute(
        "select field, count(*), sum(candidates)::bigint from link.review group by field"
    ).fetchall()
    counted = {name: (records, candidates) for name, records, candidates in rows}
    return tuple(
        Waiting(field.name, field.entity.name, field.entity.sector, *counted[field.name])
        for field in fields().values()
        if field.name in counted
    )


def page_sql(wanted: Wanted, *, continued: bool) -> str:
    """The statement of one page. It walks `review_order`, from the cursor on."""
    tests = (
        ("q.field = any(%(fields)s)", bool(wanted.field or wanted.sector)),
        ("%(kind)s = any(q.kinds)", wanted.kind is not None),
        ("q.weight >= %(least)s", wanted.least_weight is not None),
        (f"({PLACE}) > (%(place)s, %(distance)s, %(field)s, %(record)s)", continued),
    )
    where = " and ".join(test for test, given in tests if given) or "true"
    return (
        "select q.field, q.record_id, q.kinds, q.candidates, q.weight, q.distance, q.waiting, q.value"
        f" from link.review q where {where} order by {PLACE} limit %(first)s"
    )


def _chosen(wanted: Wanted) -> Mapping[str, Any]:
    named = [field_named(wanted.field)] if wanted.field else fields().values()
    names = [field.name for field in named if wanted.sector in (None, field.entity.sector)]
    return {"fields": names, "kind": wanted.kind, "least": wanted.least_weight}


def _item(row: Mapping[str, Any]) -> QueueItem:
    field = field_named(row["field"])
    known = {"entity": field.entity.name, "sector": field.entity.sector, "procedures": procedures_over(field.name)}
    return QueueItem(**{**row, **known, "kinds": tuple(row["kinds"])})


def _place(after: str | None) -> Mapping[str, Any]:
    if after is None:
        return {}
    try:
        value, distance, field, record = json.loads(base64.urlsafe_b64decode(after.encode()))
        return {"place": -int(value), "distance": float(distance), "field": str(field), "record": int(record)}
    except (binascii.Error, ValueError, TypeError):
        raise OperationRefused(
            "this is no cursor of the review queue", next_step="begin without one", code="BAD_CURSOR"
        ) from None
