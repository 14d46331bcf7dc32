"""Requests made ready: parsed, limited, validated, and planned, with a cache of each step.

A document is parsed and validated once; a plan is made once for each shape of variables. Errors about values name the
variable and the rule, never the value: values are personal data and errors are logged.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

import orjson
from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldsOnCorrectTypeRule,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    Node,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Token,
    TokenKind,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.values import get_variable_values

from hub.errors import OperationRefused
from hub.graph.execution.bounded_cache import BoundedCache, SeenKeys
from hub.graph.execution.documents import Documents
from hub.graph.execution.value_paths import Path, find_path_of_value, find_path_of_variable
from hub.graph.execution.variable_values import PlainVariable, coerce_plain_variables, list_plain_variables
from hub.plan import limits
from hub.plan.building.arguments import argument_shape, find_page_sizes
from hub.plan.cpu_stopwatch import CpuStopwatch
from hub.plan.masks import FULL, Disclosure
from hub.plan.nodes import Scalar
from hub.plan.planner import Plan, Planner
from hub.settings import Settings

QUOTED_VALUES = (
    (re.compile(r"[;,]? *'?Exceeds the limit .*", re.DOTALL), ": it has too many digits"),
    (re.compile(r"[;,] found:? .*", re.DOTALL), ""),
    (re.compile(r"(cannot represent [^:]*): .*", re.DOTALL), r"\1"),
    (re.compile(r"Value '.*' does not exist", re.DOTALL), "The value does not exist"),
)
"""Where graphql-core's messages quote the value that they are about."""

ENTRY_BYTES = 4_000
BYTES_PER_CHARACTER = 60
"""A parsed document is about so many times as large as its text: each name is an object with its place."""
BYTES_PER_STATEMENT_CHARACTER = 6
BYTES_PER_BIND = 2_500
"""Nodes, binds and shape of a plan, as measured with wide filters (tests/unit/graph/test_caches.py)."""
KEPT_AT_ONCE_BYTES = 60_000
"""Larger documents and plans are kept when they come again. Wide filters that never do would fill the caches, push out what others use, and
give Python's collector half a million objects to walk over, with every request waiting (0.8 s)."""
SEEN_KEYS = 10_000
COMMENTS = 1_000
UNKNOWN_FIELD = "Cannot query field"
PreparedPlan = tuple[Plan | None, bytes | None]
"""A plan, and the whole response if it is about no stored row."""
K = TypeVar("K")
V = TypeVar("V")
NO_TOKEN = Token(TokenKind.SOF, 0, 0, 0, 0)
PRESENT_ONLY_FIELDS = (
    *("prefill", "reviewQueue", "reviewAgreement", "reviewChecks"),
    *("sources", "sourceRuns", "schemaDrift", "rejectedRows", "runApprovals"),
    *("quality", "sourceGrades"),
)
"""Root fields that are no reads of the store at an instant."""


