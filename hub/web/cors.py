"""CORS: pages of other origins that may send GraphQL requests, with a token of their own.

Browsers let any page send requests to any host, and let it read the answer only if the host allows its origin. Cookies are never accepted from
another origin: a session is for the hub's own pages.
"""

import re

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from hub.errors import HubMisconfigured
from hub.settings import Settings

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
MAX_ORIGINS = 50
REQUEST_HEADERS = (
    *("authorization", "content-type", "x-hub-purpose", "x-hub-dossier", "x-request-id", "traceparent", "tracestate"),
)
ANSWER_HEADERS = ("x-request-id", "retry-after")
REMEMBER_S = 600
"""How long a browser remembers the permission."""


def allow_origins(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The application, open to the pages of HUB_CORS_ORIGINS; itself if there are none. Raises HubMisconfigured."""
    origins = read_origins(settings.cors_origins)
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST"),
        allow_headers=REQUEST_HEADERS,
        expose_headers=ANSWER_HEADERS,
        allow_credentials=False,
        max_age=REMEMBER_S,
    )


def read_origins(text: str) -> list[str]:
    """The origins of the setting, each as a browser sends it. Raises HubMisconfigured."""
    origins = [origin.strip() for origin in text.split(",") if origin.strip()]
    wrong = [origin for origin in origins if not ORIGIN.fullmatch(origin)]
    if wrong or len(origins) > MAX_ORIGINS:
        found = f"{wrong[0]} is not an origin" if wrong else f"there are more than {MAX_ORIGINS}"
        raise HubMisconfigured(
            f"HUB_CORS_ORIGINS: {found}",
            next_step="write scheme, host and port in lower case, without a path, e.g. https://portal.example.gov.vn; `*` is not possible",
        )
    return origins
