"""The officer's console in Chromium: by keyboard alone, without violations of axe-core, and without a request to any other machine."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import MagicMock
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from hub.console.developer.start_pages import SDL_PATH
from hub.console.layout.page_response import SCRIPT_PATH, STYLE_PATH
from hub.console.operator.source_pages import LIVE_PATH
from hub.console.pages import Console
from hub.ingest.connectors import load_manifests
from hub.jobs.schema import migrate_queue
from hub.model.registry import load_registry
from hub.quality.snapshots import take_snapshot
from hub.store.engine import connect_for_run
from tests.browser.watched import WatchedPage
from tests.clients.conftest import NodeProject
from tests.system.console.test_rejected import rejected as rejected
from tests.system.servers.console_site import ConsoleSite
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

HERE = Path(__file__).parent
MOST_TABS = 60
VIEWPORTS = ((1366, 768), (390, 844))
NO_PAGES = frozenset({STYLE_PATH, SCRIPT_PATH, LIVE_PATH, SDL_PATH})
"""What the console serves beside its pages."""
HELD_PATHS: set[str] = set()
"""Paths of the pages that were held against axe-core, by all tests of this file."""
RUN_AXE = """async () => {
    const found = await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']});
    return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(' | ')}`);
}"""


@pytest.fixture(scope="session")
def axe(scratch: Path) -> str:
    """The text of axe-core, installed by its lock into a scratch folder."""
    project = NodeProject(scratch / "axe")
    project.folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, project.folder)
    project.run("npm", "ci", "--ignore-scripts")
    return (project.folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def tab_to(page: Page, words: str, most: int = MOST_TABS) -> None:
    """Press Tab until the focus is on what has these words, as somebody without a mouse does."""
    focused = "document.activeElement.innerText || document.activeElement.labels?.[0]?.innerText || ''"
    for _ in range(most):
        page.keyboard.press("Tab")
        if words in page.evaluate(focused):
            return
    raise AssertionError(f"no Tab leads to {words}")


def press_enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


def sign_in(page: Page, site: ConsoleSite, who: str = "Lê An", path: str = "/console") -> None:
    page.goto(f"{site.url}{path}")
    tab_to(page, who)
    press_enter(page)
    expect(page).to_have_url(f"{site.url}{path}")


def search(page: Page, text: str, heading: str) -> None:
    """The box has the focus when its page opens: on a busy machine some moments later, and keys before that go nowhere."""
    box = page.get_by_label(re.compile("^Số định danh"))
    expect(box).to_be_focused()
    page.keyboard.type(text)
    expect(box).to_have_value(text)
    press_enter(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)


def test_from_sign_in_to_the_sheet_by_keyboard_in_four_steps(watched: WatchedPage, site: ConsoleSite) -> None:
    page = watched.page
    sign_in(page, site)
    search(page, site.seller, site.name)
    tab_to(page, "Chuyển nhượng quyền sử dụng đất")
    press_enter(page)
    tab_to(page, "Bên nhận chuyển nhượng")
    page.keyboard.type(site.buyer)
    tab_to(page, "Mã hồ sơ")
    page.keyboard.type("H49.12-251118-7101")
    press_enter(page)
    expect(page).to_have_url(re.compile("/console/dossiers/H49.12-251118-7101"))
    expect(page.get_by_role("heading", name=re.compile("Đã có"))).to_be_visible()
    tab_to(page, "Chọn")
    press_enter(page)
    expect(page.get_by_text("Đã chọn")).to_be_visible()
    tab_to(page, "Vì sao có ở đây?")
    page.keyboard.press("Enter")
    expect(page.locator("details.why[open]")).to_have_count(1)
    page.go_back()
    page.reload()
    expect(page.get_by_text("Đã chọn")).to_be_visible()
    assert watched.outside == []
    assert watched.complaints == []


def test_an_officer_corrects_asks_prints_and_closes_by_keyboard(watched: WatchedPage, site: ConsoleSite) -> None:
    page, code = watched.page, "H49.12-251118-7103"
    site.officer().search(site.seller)
    sign_in(page, site)
    search(page, site.seller, site.name)
    tab_to(page, "Chuyển nhượng quyền sử dụng đất")
    press_enter(page)
    tab_to(page, "Bên nhận chuyển nhượng")
    page.keyboard.type(site.buyer)
    tab_to(page, "Mã hồ sơ")
    page.keyboard.type(code)
    press_enter(page)
    tab_to(page, "Sửa", most=200)
    press_enter(page)
    tab_to(page, "Giá trị đúng")
    page.keyboard.type(f"{site.name} Anh")
    tab_to(page, "Lý do")
    page.keyboard.type("Căn cước công dân")
    tab_to(page, "Gửi yêu cầu")
    press_enter(page)
    expect(page.get_by_text("Đang chờ chỉnh sửa").first).to_be_visible()
    tab_to(page, "Yêu cầu giấy tờ", most=400)
    press_enter(page)
    tab_to(page, "Hợp đồng chuyển nhượng")
    page.keyboard.press("Space")
    tab_to(page, "Ghi nhận yêu cầu")
    press_enter(page)
    expect(page.get_by_role("heading", name=re.compile("^Đã yêu cầu"))).to_be_visible()
    tab_to(page, "Về phiếu hồ sơ")
    press_enter(page)
    tab_to(page, "Lưu và in phiếu xác nhận", most=400)
    press_enter(page)
    expect(page.get_by_role("heading", name=re.compile("^Phiếu xác nhận"))).to_be_visible()
    page.go_back()
    tab_to(page, "Kết thúc hồ sơ", most=400)
    page.keyboard.press("Enter")
    tab_to(page, "Lý do, không ghi")
    page.keyboard.type("Đã giải quyết xong")
    tab_to(page, "Đóng: đã giải quyết xong")
    press_enter(page)
    expect(page).to_have_url(re.compile(r"/console\?notice=closed"))
    assert watched.outside == []


def test_an_operator_pauses_and_resumes_a_source_by_keyboard(watched: WatchedPage, site: ConsoleSite) -> None:
    page = watched.page
    migrate_queue(site.database)
    sign_in(page, site, "Ngô Dung", "/console/sources")
    tab_to(page, "Chạy, tạm dừng")
    page.keyboard.press("Enter")
    tab_to(page, "Tạm dừng")
    press_enter(page)
    expect(page.get_by_text("Đã tạm dừng nguồn.")).to_be_visible()
    page.locator("details", has_text="Đọc trở lại").locator("summary").focus()
    page.keyboard.press("Enter")
    tab_to(page, "Đọc trở lại")
    press_enter(page)
    expect(page.get_by_text("Nguồn được đọc trở lại.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Đọc trở lại"))).to_have_count(0)
    assert watched.outside == []


def test_a_live_page_leaves_alone_what_somebody_opens_while_it_reads_itself(
    watched: WatchedPage, site: ConsoleSite
) -> None:
    page = watched.page
    held: list[Route] = []
    migrate_queue(site.database)
    sign_in(page, site, "Ngô Dung", "/console/sources")
    page.evaluate("document.getElementById('live').dataset.first = ''")
    page.route("**/console/sources", lambda route: held.append(route))
    with page.expect_request("**/console/sources"), connect_for_run(site.database) as connection:
        connection.execute(
            "update hub.run set ended_at = ended_at + interval '1 ms' where id = (select max(id) from hub.run)"
        )
    page.locator("#live summary").first.click()
    with page.expect_response("**/console/sources") as answered:
        held.pop().fallback()
    answered.value.finished()
    page.wait_for_timeout(200)  # for what the page does with the answer
    assert page.locator("#live[data-first] details[open] summary").evaluate("one => one === document.activeElement")
    page.unroute_all()
    # Once nobody is at work in it, it reads itself again.
    page.keyboard.press("Shift+Tab")
    page.evaluate("document.activeElement.blur()")
    expect(page.locator("#live[data-first]")).to_have_count(0)


def find_faults(page: Page, axe: str, name: str) -> list[str]:
    """Violations of axe-core at both screens, and whether the page is wider than one."""
    faults: list[str] = []
    page.wait_for_load_state()  # a page that a link led to may have no style sheet yet
    HELD_PATHS.add(urlsplit(page.url).path)
    for width, height in VIEWPORTS:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("scrollTo(0, 0)")  # what lies half under a bar that sticks to the screen has no size of its own
        page.evaluate(axe)  # not as a script of the page, whose policy allows its own alone
        faults.extend(f"{name} at {width}: {one}" for one in page.evaluate(RUN_AXE))
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{name} at {width}: wider than the screen")
    return faults


def test_every_page_is_accessible_and_fits_both_screens(watched: WatchedPage, site: ConsoleSite, axe: str) -> None:
    page, code = watched.page, "H49.12-251118-7102"
    faults: list[str] = []

    def check(name: str) -> None:
        faults.extend(find_faults(page, axe, name))

    page.goto(f"{site.url}/sign-in?next=/console")
    check("sign-in")
    sign_in(page, site)
    check("search")
    search(page, "Hoà", "Tìm người hoặc hồ sơ")
    check("search refused")
    page.goto(f"{site.url}/console")
    search(page, "nguyen 02/02/1902", "Không tìm thấy ai")
    check("nobody")
    page.goto(f"{site.url}/console")
    search(page, site.seller, site.name)
    page.get_by_role("link", name=re.compile("Chuyển nhượng quyền sử dụng đất")).click()
    check("form")
    page.get_by_role("button", name=re.compile("Mở hồ sơ")).click()
    check("form refused")
    page.get_by_label("Bên nhận chuyển nhượng", exact=False).first.fill(site.buyer)
    page.get_by_label(re.compile("Mã hồ sơ")).fill(code)
    page.get_by_role("button", name=re.compile("Mở hồ sơ")).click()
    expect(page).to_have_url(re.compile(code))
    page.locator("details").last.locator("summary").click()
    check("sheet")
    page.get_by_role("link", name=re.compile("^Sửa Đã kết hôn")).first.click()
    check("correction")
    page.goto(f"{site.url}/console/dossiers/{code}")
    page.get_by_role("link", name=re.compile("^Yêu cầu giấy tờ: Hợp đồng")).click()
    check("papers")
    page.get_by_role("button", name=re.compile("^Ghi nhận")).click()
    expect(page.get_by_role("heading", name=re.compile("^Đã yêu cầu"))).to_be_visible()
    check("papers asked for")
    page.go_back()
    page.reload()
    expect(page.get_by_text("Đã yêu cầu lúc")).to_have_count(1)
    page.goto(f"{site.url}/console/dossiers/{code}")
    page.locator("details.why").nth(20).locator("summary").click()
    page.get_by_role("link", name=re.compile("^Xem chứng cứ")).first.click()
    check("evidence")
    page.goto(f"{site.url}/console/dossiers/{code}/snapshots")
    check("snapshots")
    page.get_by_role("link", name=re.compile("^So với hôm nay")).click()
    check("difference")
    page.goto(f"{site.url}/console/dossiers")
    check("list of dossiers")
    page.goto(f"{site.url}/console/dossiers/H49.12-251118-9999")
    check("refusal")
    assert faults == []
    assert watched.outside == []


def test_the_start_of_developers_is_accessible(watched: WatchedPage, site: ConsoleSite, axe: str) -> None:
    page = watched.page
    page.goto(f"{site.url}/")
    expect(page).to_have_url(re.compile("/(developers)?$"))
    page.goto(f"{site.url}/developers")
    for one in page.locator("details").all():
        one.evaluate("(details) => { details.open = true; }")
    assert find_faults(page, axe, "developers") == []
    page.get_by_role("link", name=re.compile("GraphiQL")).click()
    expect(page).to_have_url(f"{site.url}/graphql")
    assert watched.outside == []


def press_key(page: Page, key: str) -> None:
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_reviewer_decides_undoes_and_passes_with_one_key_each(
    watched: WatchedPage, site: ConsoleSite, axe: str
) -> None:
    page = watched.page
    sign_in(page, site, "Đỗ Chi", "/console/review")
    left = page.locator(".progress b")
    before = int(left.inner_text())
    assert find_faults(page, axe, "question") == []
    press_key(page, "s")
    expect(page.get_by_text("Đã ghi: Trùng")).to_be_visible()
    assert int(left.inner_text()) < before
    assert find_faults(page, axe, "decided") == []
    press_key(page, "z")
    expect(page.get_by_text("Đã hoàn tác.")).to_be_visible()
    expect(left).to_have_text(str(before))
    press_key(page, "u")
    expect(page).to_have_url(re.compile("after="))
    page.get_by_label(re.compile("^Lý do khác")).first.fill("d")
    expect(page).to_have_url(re.compile("after="))
    page.get_by_role("button", name=re.compile("^Phím tắt")).click()
    page.keyboard.press("d")
    assert int(left.inner_text()) == before, "keys that were switched off do nothing"
    page.goto(f"{site.url}/console/review/checks")
    assert find_faults(page, axe, "second opinions") == []
    assert watched.outside == []
    assert watched.complaints == []


def test_an_operator_sees_sources_and_what_waits(watched: WatchedPage, site: ConsoleSite, axe: str) -> None:
    page = watched.page
    migrate_queue(site.database)
    sign_in(page, site, "Ngô Dung", "/console/sources")
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    assert find_faults(page, axe, "sources") == []
    expect(page.get_by_text("Trực tiếp")).to_be_visible()
    tab_to(page, "Việc chờ xử lý")
    press_enter(page)
    assert find_faults(page, axe, "waiting") == []
    for path in ("discrepancies", "state"):
        page.goto(f"{site.url}/console/{path}")
        expect(page.get_by_role("heading", level=2).first).to_be_visible()
        assert find_faults(page, axe, path) == []
    assert watched.outside == []
    # Leaving a live page ends its stream.
    assert [one for one in watched.complaints if not one.endswith("/console/live")] == []


def test_quality_leads_from_sources_to_fields_and_communes(watched: WatchedPage, site: ConsoleSite, axe: str) -> None:
    now = datetime.now(UTC)
    with connect_for_run(site.database) as connection:
        for days in (1, 0):
            at = now - timedelta(days=days)
            take_snapshot(connection, load_registry(), load_manifests(), keep_days=400, at=at)
    page = watched.page
    sign_in(page, site, "Ngô Dung", "/console/quality")
    expect(page.locator("svg.spark").first).to_be_visible()
    assert find_faults(page, axe, "quality") == []
    page.get_by_role("link", name="Theo xã, phường").focus()
    press_enter(page)
    assert find_faults(page, axe, "quality-units") == []
    page.locator("tbody a").first.focus()
    press_enter(page)
    assert find_faults(page, axe, "quality-unit") == []
    page.goto(f"{site.url}/console/quality/procedures/land-right-transfer")
    assert find_faults(page, axe, "quality-procedure") == []
    page.goto(f"{site.url}/console/quality/sources/finance")
    tab_to(page, "Từng trường")
    press_enter(page)
    assert find_faults(page, axe, "quality-fields") == []


def test_a_steward_mends_a_group_of_rejected_rows(
    watched: WatchedPage, site: ConsoleSite, axe: str, rejected: dict[str, int]
) -> None:
    page = watched.page
    sign_in(page, site, "Đỗ Chi", "/console/rejected")
    assert find_faults(page, axe, "rejected groups") == []
    press_key(page, "1")
    page.go_back()
    tab_to(page, "Bản ghi đã để ngoài")
    press_enter(page)
    assert find_faults(page, axe, "groups left out") == []
    tab_to(page, "Bản ghi đang chờ")
    press_enter(page)
    tab_to(page, "Công dân, ngày sinh")
    press_enter(page)
    assert find_faults(page, axe, "rejected group") == []
    page.get_by_label(re.compile("^Cách sửa")).select_option("READ_DAY:MONTH_DAY_YEAR")
    page.get_by_label(re.compile("^Lý do, căn cứ")).fill("nguồn ghi tháng trước")
    press_enter(page)
    expect(page.get_by_text("Sửa được 2 trong 2")).to_be_visible()
    assert find_faults(page, axe, "preview of a correction") == []
    tab_to(page, "Áp dụng cho 2 bản ghi")
    press_enter(page)
    expect(page.get_by_text("Đã ghi cách sửa")).to_be_visible()
    tab_to(page, "Để ngoài bản ghi đã chọn")
    press_enter(page)
    expect(page.get_by_text("Đánh dấu ít nhất một bản ghi.")).to_be_visible()
    assert find_faults(page, axe, "dismissal refused") == []
    assert watched.outside == []
    assert [one for one in watched.complaints if "422" not in one] == []


def test_an_auditor_and_a_citizen_see_who_looked(watched: WatchedPage, site: ConsoleSite, axe: str) -> None:
    page = watched.page
    site.officer().search(site.seller)
    sign_in(page, site, "Công dân", "/console/mine")
    expect(page.get_by_text(site.name).first).to_be_visible()
    assert find_faults(page, axe, "citizen") == []
    page.context.clear_cookies()
    sign_in(page, site, "Trần Kiểm", "/console/log")
    tab_to(page, "Về người có số định danh")
    page.keyboard.type(site.seller)
    press_enter(page)
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    assert site.seller not in page.url
    assert find_faults(page, axe, "log") == []
    page.goto(f"{site.url}/console/ledger")
    tab_to(page, "Bắt đầu")
    press_enter(page)
    expect(page.get_by_text("Đã kiểm tra.")).to_be_visible()
    assert find_faults(page, axe, "ledger") == []
    page.goto(f"{site.url}/console/breach")
    page.get_by_label(re.compile("^Khóa hoặc tài khoản")).fill("key:abcdefgh")
    page.get_by_label(re.compile("^Lộ từ lúc")).fill("01/07/2026")
    press_enter(page)
    expect(page.get_by_role("heading", name=re.compile("Thông báo vi phạm"))).to_be_visible()
    assert find_faults(page, axe, "breach") == []
    assert watched.outside == []
    assert watched.complaints == []


def test_no_page_of_the_console_was_forgotten(request: pytest.FixtureRequest) -> None:
    run = {item.name for item in request.session.items if item.path == Path(__file__)}
    if run < {name for name in globals() if name.startswith("test_")}:
        return  # only some of the tests of this file were chosen
    nothing = MagicMock()  # only the table of routes is looked at
    console = Console(nothing, nothing, nothing, {}, receipt_path="/receipt", graphql_path="/graphql", grades={})
    pages = {
        one.path: one.path_regex
        for one in console.routes()
        if "GET" in (one.methods or ()) and one.path not in NO_PAGES
    }
    assert "/console/dossiers/{code}" in pages
    held = {path for path, pattern in pages.items() if any(pattern.match(visited) for visited in HELD_PATHS)}
    assert pages.keys() - held == set()
