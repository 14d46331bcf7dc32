"""Subscriptions: a response for each event, while the caller may still read."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, subscribe

from hub.errors import HubError
from hub.graph.execution.execute import Executor, RequestContext
from hub.graph.execution.prepare import PreparedRequest, RequestRejected
from hub.graph.execution.reading import Reading
from hub.graph.execution.responses import find_first_code, make_body, make_error_response
from hub.graph.permission.callers import Caller
from hub.ledger.writing.records import RecordKind

RECHECK_S = 20.0
"""After this time without an event, a subscriber is admitted again. A key is kept for 30 s, so a revoked one ends within 60 s."""
AdmitAgain = Callable[[], Awaitable[Caller]]
"""Finds out again who the caller is. Raises as `Gate.admit` does."""


async def stream_events(
    executor: Executor, ready: PreparedRequest, caller: Caller, admit_again: AdmitAgain
) -> AsyncGenerator[bytes]:
    """The responses of a subscription, one for each event, until it ends or the caller closes it.

    Before each event, and every RECHECK_S without one, `admit_again` says whether the caller may still read: a token expires, a key is
    revoked, a dossier ends. If not, the subscription ends with the refusal.
    """
    context = RequestContext(executor, ready, Reading(caller, ready))
    source: Any = subscribe(
        executor.schema,
        ready.checked.document,
        context_value=context,
        variable_values=dict(ready.given),
        operation_name=ready.operation.name.value if ready.operation.name else None,
    )
    if inspect.isawaitable(source):
        source = await source
    if isinstance(source, ExecutionResult):
        yield orjson.dumps(make_body(source))
        return
    try:
        async for result in _watch_caller(source, context, admit_again):
            context.plans.clear()
            before = context.reading
            context.reading = Reading(await admit_again(), ready)
            executor.access.check(ready, context.reading.caller)
            if executor.ledger is not None:
                told = before.dossier_event
                sent = replace(context.reading, people=before.people, kind=RecordKind.EVENT, dossier_event=told)
                await executor.ledger.record(sent, find_first_code(result))
            yield orjson.dumps(make_body(result))
    except RequestRejected as error:
        yield make_error_response(error.errors, executed=True).body
    except HubError as error:
        yield make_error_response([GraphQLError(str(error), extensions=dict(error.extensions))], executed=True).body
    finally:
        await source.aclose()


async def _watch_caller(
    source: AsyncIterator[ExecutionResult], context: RequestContext, admit_again: AdmitAgain
) -> AsyncGenerator[ExecutionResult]:
    """The results of a subscription. Raises what `admit_again` or the check raises while none comes."""
    while True:
        coming = asyncio.ensure_future(anext(source))
        try:
            while not (await asyncio.wait({coming}, timeout=RECHECK_S))[0]:
                caller = await admit_again()
                context.executor.access.check(context.ready, caller)
                context.reading.caller = caller  # reads made meanwhile add their subjects to the same reading
            try:
                result = coming.result()
            except StopAsyncIteration:
                return
        finally:
            coming.cancel()
            await asyncio.wait({coming})
        yield result
