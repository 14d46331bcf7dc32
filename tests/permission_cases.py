"""Helpers of the tests of permission: purposes made from text, and operations checked under them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, parse, validate
from graphql.execution.values import get_variable_values

from hub.access.permission_trie import Bindings, CompiledPurpose
from hub.access.purpose_declaration import PurposeDeclaration
from hub.access.purposes import Purpose, PurposeDocument, purposes
from hub.graph.schema import core, schema
from hub.plan.permission.check import Permitted, check_permission
from hub.plan.permission.compile import compile_purpose, compile_purposes, operations_of

LABEL = {"vi": "V", "en": "E"}
FACTS: Mapping[str, Any] = {
    "code": "trial",
    "name": LABEL,
    "about": LABEL,
    "legal_basis": [{"title": "L", "about": LABEL}],
    "users": {"roles": ["officer"]},
    "dossier": False,
    "retention_days": 0,
    "limits": {"rows": 100},
}
SELLER, BUYER, STRANGER = "022080123456", "022184173560", "001090000001"
BINDINGS: Bindings = {"seller": frozenset({SELLER}), "buyer": frozenset({BUYER}), "caller.sources": frozenset({"land"})}


@cache
def graphql_schema() -> GraphQLSchema:
    """The schema of the hub."""
    return core(schema())


@cache
def known() -> Mapping[str, CompiledPurpose]:
    """The package's purposes, compiled."""
    return compile_purposes(purposes().values(), graphql_schema())


def purpose_of(*documents: str, **more: Any) -> Purpose:
    """A purpose with these documents and more keys."""
    declaration = PurposeDeclaration.model_validate({**FACTS, **more})
    texts = tuple(PurposeDocument(Path(f"{n}.graphql"), text) for n, text in enumerate(documents))
    return Purpose(Path("trial"), declaration, texts, "0" * 64)


def compiled(*documents: str, **more: Any) -> CompiledPurpose:
    """The same, compiled."""
    return compile_purpose(purpose_of(*documents, **more), graphql_schema(), known()["public"].public)


def refusals(
    purpose: CompiledPurpose,
    operation: str,
    variables: Mapping[str, Any] | None = None,
    bindings: Bindings = BINDINGS,
) -> list[tuple[str, str]]:
    """The codes and coordinates for which an operation, which must be valid, is refused; empty if it is allowed."""
    document = parse(operation)
    assert validate(graphql_schema(), document) == []
    chosen = operations_of(document)[0]
    given = get_variable_values(graphql_schema(), chosen.variable_definitions or (), dict(variables or {}))
    assert not isinstance(given, list), given
    found = check_permission(document, chosen, given.coerced, purpose, bindings, graphql_schema())
    return [] if isinstance(found, Permitted) else [(one.code, one.coordinate) for one in found]
