"""Answers requests to the subgraph: what is stored by the graph's own executor, under the same access and limits; the rest from declarations.

A request is parsed, limited and validated against the subgraph's schema, so nothing else can be named. Each root field of stored data, and the
entities of one type together, become one operation of the graph.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLScalarType,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    execute,
    get_named_type,
    print_ast,
    visit,
)
from graphql.language.visitor import Visitor, VisitorAction

from hub.access.callers.principals import AuthenticationRefused
from hub.access.purposes import read_purposes
from hub.errors import HubError, OperationRefused
from hub.graph.execution.execute import Executor, Response
from hub.graph.execution.prepare import GraphQLRequest, PreparedRequest, Preparer, RequestRejected, find_operation
from hub.graph.federation.subgraph_schema import EntityKeys, Subgraph, build_subgraph
from hub.graph.permission.callers import Caller
from hub.model.names import to_camel_case
from hub.model.registry import Registry
from hub.plan.permission.compile import find_public_types
from hub.procedures.declaration.definition import Procedure, read_procedures
from hub.settings import Settings

LOG = logging.getLogger("hub.graph")
MOST_REPRESENTATIONS = 500
"""Of one request: as many as a filter takes."""
MOST_KEY_CHARS = 200
KEY_ALIAS = "hubKey_"
"""Begins the response names under which keys come along."""


Key = tuple[str, tuple[str, ...], tuple[str, ...]]
"""Of an object: its type, the names of the fields that identify it, and their values."""


class CatalogueRow(dict[str, Any]):
    """A declared object: its values are by the names of fields. All others are answers, whose values are by response names."""


@dataclass(frozen=True)
class _Entity:
    """How the graph finds objects of a type: the root field, and whether its rows are in a connection."""

    keys: EntityKeys
    field: str
    is_connection: bool


class SubgraphExecutor:
    """Executes requests to the subgraph. It has what an endpoint needs of the graph's executor."""

    def __init__(self, executor: Executor, registry: Registry, settings: Settings) -> None:
        self.executor = executor
        self.meter = executor.meter
        public = {name for purpose in read_purposes().values() for name in purpose.declaration.public_types}
        self.subgraph: Subgraph = build_subgraph(executor.schema, registry, find_public_types(executor.schema, public))
        planner, documents = executor.preparer.planner, executor.preparer.documents
        self._preparer = Preparer(self.subgraph.schema, planner, documents, settings)
        self.stored = {
            one.name: _Entity(one, to_camel_case(registry[one.name].plural), True)
            for one in self.subgraph.entities.values()
            if one.name in registry.entities
        } | {"CodeLabel": _Entity(self.subgraph.entities["CodeLabel"], "labels", False)}

    async def respond(self, request: GraphQLRequest, caller: Caller, *, began: float | None = None) -> Response:
        """The response to one request. Never raises but AuthenticationRefused, as that of the graph."""
        try:
            checked = self._preparer.checked(self._preparer.documents.text(request.query, request.document_id))
            operation = find_operation(checked.document, request.operation_name)
            if operation.operation is not OperationType.QUERY:
                raise OperationRefused("the subgraph only reads", next_step="send a query")
            self._preparer.coerced(operation, request.variables or {})  # its errors quote no values
            one = _OneRequest(self, checked.document, operation, request.variables or {}, caller)
            result = await self._execute(checked.document, request, one)
        except RequestRejected as error:
            return self._refuse(error.errors, error.code, began)
        except HubError as error:
            return self._refuse([GraphQLError(str(error), extensions=dict(error.extensions))], error.code, began)
        for failed in result.errors or ():
            if isinstance(failed.original_error, AuthenticationRefused):
                raise failed.original_error
        errors = [_without_inside(failed) for failed in result.errors or ()]
        answer: dict[str, Any] = {"data": result.data}
        if errors:
            answer["errors"] = [failed.formatted for failed in errors]
        code = (errors[0].extensions or {}).get("code", "BAD_USER_INPUT") if errors else None
        return Response(orjson.dumps(answer), True, code, one.retry_after_s)

    async def ready_stream(self, request: GraphQLRequest, caller: Caller) -> PreparedRequest | Response:
        """The refusal of a stream: the subgraph has no subscriptions."""
        error = OperationRefused("the subgraph has no streams", next_step="subscribe at the graph itself")
        return self._refuse([GraphQLError(str(error), extensions=dict(error.extensions))], error.code, None)

    def _refuse(self, errors: Sequence[GraphQLError], code: str, began: float | None) -> Response:
        self.meter.note(code, perf_counter() if began is None else began)
        return Response(orjson.dumps({"errors": [error.formatted for error in errors]}), False, code)

    async def _execute(self, document: DocumentNode, request: GraphQLRequest, one: "_OneRequest") -> ExecutionResult:
        result = execute(
            self.subgraph.schema,
            document,
            variable_values=dict(request.variables or {}),
            operation_name=request.operation_name,
            field_resolver=one.resolve,
            type_resolver=lambda value, *_: value["__typename"],
        )
        return result if isinstance(result, ExecutionResult) else await result


