"""Rehearsing procedures counts what dossiers of the same cases would count, and leaves nothing behind."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from hub.cli import main
from hub.demo.identities import make_local_issuer
from hub.demo.walk.dossiers import ChosenCase, choose_cases, open_dossiers
from hub.demo.walk.office import DemoOffices
from hub.errors import HubMisconfigured
from hub.graph.procedures.rehearsal import rehearse_procedure
from hub.graph.service import make_executor, make_pool
from hub.ingest.connectors import load_manifests
from hub.procedures.rehearsal_cases import find_procedure_cases, list_procedure_cases
from hub.settings import load_settings
from hub.snapshots.statistics import load_statistics
from hub.store.connections.logins import Logins
from hub.web.services import make_services

TRACES = "select (select count(*) from hub.dossier), (select count(*) from hub.prefill_snapshot), (select count(*) from ledger.record)"


@pytest.fixture
def database(province_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HUB_DATABASE_URL", province_url)
    return province_url


def count_traces(database: str) -> object:
    with psycopg.connect(database) as connection:
        return connection.execute(TRACES).fetchone()


def rehearse(capsys: pytest.CaptureFixture[str], *arguments: str, fails: int = 0) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["procedures", "rehearse", *arguments])
    printed = capsys.readouterr()
    assert (left.value.code or 0) == fails, printed
    return printed.err if fails else printed.out


def test_it_says_how_much_of_each_form_could_be_filled(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = count_traces(database)
    found = json.loads(rehearse(capsys, "--cases", "12", "--json"))
    assert [one["procedure"] for one in found] == [one.procedure for one in list_procedure_cases()]
    for one in found:
        assert 1 <= one["cases"] <= 12
        assert 0 < one["total"]["held"] <= one["total"]["answers"]
        assert sum(paper["spared"] for paper in one["papers"]) > 0
        assert one["requirements"]
    assert count_traces(database) == before, "nothing is kept"


def test_the_table_has_words(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = rehearse(capsys, "old-age-allowance", "--cases", "5", "--lang", "en")
    assert "Social allowance" in table
    assert "cases 5" in table
    assert "Identity card" in table
    assert "spared" in table
    assert "papers refused" not in table
    assert "ASKED_OF_CITIZEN" not in table
    assert "only the citizen knows" in table


@pytest.mark.parametrize("arguments", [("--cases", "0"), ("--cases", "100001"), ("no-such-procedure",)])
def test_what_cannot_be_rehearsed_is_refused(
    database: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert "next step" in rehearse(capsys, *arguments, fails=64)


def test_it_counts_what_dossiers_of_the_same_cases_count(database: str) -> None:
    async def compare() -> None:
        settings = load_settings(access="on", lookup_timeout_s=0.0)
        cases = await choose(database)
        issuer = make_local_issuer(settings.host)
        services = make_services(
            settings, Logins.one(database), connectors=load_manifests(), local_issuer=issuer, keeps_ledger=False
        )
        async with services.running():
            await open_dossiers(DemoOffices(services, issuer), cases)
        async with make_pool(settings, database) as pool:
            executor = make_executor(load_settings(), pool)
            with psycopg.connect(database, autocommit=True) as connection:
                kept = {one.code: one for one in load_statistics(connection)}
            assert len(kept) == len(cases)
            for case in cases:
                rehearsed = await rehearse_procedure(executor.prefills, case.procedure, [case.subjects])
                counted = {
                    code: (one.dossiers, one.answers, one.held, one.not_held)
                    for code, one in rehearsed.statistics.requirements.items()
                }
                assert counted == {
                    code: (one.dossiers, one.answers, one.held, one.not_held)
                    for code, one in kept[case.procedure].requirements.items()
                }
            await executor.refresher.close()

    asyncio.run(compare())


async def choose(database: str) -> list[ChosenCase]:
    async with make_pool(load_settings(), database) as pool:
        executor = make_executor(load_settings(), pool)
        with psycopg.connect(database) as connection:
            found = await choose_cases(executor.prefills, connection)
        await executor.refresher.close()
        return found


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select personal_id as applicants from data.citizen", "are not the procedure's roles: applicants, applicant"),
        ("select personal_id from data.citizen", "are not the procedure's roles: personal_id, applicant"),
        ("select personal as applicant from data.citizen", 'column "personal" does not exist'),
        ("delete from data.citizen returning personal_id as applicant", "syntax error"),
        ("select 1 as applicant) x; delete from data.citizen; select (1", "cannot insert multiple commands"),
        ("select full_name::integer::text as applicant from data.citizen", "InvalidTextRepresentation. Next step"),
    ],
)
def test_a_query_that_cannot_be_used_names_its_file(province_url: str, tmp_path: Path, query: str, said: str) -> None:
    cases = find_procedure_cases("old-age-allowance")
    (tmp_path / "rehearsal.sql").write_text(query, encoding="utf-8")
    with psycopg.connect(province_url) as connection:
        with pytest.raises(HubMisconfigured, match=re.escape(said)) as refused:
            replace(cases, path=tmp_path / "rehearsal.sql").find(connection, 10)
        connection.rollback()
        assert len(cases.find(connection, 10)) == 10
    assert str(tmp_path / "rehearsal.sql") in str(refused.value)
