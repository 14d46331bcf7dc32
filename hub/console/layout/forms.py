"""Forms of the hub's own pages: their fields, and that they were sent from there."""

import asyncio
import hmac
from urllib.parse import parse_qsl

from starlette.requests import Request

from hub.access.service import origin_of
from hub.errors import OperationRefused

MAX_FORM_BYTES = 4_000
MAX_FIELDS = 10
FORM = "application/x-www-form-urlencoded"
FORM_STEP = "use the button of the page"


class CsrfTokenInvalid(OperationRefused):
    """The form does not belong to this session."""

    code = "CSRF_TOKEN_INVALID"


async def read_form(
    request: Request, *, within_s: float, max_bytes: int = MAX_FORM_BYTES, max_fields: int = MAX_FIELDS
) -> dict[str, str]:
    """Return the fields of a small form. Raises OperationRefused; TimeoutError if its body is late."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise OperationRefused(f"the form must be sent as {FORM}", next_step=FORM_STEP)
    body = bytearray()
    async with asyncio.timeout(within_s):
        async for part in request.stream():
            body += part
            if len(body) > max_bytes:
                raise OperationRefused(f"the form has more than {max_bytes:,} bytes")
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=max_fields, errors="strict"))
    except ValueError:
        raise OperationRefused("the form cannot be read", next_step=FORM_STEP) from None


def check_own_page(request: Request, public_url: str) -> None:
    """Raise CsrfTokenInvalid if a page of another site sent the form. Browsers always name the origin of a form."""
    origin = request.headers.get("origin")
    if origin is not None and origin.lower() != origin_of(public_url):
        raise CsrfTokenInvalid(
            "the form was sent by a page of another site", next_step="open the hub's own page, and send it there"
        )


def check_csrf_token(token: str, expected: str, next_step: str) -> None:
    """Raise CsrfTokenInvalid unless the form has the session's token."""
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise CsrfTokenInvalid(next_step=next_step)
