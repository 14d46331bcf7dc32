"""The GraphiQL page in a real browser: it works by mouse and keyboard, and asks nothing of any other machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from hub.errors import HubMisconfigured
from hub.web.pages import graphiql_page
from hub.web.pages.graphiql_page import STATIC_DIRECTORY, StarterQuery, graphiql_routes, render_graphiql_page
from tests.browser.small_hub import make_app, serve
from tests.browser.watched import WatchedPage, shown_text, watched_page

QUERY_EDITOR = ".graphiql-query-editor"
VARIABLE_EDITOR = ".graphiql-editor-tool"
RESPONSE = ".graphiql-response"
ROOT_FIELDS = "{ __schema { queryType { name fields { name } } } }"


def open_graphiql(watched: WatchedPage, site: str) -> Page:
    """Open the page and wait until its editor is there and the schema has been read."""
    page = watched.page
    with page.expect_response(lambda response: response.request.method == "POST") as introspection:
        page.goto(f"{site}/graphql")
    assert introspection.value.ok
    page.locator(f"{QUERY_EDITOR} .view-line").first.wait_for()
    return page


def starters_of(page: Page) -> list[dict[str, str]]:
    starters: list[dict[str, str]] = json.loads(page.locator("#graphiql-config").text_content() or "")["starters"]
    return starters


def run_by_keyboard(page: Page) -> dict[str, object]:
    """Press Ctrl-Enter in the query editor; return the server's answer once the response pane shows it."""
    page.locator(f"{QUERY_EDITOR} .view-lines").first.click()
    with page.expect_response(lambda response: response.request.method == "POST") as answered:
        page.keyboard.press("Control+Enter")
    expect(page.locator(f"{RESPONSE} .view-lines")).to_contain_text("data")
    answer: dict[str, object] = answered.value.json()
    return answer


def replace_text(page: Page, editor: str, text: str) -> None:
    """Type `text` in place of what the editor holds. Leave closing brackets out: the editor closes them itself."""
    page.locator(f"{editor} .view-lines").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.type(text)
    page.keyboard.press("Escape")


def assert_quiet(watched: WatchedPage) -> None:
    assert watched.asked, "the recorder saw no request at all, so it proves nothing"
    assert watched.outside == []
    assert watched.complaints == []


def test_page_renders_with_first_starter_open(watched: WatchedPage, site: str) -> None:
    page = open_graphiql(watched, site)
    expect(page).to_have_title("GraphQL hub")
    assert page.locator("html").get_attribute("lang") == "vi"
    starters = page.locator(".hub-starters button")
    expect(starters.first).to_be_visible()
    offered = starters_of(page)
    assert starters.count() == len(offered)
    assert shown_text(page.locator(QUERY_EDITOR)).splitlines()[0] == offered[0]["query"].splitlines()[0]
    page.wait_for_timeout(500)
    assert_quiet(watched)


def test_starter_runs_on_ctrl_enter(watched: WatchedPage, site: str) -> None:
    page = open_graphiql(watched, site)
    answer = run_by_keyboard(page)
    assert answer.get("data")
    assert not answer.get("errors")
    assert '"data"' in shown_text(page.locator(RESPONSE))
    assert_quiet(watched)


def test_starter_opens_in_a_tab_of_its_own(watched: WatchedPage, site: str) -> None:
    page = open_graphiql(watched, site)
    tabs = page.locator(".graphiql-tab")
    expect(tabs).to_have_count(1)
    starters = page.locator(".hub-starters button")
    starters.nth(1).focus()
    page.keyboard.press("Enter")
    expect(tabs).to_have_count(2)
    second = starters_of(page)[1]["query"]
    expect(page.locator(f"{QUERY_EDITOR} .view-line").first).to_have_text(second.splitlines()[0])
    page.wait_for_timeout(300)
    starters.nth(0).click()
    expect(page.locator(".graphiql-tab-active")).to_have_count(1)
    expect(tabs).to_have_count(2)
    assert_quiet(watched)


def copy_by(page: Page, button: str) -> str:
    """Press a button of the toolbar that copies; return the clipboard once the page has said what came of it."""
    page.get_by_role("button", name=re.compile(button)).click()
    expect(page.locator(".hub-said")).not_to_be_empty()
    copied: str = page.evaluate("navigator.clipboard.readText()")
    return copied