class RequestRejected(OperationRefused):
    """The document or its variables have errors. `errors` has all of them, as GraphQL tells them; the message is the first."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        first = errors[0]
        code = (first.extensions or {}).get("code", "INVALID")
        super().__init__(first.message, code=code, next_step="correct the document or the variables")
        self.errors = tuple(errors)


class GraphQLRequest(NamedTuple):
    """One GraphQL request. `document_id` names a persisted document; with `query` beside it, registers one.

    `explain` and `cost` ask for these extensions; `read_only` refuses anything but a query (GET).
    """

    query: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] | None = None
    document_id: str | None = None
    explain: bool = False
    cost: bool = False
    read_only: bool = False
    chars: int = 0
    """Length of the body that it came in, in characters; 0 if it did not come in one."""


@dataclass(frozen=True)
class ValidatedDocument:
    """A document that was parsed, limited and validated, and the size of each operation.

    `paged` are the variables that are page sizes, which a plan is made for. `plain` are the variables of each operation that has plain ones only.
    """

    text: str
    document: DocumentNode
    sizes: Mapping[str | None, limits.SelectionSize]
    paged: tuple[str, ...]
    plain: Mapping[str | None, tuple[PlainVariable, ...]] = field(default_factory=dict)

    @cached_property
    def only_operation(self) -> OperationDefinitionNode | None:
        """The operation of a document that has one."""
        operations = [d for d in self.document.definitions if isinstance(d, OperationDefinitionNode)]
        return operations[0] if len(operations) == 1 else None


class PreparedRequest(NamedTuple):
    """A request that may be executed: its operation, coerced variables, and the plan where one statement answers it whole."""

    checked: ValidatedDocument
    operation: OperationDefinitionNode
    given: Mapping[str, Any]
    variables: Mapping[str, Any]
    plan: Plan | None
    constant: bytes | None = None
    """The whole response, if it is about no stored row: a health check does not wait for the database."""

    @property
    def size(self) -> limits.SelectionSize:
        """The size of the operation."""
        return self.checked.sizes[self.operation.name.value if self.operation.name else None]

    @property
    def is_subscription(self) -> bool:
        """Whether the answer is a stream of events."""
        return self.operation.operation is OperationType.SUBSCRIPTION


def limits_of(settings: Settings) -> limits.Limits:
    """The limits that an operator has set."""
    return limits.Limits(
        chars=settings.max_document_chars,
        tokens=settings.max_tokens,
        depth=settings.max_depth,
        fields=settings.max_fields,
        breadth=settings.max_breadth,
        aliases=settings.max_aliases,
        directives=settings.max_directives,
        filter_links=settings.max_filter_links,
        filter_terms=settings.max_filter_terms,
        rows=settings.max_rows,
        result_bytes=settings.max_result_bytes,
    )


class Preparer:
    """Parses, limits, validates and plans requests."""

    def __init__(self, schema: GraphQLSchema, planner: Planner, documents: Documents, settings: Settings) -> None:
        self.schema = schema
        self.planner = planner
        self.documents = documents
        self.settings = settings
        rules = list(specified_rules)
        self._rules = rules if settings.introspection else [*rules, NoSchemaIntrospectionCustomRule]
        most_bytes = settings.plan_cache_mb * 500_000  # each of the two has a half
        self._documents: BoundedCache[str, ValidatedDocument] = BoundedCache(settings.plan_cache, most_size=most_bytes)
        self._plans: BoundedCache[tuple[Any, ...], PreparedPlan] = BoundedCache(
            settings.plan_cache, most_size=most_bytes
        )

        self._seen = SeenKeys(SEEN_KEYS)

    @property
    def caches(self) -> Mapping[str, BoundedCache[Any, Any]]:
        """Its caches by name: parsed documents, and plans."""
        return {"documents": self._documents, "plans": self._plans}

    def ready(self, request: GraphQLRequest, *, disclosure: Disclosure = FULL) -> PreparedRequest:
        """Make a request ready. Raises RequestRejected with GraphQL errors, OperationRefused for limits and arguments.

        `disclosure` says what of the answer may be shown.
        """
        text = self.documents.text(request.query, request.document_id)
        checked = self._documents.get(text)
        if checked is None:
            checked = self.checked(text)
            self._keep(self._documents, text, checked, ENTRY_BYTES + BYTES_PER_CHARACTER * len(text))
        operation, variables, key = self._keyed(request, checked, disclosure)
        found = self._plans.get(key)
        if found is None:
            plan = self._planned(checked.document, operation, variables, disclosure)
            found = (plan, _constant(plan))
            self._keep(self._plans, key, found, _plan_bytes(plan))
        return PreparedRequest(checked, operation, request.variables or {}, variables, *found)

    def _keep(self, cache: BoundedCache[K, V], key: K, value: V, size: int) -> None:
        if size <= KEPT_AT_ONCE_BYTES or self._seen.note(key):
            cache.put(key, value, size)

    def find_ready(self, request: GraphQLRequest, *, disclosure: Disclosure = FULL) -> PreparedRequest | None:
        """The request made ready if its document and its plan are kept. Raises as `ready` does."""
        checked = self._documents.get(self.documents.text(request.query, request.document_id))
        if checked is None:
            return None
        operation, variables, key = self._keyed(request, checked, disclosure)
        found = self._plans.get(key)
        if found is None:
            return None
        return PreparedRequest(checked, operation, request.variables or {}, variables, *found)

    def plan_nodes(self, ready: PreparedRequest, sets: Sequence[SelectionSetNode], disclosure: Disclosure) -> Plan:
        """The plan of rows by their ids with this selection of a document: made once, since each row is one of every kind there is."""
        checked, variables = ready.checked, ready.variables
        places = tuple((one.loc.start, one.loc.end) if one.loc else id(one) for one in sets)
        sizes = tuple(variables.get(name) for name in checked.paged)
        key = ("nodes", checked.text, places, argument_shape(variables), sizes, disclosure)
        found = self._plans.get(key)
        if found is None:
            found = (self.planner.nodes(checked.document, variables, sets, disclosure), None)
            if all(one.loc for one in sets):
                self._keep(self._plans, key, found, _plan_bytes(found[0]))
        assert found[0] is not None  # a selection of rows is stored data
        return found[0]

    def _keyed(
        self, request: GraphQLRequest, checked: ValidatedDocument, disclosure: Disclosure
    ) -> tuple[OperationDefinitionNode, Mapping[str, Any], tuple[Any, ...]]:
        """The operation that is meant, its coerced variables, and what its plan is kept by."""
        name = request.operation_name
        operation = (checked.only_operation if name is None else None) or find_operation(checked.document, name)
        if request.read_only and operation.operation is not OperationType.QUERY:
            raise OperationRefused("GET only reads", code="METHOD_NOT_ALLOWED", next_step="send the operation by POST")
        variables = self._coerce(checked, operation, request.variables or {})
        sizes = tuple(variables.get(name) for name in checked.paged)
        return (
            operation,
            variables,
            (checked.text, name, argument_shape(variables), sizes, disclosure),
        )

    def _coerce(
        self, checked: ValidatedDocument, operation: OperationDefinitionNode, given: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        plain = checked.plain.get(operation.name.value if operation.name else None)
        found = coerce_plain_variables(plain, given) if plain is not None else None
        return self.coerced(operation, given) if found is None else found

    def checked(self, text: str) -> ValidatedDocument:
        """Parse, limit and validate a document. Raises RequestRejected, OperationRefused."""
        most = self.planner.limits
        if len(text) > most.chars:
            raise limits.too_large("characters", len(text), most.chars, "leave out comments, or split the document")
        with CpuStopwatch() as spent:
            document = self._parsed(text)
            sizes = limits.check_size(document, most)
            try:
                errors = self._validated(document, spent)
            except limits.OutOfTime:
                raise OperationRefused(
                    "the document took too long to check", code="OPERATION_TOO_LARGE", next_step="send a simpler one"
                ) from None
        if errors:
            raise RequestRejected(
                [_with_code(error, "INVALID", partial(find_path_of_value, document)) for error in errors]
            )
        plain = {
            operation.name.value if operation.name else None: variables
            for operation in document.definitions
            if isinstance(operation, OperationDefinitionNode)
            and (variables := list_plain_variables(self.schema, operation.variable_definitions or ())) is not None
        }
        return ValidatedDocument(text, document, sizes, find_page_sizes(document), plain)

    def _parsed(self, text: str) -> DocumentNode:
        most = self.planner.limits.tokens
        try:
            return _without_tokens(parse(text, max_lexical_tokens=most, max_comments=COMMENTS))
        except GraphQLSyntaxError as error:
            if "Parsing aborted" in error.message or "nesting" in error.message.lower():
                raise limits.too_large("tokens or levels", limits.UNCOUNTED, most, "split the document") from None
            raise RequestRejected([_with_code(error, "SYNTAX")]) from None

    def _validated(self, document: DocumentNode, spent: CpuStopwatch) -> list[GraphQLError]:
        # The budget comes first, so that it is looked at before the other rules do their work on a node.
        budget = limits.make_budget_rule(spent, self.settings.validation_budget_s)
        errors = validate(
            self.schema,
            document,
            [budget, *self._rules],
            max_errors=10,
            hide_suggestions=True,
            allow_empty_selection_sets=False,
        )
        return self._suggest_field(document, errors, budget)

    def _suggest_field(
        self, document: DocumentNode, errors: list[GraphQLError], budget: type[ASTValidationRule]
    ) -> list[GraphQLError]:
        """The errors; the first unknown field with the fields that may have been meant, unless introspection is off.

        Suggesting types too, and for each of ten errors, would take 0.4 s for one small document; this takes some milliseconds.
        """
        is_hidden = NoSchemaIntrospectionCustomRule in self._rules
        if is_hidden or not any(error.message.startswith(UNKNOWN_FIELD) for error in errors):
            return errors
        told = validate(self.schema, document, [budget, FieldsOnCorrectTypeRule], max_errors=1, hide_suggestions=False)
        return [
            told[0] if error.nodes == told[0].nodes and error.message.startswith(UNKNOWN_FIELD) else error
            for error in errors
        ]

    def coerced(self, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The variables of an operation by their types. Raises RequestRejected, whose errors quote no value."""
        definitions = operation.variable_definitions or ()
        if not definitions:
            return {}
        found = get_variable_values(self.schema, definitions, dict(given), max_errors=10, hide_suggestions=True)
        if isinstance(found, list):
            find_path = partial(find_path_of_variable, operation)
            raise RequestRejected([_with_code(error, "BAD_USER_INPUT", find_path) for error in found])
        return found.coerced

    def _planned(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        disclosure: Disclosure,
    ) -> Plan | None:
        if operation.operation is not OperationType.QUERY:
            return None
        read = self.planner.read(document, operation, variables)
        if all(self.planner.is_stored(field) for field in read.fields):
            return self.planner.plan(read, disclosure=disclosure)
        now = next((field.name for field in read.fields if field.name in PRESENT_ONLY_FIELDS), None)
        if read.in_the_past and now is not None:
            raise OperationRefused(
                f"{now} shows the present only and cannot be used with @asOf",
                next_step="leave @asOf out, or ask for the stored fields themselves",
            )
        return None


