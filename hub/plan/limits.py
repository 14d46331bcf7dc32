"""Limits, taken on the expanded document before validation: fragments count wherever they are spread.

Each fragment is measured once, so that a document of nested spreads costs no more than its text. What depends on arguments
(rows, links in filters) is refused while planning, since only the plan knows them.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
)

from hub.errors import OperationRefused

ENDLESS = 1_000_000


@dataclass(frozen=True)
class Limits:
    """The largest operation that is taken. Numbers are of the expanded document, where nothing else is said."""

    chars: int = 50_000
    tokens: int = 4_000
    spreads: int = 100
    depth: int = 15
    fields: int = 2_000
    breadth: int = 500
    aliases: int = 100
    directives: int = 100
    filter_links: int = 3
    rows: int = 100_000
    result_bytes: int = 10_000_000


@dataclass(frozen=True)
class Size:
    """How large a selection is: levels of fields, fields in all, fields of one object, aliases, directives."""

    depth: int = 0
    fields: int = 0
    breadth: int = 0
    aliases: int = 0
    directives: int = 0


def too_large(what: str, found: int, most: int, next_step: str) -> OperationRefused:
    """The refusal of an operation beyond a limit."""
    shown = f"more than {most:,}" if found >= ENDLESS else f"{found:,}"
    return OperationRefused(
        f"the operation has {shown} {what}; {most:,} are allowed", code="OPERATION_TOO_LARGE", next_step=next_step
    )


def check(document: DocumentNode, limits: Limits) -> Mapping[str | None, Size]:
    """The size of each operation by name. Raises OperationRefused where one is beyond a limit."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    measure = _Measure(fragments)
    found: dict[str | None, Size] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            size = measure.selection_set(definition.selection_set)
            _refuse(size, limits)
            found[definition.name.value if definition.name else None] = size
    for fragment in fragments.values():
        measure.fragment(fragment.name.value)  # unused ones too: validation will walk them
    if measure.spreads > limits.spreads:
        raise too_large("fragment spreads", measure.spreads, limits.spreads, "put fields in place of some fragments")
    return found


def _refuse(size: Size, limits: Limits) -> None:
    split = "split the operation, or ask for fewer levels"
    for what, found, most in (
        ("levels of fields", size.depth, limits.depth),
        ("fields in all", size.fields, limits.fields),
        ("fields on one object", size.breadth, limits.breadth),
        ("aliases", size.aliases, limits.aliases),
        ("directives", size.directives, limits.directives),
    ):
        if found > most:
            raise too_large(what, found, most, split)


class _Measure:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.fragments = fragments
        self.known: dict[str, Size] = {}
        self.spreads = 0

    def selection_set(self, selections: SelectionSetNode | None) -> Size:
        depth = fields = breadth = widest = aliases = directives = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FragmentSpreadNode):
                self.spreads += 1
                size = self.fragment(node.name.value)
                own_depth, own, here = 0, 0, size.breadth
            elif isinstance(node, FieldNode):
                size = self.selection_set(node.selection_set)
                own_depth, own, here = 1, 1, 1
                widest = max(widest, size.breadth)
                aliases += node.alias is not None
            else:
                size = self.selection_set(node.selection_set)  # type: ignore[attr-defined]  # an inline fragment
                own_depth, own, here = 0, 0, size.breadth
            depth = max(depth, size.depth + own_depth)
            fields = min(fields + size.fields + own, ENDLESS)
            breadth = min(breadth + here, ENDLESS)
            aliases = min(aliases + size.aliases, ENDLESS)
            directives = min(directives + size.directives + len(node.directives or ()), ENDLESS)
        return Size(depth, fields, max(breadth, widest), aliases, directives)

    def fragment(self, name: str) -> Size:
        if name not in self.known:
            # While a fragment is being measured it counts as nothing: validation refuses cycles and unknown names.
            self.known[name] = Size()
            fragment = self.fragments.get(name)
            self.known[name] = self.selection_set(fragment.selection_set if fragment else None)
        return self.known[name]


class OutOfTime(Exception):
    """Parsing and validation took longer than they may."""


def budget(seconds: float) -> type[ASTValidationRule]:
    """A validation rule that stops validation when its time is over. Raises OutOfTime from within."""
    end = time.monotonic() + seconds

    class Budget(ASTValidationRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)

        def enter(self, node: Node, *_: Any) -> None:
            if time.monotonic() > end:
                raise OutOfTime

    return Budget