def test_a_link_opens_the_query_and_holds_nobodys_data(watched: WatchedPage, site: str) -> None:
    page = open_graphiql(watched, site)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    person = json.loads(starters_of(page)[0]["variables"])["personalId"]
    link = copy_by(page, "Copy a link")
    assert "without variables" in page.locator(".hub-said").inner_text()
    assert (person in link, link.startswith(f"{site}/graphql#query=")) == (False, True)
    replace_text(page, QUERY_EDITOR, f'{{ citizen(personalId: "{person}')
    assert copy_by(page, "Copy a link") == link, "refused: the clipboard is as it was"
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator(f"{QUERY_EDITOR} .view-lines")).to_contain_text("fullName")
    assert person not in shown_text(page.locator(VARIABLE_EDITOR))
    assert page.evaluate("location.hash") == "", "a reload is a reload of what was typed since"
    assert not any("query" in address for address in watched.asked), "what stands behind the # is sent to nobody"


def test_a_request_is_copied_as_curl_that_runs(watched: WatchedPage, site: str) -> None:
    page = open_graphiql(watched, site)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    command = copy_by(page, "Copy as curl")
    assert '"authorization: Bearer $HUB_TOKEN"' in command
    assert starters_of(page)[0]["variables"].split('"')[3] in command
    done = subprocess.run(["bash", "-c", command], env={**os.environ, "HUB_TOKEN": "x", "NO_PROXY": "127.0.0.1"}, capture_output=True, text=True, timeout=60, check=True)  # fmt: skip
    assert json.loads(done.stdout)["data"]["citizen"]


def test_a_query_runs_on_a_telephone(watched: WatchedPage, site: str) -> None:
    watched.page.set_viewport_size({"width": 390, "height": 844})
    page = open_graphiql(watched, site)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name=re.compile("Execute")).click()
    expect(page.locator(f"{RESPONSE} .view-lines")).to_contain_text("data")
    for pane in (QUERY_EDITOR, VARIABLE_EDITOR, RESPONSE):
        box = page.locator(pane).bounding_box()
        assert box is not None
        assert box["width"] > 250, pane
        assert box["height"] > 120, pane


def test_completion_offers_fields_of_the_schema(watched: WatchedPage, site: str) -> None:
    listed = httpx2.post(f"{site}/graphql", json={"query": ROOT_FIELDS}).json()
    names = {entry["name"] for entry in listed["data"]["__schema"]["queryType"]["fields"]}
    wanted = sorted(names)[0]
    page = open_graphiql(watched, site)
    replace_text(page, QUERY_EDITOR, "{ " + wanted[:2])
    page.keyboard.press("Control+Space")
    row = page.locator(".suggest-widget.visible .monaco-list-row", has_text=wanted).first
    expect(row).to_be_visible()
    assert_quiet(watched)


def test_mistake_is_underlined(watched: WatchedPage, site: str) -> None:
    page = open_graphiql(watched, site)
    replace_text(page, QUERY_EDITOR, "{ noSuchFieldAnywhere")
    expect(page.locator(f"{QUERY_EDITOR} .squiggly-error").first).to_be_visible()
    assert_quiet(watched)


def test_explorer_docs_and_history_open(watched: WatchedPage, site: str) -> None:
    page = open_graphiql(watched, site)
    run_by_keyboard(page)
    page.get_by_role("button", name=re.compile("Show Documentation Explorer")).click()
    expect(page.locator(".graphiql-doc-explorer")).to_contain_text("Query")
    page.get_by_role("button", name=re.compile("Show GraphiQL Explorer")).click()
    expect(page.locator(".docExplorerWrap")).to_contain_text("query")
    page.get_by_role("button", name=re.compile("Show History")).click()
    expect(page.locator(".graphiql-history-items li").first).to_be_visible()
    assert_quiet(watched)


def test_prettify_formats_query_and_variables(watched: WatchedPage, site: str) -> None:
    page = open_graphiql(watched, site)
    replace_text(page, QUERY_EDITOR, "{__typename")
    replace_text(page, VARIABLE_EDITOR, '{"a":[1,2]')
    page.get_by_role("button", name=re.compile("Prettify")).click()
    expect(page.locator(f"{QUERY_EDITOR} .view-line", has_text=re.compile(r"^\s+__typename$"))).to_be_visible()
    expect(page.locator(f"{VARIABLE_EDITOR} .view-line", has_text=re.compile(r'^\s+"a":\s\[$'))).to_be_visible()
    assert_quiet(watched)


