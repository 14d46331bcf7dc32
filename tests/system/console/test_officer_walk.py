"""The officer's console over a really served hub: from sign-in to the sheet, and what each refusal looks like."""

import re
from collections.abc import Iterator

import httpx2
import psycopg
import pytest

from hub.access.subjects.sealing import seal_subject, unseal_subject
from tests.conftest import ServedHub
from tests.system.access.test_access import EVERY_KIND, ISSUER
from tests.system.servers.console_site import ConsoleSite, PageReader, ServePages
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

DOSSIER = "H49.12-251118-7001"
DEVELOPERS = "Dữ liệu liên thông qua GraphQL"
NOBODY = "022199999999"


def open_transfer(site: ConsoleSite, officer: PageReader, code: str = DOSSIER, **changed: str) -> PageReader:
    """From the search to the sheet: three forms and one link."""
    officer.search(site.seller)
    assert officer.heading == site.name
    officer.open(f"{officer.page.url.path}?procedure=land-right-transfer")
    (office,) = re.findall(r'<option value="([^"]+@[^"]+)"', officer.text)
    parties = {"role.transferor": site.seller, "role.transferee": site.buyer, "role.guardian": ""}
    return officer.submit({"procedure": "land-right-transfer", "code": code, "office": office, **parties, **changed})


@pytest.fixture(scope="module")
def sheet(site: ConsoleSite) -> PageReader:
    officer = open_transfer(site, site.officer())
    assert officer.page.url.path == f"/console/dossiers/{DOSSIER}"
    return officer


def test_who_is_not_signed_in_comes_back_to_the_same_page(site: ConsoleSite, sheet: PageReader) -> None:
    stranger = PageReader(site.url).open(f"/console/dossiers/{DOSSIER}")
    assert stranger.page.status_code == 303
    assert stranger.page.headers["location"] == f"/sign-in?next=/console/dossiers/{DOSSIER}"
    (path,) = re.findall(r'name="next" value="([^"]+)"', stranger.open(stranger.page.headers["location"]).text)[:1]
    assert stranger.sign_in("an", path).open(path).page.status_code == 200


def test_the_start_page_is_the_console_for_an_officer_and_that_of_developers_for_others(site: ConsoleSite) -> None:
    assert site.officer().open("/").page.headers["location"] == "/console"
    assert site.officer("chi").open("/").page.headers["location"] == "/console/review"
    assert site.officer("dung").open("/").page.headers["location"] == "/console/sources"
    assert site.officer("app").open("/").heading == PageReader(site.url).open("/").heading == DEVELOPERS


def test_people_are_found_as_they_are_typed_at_a_counter(site: ConsoleSite) -> None:
    officer = site.officer()
    words = " ".join(reversed(site.name.lower().split()))
    day = "/".join(reversed(site.born.split("-")))
    for text in (site.seller, f" {site.seller[:6]} {site.seller[6:]} ", f"{words} {day}"):
        officer.search(text)
        assert (officer.page.status_code, officer.heading) == (200, site.name), text
        assert site.seller not in str(officer.page.url), "an address has no personal data"
        assert officer.open(officer.page.url.path).heading == site.name, "reload"


def test_a_certificate_leads_to_its_holder_and_a_code_to_its_business(site: ConsoleSite) -> None:
    with psycopg.connect(site.database) as connection:
        serial, holder = connection.execute(
            "select r.certificate_serial, c.full_name from data.land_use_right r"
            " join link.land_use_right_holder l on l.record_id = r.id and l.status = 'CONFIRMED'"
            " join data.citizen c on c.id = l.subject_id and l.subject_kind = 'Citizen' order by r.id limit 1"
        ).fetchone() or ("", "")
        unknown = connection.execute(
            "select r.certificate_serial from data.land_use_right r where not exists"
            " (select from link.land_use_right_holder l where l.record_id = r.id and l.status in ('CONFIRMED', 'PROBABLE'))"
            " order by r.id limit 1"
        ).fetchone()
        code, legal_name = connection.execute(
            "select enterprise_code, legal_name from data.business where enterprise_code is not null order by id limit 1"
        ).fetchone() or ("", "")
    assert unknown is not None
    officer = site.officer().search(f"{serial[:2].lower()} {serial[2:]}")
    assert (officer.page.status_code, officer.heading) == (200, holder)
    assert site.officer().search(unknown[0]).heading == "Chưa xác định được người đứng tên"
    officer = site.officer().search(code)
    assert (officer.page.status_code, officer.heading) == (200, legal_name)
    assert "land-right-transfer" not in officer.text, "a procedure for people"
    assert site.officer().search("ZZ 999999").heading == "Không tìm thấy ai"


