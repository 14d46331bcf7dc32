"""What a purpose permits, as a flat list that people can read, search and compare: every field with its path and how it is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    is_union_type,
)

from hub.access.argument_rules import Allowed, AnyValue, AtMost, BoundTo, EachOf, Exactly, ListOf, ObjectOf
from hub.access.permission_trie import CompiledPurpose, FieldRule, OperationTrie, PathNode
from hub.model.names import to_camel_case

SELECT, COUNT, FILTER, ORDER, KEY, PAGE, ARGUMENT = "select", "count", "filter", "order", "key", "page", "argument"
ROWS = frozenset({"nodes", "edges", "hits"})
"""Fields that hold the rows of a page."""
LOGIC = frozenset({"and", "or", "not", "some", "none"})
"""Parts of a filter that are about the same entity as what they stand in."""


@dataclass(frozen=True, order=True)
class PermittedRead:
    """One way in which a purpose reads one field.

    `path` is e.g. `citizen.landUseRights.nodes.area`; `how` is select, count, filter, order, key, page or argument; `coordinate` is the
    field, e.g. `LandUseRight.area`; `value` says which values the argument may have, and `is_fixed` that it can have one only.
    """

    path: str
    how: str
    coordinate: str
    value: str
    is_fixed: bool
    document: str

    @property
    def words(self) -> str:
        """In words: `filter by LandUseRight.status (eq REGISTERED) at citizen.landUseRights`."""
        value = f" ({self.value})" if self.value else ""
        return f"{VERBS[self.how]} {self.coordinate}{value}{f' at {self.path}' if self.path else ''}"


VERBS: Mapping[str, str] = {
    SELECT: "read",
    COUNT: "count",
    FILTER: "filter by",
    ORDER: "order by",
    KEY: "find by",
    PAGE: "fetch pages of",
    ARGUMENT: "give",
}


def list_reads(purpose: CompiledPurpose, schema: GraphQLSchema) -> tuple[PermittedRead, ...]:
    """Everything that a purpose permits, by document and path."""
    return tuple(read for trie in purpose.operations for read in _OperationReads(trie, schema).reads())


def describe_allowed(allowed: Allowed) -> str:
    """Which values are allowed, in words."""
    match allowed:
        case Exactly(value):
            return _literal(value)
        case AtMost(rows, _):
            return f"at most {rows:,} rows"
        case BoundTo(source):
            caller = source.removeprefix("caller.")
            return f"the {source}" if caller == source else f"the caller's own {caller.replace('_', ' ')}"
        case AnyValue(nullable):
            return "any value or none" if nullable else "any value"
        case EachOf(item, most):
            return f"up to {most:,}, each {describe_allowed(item)}"
        case ListOf(items):
            return ", ".join(map(describe_allowed, items))
        case ObjectOf(fields):
            return ", ".join(f"{name} {describe_allowed(inner)}" for name, inner in fields)


def _literal(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return " or ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _is_fixed(allowed: Allowed) -> bool:
    match allowed:
        case Exactly():
            return True
        case ListOf(items):
            return all(map(_is_fixed, items))
        case ObjectOf(fields):
            return all(_is_fixed(inner) for _, inner in fields)
    return False


@dataclass(frozen=True)
class _OperationReads:
    trie: OperationTrie
    schema: GraphQLSchema

    def reads(self) -> Iterator[PermittedRead]:
        if self.trie.as_of != Exactly(None):
            yield self._read("", ARGUMENT, "@asOf(instant)", self.trie.as_of)
        seen: dict[PermittedRead, None] = {}
        for read in self._node(self.trie.root, ""):
            seen[read] = None
        yield from seen

    def _read(self, path: str, how: str, coordinate: str, allowed: Allowed | None = None) -> PermittedRead:
        value = "" if allowed is None else describe_allowed(allowed)
        return PermittedRead(
            path, how, coordinate, value, allowed is not None and _is_fixed(allowed), self.trie.document
        )

    def _node(self, node: PathNode, path: str, *, is_abstract: bool = False) -> Iterator[PermittedRead]:
        for type_name, by_field in node.fields.items():
            for name, rules in by_field.items():
                here = f"{path}[{type_name}].{name}" if is_abstract else f"{path}.{name}".lstrip(".")
                for rule in rules:
                    yield from self._rule(type_name, rule, here)

    def _rule(self, type_name: str, rule: FieldRule, path: str) -> Iterator[PermittedRead]:
        definition = self._fields(type_name)[rule.name]
        yield from self._arguments(type_name, rule, definition, path)
        kind = get_named_type(definition.type)
        if is_leaf_type(kind):
            yield self._leaf(type_name, rule.name, path)
        else:
            yield from self._node(rule.beneath, path, is_abstract=not isinstance(kind, GraphQLObjectType))

    def _leaf(self, type_name: str, name: str, path: str) -> PermittedRead:
        if name != "totalCount":
            return self._read(path, SELECT, f"{type_name}.{name}")
        return self._read(path, COUNT, self._rows_of(self.schema.type_map[type_name]))

    def _fields(self, type_name: str) -> Mapping[str, GraphQLField]:
        kind = self.schema.type_map[type_name]
        assert isinstance(kind, GraphQLObjectType)
        fields: Mapping[str, GraphQLField] = kind.fields
        return fields

    def _rows_of(self, kind: Any) -> str:
        """The type of the rows of a connection; other types stand for themselves."""
        fields = getattr(kind, "fields", {})
        return get_named_type(fields["nodes"].type).name if "nodes" in fields and "edges" in fields else str(kind.name)

    # --- Arguments ----------------------------------------------------------------------------------------------------

    def _arguments(
        self, type_name: str, rule: FieldRule, definition: GraphQLField, path: str
    ) -> Iterator[PermittedRead]:
        rows = self._rows_of(get_named_type(definition.type))
        for name, allowed in rule.arguments:
            if allowed == Exactly(None):
                continue
            if isinstance(allowed, AtMost):
                if any(ROWS & by_field.keys() for by_field in rule.beneath.fields.values()):
                    yield self._read(path, PAGE, rows, allowed)
            elif name in ("filter", "by") and isinstance(allowed, ObjectOf):
                how = KEY if name == "by" else FILTER
                for coordinate, inner in self._conditions(rows, allowed):
                    yield self._read(path, how, coordinate, inner)
            elif name == "orderBy":
                for coordinate, inner in self._order(rows, allowed):
                    yield self._read(path, ORDER, coordinate, inner)
            else:
                yield self._read(path, ARGUMENT, f"{type_name}.{rule.name}({name})", allowed)

    def _order(self, rows: str, allowed: Allowed) -> Iterator[tuple[str, Allowed]]:
        for term in allowed.items if isinstance(allowed, ListOf) else (allowed,):
            if isinstance(term, ObjectOf):
                yield from ((f"{rows}.{name}", direction) for name, direction in term.fields)

    def _conditions(self, rows: str, allowed: Allowed) -> Iterator[tuple[str, Allowed]]:
        """The fields that a filter looks at, each with its condition. Links lead to the entities that they are of."""
        if isinstance(allowed, ListOf):
            for item in allowed.items:
                yield from self._conditions(rows, item)
        if not isinstance(allowed, ObjectOf):
            return
        for name, inner in allowed.fields:
            if name in LOGIC:
                yield from self._conditions(rows, inner)
            else:
                yield from self._condition(rows, name, inner)

    def _condition(self, rows: str, name: str, inner: Allowed) -> Iterator[tuple[str, Allowed]]:
        kind = self.schema.get_type(rows)
        if is_union_type(kind):
            chosen = next(
                (one.name for one in kind.types if to_camel_case(one.name) == name or one.name.lower() == name), rows
            )
            yield from self._conditions(chosen, inner)
            return
        definition = getattr(kind, "fields", {}).get(name)
        beneath = get_named_type(definition.type) if definition is not None else None
        if beneath is not None and is_composite_type(beneath):
            yield from self._conditions(self._rows_of(beneath), inner)
        else:
            yield f"{rows}.{name}", inner
