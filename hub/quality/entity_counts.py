"""Counts of one entity, as SQL: one statement reads its table once, however many fields it has. Pure text.

Every statement is by stream, and by unit too where records or their subjects have one. Units of which there are few records are left
out by the statement itself, so rows that were never read cannot be kept anywhere. A number that is subtracted from such a count is read
whole, and rounded with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.model.authorities import Copy, find_copies
from hub.model.names import quote_identifier, to_snake_case
from hub.model.registry import Column, Entity, Registry
from hub.model.tables import ACCEPTED
from schema.authority import Comparison
from schema.values import AdministrativeUnitCode

MAX_GROUPS = 2_000
"""Groups of one entity: streams, and of their units those with the most records. A province has 54 communes, and had 171."""


def find_unit_column(entity: Entity) -> Column | None:
    """The column that says in which unit a record of the entity is: the only one with a unit's code, and no key of it."""
    units = [column for column in entity.columns if issubclass(column.value, AdministrativeUnitCode)]
    return units[0] if len(units) == 1 and not units[0].unique else None


def render_fill_counts(entity: Entity) -> str:
    """Rows of stream, unit, whether it is the total of the stream, records, those changed lately, those of them in time, and an
    array of how many records have each field, in the order of `entity.columns`.

    Takes %(streams)s, %(promises)s and %(since)s, arrays of the same length: ids, seconds promised, and from when on a change counts;
    and %(step)s, the smallest cell.
    """
    unit = find_unit_column(entity)
    unit_sql = f"r.{unit.sql}" if unit else "null::text"
    filled = ", ".join(f"count(r.{column.sql})" for column in entity.columns)
    changed = "r.changed_at_source >= p.since and p.promised is not null"
    in_time = f"{changed} and r.sys_from - r.changed_at_source <= make_interval(secs => p.promised)"
    groups = "grouping sets ((r.stream_id), (r.stream_id, g.unit))" if unit else "grouping sets ((r.stream_id))"
    is_total = "grouping(g.unit) = 1" if unit else "true"
    shown_unit = "g.unit" if unit else "null::text"
    return (
        f"select r.stream_id, {shown_unit} as unit, {is_total} as is_total, count(*) as records,"
        f" count(*) filter (where {changed}) as changed, count(*) filter (where {in_time}) as in_time, array[{filled}] as filled"
        f" from data.{quote_identifier(entity.table)} r cross join lateral (select {unit_sql} as unit) g"
        " left join unnest(%(streams)s::smallint[], %(promises)s::float8[], %(since)s::timestamptz[])"
        " p (stream_id, promised, since) on p.stream_id = r.stream_id"
        f" group by {groups} having {is_total} or ({shown_unit} is not null and count(*) >= %(step)s)"
        f" order by is_total desc, records desc, 1, 2 limit {MAX_GROUPS}"
    )


def render_compared_counts(registry: Registry, entity: Entity) -> str | None:
    """Rows of stream, unit, whether it is the total of the stream, column, and how many records have in it a copy that could be held
    against its authority; None if no column is a copy. Takes %(step)s, the smallest cell.

    A record without a unit of its own is in that of the subject it leads to: of its person, parcel or business.
    """
    parts = [_render_compared(registry, entity, kind_copies) for kind_copies in _group_copies(registry, entity)]
    if not parts:
        return None
    return (
        "select stream_id, unit, is_total, field, sum(compared)::bigint as compared"
        f" from ({' union all '.join(parts)}) c where is_total or unit is not null group by 1, 2, 3, 4"
        " having is_total or sum(compared) >= %(step)s order by 3 desc, 1, 2, 4"
    )


def render_disagreeing_counts(registry: Registry) -> str:
    """Rows of stream, kind of record, column, unit, whether it is the total, and how many records have an open discrepancy in it."""
    own = [
        (entity, unit) for entity in registry if (unit := find_unit_column(entity)) and find_copies(registry, entity)
    ]
    kinds = sorted({copy.kind for entity in registry for copy in find_copies(registry, entity)})
    subjects = [(registry[kind], unit) for kind in kinds if (unit := find_unit_column(registry[kind]))]
    joins, units = [], []
    for joined, entity_column, id_column in (
        (own, "record_entity", "record_id"),
        (subjects, "subject_kind", "found_id"),
    ):
        for entity, unit in joined:
            alias = quote_identifier(f"{id_column}_{entity.table}")
            joins.append(
                f" left join data.{quote_identifier(entity.table)} {alias} on {alias}.id = d.{id_column}"
                f" and d.{entity_column} = {_quote_text(entity.name)}"
            )
            units.append(f"{alias}.{unit.sql}")
    unit_sql = f"coalesce({', '.join(units)})" if units else "null::text"
    return (
        "select d.stream_id, d.record_entity, d.record_field, g.unit, grouping(g.unit) = 1 as is_total,"
        f" count(distinct d.record_id) as disagreeing from link.discrepancy d{''.join(joins)}"
        f" cross join lateral (select {unit_sql} as unit) g where d.sys_to is null and d.stream_id is not null"
        " group by grouping sets ((d.stream_id, d.record_entity, d.record_field), (d.stream_id, d.record_entity, d.record_field, g.unit))"
        " having grouping(g.unit) = 1 or g.unit is not null"
    )


