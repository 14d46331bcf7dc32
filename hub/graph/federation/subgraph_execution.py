"""Answers requests to the subgraph: stored data through the graph's own executor, under the same access and limits; the rest from declarations.

A request is parsed, limited and validated against the subgraph's schema, so nothing else can be named. Each root field of stored data, and the
entities of one type together, become one operation of the graph.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from time import perf_counter
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    execute,
    get_named_type,
    print_ast,
)

from hub.access.callers.principals import AuthenticationRefused
from hub.access.permission_trie import PublicTypes
from hub.access.purposes import read_purposes
from hub.errors import HubError, OperationRefused
from hub.graph.execution.execute import Executor
from hub.graph.execution.prepare import GraphQLRequest, PreparedRequest, Preparer, RequestRejected, find_operation
from hub.graph.execution.responses import Response
from hub.graph.federation.procedure_catalogue import CatalogueRow, describe_procedure
from hub.graph.federation.selections import Selections, find_own_name, list_used_variables, make_field_node
from hub.graph.federation.subgraph_schema import EntityKeys, Subgraph, build_subgraph
from hub.graph.permission.callers import Caller
from hub.model.names import to_camel_case
from hub.model.registry import load_registry
from hub.plan.permission.compile import find_public_types
from hub.procedures.declaration.definition import read_procedures
from hub.settings import Settings

LOG = logging.getLogger("hub.graph")
MOST_REPRESENTATIONS = 500
"""Of one request: as many as a filter takes."""
MOST_KEY_CHARS = 200


Key = tuple[str, tuple[str, ...], tuple[str, ...]]
"""Of an object: its type, the names of the fields that identify it, and their values."""


class _LoadedRow(dict[str, Any]):
    """An object of an entity as the graph answered it. Its type is not read from it: a caller may call any field `__typename`."""

    def __init__(self, type_name: str, answer: Mapping[str, Any]) -> None:
        super().__init__(answer)
        self.type_name = type_name


@dataclass(frozen=True)
class _Entity:
    """How the graph finds objects of a type: the root field, and whether its rows are in a connection."""

    keys: EntityKeys
    field: str
    is_connection: bool


@lru_cache(maxsize=4)
def load_subgraph(schema: GraphQLSchema, public: PublicTypes) -> Subgraph:
    """The subgraph of a graph's schema, made once for all servers of a process."""
    return build_subgraph(schema, load_registry(), public)


class SubgraphExecutor:
    """Executes requests to the subgraph. It has what an endpoint needs of the graph's executor."""

    def __init__(self, executor: Executor, settings: Settings) -> None:
        self.executor = executor
        self.meter = executor.meter
        public = {name for purpose in read_purposes().values() for name in purpose.declaration.public_types}
        self._public = find_public_types(executor.schema, public)
        self._settings = settings

    @cached_property
    def subgraph(self) -> Subgraph:
        """Made for the first request: few installations have a gateway, and it takes 150 ms of a server's start."""
        return load_subgraph(self.executor.schema, self._public)

    @cached_property
    def _preparer(self) -> Preparer:
        of_graph = self.executor.preparer
        return Preparer(self.subgraph.schema, of_graph.planner, of_graph.documents, self._settings)

    @cached_property
    def stored(self) -> Mapping[str, _Entity]:
        """How the graph finds objects, by type."""
        entities, registry = self.subgraph.entities, load_registry()
        return {
            one.name: _Entity(one, to_camel_case(registry[one.name].plural), True)
            for one in entities.values()
            if one.name in registry.entities
        } | {"CodeLabel": _Entity(entities["CodeLabel"], "labels", False)}

    async def respond(self, request: GraphQLRequest, caller: Caller, *, began: float | None = None) -> Response:
        """The response to one request. Never raises but AuthenticationRefused, as that of the graph."""
        if "subgraph" not in vars(self):
            await asyncio.to_thread(lambda: self.subgraph)  # other requests go on meanwhile
        try:
            checked = self._preparer.checked(self._preparer.documents.text(request.query, request.document_id))
            operation = find_operation(checked.document, request.operation_name)
            if operation.operation is not OperationType.QUERY:
                raise OperationRefused("the subgraph only reads", next_step="send a query")
            self._preparer.coerced(operation, request.variables or {})  # its errors quote no values
            one = _OneRequest(self, checked.document, checked.text, operation, request.variables or {}, caller)
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
            type_resolver=lambda value, *_: value["__typename"] if isinstance(value, CatalogueRow) else value.type_name,
        )
        return result if isinstance(result, ExecutionResult) else await result