def test_namesakes_are_told_apart_and_one_is_chosen(site: ConsoleSite) -> None:
    with psycopg.connect(site.database) as connection:
        row = connection.execute(
            "select split_part(min(full_name_key), ' ', 1), birth_date, count(*) from data.citizen c"
            " where length(birth_date) = 10 and not exists (select from link.heir h where h.subject_id = c.id)"
            " group by split_part(full_name_key, ' ', 1), birth_date having count(*) between 2 and 5"
            " order by 3 desc, 2 limit 1"
        ).fetchone()
    assert row is not None
    family, born, count = row
    officer = site.officer().search(f"{family} {'/'.join(reversed(born.split('-')))}")
    assert officer.heading == f"{count} người phù hợp"
    assert "differs" in officer.text
    chosen = re.findall(r'name="text" value="(\d{12})"', officer.text)[-1]
    officer.submit({"text": chosen}, "/console")
    assert re.search(rf"<dd class=\"number\">{chosen}", officer.text)


def test_nobody_is_found(site: ConsoleSite) -> None:
    officer = site.officer().search(NOBODY)
    assert (officer.page.status_code, officer.heading) == (200, "Không tìm thấy ai")
    assert officer.search("Nguyễn").errors == ["Nhiều người trùng họ tên: hãy thêm ngày sinh, ví dụ 14/05/1980."]
    assert officer.page.status_code == 422
    assert 'value="Nguyễn"' in officer.text, "what was typed stays"


def test_the_sheet_has_three_parts_and_says_where_each_value_is_from(site: ConsoleSite, sheet: PageReader) -> None:
    sheet.open(f"/console/dossiers/{DOSSIER}")
    assert [sheet.text.index(f'id="{part}"') for part in ("held", "to_confirm", "to_ask")] == sorted(
        sheet.text.index(f'id="{part}"') for part in ("held", "to_confirm", "to_ask")
    )
    assert (sheet.heading, site.name in sheet.text) == ("Chuyển nhượng quyền sử dụng đất", True)
    assert "Vì sao có ở đây?" in sheet.text
    assert "Giá chuyển nhượng" in sheet.text or "Chỉ công dân biết" in sheet.text


def test_reads_of_pages_are_in_the_ledger_like_any_other(site: ConsoleSite, sheet: PageReader) -> None:
    with psycopg.connect(site.database) as connection:
        query = "select count(*) from ledger.record where principal = %s"
        principal = f"{ISSUER.rules.issuer}|an"
        (before,) = connection.execute(query, (principal,)).fetchone() or (0,)
        connection.rollback()
        sheet.open(f"/console/dossiers/{DOSSIER}").search(site.seller)
        (after,) = connection.execute(query, (principal,)).fetchone() or (0,)
    assert after >= before + 2


def test_a_certificate_is_chosen_and_the_choice_outlives_a_reload(sheet: PageReader) -> None:
    path = f"/console/dossiers/{DOSSIER}"
    keys = re.findall(r'<option value="([^"]+)">', sheet.open(path).text)
    assert len(keys) > 1
    sheet.submit({"choose": "certificates", "key": keys[0]}, path)
    assert f"<b>{keys[0]}</b>" in sheet.text
    assert keys[1] not in sheet.open(path).text
    sheet.submit({"choose": "certificates", "key": "XX00000000"}, path)
    assert (sheet.page.status_code, "CHOICE_UNKNOWN" in sheet.text) == (404, True)
    sheet.open("/console").submit({"choose_again": "1"}, path)
    assert keys[1] in sheet.text


