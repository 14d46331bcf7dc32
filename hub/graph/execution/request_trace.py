"""The ids by which a request is found again: in the ledger, in the caller's own log, in a trace."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import NamedTuple

from hub.tracing.spans import TRACE_PARENT, find_trace_id

TRACE_HEADER = b"traceparent"
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")
"""Of the request that is being answered: its X-Request-Id, or one that the hub made. It stands in the answer, in every line that is
logged meanwhile, and in the ledger."""


class RequestTrace(NamedTuple):
    """`request_id` is the caller's X-Request-Id, or made here; `trace_id` is that of traceparent, or of the trace that the hub
    exports, 32 hex digits."""

    request_id: str | None = None
    trace_id: str | None = None


def read_trace(headers: Mapping[bytes, list[bytes]]) -> RequestTrace:
    """The ids of the request that is being answered: the one in its answer and in the log, and that of its trace."""
    parents = headers.get(TRACE_HEADER, ())
    return make_trace(parents[0] if len(parents) == 1 else None)


def make_trace(given: bytes | None) -> RequestTrace:
    """As `read_trace`, of the one traceparent of a request."""
    parent = TRACE_PARENT.fullmatch(given) if given is not None else None
    return RequestTrace(REQUEST_ID.get(), parent[1].decode() if parent else find_trace_id())
