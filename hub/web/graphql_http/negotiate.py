"""GraphQL over HTTP: what a request asks, and with which media type and status it is answered.

Source: the GraphQL-over-HTTP specification, with its appendix on persisted documents, and Apollo's automatic persisted
queries. `application/graphql-response+json` says with its status whether the request was executed; `application/json`
answers 200 to every well-formed request, for older clients; `text/event-stream` streams (the graphql-sse protocol).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson

from hub.access.callers.principals import AuthenticationRefused
from hub.access.limits.refusals import ReadingRefused
from hub.errors import HubError, StoreUnavailable
from hub.graph.execution.prepare import GraphQLRequest as Operation

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"

BODY_WITHIN_S = 30.0
"""From the end of a request's headers to the end of its body."""
STATUSES = {
    "METHOD_NOT_ALLOWED": 405,
    "LEDGER_UNAVAILABLE": 503,
    "OVERLOADED": 503,
    "RATE_LIMITED": 429,
    "READING_PAUSED": 429,
}
"""Codes of refusals whose status is the same in every media type."""


class HttpRefused(Exception):
    """The HTTP request is not one for GraphQL. `status` is the answer's; `extensions` are the error's, beside its code."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.extensions = dict(extensions or {})
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


@lru_cache(200)
def media_type(accept: str) -> str | None:
    """The media type to answer with, for an Accept header; None if none of ours is acceptable."""
    if not accept.strip():
        return JSON
    best: tuple[float, int, str] | None = None
    for position, part in enumerate(accept.split(",")):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = _quality(parameters)
        # A range that also covers the older type gives the older type: its client did not ask for the newer by name.
        answer = {GRAPHQL: GRAPHQL, EVENTS: EVENTS, JSON: JSON, "application/*": JSON, "*/*": JSON}.get(name)
        if answer and quality > 0 and (best is None or quality > best[0]):
            best = (quality, position, answer)
    return best[2] if best else None


def wants_page(accept: str) -> bool:
    """Whether a GET is from a person's browser: HTML is asked for by name, GraphQL's types are not."""
    return "text/html" in accept.lower() and GRAPHQL not in accept.lower()


def caller_refusal(error: HubError) -> HttpRefused:
    """The refusal of a caller who is unknown, has met a limit, or may not use the purpose or dossier that the request names."""
    if isinstance(error, AuthenticationRefused | ReadingRefused):
        return HttpRefused(error.status, error.code, str(error), error.headers, error.extensions)
    return HttpRefused(503 if is_unavailable(error) else 403, error.code, str(error))


def is_unavailable(error: HubError) -> bool:
    """Whether a caller could not be looked up, and so was not refused: the database was away, or did not answer in time."""
    return isinstance(error, StoreUnavailable) or error.code == "TIMEOUT"


def late_body_refusal() -> HttpRefused:
    """The refusal of a request whose body did not arrive in time."""
    message = f"the body did not arrive within {BODY_WITHIN_S:g} s"
    return HttpRefused(408, "REQUEST_TIMEOUT", message, {"connection": "close"})


def choose_status(kind: str, *, executed: bool, code: str | None = None) -> int:
    """The status of an answer: 200 where it was executed or the type is plain JSON, otherwise by the error."""
    if code in STATUSES:
        return STATUSES[code]
    return 200 if executed or kind == JSON else 400


def from_body(content_type: str, body: bytes) -> Operation:
    """The operation of a POST. Raises HttpRefused."""
    # A form or plain text could come from a page of another site without the browser asking us first.
    if content_type.split(";")[0].strip().lower() != JSON:
        raise HttpRefused(415, "UNSUPPORTED_MEDIA_TYPE", "send the request as application/json")
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise HttpRefused(400, "BAD_REQUEST", "the body is not JSON") from None
    if not isinstance(fields, dict):
        raise HttpRefused(400, "BAD_REQUEST", "the body is not one JSON object; batches are not taken")
    return read_operation(fields, chars=len(body))


def from_query(query_string: str) -> Operation:
    """The operation of a GET. Raises HttpRefused."""
    try:
        pairs = parse_qsl(query_string, keep_blank_values=True, errors="strict", max_num_fields=20)
    except (UnicodeDecodeError, ValueError):
        raise HttpRefused(400, "BAD_REQUEST", "the query string cannot be read") from None
    fields: dict[str, Any] = dict(pairs)
    for name in ("variables", "extensions"):
        if name in fields:
            try:
                fields[name] = orjson.loads(fields[name])
            except orjson.JSONDecodeError:
                raise HttpRefused(400, "BAD_REQUEST", f"{name} is not JSON") from None
    return read_operation(fields, read_only=True, chars=len(query_string))


FIELDS: Mapping[str, type] = {
    "query": str,
    "documentId": str,
    "operationName": str,
    "variables": dict,
    "extensions": dict,
}


def read_operation(fields: Mapping[str, Any], *, read_only: bool = False, chars: int = 0) -> Operation:
    """The operation of `query` or `documentId`, `operationName`, `variables`, `extensions`. Raises HttpRefused.

    `chars` is the length of the body or text that they came in.
    """
    for name, value in fields.items():
        kind = FIELDS.get(name)
        if kind is not None and value is not None and not isinstance(value, kind):
            raise HttpRefused(400, "BAD_REQUEST", f"{name} must be {'a string' if kind is str else 'an object'}")
    extensions = fields.get("extensions") or {}
    document_id = fields.get("documentId") or _persisted_hash(extensions)
    query = fields.get("query")
    if query is None and document_id is None:
        raise HttpRefused(400, "BAD_REQUEST", "query must be a string, or documentId name a persisted document")
    return Operation(
        query,
        fields.get("operationName") or None,
        fields.get("variables") or {},
        document_id.removeprefix("sha256:") if document_id else None,
        explain=extensions.get("explain") is True,
        cost=extensions.get("cost") is True,
        read_only=read_only,
        chars=chars,
    )


def refusal_body(code: str, message: str, extensions: Mapping[str, Any] | None = None) -> bytes:
    """The body of an answer to a request that was not one."""
    return orjson.dumps({"errors": [{"message": message, "extensions": {**(extensions or {}), "code": code}}]})


def _persisted_hash(extensions: Mapping[str, Any]) -> str | None:
    """The hash of Apollo's automatic persisted queries."""
    given = extensions.get("persistedQuery")
    if given is None:
        return None
    if not isinstance(given, dict) or given.get("version") != 1 or not isinstance(given.get("sha256Hash"), str):
        raise HttpRefused(400, "BAD_REQUEST", "extensions.persistedQuery must have version 1 and sha256Hash, a string")
    found: str = given["sha256Hash"]
    return found


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