class _OneRequest:
    """One request while it is answered."""

    def __init__(
        self,
        owner: SubgraphExecutor,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        caller: Caller,
    ) -> None:
        self.owner = owner
        self.operation = operation
        self.variables = variables
        self.caller = caller
        self.retry_after_s: int | None = None
        self.fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }

    def resolve(self, source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        """The value of a field."""
        if isinstance(source, CatalogueRow):
            return source[info.field_name]
        if source is not None:
            return source[str(info.path.key)]
        if info.field_name == "_service":
            return CatalogueRow(sdl=self.owner.subgraph.sdl)
        if self.owner.executor.access.is_enforced:
            self.caller.known  # noqa: B018 raises: without credentials there is the schema alone
        if info.field_name == "_entities":
            return self._entities(arguments["representations"], info)
        if info.field_name == "procedures":
            return [describe_procedure(one) for one in read_procedures().values()]
        if info.field_name == "procedure":
            known = read_procedures().get(arguments["code"])
            return describe_procedure(known) if known else None
        return self._pass_on(info)

    async def _pass_on(self, info: GraphQLResolveInfo[Any]) -> Any:
        """A root field of the graph, as it was asked for."""
        selections = [self._inline(node, None) for node in info.field_nodes]
        data = await self._ask([one for many in selections for one in many], {})
        return data[str(info.path.key)]

    async def _entities(self, representations: Sequence[Any], info: GraphQLResolveInfo[Any]) -> list[Any]:
        """The objects that other subgraphs refer to, in the same order; null for what there is not."""
        if len(representations) > MOST_REPRESENTATIONS:
            raise OperationRefused(
                f"{len(representations):,} representations; {MOST_REPRESENTATIONS} are allowed",
                code="OPERATION_TOO_LARGE",
                next_step="send fewer at a time",
            )
        keys = [self._try_key(one) for one in representations]
        asked = [key for key in keys if not isinstance(key, OperationRefused)]
        found: dict[Key, Any] = {}
        for name in dict.fromkeys(name for name, _, _ in asked):
            wanted = [(fields, values) for kind, fields, values in asked if kind == name]
            if name == "Procedure":
                known = read_procedures()
                rows = {values[0]: describe_procedure(known[values[0]]) for _, values in wanted if values[0] in known}
                found |= {(name, ("code",), (code,)): row for code, row in rows.items()}
            else:
                found |= await self._load(self.owner.stored[name], wanted, info)
        # An error in its place: one wrong reference must not take the others along.
        return [key if isinstance(key, OperationRefused) else found.get(key) for key in keys]

    def _try_key(self, representation: Any) -> Key | OperationRefused:
        try:
            return self._read_key(representation)
        except OperationRefused as error:
            return error

    def _read_key(self, representation: Any) -> Key:
        """Type, names and values of the key of a representation. Raises OperationRefused."""
        known = self.owner.subgraph.entities
        name = representation.get("__typename") if isinstance(representation, Mapping) else None
        if not isinstance(name, str) or name not in known:
            raise OperationRefused(
                "a representation is of no type of this subgraph",
                code="BAD_USER_INPUT",
                next_step=f"give __typename, one of: {', '.join(known)}",
            )
        for fields in known[name].keys:
            values = tuple(one for field in fields if isinstance(one := representation.get(field), str))
            if len(values) == len(fields) and max(map(len, values)) <= MOST_KEY_CHARS:
                return (
                    name,
                    fields,
                    tuple(self._write_as_stored(name, *one) for one in zip(fields, values, strict=True)),
                )
        ways = " or ".join(" and ".join(fields) for fields in known[name].keys)
        raise OperationRefused(
            f"a representation of {name} has no key", code="BAD_USER_INPUT", next_step=f"give {ways}, as text"
        )

    def _write_as_stored(self, name: str, field: str, value: str) -> str:
        """A key as the store has it: 06820@2019-05-05 is 06820@.. there. Raises OperationRefused if it has another form."""
        kind: Any = self.owner.executor.schema.type_map[name]
        scalar = get_named_type(kind.fields[field].type)
        if not isinstance(scalar, GraphQLScalarType):
            return value
        try:
            return str(scalar.parse_value(value))
        except (GraphQLError, ValueError):
            raise OperationRefused(
                f"the {field} of a representation of {name} has another form",
                code="BAD_USER_INPUT",
                next_step=f"write it as {scalar.name} says",
            ) from None

    async def _load(
        self, entity: _Entity, wanted: Sequence[tuple[tuple[str, ...], tuple[str, ...]]], info: GraphQLResolveInfo[Any]
    ) -> dict[Key, Any]:
        """The objects of one type that are there, by type, names and values of the keys they were asked for by."""
        name = entity.keys.name
        names = dict.fromkeys(field for fields in entity.keys.keys for field in fields)
        keys: list[SelectionNode] = [_field(field, alias=f"{KEY_ALIAS}{field}") for field in names]
        for node in info.field_nodes:
            keys += self._inline_all(node.selection_set, name)
        rows = [_field("__typename"), *keys]
        if entity.is_connection:
            asked = {fields[0]: [values[0] for own, values in wanted if own == fields] for fields, _ in wanted}
            conditions = [{field: {"in": list(dict.fromkeys(values))}} for field, values in asked.items()]
            text = print_ast(SelectionSetNode(selections=tuple(rows)))
            field = f"found: {entity.field}(filter: $hubFilter, first: $hubFirst) {{ nodes {text} }}"
            given = {"hubFilter": {"or": conditions}, "hubFirst": len(wanted)}
            declared = [f"$hubFilter: {name}Filter", "$hubFirst: Int"]
            data = await self._ask_text(field, rows, declared, given)
            found = data["found"]["nodes"]
        else:
            text = print_ast(SelectionSetNode(selections=tuple(rows)))
            lists = self._known_lists(values[0] for _, values in wanted)
            given, declared = {"hubLists": lists}, ["$hubLists: [CodeListName!]"]
            data = await self._ask_text(f"found: labels(lists: $hubLists) {text}", rows, declared, given)
            found = data["found"]
        return {
            (name, fields, tuple(str(row[f"{KEY_ALIAS}{field}"]) for field in fields)): row
            for row in found
            for fields in entity.keys.keys
        }

    def _known_lists(self, names: Iterable[str]) -> list[str]:
        known: Any = self.owner.subgraph.schema.type_map["CodeListName"]
        return [name for name in dict.fromkeys(names) if name in known.values]

    async def _ask(self, selections: Sequence[SelectionNode], given: Mapping[str, Any]) -> dict[str, Any]:
        text = print_ast(SelectionSetNode(selections=tuple(selections)))
        return await self._ask_text(text.strip().removeprefix("{").removesuffix("}"), selections, [], given)

    async def _ask_text(
        self, text: str, selections: Sequence[SelectionNode], declared: Sequence[str], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Ask the graph. Raises GraphQLError with what it answers if it refuses."""
        used = _UsedVariables()
        visit(SelectionSetNode(selections=tuple(selections)), used)
        definitions = [
            print_ast(one) for one in self.operation.variable_definitions or () if one.variable.name.value in used.names
        ]
        head = ", ".join((*definitions, *declared))
        variables = {name: value for name, value in self.variables.items() if name in used.names} | dict(given)
        query = f"query{f'({head})' if head else ''} {{ {text} }}"
        response = await self.owner.executor.respond(GraphQLRequest(query=query, variables=variables), self.caller)
        self.retry_after_s = response.retry_after_s or self.retry_after_s
        answer = orjson.loads(response.body)
        if errors := answer.get("errors"):
            raise GraphQLError(errors[0]["message"], extensions=errors[0].get("extensions"))
        data: dict[str, Any] = answer["data"]
        return data

    def _inline(self, node: SelectionNode, kind: str | None) -> list[SelectionNode]:
        """A selection without spreads of fragments. With `kind`, what of a selection on the union of entities is about that type."""
        if isinstance(node, FieldNode):
            if node.selection_set is None:
                return [node]
            below = SelectionSetNode(selections=tuple(self._inline_all(node.selection_set, None)))
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
        below = SelectionSetNode(selections=tuple(self._inline_all(selections, kind if is_of_union else None)))
        kept = None if named is None or named == "_Entity" else NamedTypeNode(name=NameNode(value=named))
        return [InlineFragmentNode(type_condition=kept, directives=node.directives, selection_set=below)] if below.selections else []  # fmt: skip

    def _inline_all(self, selections: SelectionSetNode | None, kind: str | None) -> list[SelectionNode]:
        return [one for node in (selections.selections if selections else ()) for one in self._inline(node, kind)]


def _without_inside(error: GraphQLError) -> GraphQLError:
    """The error if it is a refusal; for a fault of the program, one that tells nothing of the inside."""
    fault = error.original_error
    if fault is None or isinstance(fault, HubError | GraphQLError):
        return error
    LOG.error("subgraph failed: %s at %s", type(fault).__name__, error.path)
    return GraphQLError("internal error", path=error.path, extensions={"code": "INTERNAL"})


class _UsedVariables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: object) -> VisitorAction:
        self.names.add(node.name.value)
        return None


def _field(name: str, alias: str | None = None) -> FieldNode:
    return FieldNode(name=NameNode(value=name), alias=NameNode(value=alias) if alias else None)


def describe_procedure(procedure: Procedure) -> CatalogueRow:
    """A procedure as the catalogue shows it."""
    return CatalogueRow(
        __typename="Procedure",
        code=procedure.code,
        version=procedure.version,
        name=_label(procedure.name),
        about=_label(procedure.about),
        inForceFrom=procedure.in_force_from.isoformat(),
        inForceTo=procedure.in_force_to.isoformat() if procedure.in_force_to else None,
        legalBasis=[
            CatalogueRow(title=one.title, article=one.article, about=_label(one.about)) for one in procedure.legal_basis
        ],
        requirements=[
            CatalogueRow(
                code=one.code,
                label=_label(one.label),
                holder=one.holder,
                evidence=_label(one.evidence) if one.evidence else None,
            )
            for one in procedure.requirements
        ],
    )


def _label(words: Any) -> CatalogueRow:
    return CatalogueRow(vi=words.vi, en=words.en)
