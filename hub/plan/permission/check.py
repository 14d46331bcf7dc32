"""Permission: whether an operation reads only what a purpose's documents read.

    static, cached for (document, operation, purpose version)       each request: comparisons of bound variables
    operation ── analyse_operation ──► Permission (or refusals) ── Permission.check ──► Permitted (or refusals)

An operation is allowed if it is a pure sub-selection of one operation of one document: the same root fields with the same
arguments, and beneath them fewer fields, in any order, under any alias, in any fragment. What @skip and @include leave out
counts as read. `__typename` and introspection are always allowed, and so are public types.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode

from hub.access.argument_rules import Bindings, Exactly, Mismatch
from hub.access.permission_trie import NOTHING, CompiledPurpose, OperationTrie
from hub.access.purpose_declaration import PurposeLimits
from hub.errors import OperationRefused
from hub.plan.building.selection import Document
from hub.plan.permission.arguments import ArgumentCondition, FieldPlace
from hub.plan.permission.compile import fragments_of
from hub.plan.permission.walk import Clause, Walk

FIELD, ARGUMENT, SUBJECT, KIND = "FORBIDDEN_FIELD", "FORBIDDEN_ARGUMENT", "NOT_A_SUBJECT", "FORBIDDEN_OPERATION"
Failure = tuple[ArgumentCondition, Mismatch]
PUBLIC = "public types"
"""Stands for a document where an operation reads nothing that needs one."""


@dataclass(frozen=True)
class PermissionRefusal:
    """Why a purpose does not allow an operation. It never has a value. `argument` is e.g. `filter.status.eq`, or empty."""

    code: str
    place: FieldPlace
    argument: str
    purpose: str

    @property
    def coordinate(self) -> str:
        """The field, e.g. `Citizen.taxCode`, with the argument that it is about in parentheses."""
        return f"{self.place.coordinate}({self.argument})" if self.argument else self.place.coordinate

    def error(self, allowing: Sequence[str] = ()) -> OperationRefused:
        """The refusal as an error; `allowing` are the codes of purposes that allow the refused read."""
        what, step = WORDS[self.code]
        elsewhere = f"; purposes that allow it: {', '.join(allowing)}" if allowing else ""
        refusal = OperationRefused(
            what.format(coordinate=self.coordinate, purpose=self.purpose),
            code=self.code,
            next_step=step.format(purpose=self.purpose) + elsewhere,
        )
        refusal.path = self.place.path
        return refusal


WORDS: Mapping[str, tuple[str, str]] = {
    FIELD: (
        "the purpose {purpose} does not allow reading {coordinate} here",
        "leave it out: `hub purposes show {purpose}` lists what may be read",
    ),
    ARGUMENT: (
        "the purpose {purpose} does not allow this argument: {coordinate}",
        "give the arguments that `hub purposes show {purpose}` lists, and no larger page",
    ),
    SUBJECT: (
        "{coordinate} is not a subject of the dossier, or not the caller's own",
        "send the dossier of that subject in X-Hub-Dossier, or open one",
    ),
    KIND: (
        "the purpose {purpose} allows no {coordinate}",
        "choose another purpose: `hub purposes list`",
    ),
}
"""Code → what happened and the next step."""


@dataclass(frozen=True)
class Permitted:
    """An operation that may be run. `document` is the one that it is a sub-selection of; `limits` are the purpose's."""

    purpose: str
    version: str
    document: str
    limits: PurposeLimits


@dataclass(frozen=True)
class PermittedWay:
    """One document that the operation is a sub-selection of, if every clause holds for the request."""

    permitted: Permitted
    clauses: tuple[Clause, ...]

    def failures(self, variables: Mapping[str, Any], bindings: Bindings) -> list[Failure]:
        """The conditions that do not hold: of each clause, those of the alternative that is nearest to holding."""
        found: list[Failure] = []
        for clause in self.clauses:
            nearest: list[Failure] | None = None
            for conditions in clause:
                failed = [(c, wrong) for c in conditions if (wrong := c.mismatch(variables, bindings)) is not None]
                if nearest is None or len(failed) < len(nearest):
                    nearest = failed
                if not failed:
                    break
            found += nearest or ()
        return found


