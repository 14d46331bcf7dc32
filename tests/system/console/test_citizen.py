"""Pages for auditors and for citizens, over a really served hub: who looked, at what, and why."""

import re

import psycopg
import pytest

from hub.access.purposes import read_purposes
from tests.system.servers.console_site import ConsoleSite, PageReader
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

LOG, MINE = "/console/log", "/console/mine"


@pytest.fixture(scope="module")
def officer(site: ConsoleSite) -> PageReader:
    """An officer who has looked at the citizen."""
    return site.officer().search(site.seller)


def test_a_citizen_sees_what_is_held_and_who_looked(site: ConsoleSite, officer: PageReader) -> None:
    citizen = PageReader(site.url).sign_in("citizen", MINE).open(MINE)
    assert citizen.page.status_code == 200
    assert site.name in citizen.text
    assert "Nguồn:" in citizen.text
    assert "Ai đã xem" in citizen.text
    assert citizen.text.count('<article class="entry"') >= 1, "a look is no warning"
    assert "|an" not in citizen.text, "no officer is named"
    assert PageReader(site.url).sign_in("citizen", MINE).open("/").page.headers["location"] == MINE


def test_a_session_of_a_citizen_outlives_the_cache(site: ConsoleSite) -> None:
    with psycopg.connect(site.database) as connection:
        rows = connection.execute("select personal_ids, roles from hub.web_session").fetchall()
    assert ([site.seller], []) in rows
    assert all(not identifiers for identifiers, roles in rows if roles)


@pytest.mark.parametrize("who", ["an", "chi", "dung", "kiem", "app"])
def test_nobody_else_has_the_page_of_a_citizen(site: ConsoleSite, who: str) -> None:
    assert site.officer(who).open(MINE).page.status_code == 403


def test_an_auditor_finds_who_looked_at_a_person(site: ConsoleSite, officer: PageReader) -> None:
    auditor = site.officer("kiem").open(LOG)
    assert auditor.page.status_code == 200
    auditor.submit({"personalId": site.seller}, LOG)
    assert auditor.page.url.query == b"", "an address has no personal data"
    assert "|an" in auditor.text
    assert "nguyên vẹn" in auditor.text
    assert site.name not in auditor.text
    assert auditor.submit({"personalId": "022199999999"}, LOG).errors == ["Không có người nào mang số này."]


def test_conditions_of_the_log_are_checked_and_kept(site: ConsoleSite, officer: PageReader) -> None:
    auditor = site.officer("kiem").open(LOG)
    wrong = auditor.submit({"since": "31/02/2026", "personalId": "12"}, LOG)
    assert (wrong.page.status_code, wrong.errors) == (
        422,
        ["Viết ngày như 14/05/2026.", "Số định danh gồm 12 chữ số."],
    )
    assert 'value="31/02/2026"' in wrong.text, "what was typed stays"
    auditor.open(LOG).submit({"purpose": "identify"}, LOG)
    purposes = set(re.findall(r'data-label="Mục đích, hồ sơ" class="who">([^<]+?)\s*<', auditor.text))
    assert purposes == {read_purposes()["identify"].declaration.name.vi}
    assert '<option value="identify" selected>' in auditor.open(LOG).text, "reload"
    assert 'class="empty"' in auditor.submit({"until": "01/01/2001"}, LOG).text


def test_a_long_log_is_paged(site: ConsoleSite, officer: PageReader) -> None:
    auditor = site.officer("kiem").open(LOG)
    for _ in range(51):
        auditor.open(LOG)
    (older,) = re.findall(r'href="\?after=([^"]+)"', auditor.text)
    first = re.findall(r'data-label="Bản ghi">(\S+)', auditor.text)
    second = re.findall(r'data-label="Bản ghi">(\S+)', auditor.open(f"{LOG}?after={older}").text)
    assert len(first) == 50
    assert second
    assert set(first).isdisjoint(second)


def test_only_auditors_search_the_log(site: ConsoleSite) -> None:
    for who in ("an", "chi", "dung", "citizen"):
        assert site.officer(who).open(LOG).page.status_code == 403
