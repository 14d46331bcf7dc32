"""Retake the pictures of docs/tour.md and those of pages in the guides, by walking through a demonstration: `python -m tests.browser.tour`.

It starts a demonstration of its own in a scratch folder, changes its source systems where the tour says that somebody does, and waits for the
demonstration's worker to read the change, as a visitor would. A step that does not find what the tour promises fails.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from playwright.sync_api import Browser, Page, expect, sync_playwright
from psycopg.conninfo import make_conninfo

from hub.demo.systems.sector_systems import POPULATION_DATABASE
from hub.ingest.connectors import load_manifests
from hub.model.registry import load_registry
from hub.quality.snapshots import take_snapshot
from hub.store.engine import connect_for_run
from tests.browser.watched import launch_chromium, watched_page

PICTURES = Path(__file__).parents[2] / "docs" / "images" / "tour"
START_WITHIN_S, READ_WITHIN_S, LOOK_EVERY_S = 300.0, 400.0, 3.0
"""How long the demonstration may take to start, and its worker to read and link a change."""
SPOUSE_IDENTIFIER = "022184173560"
OFFICER, REVIEWER, OPERATOR = "Cán bộ đăng ký đất đai", "Người rà soát liên kết", "Người vận hành"
AUDITOR, CITIZEN = "Người kiểm tra", "Công dân, qua cổng dịch vụ công"
QUESTIONS = 10
TOLD_APART = """
select split_part(full_name, ' ', 1), to_char(birth_date::date, 'DD/MM/YYYY') from data.citizen
where length(birth_date) = 10 and death_date is null
group by 1, 2 having count(*) between 3 and 5
order by count(*) desc, 1, 2 limit 1"""
"""A family name and a birth date that a few people share."""
POPULATION = "Cơ sở dữ liệu dân cư và hộ tịch"
BROKEN, MENDED = (re.compile(rf"Lần chạy cuối[^\n]*\s+({words})") for words in ("Thất bại|Một phần", "Thành công"))
NONE_TO_CONFIRM = re.compile(r"Cần xác nhận\s+0\b")


@dataclass(frozen=True)
class Demonstration:
    """A running demonstration: its folder, its address, and the person and the dossier that it names."""

    folder: Path
    url: str
    personal_id: str
    dossier: str

    @property
    def database_url(self) -> str:
        """The store's address, of its owner."""
        (found,) = re.findall(r"HUB_DATABASE_URL='([^']+)'", (self.folder / ".hub" / "hub.env").read_text())
        return str(found)

    @contextmanager
    def population(self) -> Iterator[psycopg.Connection]:
        """The population register's own database."""
        with psycopg.connect(make_conninfo(self.database_url, dbname=POPULATION_DATABASE), autocommit=True) as made:
            yield made

    def rename_holder(self, before: str, after: str) -> None:
        """Write another name of the same length on the first certificate, as a clerk of the land office would."""
        (path,) = self.folder.glob(".hub/demo/province-*/land/quyen-su-dung-dat.jsonl")
        with path.open("r+b") as file:
            line = file.readline()
            changed = line.replace(f'"ho_ten":"{before}"'.encode(), f'"ho_ten":"{after}"'.encode())
            assert changed != line, before
            assert len(changed) == len(line), "lines are found by where they begin"
            file.seek(0)
            file.write(changed)


@contextmanager
def start_demonstration() -> Iterator[Demonstration]:
    """A demonstration of 3,000 citizens in a scratch folder. Raises TimeoutError."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "said").open("w+") as said:
        command = [str(Path(sys.executable).parent / "hub"), "demo", "--citizens", "3000", "--port", "0"]
        running = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT)
        try:

            def read_start() -> str:
                text = Path(said.name).read_text(encoding="utf-8")
                assert running.poll() is None, text
                return text if "Stop with" in text else ""

            text = wait_until(read_start, START_WITHIN_S)
            url, person, dossier = (
                re.search(pattern, text)[1]  # type: ignore[index]  # it has been printed
                for pattern in (r"Sign in: (\S+)/sign-in", r"search for (\d{12})", r"The dossier (\S+) is open")
            )
            yield Demonstration(Path(folder), url, person, dossier)
        finally:
            running.terminate()
            running.wait(60)


def wait_until(look: Callable[[], str], within_s: float) -> str:
    """What `look` gives as soon as it is not empty. Raises TimeoutError."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(LOOK_EVERY_S)
    raise TimeoutError(f"not seen within {within_s:.0f} s")