def test_what_the_sheet_says_is_kept_and_printed(sheet: PageReader) -> None:
    receipt = sheet.open(f"/console/dossiers/{DOSSIER}").submit({"keep": "1"})
    assert (receipt.page.status_code, receipt.page.url.path) == (200, f"/dossiers/{DOSSIER}/receipt")
    assert receipt.heading == "Phiếu xác nhận dữ liệu không yêu cầu công dân nộp"
    assert "Giá chuyển nhượng" in receipt.text


def test_the_form_says_beside_its_fields_what_is_wrong(site: ConsoleSite, sheet: PageReader) -> None:
    officer = site.officer()
    open_transfer(site, officer, DOSSIER, **{"role.transferee": site.seller})
    assert officer.page.status_code == 422
    assert officer.errors == ["Một người đứng ở hai vai trò."]
    open_transfer(site, officer, DOSSIER, **{"role.transferor": site.buyer, "role.transferee": site.seller})
    assert officer.errors == ["Mã này đã có hồ sơ khác: kiểm tra lại mã."]
    assert f'value="{DOSSIER}"' in officer.text, "what was typed stays"
    open_transfer(site, officer, "12", **{"role.transferee": "12"})
    assert len(officer.errors) == 2


def test_a_value_is_corrected_from_the_sheet(site: ConsoleSite, sheet: PageReader) -> None:
    path = f"/console/dossiers/{DOSSIER}"
    links = re.findall(rf'href="({path}/correct[^"]+)"', sheet.open(path).text)
    address = next(link for link in links if link.endswith("field=birthDate"))
    (seen,) = re.findall(r'name="seen" value="([^"]+)"', sheet.open(address).text)
    wrong = sheet.submit({"claimed": "31/02/1980", "reason": "", "seen": seen})
    assert (wrong.page.status_code, len(wrong.errors)) == (422, 2)
    held = sheet.open(address).submit({"claimed": "/".join(reversed(seen.split("-"))), "reason": "x", "seen": seen})
    assert held.errors == ["Nguồn đang ghi đúng giá trị này rồi."]
    stale = sheet.open(address).submit({"claimed": "02/01/1950", "reason": "x", "seen": "1901-01-01"})
    assert stale.errors == ["Giá trị vừa thay đổi: mở lại hồ sơ để xem."]
    for both in ({"claimed": "02/01/1950", "empty": "1"}, {"claimed": ""}):
        assert len(sheet.open(address).submit({**both, "reason": "x", "seen": seen}).errors) == 1
    area = next(link for link in links if link.endswith("field=area"))
    (number,) = re.findall(r'name="seen" value="([^"]+)"', sheet.open(area).text)
    assert sheet.submit({"claimed": number, "reason": "x", "seen": number}).errors == held.errors
    sheet.open(address).submit({"claimed": "02/01/1950", "reason": "Giấy khai sinh", "seen": seen})
    assert (sheet.page.url.path, "Đã gửi yêu cầu chỉnh sửa" in sheet.text) == (path, True)
    assert "Đang chờ chỉnh sửa" in sheet.text
    assert "Đang yêu cầu chỉnh sửa dữ liệu" in sheet.search(site.seller).text
    assert sheet.open(f"{path}/correct?record=x&field=y").page.status_code == 404


@pytest.fixture
def misnamed(site: ConsoleSite) -> Iterator[str]:
    """The name, with another letter, by which a certificate of the seller now has its holder."""
    chosen = """select r.id, r.holder_name from data.land_use_right r join link.land_use_right_holder l on l.record_id = r.id
        join data.citizen c on c.id = l.subject_id where c.personal_id = %s order by r.id limit 1"""
    with psycopg.connect(site.database, autocommit=True) as connection:
        found = connection.execute(chosen, (site.seller,)).fetchone()
        assert found is not None
        connection.execute("update data.land_use_right set holder_name = %s where id = %s", (f"{found[1]}h", found[0]))
        yield f"{found[1]}h"
        connection.execute("update data.land_use_right set holder_name = %s where id = %s", (found[1], found[0]))


