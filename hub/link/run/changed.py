"""The changes since linking last looked, and which records that can have an effect on. Set-based, in temporary tables.

`changed` are the rows of which `link.considered` knows another version or none, or which are gone. `changed_subject` are the
rows of registers whose comparison with anything can come out otherwise by that: changed ones, households of a changed head,
businesses of a changed representative, and those of which something else stands in other records (`hub.link.rules.inferred_facts`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from hub.link.field import Field
from hub.link.profile import load_profile
from hub.link.rules.inferred_facts import select_links_changed
from hub.link.rules.sql import name_versions_table, select_withdrawn
from hub.link.workspace import LinkWorkspace
from hub.model.names import to_snake_case
from hub.model.registry import Registry, load_registry
from hub.model.tables import stored_columns
from schema.linking.declarations import Standing

REFERENCE = ("AdministrativeUnit", "AdministrativeUnitChange")
"""Where these change, every record is linked anew: codes and addresses everywhere rest on them."""
COUNT_CHANGED = "select entity, count(*) from changed group by entity"
"""Rows that changed, by entity."""


LAST_COMPLETE = (
    "select r.basis, exists (select from hub.link_run i where i.id > r.id and i.ended_at is not null"
    " and (i.mode = 'INTERRUPTED' or i.mode = 'SOME' and i.changed <> 0))"
    " from hub.link_run r where r.ended_at is not null and r.mode in ('FULL', 'CHANGES') order by r.id desc limit 1"
)
"""What the last run went by that looked at all that had changed; and whether one since has changed links without following up all
that rests on them."""
NEVER = "'-infinity'::timestamptz"
"""The version of a row that is to be looked at again: kept in `link.considered` as no version of it, so that the row is not forgotten
if it goes before that."""


def list_concerned_entities(known: Registry) -> tuple[str, ...]:
    """The entities that links rest on: owners of linked fields, their subjects, and administrative units."""
    names = {*REFERENCE}
    for entity in known:
        for linked in entity.linked:
            names |= {entity.name, *linked.kinds}
    return tuple(entity.name for entity in known if entity.name in names)


@dataclass(frozen=True)
class EntityDigest:
    """How many rows of an entity there are, and the exclusive or of what each hashes to with its version: order does not matter."""

    rows: int
    digest: int


HASHED = "count(*), coalesce(bit_xor(timestamp_hash_extended(sys_from at time zone interval '0', {id})), 0)"
"""The columns of an EntityDigest: of 64 bits, so that one change in 10¹⁹ goes unseen. The name of a zone would be looked up for each
row, which took a fifth of the time."""
DIGEST_CONSIDERED = f"select entity, {HASHED.format(id='record_id')} from link.considered group by entity"


def digest_known(connection: Connection[Any]) -> dict[str, EntityDigest]:
    """Entity → the rows that linking knows."""
    rows = connection.execute(DIGEST_CONSIDERED).fetchall()
    return {entity: EntityDigest(number, digest) for entity, number, digest in rows}


def digest_stored(connection: Connection[Any], entities: Sequence[str]) -> dict[str, EntityDigest]:
    """Entity → the rows that there are."""
    query = " union all ".join(
        f"select '{name}', {HASHED.format(id='id')} from data.{to_snake_case(name)}" for name in entities
    )
    rows = connection.execute(query).fetchall()
    return {entity: EntityDigest(number, digest) for entity, number, digest in rows if number}


def select_changed_rows(entities: Sequence[str], changed: Collection[str]) -> str:
    """Select of `changed`: id, entity, and the version that is there now; null if the row is gone. `changed` are the entities of which
    some row did: to compare the others row by row took most of the time. They may have gone from `entities`."""
    named = ", ".join(f"'{name}'" for name in sorted(changed)) or "null"
    rows = " union all ".join(
        f"select id, '{name}' as entity, sys_from from data.{to_snake_case(name)}"
        for name in entities
        if name in changed
    )
    nothing = "select null::bigint as id, null::text as entity, null::timestamptz as sys_from where false"
    return (
        "select coalesce(d.id, c.record_id) as id, coalesce(d.entity, c.entity) as entity,"
        f" d.sys_from from ({rows or nothing}) d full join (select record_id, entity, sys_from from link.considered"
        f" where entity in ({named})) c on c.record_id = d.id where d.sys_from is distinct from c.sys_from"
    )


FORGET = "delete from link.considered c using changed n where n.id = c.record_id"
REMEMBER = f"""
insert into link.considered (record_id, entity, sys_from)
select n.id, n.entity, case when exists (
    -- Decided or undone while this run was under way: what follows from it is still to be found.
    select from link.decision d where d.record_id = n.id and greatest(d.decided_at, d.undone_at) >= %(started)s
) then {NEVER} else n.sys_from end from changed n where n.sys_from is not null
""".strip()
"""What a finished run has taken into account."""


def create_versions(workspace: LinkWorkspace, kind: str) -> str:
    """Make the table of what the changed subjects of a kind are, and of what they were. Returns its name."""
    name = name_versions_table(kind)
    columns = ", ".join(f"t.{column}" for column in stored_columns(load_registry()[kind]))
    rows = " union all ".join(
        f"select {columns} from {schema}.{to_snake_case(kind)} t join changed_subject c on c.id = t.id"
        for schema in ("data", "history")
    )
    workspace.create(name, rows, analyze=True, replace=True)
    return name


def create_changed_subjects(workspace: LinkWorkspace, kinds: Sequence[str]) -> None:
    """Make `changed_subject`. Needs what stands by the links of before (`hub.link.rules.inferred_facts`)."""
    named = ", ".join(f"'{kind}'" for kind in kinds)
    workspace.create("changed_subject", f"select id, entity as kind from changed where entity in ({named})")
    for kind in kinds:
        for select in load_profile().subjects[kind].moved_by:
            workspace.connection.execute(
                f"insert into changed_subject select x.id, '{kind}' from ({select}) x"
                " where x.id not in (select id from changed_subject)"
            )


def render_moved_subjects(standing: Standing, field: Field) -> tuple[str, str]:
    """Statements that add the subjects of which something else may stand in records: before the field of those records is
    linked, and after, at %(at)s."""
    links = field.table
    add = (
        "insert into changed_subject select distinct id, '{kind}' from (select {subjects}) s"
        " where id not in (select id from changed_subject)"
    )
    before = (
        f"(select l.record_id, l.found_id from link.{links} l join changed n on n.id = l.record_id"
        f" union select record_id, found_id from {select_withdrawn(field)} w)"
    )

    def of(rows: str) -> str:
        return add.format(kind=standing.kind, subjects=standing.subjects.format(links=rows))

    return of(before), of(select_links_changed(field))


def select_touched_records(field: Field) -> str:
    """Select of the `touched` records of a field: changed ones, those with a row for a changed subject, and those of which a person said
    that they are not it, since that may have kept a rule from being asked."""
    return (
        f"select id as record_id from changed where entity = '{field.entity.name}'"
        f" union select l.record_id from link.{field.table} l join changed_subject s on s.id = l.found_id"
        f" union select d.record_id from link.decision d join data.{field.entity.table} t on t.id = d.record_id"
        f" left join link.heir h on h.subject_id = d.subject_id where d.field = '{field.name}' and d.verdict = 'DIFFERENT'"
        " and d.undone_at is null and coalesce(h.heir_id, d.subject_id) in ("
        "select coalesce(o.heir_id, s.id) from changed_subject s left join link.heir o on o.subject_id = s.id)"
    )


def render_touched_addition(field: Field, records: str) -> str:
    """Statement that adds records, a select of record_id, to those touched."""
    return f"insert into {field.temporary('touched')} select distinct record_id from ({records}) more on conflict do nothing"
