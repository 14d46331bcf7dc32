"""The store: migrated equals derived, several hubs at once, and the SQL functions."""

import threading
from collections.abc import Iterator

import polars as pl
import psycopg
import pytest
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hub.errors import HubMisconfigured, StoreUnavailable
from hub.ingest.transform.search_keys import fold_names
from hub.store.engine import make_engine
from hub.store.meta import METADATA
from hub.store.migrate import describe_schema_differences, find_schema_differences, make_alembic_config, migrate_store
from hub.store.revision import newest_revision


def test_migrated_is_derived(new_database_url: str) -> None:
    made = make_engine(new_database_url)
    assert migrate_store(made) == newest_revision()
    with made.connect() as connection:
        assert find_schema_differences(connection) == []
        # Alembic compares no storage parameters.
        room = "select distinct relnamespace::regnamespace::text, reloptions from pg_class where relname = any(:names)"
        names = [table.name for table in METADATA.tables.values() if table.schema == "data"]
        found = dict(connection.execute(text(f"{room} and relkind = 'r'"), {"names": names}).all())
        assert found == {"data": ["fillfactor=95"], "history": None}
    made.dispose()


def test_differences_are_told_in_words(database_url: str) -> None:
    made = make_engine(database_url)
    with made.begin() as connection:
        for statement in (
            "drop table data.pension cascade",
            "alter table data.parcel drop column area cascade",
            "alter table data.citizen alter column full_name drop not null, alter column sex type text",
            "drop index data.citizen_former_id",
            "create table data.left_over (x int)",
        ):
            connection.execute(text(statement))
    with made.connect() as connection:
        told = describe_schema_differences(connection)
    made.dispose()
    expected = {
        "add table data.pension", "add column data.parcel.area", "remove table data.left_over",
        "change column data.citizen.full_name: nullable", "add index citizen_former_id on data.citizen",
    }  # fmt: skip
    assert expected <= set(told), told
    assert not [line for line in told if "(" in line or "<" in line]


def test_the_newest_revision_by_file_names_is_the_one_alembic_finds() -> None:
    heads = ScriptDirectory.from_config(make_alembic_config(None)).get_heads()
    assert newest_revision() == " ".join(sorted(heads))


def test_two_hubs_may_start_at_once(new_database_url: str) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        made = make_engine(new_database_url)
        try:
            migrate_store(made)
        except BaseException as error:
            failures.append(error)
        finally:
            made.dispose()

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_database_of_a_newer_program_is_refused(new_database_url: str) -> None:
    made = make_engine(new_database_url)
    migrate_store(made)
    with made.begin() as connection:
        connection.execute(text("update hub.alembic_version set version_num = '9999' where version_num not like 'v%'"))
    with pytest.raises(HubMisconfigured, match="9999"):
        migrate_store(made)
    made.dispose()


def test_a_database_that_is_away_is_said_to_be(new_database_url: str) -> None:
    made = make_engine("postgresql://hub:SECRET@127.0.0.1:1/hub")
    with pytest.raises(StoreUnavailable) as caught:
        migrate_store(made)
    assert "SECRET" not in str(caught.value)
    made.dispose()


def test_names_are_folded(new_database_url: str) -> None:
    made = make_engine(new_database_url)
    migrate_store(made)
    with made.connect() as connection:

        def key(name: str) -> str | None:
            found: str | None = connection.execute(text("select hub.name_key(:name)"), {"name": name}).scalar_one()
            return found

        def agree(one: str, other: str) -> bool:
            return bool(connection.execute(text("select hub.names_agree(:a, :b)"), {"a": one, "b": other}).scalar_one())

        same = (
            "Nguyễn Thị Hoà",
            "nguyễn thị hòa",
            "NGUYỄN THỊ HOÀ",
            "Nguye\u0302\u0303n Thi\u0323 Hoa\u0300",
            " Nguyen Thi Hoa ",
        )
        assert {key(name) for name in same} == {"nguyen thi hoa"}
        assert key("Đỗ Ðức đạt") == "do duc dat"
        assert key("SØREN ŁUKASZ ƏLIYEV") == key("søren łukasz əliyev") == "søren łukasz əliyev"
        assert agree("nguyen thi thu ha", "nguyen thi ha")
        assert not agree("nguyen van an", "nguyen van anh")
        assert not agree("nguyen an", "le an")
    made.dispose()


@given(names=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12), max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_ingest_and_store_make_the_same_search_keys(names_connection: psycopg.Connection, names: list[str]) -> None:
    names += ["Nguyễn Thị Hoà", "Đỗ Ðức ĐẠT", " Lê  Văn ", "ÆØÞĦĲĿŁŊŒŦƏ", "Nguye\u0302\u0303n"]
    wanted = [row[0] for row in names_connection.execute("select hub.name_key(n) from unnest(%s::text[]) with ordinality as t(n, at) order by at", (names,))]  # fmt: skip
    assert fold_names(pl.Series(names, dtype=pl.String)).to_list() == wanted


@pytest.fixture(scope="module")
def names_connection(module_database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database_url) as connection:
        yield connection
