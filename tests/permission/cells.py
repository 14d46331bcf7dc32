"""The matrix of permission: purpose × entity.field × way of reaching it, each cell an operation.

From the root, every field of every entity is reached under every purpose by selecting it, and in an eighth of the other ways that the
schema has: which ones depends on purpose, field and way, so most ways meet each field under some of the purposes. From each place of each
document that leads to an entity, its every field is reached too, with the document's own arguments on the way there, as it stands and in
one of three other spellings.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from zlib import crc32

from graphql import (
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_input_object_type,
    is_list_type,
    print_ast,
)

from hub.access.purposes import read_purposes
from hub.model.names import to_camel_case
from hub.model.registry import load_registry
from tests.permission.cases import ROLES, VALUES, DeclaredOperation, declared_operations, graphql_schema
from tests.permission.oracle import FlatPath, parse_once

PAST = '@asOf(instant: "2026-01-01T00:00:00Z")'
STRANGERS: Mapping[str, Any] = {
    **{role: "001090000001" for role, entity in ROLES.items() if entity == "Citizen"},
    "personalId": "001090000001",
    "source": "tax",
}
"""Values of bound variables that are nobody's."""


KEYS_OF_DOCUMENTS = {("Citizen", "personalId"): "PersonalId", ("Business", "registrationNumber"): "RegistrationNumber"}
"""Keys that documents take as a variable of their name, with its type."""
ALWAYS = "select"
OTHER_WAYS_ONE_IN = 8


@dataclass(frozen=True)
class Cell:
    """One operation of the matrix, with its variables."""

    purpose: str
    field: str
    way: str
    text: str
    variables: Mapping[str, Any]
    forbidden: bool = False
    """Whether it is forbidden by its values alone, which the oracle does not look at."""


def all_cells() -> Iterator[Cell]:
    """Every cell, those of each purpose together."""
    for code in read_purposes():
        for entity in load_registry():
            for name in _fields(entity.name):
                for way, text in _from_root(code, entity.name, name):
                    yield Cell(code, f"{entity.name}.{name}", way, text, _values(text))
        for declared in declared_operations():
            if declared.purpose == code:
                yield from _from_documents(declared)


def _fields(entity: str) -> Mapping[str, Any]:
    kind = graphql_schema().type_map[entity]
    assert isinstance(kind, GraphQLObjectType)
    return kind.fields


def _values(text: str) -> dict[str, Any]:
    return {name: value for name, value in VALUES.items() if f"${name}" in text.split("{", 1)[0]}


def _selected(entity: str, name: str, alias: str = "") -> str:
    definition = _fields(entity)[name]
    inner = "{ __typename }" if is_composite_type(get_named_type(definition.type)) else ""
    return f"{alias}{name} {inner}"


# --- From the root ----------------------------------------------------------------------------------------------------


@cache
def _ways(entity: str, name: str) -> tuple[tuple[str, str], ...]:
    """Ways to a field of any row of an entity: each a name, and a query whose keyed root is written `<key>`."""
    kind = graphql_schema().type_map[entity]
    assert isinstance(kind, GraphQLObjectType)
    plural = to_camel_case(load_registry()[entity].plural)
    field = _selected(entity, name)
    above = kind.interfaces[0].name
    alias = next(other for other in ("fullName", "status", "area", "source") if other != name) + ": "
    found = {
        "select": f"{{ {plural}(first: 1) {{ nodes {{ {field} }} }} }}",
        "edge": f"{{ {plural}(first: 1) {{ edges {{ node {{ {field} }} }} }} }}",
        "node": f'{{ node(id: "eA==") {{ ... on {entity} {{ {field} }} }} }}',
        "nodes": f'{{ nodes(ids: ["eA=="]) {{ ... on {entity} {{ {field} }} }} }}',
        "search": f'{{ search(text: "x") {{ hits {{ node {{ ... on {entity} {{ {field} }} }} }} }} }}',
        "event": f'subscription {{ recordChanged(source: "land") {{ node {{ ... on {entity} {{ {field} }} }} }} }}',
        "decision": f'mutation {{ undoDecision(input: {{ decisionId: "1", reason: "x" }}) {{ record {{ ... on {entity} {{ {field} }} }} }} }}',
        "record of review": f"{{ reviewQueue(first: 1) {{ nodes {{ record {{ ... on {entity} {{ {field} }} }} }} }} }}",
        "record of a discrepancy": f"{{ discrepancies(first: 1) {{ nodes {{ recordedIn {{ node {{ ... on {entity} {{ {field} }} }} }} }} }} }}",
        "past": f"query {PAST} {{ {plural}(first: 1) {{ nodes {{ {field} }} }} }}",
    }
    if "{" in field and "totalCount" in getattr(get_named_type(kind.fields[name].type), "fields", {}):
        found["count"] = f"{{ {plural}(first: 1) {{ nodes {{ {name}(first: 1) {{ totalCount }} }} }} }}"
    if load_registry()[entity].keys:
        found |= {
            "key": f"<key> {{ {field} }} }}",
            "key, alias": f"<key> {{ {_selected(entity, name, alias)} }} }}",
            "key, fragment": f"<key> {{ ...F }} }} fragment F on {above} {{ ... on {entity} {{ {field} }} }}",
            "key, skipped": f"<key> {{ ... @include(if: false) {{ {field} }} }} }}",
        }
    for argument, value in (("filter", _condition(entity, name)), ("orderBy", _order(entity, name))):
        if value:
            found[argument] = f"{{ {plural}(first: 1, {argument}: {value}) {{ totalCount }} }}"
            found[f"{argument}, negated"] = f"{{ {plural}(filter: {{ not: {value} }}) {{ totalCount }} }}"
            if argument == "orderBy":
                del found["orderBy, negated"]
    return tuple(found.items())


