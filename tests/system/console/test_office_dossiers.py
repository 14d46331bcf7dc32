"""The list of an office's dossiers over a really served hub."""

import re

import psycopg
import pytest

from tests.system.access.test_access import OFFICE
from tests.system.servers.console_site import ConsoleSite, PageReader
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

LIST = "/console/dossiers"
INSERT = """insert into hub.dossier (code, purpose, purpose_version, office, opened_by, opened_via, opened_at, expires_at, ended_at, outcome)
values (%s, %s, '', %s, 'urn:hub:demo|' || %s, 'MUTATION', now() - make_interval(hours => %s), now() + make_interval(hours => %s),
    case when %s::text is not null then now() end, %s)"""
TRANSFER = "land-right-transfer"
DOSSIERS = (
    # code, purpose, by, hours ago, hours to go, outcome
    ("H49.12-251118-6001", TRANSFER, "an", 1, 2000, None),
    ("H49.12-251118-6002", TRANSFER, "giang", 2, 30, None),
    ("H49.12-251118-6003", TRANSFER, "an", 3, -1, None),
    ("H49.12-251118-6004", "old-age-allowance", "an", 4, 2000, "CLOSED"),
    ("H49.12-251118-6005", TRANSFER, "an", 5, 30, "WITHDRAWN"),
    ("H49.12-251118-6006", "gone-procedure", "an", 6, 2000, None),
)


@pytest.fixture(scope="module")
def officer(site: ConsoleSite) -> PageReader:
    with psycopg.connect(site.database) as connection:
        for code, purpose, who, ago, left, outcome in DOSSIERS:
            connection.execute(INSERT, (code, purpose, OFFICE, who, ago, left, outcome, outcome))
    return site.officer()


def codes(reader: PageReader) -> list[str]:
    """The last digits of the dossiers on the page."""
    return re.findall(r'<th scope="row"[^>]*>(?:<a[^>]*>)?H49\.12-251118-(\d{4})', reader.text)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("", ["6001", "6002"]),
        ("?state=SOON", ["6002"]),
        ("?state=EXPIRED", ["6003"]),
        ("?state=ALL", ["6001", "6002", "6003", "6004", "6005"]),
        ("?state=ALL&mine=1", ["6001", "6003", "6004", "6005"]),
        ("?state=ALL&purpose=old-age-allowance", ["6004"]),
        ("?code=+h49.12-251118-6002", ["6002"]),
        ("?code=%25", []),
    ],
)
def test_an_office_finds_its_work(officer: PageReader, filters: str, expected: list[str]) -> None:
    assert codes(officer.open(LIST + filters)) == expected
    assert f"{len(expected)} hồ sơ" in officer.text


def test_each_dossier_leads_where_its_state_allows(officer: PageReader) -> None:
    officer.open(f"{LIST}?state=ALL")
    paths = re.findall(r'href="(/[^"]*H49[^"]*)"', officer.text)
    assert [path.rpartition("251118-")[2] for path in paths] == ["6001", "6002", "6004/receipt"]
    assert officer.text.count("Còn 1 ngày") == 1, "only of an open one"
    assert "gone-procedure" not in officer.text, "a dossier of a purpose that nobody here may use"


def test_another_office_sees_nothing_of_it_and_others_not_the_page(site: ConsoleSite) -> None:
    other = site.officer("binh").open(LIST)
    assert (codes(other), "Không có hồ sơ nào như vậy" in other.text) == ([], True)
    assert site.officer("chi").open(LIST).page.status_code == 403
    assert PageReader(site.url).open(LIST).page.headers["location"] == f"/sign-in?next={LIST}"


@pytest.mark.parametrize(("filters", "status"), [("?state=X", 400), ("?after=x", 404), ("?code=" + "1" * 61, 400)])
def test_a_filter_that_does_not_exist_is_refused_in_words(officer: PageReader, filters: str, status: int) -> None:
    assert officer.open(LIST + filters).page.status_code == status
    assert "quản trị viên" in officer.text or "từ đầu" in officer.text


def test_pages_follow_each_other_and_keep_the_filter(site: ConsoleSite, officer: PageReader) -> None:
    with psycopg.connect(site.database) as connection:
        for number in range(30):
            row = (f"H49.13-251118-{number:04}", TRANSFER, OFFICE, "giang", 100 + number, 2000, None, None)
            connection.execute(INSERT, row)
    officer.open(f"{LIST}?code=H49.13")
    first = re.findall(r">(H49\.13-\d+-\d+)<", officer.text)
    (older,) = re.findall(r'href="(/console/dossiers\?[^"]*after=[^"]*)"', officer.text)
    second = re.findall(r">(H49\.13-\d+-\d+)<", officer.open(older).text)
    assert (len(first), len(second), len({*first, *second})) == (25, 5, 30)
    assert "after=" not in officer.text, "the last page leads to no other"
    assert f'href="{LIST}?code=H49.13"' in officer.text
