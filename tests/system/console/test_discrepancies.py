"""Discrepancies and corrections by sector, over a really served hub: counts without values, and the file of one sector."""

import csv
import io

import psycopg

from hub.access.subjects.sealing import seal_subject, unseal_subject
from tests.system.servers.console_site import ConsoleSite
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

PAGE = "/console/discrepancies"


def test_a_sector_gets_its_discrepancies_as_a_file_and_the_ledger_has_everyone_in_it(site: ConsoleSite) -> None:
    with psycopg.connect(site.database) as connection:
        counted = connection.execute(
            "select sector, count(*) from link.discrepancy where sys_to is null and kind = 'DIFFERS' group by 1 order by 2 desc"
        ).fetchall()
        value = connection.execute(
            "select recorded from link.discrepancy where sys_to is null and kind = 'DIFFERS' limit 1"
        ).fetchone()
    assert counted
    assert value is not None
    steward = site.officer("chi").open(PAGE)
    assert steward.page.status_code == 200
    assert value[0] not in steward.text, "the page has counts alone"
    sector, rows = counted[0]
    steward.submit({"sector": sector, "kind": "DIFFERS"}, PAGE)
    assert steward.page.headers["content-type"].startswith("text/csv")
    assert f"sai-lech-{sector}-" in steward.page.headers["content-disposition"]
    found = list(csv.DictReader(io.StringIO(steward.page.content.decode("utf-8-sig"))))
    assert len(found) == rows
    assert {"recorded", "held", "source_key"} <= found[0].keys()
    auditor = site.officer("kiem").open("/console/log")
    auditor.submit({"purpose": "handover"})
    people = {row["subject_kind"] for row in found}
    assert "Xuất tệp" in auditor.text
    assert 'data-label="Số người" class="number">0<' not in auditor.text or "Citizen" not in people


def test_a_sealed_person_is_in_no_file_and_strangers_get_none(site: ConsoleSite) -> None:
    with psycopg.connect(site.database, autocommit=True) as connection:
        row = connection.execute(
            "select sector, subject_id from link.discrepancy"
            " where sys_to is null and kind = 'DIFFERS' and subject_kind = 'Citizen' limit 1"
        ).fetchone()
        assert row is not None
        sector, subject = row
        steward = site.officer("chi").open(PAGE)
        steward.submit({"sector": sector, "kind": "DIFFERS"}, PAGE)
        before = steward.page.text.count("\n")
        seal_subject(connection, "Citizen", subject, "COURT_ORDER", "test")
        try:
            steward.open(PAGE).submit({"sector": sector, "kind": "DIFFERS"}, PAGE)
        finally:
            unseal_subject(connection, "Citizen", subject)
    assert steward.page.text.count("\n") < before
    for given in ({"sector": "nothing"}, {"sector": "land", "kind": "x"}):
        assert steward.open(PAGE).submit(given, PAGE).page.status_code == 400
    assert site.officer("an").open(PAGE).page.status_code == 403
