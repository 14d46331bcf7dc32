"""Sources that fill each entity, and the instant for which each is known: kept in memory, since every record of the ledger names them."""

import time
from collections.abc import Callable, Iterable, Mapping

import orjson

from hub.graph.execution.reads import Reads
from hub.ledger.records import SourceState
from hub.model.names import quote_identifier
from hub.model.registry import Registry

KEPT_S = 5.0


class SourceStates:
    """The states of the sources, as they were at most KEPT_S seconds ago."""

    def __init__(self, reads: Reads, registry: Registry, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reads = reads
        self._sql = select_source_states(registry)
        self._clock = clock
        self._kept: Mapping[str, list[SourceState]] = {}
        self._until = float("-inf")

    async def of_entities(self, entities: Iterable[str]) -> tuple[SourceState, ...]:
        """The sources of these entities, each once. Raises StoreUnavailable, OperationRefused for silence."""
        if self._clock() >= self._until:
            found = orjson.loads(await self._reads.json(self._sql, ()))
            self._kept = {name: [SourceState(*state) for state in states or ()] for name, states in found.items()}
            self._until = self._clock() + KEPT_S
        return tuple(dict.fromkeys(state for name in entities for state in self._kept.get(name, ())))


def select_source_states(registry: Registry) -> str:
    """A statement that gives, by entity, a list of connector and as-of instant of each connector that has filled it."""
    parts = [
        f"""'{entity.name}', (
            select json_agg(json_build_array(connector, as_of) order by connector)
            from (
                select s.connector, min(s.as_of) as as_of from hub.stream s
                where exists (select from data.{quote_identifier(entity.table)} d where d.stream_id = s.id)
                group by s.connector
            ) filled)"""  # noqa: S608 constants and quoted identifiers
        for entity in registry
    ]
    return f"select json_build_object({', '.join(parts)})::text"