def test_theme_follows_the_system_and_can_be_chosen(chromium: Browser, site: str) -> None:
    with watched_page(chromium, "dark") as watched:
        page = open_graphiql(watched, site)
        background = "getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor"
        dark = page.evaluate(background)
        page.get_by_role("button", name="Open settings dialog").click()
        page.get_by_role("button", name="Light", exact=True).click()
        assert page.evaluate(background) == "rgb(255, 255, 255)" != dark
        assert_quiet(watched)


def test_queries_do_not_outlive_the_tab(watched: WatchedPage, site: str) -> None:
    """Variables can hold personal identifiers, so nothing of a query may stay on a shared machine."""
    page = open_graphiql(watched, site)
    run_by_keyboard(page)
    page.wait_for_timeout(800)
    assert "query" in page.evaluate("JSON.stringify(sessionStorage)")
    assert "query" not in page.evaluate("JSON.stringify(localStorage)")
    page.reload()
    expect(page.locator(".graphiql-tab")).to_have_count(1)
    assert_quiet(watched)


def test_subscription_streams_over_web_socket(watched: WatchedPage, small_hub: str) -> None:
    page = open_graphiql(watched, small_hub)
    page.locator(".hub-starters button", has_text="Follow changes").click()
    page.wait_for_timeout(300)
    page.locator(f"{QUERY_EDITOR} .view-lines").first.click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"{RESPONSE} .view-lines")).to_contain_text("3")
    assert any(url.startswith("ws://127.0.0.1") for url in watched.asked)
    assert_quiet(watched)


def test_starter_text_cannot_break_out_of_the_page(watched: WatchedPage) -> None:
    hostile = "# </script><script>document.title = 'broken'</script>\n{ __typename }"
    with serve(make_app((StarterQuery("<b>Đậm</b>", "<i>thin</i>", hostile),))) as url:
        page = open_graphiql(watched, url)
        expect(page).to_have_title("GraphQL hub")
        expect(page.locator(".hub-starters button")).to_contain_text("<b>Đậm</b>")
        assert "</script>" in shown_text(page.locator(QUERY_EDITOR))
        assert_quiet(watched)


def test_policy_refuses_what_leaves_the_machine(watched: WatchedPage, site: str) -> None:
    page = open_graphiql(watched, site)
    refused = page.evaluate(
        """async () => {
            const seen = [];
            addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
            await fetch('https://cdn.example/data').catch(() => {});
            const image = new Image(); image.src = 'https://cdn.example/dot.png';
            await new Promise((done) => setTimeout(done, 300));
            return seen;
        }"""
    )
    assert sorted(refused) == ["connect-src", "img-src"]
    assert watched.outside == []


def test_recorder_catches_a_page_that_calls_out(watched: WatchedPage) -> None:
    """Proves the guard of the other tests: a page without a policy that calls out is blocked and recorded."""
    watched.page.set_content('<img src="https://cdn.example/dot.png">')
    watched.page.evaluate("new WebSocket('wss://cdn.example/socket') && undefined")
    watched.page.wait_for_timeout(300)
    assert sorted(watched.outside) == ["https://cdn.example/dot.png", "wss://cdn.example/socket"]


@pytest.mark.parametrize("name", sorted(path.name for path in STATIC_DIRECTORY.iterdir()))
def test_built_files_are_served_for_caching(name: str, small_hub: str) -> None:
    response = httpx2.get(f"{small_hub}/static/graphiql/{name}")
    assert response.status_code == 200
    hashed = name not in ("manifest.json", "LICENSES.md")
    assert ("immutable" in response.headers["cache-control"]) is hashed


@pytest.mark.parametrize("endpoint", ["https://elsewhere.example/graphql", "//elsewhere.example/graphql", "graphql"])
def test_endpoint_must_be_a_path_of_this_server(endpoint: str) -> None:
    with pytest.raises(ValueError, match="not a path on this server"):
        render_graphiql_page(endpoint, ())


@pytest.mark.parametrize("manifest", [None, "{", "{}"])
def test_missing_build_says_what_to_run(manifest: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest, encoding="utf-8")
    monkeypatch.setattr(graphiql_page, "STATIC_DIRECTORY", tmp_path)
    with pytest.raises(HubMisconfigured, match="make assets"):
        graphiql_routes()
