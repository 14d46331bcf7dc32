"""A browser page that is watched: what it asks of other machines is blocked and recorded, as are its complaints."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    Request,
    Route,
    WebSocketRoute,
    expect,
)

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
LOCAL_SCHEMES = {"data", "blob", "about"}
EXPECTED_WITHIN_MS = 60_000
"""How long `expect` waits, instead of 5 s: beside other work a page may take longer than that."""

# The browser itself must be as quiet as the page: no updates, no sync, no name look-ups for anything but this machine.
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@dataclass(frozen=True)
class WatchedPage:
    """A page with all it did: every address asked for, those off this machine, and every error it reported."""

    page: Page
    asked: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def note(self, url: str) -> bool:
        """Record a request; true when it stays on this machine."""
        self.asked.append(url)
        parts = urlsplit(url)
        local = parts.scheme in LOCAL_SCHEMES or parts.hostname in LOOPBACK
        if not local:
            self.outside.append(url)
        return local


def launch_chromium(playwright: Playwright) -> Browser:
    """Start the system's Chromium without a window. Raises FileNotFoundError when there is none on the PATH."""
    path = shutil.which("chromium")
    if path is None:
        raise FileNotFoundError("No `chromium` on the PATH: run tests/install_packages.sh, then the test again.")
    expect.set_options(timeout=EXPECTED_WITHIN_MS)
    return playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGS))


@contextmanager
def watched_page(browser: Browser, color_scheme: str = "light") -> Iterator[WatchedPage]:
    """Open an empty page of its own profile, 1366x768, with every way out blocked and recorded."""
    context = browser.new_context(
        viewport={"width": 1366, "height": 768},
        color_scheme="dark" if color_scheme == "dark" else "light",
        locale="vi-VN",
    )
    watched = WatchedPage(context.new_page())

    def on_request(route: Route) -> None:
        if watched.note(route.request.url):
            route.continue_()
        else:
            route.abort("blockedbyclient")

    def on_web_socket(socket: WebSocketRoute) -> None:
        if watched.note(socket.url):
            socket.connect_to_server()

    def on_failure(request: Request) -> None:
        # A page that is left or loaded anew gives up what it is still loading: on a busy machine there is always something.
        if request.failure != "net::ERR_ABORTED":
            watched.complaints.append(f"failed: {request.url}: {request.failure}")

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            watched.complaints.append(f"{message.type}: {message.text}")

    context.route("**/*", on_request)
    context.route_web_socket("**/*", on_web_socket)
    watched.page.on("console", on_console)
    watched.page.on("pageerror", lambda error: watched.complaints.append(f"uncaught: {error}"))
    watched.page.on("requestfailed", on_failure)
    try:
        yield watched
    finally:
        context.close()


def shown_text(editor: Locator) -> str:
    """Return the text that a Monaco editor shows, with its non-breaking spaces made plain."""
    return editor.locator(".view-lines").first.inner_text().replace("\u00a0", " ")
