"""Requests made ready: parsed, limited, validated, and planned, with a cache of each step.

A document is parsed and validated once; a plan is made once for each shape of variables. Errors about values name the
variable and the rule, never the value: values are personal data and errors are logged.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from hub.errors import OperationRefused
from hub.plan import limits
from hub.plan.arguments import shape
from hub.plan.planner import Plan, Planner
from hub.settings import Settings

K = TypeVar("K")
V = TypeVar("V")

VALUES = (
    (re.compile(r"[;,] found:? .*", re.DOTALL), ""),
    (re.compile(r"(cannot represent [^:]*): .*", re.DOTALL), r"\1"),
    (re.compile(r"Value '.*' does not exist", re.DOTALL), "The value does not exist"),
)
"""Where graphql-core's messages quote the value that they are about."""


class Rejected(Exception):
    """The request has errors before anything is executed."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__("request rejected")
        self.errors = tuple(errors)


@dataclass(frozen=True)
class Request:
    """One GraphQL request, as it came over HTTP."""

    query: str
    operation_name: str | None = None
    variables: Mapping[str, Any] | None = None
    explain: bool = False


@dataclass(frozen=True)
class Ready:
    """A request that may be executed: its operation, coerced variables, and the plan where one statement answers it whole."""

    document: DocumentNode
    operation: OperationDefinitionNode
    variables: Mapping[str, Any]
    plan: Plan | None


class Preparer:
    """Parses, limits, validates and plans requests."""

    def __init__(self, schema: GraphQLSchema, planner: Planner, settings: Settings) -> None:
        self.schema = schema
        self.planner = planner
        self.settings = settings
        self._documents: _Recent[str, DocumentNode] = _Recent(settings.plan_cache)
        self._plans: _Recent[tuple[Any, ...], Plan | None] = _Recent(settings.plan_cache)

    def ready(self, request: Request) -> Ready:
        """Make a request ready. Raises Rejected with GraphQL errors, OperationRefused for limits and arguments."""
        document = self._documents.get(request.query)
        if document is None:
            document = self._checked(request.query)
            self._documents.put(request.query, document)
        operation = _operation(document, request.operation_name)
        variables = self._coerced(operation, request.variables or {})
        key = (request.query, request.operation_name, shape(variables))
        plan = self._plans.get(key, _MISSING)
        if plan is _MISSING:
            plan = self._planned(document, operation, variables)
            self._plans.put(key, plan)
        return Ready(document, operation, variables, plan)

    def _checked(self, query: str) -> DocumentNode:
        try:
            document = parse(query, max_tokens=limits.MAX_TOKENS)
        except GraphQLSyntaxError as error:
            raise Rejected([_coded(error, "SYNTAX")]) from None
        limits.check(document, max_depth=self.settings.max_depth, max_fields=self.settings.max_fields)
        errors = validate(self.schema, document, max_errors=10, hide_suggestions=True, allow_empty_selection_sets=False)
        if errors:
            raise Rejected([_coded(error, "INVALID") for error in errors])
        return document

    def _coerced(self, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> Mapping[str, Any]:
        definitions = operation.variable_definitions or ()
        if not definitions:
            return {}
        found = get_variable_values(self.schema, definitions, dict(given), max_errors=10, hide_suggestions=True)
        if isinstance(found, list):
            raise Rejected([_coded(error, "BAD_USER_INPUT") for error in found])
        return found.coerced

    def _planned(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> Plan | None:
        if operation.operation.value != "query":
            return None
        read, fields = self.planner.root_fields(document, operation, variables)
        return self.planner.plan(read, fields) if self.planner.is_whole(fields) else None


def refused(error: OperationRefused, path: Sequence[str | int] | None = None) -> GraphQLError:
    """A refusal as a GraphQL error."""
    return GraphQLError(str(error), path=path, extensions={"code": error.code})


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    named = [o for o in operations if name is None or (o.name and o.name.value == name)]
    if len(named) == 1:
        return named[0]
    known = ", ".join(o.name.value for o in operations if o.name) or "none"
    message = "which operation is meant is not clear" if named else "there is no operation of this name in the document"
    raise OperationRefused(message, code="NO_OPERATION", next_step=f"give operationName, one of: {known}")


def _coded(error: GraphQLError, code: str) -> GraphQLError:
    """The error with a code and without the value that it is about."""
    message = error.message
    for pattern, replacement in VALUES:
        message = pattern.sub(replacement, message)
    return GraphQLError(message, error.nodes, error.source, error.positions, error.path, extensions={"code": code})


_MISSING: Any = object()


class _Recent(Generic[K, V]):
    """The most recently used entries, up to a number."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K, default: Any = None) -> Any:
        if key not in self.entries:
            return default
        self.entries.move_to_end(key)
        return self.entries[key]

    def put(self, key: K, value: V) -> None:
        self.entries[key] = value
        while len(self.entries) > self.most:
            self.entries.popitem(last=False)