def _without_tokens(document: DocumentNode) -> DocumentNode:
    """The document without the list of its tokens, which are half of its objects and known to nobody."""
    if document.loc is None:
        return document
    first: Token | None = document.loc.start_token
    nodes: list[Node] = [document]
    while nodes:
        node = nodes.pop()
        if node.loc is not None:
            node.loc.start_token = node.loc.end_token = NO_TOKEN
        for name in node.keys:
            below = getattr(node, name)
            nodes += [one for one in (below if isinstance(below, list | tuple) else (below,)) if isinstance(one, Node)]
    while first is not None:
        first.prev, first.next, first = None, None, first.next
    return document


def _constant(plan: Plan | None) -> bytes | None:
    """The response of an operation that asks for `__typename` alone."""
    if plan is None or not all(isinstance(root, Scalar) for root in plan.roots):
        return None
    return orjson.dumps({"data": {root.key: "Query" for root in plan.roots}})


def _plan_bytes(plan: Plan | None) -> int:
    """About how many bytes a plan holds: its statement, the nodes that it was made from, and the shape of its variables."""
    if plan is None:
        return ENTRY_BYTES
    return ENTRY_BYTES + BYTES_PER_STATEMENT_CHARACTER * len(plan.sql) + BYTES_PER_BIND * len(plan.binds)


def to_graphql_error(error: OperationRefused, path: Sequence[str | int] | None = None) -> GraphQLError:
    """A refusal as a GraphQL error."""
    return GraphQLError(str(error), path=path or list(error.path) or None, extensions=dict(error.extensions))


def find_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation that a request means. Raises OperationRefused with NO_OPERATION."""
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    named = [o for o in operations if name is None or (o.name and o.name.value == name)]
    if len(named) == 1:
        return named[0]
    known = ", ".join(o.name.value for o in operations if o.name) or "none"
    message = "the document has several operations" if named else "there is no operation of this name in the document"
    raise OperationRefused(message, code="NO_OPERATION", next_step=f"give operationName, one of: {known}")


def _with_code(
    error: GraphQLError, code: str, find_path: Callable[[Node], Path | None] = lambda _: None
) -> GraphQLError:
    """The error with a code, the path of the field whose argument it is about, and without the value that it is about."""
    message = error.message
    for pattern, replacement in QUOTED_VALUES:
        message = pattern.sub(replacement, message)
    path = error.path or (find_path(error.nodes[0]) if error.nodes else None)
    return GraphQLError(message, error.nodes, error.source, error.positions, path, extensions={"code": code})