def test_the_name_on_a_record_is_told_once_and_corrected_from_there(sheet: PageReader, misnamed: str) -> None:
    path = f"/console/dossiers/{DOSSIER}"
    assert sheet.open(path).text.count(f'<span class="value">{misnamed}</span>') == 1, "once, and not beside each field"
    (address,) = re.findall(rf'href="({path}/correct[^"]+field=holderLink.recorded.name)"', sheet.text)
    form = sheet.open(address)
    assert f'name="seen" value="{misnamed}"' in form.text
    form.submit({"claimed": misnamed.removesuffix("h"), "reason": "Căn cước", "seen": misnamed})
    told = sheet.text[sheet.text.index(f'<span class="value">{misnamed}</span>') :][:600]
    assert "Đang chờ chỉnh sửa" in told


def test_a_dossier_is_withdrawn_with_a_reason_and_read_no_more(site: ConsoleSite) -> None:
    code = "H49.12-251118-7002"
    officer = open_transfer(site, site.officer(), code)
    path = f"/console/dossiers/{code}"
    assert officer.submit({"outcome": "WITHDRAWN", "reason": " "}, path).page.status_code == 422
    officer.open(path).submit({"outcome": "WITHDRAWN", "reason": "Công dân rút hồ sơ"}, path)
    assert "Đã rút hồ sơ." in officer.text
    assert (officer.open(path).page.status_code, officer.heading) == (403, "Hồ sơ đã kết thúc hoặc đã rút")


@pytest.mark.parametrize(
    ("who", "path", "home"),
    [
        ("an", "/console/review", "/console"),
        ("an", "/console/breach", "/console"),
        ("chi", "/console", "/console/review"),
        ("kiem", "/console/state", "/console/log"),
    ],
)
def test_whoever_is_refused_a_page_is_led_to_their_own(site: ConsoleSite, who: str, path: str, home: str) -> None:
    reader = site.officer(who).open(path)
    assert (reader.page.status_code, reader.heading) == (403, "Không được phép")
    assert re.findall(r'class="button" href="([^"]+)">Quay lại', reader.text) == [home]
    assert 'aria-label="Các trang"' in reader.text, "the links of their own pages"
    assert "cán bộ giải quyết thủ tục" not in reader.text, "it is said to officers too"
    assert reader.open(home).page.status_code == 200


def test_the_account_names_office_and_local_time(site: ConsoleSite) -> None:
    account = site.officer().open("/me").text
    assert "<dd>Phường Vàng Danh (06820@2025-07-01)</dd>" in account
    assert re.search(r"<dd>\d\d/\d\d/\d{4} \d\d:\d\d</dd>", account)
    assert 'href="/console">Về bàn làm việc' in account


@pytest.mark.parametrize(
    ("who", "path", "status", "code"),
    [
        ("binh", f"/console/dossiers/{DOSSIER}", 404, "DOSSIER_UNKNOWN"),
        ("an", "/console/dossiers/H49.12-251118-9999", 404, "DOSSIER_UNKNOWN"),
        ("an", "/console/dossiers/%27%20or%20true--", 404, "DOSSIER_UNKNOWN"),
        ("chi", "/console", 403, "PURPOSE_FORBIDDEN"),
        ("dung", f"/console/dossiers/{DOSSIER}", 403, "PURPOSE_FORBIDDEN"),
        ("an", "/console/found/nothing", 404, "SEARCH_EXPIRED"),
    ],
)
def test_refusals_are_pages_in_words(
    site: ConsoleSite, sheet: PageReader, who: str, path: str, status: int, code: str
) -> None:
    reader = site.officer(who).open(path)
    assert (reader.page.status_code, f">{code}<" in reader.text) == (status, True)
    assert site.name not in reader.text


