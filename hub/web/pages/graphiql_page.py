"""The GraphiQL page: server-rendered HTML around the files that `npm run build` puts into `hub/web/static/graphiql`.

Everything the page uses comes from the hub itself. The Content-Security-Policy makes the browser hold that promise:
a request to any other host is refused before it leaves the machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from os import PathLike, stat_result
from pathlib import Path

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from hub.errors import HubMisconfigured

STATIC_PATH = "/static/graphiql"
STATIC_DIRECTORY = Path(__file__).parents[1] / "static" / "graphiql"

# 'unsafe-inline' is for styles only: Monaco places its text by writing style attributes and style elements. The page
# has no inline script (its settings are a JSON data block, which is not executed), so scripts need neither that nor a
# nonce. `connect-src 'self'` covers the WebSocket of this origin too.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

# A worker obeys the policy of its own file, not that of the page which starts it; hence one for the files as well.
STATIC_CONTENT_SECURITY_POLICY = "default-src 'self'"

PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

# The page itself, and the module through which it loads Monaco right after it starts.
_ENTRY_POINTS = ("src/main.jsx", "node_modules/monaco-graphql/esm/lite.js")
_HASHED_NAME = re.compile(r"-[\w-]{8}\.\w+$")
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M8 1l6 3.5v7L8 15l-6-3.5v-7z' fill='%23d60590'/%3E%3C/svg%3E"
)

_PAGE = """<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>GraphQL hub</title>
<link rel="icon" href="{icon}">
{links}
<script id="graphiql-config" type="application/json">{config}</script>
<script type="module" src="{script}"></script>
</head>
<body>
<div id="graphiql"><p class="hub-loading">Đang tải… <span lang="en">Loading…</span></p></div>
<noscript>Trang này cần JavaScript. <span lang="en">This page needs JavaScript.</span></noscript>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class StarterQuery:
    """An operation offered ready to run: a title in both languages, its document, values for its variables, and headers.

    The title in English tells starters apart, so it must differ between them. `variables` must be JSON values.
    """

    title_vi: str
    title_en: str
    query: str
    variables: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def render_graphiql_page(
    endpoint: str,
    starter_queries: Sequence[StarterQuery],
    subscription_endpoint: str | None = None,
    *,
    static_path: str = STATIC_PATH,
    has_sign_in: bool = False,
) -> str:
    """Return the HTML of the GraphiQL page for the GraphQL `endpoint`; the first starter query is open at the start.

    Endpoints are paths on this origin ("/graphql"); anything else raises ValueError, since the page's policy would
    block it. A subscription endpoint is served over WebSocket (graphql-transport-ws). Raises HubMisconfigured when the
    built files are missing. Send the page with `PAGE_HEADERS`.
    """
    for path in (endpoint, subscription_endpoint):
        _require_own_path(path)
    config = {
        "endpoint": endpoint,
        "subscriptionEndpoint": subscription_endpoint,
        "identity": {"me": "/me", "signIn": f"/sign-in?next={endpoint}", "signOut": "/sign-out"}
        if has_sign_in
        else None,
        "starters": [_starter_json(starter) for starter in starter_queries],
    }
    manifest = _manifest(STATIC_DIRECTORY)
    return _PAGE.format(
        icon=_ICON,
        links="\n".join(_links(manifest, static_path)),
        config=_script_safe_json(config),
        script=escape(f"{static_path}/{_chunk(manifest, _ENTRY_POINTS[0])['file']}"),
    )


def graphiql_routes(static_path: str = STATIC_PATH) -> list[BaseRoute]:
    """Return the route that serves the page's built files under `static_path`.

    Files with a hash in their name are cached for a year. Raises HubMisconfigured when the files are missing.
    """
    _manifest(STATIC_DIRECTORY)
    return [Mount(static_path, app=_BuiltFiles(directory=STATIC_DIRECTORY), name="graphiql-static")]


class _BuiltFiles(StaticFiles):
    """Static files whose hashed names make them safe to cache forever."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        hashed = _HASHED_NAME.search(Path(full_path).name) is not None
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        response.headers["Content-Security-Policy"] = STATIC_CONTENT_SECURITY_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _require_own_path(path: str | None) -> None:
    if path is not None and (not path.startswith("/") or path.startswith("//")):
        raise ValueError(f"GraphiQL endpoint {path!r} is not a path on this server; give one such as '/graphql'.")


def _starter_json(starter: StarterQuery) -> dict[str, str]:
    variables, headers = (
        json.dumps(given, ensure_ascii=False, indent=2) if given else ""
        for given in (starter.variables, starter.headers)
    )
    return {
        "titleVi": starter.title_vi,
        "titleEn": starter.title_en,
        "query": starter.query.strip(),
        "variables": variables,
        "headers": headers,
    }


def _script_safe_json(value: object) -> str:
    """Return JSON that cannot close the script element it stands in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


@cache
def _manifest(directory: Path) -> Mapping[str, Mapping[str, object]]:
    """Read Vite's manifest: source file → {file, css, imports}. Cached, as the files of a release do not change."""
    path = directory / "manifest.json"
    try:
        manifest: dict[str, dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise HubMisconfigured(f"GraphiQL is not built: {path} is missing", next_step="run `make assets`") from None
    except ValueError as error:
        raise HubMisconfigured(f"{path} is not valid JSON ({error})", next_step="run `make assets`") from None
    for entry_point in _ENTRY_POINTS:
        _chunk(manifest, entry_point)
    return manifest


def _chunk(manifest: Mapping[str, Mapping[str, object]], source: str) -> Mapping[str, object]:
    try:
        return manifest[source]
    except KeyError:
        raise HubMisconfigured(
            f"GraphiQL's manifest.json does not name {source!r}", next_step="run `make assets`"
        ) from None


def _links(manifest: Mapping[str, Mapping[str, object]], static_path: str) -> Iterator[str]:
    """Yield the style sheets and early loads of all that the first screen needs, Monaco included."""
    for name, kind in _first_files(manifest).items():
        rel = "stylesheet" if kind == "css" else "modulepreload"
        yield f'<link rel="{rel}" href="{escape(f"{static_path}/{name}")}">'


def _first_files(manifest: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Return file name → "js" or "css" for the entry points and all they import, imported files first."""
    files: dict[str, str] = {}
    seen: set[str] = set()

    def visit(source: str) -> None:
        if source in seen:
            return
        seen.add(source)
        chunk = _chunk(manifest, source)
        for imported in _strings(chunk, "imports"):
            visit(imported)
        files.update(dict.fromkeys(_strings(chunk, "css"), "css"))
        files[str(chunk["file"])] = "js"

    for entry_point in _ENTRY_POINTS:
        visit(entry_point)
    return files


def _strings(chunk: Mapping[str, object], key: str) -> list[str]:
    value = chunk.get(key, [])
    return [str(item) for item in value] if isinstance(value, list) else []
