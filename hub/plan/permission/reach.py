"""Reach: whether a purpose's own documents read a field of one record. Pure; the documents are run by the caller.

Each operation is cut down to the ways that lead to rows of the entity of which it reads the field, and asks for the ids of these
rows: what its answer has is exactly what the purpose may read, with the document's own filters and pages.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from graphql import (
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    print_ast,
    value_from_ast_untyped,
    visit,
)

from hub.access.argument_rules import Bindings
from hub.access.purpose_declaration import VariableRule
from hub.access.purposes import Purpose
from hub.model.registry import Entity
from hub.plan.building.correction_nodes import list_paths
from hub.plan.building.selection import Document
from hub.plan.permission.compile import fragments_of, operations_of, parse_document, possible_types

REACHED_KEY = "reachedId"
MAX_TRIES = 64
"""Combinations of identifiers that one document is tried with: a subject has a handful."""


@dataclass(frozen=True)
class ReachDocument:
    """A document that gives the ids of the rows that a purpose reads a field of, and the rules of its variables."""

    text: str
    variables: Mapping[str, VariableRule]
    defaults: Mapping[str, Any]

    def bind(self, bindings: Bindings) -> Iterator[dict[str, Any]]:
        """Values for the variables: every combination of identifiers, also of a wrong type, which the caller's schema refuses.

        None if a variable is free: then the document is a search, and reaches whomever it is asked for.
        """
        choices = [list(self._values(name, rule, bindings)) for name, rule in self.variables.items()]
        return (dict(zip(self.variables, chosen, strict=True)) for chosen in islice(product(*choices), MAX_TRIES))

    def _values(self, name: str, rule: VariableRule, bindings: Bindings) -> Iterator[Any]:
        if rule.source is not None:
            yield from sorted(bindings.get(rule.source, ()))
        elif rule.page is not None:
            yield rule.page
        elif name in self.defaults:
            yield self.defaults[name]
        elif rule.nullable:
            yield None


def build_reach_documents(
    purpose: Purpose, schema: GraphQLSchema, entity: Entity, path: str
) -> tuple[ReachDocument, ...]:
    """The documents of a purpose that read the field, cut down. None if it may not be read by this purpose at all."""
    found = []
    for source in purpose.documents:
        parsed = parse_document(source, schema)
        document = Document(schema, fragments_of(parsed), {}, with_skipped=True)
        for operation in operations_of(parsed):
            if operation.operation is not OperationType.QUERY:
                continue
            assert schema.query_type is not None
            kept = _Cutting(document, entity, path).cut(schema.query_type.name, (operation.selection_set,))
            if kept:
                found.append(_build(purpose, operation, kept))
    return tuple(found)


@dataclass(frozen=True)
class _Cutting:
    """Cuts selections down to the ways to one field of one entity."""

    document: Document
    entity: Entity
    path: str

    def cut(self, type_name: str, sets: Sequence[SelectionSetNode]) -> tuple[SelectionNode, ...]:
        """The rest of the selections on a concrete type; nothing if no way leads there."""
        kind = self.document.schema.get_type(type_name)
        assert isinstance(kind, GraphQLObjectType)
        selected = self.document.collect(type_name, sets)
        kept: list[SelectionNode] = []
        if type_name == self.entity.name and self.path in list_paths(self.document, self.entity, selected):
            kept.append(FieldNode(alias=NameNode(value=REACHED_KEY), name=NameNode(value="id")))
        for field in selected:
            if not field.beneath or field.name.startswith("__"):
                continue
            beneath = self._beneath(get_named_type(kind.fields[field.name].type), field.beneath)
            if beneath:
                kept.append(
                    FieldNode(
                        alias=NameNode(value=field.key),
                        name=field.node.name,
                        arguments=field.node.arguments,
                        selection_set=SelectionSetNode(selections=beneath),
                    )
                )
        return tuple(kept)

    def _beneath(self, kind: Any, sets: Sequence[SelectionSetNode]) -> tuple[SelectionNode, ...]:
        if not is_abstract_type(kind):
            return self.cut(kind.name, sets)
        return tuple(
            InlineFragmentNode(
                type_condition=NamedTypeNode(name=NameNode(value=name)),
                selection_set=SelectionSetNode(selections=inner),
            )
            for name in possible_types(self.document.schema, kind)
            if (inner := self.cut(name, sets))
        )


class _VariableNames(Visitor):
    """Collects the variables that are used."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        """Keep its name."""
        self.found.add(node.name.value)


def _build(purpose: Purpose, operation: OperationDefinitionNode, kept: tuple[SelectionNode, ...]) -> ReachDocument:
    selections = SelectionSetNode(selections=kept)
    names = _VariableNames()
    visit(selections, names)
    # What the instant of @asOf is bound to decides what may be read.
    for directive in operation.directives or ():
        visit(directive, names)
    used = tuple(d for d in operation.variable_definitions or () if d.variable.name.value in names.found)
    node = OperationDefinitionNode(
        operation=OperationType.QUERY,
        variable_definitions=used,
        directives=operation.directives,
        selection_set=selections,
    )
    declared = purpose.declaration.variables
    return ReachDocument(
        print_ast(node),
        {d.variable.name.value: declared[d.variable.name.value] for d in used},
        {d.variable.name.value: value_from_ast_untyped(d.default_value) for d in used if d.default_value},
    )
