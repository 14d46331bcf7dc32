"""Selections: the fields of an object of one concrete type, merged over fragments, after @skip and @include."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)


@dataclass(frozen=True)
class Selected:
    """One response key: the field's name, its node (for arguments) and the selection sets beneath it."""

    key: str
    name: str
    node: FieldNode
    beneath: tuple[SelectionSetNode, ...]


@dataclass(frozen=True)
class Document:
    """What selections are read against: the schema, the fragments, the coerced variables.

    `with_skipped` collects what @skip and @include leave out too: what an operation may select with some variables.
    """

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    with_skipped: bool = False

    def collect(self, type_name: str, sets: Sequence[SelectionSetNode]) -> tuple[Selected, ...]:
        """The fields selected on an object of this concrete type, in order of first appearance (spec 6.3.2)."""
        found: dict[str, list[FieldNode]] = {}
        for selection_set in sets:
            for node in self._fields(type_name, selection_set):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, []).append(node)
        return tuple(
            Selected(key, nodes[0].name.value, nodes[0], tuple(n.selection_set for n in nodes if n.selection_set))
            for key, nodes in found.items()
        )

    def _fields(self, type_name: str, selection_set: SelectionSetNode) -> Iterator[FieldNode]:
        for node in selection_set.selections:
            if not self.with_skipped and not self._included(node.directives or ()):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else type_name
                if self._applies(condition, type_name):
                    yield from self._fields(type_name, node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                if self._applies(fragment.type_condition.name.value, type_name):
                    yield from self._fields(type_name, fragment.selection_set)

    def _applies(self, condition: str, type_name: str) -> bool:
        if condition == type_name:
            return True
        abstract, concrete = self.schema.get_type(condition), self.schema.get_type(type_name)
        return is_abstract_type(abstract) and self.schema.is_sub_type(abstract, concrete)  # type: ignore[arg-type]  # validated

    def _included(self, directives: Sequence[DirectiveNode]) -> bool:
        for directive in directives:
            if directive.name.value in ("skip", "include"):
                (argument,) = directive.arguments or ()  # validated: `if`, and nothing else
                value = argument.value
                if isinstance(value, VariableNode):
                    on = self.variables.get(value.name.value)
                else:
                    on = isinstance(value, BooleanValueNode) and value.value
                if bool(on) is (directive.name.value == "skip"):
                    return False
        return True
