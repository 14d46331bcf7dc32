"""The workspace of a link run makes declared tables only, and says which there are."""

from collections.abc import Iterator

import psycopg
import pytest

from hub.link.field import field_named
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