def test_a_form_of_another_session_or_site_is_refused(site: ConsoleSite) -> None:
    officer = site.officer()
    assert officer.send("/console", {"text": site.seller}).status_code == 403
    assert officer.send("/console", {"text": site.seller, "csrf_token": "x"}).status_code == 403
    foreign = officer.client.post("/console", data={"text": "x"}, headers={"origin": "https://evil.example"})
    assert (foreign.status_code, "set-cookie" in foreign.headers) == (403, False)


def test_a_session_that_ends_loses_nothing_that_was_typed(site: ConsoleSite, sheet: PageReader) -> None:
    officer = site.officer()
    path = f"/console/dossiers/{DOSSIER}"
    officer.open(path)
    with psycopg.connect(site.database) as connection:
        connection.execute("delete from hub.web_session where principal_id like '%|an'")
    officer.submit({"outcome": "CLOSED", "reason": "Đã giải quyết xong"}, path)
    # A session is cached for some seconds: only its token is looked up each time.
    assert (officer.page.status_code, officer.heading) == (401, "Phiên làm việc đã hết")
    (back,) = re.findall(r'href="(/sign-in[^"]+)"', officer.text)
    assert back == f"/sign-in?next={path}"
    officer.sign_in("an", path).open(path)
    assert "Đã giải quyết xong" in officer.text


def test_a_sealed_person_is_refused_and_nothing_is_said(site: ConsoleSite, serve_pages: ServePages) -> None:
    with psycopg.connect(site.database, autocommit=True) as connection:
        (number,) = connection.execute(
            "select id from data.citizen where personal_id = %s", (site.buyer,)
        ).fetchone() or (0,)
        seal_subject(connection, "Citizen", number, "WITNESS_PROTECTION", "chief")
        try:
            with serve_pages() as url:
                officer = PageReader(url).sign_in("an").search(site.buyer)
                assert (officer.page.status_code, officer.heading) == (403, "Không hiển thị được kết quả này")
                assert site.buyer not in officer.text
        finally:
            unseal_subject(connection, "Citizen", number)


def test_reading_that_is_paused_says_for_how_long(serve_pages: ServePages) -> None:
    limits = {"misses_per_hour": EVERY_KIND.replace("officer=off", "officer=1")}
    with serve_pages(**limits) as url:
        officer = PageReader(url).sign_in("giang")
        for number in range(3):
            officer.search(f"02209999999{number}")
        assert (officer.page.status_code, officer.heading) == (429, "Tạm dừng tra cứu")
        assert "phút" in officer.text
        assert int(officer.page.headers["retry-after"]) > 0


def test_nothing_is_shown_that_cannot_be_written_down(site: ConsoleSite, serve_pages: ServePages) -> None:
    with serve_pages({"hub_ledger": "postgresql://hub_ledger@127.0.0.1:1/none"}) as url:
        officer = PageReader(url).sign_in("an").search(site.seller)
        assert (officer.page.status_code, officer.heading) == (503, "Tạm ngừng tra cứu: chưa ghi được nhật ký")
        assert site.seller not in officer.text


def test_a_source_that_is_down_is_said_above_the_sheet(site: ConsoleSite, serve_pages: ServePages) -> None:
    with psycopg.connect(site.database, autocommit=True) as connection:
        # What was read lately is good although the source is down: two months ago it was read last.
        connection.execute("insert into hub.circuit values ('land', 5, now() + interval '1 h', null)")
        age = "update hub.stream set as_of = as_of {} interval '60 days' where connector = 'land'"
        connection.execute(age.format("-"))
        try:
            with serve_pages() as url:
                officer = open_transfer(site, PageReader(url).sign_in("an"), "H49.12-251118-7003")
                assert "Hệ thống thông tin đất đai đang không trả lời" in officer.text
        finally:
            connection.execute("delete from hub.circuit")
            connection.execute(age.format("+"))


def test_without_access_there_is_no_console(served_hub: ServedHub) -> None:
    answer = httpx2.get(f"{served_hub.url}/console", headers={"accept": "text/html"})
    assert (answer.status_code, "ACCESS_OFF" in answer.text) == (404, True)
    assert DEVELOPERS in httpx2.get(f"{served_hub.url}/").text
