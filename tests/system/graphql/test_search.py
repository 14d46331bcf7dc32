"""Search, held against plain SQL over the demo province: by what officers type, best first, by an index, and within limits."""

import unicodedata
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from graphql import OperationDefinitionNode, parse

from hub.plan.sql.search_sql import MAX_CANDIDATES
from hub.settings import load_settings
from tests.conftest import ServedHub
from tests.system.graph import Graph

SEARCH = """query($t: String!, $n: Int) { search(text: $t, first: $n) { hasMore hits { matchedOn score node {
    __typename id ... on Citizen { personalId fullName birthDate } ... on Business { registrationNumber legalName }
    ... on LandUseRight { certificateSerial holder { ... on Citizen { fullName } } } } } } }"""
Person = tuple[str, str, str, str]


@pytest.fixture(scope="module")
def graph(served_hub: ServedHub) -> Iterator[Graph]:
    made = Graph(served_hub.database, load_settings())
    yield made
    made.close()


@pytest.fixture(scope="module")
def rows(served_hub: ServedHub) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def person(rows: psycopg.Connection[Any]) -> Person:
    """Somebody with three names, a whole birth date, a former identifier, who was merged into nobody."""
    found = rows.execute(
        "select personal_id, former_id, full_name, birth_date from data.citizen c where former_id is not null"
        " and length(birth_date) = 10 and full_name_key like '% % %' and not exists (select from link.heir h where h.subject_id = c.id)"
        " order by id limit 1"
    ).fetchone()
    assert found is not None
    return found


def search(graph: Graph, text: str, first: int | None = None) -> dict[str, Any]:
    result: dict[str, Any] = graph.data(SEARCH, {"t": text, "n": first})["search"]
    return result


def best(graph: Graph, text: str) -> tuple[str, list[str]]:
    """Whom the best hit is of, and on what it matched."""
    hit = search(graph, text)["hits"][0]
    node = hit["node"]
    return node.get("personalId") or node.get("registrationNumber") or node.get("certificateSerial"), hit["matchedOn"]


def day_first(born: str) -> str:
    return "/".join(reversed(born.split("-")))


