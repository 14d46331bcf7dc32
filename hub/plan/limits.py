"""Limits on the expanded document, taken before validation: depth and number of fields, fragments counted where they are spread.

Each fragment is measured once, so that a document of nested spreads costs no more than its text.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from hub.errors import OperationRefused

MAX_TOKENS = 10_000
ENDLESS = 1_000_000


@dataclass(frozen=True)
class Size:
    """How deep fields nest, and how many there are, fragments expanded."""

    depth: int
    fields: int


def check(document: DocumentNode, *, max_depth: int, max_fields: int) -> None:
    """Refuse a document with an operation beyond the limits. Raises OperationRefused."""
    measure = _Measure({d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)})
    for definition in document.definitions:
        if not isinstance(definition, OperationDefinitionNode):
            continue
        size = measure.selection_set(definition.selection_set)
        for what, found, most in (("fields deep", size.depth, max_depth), ("fields in all", size.fields, max_fields)):
            if found > most:
                shown = f"more than {most}" if found >= ENDLESS else str(found)
                raise OperationRefused(
                    f"the operation is {shown} {what}; {most} are allowed",
                    code="OPERATION_TOO_LARGE",
                    next_step="split the operation, or ask for fewer levels",
                )


class _Measure:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.fragments = fragments
        self.known: dict[str, Size] = {}

    def selection_set(self, selections: SelectionSetNode | None) -> Size:
        depth = fields = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FragmentSpreadNode):
                size = self.fragment(node.name.value)
                depth, fields = max(depth, size.depth), fields + size.fields
                continue
            size = self.selection_set(node.selection_set)  # type: ignore[attr-defined]  # fields and inline fragments
            own = 1 if isinstance(node, FieldNode) else 0
            depth, fields = max(depth, size.depth + own), min(fields + size.fields + own, ENDLESS)
        return Size(depth, fields)

    def fragment(self, name: str) -> Size:
        if name not in self.known:
            # While a fragment is being measured it counts as nothing: validation refuses cycles and unknown names.
            self.known[name] = Size(0, 0)
            fragment = self.fragments.get(name)
            self.known[name] = self.selection_set(fragment.selection_set if fragment else None)
        return self.known[name]
