"""Discrepancies: copies that differ from their authority, found over accepted links and kept as a difference to what is known.

Compared is the row that was *found*, not its heir: it is what the sector meant, and whether two rows of a register are one
person is for that register to mend. The discrepancy is told of the heir (`subject_id`), which is what the graph shows.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.link.discrepancies import communes
from hub.link.discrepancies.comparisons import Columns, render_grade
from hub.link.workspace import LinkWorkspace
from hub.model.authorities import Copy, find_copies
from hub.model.names import to_snake_case
from hub.model.registry import Entity, Linked, Registry, load_registry
from hub.model.tables import ACCEPTED
from schema.authority import Comparison

COLUMNS = (
    "field, record_entity, record_id, record_field, recorded, subject_kind, subject_id, found_id, subject_field, held, kind,"
    " sector, stream_id, source_key"
)
DIFFERING_COLUMNS = (
    "field text, record_entity text, record_id bigint, record_field text, recorded text, subject_kind text,"
    " subject_id bigint, found_id bigint, subject_field text, held text, kind text, sector text, stream_id smallint,"
    " source_key text"
)
"""Of `differing`."""
SAME = (
    "(w.field, w.record_id, w.record_field, w.subject_field, w.found_id, w.recorded, w.held, w.kind, w.stream_id, w.source_key)"
    " = (d.field, d.record_id, d.record_field, d.subject_field, d.found_id, d.recorded, d.held, d.kind, d.stream_id, d.source_key)"
)
"""Whose heir the found row is makes no other discrepancy of it: it is as old as it was before a merge."""
FOLLOW = (
    f"update link.discrepancy d set subject_id = w.subject_id from differing w where {SAME} and d.sys_to is null"
    " and d.subject_id <> w.subject_id"
)
TOUCHED = "record_id in (select record_id from touched)"
"""`touched` is a table of the workspace."""


@dataclass(frozen=True)
class DiscrepancyCounts:
    """One linked field: how many discrepancies were opened and closed, and how many are open now, by kind."""

    field: str
    opened: int
    closed: int
    open: Mapping[str, int]


def update_discrepancies(
    workspace: LinkWorkspace, fields: Iterable[str], at: datetime, *, touched: bool = False
) -> tuple[DiscrepancyCounts, ...]:
    """Bring `link.discrepancy` up to what the links of these fields (`Entity.field`) say now, in one transaction.

    Of all records, or where `touched` is set, of those in the workspace's `touched` only: records that are
    new, changed or gone, whose link changed, or whose subject did. Rows that are right already are not written.
    """
    chosen, connection = [_field(name) for name in fields], workspace.connection
    with connection.transaction(), workspace.dropped_after("differing", *communes.TABLES):
        workspace.create_empty("differing", DIFFERING_COLUMNS)
        compared = [one for one in chosen if not touched or _is_touched(connection, one[0])]
        _create_commune_tables(workspace, compared, touched)
        for entity, linked in compared:
            for statement in render_differing_rows(entity, linked, touched=touched):
                connection.execute(statement)
        workspace.analyze("differing")
        names = [f"{linked.owner}.{linked.name}" for _, linked in chosen]
        values = {"at": at, "fields": names}
        connection.execute(FOLLOW)
        close, open_ = render_discrepancy_changes(touched=touched)
        closed = dict(connection.execute(close, values).fetchall())
        opened = dict(connection.execute(open_, values).fetchall())
        now = _open(connection, values)
    return tuple(DiscrepancyCounts(name, opened.get(name, 0), closed.get(name, 0), now.get(name, {})) for name in names)


def render_differing_rows(entity: Entity, linked: Linked, *, touched: bool) -> Iterator[str]:
    """Statements that fill `differing` for one linked field: one for each kind of subject that has an authority."""
    for kind in linked.kinds:
        compared = tuple(
            c for c in find_copies(load_registry(), entity) if c.linked.name == linked.name and c.kind == kind
        )
        if compared:
            yield _kind(entity, linked, compared, touched)


def _kind(entity: Entity, linked: Linked, compared: tuple[Copy, ...], touched: bool) -> str:
    kind = compared[0].kind
    hops = {copy.holder: copy.hop for copy in compared if copy.hop}
    alias = {holder: to_snake_case(holder) for holder in hops}
    joined = "".join(
        f" left join data.{to_snake_case(holder)} {alias[holder]} on {alias[holder]}.{hop.key.name} = s.{hop.column.name}"
        for holder, hop in hops.items()
    )
    rows = ", ".join(_row(copy, alias[copy.holder] if copy.hop else "s") for copy in compared)
    return (
        f"insert into differing ({COLUMNS}) select '{entity.name}.{linked.name}', '{entity.name}', r.id, c.record_field,"
        f" c.recorded, l.subject_kind, l.subject_id, l.found_id, c.subject_field, c.held, c.kind, '{entity.sector}',"
        f" r.stream_id, r.source_key from {_links(entity, linked, touched=touched)} join data.{entity.table} r on r.id = l.record_id"
        f" join data.{to_snake_case(kind)} s on s.id = l.found_id{joined}"
        f" cross join lateral (values {rows}) c (record_field, recorded, subject_field, held, kind)"
        f" where l.{ACCEPTED} and l.subject_kind = '{kind}' and c.kind is not null"
    )


def _links(entity: Entity, linked: Linked, *, touched: bool) -> str:
    """The links of a field as `l`: all, or those of the records in `touched`."""
    if not touched:
        return f"link.{linked.table} l"
    # `offset 0` makes PostgreSQL look up the links of each record. Without it, it read every link of the field.
    return (
        f"(select distinct record_id from touched where entity = '{entity.name}') t"
        f" cross join lateral (select * from link.{linked.table} a where a.record_id = t.record_id offset 0) l"
    )


def _row(copy: Copy, holder: str) -> str:
    at = Columns(
        f"r.{copy.column.name}",
        f"{holder}.{copy.held.name}",
        f"{holder}.{copy.held.search_key}" if copy.held.search_key else None,
        f"{holder}.{copy.beside.name}" if copy.beside else None,
    )
    graded = render_grade(copy, at)
    if copy.while_empty:
        graded = f"case when r.{copy.while_empty.name} is null then {graded} end"
    # An address without words has its unit to show.
    shown = f"coalesce({at.held}, {at.beside})" if copy.compared is Comparison.ADDRESS else f"{at.held}::text"
    return f"('{copy.column.name}', {at.recorded}, '{copy.held.name}', {shown}, {graded})"


def render_discrepancy_changes(*, touched: bool) -> tuple[str, str]:
    """Statements that bring the table to `differing`: close settled ones, open new ones. Each takes %(at)s and %(fields)s.

    Each returns how many, by field.
    """
    close = (
        "with closed as (update link.discrepancy d set sys_to = %(at)s where d.sys_to is null and d.field = any(%(fields)s)"
        f"{f' and d.{TOUCHED}' if touched else ''} and not exists (select from differing w where {SAME}) returning d.field)"
        " select field, count(*) from closed group by field"
    )
    opened = (
        f"with opened as (insert into link.discrepancy ({COLUMNS}, sys_from) select {COLUMNS}, %(at)s from differing w"
        f" where not exists (select from link.discrepancy d where d.sys_to is null and {SAME})"
        " order by w.record_id, w.record_field, w.subject_field returning field)"
        " select field, count(*) from opened group by field"
    )
    return close, opened


def digest_discrepancy_rules(known: Registry) -> str:
    """A digest of all that a discrepancy rests on beside the values: where it changes, every record has to be compared anew."""
    statements = [
        s for entity in known for linked in entity.linked for s in render_differing_rows(entity, linked, touched=False)
    ]
    return hashlib.sha256(
        "\n".join([*statements, *(table.select for table in communes.list_commune_tables(""))]).encode()
    ).hexdigest()[:16]


def _create_commune_tables(workspace: LinkWorkspace, chosen: list[tuple[Entity, Linked]], touched: bool) -> None:
    """Read the tails of all recorded addresses that are not the authority's very words."""
    compared = []
    for entity, linked in chosen:
        for copy in find_copies(load_registry(), entity):
            if copy.linked.name == linked.name and copy.compared is Comparison.ADDRESS:
                assert copy.beside is not None  # checked where authorities are resolved
                recorded = f"r.{copy.column.name}"
                compared.append(
                    f"select {communes.render_address_tail(recorded)} as tail, s.{copy.beside.name} as unit_code"
                    f" from {_links(entity, linked, touched=touched)} join data.{entity.table} r on r.id = l.record_id"
                    f" join data.{to_snake_case(copy.kind)} s on s.id = l.found_id"
                    f" where l.{ACCEPTED} and l.subject_kind = '{copy.kind}' and {recorded} is not null"
                    f" and {recorded} is distinct from s.{copy.held.name}"
                )
    if compared:
        for table in communes.list_commune_tables(" union ".join(compared)):
            workspace.create(table.name, table.select, unique=table.unique, analyze=True)


def _is_touched(connection: Connection[Any], entity: Entity) -> bool:
    row = connection.execute("select exists (select from touched where entity = %s)", (entity.name,)).fetchone()
    return row == (True,)


def _open(connection: Connection[Any], values: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    rows = connection.execute(
        "select field, kind, count(*) from link.discrepancy where sys_to is null and field = any(%(fields)s)"
        " group by 1, 2 order by 1, 2",
        values,
    ).fetchall()
    found: dict[str, dict[str, int]] = {}
    for field, kind, number in rows:
        found.setdefault(field, {})[kind] = number
    return found


def _field(name: str) -> tuple[Entity, Linked]:
    """A linked field by name. Raises KeyError: names come from the registry, or were checked by linking."""
    entity = load_registry()[name.partition(".")[0]]
    return entity, next(linked for linked in entity.linked if f"{entity.name}.{linked.name}" == name)