@dataclass(frozen=True)
class Permission:
    """The static part: the ways in which a purpose can allow an operation. It holds for every request of the operation."""

    purpose: CompiledPurpose
    ways: tuple[PermittedWay, ...]

    def check(self, variables: Mapping[str, Any], bindings: Bindings) -> Permitted | tuple[PermissionRefusal, ...]:
        """Compare the coerced variables of a request with the bindings: Permitted, or why not."""
        nearest: list[Failure] | None = None
        for way in self.ways:
            failed = way.failures(variables, bindings)
            if not failed:
                return way.permitted
            if nearest is None or len(failed) < len(nearest):
                nearest = failed
        return tuple(
            dict.fromkeys(
                PermissionRefusal(mismatch.value, condition.place, condition.argument, self.purpose.code)
                for condition, mismatch in nearest or ()
            )
        )


def analyse_operation(
    document: DocumentNode, operation: OperationDefinitionNode, purpose: CompiledPurpose, schema: GraphQLSchema
) -> Permission | tuple[PermissionRefusal, ...]:
    """The static part of the check, of a validated document. Pure: cache it for (document, operation, purpose version)."""
    kind = operation.operation.value
    tries = [trie for trie in purpose.operations if trie.kind == kind]
    if not tries and kind != "query":
        return (PermissionRefusal(KIND, FieldPlace((), kind, ()), "", purpose.code),)
    root = schema.get_root_type(operation.operation)
    assert root is not None  # validated
    read = Document(schema, fragments_of(document), {}, with_skipped=True)
    tries.append(OperationTrie(PUBLIC, kind, root.name, Exactly(None), NOTHING))
    walks = [Walk(purpose.public, trie, read, operation).run() for trie in tries]
    ways = tuple(_way(purpose, walk) for walk in walks if not walk.refused)
    if ways:
        return Permission(purpose, ways)
    # The document that allows most of the operation names the faults of the rest best.
    # Of equals it is the one that has the field, with other arguments.
    nearest = max(walks, key=lambda w: (w.allowed, -len(w.refused), sum(bool(one.argument) for one in w.refused)))
    return tuple(
        PermissionRefusal(ARGUMENT if one.argument else FIELD, one.place, one.argument, purpose.code)
        for one in nearest.refused
    )


def _way(purpose: CompiledPurpose, walk: Walk) -> PermittedWay:
    permitted = Permitted(purpose.code, purpose.version, walk.trie.document, purpose.limits)
    return PermittedWay(permitted, walk.conditional_clauses)


def check_permission(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    purpose: CompiledPurpose,
    bindings: Bindings,
    schema: GraphQLSchema,
) -> Permitted | tuple[PermissionRefusal, ...]:
    """Whether a request may be run: both parts of the check. `variables` are coerced."""
    permission = analyse_operation(document, operation, purpose, schema)
    return permission.check(variables, bindings) if isinstance(permission, Permission) else permission


def purposes_allowing(refusal: PermissionRefusal, purposes: Iterable[CompiledPurpose]) -> tuple[str, ...]:
    """The codes of the purposes that allow the refused field at this path, for the error. The schema is public, and so is this."""
    if refusal.code != FIELD:
        return ()
    return tuple(sorted(p.code for p in purposes if any(_reaches(trie, refusal.place.steps) for trie in p.operations)))


def _reaches(trie: OperationTrie, steps: Sequence[tuple[str, str]]) -> bool:
    nodes = [trie.root] if steps and steps[0][0] == trie.root_type else []
    for type_name, name in steps:
        nodes = [rule.beneath for node in nodes for rule in node.rules(type_name, name)]
    return bool(nodes)
