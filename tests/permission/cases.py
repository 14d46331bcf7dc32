"""Helpers of the tests of permission: purposes made from text, and operations checked under them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLScalarType, GraphQLSchema, get_named_type, is_leaf_type, validate
from graphql.execution.values import get_variable_values

from hub.access.argument_rules import Bindings
from hub.access.permission_trie import CompiledPurpose
from hub.access.purpose_declaration import PurposeDeclaration
from hub.access.purposes import Purpose, PurposeDocument, read_purposes
from hub.graph.schema import get_core_schema, load_schema
from hub.plan.permission.check import Permitted, check_permission
from hub.plan.permission.compile import compile_purpose, compile_purposes, operations_of
from tests.permission.oracle import FlatPath, PermittedPaths, flat_paths, give_sizes, operation_names, parse_once

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
    return get_core_schema(load_schema())


@cache
def known() -> Mapping[str, CompiledPurpose]:
    """The package's purposes, compiled."""
    return compile_purposes(read_purposes().values(), graphql_schema())


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
    text: str,
    variables: Mapping[str, Any] | None = None,
    bindings: Bindings = BINDINGS,
    name: str | None = None,
) -> list[tuple[str, str]]:
    """The codes and coordinates for which an operation, which must be valid, is refused; empty if it is allowed."""
    document = parse_once(text)
    assert validate(graphql_schema(), document) == [], text
    operations = operations_of(document)
    chosen = next(o for o in operations if name is None or (o.name and o.name.value == name))
    given = get_variable_values(graphql_schema(), chosen.variable_definitions or (), dict(variables or {}))
    assert not isinstance(given, list), given
    found = check_permission(document, chosen, given.coerced, purpose, bindings, graphql_schema())
    return [] if isinstance(found, Permitted) else [(one.code, one.coordinate) for one in found]


SUBJECTS_OF_LAND_AND_BUSINESS = {"Business": "0100233495", "Parcel": "06820@2025-07-01:77:7"}
"""Those in roles of dossiers: other ones than the examples of their declarations, by which the matrix asks for strangers."""


def subject_of(role: str, entity: str) -> str:
    """An identifier of the subject in a role: of each role another person's, so that one role's permission is no other's."""
    if entity == "Citizen":
        return f"0220801235{sorted(ROLES).index(role):02}"
    scalar = graphql_schema().type_map[{"Business": "RegistrationNumber", "Parcel": "ParcelNumber"}[entity]]
    assert isinstance(scalar, GraphQLScalarType)
    # In the form in which the store has it, as the bindings of a dossier do.
    return str(scalar.coerce_input_value(SUBJECTS_OF_LAND_AND_BUSINESS[entity]))


ROLES: Mapping[str, str] = {
    role: subject.entity
    for purpose in read_purposes().values()
    if purpose.is_procedure
    for role, subject in purpose.declaration.subjects.items()
}
"""Roles of the package's procedures, and the kind of subject: their documents have a variable for each."""
VALUES: Mapping[str, Any] = {
    **{role: subject_of(role, entity) for role, entity in ROLES.items()},
    "personalId": SELLER,
    "formerId": "100234567",
    "fullName": "Nguyễn Văn An",
    "words": "an nguyen",
    "birthDate": "1980-02-03",
    "enterpriseCode": "0100233488",
    "registrationNumber": "22A8001234",
    "certificateSerial": "CT 00123456",
    "field": "LAND_USE_RIGHT_HOLDER",
    "sector": "LAND",
    "first": 5,
    "runs": 5,
    "checks": 5,
    "one": 1,
    "number": 1,
    "approve": True,
    "overdue": True,
    "credential": "key:abcdefgh",
    "full": False,
    "anyway": False,
    "hours": 8,
    "procedure": "land-right-transfer",
    "after": None,
    "recordId": "Q2l0aXplbjox",
    "subjectId": "Q2l0aXplbjoy",
    "verdict": "SAME",
    "reason": "Cùng số giấy tờ",
    "secondOf": None,
    "decisionId": "1",
    "source": "land",
    "since": "2026-01-01T00:00:00+07:00",
    "stream": "rights",
    "entity": "LandUseRight",
    "rule": "pattern",
    "rows": 5,
    "column": "ngay_cap",
    "edit": "EMPTY",
    "find": "",
    "to": "",
    "expected": 1,
    "numbers": [1],
    "note": "Theo bản giấy",
    "unitCode": "06820@2025-07-01",
    "unit": "06820@2025-07-01",
    "metric": ["FILLED"],
    "dimension": "SUFFICIENT",
    "byEntity": True,
    "byField": True,
    "byUnit": False,
    "closed": True,
    "dismissed": True,
    "until": "2026-02-01T00:00:00+07:00",
    **dict.fromkeys(("principal", "app", "purpose", "dossier", "office", "kind", "outcome", "code", "subject")),
}
"""A value for each variable of the package's documents."""
GIVEN_SIZES: Mapping[str, int] = {name: value for name, value in VALUES.items() if isinstance(value, int)}
ALL_BOUND: Bindings = {
    **{role: frozenset({subject_of(role, entity)}) for role, entity in ROLES.items()},
    "person": frozenset({SELLER}),
    "caller.sources": frozenset({"land"}),
    "caller.personal_ids": frozenset({SELLER}),
}
"""Bindings in which those values are the subjects' and the caller's own."""


