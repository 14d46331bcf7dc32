"""Lint of purposes: what compiles, and yet permits more than it says, or says what nothing uses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLSchema,
    ListTypeNode,
    NonNullTypeNode,
    OperationType,
    TypeNode,
    VariableDefinitionNode,
    Visitor,
    visit,
)

from hub.access.permission_trie import CompiledPurpose
from hub.access.purposes import Purpose
from hub.errors import HubMisconfigured, OperationRefused
from hub.model.registry import load_registry
from hub.plan.limits import Limits, check_size
from hub.plan.permission.compile import compile_purpose, operations_of, parse_document
from hub.plan.permission.reads import COUNT, ORDER, SELECT, PermittedRead, list_reads
from hub.plan.planner import Planner

CURSORS = ("PageInfo.startCursor", "PageInfo.endCursor")
COUNTED_TYPES = frozenset({"ProcedureStatistics", "RequirementStatistics", "NotHeldCount"})
"""Types of the graph that have counts alone, which are rounded down like `totalCount`."""


@dataclass(frozen=True)
class LintFinding:
    """One finding. An error must be corrected; a warning is to be known by who puts the purpose into use."""

    where: str
    words: str
    is_error: bool = True


def lint_purpose(purpose: Purpose, schema: GraphQLSchema) -> tuple[LintFinding, ...]:
    """The findings on one purpose: one only, if it does not compile."""
    try:
        compiled = compile_purpose(purpose, schema)
    except HubMisconfigured as error:
        return (describe_compile_fault(purpose, error),)
    reads = list_reads(compiled, schema)
    return (
        *_lint_variables(purpose, schema),
        *_lint_sizes(purpose, schema),
        *_lint_rows(purpose, schema),
        *_lint_cursors(compiled, reads),
        *_lint_counts(purpose, reads),
        *_lint_legal_basis(purpose),
    )


def describe_compile_fault(purpose: Purpose, error: HubMisconfigured) -> LintFinding:
    """The finding on a purpose that does not compile: where its message names a file of the folder, there."""
    where, _, words = str(error).partition(": ")
    if words and where.startswith(str(purpose.folder)):
        return LintFinding(where, words)
    return LintFinding(str(purpose.folder), str(error))


def _lint_variables(purpose: Purpose, schema: GraphQLSchema) -> Iterator[LintFinding]:
    used: set[str] = set()

    class DeclaredVariables(Visitor):
        def enter_variable_definition(self, node: object, *_: object) -> None:
            used.add(node.variable.name.value)  # type: ignore[attr-defined]  # graphql-core calls it by its kind

    for document in purpose.documents:
        visit(parse_document(document, schema), DeclaredVariables())
    # Of a party of a procedure everything may be asked, and nothing read.
    unread = purpose.declaration.subjects if purpose.declaration.allows_unread_subjects else {}
    for name in purpose.declaration.variables:
        if name not in used and name not in unread:
            yield LintFinding(f"{purpose.folder}", f"variables.{name}: no document has this variable")


def _lint_sizes(purpose: Purpose, schema: GraphQLSchema) -> Iterator[LintFinding]:
    """A document beyond the limits of the endpoint could never be run."""
    for document in purpose.documents:
        try:
            check_size(parse_document(document, schema), Limits())
        except OperationRefused as error:
            yield LintFinding(str(document.path), error.message)


def _lint_rows(purpose: Purpose, schema: GraphQLSchema) -> Iterator[LintFinding]:
    """A document with full pages must keep to the purpose's own limit, or nobody could run it."""
    planner, most = Planner(load_registry(), schema), purpose.declaration.limits.rows
    for document in purpose.documents:
        parsed = parse_document(document, schema)
        for operation in operations_of(parsed):
            if operation.operation is not OperationType.QUERY:
                continue
            variables = {d.variable.name.value: _full(purpose, d) for d in operation.variable_definitions or ()}
            read = planner.read(parsed, operation, variables)
            if not all(planner.is_stored(field) for field in read.fields):
                continue
            rows = planner.plan(read).estimate.rows(variables)
            if rows > most:
                line = operation.loc.start_token.line if operation.loc else 1
                yield LintFinding(
                    f"{document.path}:{line}",
                    f"has up to {rows:,} rows, and limits.rows is {most:,}: raise it, or ask for smaller pages (first: …)",
                )


def _full(purpose: Purpose, definition: VariableDefinitionNode) -> Any:
    """A value that fills pages; what the others are does not matter to the estimate."""
    rule = purpose.declaration.variables[definition.variable.name.value]
    if rule.page is not None or rule.nullable:
        return rule.page
    return ["x"] * rule.items if isinstance(_without_non_null(definition.type), ListTypeNode) else "x"


def _without_non_null(node: TypeNode) -> TypeNode:
    """The type without its exclamation mark."""
    return node.type if isinstance(node, NonNullTypeNode) else node


def _lint_cursors(compiled: CompiledPurpose, reads: tuple[PermittedRead, ...]) -> Iterator[LintFinding]:
    """A cursor holds the values that rows are ordered by, and whoever writes one can search for them."""
    selected = {(read.document, read.coordinate) for read in reads if read.how == SELECT}
    for trie in compiled.operations:
        own = [read for read in reads if read.document == trie.document]
        cursors = [read for read in own if read.coordinate in CURSORS or read.coordinate.endswith("Edge.cursor")]
        taken = [r for r in own if r.how == "argument" and r.coordinate.endswith(("(after)", "(before)"))]
        paths = {read.path.split(".pageInfo")[0].split(".edges")[0] for read in cursors} | {read.path for read in taken}
        for order in own:
            if order.how == ORDER and order.path in paths and (trie.document, order.coordinate) not in selected:
                yield LintFinding(
                    trie.document,
                    f"{order.path} is ordered by {order.coordinate} and has cursors, which tell its value: "
                    "select the field too, or leave the cursors out",
                )


def _lint_counts(purpose: Purpose, reads: tuple[PermittedRead, ...]) -> Iterator[LintFinding]:
    # A masked purpose gives rows that identify nobody; its counts are rounded all the same.
    if purpose.declaration.limits.smallest_cell is None or purpose.declaration.masked:
        return
    for read in reads:
        if read.how == SELECT and read.coordinate.partition(".")[0] not in COUNTED_TYPES:
            yield LintFinding(
                read.document,
                f"{read.path}: a purpose with a smallest cell counts only: select totalCount, and no rows",
            )
    if not any(read.how == COUNT for read in reads):
        yield LintFinding(str(purpose.folder), "limits.smallest_cell: nothing is counted")


def _lint_legal_basis(purpose: Purpose) -> Iterator[LintFinding]:
    for basis in purpose.declaration.legal_basis:
        if basis.article is None:
            words = f"legal_basis: {basis.title} without an article: have it checked before the purpose is used"
            yield LintFinding(str(purpose.folder), words, is_error=False)
