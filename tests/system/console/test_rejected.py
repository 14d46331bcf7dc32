"""Rejected rows by pages, over a really served hub and queue: what a steward sees, one correction for a group, replay, and dismissal."""

import asyncio
import json
import re
from collections.abc import Iterator
from html import unescape

import psycopg
import pytest

from hub.access.subjects.sealing import seal_subject, unseal_subject
from hub.jobs.queue import build_queue
from hub.jobs.schema import migrate_queue
from hub.jobs.tasks import QueueTasks
from hub.store.engine import make_engine
from hub.store.roles import CLERK, STEWARD
from hub.store.server.embedded import EmbeddedServer
from tests.system.servers.console_site import NAME, ConsoleSite, ServePages
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

GROUP = "/console/rejected/population/citizens/Citizen/pattern?field=birth_date"
WRITTEN = {"91": "12/25/1980", "92": "1/31/1975", "93": "không rõ"}
"""Key at the source → the day as written."""
NEW_NAME = "Nguyễn Văn Bí Mật"


@pytest.fixture
def rejected(site: ConsoleSite) -> Iterator[dict[str, int]]:
    """Three rows whose birth date does not have the form, by key at the source: two have the month first."""
    migrate_queue(site.database)
    found = {}
    with psycopg.connect(site.database, autocommit=True) as connection:
        for key, day in WRITTEN.items():
            payload = {
                "id": key, "so_dinh_danh": f"0221800090{key}", "so_cmnd_cu": None, "ho_va_ten": NEW_NAME, "gioi_tinh": "Nam",
                "ngay_sinh": day, "ngay_mat": None, "dan_toc": "01", "ma_xa": "06820", "ngay_dang_ky": "2024-01-01",
                "dia_chi": "Tổ 1", "cap_nhat_luc": "2025-06-01T00:00:00+07:00",
            }  # fmt: skip
            row = connection.execute(
                "insert into hub.quarantine (stream_id, run_id, entity, source_key, field, rule, reason, payload, payload_hash,"
                " connector_version) values ((select id from hub.stream where connector = 'population' and name = 'citizens'),"
                " (select max(id) from hub.run), 'Citizen', %s, 'birth_date', 'pattern', 'must be a day', %s, md5(%s), '1')"
                " returning id",
                (f"9000{key}", json.dumps({**payload, "id": f"9000{key}"}), f"test {key}"),
            ).fetchone()
            found[key] = row[0] if row else 0
        yield found
        numbers = list(found.values())
        connection.execute("delete from hub.correction where payload_hash in (select payload_hash from hub.quarantine where id = any(%s))", (numbers,))  # fmt: skip
        connection.execute("delete from hub.quarantine where id = any(%s)", (numbers,))
        connection.execute("delete from data.citizen where source_key like '9000%'")


def run_queue_once(database: str) -> list[str]:
    """Run every job that waits, as `hub worker` does. Returns what the worker said."""
    said: list[str] = []
    engine = make_engine(database)

    async def work() -> None:
        queue = build_queue(database, connections=4)
        QueueTasks(queue, engine, said.append, 90).register()
        async with queue.open_async():
            await queue.run_worker_async(wait=False, install_signal_handlers=False)

    asyncio.run(asyncio.wait_for(work(), 120))
    engine.dispose()
    return said


def test_one_correction_mends_a_group_and_the_queue_replays_it(site: ConsoleSite, rejected: dict[str, int]) -> None:
    steward = site.officer("chi").open("/console/rejected")
    assert "Công dân, ngày sinh" in steward.text
    steward.open(GROUP)
    assert all(day in steward.text for day in WRITTEN.values()), "wrong values are shown"
    assert NEW_NAME not in steward.text
    assert "N. V. B. M." in steward.text, "other values are masked"
    assert "022180009091" not in steward.text
    fields = {
        "column": "ngay_sinh",
        "edit": "READ_DAY:MONTH_DAY_YEAR",
        "find": "",
        "to": "",
        "note": "nguồn ghi tháng trước",
    }
    steward.submit({**fields, "note": "", "preview": "1"})
    assert steward.page.status_code == 422
    steward.submit({**fields, "preview": "1"}, GROUP)
    assert "Sửa được <b>2</b> trong 2 bản ghi" in steward.text
    assert "1980-12-25" in steward.text
    assert "12/25/1980" not in str(steward.page.url), "nothing personal stands in the address"
    with psycopg.connect(site.database, autocommit=True) as connection:
        assert connection.execute(
            "select count(*) from hub.correction where note = %s", (fields["note"],)
        ).fetchone() == (0,)
        steward.submit({"apply": "3"}, GROUP)
        assert (steward.page.status_code, "Các bản ghi vừa thay đổi" in steward.text) == (422, True)
        steward.submit({"apply": "2"}, GROUP)
        assert "Đã ghi cách sửa" in steward.text
        said = run_queue_once(site.database)
        assert "replay population: 2 accepted, 0 still rejected" in said
        stored = connection.execute(
            "select source_key, birth_date from data.citizen where source_key like '9000%' order by 1"
        ).fetchall()
        assert stored == [("900091", "1980-12-25"), ("900092", "1975-01-31")]
        made_by = connection.execute("select made_by from hub.correction where note = %s", (fields["note"],)).fetchall()
        assert [by.endswith("|chi") for (by,) in made_by] == [True, True]
    assert WRITTEN["92"] not in steward.open(GROUP).text
    assert WRITTEN["93"] in steward.text