def _condition(entity: str, name: str) -> str:
    """A filter on a field; empty if there is none."""
    root = graphql_schema().query_type
    assert root is not None
    fields = get_named_type(root.fields[to_camel_case(load_registry()[entity].plural)].args["filter"].type).fields
    if name not in fields:
        return ""
    return f"{{ {name}: {_sample(fields[name].type)} }}"


def _sample(kind: Any) -> str:
    """A filter that is valid, of this type, and says something if it can."""
    if is_list_type(get_nullable_type(kind)):
        return "[]"
    fields = get_named_type(kind).fields
    if "isNull" in fields:
        return "{ isNull: false }"
    if "id" in fields:
        return '{ id: { eq: "eA==" } }'
    if "eq" in fields and str(fields["eq"].type) == "ID":
        return '{ eq: "eA==" }'
    nested = next((name for name, field in fields.items() if is_input_object_type(get_named_type(field.type))), None)
    return f"{{ {nested}: {_sample(fields[nested].type)} }}" if nested else "{}"


def _order(entity: str, name: str) -> str:
    root = graphql_schema().query_type
    assert root is not None
    fields = get_named_type(root.fields[to_camel_case(load_registry()[entity].plural)].args["orderBy"].type).fields
    return f"[{{ {name}: ASC }}]" if name in fields else ""


def _from_root(code: str, entity: str, name: str) -> Iterator[tuple[str, str]]:
    for way, text in _ways(entity, name):
        if way == ALWAYS or _draw((code, entity, name, way), OTHER_WAYS_ONE_IN) == 0:
            yield way, text.replace("<key>", _keyed(code, entity)) if "<key>" in text else text


def _draw(parts: tuple[str, ...], count: int) -> int:
    """A number below `count` that is the same in every run."""
    return crc32(" ".join(parts).encode()) % count


def _keyed(code: str, entity: str) -> str:
    """The root field by key, with the purpose's own variable if its documents have one for such a key."""
    root = to_camel_case(load_registry()[entity].table)
    column = load_registry()[entity].keys[0]
    key, example = column.graphql, column.value.examples[0]
    kind = KEYS_OF_DOCUMENTS.get((entity, key))
    if kind and key in read_purposes()[code].declaration.variables:
        return f"query (${key}: {kind}!) {{ {root}(by: {{ {key}: ${key} }})"
    return f'{{ {root}(by: {{ {key}: "{example}" }})'


# --- From the places of documents -------------------------------------------------------------------------------------


