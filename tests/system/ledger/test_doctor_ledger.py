"""What `hub doctor` finds in the ledger of a real database."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from hub.cli.operate.doctor.doctor_ledger import check_ledger
from hub.cli.operate.doctor.doctor_report import DoctorFinding
from hub.ledger.checkpoints.signing_keys import create_signing_key
from hub.ledger.retention import find_longest_retention
from hub.settings import load_settings
from hub.store.roles import AUDITOR, READER
from hub.store.server.embedded import EmbeddedServer
from tests.system.ledger.test_ledger_checkpoints import kept, write
from tests.system.ledger.test_ledger_faults import Store, abandon, entry, store

__all__ = ["store"]


def look(store: Store, **given: Any) -> dict[str, DoctorFinding]:
    settings = load_settings(access="on", database_url=store.owner, ledger_url=store.writer, **given)
    return {finding.what: finding for finding in check_ledger(settings, store.owner)}


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    create_signing_key(tmp_path / "key.pem")
    return {"ledger_signing_key": tmp_path / "key.pem", "ledger_witness_file": tmp_path / "witness.jsonl"}


def test_a_ledger_in_order_has_nothing_wrong_also_for_the_auditors_login(
    store: Store, given: dict[str, Any], postgres_server: EmbeddedServer
) -> None:
    write(store, load_settings(**given), 2)
    auditor = postgres_server.login_url(AUDITOR, str(conninfo_to_dict(store.owner)["dbname"]))
    found = look(store, **given, auditor_url=auditor)
    assert all(finding.holds for finding in found.values()), found
    assert found["ledger login"].found == "HUB_LEDGER_URL may write"
    assert "and signed" in found["ledger checkpoints"].found
    (last,) = store.run("select max(number) from ledger.checkpoint")
    assert found["ledger witness file"].found == f"has checkpoint {last[0]} of {last[0]}"
    ((said,),) = store.run(
        "select distinct convert_from(substring(record from 41), 'UTF8')::jsonb -> 'details' ->> 'retentionDays' from ledger.record where number = 0"
    )
    assert int(said) == find_longest_retention(), "a chain begins with the rule that it is written under"


def test_a_chain_whose_writer_died_is_told_from_one_that_is_written(store: Store, given: dict[str, Any]) -> None:
    async def run() -> list[str]:
        found = []
        async with kept(store, load_settings(**given)) as (writer, _):
            await writer.commit(entry("one"))
            found.append(look(store, **given)["ledger chains"].found)
            await abandon(store, writer)
            found.append(look(store, **given)["ledger chains"].found)
        return found

    alive, dead = asyncio.run(run())
    assert alive == "1 open, each with its writer"
    assert dead.startswith("1 open without a writer")


def test_what_is_missing_is_said_with_the_next_step(
    store: Store, given: dict[str, Any], tmp_path: Path, postgres_server: EmbeddedServer
) -> None:
    reader = postgres_server.login_url(READER, str(conninfo_to_dict(store.owner)["dbname"]))
    settings = load_settings(access="on", database_url=reader)
    bare = {finding.what: finding for finding in check_ledger(settings, reader)}
    assert {what for what, one in bare.items() if not one.holds} == {"ledger login", "ledger signing key", "ledger"}
    assert "HUB_DATABASE_URL may not write" in bare["ledger login"].found
    assert all(one.next_step for one in bare.values() if not one.holds)
    (tmp_path / "folder").mkdir()
    write(store, load_settings(ledger_witness_file=tmp_path / "folder"), 1)
    failing = look(store, **given | {"ledger_witness_file": tmp_path / "folder"})["ledger witness file"]
    assert not failing.holds
    assert failing.found.startswith("fails since ")
    away = load_settings(access="on", database_url=store.owner, ledger_url="postgresql://hub@127.0.0.1:1/hub")
    login = next(check_ledger(away, store.owner))
    assert (login.holds, "does not answer" in login.found) == (False, True)
