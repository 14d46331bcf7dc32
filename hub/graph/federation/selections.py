"""Selections of a request to the subgraph, rewritten for an operation of the graph."""

import re
from collections.abc import Iterable, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    visit,
)
from graphql.language.visitor import Visitor, VisitorAction

OWN_NAME = "hub"


class Selections:
    """The selections of one document, without its fragments."""

    def __init__(self, document: DocumentNode) -> None:
        self.fragments: Mapping[str, FragmentDefinitionNode] = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }

    def inline(self, node: SelectionNode, kind: str | None) -> list[SelectionNode]:
        """A selection without spreads of fragments. With `kind`, what of a selection on the union of entities is about that type."""
        if isinstance(node, FieldNode):
            if node.selection_set is None:
                return [node]
            below = SelectionSetNode(selections=tuple(self.inline_all(node.selection_set, None)))
            return [FieldNode(alias=node.alias, name=node.name, arguments=node.arguments, directives=node.directives, selection_set=below)]  # fmt: skip
        if isinstance(node, FragmentSpreadNode):
            fragment = self.fragments[node.name.value]
            named: str | None = fragment.type_condition.name.value
            selections = fragment.selection_set
        else:
            assert isinstance(node, InlineFragmentNode)
            named = node.type_condition.name.value if node.type_condition else None
            selections = node.selection_set
        if kind is not None and named not in (None, "_Entity", kind):
            return []
        is_of_union = kind is not None and named in (None, "_Entity")
        below = SelectionSetNode(selections=tuple(self.inline_all(selections, kind if is_of_union else None)))
        kept = None if named is None or named == "_Entity" else NamedTypeNode(name=NameNode(value=named))
        return [InlineFragmentNode(type_condition=kept, directives=node.directives, selection_set=below)] if below.selections else []  # fmt: skip

    def inline_all(self, selections: SelectionSetNode | None, kind: str | None) -> list[SelectionNode]:
        """Of each selection of a set."""
        return [one for node in (selections.selections if selections else ()) for one in self.inline(node, kind)]


def find_own_name(text: str) -> str:
    """A beginning of names that stands nowhere in a document: callers may name variables and fields as they like."""
    return OWN_NAME + "_" * (1 + max((len(found) for found in re.findall(f"{OWN_NAME}(_*)", text)), default=0))


def list_used_variables(selections: Iterable[SelectionNode]) -> set[str]:
    """Names of the variables that selections use."""
    used = _UsedVariables()
    visit(SelectionSetNode(selections=tuple(selections)), used)
    return used.names


class _UsedVariables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: object) -> VisitorAction:
        self.names.add(node.name.value)
        return None


def make_field_node(name: str, alias: str | None = None) -> FieldNode:
    """A field without arguments or selection."""
    return FieldNode(name=NameNode(value=name), alias=NameNode(value=alias) if alias else None)