@dataclass(frozen=True)
class DeclaredOperation:
    """One operation of a document of the package's purposes."""

    purpose: str
    text: str
    name: str | None

    @property
    def paths(self) -> frozenset[FlatPath]:
        """What it reads, by the oracle."""
        return paths_of(self.text, self.name)

    @property
    def permitted(self) -> PermittedPaths:
        """The same, to compare others with."""
        return _permitted(self)

    def __str__(self) -> str:
        return f"{self.purpose}-{self.name}"


@cache
def paths_of(text: str, name: str | None = None) -> frozenset[FlatPath]:
    """What an operation reads, by the oracle."""
    return flat_paths(text, graphql_schema(), name)


@cache
def _permitted(declared: DeclaredOperation) -> PermittedPaths:
    rules = read_purposes()[declared.purpose].declaration.variables
    return PermittedPaths(declared.paths, rules, graphql_schema())


@cache
def declared_operations() -> tuple[DeclaredOperation, ...]:
    """Every operation of every document of the package."""
    return tuple(
        DeclaredOperation(code, document.text, name)
        for code, purpose in read_purposes().items()
        for document in purpose.documents
        for name in operation_names(document.text)
    )


PLACES = ("AdministrativeUnit", "AdministrativeUnitChange")
PUBLIC = frozenset(
    (
        "CodeLabel",
        "PageInfo",
        "Provenance",
        *(f"{place}{end}" for place in PLACES for end in ("", "Connection", "Edge")),
    )
)

LEAVING_ARGUMENT = re.compile(r"\b(residents|parcels):")
"""Parts of a filter on places that lead to people and land."""


def allows(purpose: str, paths: frozenset[FlatPath]) -> bool:
    """Whether the oracle allows what an operation reads under a purpose: public paths, and paths of one document."""
    private = frozenset(path for path in give_sizes(paths, GIVEN_SIZES) if not _is_public(path))
    return not private or any(one.permitted.has(private) for one in declared_operations() if one.purpose == purpose)


@cache
def _is_public(path: FlatPath) -> bool:
    """Whether a path begins at the root and stays within places and labels, by the names of their types."""
    _, (root, _, _), *beneath = path
    if any(LEAVING_ARGUMENT.search(arguments) for _, _, arguments in path):
        return False
    end_type, end_field, _ = path[-1]
    returned = get_named_type(graphql_schema().type_map[end_type].fields[end_field].type)  # type: ignore[attr-defined]  # it has it
    return (
        root == "Query"
        and all(kind in PUBLIC for kind, _, _ in beneath)
        and (returned.name in PUBLIC or (len(path) > 2 and is_leaf_type(returned)))  # type: ignore[attr-defined]  # it has it
    )
