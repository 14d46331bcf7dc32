"""Execution: a request in, the bytes of a response out.

Two lanes give one answer. In the fast lane one statement answers the whole operation and its JSON is passed on untouched.
Everything else (introspection, prefill, subscriptions, operations that mix them with stored data) goes through Strawberry,
whose stored root fields run the same plan.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    SelectionSetNode,
    execute,
)
from strawberry.dataloader import DataLoader
from strawberry.types import Info

from hub.access.callers.principals import AuthenticationRefused
from hub.errors import HubError, OperationRefused
from hub.graph.completion.value_executor import ValueExecutor, ValueWriters
from hub.graph.events.changes import ChangeReader
from hub.graph.events.dossier_events import DossierEventReader
from hub.graph.execution.admission import ReadAdmission
from hub.graph.execution.bounded_cache import BoundedCache
from hub.graph.execution.explain import Explanation, describe_cost, explain_plan
from hub.graph.execution.prepare import GraphQLRequest, PreparedRequest, Preparer, RequestRejected, to_graphql_error
from hub.graph.execution.reading import Reading
from hub.graph.execution.reads import Reads
from hub.graph.execution.request_meter import RequestMeter, classify_result
from hub.graph.execution.responses import Response, find_first_code, make_body, make_error_response
from hub.graph.execution.row_reads import RowReads
from hub.graph.ledger.ledger_reads import LedgerReads
from hub.graph.ledger.read_ledger import ReadLedger
from hub.graph.link_review.review_runner import ReviewRunner
from hub.graph.permission.access import AnswerAccess, check_rows
from hub.graph.permission.callers import Caller
from hub.graph.procedures.prefill.live_lookups import Refresher
from hub.graph.procedures.prefill.prefill_service import PrefillService
from hub.graph.sources.steward_desk import StewardDesk
from hub.model.derived_fields import MAX_PAGE
from hub.plan.data_subjects import HIDDEN
from hub.plan.planner import Plan
from hub.tracing.spans import OpenSpan, is_tracing, open_span

T = TypeVar("T")
LOG = logging.getLogger("hub.graph")
INTROSPECTION = frozenset({"__schema", "__type", "__typename"})
ANSWERS_KEPT = 20
ANSWERS_BYTES = 16_000_000
NO_ESTIMATES = OperationRefused(
    "explain would tell exact numbers of rows, which this purpose rounds",
    code="FORBIDDEN_MASKED",
    next_step="explain the operation under a purpose without limits.smallest_cell, or with `hub explain` on the server",
)
CLOSED_DESK = StewardDesk(None, {})
SMALL_CHARS, LARGE_CHARS = 500, 4_000
"""Requests up to the first are made ready where they arrive: that takes 3 ms at most. Up to the second it is looked up there if they were
made ready before. All others are made ready in a thread (25 ms for the widest filter), so that others are answered meanwhile."""


@dataclass
class RequestContext:
    """What resolvers of one request see."""

    executor: "Executor"
    ready: PreparedRequest
    reading: Reading
    plans: list[Plan] = field(default_factory=list)
    _stored: asyncio.Task[dict[str, Any]] | None = None
    _rows: dict[tuple[int, ...], DataLoader[str, Any]] = field(default_factory=dict)

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.reading.caller

    @property
    def writers(self) -> ValueWriters:
        """What writes whole values."""
        return self.executor.writers

    async def stored(self, info: Info[Any, Any]) -> Any:
        """The value of a stored root field: one statement for all of them, run once."""
        if self._stored is None:
            self._stored = asyncio.ensure_future(self._run())
        return (await self._stored)[str(info.path.key)]

    async def node(self, info: Info[Any, Any], global_id: str) -> Any:
        """One row by its global id, with what this field selects of it; null where it is gone.

        The items of a list ask for their rows together: one statement for a field, not one for an item.
        """
        nodes = info._raw_info.field_nodes  # Strawberry's public selections are not nodes any more
        key = tuple(id(node) for node in nodes)
        if key not in self._rows:
            sets = [node.selection_set for node in nodes if node.selection_set]
            self._rows[key] = DataLoader(partial(self._load_nodes, key, sets), max_batch_size=MAX_PAGE)
        return await self._rows[key].load(global_id)

    async def _load_nodes(self, key: tuple[int, ...], sets: Sequence[SelectionSetNode], ids: list[str]) -> list[Any]:
        # Items of one list share a row; a later event of a subscription reads it anew.
        self._rows[key].clear_many(ids)
        plan = self.executor.preparer.plan_nodes(self.ready, sets, self.caller.disclosure)
        plan, variables = plan.with_ids(ids), self.ready.variables
        text = await self.executor.run_statement(plan, variables, plan.parameters(variables), self.reading)
        rows = await self.executor.access.clear_rows(text, "nodes", self.reading)
        self.plans.append(plan)
        return rows  # the loader raises a refusal for the item that it stands for

    async def _run(self) -> dict[str, Any]:
        planner = self.executor.preparer.planner
        read = planner.read(self.ready.checked.document, self.ready.operation, self.ready.variables)
        make = partial(planner.plan, read, typed=True, disclosure=self.caller.disclosure)
        is_small = len(self.ready.checked.text) <= SMALL_CHARS and not self.ready.given
        plan = make() if is_small else await self.executor.plan_aside(make)
        check_rows(self.caller, plan, self.ready.variables)
        return await self._read(plan)

    async def _read(self, plan: Plan) -> dict[str, Any]:
        variables = self.ready.variables
        text = await self.executor.read(plan, variables, plan.parameters(variables), self.reading)
        self.plans.append(plan)
        data: dict[str, Any] = orjson.loads(text)
        return data


class Executor:
    """Executes requests."""

    def __init__(
        self,
        schema: GraphQLSchema,
        preparer: Preparer,
        reads: Reads,
        changes: ChangeReader,
        reviews: ReviewRunner,
        access: AnswerAccess,
        refresher: Refresher,
        ledger: ReadLedger | None = None,
        log: LedgerReads | None = None,
        desk: StewardDesk = CLOSED_DESK,
        *,
        meter: RequestMeter,
        explain: bool,
        rows: RowReads | None = None,
    ) -> None:
        self.schema = schema
        self.preparer = preparer
        self.reads = reads
        self.rows = rows or reads
        self.admission = ReadAdmission(reads.pool.max_size)
        self.changes = changes
        self.dossier_events = DossierEventReader(changes)
        self.reviews = reviews
        self.access = access
        self.refresher = refresher
        self.writers = ValueWriters()
        self.prefills = PrefillService(
            schema, reads, self.data, refresher, dossiers=access.dossiers, enforced=access.is_enforced
        )
        self.ledger = ledger
        self.log = log
        self.desk = desk
        self.meter = meter
        self.explain = explain
        self._planning = ThreadPoolExecutor(1, "planning")
        self._introspected: BoundedCache[tuple[str, str | None], bytes] = BoundedCache(
            ANSWERS_KEPT, most_size=ANSWERS_BYTES
        )

    async def respond(self, request: GraphQLRequest, caller: Caller, *, began: float | None = None) -> Response:
        """The response to one request, which is counted. `began` is when it arrived, by `time.perf_counter`.

        Never raises but AuthenticationRefused, which its caller counts: every other failure is a GraphQL error with a code.
        """
        began = perf_counter() if began is None else began
        reading = Reading(caller)
        with open_span("operation") as span:
            response = await self._recorded(reading, await self._respond(request, reading))
            if is_tracing():
                self._describe(span, reading, response.code)
        self._count(reading, began, response.code, len(response.body))
        return response

    def _describe(self, span: OpenSpan, reading: Reading, code: str | None) -> None:
        """Record the operation and its outcome in a span: only names that may be shown, and a hash of the document."""
        ready, purpose = reading.ready, reading.caller.purpose
        if ready is not None:
            digest = hashlib.sha256(ready.checked.text.encode()).hexdigest()
            name = ready.operation.name.value if ready.operation.name else None
            span.set_attribute("graphql.operation.type", ready.operation.operation.value)
            span.set_attribute("graphql.operation.name", self.meter.show_operation(name))
            span.set_attribute("hub.document_sha256", digest)
        if purpose is not None:
            span.set_attribute("hub.purpose", purpose.code)
        outcome, kind = classify_result(code)
        span.set_attribute("hub.outcome", outcome)
        if code is not None:
            span.set_attribute("hub.error_code", code)
            span.set_attribute("hub.error_kind", kind)

    def _count(self, reading: Reading, began: float, code: str | None, size_bytes: int = 0) -> None:
        name = reading.ready.operation.name if reading.ready is not None else None
        purpose = reading.caller.purpose
        self.meter.note(
            code,
            began,
            operation=name.value if name else None,
            purpose=purpose.code if purpose else None,
            size_bytes=size_bytes,
        )

    async def _recorded(self, reading: Reading, response: Response) -> Response:
        """The response once it is written down, or the one that says that it cannot be."""
        if self.ledger is not None:
            try:
                with open_span("ledger"):
                    await self.ledger.record(reading, response.code)
            except HubError as error:
                return make_error_response(
                    [GraphQLError(str(error), extensions={"code": error.code})], executed=True, data=True
                )
        return response

    async def _respond(self, request: GraphQLRequest, reading: Reading) -> Response:
        caller = reading.caller
        try:
            with open_span("plan"):
                ready = reading.ready = await self._ready(request, caller)
            self.access.check(ready, caller)
            explain = request.explain and (self.explain or (self.access.is_enforced and caller.is_operator))
            if explain and not caller.disclosure.shows_exact:
                raise NO_ESTIMATES
            parameters = ready.plan.parameters(ready.variables) if ready.plan else ()
            if ready.is_subscription:
                raise OperationRefused(
                    "a subscription is answered over WebSocket (graphql-transport-ws) or Server-Sent Events",
                    code="SUBSCRIPTION_TRANSPORT",
                    next_step="connect by WebSocket, or send Accept: text/event-stream",
                )
        except AuthenticationRefused:
            raise
        except RequestRejected as error:
            return make_error_response(error.errors, executed=False)
        except OperationRefused as error:
            return make_error_response([to_graphql_error(error)], executed=False)
        if ready.constant is not None and not explain and not request.cost:
            return Response(ready.constant, executed=True)
        if ready.plan is None:
            return await self._graph_lane(request, ready, explain, reading)
        return await self._fast_lane(request, ready, ready.plan, parameters, explain, reading)

    async def _ready(self, request: GraphQLRequest, caller: Caller) -> PreparedRequest:
        """The request made ready; a large one in the one thread that there is for it."""
        prepare = partial(self.preparer.ready, request, disclosure=caller.disclosure)
        if request.chars <= SMALL_CHARS:
            return prepare()
        if request.chars <= LARGE_CHARS:
            kept = self.preparer.find_ready(request, disclosure=caller.disclosure)
            if kept is not None:
                return kept
        return await self.plan_aside(prepare)

    async def plan_aside(self, work: Callable[[], T]) -> T:
        """Do the work of a planner in the thread for it, one after another."""
        return await asyncio.get_running_loop().run_in_executor(self._planning, work)

    async def read(
        self,
        plan: Plan,
        variables: Mapping[str, Any],
        parameters: Sequence[Any],
        reading: Reading,
        reads: Reads | RowReads | None = None,
    ) -> bytes:
        """The JSON of a plan's statement. Raises as `ReadAdmission.take_turn`, `Reads.json` and `AnswerAccess.clear` do.

        By the primary, unless `reads` says otherwise: a replica may lack what a mutation, an event or a prefill goes on from.
        """
        text = await self.run_statement(plan, variables, parameters, reading, reads)
        return await self.access.clear(text, reading, reads_people=HIDDEN in plan.sql, roots=plan.roots)

    async def run_statement(
        self,
        plan: Plan,
        variables: Mapping[str, Any],
        parameters: Sequence[Any],
        reading: Reading,
        reads: Reads | RowReads | None = None,
    ) -> bytes:
        """The JSON of a plan's statement, which must not leave before `AnswerAccess` has cleared it."""
        principal = reading.caller.principal
        is_large = await self.admission.take_turn(plan.estimate.rows(variables), principal.id if principal else "")
        try:
            return await (reads or self.reads).json(plan.sql, parameters)
        finally:
            self.admission.end_turn(is_large)

    async def ready_stream(self, request: GraphQLRequest, caller: Caller) -> PreparedRequest | Response:
        """A subscription made ready, or the response that refuses it. Counted as one request; its events are not."""
        began = perf_counter()
        reading = Reading(caller)
        try:
            ready = reading.ready = await self._ready(request, caller)
            self.access.check(ready, caller)
        except OperationRefused as error:
            errors = error.errors if isinstance(error, RequestRejected) else [to_graphql_error(error)]
            refusal = await self._recorded(reading, make_error_response(errors, executed=False))
            self._count(reading, began, refusal.code)
            return refusal
        if ready.is_subscription:
            self._count(reading, began, None)
        return ready

    async def data(self, request: GraphQLRequest, reading: Reading) -> tuple[dict[str, Any], str]:
        """The data of a request that one statement answers whole, and its SQL: for callers inside the hub."""
        ready = self.preparer.ready(request)
        reading.documents.append(ready)
        assert ready.plan is not None  # the caller's document is stored data only, which its loader checks
        text = await self.read(ready.plan, ready.variables, ready.plan.parameters(ready.variables), reading)
        found: dict[str, Any] = orjson.loads(text)
        return found, ready.plan.sql

    async def explained(self, request: GraphQLRequest) -> Explanation:
        """What one statement that answers a request is. Raises OperationRefused, StoreUnavailable."""
        ready = self.preparer.ready(request)
        if ready.plan is None:
            raise OperationRefused(
                "the operation has fields that are not stored data, so it has no single plan",
                next_step="put its stored fields into an operation of their own and explain that",
            )
        return await explain_plan(ready.plan, self.reads, ready.variables)

    async def _fast_lane(
        self,
        request: GraphQLRequest,
        ready: PreparedRequest,
        plan: Plan,
        parameters: Sequence[Any],
        explain: bool,
        reading: Reading,
    ) -> Response:
        try:
            text = await self.read(plan, ready.variables, parameters, reading, self.rows)
            if not explain and not request.cost:
                return Response(b'{"data":' + text + b"}", executed=True)
            extensions = await self._extensions(request, ready, [plan], explain)
        except HubError as error:
            return make_error_response(
                [GraphQLError(str(error), extensions=dict(error.extensions))], executed=True, data=True
            )
        return Response(b'{"data":' + text + b',"extensions":' + orjson.dumps(extensions) + b"}", executed=True)

    async def _graph_lane(
        self, request: GraphQLRequest, ready: PreparedRequest, explain: bool, reading: Reading
    ) -> Response:
        plain = not (explain or request.cost or ready.variables)
        key = (ready.checked.text, request.operation_name)
        if plain and (kept := self._introspected.get(key)):
            return Response(kept, executed=True)
        context = RequestContext(self, ready, reading)
        result = await self._execute(request, ready, context)
        body = make_body(result)
        if explain or request.cost:
            try:
                body["extensions"] = await self._extensions(request, ready, context.plans, explain)
            except HubError as error:
                body["extensions"] = {"explain": {"error": str(error)}}
        encoded = orjson.dumps(body, default=str)
        if plain and not result.errors and not context.plans and result.data and self._is_introspection(ready):
            self._introspected.put(key, encoded, len(encoded) + len(key[0]))
        return Response(encoded, executed=True, code=find_first_code(result))

    async def _execute(
        self, request: GraphQLRequest, ready: PreparedRequest, context: RequestContext
    ) -> ExecutionResult:
        result = execute(
            self.schema,
            ready.checked.document,
            context_value=context,
            variable_values=dict(request.variables or {}),
            operation_name=request.operation_name,
            executor_class=ValueExecutor,
        )
        return result if isinstance(result, ExecutionResult) else await result

    def _is_introspection(self, ready: PreparedRequest) -> bool:
        """Whether the answer is about the schema alone, and so the same each time."""
        if ready.operation.operation is not OperationType.QUERY:
            return False
        read = self.preparer.planner.read(ready.checked.document, ready.operation, ready.variables)
        return all(selected.name in INTROSPECTION for selected in read.fields)

    async def _extensions(
        self, request: GraphQLRequest, ready: PreparedRequest, plans: Sequence[Plan], explain: bool
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if request.cost:
            found["cost"] = describe_cost(ready, plans, self.preparer.planner.limits)
        if explain:
            explanations = [await explain_plan(plan, self.reads, ready.variables) for plan in plans]
            found["explain"] = {
                "statements": len(plans),
                "sql": [plan.sql for plan in plans],
                "plans": [explanation.as_json() for explanation in explanations],
            }
        return found
