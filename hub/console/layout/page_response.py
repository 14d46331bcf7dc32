"""Rendering pages: templates that escape, one style sheet, and headers that let a page load nothing from elsewhere."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hub.quality.words import show_number

TEMPLATES = Path(__file__).parents[1] / "templates"
STYLE_PATH = "/console/console.css"
SCRIPT_PATH = "/console/console.js"
HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",  # under no-referrer, browsers send `Origin: null` with our own forms
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def render_page(template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """A page. Its headers are `HEADERS`."""
    urls = {"style_url": _make_versioned_address(STYLE_PATH), "script_url": _make_versioned_address(SCRIPT_PATH)}
    body = _environment().get_template(template).render(urls | dict(values))
    return HTMLResponse(body, status, dict(HEADERS))


async def serve_style(request: Request) -> Response:
    """The style sheet. Its address changes with its text, so browsers may keep it."""
    return _serve_asset(STYLE_PATH, "text/css")


async def serve_script(request: Request) -> Response:
    """The script: keys, and nothing that a page needs to work. Its address changes with its text, so browsers may keep it."""
    return _serve_asset(SCRIPT_PATH, "text/javascript")


def _serve_asset(path: str, media_type: str) -> Response:
    headers = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
    return Response(_load_asset(path)[0], 200, headers, media_type=media_type)


def _make_versioned_address(path: str) -> str:
    return f"{path}?v={_load_asset(path)[1]}"


@cache
def _load_asset(path: str) -> tuple[str, str]:
    """The text of a file that pages load, and the version in its address."""
    text = (TEMPLATES / path.rpartition("/")[2]).read_text(encoding="utf-8")
    return text, hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = show_number
    return made
