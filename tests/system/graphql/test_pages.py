"""Pages over rows by hand, with nulls and ties, held against the same order computed in plain Python."""

import base64
import itertools
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from hub.settings import load_settings
from tests.system.graphql.test_graph import Graph

BIRTHS = ("1980", None, "1975-02-01", "1980", None, "1990-12-31", "1975-02-01")
SEXES = ("MALE", "FEMALE", None)
TERMS = ("birthDate", "fullName", "personalId")
ORDERS = [
    tuple(zip(names, ways, strict=True))
    for count in (1, 2)
    for names in itertools.permutations(TERMS, count)
    for ways in itertools.product(("ASC", "DESC"), repeat=count)
]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows(module_database_url: str) -> list[Row]:
    """Twenty-one people; birth dates and names repeat."""
    built: list[Row] = []
    with psycopg.connect(module_database_url) as connection:
        for n in range(21):
            row = {
                "personalId": f"0220800{n * 8 % 21:05}",
                "fullName": ("An", "Binh", "Chi")[n % 3],
                "birthDate": BIRTHS[n % 7],
            }
            found = connection.execute(
                "insert into data.citizen (personal_id, full_name, full_name_key, birth_date, sex, stream_id, source_key, run_id,"
                " row_digest, first_seen, sys_from) values (%s, %s, lower(%s), %s, %s, 1, %s, 1, 0, now(), now())"
                " returning id",
                (row["personalId"], row["fullName"], row["fullName"], row["birthDate"], SEXES[n // 7], str(n)),
            ).fetchone()
            assert found is not None
            built.append({**row, "id": found[0]})
    return built


@pytest.fixture(scope="module")
def ask(module_database_url: str, rows: list[Row]) -> Iterator[Any]:
    """Runs a connection of citizens and returns it."""
    graph = Graph(module_database_url, load_settings())

    def page(arguments: str, cursor: str | None) -> Any:
        query = f"query($c: String) {{ citizens({arguments}) {{ totalCount edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        return graph.data(query, {"c": cursor})["citizens"]

    yield page
    graph.close()


def expected(rows: list[Row], order: tuple[tuple[str, str], ...]) -> list[str]:
    """Ids in order: nulls are the greatest, ties go by id."""
    found = sorted(rows, key=lambda row: row["id"])
    for name, way in reversed(order):
        found.sort(key=lambda row: (row[name] is None, row[name] or ""), reverse=way == "DESC")
    return [base64.b64encode(f"Citizen:{row['id']}".encode()).decode() for row in found]


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("size", [1, 4, 21])
def test_pages_are_the_order_of_python_both_ways(ask: Any, rows: list[Row], order: Any, size: int) -> None:
    terms = ", ".join(f"{{ {name}: {way} }}" for name, way in order)
    wanted = expected(rows, order)
    for count, at, cursor, more in (
        ("first", "after", "endCursor", "hasNextPage"),
        ("last", "before", "startCursor", "hasPreviousPage"),
    ):
        seen: list[str] = []
        position = None
        while True:
            page = ask(f"orderBy: [{terms}], {count}: {size}, {at}: $c", position)
            ids = [edge["node"]["id"] for edge in page["edges"]]
            seen = seen + ids if count == "first" else ids + seen
            assert page["totalCount"] == len(rows)
            assert len(seen) <= len(rows)
            if not page["pageInfo"][more]:
                break
            position = page["pageInfo"][cursor]
        assert seen == wanted
