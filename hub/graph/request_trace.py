"""The ids by which a request is found again: in the ledger, in the caller's own log, in a trace."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

REQUEST_ID_HEADER, TRACE_HEADER = b"x-request-id", b"traceparent"
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{16,64}")
"""At least 16 characters: no identifier of a person is as long."""
TRACE_PARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context."""


@dataclass(frozen=True)
class RequestTrace:
    """`request_id` is the caller's X-Request-Id, or made here; `trace_id` is that of traceparent, 32 hex digits."""

    request_id: str | None = None
    trace_id: str | None = None


def read_trace(headers: Mapping[bytes, list[bytes]]) -> RequestTrace:
    """The ids of a request. A request id that does not have the form, or is given twice, is replaced: it is only a name."""
    given = headers.get(REQUEST_ID_HEADER, ())
    named = REQUEST_ID.fullmatch(given[0]) if len(given) == 1 else None
    parents = headers.get(TRACE_HEADER, ())
    parent = TRACE_PARENT.fullmatch(parents[0]) if len(parents) == 1 else None
    return RequestTrace(named[0].decode() if named else secrets.token_hex(8), parent[1].decode() if parent else None)