def _from_documents(declared: DeclaredOperation) -> Iterator[Cell]:
    types = {
        d.variable.name.value: print_ast(d.type)
        for o in parse_once(declared.text).definitions
        for d in getattr(o, "variable_definitions", None) or ()
    }

    def cell(field: str, way: str, path: FlatPath, inner: str, values: Mapping[str, Any] | None = None) -> Cell:
        text = _written(path, inner, types)
        given = (
            _values(text) if values is None else {n: v for n, v in values.items() if f"${n}" in text.split("{", 1)[0]}
        )
        return Cell(declared.purpose, field, way, text, given, values is not None)

    for path in sorted(declared.paths):
        kind, name, arguments = path[-1]
        if path[0][1] == "query":
            yield cell(f"{kind}.{name}", "place, past", (("", "query", PAST), *path[1:]), "{ __typename }")
        for entity in _entities_at(kind, name):
            for field in _fields(entity):
                where = f"{entity}.{field}"
                one = _selected(entity, field)
                spellings = (
                    ("place, alias", f"{{ ... on {entity} {{ {_selected(entity, field, 'x: ')} }} }}"),
                    ("place, fragment", f"{{ ... on Node {{ ... on {entity} {{ {one} }} }} }}"),
                    ("place, skipped", f"{{ ... on {entity} @skip(if: true) {{ {one} }} }}"),
                )
                yield cell(where, "place", path, f"{{ ... on {entity} {{ {one} }} }}")
                way, inner = spellings[_draw((declared.purpose, str(path), where), len(spellings))]
                yield cell(where, way, path, inner)
        for more, way in _other_arguments(kind, name, arguments):
            yield cell(f"{kind}.{name}", way, (*path[:-1], (kind, name, more)), "{ __typename }")
        rules = read_purposes()[declared.purpose].declaration.variables
        if any(f"${v}" in arguments and v in rules and rules[v].source for v in STRANGERS):
            yield cell(f"{kind}.{name}", "stranger", path, "{ __typename }", {**VALUES, **STRANGERS})


def _entities_at(kind: str, name: str) -> list[str]:
    """The entities that the object at the end of a path can be."""
    returned = get_named_type(graphql_schema().type_map[kind].fields[name].type)  # type: ignore[attr-defined]  # it has it
    if returned.name in load_registry().entities:  # type: ignore[attr-defined]  # it has it
        return [returned.name]  # type: ignore[attr-defined]  # it has it
    possible = (
        graphql_schema().get_possible_types(returned) if hasattr(returned, "types") or returned.name == "Node" else ()  # type: ignore[attr-defined]  # it has it
    )
    return [one.name for one in possible]


def _other_arguments(kind: str, name: str, arguments: str) -> Iterator[tuple[str, str]]:
    """The arguments of a field, each changed in one way."""
    definition = graphql_schema().type_map[kind].fields[name]  # type: ignore[attr-defined]  # it has it
    if "filter" in definition.args and "first" in definition.args:
        fields = get_named_type(definition.args["filter"].type).fields
        for field, given in fields.items():
            condition = f"{field}: {_sample(given.type)}"
            if "filter: {" not in arguments:
                yield _joined(arguments, f"filter: {{ {condition} }}"), "place, filter"
            elif f"{field}:" not in arguments:
                yield arguments.replace("filter: {", f"filter: {{ {condition},", 1), "place, filter"
    if "orderBy" in definition.args and "first" in definition.args:
        kept = re.sub(r",? ?orderBy: (\[.*?\]|\{.*?\})", "", arguments).strip(", ")
        is_list = str(definition.args["orderBy"].type).startswith("[")
        for field in get_named_type(definition.args["orderBy"].type).fields:
            order = f"{{ {field}: DESC }}"
            changed = _joined(kept, f"orderBy: {f'[{order}]' if is_list else order}")
            if f"{field}: DESC" not in arguments:
                yield changed, "place, order"
    if "first" in definition.args:
        sized = re.sub(r"first: (\$?\w+)", "first: 501", arguments)
        yield sized if "first:" in arguments else _joined(arguments, "first: 501"), "place, page"
    if "last" in definition.args:
        yield re.sub(r"first: (\$?\w+)", "last: 1", arguments), "place, from the end"


def _joined(arguments: str, more: str) -> str:
    return ", ".join(filter(None, (arguments, more)))


def _written(path: FlatPath, inner: str, types: Mapping[str, str]) -> str:
    (_, operation, instant), *steps = path
    text = inner
    for kind, name, arguments in reversed(steps):
        field = f"{name}{f'({arguments})' if arguments else ''} {text if _is_composite(kind, name) else ''}"
        text = (
            f"{{ {field} }}" if kind in ("Query", "Mutation", "Subscription") else f"{{ ... on {kind} {{ {field} }} }}"
        )
    used = [name for name in types if re.search(rf"\${name}\b", text + instant)]
    head = f"({', '.join(f'${name}: {types[name]}' for name in used)})" if used else ""
    return f"{operation} {head} {instant} {text}"


def _is_composite(kind: str, name: str) -> bool:
    return is_composite_type(get_named_type(graphql_schema().type_map[kind].fields[name].type))  # type: ignore[attr-defined]  # it has it
