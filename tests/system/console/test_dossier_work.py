"""What officers do on a dossier: ask for papers, compare with what was kept, and work on it two at a time."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import psycopg
import pytest

from hub.plan.binds import global_id, read_global_id
from hub.snapshots.paper_requests import list_paper_requests
from tests.system.access.test_access import ISSUER
from tests.system.servers.console_site import ConsoleSite, PageReader
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

CODE = "H49.12-251118-8001"
PATH = f"/console/dossiers/{CODE}"
PAPERS, SNAPSHOTS = f"{PATH}/papers", f"{PATH}/snapshots"
CONTRACT = "ask.contract."


def open_transfer(site: ConsoleSite, officer: PageReader, code: str, seller: str = "") -> PageReader:
    seller = seller or site.seller
    officer.search(seller).open(f"{officer.page.url.path}?procedure=land-right-transfer")
    (office,) = re.findall(r'<option value="([^"]+@[^"]+)"', officer.text)
    given = {"role.transferor": seller, "role.transferee": site.buyer, "code": code, "office": office}
    return officer.submit({"procedure": "land-right-transfer", **given})


@pytest.fixture(scope="module")
def officer(site: ConsoleSite) -> PageReader:
    made = open_transfer(site, site.officer(), CODE)
    assert made.page.url.path == PATH
    return made


def count_papers(site: ConsoleSite) -> list[tuple[str, bool]]:
    with psycopg.connect(site.database) as connection:
        found = connection.execute("select requirement, granted from hub.paper_request order by id")
        return [(requirement, granted) for requirement, granted in found]


def test_a_paper_is_asked_for_and_its_ground_is_said(site: ConsoleSite, officer: PageReader) -> None:
    (address,) = re.findall(rf'href="({PAPERS}\?ask\.contract\.=1)"', officer.open(PATH).text)
    officer.open(address)
    assert re.findall(r'name="(ask[^"]+)" value="1" checked', officer.text) == [CONTRACT]
    assert "Không cơ quan nào giữ thông tin này" in officer.text
    assert officer.submit({}, PAPERS).errors == ["Đánh dấu ít nhất một mục."]
    assert count_papers(site) == []
    officer.open(PAPERS).submit({CONTRACT: "1", "ask.price.": "1"}, PAPERS)
    assert (officer.page.status_code, officer.page.url.path) == (200, PAPERS)
    assert re.search(r'Đã yêu cầu [^\n]*<span class="count">2</span>', officer.text)
    assert count_papers(site) == [("contract", True), ("price", True)]
    colleague = site.officer("giang").open(PATH)
    assert colleague.text.count("Đã yêu cầu nộp giấy tờ lúc") == 2, "nobody asks a second time unawares"


def test_what_the_state_holds_is_refused_in_words_and_counted(site: ConsoleSite, officer: PageReader) -> None:
    before = count_papers(site)
    officer.open(PAPERS).submit({"ask.transferor_name.transferor": "1", "ask.signatures.": "1", "ask.x.": "1"}, PAPERS)
    assert officer.page.status_code == 409
    assert "Họ và tên bên chuyển nhượng" in officer.text
    assert "không được yêu cầu công dân nộp" in officer.text
    assert "Thủ tục không có mục này" in officer.text
    with psycopg.connect(site.database) as connection:
        (dossier,) = connection.execute("select id from hub.dossier where code = %s", (CODE,)).fetchone() or (0,)
        asked = [one.requirement for one in list_paper_requests(connection, dossier)]
    assert asked == ["signatures", "price", "contract"], "what was refused is not asked for"
    assert sorted(count_papers(site)[len(before) :]) == [("signatures", True), ("transferor_name", False)]


def test_a_session_that_ends_keeps_the_ticks(site: ConsoleSite, officer: PageReader) -> None:
    reader = site.officer("giang").open(PAPERS).end_session()
    assert reader.submit({CONTRACT: "1"}, PAPERS).page.status_code == 401
    reader.sign_in("giang", PAPERS).open(PAPERS)
    assert re.findall(r'name="(ask[^"]+)" value="1" checked', reader.text) == [CONTRACT]


def test_what_was_kept_is_compared_with_today(site: ConsoleSite, officer: PageReader) -> None:
    officer.open(SNAPSHOTS).submit({}, SNAPSHOTS)
    assert "Đã lưu nội dung phiếu hôm nay." in officer.text
    (pdf,) = re.findall(r'href="([^"]+\.pdf)"', officer.text)
    assert officer.client.get(pdf).content.startswith(b"%PDF-")
    (newest, *_) = re.findall(rf'href="({SNAPSHOTS}/[^"]+)"', officer.text)
    assert "đều như cũ" in officer.open(newest).text
    with psycopg.connect(site.database, autocommit=True) as connection:
        sell = "update data.citizen set full_name = %s where personal_id = %s"
        connection.execute(sell, (f"{site.name} Đổi", site.seller))
        try:
            changed = officer.open(newest).text
        finally:
            connection.execute(sell, (site.name, site.seller))
        assert re.search(r"Họ và tên bên chuyển nhượng.*Giá trị hoặc lý do đã khác", changed)
        assert site.name not in changed, "the page has no values"
        connection.execute(
            "update hub.prefill_snapshot set answer = null, choices = null, people = null, forgotten_at = now()"
        )
    assert (officer.open(newest).page.status_code, officer.heading) == (410, "Bản lưu đã hết thời hạn giữ")
    assert "Nội dung đã xóa lúc" in officer.open(SNAPSHOTS).text
    assert officer.open(f"{SNAPSHOTS}/x").page.status_code == 404


def test_another_office_finds_none_of_it(site: ConsoleSite, officer: PageReader) -> None:
    for path in (PAPERS, SNAPSHOTS, f"{SNAPSHOTS}/x"):
        assert site.officer("binh").open(path).page.status_code == 404


def test_two_officers_at_one_dossier_do_not_undo_each_other(site: ConsoleSite) -> None:
    code = "H49.12-251118-8002"
    path = f"/console/dossiers/{code}"
    first, second = open_transfer(site, site.officer(), code), site.officer("giang").open(path)
    (correct,) = re.findall(rf'href="({path}/correct\?[^"]+)" aria-label="Sửa {site.name}"', second.text)[:1]
    claim = {"claimed": f"{site.name} Anh", "reason": "theo giấy khai sinh"}
    assert second.open(correct).submit(claim).page.status_code == 200
    assert "Đang chờ chỉnh sửa" in first.open(path).text, "the colleague's correction"
    other = {**claim, "claimed": f"{site.name} Bé"}
    assert first.open(correct).submit({**other, "disputes": "0"}).page.status_code == 422, (
        "opened before the colleague's"
    )
    assert "Người khác vừa yêu cầu chỉnh sửa giá trị này" in first.errors[0]
    assert 'name="disputes" value="1"' in first.text
    assert first.submit({**other, "disputes": "1"}).page.status_code == 200, "said once, it is the officer's decision"
    papers = f"{path}/papers"
    first.open(papers)
    second.open(path).submit({"outcome": "WITHDRAWN", "reason": "Công dân rút hồ sơ"}, path)
    assert (first.submit({CONTRACT: "1"}, papers).page.status_code, first.heading) == (
        403,
        "Hồ sơ đã kết thúc hoặc đã rút",
    )
    first.open("/console").submit({"text": code}, "/console")
    assert first.heading == "Hồ sơ đã kết thúc hoặc đã rút", "back and reload say the same"


def test_each_value_says_why_it_is_here(site: ConsoleSite, officer: PageReader) -> None:
    addresses = re.findall(
        rf'href="({PATH}/evidence\?[^"]+)" aria-label="Xem chứng cứ: ([^"]+)"', officer.open(PATH).text
    )
    pages = {text: officer.open(address).text for address, text in addresses}
    certificates = [page for page in pages.values() if "Người sử dụng đất" in page and "Số phát hành" in page]
    assert certificates, "a right, joined by its holder"
    assert all("Khớp số" in page and re.search(r"Họ tên: <b>", page) for page in certificates)
    assert "Không có đối chiếu riêng" in pages[site.name], "the register's own record"
    assert {re.findall(r'<section class="(entry[^"]*)"', page)[0] for page in certificates} == {"entry sure"}, (
        "confirmed"
    )
    parcel = next(page for page in pages.values() if "Diện tích" in page and "Thửa đất (Quyền sử dụng đất)" in page)
    assert "Khớp số tờ, số thửa" in parcel or "Khớp mã định danh thửa đất" in parcel
    assert officer.open(f"{PATH}/evidence?record=x&field=y").page.status_code == 404


EVIDENCE = "query ($record: ID!) { linkEvidence(record: $record) { field recordId step status } }"


def test_evidence_is_told_of_the_dossiers_people_and_the_procedures_links_alone(
    site: ConsoleSite, officer: PageReader
) -> None:
    with psycopg.connect(site.database) as connection:
        find = (
            "select l.record_id from link.{} l join data.citizen c on c.id = l.subject_id and l.subject_kind = 'Citizen'"
            " where l.status in ('CONFIRMED', 'PROBABLE') and (c.personal_id = %s) = %s order by l.record_id limit 1"
        )
        own, others = (
            connection.execute(find.format("land_use_right_holder"), (site.seller, mine)).fetchone()
            for mine in (True, False)
        )
        member = connection.execute(find.format("household_membership_member"), (site.seller, True)).fetchone()
    assert own is not None
    assert others is not None
    assert member is not None

    def ask(kind: str, number: int, dossier: str = CODE) -> dict[str, Any]:
        who = ISSUER.find_identity("an")
        assert who is not None
        headers = {"authorization": f"Bearer {ISSUER.sign_token(who)}"} | (
            {"x-hub-dossier": dossier} if dossier else {}
        )
        body = {"query": EVIDENCE, "variables": {"record": global_id(kind, number)}}
        answer: dict[str, Any] = httpx2.post(f"{site.url}/graphql", json=body, headers=headers, timeout=60).json()
        return answer

    found = ask("LandUseRight", own[0])["data"]["linkEvidence"]
    assert {one["field"] for one in found} >= {"LAND_USE_RIGHT_HOLDER"}
    assert ask("LandUseRight", others[0])["data"]["linkEvidence"] == [], "of nobody in the dossier"
    assert ask("HouseholdMembership", member[0])["data"]["linkEvidence"] == [], "the procedure does not read it"
    assert ask("LandUseRight", own[0], dossier="")["errors"][0]["extensions"]["code"] == "DOSSIER_NEEDED"
    assert ask("Nothing", 1)["errors"][0]["extensions"]["code"] == "WRONG_KIND"


MORTGAGED = """
select c.personal_id, e.record_id from link.encumbrance_parcel e
join data.encumbrance x on x.id = e.record_id and x.status = 'ACTIVE'
join link.land_use_right_parcel p on p.subject_id = e.subject_id
join link.land_use_right_holder h on h.record_id = p.record_id and h.subject_kind = 'Citizen'
join data.land_use_right r on r.id = h.record_id and r.status = 'REGISTERED'
join data.citizen c on c.id = h.subject_id and c.death_date is null and c.personal_id <> %s
where 'UNCONFIRMED' not in (e.status, p.status, h.status) and 1 = (
    select count(*) from link.land_use_right_holder o join data.land_use_right s on s.id = o.record_id and s.status = 'REGISTERED'
    where (o.subject_kind, o.subject_id) = ('Citizen', c.id))