@dataclass
class Visitor:
    """Somebody signed in to the demonstration, who takes pictures."""

    page: Page
    demo: Demonstration

    def open(self, path: str) -> None:
        """Open a page of the hub."""
        self.page.goto(f"{self.demo.url}{path}")

    def wait_for(self, path: str, look: Callable[[], str]) -> str:
        """Open a page again and again until `look` finds something on it. Raises TimeoutError."""

        def open_and_look() -> str:
            self.open(path)
            return look()

        return wait_until(open_and_look, READ_WITHIN_S)

    def text(self) -> str:
        """What the page says."""
        return self.page.inner_text("main")

    def take(self, name: str, at: str | None = None) -> None:
        """A picture of what is on the screen; `at` is what stands at its top."""
        if at is not None:
            self.page.locator(at).first.evaluate("one => one.scrollIntoView({block: 'start'})")
            self.page.mouse.wheel(0, -70)  # what sticks to the top would cover it
        self.page.mouse.move(0, 0)
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=PICTURES / f"{name}.png")
        print(name, flush=True)


@contextmanager
def signed_in(browser: Browser, demo: Demonstration, who: str) -> Iterator[Visitor]:
    """A browser of its own, signed in as one of the demonstration's people."""
    with watched_page(browser) as watched:
        visitor = Visitor(watched.page, demo)
        visitor.open("/sign-in")
        watched.page.get_by_text(who).first.click()
        watched.page.wait_for_load_state()
        yield visitor
        assert not watched.outside, watched.outside


def show_officer_pages(officer: Visitor) -> None:
    """The pages of an officer, for the guide."""
    page, sheet = officer.page, f"/console/dossiers/{officer.demo.dossier}"
    with psycopg.connect(officer.demo.database_url) as connection:
        family = connection.execute(TOLD_APART).fetchone()
    assert family is not None
    officer.open("/console")
    page.get_by_label(re.compile("^Số định danh")).fill(" ".join(family))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("phù hợp")
    officer.take("../console-candidates")
    officer.open(sheet)
    officer.take("../console-sheet")
    page.set_viewport_size({"width": 390, "height": 844})
    officer.take("../console-sheet-390")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.locator("details.why").nth(20).locator("summary").click()
    page.get_by_role("link", name=re.compile("^Xem chứng cứ")).first.click()
    page.wait_for_load_state()
    officer.take("../console-evidence")
    officer.open(sheet)
    page.get_by_role("link", name=re.compile("^Yêu cầu giấy tờ")).first.click()
    page.wait_for_load_state()
    officer.take("../console-papers")
    officer.open("/console/dossiers")
    officer.take("../console-dossiers")


def show_steward_pages(reviewer: Visitor) -> None:
    """The pages of a reviewer, for the guide."""
    reviewer.open("/console/review?field=TAX_OBLIGATION_DEBTOR")
    reviewer.take("../console-review")
    reviewer.open("/console/discrepancies")
    reviewer.take("../console-discrepancies")
    show_rejected_group(reviewer)


def show_rejected_group(reviewer: Visitor) -> None:
    """Areas with a hyphen before them, and the preview of one correction for all of them."""
    page = reviewer.page
    reviewer.open("/console/rejected")
    page.get_by_role("link", name=re.compile("^Thửa đất, diện tích")).first.click()
    page.get_by_label(re.compile("^Cách sửa")).select_option("REPLACE_TEXT")
    page.get_by_label(re.compile("^Giá trị hoặc đoạn")).fill("-")
    page.get_by_label(re.compile("^Lý do, căn cứ")).fill("nguồn viết thừa dấu gạch trước diện tích")
    page.get_by_role("button", name=re.compile("^Xem thử")).click()
    expect(page.get_by_text(re.compile("Sửa được [1-9]"))).to_be_visible()
    reviewer.take("../console-rejected")


def show_operator_pages(operator: Visitor) -> None:
    """The pages of an operator, for the guide. Three nights are measured: a trend."""
    with connect_for_run(operator.demo.database_url) as connection:
        for days in (2, 1, 0):
            at = datetime.now(UTC) - timedelta(days=days)
            take_snapshot(connection, load_registry(), load_manifests(), keep_days=400, at=at)
    for path, name in (
        ("sources", "sources"),
        ("state", "state"),
        ("quality", "quality"),
        ("quality/units", "quality-units"),
    ):
        operator.open(f"/console/{path}")
        operator.take(f"../console-{name}")


def walk_transfer(officer: Visitor) -> None:
    """A transfer of land from the counter to the receipt."""
    page, code = officer.page, f"{officer.demo.dossier[:-4]}0077"
    officer.open("/console")
    box = page.get_by_label(re.compile("^Số định danh"))
    box.fill("hoà nguyễn văn 14/05/1980")
    officer.take("counter-1-search")
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    if not page.get_by_text("Chọn thủ tục").count():
        officer.take("counter-2-candidates")
        officer.open("/console")
        page.get_by_label(re.compile("^Số định danh")).fill(officer.demo.personal_id)
        page.keyboard.press("Enter")
    expect(page.get_by_text("Chọn thủ tục")).to_be_visible()
    officer.take("counter-3-person")
    page.get_by_text("Chuyển nhượng quyền sử dụng đất").first.click()
    page.get_by_label(re.compile("Bên nhận chuyển nhượng")).fill(SPOUSE_IDENTIFIER)
    page.get_by_label(re.compile("Mã hồ sơ")).fill(code)
    officer.take("counter-4-dossier")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/console/dossiers/{code}"))
    officer.take("counter-5-sheet")
    serial = page.locator(".answer").filter(has_text="Số phát hành giấy chứng nhận").first
    serial.get_by_text("Vì sao có ở đây?").click()
    serial.evaluate("one => one.closest('dl').previousElementSibling.id = 'certificate'")
    officer.take("counter-6-why", at="#certificate")
    serial.get_by_text("Xem chứng cứ").click()
    page.wait_for_load_state()
    officer.take("counter-6-evidence")
    page.go_back()
    officer.take("counter-7-to-ask", at="#to_ask")
    page.get_by_role("button", name=re.compile("Lưu và in phiếu")).click()
    page.wait_for_load_state()
    officer.take("counter-8-receipt")


