"""The reference: graphql-core over rows in memory, with the plainest resolvers there are. It shares no code with plans.

What it does is what the SDL and docs/reference/graph.md say. Speed does not matter here, being obviously right does.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from graphql.execution.values import get_directive_values, get_variable_values

from hub.model.names import to_camel_case
from hub.model.registry import Column, Entity, Linked, Reference, load_registry
from schema.values import Instant, Storage, Value
from tests.differential import searching
from tests.differential.folding import folded
from tests.differential.world import Row, Snapshot, Values, World

SDL = Path(__file__).parents[2] / "schema" / "generated" / "schema.graphql"
DEFAULT_PAGE = 20
DEFAULT_HITS = 10
Filter = Mapping[str, Any] | None
STORED: Mapping[Storage, Callable[[str], Any]] = {
    Storage.DATE: date.fromisoformat,
    Storage.TIMESTAMP: datetime.fromisoformat,
    Storage.INTEGER: int,
    Storage.BIGINT: int,
    Storage.NUMERIC: Decimal,
}
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda found, given: found == given,
    "in": lambda found, given: found in given,
    "gt": lambda found, given: found > given,
    "gte": lambda found, given: found >= given,
    "lt": lambda found, given: found < given,
    "lte": lambda found, given: found <= given,
    "prefix": lambda found, given: found.startswith(given),
    "words": lambda found, given: set(given.split()) <= set(found.split()),
}


class ReferenceExecutor:
    """Answers operations about a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.registry = load_registry()
        self.schema = reference_schema()
        self.connections = {to_camel_case(entity.plural): entity for entity in self.registry}
        self.by_key = {to_camel_case(entity.table): entity for entity in self.registry}

    def execute(self, text: str, variables: Mapping[str, Any]) -> ExecutionResult:
        """The result of the one operation of a document."""
        document = parse(text)
        errors = validate(self.schema, document)
        assert not errors, errors
        (operation,) = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        return execute_sync(
            self.schema,
            document,
            variable_values=dict(variables),
            context_value=self.world.at(self.instant(operation, variables)),
            field_resolver=self.resolve,
            type_resolver=lambda value, info, kind: value.entity,
        )

    def instant(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> datetime | None:
        """The instant of @asOf."""
        directive = self.schema.get_directive("asOf")
        coerced = get_variable_values(self.schema, operation.variable_definitions or (), dict(variables))
        assert directive is not None
        assert not isinstance(coerced, list), coerced
        given = get_directive_values(directive, operation, coerced)
        return given["instant"] if given else None

    # --- Fields -------------------------------------------------------------------------------------------------------

    def resolve(self, source: Any, info: GraphQLResolveInfo[Any], /, **given: Any) -> Any:
        """The value of a field: of the query, of a row, or of an object that was made whole."""
        now: Snapshot = info.context
        if source is None:
            return self._root(now, info.field_name, given)
        if isinstance(source, Row):
            return self._member(now, source, info.field_name, given)
        return shown(source[info.field_name])

    def _root(self, now: Snapshot, name: str, given: Mapping[str, Any]) -> Any:
        if name == "node":
            return self.global_row(now, given["id"])
        if name == "nodes":
            return [self.global_row(now, one) for one in given["ids"]]
        if name == "discrepancies":
            return self.discrepancies(now, now.discrepancies, given)
        if name == "corrections":
            return self.corrections(given)
        if name == "search":
            return self.search(now, given)
        if name in self.connections:
            entity = self.connections[name]
            return self.connection(now, entity, self.listed(now, entity), given)
        entity = self.by_key[name]
        ((key, value),) = given["by"].items()
        return self.heir(now, now.find(entity.name, named(entity, key).name, value))

    def search(self, now: Snapshot, given: Mapping[str, Any]) -> Any:
        """What a text finds."""
        size = DEFAULT_HITS if given.get("first") is None else given["first"]
        found = self.ranked(
            searching.search(now, [entity for entity in self.registry if entity.searched], given["text"])
        )
        hits = [
            {"node": now.find(hit.kind, "id", hit.id), "matchedOn": hit.matched, "score": hit.score}
            for hit in found[:size]
        ]
        return {"hits": hits, "hasMore": len(found) > size}

    def ranked(self, hits: list[searching.Hit]) -> list[searching.Hit]:
        """Hits in the order of an answer."""
        return hits

    def listed(self, now: Snapshot, entity: Entity) -> list[Row]:
        """The rows of an entity that lists have."""
        return now.unmerged(entity.name)

    def heir(self, now: Snapshot, row: Row | None) -> Row | None:
        """The row that stands for one that was asked for."""
        return now.heir(row)

    def global_row(self, now: Snapshot, text: str) -> Row | None:
        """The row of a global id, or its heir, which may be there when the row itself is not."""
        for merge in now.heirs.values():
            if id_of(merge["subject_kind"], merge["subject_id"]) == text:
                row = now.find(merge["subject_kind"], "id", merge["subject_id"])
                return self.heir(now, row) if row else now.find(merge["subject_kind"], "id", merge["heir_id"])
        rows = [row for rows in now.rows.values() for row in rows]
        return next((row for row in rows if global_id(row) == text), None)

    def _member(self, now: Snapshot, row: Row, name: str, given: Mapping[str, Any]) -> Any:
        entity = self.registry[row.entity]
        if name == "id":
            return global_id(row)
        if name == "provenance":
            return now.provenance(row)
        if name == "mergedIds":
            return [id_of(entity.name, merge["subject_id"]) for merge in now.merged(row)]
        if name == "mergedFrom":
            return merged_from(now, entity, row)
        if name == "discrepancies":
            found = {row.id, *(merge["subject_id"] for merge in now.merged(row))}
            return self.discrepancies(now, [one for one in now.discrepancies if one["found_id"] in found], given)
        if name == "corrections":
            return self.corrections(given)
        for linked in entity.linked:
            if name == linked.graphql:
                return self.one(now, row, linked)
            if name == linked.link_graphql:
                return link_object(now, linked, row)
        for reference in entity.references:
            if name == reference.graphql:
                return now.find(reference.target, reference.target_column, row.values[reference.column.name])
        for back in entity.backlinks:
            if name == back.graphql:
                return self.connection(now, self.registry[back.target], self.many(now, row, name), given)
        return shown(row.values[named(entity, name).name])

    def many(self, now: Snapshot, row: Row, name: str) -> list[Row]:
        """The rows at the many end of a back link."""
        back = next(back for back in self.registry[row.entity].backlinks if back.graphql == name)
        end = self.registry.end(back)
        return [many for many in now.unmerged(back.target) if (one := self.one(now, many, end)) and one.id == row.id]

    def one(self, now: Snapshot, row: Row, end: Reference | Linked) -> Row | None:
        """The row at the one end of a reference or a link."""
        if isinstance(end, Linked):
            return now.subject(now.accepted(end, row))
        return now.find(end.target, end.target_column, row.values[end.column.name])

    # --- Pages --------------------------------------------------------------------------------------------------------

    def connection(self, now: Snapshot, entity: Entity, rows: Sequence[Row], given: Mapping[str, Any]) -> Any:
        """A page, as the Relay specification has it."""
        terms = [term for part in given.get("orderBy") or [] for term in part.items()]
        found = self.ordered(entity, [row for row in rows if self.matches(now, row, given.get("filter"))], terms)
        place = {row.id: n for n, row in enumerate(self.ordered(entity, now.rows[entity.name], terms))}
        return self.paged(found, place, given, lambda row: cursor(terms, row.id))

    def discrepancies(self, now: Snapshot, rows: Sequence[Values], given: Mapping[str, Any]) -> Any:
        """A page of discrepancies, newest first unless asked otherwise."""
        wanted = [row for row in rows if self.wanted(now, row, given)]
        direction = (given.get("orderBy") or {}).get("since", "DESC")
        sign = 1 if direction == "ASC" else -1
        made = [self.discrepancy(now, row) for row in sorted(wanted, key=lambda row: sign * row["id"])]
        place = {row["id"]: sign * row["id"] for row in now.discrepancies}
        return self.paged(made, place, given, lambda row: cursor([("discrepancy", direction)], row.id))

    def corrections(self, given: Mapping[str, Any]) -> Any:
        """A page of corrections: nobody has asked for any in this world, so every page is empty."""
        return self.paged([], {}, given, lambda row: "")

    def wanted(self, now: Snapshot, row: Values, given: Mapping[str, Any]) -> bool:
        """Whether a discrepancy is one that the arguments ask for."""
        source = now.world.streams[row["stream_id"]]["connector"]
        is_ = {"sector": row["sector"].upper(), "source": source, "kind": row["kind"], "since": row["sys_from"]}
        tests = {name: part for name, part in (given.get("filter") or {}).items() if part is not None}
        asked = all(operators_hold(is_[name], part) for name, part in tests.items())
        return asked and (bool(given.get("includeResolved")) or row["sys_to"] is None)

    def discrepancy(self, now: Snapshot, row: Values) -> "Made":
        """A discrepancy as the graph shows it."""
        kind, copy = row["subject_kind"], row["record_entity"]
        subject = now.heirs[row["found_id"]]["heir_id"] if row["found_id"] in now.heirs else row["found_id"]
        recorded_in = {
            "type": copy,
            "recordId": id_of(copy, row["record_id"]),
            "field": path(self.registry[copy], row["record_field"]),
            "node": now.find(copy, "id", row["record_id"]),
        }
        values = {
            **{name: row[name] for name in ("id", "held", "recorded", "kind")},
            "subject": now.find(kind, "id", subject),
            "field": to_camel_case(row["subject_field"]),
            "sector": row["sector"].upper(),
            "source": now.world.streams[row["stream_id"]]["connector"],
            "since": row["sys_from"],
            "resolvedAt": row["sys_to"],
            "recordedIn": recorded_in,
        }
        return Made(values)

    def paged(self, found: Sequence[Any], place: Mapping[int, int], given: Mapping[str, Any], mark: Callable[[Any], Any]) -> Any:  # fmt: skip
        """A page of rows that are in order already; `place` is where each row stands among all, those left out too."""
        after, before = (place[number(given[name])] if given.get(name) else None for name in ("after", "before"))
        within = [
            row
            for row in found
            if (after is None or place[row.id] > after) and (before is None or place[row.id] < before)
        ]
        backward = given.get("last") is not None
        size = given["last"] if backward else given.get("first")
        size = DEFAULT_PAGE if size is None else size
        page = within[max(0, len(within) - size) :] if backward else within[:size]
        earlier = after is not None and any(place[row.id] <= after for row in found)
        later = before is not None and any(place[row.id] >= before for row in found)
        edges = [{"cursor": mark(row), "node": row} for row in page]
        return {
            "nodes": page,
            "edges": edges,
            "totalCount": len(found),
            "pageInfo": {
                "hasNextPage": later if backward else len(within) > size,
                "hasPreviousPage": len(within) > size if backward else earlier,
                "startCursor": edges[0]["cursor"] if edges else None,
                "endCursor": edges[-1]["cursor"] if edges else None,
            },
        }

    def ordered(self, entity: Entity, rows: Sequence[Row], terms: Sequence[tuple[str, str]]) -> list[Row]:
        """Rows in order: names folded, nulls last ascending and first descending, ties broken by id."""
        found = sorted(rows, key=lambda row: row.id)
        for name, direction in reversed(terms):
            descending = direction == "DESC"

            def value(row: Row, name: str = name) -> Any:
                return row.id if name == "id" else comparable(named(entity, name), row.values)

            nulls = [row for row in found if value(row) is None]
            some = sorted((row for row in found if value(row) is not None), key=value, reverse=descending)
            found = self.with_nulls(some, nulls, descending)
        return found

    def with_nulls(self, some: list[Row], nulls: list[Row], descending: bool) -> list[Row]:
        """Where nulls stand in an order."""
        return nulls + some if descending else some + nulls

    # --- Filters ------------------------------------------------------------------------------------------------------

    def matches(self, now: Snapshot, row: Row, condition: Filter) -> bool:
        """Whether a row satisfies a filter: all of its parts; a part that is null says nothing."""
        return all(self._part(now, row, name, part) for name, part in (condition or {}).items() if part is not None)

    def _part(self, now: Snapshot, row: Row, name: str, part: Any) -> bool:
        entity = self.registry[row.entity]
        if name == "and":
            return all(self.matches(now, row, each) for each in part)
        if name == "or":
            return any(self.matches(now, row, each) for each in part)
        if name == "not":
            return not self.matches(now, row, part)
        if any(back.graphql == name for back in entity.backlinks):
            return self.on_the_many(now, self.many(now, row, name), part)
        if name == "id":
            return operators_hold(global_id(row), part)
        if name == "provenance":
            shown = now.provenance(row)
            return all(operators_hold(shown[inner], tests) for inner, tests in part.items() if tests is not None)
        for linked in entity.linked:
            if linked.link_graphql == name:
                shown = link_object(now, linked, row)
                return all(operators_hold(shown[inner], tests) for inner, tests in part.items() if tests is not None)
        end = next((end for end in entity.ends.values() if end.graphql == name), None)
        if end is None:
            return test(named(entity, name), row.values, part)
        one = self.one(now, row, end)
        if isinstance(end, Linked) and len(end.kinds) > 1:
            ((kind, part),) = part.items()
            return (
                one is not None
                and to_camel_case(self.registry[one.entity].table) == kind
                and self.matches(now, one, part)
            )
        return one is not None and self.matches(now, one, part)

    def on_the_many(self, now: Snapshot, rows: Sequence[Row], part: Mapping[str, Filter]) -> bool:
        """Whether the rows at a many end satisfy a list filter."""
        some, none = part.get("some"), part.get("none")
        if some is not None and not any(self.matches(now, row, some) for row in rows):
            return False
        return none is None or not any(self.matches(now, row, none) for row in rows)


def reference_schema() -> GraphQLSchema:
    """The exported SDL, with scalars that read values as their value types say."""
    built = build_schema(SDL.read_text(encoding="utf-8"))
    used = {column.value for entity in load_registry() for column in entity.columns} | {Instant}
    by_name = {value.scalar or value.__name__: value for value in used}
    for name, kind in built.type_map.items():
        # Decimal is no column's: only answers of a prefill have it. Built-in scalars are shared by all schemas of the process.
        if isinstance(kind, GraphQLScalarType) and kind.ast_node is not None and name in by_name:
            kind.coerce_input_value = reader(by_name[name])
    return built


def reader(value: type[Value]) -> Callable[[Any], Any]:
    """Reads a value as it is stored."""
    stored = STORED.get(value.storage, str)
    return lambda raw: stored(value.parse(str(raw)))


def named(entity: Entity, graphql: str) -> Column:
    """The column of a GraphQL field."""
    return next(column for column in entity.columns if column.graphql == graphql)


def operators_hold(found: Any, operators: Mapping[str, Any]) -> bool:
    """Whether a value that is no column's satisfies every operator."""
    for operator, given in operators.items():
        if operator == "isNull":
            if given is not None and given != (found is None):
                return False
        elif found is None or not COMPARISONS[operator](found, given):
            return False
    return True


def test(column: Column, values: Values, operators: Mapping[str, Any]) -> bool:
    """Whether a value satisfies every operator; null satisfies none but isNull."""
    found = comparable(column, values)
    for operator, given in operators.items():
        if operator == "isNull":
            if given is not None and given != (found is None):
                return False
        elif found is None or not COMPARISONS[operator](found, compared(column, given)):
            return False
    return True


def compared(column: Column, given: Any) -> Any:
    """What a value is compared with."""
    if isinstance(given, list):
        return [compared(column, item) for item in given]
    return folded(" ".join(given.split())) if column.value.name_search else given


def comparable(column: Column, values: Values) -> Any:
    """A stored value as it is compared and ordered: names without tone marks and case."""
    value = values[column.name]
    return folded(value) if column.value.name_search and value is not None else value


def link_object(now: Snapshot, linked: Linked, row: Row) -> dict[str, Any]:
    """What was recorded, how it was linked, and the candidates."""
    links, accepted = now.links_of(linked, row), now.accepted(linked, row)
    found = accepted or {}
    return {
        "status": found.get("status") or ("UNCONFIRMED" if links else "UNLINKED"),
        "method": found.get("method"),
        "confidence": found.get("confidence"),
        "weight": found.get("weight"),
        "decidedBy": decided_by(found),
        "evidence": found.get("evidence"),
        "decidedAt": found.get("decided_at"),
        "recorded": {to_camel_case(part.part): row.values[part.column.name] for part in linked.recorded},
        "candidates": [
            {
                "subject": now.subject(link),
                "method": link["method"],
                "confidence": link["confidence"],
                "weight": link["weight"],
                "decidedBy": decided_by(link),
                "evidence": link["evidence"],
                "decidedAt": link["decided_at"],
            }
            for link in links
            if link["status"] == "UNCONFIRMED"
        ],
    }


def decided_by(link: Values) -> str | None:
    """Whether a run or a person decided."""
    by = link.get("decided_by")
    return by and ("RUN" if by.startswith("run:") else "PERSON")


def merged_from(now: Snapshot, entity: Entity, row: Row) -> list[dict[str, Any]]:
    """What identifies the rows that were merged into a row, of those that are there."""
    found = [(merge, now.find(entity.name, "id", merge["subject_id"])) for merge in now.merged(row)]
    return [
        {"id": global_id(one), "since": merge["sys_from"], **{key.graphql: one.values[key.name] for key in entity.keys}}
        for merge, one in found
        if one
    ]


def path(entity: Entity, column: str) -> str:
    """Where in the graph a column of a record is."""
    for linked in entity.linked:
        for part in linked.recorded:
            if part.column.name == column:
                return f"{linked.link_graphql}.recorded.{to_camel_case(part.part)}"
    return to_camel_case(column)


class Made(dict[str, Any]):
    """An object of a page that is no row of an entity."""

    @property
    def id(self) -> int:
        """Its number."""
        number: int = self["id"]
        return number


def global_id(row: Row) -> str:
    """The id of a row in the graph."""
    return id_of(row.entity, row.id)


def id_of(kind: str, number: int) -> str:
    """The id of the row of this kind and number in the graph."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


class Cursor(str):
    """A cursor of the reference's own: the order, and the row."""


def cursor(terms: Sequence[tuple[str, str]], row: int) -> Cursor:
    """The cursor of a row in an order: the same for `orderBy` that says the same."""
    whole = [*terms] if "id" in dict(terms) else [*terms, ("id", "ASC")]
    return Cursor(json.dumps([whole, row]))


def number(given: str) -> int:
    """The row that a cursor names."""
    return int(json.loads(given)[1])


def shown(value: Any) -> Any:
    """A stored value as JSON has it."""
    if isinstance(value, datetime):
        whole, dot, fraction = value.isoformat().removesuffix("+00:00").partition(".")
        return f"{whole}{dot}{fraction.rstrip('0')}+00:00"
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
