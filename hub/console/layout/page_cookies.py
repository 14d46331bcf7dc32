"""What a page keeps in the browser between a form and the page that it leads to: a search, a choice, a draft.

These have personal data, so they do not stand in addresses, which end up in histories and logs. Each is a cookie of the one page that
reads it: two tabs do not disturb each other, and reload and back find it again.
"""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

KEPT_S = 30 * 60
MOST_BYTES = 3_500
"""Of a value; browsers keep 4,096 bytes of a cookie with its attributes."""


def keep_values(response: Response, name: str, values: Mapping[str, str], path: str, *, is_secure: bool) -> bool:
    """Keep values for a page. Returns False if they are too long for a cookie: then nothing is kept."""
    path = quote(path, safe="/")
    text = base64.urlsafe_b64encode(orjson.dumps(dict(values))).decode().rstrip("=")
    if len(text) > MOST_BYTES:
        return False
    response.set_cookie(name, text, max_age=KEPT_S, path=path, secure=is_secure, httponly=True, samesite="lax")
    return True


def forget_values(response: Response, name: str, path: str, *, is_secure: bool) -> None:
    """Forget the values kept for a page."""
    response.delete_cookie(name, path=quote(path, safe="/"), secure=is_secure, httponly=True, samesite="lax")


def read_values(request: Request, name: str) -> dict[str, str]:
    """The values kept for this page; empty if there are none, or if it is malformed."""
    text = request.cookies.get(name, "")
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, orjson.JSONDecodeError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(key): value for key, value in found.items() if isinstance(value, str)}