def walk_correction(officer: Visitor) -> None:
    """A contradiction between two sectors, corrected by its owner, closed by itself."""
    page, sheet = officer.page, f"/console/dossiers/{officer.demo.dossier}"
    officer.open(sheet)
    name = re.search(r"Họ và tên bên chuyển nhượng[^\n]*\n+([^\n]+)", officer.text())
    assert name is not None
    right, wrong = name[1].strip(), f"{name[1].strip()[:-1]}è"
    officer.demo.rename_holder(right, wrong)
    officer.wait_for(sheet, lambda: wrong if wrong in officer.text() else "")
    officer.take("correction-1-sources-differ", at="#to_confirm")
    page.get_by_label(f"Sửa {wrong}").first.click()
    page.get_by_label(re.compile("^Giá trị đúng")).fill(right)
    page.get_by_label(re.compile("^Lý do")).fill("Căn cước công dân")
    officer.take("correction-2-request")
    page.get_by_role("button", name=re.compile("Gửi yêu cầu")).click()
    page.wait_for_load_state()
    officer.take("correction-3-waiting", at="#to_confirm")
    officer.demo.rename_holder(wrong, right)
    officer.wait_for(sheet, lambda: right if NONE_TO_CONFIRM.search(officer.text()) else "")
    officer.take("correction-4-closed")


def walk_review(reviewer: Visitor) -> None:
    """Ten questions about links, each decided by one key."""
    page = reviewer.page
    reviewer.open("/console/review")
    reviewer.take("review-1-question")
    for number in range(QUESTIONS):
        with page.expect_navigation():
            page.keyboard.press("s" if number % 3 else "d")
        expect(page.get_by_text("Đã ghi")).to_be_visible()
    reviewer.take("review-2-after-ten")


def walk_broken_source(operator: Visitor) -> None:
    """A column that its source renamed, found and repaired."""

    def tile() -> str:
        return operator.page.locator(".tile").filter(has_text=POPULATION).inner_text()

    operator.open("/console/sources")
    operator.take("source-1-good")
    with operator.demo.population() as register:
        register.execute("alter table dan_cu.cong_dan rename column ho_va_ten to ho_ten_day_du")
        operator.wait_for("/console/sources", lambda: tile() if BROKEN.search(tile()) else "")
        operator.take("source-2-broken", at=f'.tile:has-text("{POPULATION}")')
        operator.open("/console/sources/waiting")
        operator.take("source-3-what-differs")
        register.execute("alter table dan_cu.cong_dan rename column ho_ten_day_du to ho_va_ten")
    operator.wait_for("/console/sources", lambda: tile() if MENDED.search(tile()) else "")
    operator.take("source-4-repaired", at=f'.tile:has-text("{POPULATION}")')


def walk_own_data(citizen: Visitor) -> None:
    """A citizen sees who looked, and why."""
    citizen.open("/console/mine")
    citizen.take("../console-mine")
    citizen.take("citizen-1-own-data")
    citizen.take("citizen-2-who-looked", at="h2 >> nth=-1")


def walk_log(auditor: Visitor) -> None:
    """An auditor searches the log of reads."""
    auditor.open("/console/log")
    auditor.take("auditor-1-log")


WALKS: tuple[tuple[str, Callable[[Visitor], None]], ...] = (
    (OFFICER, show_officer_pages),
    (REVIEWER, show_steward_pages),
    (OPERATOR, show_operator_pages),
    (OFFICER, walk_transfer),
    (OFFICER, walk_correction),
    (REVIEWER, walk_review),
    (OPERATOR, walk_broken_source),
    (CITIZEN, walk_own_data),
    (AUDITOR, walk_log),
)


def main(names: Collection[str]) -> None:
    """Walk; with names of functions above, those parts alone, e.g. `show_steward_pages`. Each begins in a demonstration as it starts."""
    chosen = [(who, walk) for who, walk in WALKS if not names or walk.__name__ in names]
    PICTURES.mkdir(parents=True, exist_ok=True)
    with start_demonstration() as demo, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        for who, walk in chosen:
            with signed_in(browser, demo, who) as visitor:
                walk(visitor)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
