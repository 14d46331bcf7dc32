"""GraphQL over HTTP: what a request asks, and with which media type and status it is answered.

Source: the GraphQL-over-HTTP specification. `application/graphql-response+json` says with its status whether the request
was executed; `application/json` answers 200 to every well-formed request, for older clients.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request

from hub.graph.prepare import Request as Operation

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


class HttpRefused(Exception):
    """The HTTP request is not one for GraphQL. `status` is the answer's."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def media_type(accept: str) -> str | None:
    """The media type to answer with, for an Accept header; None where none of ours is acceptable."""
    if not accept.strip():
        return JSON
    best: tuple[float, int, str] | None = None
    for position, part in enumerate(accept.split(",")):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = _quality(parameters)
        # A range that also covers the older type gives the older type: its client did not ask for the newer by name.
        answer = {GRAPHQL: GRAPHQL, JSON: JSON, "application/*": JSON, "*/*": JSON}.get(name)
        if answer and quality > 0 and (best is None or quality > best[0]):
            best = (quality, position, answer)
    return best[2] if best else None


def wants_page(accept: str) -> bool:
    """Whether a GET is from a person's browser: HTML is asked for by name, GraphQL's types are not."""
    return "text/html" in accept.lower() and GRAPHQL not in accept.lower()


def status(kind: str, *, executed: bool, code: str = "") -> int:
    """The status of an answer: 200 where it was executed or the type is plain JSON, otherwise by what was wrong."""
    if executed or (kind == JSON and code != "SYNTAX_BODY"):
        return 200
    return 400


async def read(request: Request, max_body: int) -> Operation:
    """The operation of a GET or POST request. Raises HttpRefused."""
    if request.method == "GET":
        return _from_query(request)
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != JSON:
        raise HttpRefused(415, "UNSUPPORTED_MEDIA_TYPE", "send the request as application/json")
    body = await _body(request, max_body)
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise HttpRefused(400, "BAD_REQUEST", "the body is not JSON") from None
    if not isinstance(fields, dict):
        raise HttpRefused(400, "BAD_REQUEST", "the body is not one JSON object; batches are not taken")
    return operation(fields)


def operation(fields: Mapping[str, Any]) -> Operation:
    """The operation of the fields `query`, `operationName`, `variables`, `extensions`. Raises HttpRefused."""
    kinds: tuple[tuple[str, type, bool, str], ...] = (
        ("query", str, True, "a string"),
        ("operationName", str, False, "a string"),
        ("variables", dict, False, "an object"),
        ("extensions", dict, False, "an object"),
    )
    for name, kind, needed, words in kinds:
        value = fields.get(name)
        if (value is None and needed) or (value is not None and not isinstance(value, kind)):
            raise HttpRefused(400, "BAD_REQUEST", f"{name} must be {words}")
    extensions = fields.get("extensions") or {}
    return Operation(
        fields["query"],
        fields.get("operationName") or None,
        fields.get("variables") or {},
        explain=extensions.get("explain") is True,
    )


def refused_body(code: str, message: str) -> bytes:
    """The body of an answer to a request that was not one."""
    return orjson.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})


def _from_query(request: Request) -> Operation:
    fields: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if name in fields:
            try:
                fields[name] = orjson.loads(fields[name])
            except orjson.JSONDecodeError:
                raise HttpRefused(400, "BAD_REQUEST", f"{name} is not JSON") from None
    return operation(fields)


async def _body(request: Request, most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise HttpRefused(
                    413, "BODY_TOO_LARGE", f"the body is over {most} bytes; send less, or split the operation"
                )
            chunks.append(chunk)
    except ClientDisconnect:
        raise HttpRefused(400, "BAD_REQUEST", "the client went away") from None
    return b"".join(chunks)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
