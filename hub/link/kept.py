"""Link tables as decisions change them: a few rows at a time, the old versions kept, the feed of changes told.

Every statement of one decision bears one instant, `at`; so what a decision took away is what history says ended then.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from psycopg import Connection

from hub.errors import OperationRefused
from hub.model.registry import Entity, Linked, registry
from hub.model.tables import ACCEPTED
from hub.store.changes import announce

COLUMNS = "record_id, found_id, subject_id, subject_kind, status, method, confidence, weight, evidence, decided_by, decided_at"


@dataclass(frozen=True)
class Field:
    """What can be decided: a linked field, `Entity.field`, or which rows of a register are one, `Entity.duplicate`.

    `entity` is that of the record; `kinds` are those of the subjects. Of a merge both are the same, and `linked` is None.
    """

    name: str
    entity: Entity
    table: str
    kinds: tuple[str, ...]
    linked: Linked | None = None

    @property
    def merges(self) -> bool:
        """Whether the pair is two rows of one register."""
        return self.linked is None

    @property
    def tables(self) -> tuple[tuple[str, str], ...]:
        """Kind of subject → its table in `data`."""
        return tuple((kind, registry()[kind].table) for kind in self.kinds)


@cache
def fields() -> Mapping[str, Field]:
    """Every field that can be decided, by name, in order of declaration."""
    found = [Field(f"{e.name}.{k.name}", e, k.table, k.kinds, k) for e in registry() for k in e.linked]
    found += [Field(f"{e.name}.duplicate", e, e.duplicate_table, (e.name,)) for e in registry() if e.duplicates]
    return {field.name: field for field in found}


def field_named(name: str) -> Field:
    """The field of this name. Raises OperationRefused."""
    found = fields().get(name)
    if found is None:
        raise OperationRefused(
            "there is no linked field or merge of this name",
            next_step=f"use one of: {', '.join(fields())}",
            code="UNKNOWN_FIELD",
        )
    return found


def leading_to(kind: str) -> tuple[Field, ...]:
    """The fields whose rows may stand for a subject of this kind."""
    return tuple(field for field in fields().values() if kind in field.kinds)


def take(connection: Connection[Any], table: str, where: str, values: Mapping[str, Any]) -> int:
    """Take rows out of a link table, and keep them in its history. `where` is of `l`; `values` has `at`. Returns how many."""
    return connection.execute(
        f"with gone as (delete from link.{table} l where {where} returning l.*)"
        f" insert into link_history.{table} ({COLUMNS}, sys_from, sys_to) select {COLUMNS}, sys_from, %(at)s from gone",
        values,
    ).rowcount


def move(connection: Connection[Any], table: str, heirs: Mapping[int, int], at: datetime) -> list[int]:
    """Let the rows that found one of these stand for its heir. Returns the records of those that did not already."""
    moved = connection.execute(
        "with heirs as (select * from unnest(%(ids)s::bigint[], %(heirs)s::bigint[]) as h (id, heir)), kept as ("
        f"insert into link_history.{table} ({COLUMNS}, sys_from, sys_to) select {COLUMNS}, l.sys_from, %(at)s"
        f" from link.{table} l join heirs h on h.id = l.found_id where l.subject_id <> h.heir)"
        f" update link.{table} l set subject_id = h.heir, sys_from = %(at)s from heirs h"
        " where h.id = l.found_id and l.subject_id <> h.heir returning l.record_id",
        {"ids": list(heirs), "heirs": list(heirs.values()), "at": at},
    ).fetchall()
    return [record for (record,) in moved]


def tell(connection: Connection[Any], field: Field, records: Collection[int], at: datetime) -> None:
    """Tell the feed which accepted links of these records were made and which withdrawn at this instant."""
    now, before = f"link.{field.table}", f"link_history.{field.table}"
    same = "b.record_id = l.record_id and b.subject_id = l.subject_id"
    made = (
        f"select %(entity)s, l.record_id, 'LINKED', l.subject_id, null::smallint, %(at)s from {now} l"
        f" where l.record_id = any(%(records)s) and l.sys_from = %(at)s and l.{ACCEPTED}"
        f" and not exists (select from {before} b where {same} and b.sys_to = %(at)s and b.{ACCEPTED})"
    )
    gone = (
        f"select %(entity)s, b.record_id, 'UNLINKED', b.subject_id, null::smallint, %(at)s from {before} b"
        f" where b.record_id = any(%(records)s) and b.sys_to = %(at)s and b.{ACCEPTED}"
        f" and not exists (select from {now} l where {same} and l.{ACCEPTED})"
    )
    values = {"entity": field.entity.name, "records": list(records), "at": at}
    announce(connection, f"{made} union {gone}", values)


def look_again(connection: Connection[Any], rows: Collection[int]) -> None:
    """Let the next run take these rows for new: what follows from a decision for other candidates is a run's to find."""
    connection.execute("delete from link.considered where record_id = any(%s)", (list(rows),))