def render_rejected_counts(entity: Entity) -> str:
    """Rows of stream, unit, whether the store holds the record, and how many records have open rejected rows. Takes %(entity)s.

    Where a record is that the store does not hold is not known: it has no unit.
    """
    unit = find_unit_column(entity)
    unit_sql = f"r.{unit.sql}" if unit else "null::text"
    return (
        f"select q.stream_id, {unit_sql} as unit, r.id is not null as is_held,"
        " count(distinct coalesce(q.source_key, q.payload_hash)) as rejected from hub.quarantine q"
        f" left join data.{quote_identifier(entity.table)} r on r.stream_id = q.stream_id and r.source_key = q.source_key"
        " where q.entity = %(entity)s and q.resolved_at is null group by 1, 2, 3"
    )


@dataclass(frozen=True)
class _KindCopies:
    """The copies that one linked field has of one kind of subject."""

    table: str
    kind: str
    copies: tuple[Copy, ...]


def _group_copies(registry: Registry, entity: Entity) -> Iterator[_KindCopies]:
    copies = find_copies(registry, entity)
    for linked in entity.linked:
        for kind in linked.kinds:
            found = tuple(copy for copy in copies if copy.linked.name == linked.name and copy.kind == kind)
            if found:
                yield _KindCopies(linked.table, kind, found)


def _render_compared(registry: Registry, entity: Entity, group: _KindCopies) -> str:
    own, of_subject = find_unit_column(entity), find_unit_column(registry[group.kind])
    unit_sql = f"r.{own.sql}" if own else f"s.{of_subject.sql}" if of_subject else "null::text"
    hops = {copy.holder: copy.hop for copy in group.copies if copy.hop}
    alias = {holder: quote_identifier(f"hop_{to_snake_case(holder)}") for holder in hops}
    joined = "".join(
        f" left join data.{quote_identifier(to_snake_case(holder))} {alias[holder]} on {alias[holder]}.{hop.key.sql} = s.{hop.column.sql}"
        for holder, hop in hops.items()
    )
    columns: dict[str, list[str]] = {}
    for copy in group.copies:
        columns.setdefault(copy.column.name, []).append(
            _render_comparable(copy, alias[copy.holder] if copy.hop else "s")
        )
    names = ", ".join(_quote_text(name) for name in columns)
    counts = ", ".join(f"count(*) filter (where {' or '.join(conditions)})" for conditions in columns.values())
    return (
        "select k.stream_id, k.unit, k.is_total, x.field, x.compared"
        f" from (select r.stream_id, g.unit, grouping(g.unit) = 1 as is_total, array[{counts}] as counts"
        f" from link.{quote_identifier(group.table)} l join data.{quote_identifier(entity.table)} r on r.id = l.record_id"
        f" join data.{quote_identifier(to_snake_case(group.kind))} s on s.id = l.found_id{joined}"
        f" cross join lateral (select {unit_sql} as unit) g where l.{ACCEPTED} and l.subject_kind = {_quote_text(group.kind)}"
        " group by grouping sets ((r.stream_id), (r.stream_id, g.unit))) k"
        f" cross join lateral unnest(array[{names}], k.counts) x (field, compared)"
    )


def _render_comparable(copy: Copy, holder: str) -> str:
    """Whether a copy and its authority both have a value. As `hub.link.discrepancies.comparisons` grades nothing else."""
    both = [f"r.{copy.column.sql} is not null"]
    held: Sequence[Column] = [copy.held]
    if copy.compared is Comparison.ADDRESS:
        held = [copy.beside] if copy.beside else [copy.held]
    both.append("(" + " or ".join(f"{holder}.{one.sql} is not null" for one in held) + ")")
    if copy.while_empty:
        both.append(f"r.{copy.while_empty.sql} is null")
    return f"({' and '.join(both)})"


def _quote_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