order by e.record_id, c.id limit 1"""


def test_what_is_several_links_away_shows_the_way_to_it(site: ConsoleSite, officer: PageReader) -> None:
    with psycopg.connect(site.database) as connection:
        found = connection.execute(MORTGAGED, (site.buyer,)).fetchone()
    assert found is not None
    seller, mortgage = found
    code = "H49.12-251118-8011"
    sheet = open_transfer(site, site.officer(), code, seller)
    who = ISSUER.find_identity("an")
    assert who is not None

    def ask(kind: str, number: int, dossier: str) -> list[dict[str, Any]]:
        headers = {"authorization": f"Bearer {ISSUER.sign_token(who)}", "x-hub-dossier": dossier}
        body = {"query": EVIDENCE, "variables": {"record": global_id(kind, number)}}
        answer = httpx2.post(f"{site.url}/graphql", json=body, headers=headers, timeout=60).json()
        nodes: list[dict[str, Any]] = answer["data"]["linkEvidence"]
        return nodes

    steps = ask("Encumbrance", mortgage, code)
    assert [(one["step"], one["field"]) for one in steps] == [
        (1, "LAND_USE_RIGHT_HOLDER"),
        (2, "LAND_USE_RIGHT_PARCEL"),
        (3, "ENCUMBRANCE_PARCEL"),
    ]
    assert (steps[0]["recordId"], steps[2]["recordId"]) == (steps[1]["recordId"], global_id("Encumbrance", mortgage))
    assert ask("Encumbrance", mortgage, CODE) == [], "on nobody's land in that dossier"
    addresses = re.findall(r'href="(/console/dossiers/[^"]+/evidence[^"]+)" aria-label="Xem chứng cứ', sheet.text)
    records = {address: read_global_id(parse_qs(urlsplit(address).query)["record"][0]) for address in addresses}
    pages = [address for address, (kind, _) in records.items() if kind == "Encumbrance"]
    assert pages, "the sheet shows a mortgage"
    page = sheet.open(pages[0]).text
    assert "dẫn đến từ người đó qua 3 liên kết" in page
    assert (
        page.index("Người sử dụng đất (")
        < page.index("Thửa đất (Quyền sử dụng đất)")
        < page.index("Thửa đất (Hạn chế quyền)")
    )