class _OneRequest:
    """One request while it is answered."""

    def __init__(
        self,
        owner: SubgraphExecutor,
        document: DocumentNode,
        text: str,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        caller: Caller,
    ) -> None:
        self.owner = owner
        self.operation = operation
        self.variables = variables
        self.caller = caller
        self.retry_after_s: int | None = None
        self.selections = Selections(document)
        self.own_name = find_own_name(text)

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
        selections = [self.selections.inline(node, None) for node in info.field_nodes]
        data = await self._ask([one for many in selections for one in many])
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
        name, own = entity.keys.name, self.own_name
        names = dict.fromkeys(field for fields in entity.keys.keys for field in fields)
        rows: list[SelectionNode] = [make_field_node(field, alias=f"{own}{field}") for field in names]
        for node in info.field_nodes:
            rows += self.selections.inline_all(node.selection_set, name)
        if entity.is_connection:
            asked = {
                fields[0]: [values[0] for given_by, values in wanted if given_by == fields] for fields, _ in wanted
            }
            conditions = [{field: {"in": list(dict.fromkeys(values))}} for field, values in asked.items()]
            text = print_ast(SelectionSetNode(selections=tuple(rows)))
            field = f"found: {entity.field}(filter: ${own}Filter, first: ${own}First) {{ nodes {text} }}"
            given = {f"{own}Filter": {"or": conditions}, f"{own}First": len(wanted)}
            declared = [f"${own}Filter: {name}Filter", f"${own}First: Int"]
            data = await self._ask_text(field, rows, declared, given)
            found = data["found"]["nodes"]
        else:
            text = print_ast(SelectionSetNode(selections=tuple(rows)))
            lists = self._known_lists(values[0] for _, values in wanted)
            given, declared = {f"{own}Lists": lists}, [f"${own}Lists: [CodeListName!]"]
            data = await self._ask_text(f"found: labels(lists: ${own}Lists) {text}", rows, declared, given)
            found = data["found"]
        return {
            (name, fields, tuple(str(row[f"{own}{field}"]) for field in fields)): _LoadedRow(name, row)
            for row in found
            for fields in entity.keys.keys
        }

    def _known_lists(self, names: Iterable[str]) -> list[str]:
        known: Any = self.owner.subgraph.schema.type_map["CodeListName"]
        return [name for name in dict.fromkeys(names) if name in known.values]

    async def _ask(self, selections: Sequence[SelectionNode]) -> dict[str, Any]:
        text = print_ast(SelectionSetNode(selections=tuple(selections)))
        return await self._ask_text(text.strip().removeprefix("{").removesuffix("}"), selections, [], {})

    async def _ask_text(
        self, text: str, selections: Sequence[SelectionNode], declared: Sequence[str], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Ask the graph. Raises GraphQLError with what it answers if it refuses."""
        used = list_used_variables(selections)
        definitions = [
            print_ast(one) for one in self.operation.variable_definitions or () if one.variable.name.value in used
        ]
        head = ", ".join((*definitions, *declared))
        variables = {name: value for name, value in self.variables.items() if name in used} | dict(given)
        query = f"query{f'({head})' if head else ''} {{ {text} }}"
        response = await self.owner.executor.respond(GraphQLRequest(query=query, variables=variables), self.caller)
        self.retry_after_s = response.retry_after_s or self.retry_after_s
        answer = orjson.loads(response.body)
        if errors := answer.get("errors"):
            raise GraphQLError(errors[0]["message"], extensions=errors[0].get("extensions"))
        data: dict[str, Any] = answer["data"]
        return data


def _without_inside(error: GraphQLError) -> GraphQLError:
    """The error if it is a refusal; for a fault of the program, one that tells nothing of the inside."""
    fault = error.original_error
    if fault is None or isinstance(fault, HubError | GraphQLError):
        return error
    LOG.error("subgraph failed: %s at %s", type(fault).__name__, error.path)
    return GraphQLError("internal error", path=error.path, extensions={"code": "INTERNAL"})
