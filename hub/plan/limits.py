"""Limits, taken on the expanded document before validation: fragments count wherever they are spread.

Each fragment is measured once, so that a document of nested spreads costs no more than its text. What depends on arguments
(rows, links in filters) is refused while planning, since only the plan knows them.
"""

from collections.abc import Mapping, Sequence
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
from hub.plan.cpu_stopwatch import CpuStopwatch

UNCOUNTED = 1_000_000


@dataclass(frozen=True)
class Limits:
    """The largest operation that is taken. Numbers are of the expanded document unless stated otherwise."""

    chars: int = 50_000
    tokens: int = 4_000
    operations: int = 50
    spreads: int = 100
    comparisons: int = 3_000
    depth: int = 15
    fields: int = 2_000
    breadth: int = 500
    aliases: int = 100
    directives: int = 100
    filter_links: int = 3
    filter_terms: int = 200
    rows: int = 100_000
    result_bytes: int = 10_000_000


@dataclass(frozen=True)
class SelectionSize:
    """How large a selection is: levels of fields, fields in all, fields of one object, aliases, directives."""

    depth: int = 0
    fields: int = 0
    breadth: int = 0
    aliases: int = 0
    directives: int = 0


def too_large(what: str, found: int, most: int, next_step: str) -> OperationRefused:
    """The refusal of an operation beyond a limit."""
    shown = f"more than {most:,}" if found >= UNCOUNTED else f"{found:,}"
    return OperationRefused(
        f"the operation has {shown} {what}; {most:,} are allowed", code="OPERATION_TOO_LARGE", next_step=next_step
    )


def check_size(document: DocumentNode, limits: Limits) -> Mapping[str | None, SelectionSize]:
    """The size of each operation by name. Raises OperationRefused if one is beyond a limit."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if len(operations) > limits.operations:
        raise too_large("operations in its document", len(operations), limits.operations, "send fewer at a time")
    measure = _SizeMeasure(fragments)
    found: dict[str | None, SelectionSize] = {}
    for operation in operations:
        size = measure.selection_set(operation.selection_set)
        _refuse(size, limits)
        found[operation.name.value if operation.name else None] = size
    for name in fragments:
        _refuse(measure.fragment(name), limits)  # unused ones too: validation will walk them
    if measure.cyclic:
        raise OperationRefused(
            "a fragment spreads itself", code="INVALID", next_step="remove the spread from the fragment"
        )
    if measure.spreads > limits.spreads:
        raise too_large("fragment spreads", measure.spreads, limits.spreads, "put fields in place of some fragments")
    roots = [*operations, *(fragment for name, fragment in fragments.items() if name not in measure.spread)]
    comparisons = sum(_count_comparisons([root.selection_set], fragments) for root in roots)
    if comparisons > limits.comparisons:
        step = "select each field once"
        raise too_large("pairs of fields that must be compared", comparisons, limits.comparisons, step)
    return found


def _count_comparisons(sets: Sequence[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """How many pairs of fields share a response name on one object: validation compares each (OverlappingFieldsCanBeMerged).

    Only for documents within the other limits and without cycles: it walks the expanded selection.
    """
    named: dict[str, list[SelectionSetNode | None]] = {}
    seen: set[str] = set()
    waiting = list(sets)
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                named.setdefault((node.alias or node.name).value, []).append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                fragment = fragments.get(node.name.value)
                if fragment is not None and node.name.value not in seen:
                    seen.add(node.name.value)
                    waiting.append(fragment.selection_set)
            else:
                waiting.append(node.selection_set)  # type: ignore[attr-defined]  # an inline fragment
    pairs = sum(len(found) * (len(found) - 1) // 2 for found in named.values())
    return pairs + sum(_count_comparisons([s for s in found if s], fragments) for found in named.values())


def _refuse(size: SelectionSize, limits: Limits) -> None:
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


class _SizeMeasure:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.fragments = fragments
        self.known: dict[str, SelectionSize] = {}
        self.spreads = 0
        self.spread: set[str] = set()
        self.cyclic = False
        self._open: set[str] = set()

    def selection_set(self, selections: SelectionSetNode | None) -> SelectionSize:
        depth = fields = breadth = widest = aliases = directives = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FragmentSpreadNode):
                self.spreads += 1
                self.spread.add(node.name.value)
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
            fields = min(fields + size.fields + own, UNCOUNTED)
            breadth = min(breadth + here, UNCOUNTED)
            aliases = min(aliases + size.aliases, UNCOUNTED)
            directives = min(directives + size.directives + len(node.directives or ()), UNCOUNTED)
        return SelectionSize(depth, fields, max(breadth, widest), aliases, directives)

    def fragment(self, name: str) -> SelectionSize:
        if name in self._open:
            self.cyclic = True
            return SelectionSize()
        if name not in self.known:
            self._open.add(name)
            fragment = self.fragments.get(name)  # an unknown one counts as nothing: validation refuses it
            self.known[name] = self.selection_set(fragment.selection_set if fragment else None)
            self._open.remove(name)
        return self.known[name]


class OutOfTime(Exception):
    """Parsing and validation took longer than they may."""


def make_budget_rule(spent: CpuStopwatch, most_s: float) -> type[ASTValidationRule]:
    """A validation rule that stops validation when so much time was spent. Raises OutOfTime from within."""

    class Budget(ASTValidationRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)

        def enter(self, node: Node, *_: Any) -> None:
            if spent.seconds > most_s:
                raise OutOfTime

    return Budget
