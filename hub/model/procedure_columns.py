"""Uses: which stored columns the procedures read, from the documents that each of them declares.

A column is read where an operation selects it, filters or orders by it, or goes through it to another record: a link rests on
the columns that it is made from. `schema/procedures/<name>/` holds `procedure.toml` with the code, and the documents.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    parse,
)

import schema
from hub.model.names import to_camel_case
from hub.model.registry import Backlink, Column, Entity, Linked, Reference, Registry, load_registry

PROCEDURES_FOLDER = Path(schema.__file__).parent / "procedures"
PAGE_FIELDS = frozenset({"nodes", "edges", "node"})
"""What stands between a list and the fields of its records."""

Element = Column | Reference | Linked | Backlink


@cache
def map_procedures_by_column() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """(entity, column) → the codes of the procedures that read it. The folders are those that `hub.procedures` checks."""
    found: dict[tuple[str, str], set[str]] = {}
    for declared in sorted(PROCEDURES_FOLDER.glob("*/procedure.toml")):
        code = str(tomllib.loads(declared.read_text(encoding="utf-8"))["code"])
        for document in sorted(declared.parent.glob("*.graphql")):
            for column in find_columns_read(document.read_text(encoding="utf-8"), load_registry()):
                found.setdefault(column, set()).add(code)
    return {column: tuple(sorted(codes)) for column, codes in found.items()}


def find_columns_read(query: str, known: Registry) -> set[tuple[str, str]]:
    """The (entity, column) pairs that a document reads. Fields that are not stored data are passed over."""
    document = parse(query, no_location=True)
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    walk = _ColumnWalk(known, fragments)
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            walk.root(operation.selection_set)
    return walk.found


class _ColumnWalk:
    """Goes along the selections of a document and gathers columns."""

    def __init__(self, known: Registry, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.known = known
        self.fragments = fragments
        self.roots = {to_camel_case(entity.table): entity for entity in known} | {
            to_camel_case(e.plural): e for e in known
        }
        self.elements = {entity.name: dict(_list_elements(entity)) for entity in known}
        self.found: set[tuple[str, str]] = set()

    def root(self, selections: SelectionSetNode) -> None:
        """The fields of the operation itself."""
        for selected in selections.selections:
            if isinstance(selected, FieldNode) and selected.name.value in self.roots:
                self._record(self.roots[selected.name.value], selected)

    def _record(self, entity: Entity, selected: FieldNode) -> None:
        for argument in selected.arguments or ():
            self._argument(entity, argument)
        if selected.selection_set:
            self._fields(entity, selected.selection_set)

    def _fields(self, entity: Entity, selections: SelectionSetNode) -> None:
        for selected in selections.selections:
            if isinstance(selected, FieldNode):
                self._field(entity, selected)
            elif isinstance(selected, InlineFragmentNode):
                narrowed = selected.type_condition.name.value if selected.type_condition else entity.name
                if narrowed == entity.name:
                    self._fields(entity, selected.selection_set)
            elif isinstance(selected, FragmentSpreadNode):
                fragment = self.fragments[selected.name.value]
                if fragment.type_condition.name.value == entity.name:
                    self._fields(entity, fragment.selection_set)

    def _field(self, entity: Entity, selected: FieldNode) -> None:
        name = selected.name.value
        element = self.elements[entity.name].get(name)
        if element is not None:
            for target in self._through(entity, element):
                if not (isinstance(element, Linked) and name == element.link_graphql):
                    self._record(target, selected)
        elif name in PAGE_FIELDS and selected.selection_set:
            self._fields(entity, selected.selection_set)

    def _through(self, entity: Entity, element: Element) -> tuple[Entity, ...]:
        """Note what an element rests on. Returns the kinds of record that it leads to."""
        if isinstance(element, Column):
            self.found.add((entity.name, element.name))
            return ()
        if isinstance(element, Reference):
            self.found |= {(entity.name, element.column.name), (element.target, element.target_column)}
            return (self.known[element.target],)
        if isinstance(element, Linked):
            self.found |= {(entity.name, part.column.name) for part in element.recorded}
            return tuple(self.known[kind] for kind in element.kinds)
        target = self.known[element.target]
        self._through(target, self.known.end(element))
        return (target,)

    def _argument(self, entity: Entity, argument: ArgumentNode) -> None:
        element = self.elements[entity.name].get(argument.name.value)
        if element is not None:
            self._through(entity, element)
        self._value(entity, argument.value)

    def _value(self, entity: Entity, value: ValueNode) -> None:
        if isinstance(value, ListValueNode):
            for item in value.values:
                self._value(entity, item)
        elif isinstance(value, ObjectValueNode):
            for given in value.fields:
                element = self.elements[entity.name].get(given.name.value)
                targets = self._through(entity, element) if element is not None else ()
                for target in targets or (entity,):
                    self._value(target, given.value)


def _list_elements(entity: Entity) -> Iterator[tuple[str, Element]]:
    """GraphQL name → what it is."""
    for column in entity.fields:
        yield column.graphql, column
    for reference in entity.references:
        yield reference.column.graphql, reference.column
        yield reference.graphql, reference
    for linked in entity.linked:
        yield linked.graphql, linked
        yield linked.link_graphql, linked
    for backlink in entity.backlinks:
        yield backlink.graphql, backlink