def test_rows_are_dismissed_with_a_reason_and_reopened_once(site: ConsoleSite, rejected: dict[str, int]) -> None:
    steward = site.officer("chi").open(GROUP)
    steward.submit({"dismiss": "1", "dismiss_note": "x"})
    assert "Đánh dấu ít nhất một bản ghi." in steward.errors
    row = {f"row.{rejected['93']}": "1"}
    steward.submit({"dismiss": "1", "dismiss_note": "bản ghi thử", **row}, GROUP)
    assert "Đã để ngoài" in steward.text
    with psycopg.connect(site.database) as connection:
        found = connection.execute("select resolution from hub.quarantine where id = %s", (rejected["93"],)).fetchone()
    assert found == ("DISMISSED",)
    steward.submit({"dismiss": "1", "dismiss_note": "again", **row}, GROUP)
    assert steward.page.status_code == 400, "it is resolved already"
    number, left_out = str(rejected["93"]), f"{GROUP}&dismissed=1"
    # A group that is left out altogether is found from the list.
    others = "rule = 'pattern' and field = 'birth_date' and id <> %s"
    with psycopg.connect(site.database, autocommit=True) as connection:
        connection.execute(f"update hub.quarantine set resolved_at = now(), resolution = 'DISMISSED' where {others}".encode(), (number,))  # fmt: skip
        assert "/Citizen/pattern?field=birth_date" not in steward.open("/console/rejected").page.text
        listed = steward.open("/console/rejected?dismissed=1").page.text
        assert left_out in unescape(listed)
        connection.execute(f"update hub.quarantine set resolved_at = null, resolution = null where {others}".encode(), (number,))  # fmt: skip
    steward.open(left_out)
    assert (WRITTEN["93"] in steward.text, WRITTEN["92"] in steward.text) == (True, False)
    steward.submit({"reopen": number}, left_out)
    assert ("Đã mở lại" in steward.text, "Không có bản ghi nào bị để ngoài" in steward.text) == (True, True)
    assert WRITTEN["93"] in steward.open(GROUP).text
    steward.submit({"reopen": number}, left_out)
    assert steward.errors == ["Bản ghi này không còn ở ngoài: đã được mở lại."]


def test_each_look_is_in_the_ledger(site: ConsoleSite, rejected: dict[str, int]) -> None:
    site.officer("chi").open(GROUP)
    auditor = site.officer("kiem").open("/console/log")
    auditor.submit({"purpose": "quarantine"})
    assert "quarantine.population.citizens.Citizen" in auditor.text
    assert "Không tìm thấy" not in auditor.text, "rows were shown, though nobody is named in them"


def test_whoever_a_shown_row_names_is_in_the_ledger(site: ConsoleSite, rejected: dict[str, int]) -> None:
    with psycopg.connect(site.database, autocommit=True) as connection:
        connection.execute("update hub.quarantine set payload = payload || jsonb_build_object('so_dinh_danh', %s::text) where id = %s", (site.buyer, rejected["91"]))  # fmt: skip
        connection.execute("update hub.quarantine set payload = payload || jsonb_build_object('so_dinh_danh', %s::text) where id = %s", (site.seller, rejected["93"]))  # fmt: skip
    fields = {"column": "ngay_sinh", "edit": "READ_DAY:MONTH_DAY_YEAR", "find": "", "to": "", "note": "tháng trước"}
    site.officer("chi").open(GROUP).submit({**fields, "preview": "1"}, GROUP)
    auditor = site.officer("kiem").open("/console/log")
    auditor.submit({"purpose": "quarantine", "personalId": site.buyer})
    assert "rejectedRowValues" in auditor.text
    assert "previewRowFix" in auditor.text
    auditor.open("/console/log").submit({"purpose": "quarantine", "personalId": site.seller})
    assert "rejectedRowValues" in auditor.text
    assert "previewRowFix" not in auditor.text, "the correction changes nothing of that row, so it is not shown"