def bare(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def test_by_numbers_as_they_stand_on_papers(graph: Graph, person: Person) -> None:
    personal, former, *_ = person
    assert best(graph, personal) == (personal, ["PERSONAL_ID"])
    assert best(graph, f" {personal[:3]} {personal[3:6]}.{personal[6:]} ")[0] == personal
    assert (personal, ["FORMER_ID"]) in [
        (hit["node"].get("personalId"), hit["matchedOn"]) for hit in search(graph, former, 100)["hits"]
    ]


def test_by_a_name_in_any_order_without_marks_and_with_a_birth_date(graph: Graph, person: Person) -> None:
    personal, _, name, born = person
    family, *middle, given = name.split()
    for written in (name, bare(name).lower(), name.upper(), " ".join([given, *middle, family]), f"{given},  {family}"):
        assert best(graph, f"{written} {day_first(born)}") == (personal, ["FULL_NAME", "BIRTH_DATE"])
        assert best(graph, f"{day_first(born)} {written}")[0] == personal
    assert best(graph, f"{name} {born}")[0] == personal
    year = search(graph, f"{name} {born[:4]}", 100)["hits"]
    assert personal in [
        hit["node"].get("personalId") for hit in year if hit["matchedOn"] == ["FULL_NAME", "BIRTH_DATE"]
    ]
    grouped = " ".join(personal[at : at + 3] for at in range(0, 12, 3))
    assert best(graph, f"{name} {grouped}") == (personal, ["PERSONAL_ID", "FULL_NAME"])
    wrong = search(graph, f"{name} 01/01/1899")
    assert {"FULL_NAME"} == {field for hit in wrong["hits"] for field in hit["matchedOn"]}
    number = search(graph, f"{name} {personal}")["hits"][0]
    assert (number["node"]["personalId"], number["matchedOn"]) == (personal, ["PERSONAL_ID", "FULL_NAME"])


def test_a_birth_date_alone_finds_all_of_the_day(graph: Graph, rows: psycopg.Connection[Any], person: Person) -> None:
    born = person[3]
    sql = "select personal_id from data.citizen c where birth_date = %s and not exists (select from link.heir h where h.subject_id = c.id)"
    wanted = {number for (number,) in rows.execute(sql, (born,))}
    found = search(graph, day_first(born), 100)
    assert {hit["node"]["personalId"] for hit in found["hits"]} == wanted


def test_every_name_is_found_by_its_words(graph: Graph, rows: psycopg.Connection[Any]) -> None:
    names = [
        name
        for (name,) in rows.execute(
            "select full_name from data.citizen tablesample bernoulli (100) repeatable (1) order by id % 37, id limit 40"
        )
    ]
    sql = (
        "select count(distinct coalesce(h.heir_id, c.id)) from data.citizen c left join link.heir h on h.subject_id = c.id"
        " where string_to_array(full_name_key, ' ') @> string_to_array(hub.name_key(%s), ' ')"
    )
    for name in names:
        (count,) = rows.execute(sql, (name,)).fetchone() or (0,)
        found = search(graph, name, 100)
        people = [hit for hit in found["hits"] if hit["node"]["__typename"] == "Citizen"]
        assert len(people) >= min(count, 100)
        # The whole name comes before those that have its words and others.
        first = [bare(hit["node"]["fullName"]).lower() == bare(name).lower() for hit in people]
        assert first == sorted(first, reverse=True)
        assert first[0]


def test_a_birth_date_finds_the_one_of_a_name_that_more_have_than_are_compared(
    graph: Graph, rows: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others were there first, both of the name and of the day: each way of finding gives one row here, and not this one."""
    monkeypatch.setattr("hub.plan.sql.search_sql.MAX_CANDIDATES", 1)
    before = "select from data.citizen o where o.id < c.id"
    found = rows.execute(
        "select personal_id, full_name, birth_date from data.citizen c where length(birth_date) = 10"
        f" and exists ({before} and o.full_name_key = c.full_name_key) and exists ({before} and o.birth_date = c.birth_date)"
        " and not exists (select from data.citizen o where o.id <> c.id and (o.full_name_key, o.birth_date) = (c.full_name_key, c.birth_date))"
        " and not exists (select from link.heir h where h.subject_id = c.id) order by c.id desc limit 1"
    ).fetchone()
    assert found is not None
    number, name, born = found
    # A document of its own: plans are kept, and so is how many rows they compare.
    query = SEARCH.replace("search(", "narrow: search(", 1)
    hits = graph.data(query, {"t": f"{name} {day_first(born)}"})["narrow"]["hits"]
    assert (hits[0]["node"]["personalId"], hits[0]["matchedOn"]) == (number, ["FULL_NAME", "BIRTH_DATE"])


def test_businesses_and_certificates(graph: Graph, rows: psycopg.Connection[Any]) -> None:
    number, code, name = rows.execute(
        "select registration_number, enterprise_code, legal_name from data.business where enterprise_code is not null order by id limit 1"
    ).fetchone() or ("", "", "")
    assert best(graph, code)[0] == number
    assert "ENTERPRISE_CODE" in best(graph, code)[1]
    assert best(graph, bare(name))[0] == number
    (serial,) = rows.execute(
        "select certificate_serial from data.land_use_right where certificate_serial is not null order by id limit 1"
    ).fetchone() or ("",)
    for written in (serial, serial.lower(), f"{serial[:2]} {serial[2:]}"):
        assert best(graph, written) == (serial, ["CERTIFICATE_SERIAL"])


def test_a_merged_row_leads_to_the_one_that_stands_for_it(graph: Graph, rows: psycopg.Connection[Any]) -> None:
    (one, kept), (other, merged) = rows.execute(
        "select id, personal_id from data.citizen order by id limit 2"
    ).fetchall()
    rows.execute(
        "insert into link.heir (subject_id, heir_id, subject_kind, sys_from) values (%s, %s, 'Citizen', now())",
        (other, one),
    )
    try:
        (hit,) = search(graph, merged)["hits"]
        assert (hit["node"]["personalId"], hit["matchedOn"]) == (kept, ["PERSONAL_ID"])
    finally:
        rows.execute("delete from link.heir where subject_id = %s", (other,))


def test_a_page_is_bounded_and_says_that_there_is_more(graph: Graph) -> None:
    found = search(graph, "nguyen", 5)
    assert len(found["hits"]) == 5
    assert found["hasMore"]
    scores = [hit["score"] for hit in search(graph, "nguyen van", 100)["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) <= 3 * MAX_CANDIDATES


@pytest.mark.parametrize(
    ("text", "first", "code"),
    [("", 5, "BAD_USER_INPUT"), ("  a ", 5, "BAD_USER_INPUT"), ("a" * 201, 5, "BAD_USER_INPUT"), ("an 12/03/80", 5, "BAD_USER_INPUT"), ("an", 0, "BAD_PAGE_SIZE"), ("an", 101, "BAD_PAGE_SIZE")],
)  # fmt: skip
def test_what_is_no_search_is_refused_at_its_path(graph: Graph, text: str, first: int, code: str) -> None:
    (error,) = graph.ask(SEARCH.replace("search(", "found: search(", 1), {"t": text, "n": first})["errors"]
    assert error["extensions"]["code"] == code
    assert error["path"] == ["found"]
    assert text.strip() in ("", "an") or text not in error["message"]


@pytest.mark.parametrize("text", ["%", "' or 1=1 --", "\\", "🙂🙂", "___", "*:*", "a\u0301a"])
def test_odd_texts_find_nothing_wrong(graph: Graph, text: str) -> None:
    assert "errors" not in graph.ask(SEARCH, {"t": text * 2})


def test_both_lanes_and_the_past_answer_alike(graph: Graph, person: Person) -> None:
    fast = search(graph, person[0])
    both = graph.data(
        SEARCH.replace("hasMore", "hasMore __typename", 1).replace(
            "{ search", "{ __schema { queryType { name } } search", 1
        ),
        {"t": person[0]},
    )
    assert both["search"]["hits"] == fast["hits"]
    past = SEARCH.replace("($t: String!, $n: Int)", "($t: String!, $n: Int, $at: DateTime!) @asOf(instant: $at)", 1)
    assert graph.data(past, {"t": person[0], "at": "2000-01-01T00:00:00Z"})["search"] == {"hits": [], "hasMore": False}


def test_no_search_reads_a_whole_table(graph: Graph, rows: psycopg.Connection[Any], person: Person) -> None:
    """With sequential scans as costly as they are of a million rows, none is left in the plan."""
    made = graph.executor.preparer.planner
    document = parse(SEARCH)
    (operation,) = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    variables = {"t": f"{person[2]} {day_first(person[3])}", "n": 10}
    plan = made.plan(made.read(document, operation, variables))
    sql = plan.sql
    values = plan.parameters(variables)
    for number in range(len(values), 0, -1):
        sql = sql.replace(f"${number}::", f"%({number})s::")
    with rows.transaction():
        rows.execute("set local enable_seqscan = off")
        lines = rows.execute("explain " + sql, {str(n): value for n, value in enumerate(values, 1)}).fetchall()
    assert not [line for (line,) in lines if "Seq Scan on citizen" in line or "Seq Scan on business" in line]
    assert any("citizen_full_name_key_words" in line for (line,) in lines)
