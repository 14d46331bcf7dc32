"""The auditor's pages over a really served hub: whom to notify after a leak, how the ledger does, and a check that sees an edited record."""

import csv
import io
import time
from datetime import UTC, datetime, timedelta

import psycopg

from hub.access.subjects.sealing import seal_subject, unseal_subject
from hub.graph.permission.sealed_subjects import KEPT_S
from tests.system.servers.console_site import ConsoleSite
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

BREACH, LEDGER, LOG = "/console/breach", "/console/ledger", "/console/log"
SINCE = f"{datetime.now(UTC) - timedelta(days=1):%d/%m/%Y}"


def find_principal(site: ConsoleSite, who: str) -> str:
    with psycopg.connect(site.database) as connection:
        row = connection.execute(
            "select principal from ledger.record where principal like %s order by at desc limit 1", (f"%|{who}",)
        ).fetchone()
    assert row is not None
    return str(row[0])


def test_an_auditor_finds_whom_to_notify(site: ConsoleSite) -> None:
    site.officer().search(site.seller)
    officer = find_principal(site, "an")
    auditor = site.officer("kiem").open(BREACH)
    given = {"credential": officer, "since": SINCE, "until": ""}
    auditor.submit({**given, "find": "1"}, BREACH)
    assert site.seller in auditor.text
    assert site.name in auditor.text
    auditor.open(BREACH).submit({**given, "csv": "1"}, BREACH)
    rows = list(csv.DictReader(io.StringIO(auditor.page.content.decode("utf-8-sig"))))
    assert site.seller in {row["personal_id"] for row in rows}
    with psycopg.connect(site.database) as connection:
        row = connection.execute(
            "select count(*) from ledger.record where convert_from(substring(record from 41), 'UTF8')::jsonb ->> 'kind' = 'EXPORT'"
            " and convert_from(substring(record from 41), 'UTF8')::jsonb -> 'details' ->> 'people' = %s",
            (str(len(rows)),),
        ).fetchone()
    assert row is not None
    assert row[0] >= 2, "each search is an export in the ledger"
    auditor.open(BREACH).submit({**given, "credential": "key:abcdefgh", "find": "1"}, BREACH)
    assert "Không ai bị đọc dữ liệu" in auditor.text
    auditor.submit({"credential": "", "since": "yesterday", "until": "", "find": "1"}, BREACH)
    assert (auditor.page.status_code, len(auditor.errors)) == (422, 2)


def test_a_sealed_person_is_in_no_list_of_a_breach(site: ConsoleSite) -> None:
    site.officer().search(site.seller)
    given = {"credential": find_principal(site, "an"), "since": SINCE, "until": ""}
    with psycopg.connect(site.database, autocommit=True) as connection:
        row = connection.execute("select id from data.citizen where personal_id = %s", (site.seller,)).fetchone()
        assert row is not None
        seal_subject(connection, "Citizen", row[0], "COURT_ORDER", "test")
        time.sleep(KEPT_S)
        try:
            auditor = site.officer("kiem").open(BREACH).submit({**given, "find": "1"}, BREACH)
        finally:
            unseal_subject(connection, "Citizen", row[0])
    assert auditor.page.status_code == 200, "the others are found"
    assert site.seller not in auditor.text
    time.sleep(KEPT_S)


def test_a_session_that_ends_keeps_what_an_auditor_typed(site: ConsoleSite) -> None:
    auditor = site.officer("kiem").open(BREACH).end_session()
    assert auditor.submit({"credential": "key:abcdefgh", "since": SINCE, "find": "1"}, BREACH).page.status_code == 401
    auditor.sign_in("kiem", BREACH).open(BREACH)
    assert ('value="key:abcdefgh"' in auditor.text, f'value="{SINCE}"' in auditor.text) == (True, True)
    auditor.submit({"credential": "key:abcdefgh", "since": SINCE, "find": "1"}, BREACH)
    assert "Không ai bị đọc dữ liệu" in auditor.text
    assert "key:abcdefgh" not in auditor.open(BREACH).text, "it was taken"
    auditor.open(LOG).end_session()
    assert auditor.submit({"personalId": site.seller}, LOG).page.status_code == 401
    auditor.sign_in("kiem", LOG).open(LOG)
    assert f'value="{site.seller}"' in auditor.text
    auditor.submit({"until": "01/01/2001"}, LOG)
    assert site.seller not in auditor.text, "the new search"


def test_a_check_sees_an_edited_record(site: ConsoleSite) -> None:
    auditor = site.officer("kiem").open(LEDGER)
    assert "Điểm chốt" in auditor.text
    auditor.submit({"hours": "24"}, LEDGER)
    assert "Nguyên vẹn" in auditor.text
    with psycopg.connect(site.database, autocommit=True) as connection:
        row = connection.execute(
            "select month, epoch, number, record from ledger.record where number > 0 order by at limit 1"
        ).fetchone()
        assert row is not None
        place, record = row[:3], bytes(row[3])
        change = "update ledger.record set record = %s where (month, epoch, number) = (%s, %s, %s)"
        connection.execute("alter table ledger.record disable trigger all")
        try:
            connection.execute(change, (record + b" ", *place))
            auditor.open(LEDGER).submit({"hours": "24"}, LEDGER)
        finally:
            connection.execute(change, (record, *place))
            connection.execute("alter table ledger.record enable trigger all")
    assert "Bản ghi đã bị sửa hoặc thiếu" in auditor.text
    assert f"{str(place[1])[:8]}/{place[2]}" in auditor.text
    auditor.open(LEDGER).submit({"hours": "24"}, LEDGER)
    assert "Nguyên vẹn" in auditor.text


def test_these_pages_are_for_auditors(site: ConsoleSite) -> None:
    for path in (BREACH, LEDGER):
        assert site.officer("dung").open(path).page.status_code == 403
