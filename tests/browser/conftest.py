"""Fixtures of the browser tests: one Chromium for all, a fresh watched page for each, and the site they look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.small_hub import make_app, serve
from tests.browser.watched import WatchedPage, launch_chromium, watched_page
from tests.conftest import ServedHub


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Closed with the module: while Playwright is open its event loop runs in this thread, and no other test could run one."""
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture
def watched(chromium: Browser) -> Iterator[WatchedPage]:
    with watched_page(chromium) as page:
        yield page


@pytest.fixture(scope="session")
def small_hub() -> Iterator[str]:
    """Address of the small server, which has a subscription and known answers."""
    with serve(make_app()) as url:
        yield url


@pytest.fixture(scope="module")
def site(served_hub: ServedHub) -> str:
    """Address of the hub that the page is tested against."""
    return served_hub.url
