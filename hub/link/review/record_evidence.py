"""Why a record is said to be of somebody: its links to given subjects, with the outcomes of comparisons. No value of either side."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from hub.model.registry import Linked, Registry

MAX_LINKS = 20
DECIDED_BY = "case when starts_with(l.decided_by, 'run:') then 'RUN' when l.decided_by is not null then 'PERSON' end as decided_by"
SELECT_LINKS = f"""
select l.record_id, l.status, l.method, {DECIDED_BY}, l.evidence
from link.{{link}} l
where {{wanted}} and (l.status in ('CONFIRMED', 'PROBABLE') or (l.subject_kind, l.subject_id) in {{subjects}})
    and exists (
        select from ({{anchors}}) a
        where (a.subject_kind, a.subject_id) in {{subjects}}
    )
order by l.record_id, l.subject_id
limit {{most}}"""
SUBJECTS = "(select * from unnest(%(kinds)s::text[], %(numbers)s::bigint[]))"
ANCHOR = "select subject_kind, subject_id from link.{link} where record_id = l.record_id"
OWN = "l.record_id = %(number)s"
LEADING_HERE = "l.subject_kind = %(kind)s and l.subject_id = %(number)s"


@dataclass(frozen=True)
class RecordLink:
    """One link of a record. `field` is the table of the link; `evidence` is as it was kept, None if none was."""

    owner: str
    record: int
    field: str
    status: str
    method: str | None
    decided_by: str | None
    evidence: list[dict[str, Any]] | None


def find_record_links(
    connection: Connection[Any],
    registry: Registry,
    row: tuple[str, int],
    subjects: Collection[tuple[str, int]],
    readable: Collection[str],
) -> list[RecordLink]:
    """The links that say why `row`, an entity and a number, belongs to one of the subjects; MAX_LINKS at most.

    Those are the links of the row itself if one of them leads to a subject; and if other records lead to the row, such as rights to
    a parcel, the links of theirs that do, if the record has another one to a subject. `readable` are the tables of links that may be told.
    """
    kind, number = row
    found: list[RecordLink] = []
    for owner, linked, wanted in _list_ways(registry, kind):
        if linked.table not in readable:
            continue
        # A record that leads here says so of itself; what ties it to the subject is another link of it.
        others = (one for one in registry.entities[owner].linked if wanted == OWN or one.name != linked.name)
        anchors = [sql.SQL(ANCHOR).format(link=sql.Identifier(one.table)) for one in others]
        if not anchors:
            continue
        statement = sql.SQL(SELECT_LINKS).format(
            link=sql.Identifier(linked.table),
            wanted=sql.SQL(wanted),
            subjects=sql.SQL(SUBJECTS),
            anchors=sql.SQL(" union all ").join(anchors),
            most=sql.Literal(MAX_LINKS),
        )
        values = {
            "kind": kind,
            "number": number,
            "kinds": [one for one, _ in subjects],
            "numbers": [one for _, one in subjects],
        }
        rows = connection.execute(statement, values).fetchall()
        found += [RecordLink(owner, record, linked.table, *rest) for record, *rest in rows]
    return found[:MAX_LINKS]


def _list_ways(registry: Registry, kind: str) -> Iterable[tuple[str, Linked, Any]]:
    """The links of the kind's own rows, and those of other records that can lead to it, each with its condition."""
    for entity in registry:
        for linked in entity.linked:
            if entity.name == kind:
                yield entity.name, linked, OWN
            elif kind in linked.kinds:
                yield entity.name, linked, LEADING_HERE
