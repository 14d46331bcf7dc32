"""The second wall: what the database itself refuses to the web process, whatever a statement says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import InsufficientPrivilege

from hub.cli.store import open_store
from hub.errors import HubMisconfigured
from hub.jobs.schema import migrate_queue as apply_queue
from hub.link.run.linking_run import run_linking
from hub.settings import load_settings
from hub.store import roles
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.migrated_mark import is_migrated
from hub.store.roles import CLERK, GRANTS, READER, STEWARD, WORKER, find_excess
from hub.store.server.embedded import EmbeddedServer
from tests.system.trial import Trial

TABLES = """select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('hub', 'data', 'history', 'link', 'link_history') and c.relkind in ('r', 'p') order by 1"""
SECRET = {
    "hub.quarantine",
    "hub.api_key",
    "hub.web_session",
    "hub.inbox",
    "hub.correction",
    "hub.alarm",
    "hub.reading_subject",
}


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def allowed(owner: psycopg.Connection[Any], role: str, privilege: str) -> set[str]:
    tables = [name for (name,) in owner.execute(TABLES).fetchall()]
    rows = owner.execute(
        "select t from unnest(%s::text[]) t where has_table_privilege(%s, t, %s)", (tables, role, privilege)
    )
    return {name for (name,) in rows.fetchall()}


def test_the_reader_reads_the_graph_and_no_secrets(owner: psycopg.Connection[Any]) -> None:
    read = allowed(owner, READER, "select")
    assert {"data.citizen", "link.heir", "history.citizen", "hub.dossier", "hub.stream"} <= read
    assert not read & SECRET
    for privilege in ("insert", "update", "delete", "truncate"):
        assert allowed(owner, READER, privilege) == set()


def test_the_clerk_writes_no_record_of_a_source(owner: psycopg.Connection[Any]) -> None:
    for privilege in ("insert", "update", "delete"):
        written = allowed(owner, CLERK, privilege)
        assert not {name for name in written if name.startswith(("data.", "history."))}
        assert "hub.quarantine" not in written
    assert "hub.dossier" not in allowed(owner, CLERK, "delete"), "a dossier is ended, never deleted"
    assert allowed(owner, CLERK, "insert").isdisjoint({"hub.api_key", "hub.sealed_subject"})


def test_nobody_defines_tables(owner: psycopg.Connection[Any]) -> None:
    for role in GRANTS:
        assert owner.execute("select has_schema_privilege(%s, 'hub', 'create')", (role,)).fetchone() == (False,)
        assert owner.execute("select has_schema_privilege(%s, 'data', 'create')", (role,)).fetchone() == (False,)
        assert owner.execute("select rolsuper, rolcanlogin from pg_roles where rolname = %s", (role,)).fetchone() == (
            False,
            False,
        )
    assert {"data.citizen", "link.heir", "hub.run"} <= allowed(owner, WORKER, "delete")


def test_a_statement_beyond_the_role_fails(owner: psycopg.Connection[Any]) -> None:
    for role, statement in (
        (READER, "select payload from hub.quarantine"),
        (READER, "select * from hub.api_key"),
        (READER, "insert into hub.alarm (kind) values ('X')"),
        (READER, "create table hub.mine (x int)"),
        (CLERK, "update data.citizen set full_name = 'x'"),
        (CLERK, "delete from hub.dossier"),
        (STEWARD, "update data.citizen set full_name = 'x'"),
        (STEWARD, "update hub.quarantine set payload = '{}'"),
        (WORKER, "drop table hub.run"),
    ):
        with owner.transaction(force_rollback=True):
            owner.execute(f"set local role {role}")
            with pytest.raises(InsufficientPrivilege):
                owner.execute(statement)


def test_a_command_that_writes_takes_back_what_was_given_by_hand(
    owner: psycopg.Connection[Any], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.execute(f"grant all on hub.quarantine, data.citizen to {READER}")
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    with open_store(load_settings()) as store:
        assert is_migrated(store.engine)
    assert not allowed(owner, READER, "select") & SECRET
    assert allowed(owner, READER, "delete") == set()


@pytest.mark.parametrize(
    "statement",
    [
        f"grant select on hub.quarantine to {READER}",
        f"revoke select on data.citizen from {READER}",
        f"grant create on schema data to {WORKER}",
        f"grant select (payload) on hub.quarantine to {CLERK}",
        "create or replace function hub.global_id(kind text, id bigint) returns text language sql return kind",
        "create table ledger.extra (id bigint)",
        "comment on sequence hub.id_seq is null",
        "delete from hub.alembic_version where version_num like 'v%'",
    ],
)
def test_a_store_that_is_as_migrating_left_it_is_known_and_one_that_was_changed_is_not(
    owner: psycopg.Connection[Any], database_url: str, statement: LiteralString
) -> None:
    made = make_engine(database_url)
    assert is_migrated(made)
    owner.execute(statement)
    assert not is_migrated(made)
    made.dispose()


def test_another_program_with_the_same_revision_migrates_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_engine(database_url)
    monkeypatch.setitem(roles.GRANTS, READER, ())
    assert not is_migrated(made)
    made.dispose()


def test_a_role_that_may_not_make_roles_still_migrates(
    owner: psycopg.Connection[Any],
    postgres_server: EmbeddedServer,
    new_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = psycopg.conninfo.conninfo_to_dict(new_database_url)["dbname"]
    owner.execute("drop role if exists plain_owner")
    owner.execute("create role plain_owner login password 'x'")
    owner.execute(f"alter database {name} owner to plain_owner")
    host = psycopg.conninfo.conninfo_to_dict(new_database_url)
    url = f"postgresql://plain_owner:x@{host['host']}:{host['port']}/{name}"
    made = make_engine(url)
    assert migrate_store(made)
    assert is_migrated(made)
    monkeypatch.setitem(roles.GRANTS, "hub_of_another_time", ())
    migrate_store(made)
    assert not is_migrated(made), "who may make the role has to come yet"
    made.dispose()
    with psycopg.connect(url) as connection:
        assert "owns the hub's tables" in find_excess(connection)


def test_excess_is_said(owner: psycopg.Connection[Any]) -> None:
    assert "is a superuser" in find_excess(owner)
    for role in (READER, CLERK):
        with owner.transaction(force_rollback=True):
            owner.execute(f"set local role {role}")
            assert find_excess(owner) == []


def test_a_worker_reads_sources_and_links_without_owning_a_table(
    database_url: str, postgres_server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the first time, when an owner would load the empty tables directly; and the queue is the worker's to use."""
    apply_queue(database_url)
    monkeypatch.setenv(
        "HUB_DATABASE_URL", postgres_server.login_url(WORKER, str(conninfo_to_dict(database_url)["dbname"]))
    )
    with open_store(load_settings()) as store:
        trial = Trial(store.engine, tmp_path, monkeypatch)
        trial.write("1;022080000001;Nguyễn Văn An;01/05/1980;06820;2026-01-01T00:00:00+07:00;")
        assert trial.sync().status == "SUCCEEDED"
        trial.write("1;022080000001;Nguyễn Văn Ân;01/05/1980;06820;2026-02-01T00:00:00+07:00;")
        assert trial.sync().status == "SUCCEEDED"
        run_linking(store.engine)
        with psycopg.connect(store.url) as connection:
            assert connection.execute("select full_name from data.citizen").fetchone() == ("Nguyễn Văn Ân",)
            assert connection.execute("select count(*) from history.citizen").fetchone() == (1,)
            assert connection.execute("select count(*) from jobs.applied").fetchone() != (0,)


def test_a_store_that_nobody_migrated_is_not_a_workers_to_make(
    postgres_server: EmbeddedServer, migrated: str, new_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(conninfo_to_dict(new_database_url)["dbname"])
    monkeypatch.setenv("HUB_DATABASE_URL", postgres_server.login_url(WORKER, name))
    with pytest.raises(HubMisconfigured), open_store(load_settings()):
        pass
