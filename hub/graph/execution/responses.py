"""Responses: results and errors of operations as the bytes that a caller may see."""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from graphql import ExecutionResult, GraphQLError

from hub.errors import HubError

LOG = logging.getLogger("hub.graph")


class Response(NamedTuple):
    """The bytes of a response; `executed` is false if the request was refused before execution.

    `code` is the first error's, if there is one; `retry_after_s` is the time to wait after a limit of reading was met.
    """

    body: bytes
    executed: bool
    code: str | None = None
    retry_after_s: int | None = None


def find_first_code(result: ExecutionResult) -> str | None:
    """The code of the first error of a result, which is INTERNAL if it has none; None if there is no error."""
    if not result.errors:
        return None
    code = (_format_error(result.errors[0]).get("extensions") or {}).get("code")
    return str(code) if code else "INTERNAL"


def make_body(result: ExecutionResult) -> dict[str, Any]:
    """The body of a response: data, and errors as a caller may see them."""
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [_format_error(error) for error in result.errors]
    return body


def _format_error(error: GraphQLError) -> dict[str, Any]:
    """The error as a caller may see it: refusals with their code, everything unexpected as one clean line."""
    cause = error.original_error
    if isinstance(cause, HubError):
        return dict(GraphQLError(str(cause), error.nodes, path=error.path, extensions=dict(cause.extensions)).formatted)
    if cause is not None and not isinstance(cause, GraphQLError):
        LOG.error("resolver failed: %s at %s", type(cause).__name__, error.path)
        return dict(
            GraphQLError("internal error", error.nodes, path=error.path, extensions={"code": "INTERNAL"}).formatted
        )
    if "code" not in (error.extensions or {}):
        error.extensions = {**(error.extensions or {}), "code": "INTERNAL"}
    return dict(error.formatted)


def make_error_response(errors: Sequence[GraphQLError], *, executed: bool, data: bool = False) -> Response:
    """The response that has errors alone; with `data`, a null for what was executed."""
    body: dict[str, Any] = {"errors": [error.formatted for error in errors]}
    if data:
        body["data"] = None
    extensions = errors[0].extensions or {}
    return Response(
        orjson.dumps(body),
        executed=executed,
        code=extensions.get("code"),
        retry_after_s=extensions.get("retryAfterS"),
    )
