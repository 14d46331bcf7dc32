"""Quality by pages, over a really served hub: figures with their numbers, drill-down, states, and the grade on the officer's sheet."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx2
import pytest

from hub.ingest.connectors import load_manifests
from hub.model.registry import load_registry
from hub.quality.snapshots import take_snapshot
from hub.store.engine import connect_for_run
from tests.system.console.test_officer_walk import open_transfer
from tests.system.servers.console_site import ConsoleSite, PageReader
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

QUALITY = "/console/quality"
FIGURE = re.compile(r"\d+(?:,\d)? % \((\d[\d.]*)/(\d[\d.]*)\)")


def measure(site: ConsoleSite, at: datetime) -> None:
    with connect_for_run(site.database) as connection:
        take_snapshot(connection, load_registry(), load_manifests(), keep_days=400, at=at)


@pytest.fixture(scope="module")
def measured(site: ConsoleSite) -> ConsoleSite:
    """Three nights: a trend."""
    now = datetime.now(UTC)
    for days in (2, 1, 0):
        measure(site, now - timedelta(days=days))
    return site


def ask(reader: PageReader, arguments: str, selection: str, purpose: str = "quality") -> Any:
    # The page's own document is what the purpose permits; this is a part of it, as any client may send it.
    sent: httpx2.Response = reader.client.post(
        "/graphql",
        json={"query": f"{{ quality({arguments}) {{ {selection} }} }}"},
        headers={"x-hub-purpose": purpose, "accept": "application/json", "origin": reader.url},
    )
    return sent.json()


def test_before_anything_is_measured_the_page_says_what_to_do(site: ConsoleSite) -> None:
    page = site.officer("dung").open(QUALITY)
    assert page.page.status_code == 200
    assert "Chưa đo lần nào" in page.text
    assert "hub quality measure" in page.text
    assert "Chưa có số liệu" in page.open(f"{QUALITY}/sources/land").text


def find_copies_shown(page: PageReader) -> set[str]:
    """The columns that the page of discrepancies has groups of."""
    return set(re.findall(r'<th scope="row" data-label="Giá trị">([^<]+?) <span', page.page.text))


def test_every_figure_has_its_numbers_and_leads_down_to_rows(measured: ConsoleSite) -> None:
    page = measured.officer("dung").open(QUALITY)
    figures = FIGURE.findall(page.text)
    assert len(figures) >= 12
    assert page.text.count("%") >= len(figures)
    # A percentage is never alone: each has its numbers right behind it, or is a bound of an interval, or a word for the ear.
    visible = re.sub(r'aria-label="[^"]*"', "", page.text)
    assert len(re.findall(r"\d %", visible)) == len(FIGURE.findall(visible))
    assert '<polyline points="' in page.text
    assert "style=" not in page.page.text
    page.open(f"{QUALITY}/sources/finance")
    assert "Từng trường" in page.text
    page.open(f"{QUALITY}/sources/finance?entity=TaxObligation")
    named = load_registry()["TaxObligation"].find_label("debtor_name")
    assert named is not None
    assert named.vi in page.text
    by_field = re.findall(r'class="correct" href="(/console/discrepancies[^"]+field=debtor_name)"', page.page.text)
    page.open(unescape(by_field[0]))
    assert find_copies_shown(page) == {f"Nghĩa vụ thuế, {named.vi[0].lower()}{named.vi[1:]}"}
    assert page.page.text.count('id="sector-') == 1
    with connect_for_run(measured.database) as connection:
        connection.execute(
            "update link.discrepancy set sys_to = now() where record_field = 'debtor_name' and sys_to is null"
        )
        try:
            page.open(unescape(by_field[0]))
            assert find_copies_shown(page) == set()
            (closed,) = re.findall(r'href="(/console/discrepancies[^"]*closed=1)"', page.page.text)
            assert find_copies_shown(page.open(unescape(closed))) == {
                f"Nghĩa vụ thuế, {named.vi[0].lower()}{named.vi[1:]}"
            }
        finally:
            connection.execute("update link.discrepancy set sys_to = null where record_field = 'debtor_name'")
    page.open(f"{QUALITY}/sources/land?entity=Parcel")
    (rejected, *_) = re.findall(r'href="(/console/rejected/[^"]+)"', page.page.text)
    assert page.open(rejected).page.status_code == 200
    assert "Parcel" in page.text


def test_communes_have_names_and_their_own_pages(measured: ConsoleSite) -> None:
    page = measured.officer("chi").open(f"{QUALITY}/units")
    found = re.findall(r'<a href="(/console/quality/units\?unit=[^"]+)">([^<]+)</a>', page.page.text)
    assert found
    assert all(not name[0].isdigit() for _, name in found), "codes are told by their names"
    assert all(f">{words} <" in page.page.text for words in ("Đúng", "Đủ", "Sạch", "Sống")), "by four figures"
    page.open(found[0][0])
    counts = [int(number.replace(".", "")) for pair in FIGURE.findall(page.text) for number in pair]
    assert counts
    assert all(count % 10 == 0 for count in counts), "by commune, counts are of tens"
    fields = re.findall(r'href="(/console/quality/units\?unit=[^"]+entity=Citizen)"', page.page.text)
    sex = load_registry()["Citizen"].find_label("sex")
    assert sex is not None
    assert sex.vi not in page.text
    assert sex.vi in page.open(unescape(fields[0])).text


def test_a_late_source_and_an_old_measurement_are_said_to_be_so(measured: ConsoleSite) -> None:
    with connect_for_run(measured.database) as connection:
        connection.execute("update hub.stream set as_of = as_of - interval '90 hours' where connector = 'business'")
        try:
            late = measured.officer("dung").open(QUALITY).text
            connection.execute("update hub.quality_snapshot set measured_at = measured_at - interval '2 days'")
            old = measured.officer("dung").open(QUALITY).text
        finally:
            connection.execute("update hub.stream set as_of = as_of + interval '90 hours' where connector = 'business'")
            connection.execute("update hub.quality_snapshot set measured_at = measured_at + interval '2 days'")
    assert late.count("đang chậm so với cam kết") == 1
    assert "Lần đo gần nhất đã quá" not in late
    assert "Lần đo gần nhất đã quá" in old


def test_auditors_read_figures_and_are_led_to_no_row_and_officers_read_none(measured: ConsoleSite) -> None:
    auditor = measured.officer("kiem").open(f"{QUALITY}/sources/finance?entity=TaxObligation")
    assert auditor.page.status_code == 200
    assert "Xem bản ghi" not in auditor.text
    officer = measured.officer("an").open(QUALITY)
    assert officer.page.status_code == 403
    refused = ask(officer, "first: 1", "totalCount")
    assert refused["errors"][0]["extensions"]["code"] == "PURPOSE_FORBIDDEN"


def test_the_graph_has_pages_filters_and_names_of_dqv(measured: ConsoleSite) -> None:
    operator = measured.officer("dung").open(QUALITY)
    told = "totalCount pageInfo { hasNextPage endCursor } nodes { isMeasurementOf inDimension computedOn { source field unit } numerator denominator }"
    whole = ask(operator, 'dimension: SUFFICIENT, source: "land", byUnit: false, first: 500', told)["data"]["quality"]
    assert whole["totalCount"] == len(whole["nodes"])
    assert {node["inDimension"] for node in whole["nodes"]} == {"SUFFICIENT"}
    assert {node["computedOn"]["source"] for node in whole["nodes"]} == {"land"}
    read, after = [], "null"
    while after:
        part = ask(operator, f'dimension: SUFFICIENT, source: "land", byUnit: false, first: 7, after: {after}', told)["data"]["quality"]  # fmt: skip
        read += part["nodes"]
        after = f'"{part["pageInfo"]["endCursor"]}"' if part["pageInfo"]["hasNextPage"] else ""
    assert read == whole["nodes"]
    assert ask(operator, "metric: [AGREEMENT], dimension: LIVE", told)["data"]["quality"]["totalCount"] == 0
    for wrong in ("first: 501", "first: 0", 'after: "x"'):
        assert ask(operator, wrong, "totalCount")["errors"][0]["extensions"]["code"] in ("BAD_USER_INPUT", "FORBIDDEN_ARGUMENT")  # fmt: skip


def test_the_sheet_tells_the_grade_of_the_source_behind_each_value(measured: ConsoleSite) -> None:
    sheet = open_transfer(measured, measured.officer("an"))
    grades = re.findall(r'<p class="grade[^"]*">([^<]*)</p>', sheet.page.text)
    assert grades
    assert all(re.match(r"sống: (hôm nay|hôm qua|\d+ ngày trước)(, chậm)? · (đúng|sạch) ", text) for text in grades)
    assert all(FIGURE.search(text) for text in grades), "never a bare percentage"
    assert f'href="{QUALITY}' not in sheet.page.text, "the officer may not open the page"
