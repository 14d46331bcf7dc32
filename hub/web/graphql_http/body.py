"""Reading the body of a request, bounded in bytes and in time."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from hub.web.graphql_http.negotiate import BODY_WITHIN_S, HttpRefused, late_body_refusal


async def read_body(request: Request, most: int) -> bytes:
    """The body, of at most `most` bytes. Raises HttpRefused."""
    too_large = HttpRefused(
        413, "BODY_TOO_LARGE", f"the body is over {most} bytes; send less at once", {"connection": "close"}
    )
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > most:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise too_large
    except ClientDisconnect:
        raise HttpRefused(400, "BAD_REQUEST", "the client went away") from None
    except TimeoutError:
        raise late_body_refusal() from None
    return bytes(body)
