"""What a prefill has to know before it reads: the subjects as the store has them now, and the state of the sources."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson

from hub.access.dossiers.dossier_store import NamedSubject
from hub.graph.execution.reads import Reads
from hub.model.names import quote_identifier
from hub.model.registry import Entity, Registry
from hub.procedures.answering.source_findings import EntitySource, SourceTrouble
from hub.procedures.answering.subjects import PrefillSubject
from hub.store.query import render_has_rows

KEPT_S = 5.0
"""How long the state of the sources is kept: a run that ends meanwhile is seen that much later."""
RECENT_RUNS = 20
DOSSIER_SUBJECTS = "select s.* from hub.dossier_subject s where s.dossier_id = $1::bigint"
NAMED_SUBJECTS = """
select * from json_to_recordset($1::json)
as s (id bigint, role text, entity text, subject_id bigint, field text, value text)"""


class SourceReads:
    """The state of the sources of every entity, kept for a few seconds."""

    def __init__(self, reads: Reads, registry: Registry, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reads = reads
        self._sql = select_sources(registry)
        self._clock = clock
        self._kept: Mapping[str, tuple[EntitySource, ...]] = {}
        self._until = float("-inf")

    async def current(self) -> Mapping[str, tuple[EntitySource, ...]]:
        """Entity → its sources. Raises StoreUnavailable."""
        if self._clock() >= self._until:
            rows = orjson.loads(await self._reads.json(self._sql, ()))
            self._kept = {entity: tuple(map(_state, states or ())) for entity, states in rows.items()}
            self._until = self._clock() + KEPT_S
        return self._kept

    def forget(self) -> None:
        """Read the state afresh when it is asked for again."""
        self._until = float("-inf")


class SubjectReads:
    """The subjects of dossiers, or as a caller names them."""

    def __init__(self, reads: Reads, registry: Registry) -> None:
        self._reads = reads
        self._of_dossier = select_subjects(registry, DOSSIER_SUBJECTS)
        self._named = select_subjects(registry, NAMED_SUBJECTS)

    async def of_dossier(self, dossier_id: int) -> tuple[PrefillSubject, ...]:
        """The subjects of a dossier, each as it is now: a merge is followed."""
        return _subjects(await self._reads.json(self._of_dossier, (dossier_id,)))

    async def named(self, named: Sequence[NamedSubject]) -> tuple[PrefillSubject, ...]:
        """The subjects that are named, in their order."""
        rows = [
            {
                "id": place,
                "role": s.role,
                "entity": s.entity,
                "subject_id": s.number,
                "field": s.field,
                "value": s.value,
            }
            for place, s in enumerate(named)
        ]
        return _subjects(await self._reads.json(self._named, (orjson.dumps(rows).decode(),)))


def select_subjects(registry: Registry, named: str) -> str:
    """A statement that gives subjects as JSON: their role, and their row as it is now, null if there is none."""
    cases = " ".join(f"when '{entity.name}' then {_row(entity)}" for entity in registry if entity.kind == "subject")
    return f"""
        with s as ({named})
        select coalesce(json_agg(json_build_object(
            'role', s.role, 'entity', s.entity, 'row', case s.entity {cases} end
        ) order by s.id), '[]')::text
        from s"""  # noqa: S608 constants and quoted identifiers


def _row(entity: Entity) -> str:
    """The row that a subject is now, with its keys; a subject that is named by a key is looked up by it."""
    table = f"data.{quote_identifier(entity.table)}"
    by_key = " ".join(
        f"when '{key.name}' then (select x.id from {table} x where x.{key.sql} = s.value)"  # noqa: S608
        for key in entity.keys
    )
    found = f"coalesce(s.subject_id, case s.field {by_key} end)" if by_key else "s.subject_id"
    heir = "(select h.heir_id from link.heir h where h.subject_id = k.id)" if entity.duplicates else "null::bigint"
    keys = "".join(f"'{key.graphql}', t.{key.sql}, " for key in entity.keys)
    born = f"t.{quote_identifier(entity.person.born)}" if entity.person else "null"
    died = f"t.{quote_identifier(entity.person.died)}" if entity.person else "null"
    return f"""(
            select json_build_object(
                'number', t.id, 'merged', t.id <> k.id, 'born', {born}, 'died', {died},
                'keys', json_build_object({keys}'id', hub.global_id('{entity.name}', t.id))
            )
            from {table} k join {table} t on t.id = coalesce({heir}, k.id)
            where k.id = {found})"""  # noqa: S608 constants and quoted identifiers


def _subjects(text: bytes) -> tuple[PrefillSubject, ...]:
    return tuple(_subject(row) for row in orjson.loads(text))


def _subject(row: Mapping[str, Any]) -> PrefillSubject:
    found = row["row"]
    if found is None:
        return PrefillSubject(row["role"], row["entity"], None)
    return PrefillSubject(
        role=row["role"],
        entity=row["entity"],
        number=found["number"],
        keys={name: str(value) for name, value in found["keys"].items() if value is not None},
        merged=found["merged"],
        born=found["born"],
        died=date.fromisoformat(found["died"]) if found["died"] else None,
    )


def select_sources(registry: Registry) -> str:
    """A statement that gives the streams of each entity as JSON: those that have filled it, or that were read and had none of it."""
    parts = ", ".join(f"'{entity.name}', {_streams(entity)}" for entity in registry)
    return f"""
        with s as materialized (
            select s.id, s.connector, s.name, s.as_of, case
                when exists (select from hub.circuit c where c.connector = s.connector and c.open_until > now())
                    or last.status in ('FAILED', 'INTERRUPTED') then 'DOWN'
                when last.status = 'DEFERRED' then 'DEFERRED'
            end as trouble
            from hub.stream s
            left join lateral (
                select r.status from hub.run r
                where r.connector = s.connector and r.ended_at is not null
                order by r.id desc limit 1
            ) last on true
        ), emitted as materialized (
            select distinct s.id, c.value ->> 'entity' as entity
            from s cross join lateral (
                select r.counts from hub.run r
                where r.connector = s.connector and jsonb_typeof(r.counts) = 'array'
                order by r.id desc limit {RECENT_RUNS}
            ) r cross join lateral jsonb_array_elements(r.counts) c
            where c.value ->> 'stream' = s.name
        )
        select json_build_object({parts})::text"""  # noqa: S608 constants and quoted identifiers


def _streams(entity: Entity) -> str:
    return f"""(
            select json_agg(json_build_object('source', s.connector, 'completedAt', s.as_of, 'trouble', s.trouble)
                order by s.connector, s.name)
            from s
            where {render_has_rows(f"data.{quote_identifier(entity.table)}", "s.id")}
                or exists (select from emitted e where e.id = s.id and e.entity = '{entity.name}'))"""  # noqa: S608


def _state(row: Mapping[str, Any]) -> EntitySource:
    completed = row["completedAt"]
    return EntitySource(
        source=row["source"],
        completed_at=datetime.fromisoformat(completed) if completed else None,
        trouble=SourceTrouble[row["trouble"]] if row["trouble"] else None,
    )
