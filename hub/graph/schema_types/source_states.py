"""Sources that fill each entity, and the instant for which each is known: kept in memory, since every record of the ledger names them."""

import time
from collections.abc import Callable, Mapping

import orjson

from hub.graph.execution.kept_value import KeptValue
from hub.graph.execution.reads import Reads
from hub.ledger.writing.records import SourceState
from hub.model.names import quote_identifier
from hub.model.registry import Registry
from hub.store.query import render_has_rows

KEPT_S = 5.0
MAX_ASKED = 1_000
"""Sets of entities whose sources are remembered for as long: about 1 kB each."""


class SourceStates:
    """The states of the sources, as they were at most KEPT_S seconds ago."""

    def __init__(self, reads: Reads, registry: Registry, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reads = reads
        self._sql = select_source_states(registry)
        self._kept = KeptValue(self._load, kept_s=KEPT_S, clock=clock)

    async def of_entities(self, entities: frozenset[str]) -> tuple[SourceState, ...]:
        """The sources of these entities, each once. Raises StoreUnavailable, OperationRefused for silence."""
        return (await self._kept.current()).of_entities(entities)

    async def _load(self) -> "SourceSnapshot":
        found = orjson.loads(await self._reads.json(self._sql, ()))
        return SourceSnapshot({name: [SourceState(*s) for s in states or ()] for name, states in found.items()})


class SourceSnapshot:
    """The states of the sources at one instant."""

    def __init__(self, by_entity: Mapping[str, list[SourceState]]) -> None:
        self._by_entity = by_entity
        self._asked: dict[frozenset[str], tuple[SourceState, ...]] = {}

    def of_entities(self, entities: frozenset[str]) -> tuple[SourceState, ...]:
        """The sources of these entities, each once."""
        found = self._asked.get(entities)
        if found is None:
            states = (state for name in sorted(entities) for state in self._by_entity.get(name, ()))
            found = tuple(dict.fromkeys(states))
            if len(self._asked) < MAX_ASKED:
                self._asked[entities] = found
        return found


def select_source_states(registry: Registry) -> str:
    """A statement that gives, by entity, a list of connector and as-of instant of each connector that has filled it."""
    parts = [
        f"""'{entity.name}', (
            select json_agg(json_build_array(connector, as_of) order by connector)
            from (
                select s.connector, min(s.as_of) as as_of from hub.stream s
                where {render_has_rows(f"data.{quote_identifier(entity.table)}", "s.id")}
                group by s.connector
            ) filled)"""  # noqa: S608 constants and quoted identifiers
        for entity in registry
    ]
    return f"select json_build_object({', '.join(parts)})::text"
