"""Rendering pages: templates that escape, one style sheet, and headers that let a page load nothing from elsewhere."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

TEMPLATES = Path(__file__).parent / "templates"
STYLE_PATH = "/console/console.css"
HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",  # under no-referrer, browsers send `Origin: null` with our own forms
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def render_page(template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """A page. Its headers are `HEADERS`."""
    body = _environment().get_template(template).render(style_url=f"{STYLE_PATH}?v={_style()[1]}", **values)
    return HTMLResponse(body, status, dict(HEADERS))


async def serve_style(request: Request) -> Response:
    """The style sheet. Its address changes with its text, so browsers may keep it."""
    headers = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
    return Response(_style()[0], 200, headers, media_type="text/css")


@cache
def _style() -> tuple[str, str]:
    """The style sheet, and the version in its address."""
    text = (TEMPLATES / "console.css").read_text(encoding="utf-8")
    return text, hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
