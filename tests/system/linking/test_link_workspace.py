"""The workspace of a link run makes declared tables only, and says which there are."""

from collections.abc import Iterator

import psycopg
import pytest

from hub.link.field import field_named
from hub.link.rules import sql
from hub.link.workspace import LinkWorkspace, is_declared


def test_tables_are_declared_by_their_names() -> None:
    field = field_named("LandUseRight.holder")
    assert all(map(is_declared, ("changed", "version_of_citizen", field.temporary("wanted"))))
    assert not is_declared("wanted")
    assert not is_declared("citizen")
    with pytest.raises(AssertionError):
        field.temporary("wanting")


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as made:
        yield made


def count_temporary_tables(connection: psycopg.Connection) -> int:
    row = connection.execute("select count(*) from pg_class where relnamespace = pg_my_temp_schema() and relkind = 'r'")
    return int((row.fetchone() or (0,))[0])


def test_what_is_made_is_dropped(connection: psycopg.Connection) -> None:
    with LinkWorkspace(connection) as workspace:
        assert workspace.create("changed", "select 1 as id, %(name)s as entity", parameters={"name": "Citizen"}) == 1
        workspace.create("changed", "select 2 as id", replace=True, unique="id", analyze=True)
        with workspace.dropped_after("met", "reached"):
            workspace.create_empty("met", "field text, record_id bigint")
            assert count_temporary_tables(connection) == 2
        with pytest.raises(AssertionError, match="not dropped"):
            workspace.create_empty("changed", "id bigint")
        assert count_temporary_tables(connection) == 1
    assert count_temporary_tables(connection) == 0


def test_an_error_is_told_as_it_was(connection: psycopg.Connection) -> None:
    def fail() -> None:
        with LinkWorkspace(connection) as workspace, connection.transaction():
            workspace.create_empty("met", "record_id bigint")
            connection.execute("select 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        fail()


def test_evidence_is_not_summed_up_for_the_planner(connection: psycopg.Connection) -> None:
    field = field_named("LandUseRight.holder")
    with LinkWorkspace(connection) as workspace:
        for name, columns in (
            ("found", sql.FOUND_COLUMNS),
            ("scored", sql.SCORED_COLUMNS),
            ("wanted", sql.WANTED_COLUMNS),
        ):
            table = field.temporary(name)
            workspace.create(table, select_rows(columns), analyze=True)
            known = connection.execute("select attname from pg_stats where tablename = %s", (table,)).fetchall()
            expected = {column.split()[0] for column in columns.split(",")} - {"evidence"}
            assert {found for (found,) in known} == expected, name


def select_rows(columns: str) -> str:
    """Two rows with a value in each of these columns."""
    values = {"bigint": "n", "int": "n", "real": "n", "text": "n::text", "boolean": "n > 1", "jsonb": "to_jsonb(n)"}
    pairs = (column.split() for column in columns.split(","))
    return f"select {', '.join(f'{values[kind]} as {name}' for name, kind in pairs)} from generate_series(1, 2) n"