def test_somebody_who_is_sealed_is_withheld_from_rows_that_name_them(
    site: ConsoleSite, rejected: dict[str, int]
) -> None:
    with psycopg.connect(site.database, autocommit=True) as connection:
        connection.execute("update hub.quarantine set payload = payload || jsonb_build_object('so_dinh_danh', %s::text) where id = %s", (site.buyer, rejected["93"]))  # fmt: skip
        row = connection.execute("select id from data.citizen where personal_id = %s", (site.buyer,)).fetchone()
        assert row is not None
        seal_subject(connection, "Citizen", row[0], "COURT_ORDER", "test")
        try:
            steward = site.officer("chi").open(GROUP)
        finally:
            unseal_subject(connection, "Citizen", row[0])
    assert WRITTEN["93"] not in steward.text
    assert WRITTEN["91"] in steward.text


def test_somebody_who_is_sealed_is_withheld(site: ConsoleSite, rejected: dict[str, int]) -> None:
    with psycopg.connect(site.database, autocommit=True) as connection:
        row = connection.execute(
            "select id, source_key from data.citizen where personal_id = %s", (site.seller,)
        ).fetchone()
        assert row is not None
        connection.execute("update hub.quarantine set source_key = %s where id = %s", (row[1], rejected["93"]))
        seal_subject(connection, "Citizen", row[0], "COURT_ORDER", "test")
        try:
            steward = site.officer("chi").open(GROUP)
        finally:
            unseal_subject(connection, "Citizen", row[0])
    assert WRITTEN["93"] not in steward.text
    assert "Được bảo vệ" in steward.text
    assert steward.text.count("N. V. B. M.") == 2
    assert WRITTEN["91"] in steward.text


def test_the_clerk_cannot_see_a_row_and_the_page_says_what_is_missing(
    serve_pages: ServePages, site: ConsoleSite, rejected: dict[str, int], postgres_server: EmbeddedServer
) -> None:
    with serve_pages({STEWARD: postgres_server.login_url(CLERK, NAME)}) as url:
        steward = ConsoleSite(url, *list(vars(site).values())[1:]).officer("chi").open(GROUP)
    assert steward.page.status_code == 503
    assert "STEWARD_UNREADABLE" in steward.text
    assert WRITTEN["91"] not in steward.text


def test_rejected_rows_are_for_stewards(site: ConsoleSite, rejected: dict[str, int]) -> None:
    assert site.officer("an").open(GROUP).page.status_code == 403
    assert site.officer("chi").open(GROUP.replace("population", "nothing")).page.status_code == 404
    assert re.search("không còn bản ghi nào", site.officer("chi").open(GROUP.replace("pattern", "range")).text)


def test_a_session_that_ends_keeps_the_proposed_correction_and_the_ticks(
    site: ConsoleSite, rejected: dict[str, int]
) -> None:
    steward = site.officer("chi").open(GROUP).end_session()
    typed = {"column": "ngay_sinh", "edit": "READ_DAY:MONTH_DAY_YEAR", "note": "nguồn ghi tháng trước", "preview": "1"}
    assert steward.submit(typed, GROUP).page.status_code == 401
    steward.sign_in("chi", GROUP).open(GROUP)
    assert 'value="nguồn ghi tháng trước"' in steward.text
    assert '<option value="READ_DAY:MONTH_DAY_YEAR" selected>' in steward.text
    row = rejected["93"]
    assert steward.end_session().submit({f"row.{row}": "1", "dismiss_note": "không rõ năm sinh", "dismiss": "1"}, GROUP).page.status_code == 401  # fmt: skip
    steward.sign_in("chi", GROUP).open(GROUP)
    assert 'value="không rõ năm sinh"' in steward.text
    assert re.findall(r'name="row\.(\d+)" value="1" checked', steward.text) == [str(row)]
    steward.submit({f"row.{row}": "1", "dismiss_note": "không rõ năm sinh", "dismiss": "1"}, GROUP)
    assert steward.page.status_code == 200
    assert "không rõ năm sinh" not in steward.text, "it was taken"
