"""`@asOf`: rows and links as the hub held them at an instant, in both lanes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from hub.settings import load_settings
from tests.system.graph import Graph
from tests.system.trial import Trial, person

PEOPLE = "query($at: DateTime!) @asOf(instant: $at) { citizens(orderBy: [{ personalId: ASC }]) { totalCount nodes { personalId fullName provenance { recordedAt asOf } } } %s }"


@pytest.fixture
def graph(trial: Trial, database_url: str) -> Iterator[Graph]:
    made = Graph(database_url, load_settings())
    yield made
    made.close()


def now() -> str:
    return datetime.now(UTC).isoformat()


def names(graph: Graph, at: str, lane: str = "") -> list[str]:
    found = graph.data(PEOPLE % lane, {"at": at})["citizens"]
    assert found["totalCount"] == len(found["nodes"])
    assert all(node["provenance"]["recordedAt"] <= at for node in found["nodes"])
    assert all(node["provenance"]["asOf"] <= at for node in found["nodes"])
    return [node["fullName"] for node in found["nodes"]]


@pytest.mark.parametrize("lane", ["", "__schema { queryType { name } }"])
def test_rows_as_they_were(trial: Trial, graph: Graph, lane: str) -> None:
    before = now()
    trial.write(person(1, "Lê Văn An"), person(2, "Trần Thị Bé"))
    trial.sync()
    first = now()
    trial.write(person(1, "Lê Văn Ân"), person(3, "Đỗ Văn Chí"))
    trial.sync()
    second = now()
    trial.write(person(1, "Lê Văn Ấn"), person(3, "Đỗ Văn Chí"))
    trial.sync()
    assert names(graph, before, lane) == []
    assert names(graph, first, lane) == ["Lê Văn An", "Trần Thị Bé"]
    assert names(graph, second, lane) == ["Lê Văn Ân", "Đỗ Văn Chí"]
    assert names(graph, now(), lane) == ["Lê Văn Ấn", "Đỗ Văn Chí"]


def test_keys_filters_and_pages_look_into_the_past_too(trial: Trial, graph: Graph) -> None:
    trial.write(*(person(n, f"Lê Văn {name}") for n, name in enumerate(("An", "Bình", "Chi", "Dũng"), 1)))
    trial.sync()
    at = now()
    trial.write(person(5, "Hoàng Thị Em"))
    trial.sync(max_deleted=1.0)
    query = """query($at: DateTime!, $after: String) @asOf(instant: $at) {
      citizen(by: { personalId: "000000000002" }) { fullName }
      found: citizens(filter: { fullName: { prefix: "le van b" } }) { nodes { fullName } }
      page: citizens(first: 2, after: $after, orderBy: [{ fullName: DESC }]) { nodes { fullName } pageInfo { endCursor hasNextPage } } }"""
    found = graph.data(query, {"at": at})
    assert found["citizen"] == {"fullName": "Lê Văn Bình"}
    assert found["found"]["nodes"] == [{"fullName": "Lê Văn Bình"}]
    assert [n["fullName"] for n in found["page"]["nodes"]] == ["Lê Văn Dũng", "Lê Văn Chi"]
    rest = graph.data(query, {"at": at, "after": found["page"]["pageInfo"]["endCursor"]})["page"]
    assert [n["fullName"] for n in rest["nodes"]] == ["Lê Văn Bình", "Lê Văn An"]
    assert rest["pageInfo"]["hasNextPage"] is False
    assert graph.data('{ citizen(by: { personalId: "000000000002" }) { fullName } }') == {"citizen": None}


def test_links_as_they_were(trial: Trial, graph: Graph, database_url: str) -> None:
    trial.write(person(1), person(2))
    trial.sync()
    with psycopg.connect(database_url, autocommit=True) as connection:

        def one(query: str) -> Any:
            return (connection.execute(query).fetchone() or (None,))[0]

        one_id, two_id = (one(f"select id from data.citizen where source_key = '{key}'") for key in "12")
        right = one(
            "insert into data.land_use_right (status, stream_id, source_key, run_id, row_digest, first_seen, sys_from)"
            " values ('REGISTERED', 1, 'r', 1, 0, now(), now()) returning id"
        )
        columns = "record_id, found_id, subject_id, subject_kind, status, method, decided_by, decided_at, sys_from"
        connection.execute(f"insert into link.land_use_right_holder ({columns}) values ({right}, {one_id}, {one_id}, 'Citizen', 'CONFIRMED', 'm', 'run:1', now(), now())")  # fmt: skip
        at = now()
        connection.execute(f"insert into link_history.land_use_right_holder ({columns}, sys_to) select {columns}, now() from link.land_use_right_holder")  # fmt: skip
        connection.execute(f"update link.land_use_right_holder set subject_id = {two_id}, sys_from = now()")
    query = "%s { landUseRights { nodes { holder { ... on Citizen { personalId } } holderLink { status } } } citizens(filter: { landUseRights: { some: {} } }) { nodes { personalId } } }"
    past = graph.data(query % "query($at: DateTime!) @asOf(instant: $at)", {"at": at})
    present = graph.data(query % "")
    for answer, expected in ((past, "000000000001"), (present, "000000000002")):
        (right_found,) = answer["landUseRights"]["nodes"]
        assert right_found == {"holder": {"personalId": expected}, "holderLink": {"status": "CONFIRMED"}}
        assert answer["citizens"]["nodes"] == [{"personalId": expected}]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('query @asOf(instant: "2999-01-01T00:00:00Z") { citizens { totalCount } }', "BAD_USER_INPUT"),
        ('query @asOf(instant: "2020-01-01T00:00:00") { citizens { totalCount } }', "INVALID"),
        ('query @asOf(instant: "yesterday") { citizens { totalCount } }', "INVALID"),
        ("query @asOf { citizens { totalCount } }", "INVALID"),
        ('{ citizens @asOf(instant: "2020-01-01T00:00:00Z") { totalCount } }', "INVALID"),
        (
            'query @asOf(instant: "2020-01-01T00:00:00Z") { prefill(procedure: "x") { at } }',
            "BAD_USER_INPUT",
        ),
    ],
)
def test_what_is_not_a_past_instant(graph: Graph, query: str, code: str) -> None:
    assert graph.code(query)[0] == code
