"""Retake the picture of the README: `python -m tests.browser.screenshot http://127.0.0.1:8000` while `hub demo` is running."""

import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser.watched import launch_chromium, watched_page

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "graphiql.png"


def take_screenshot(url: str, path: Path) -> None:
    """Sign in as the land officer, run the first starter query in GraphiQL and save the page as a PNG."""
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        with watched_page(browser) as watched:
            page = watched.page
            page.goto(f"{url}/sign-in?next=/graphql")
            page.locator('form:has(input[value="land-officer"]) button').click()
            page.locator(".graphiql-query-editor .view-lines").first.click()
            page.keyboard.press("Control+Enter")
            expect(page.locator(".graphiql-response .view-lines")).to_contain_text('"data"', timeout=20_000)
            page.mouse.move(0, 0)
            page.wait_for_timeout(1_000)  # for the transitions of the page
            page.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    take_screenshot(sys.argv[1].rstrip("/"), PICTURE)
    print(f"wrote {PICTURE}, {PICTURE.stat().st_size:,} bytes")
