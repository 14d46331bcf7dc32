"""The graph over the demo province: answers held against plain SQL over the same rows, pages, lanes, and failures."""

import asyncio
import json
import logging
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.graph.execution.reads import ALL_BUSY, Reads
from hub.settings import load_settings
from hub.store.engine import make_engine, make_read_pool
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from hub.web.pages.starters import CERTAINTY, CITIZEN, Examples, starter_queries
from tests.conftest import ServedHub
from tests.system.graph import Graph

CASES = Path(__file__).parents[2] / "plan" / "cases"


@pytest.fixture(scope="module")
def graph(served_hub: ServedHub) -> Iterator[Graph]:
    made = Graph(served_hub.database, load_settings(explain=True))
    yield made
    made.close()


@pytest.fixture(scope="module")
def rows(served_hub: ServedHub) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        yield connection


def test_one_citizen_across_sectors_in_one_statement(graph: Graph, served_hub: ServedHub) -> None:
    answer = graph.ask(CITIZEN, {"personalId": served_hub.personal_id}, explain=True)
    assert answer["extensions"]["explain"]["statements"] == 1
    citizen = answer["data"]["citizen"]
    rights = citizen["landUseRights"]["nodes"]
    assert len(rights) >= 2
    successors = [
        (r["parcel"]["commune"]["unitCode"], c["kind"], c["successor"]["unitCode"])
        for r in rights
        for c in r["parcel"]["commune"]["successors"]["nodes"]
    ]
    assert any(old.endswith("@..") and kind == "WHOLE" and new.endswith("@2025-07-01") for old, kind, new in successors)
    assert {node["status"] for node in citizen["taxObligations"]["nodes"]} >= {"PAID", "DUE"}
    assert citizen["businessRoles"]["nodes"][0]["business"]["legalName"]
    shown = [citizen, *rights, *citizen["taxObligations"]["nodes"], *citizen["businessRoles"]["nodes"]]
    assert {row["provenance"]["source"] for row in shown} == {"population", "land", "finance", "business"}
    assert all(row["provenance"]["asOf"] and row["provenance"]["sourceKey"] for row in shown)


def test_one_person_with_links_of_every_kind(graph: Graph, served_hub: ServedHub) -> None:
    citizen = graph.data(CERTAINTY, {"personalId": served_hub.doubtful_id})["citizen"]
    records = citizen["landUseRights"]["nodes"] + citizen["taxObligations"]["nodes"]
    links = [link for record in records for name, link in record.items() if name.endswith("Link")]
    assert {link["status"] for link in links} >= {"CONFIRMED", "PROBABLE", "UNCONFIRMED"}
    assert any(link["evidence"] for link in links)
    assert any(link.get("candidates") for link in links if link["status"] == "UNCONFIRMED")
    assert citizen["discrepancies"]["totalCount"] == len(citizen["discrepancies"]["nodes"]) > 0
    assert all(copy["held"] != copy["recorded"] for copy in citizen["discrepancies"]["nodes"])


@pytest.mark.parametrize("case", sorted(CASES.glob("*.graphql")), ids=lambda path: path.stem)
def test_every_golden_plan_is_answered_by_both_lanes(graph: Graph, case: Path) -> None:
    query = case.read_text(encoding="utf-8")
    given = case.with_suffix(".json")
    variables = json.loads(given.read_text(encoding="utf-8")) if given.exists() else None
    fast = graph.data(query, variables)
    slow = graph.data(query.replace("{", "{ __schema { queryType { name } }", 1) if query.startswith("{") else query.replace(") {", ") { __schema { queryType { name } }", 1), variables)  # fmt: skip
    assert slow.pop("__schema", None) is not None
    assert json.dumps(slow) == json.dumps(fast)


@pytest.mark.parametrize(
    ("condition", "where"),
    [
        ("{ sex: { eq: FEMALE } }", "sex = 'FEMALE'"),
        ('{ birthDate: { gte: "1980", lt: "1990" } }', "birth_date >= '1980' and birth_date < '1990'"),
        ("{ formerId: { isNull: true } }", "former_id is null"),
        ("{ not: { sex: { eq: MALE } } }", "sex is distinct from 'MALE'"),
        ("{ or: [{ formerId: { isNull: true } }, { sex: { eq: MALE } }] }", "former_id is null or sex = 'MALE'"),
        ('{ or: [{ birthDate: { lt: "1960" } }], sex: { in: [MALE] } }', "birth_date < '1960' and sex = 'MALE'"),
    ],
)
def test_filters_find_what_sql_finds(graph: Graph, rows: psycopg.Connection[Any], condition: str, where: str) -> None:
    found = graph.data(f"{{ citizens(filter: {condition}, first: 500) {{ totalCount nodes {{ personalId }} }} }}")
    expected = {row[0] for row in rows.execute(f"select personal_id from data.citizen where {where}")}
    assert found["citizens"]["totalCount"] == len(expected) > 0
    nodes = {node["personalId"] for node in found["citizens"]["nodes"]}
    assert nodes <= expected
    assert len(nodes) == min(500, len(expected))


@pytest.mark.parametrize("prefix", ["NGUYEN", "Nguyễn thị", "đo", "DO", "trần văn"])
def test_names_are_found_without_regard_to_marks_and_case(
    graph: Graph, rows: psycopg.Connection[Any], prefix: str
) -> None:
    def folded(text: str) -> str:
        marks = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
        return "".join(c for c in marks if not unicodedata.combining(c))

    names = [row[0] for row in rows.execute("select full_name from data.citizen")]
    expected = [name for name in names if folded(name).startswith(folded(prefix))]
    query = "query($p: String!) { citizens(filter: { fullName: { prefix: $p } }) { totalCount } }"
    assert graph.data(query, {"p": prefix})["citizens"]["totalCount"] == len(expected) > 0


@pytest.mark.parametrize("order", ["[]", "[{ id: DESC }]", "[{ fullName: ASC }]", "[{ birthDate: DESC }]", "[{ birthDate: ASC }, { fullName: DESC }]"])  # fmt: skip
@pytest.mark.parametrize("entity", ["citizens", "taxObligations"])
def test_pages_give_each_row_once_in_one_order(
    graph: Graph, rows: psycopg.Connection[Any], entity: str, order: str
) -> None:
    if entity == "taxObligations":
        order = order.replace("fullName", "amount").replace("birthDate", "dueOn")
    page = f"first: 137, after: $c, orderBy: {order}"
    forward = walk(graph, entity, page, "endCursor", "hasNextPage")
    page = f"last: 137, before: $c, orderBy: {order}"
    backward = walk(graph, entity, page, "startCursor", "hasPreviousPage", backward=True)
    assert forward == backward
    table = {"citizens": "citizen", "taxObligations": "tax_obligation"}[entity]
    (count,) = rows.execute(f"select count(*) from data.{table}").fetchone() or (0,)
    assert len(forward) == len(set(forward)) == count


def walk(graph: Graph, entity: str, page: str, cursor: str, more: str, *, backward: bool = False) -> list[str]:
    seen: list[str] = []
    at = None
    while True:
        query = f"query($c: String) {{ x: {entity}({page}) {{ edges {{ node {{ id }} }} pageInfo {{ {cursor} {more} }} }} }}"
        found = graph.data(query, {"c": at})["x"]
        ids = [edge["node"]["id"] for edge in found["edges"]]
        seen = ids + seen if backward else seen + ids
        if not found["pageInfo"][more]:
            return seen
        at = found["pageInfo"][cursor]


@pytest.mark.parametrize("starter", range(6))
def test_both_lanes_answer_alike(graph: Graph, served_hub: ServedHub, starter: int) -> None:
    query = starter_queries(Examples(served_hub.personal_id, served_hub.doubtful_id))[starter]
    fast = graph.data(query.query, dict(query.variables))
    at = query.query.index("\n}")  # the end of the operation; fragments come after it
    slow = graph.data(
        f"{query.query[:at]} __schema {{ queryType {{ name }} }} {query.query[at:]}", dict(query.variables)
    )
    assert slow.pop("__schema") == {"queryType": {"name": "Query"}}
    assert slow == fast


def test_unions_nodes_and_candidates_answer_alike_in_both_lanes(graph: Graph) -> None:
    query = """{ taxObligations(first: 400) { nodes { id debtor { __typename ... on Citizen { fullName } ... on Business
        { legalName } } debtorLink { status candidates { method subject { ... on Business { name: legalName } } } } } } %s }"""
    fast, slow = graph.data(query % ""), graph.data(query % '__type(name: "Citizen") { name }')
    del slow["__type"]
    assert fast == slow
    kinds = {n["debtor"]["__typename"] for n in fast["taxObligations"]["nodes"] if n["debtor"]}
    assert kinds == {"Citizen", "Household", "Business"}
    known = fast["taxObligations"]["nodes"][0]["id"]
    again = graph.data(
        'query($id: ID!) { node(id: $id) { __typename id } wrong: node(id: "Q2l0aXplbjox") { id } }', {"id": known}
    )
    assert again == {"node": {"__typename": "TaxObligation", "id": known}, "wrong": None}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (
            "{ citizenz { totalCount } }",
            ["Cannot query field 'citizenz' on type 'Query'. Did you mean 'citizen' or 'citizens'?"],
        ),
        (
            "{ citizens { nodes { fulName birthDat } } }",
            [
                "Cannot query field 'fulName' on type 'Citizen'. Did you mean 'fullName'?",
                "Cannot query field 'birthDat' on type 'Citizen'.",
            ],
        ),
        ("{ citizens { nodes { ...Some } } } fragment Some on Citizenz { id }", ["Unknown type 'Citizenz'."]),
    ],
)
def test_the_first_unknown_field_is_told_with_those_that_may_have_been_meant(
    graph: Graph, query: str, words: list[str]
) -> None:
    assert [error["message"] for error in graph.ask(query)["errors"]] == words


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ('{ citizen(by: { personalId: "0220850012SECRET" }) { id } }', None, "INVALID"),
        ("query($p: PersonalId!) { citizen(by: { personalId: $p }) { id } }", {"p": "SECRET"}, "BAD_USER_INPUT"),
        ("query($n: Int) { citizens(first: $n) { totalCount } }", {"n": "SECRET"}, "BAD_USER_INPUT"),
        ("{ citizen { id } }", None, "INVALID"),
        ("{ citizen(by: null) { id } }", None, "INVALID"),
        ("{ citizen(by: {}) { id } }", None, "INVALID"),
        ("{ citizen(by: { personalId: null }) { id } }", None, "INVALID"),
        ("query($p: PersonalId) { citizen(by: { personalId: $p }) { id } }", {"p": None}, "BAD_USER_INPUT"),
        ("query($p: PersonalId) { citizen(by: { personalId: $p }) { id } }", {}, "BAD_USER_INPUT"),
        ("query($p: PersonalId!) { citizen(by: { personalId: $p }) { id } }", {}, "BAD_USER_INPUT"),
        ("query($b: CitizenBy!) { citizen(by: $b) { id } }", {"b": {"personalId": None}}, "BAD_USER_INPUT"),
        ("query($b: CitizenBy!) { citizen(by: $b) { id } }", {"b": {}}, "BAD_USER_INPUT"),
        ("query($b: CitizenBy!) { citizen(by: $b) { id } }", {"b": None}, "BAD_USER_INPUT"),
        ("query($b: CitizenBy) { citizen(by: $b) { id } }", {}, "INVALID"),
        (
            '{ parcel(by: { parcelNumber: "06706@2025-07-01:1:1", parcelIdentifier: "w7er4n8p2q1z" }) { id } }',
            None,
            "INVALID",
        ),
        (
            "query($b: ParcelBy!) { parcel(by: $b) { id } }",
            {"b": {"parcelNumber": "06706@2025-07-01:1:1", "parcelIdentifier": "w7er4n8p2q1z"}},
            "BAD_USER_INPUT",
        ),
        ("{ citizens(first: 501) { nodes { id } } }", None, "BAD_PAGE_SIZE"),
        ("{ citizens(first: 1, last: 1) { nodes { id } } }", None, "BAD_USER_INPUT"),
        ('{ citizens(after: "SECRET") { nodes { id } } }', None, "BAD_CURSOR"),
        ("{ citizens(filter: { sex: { eq: null } }) { nodes { id } } }", None, "BAD_USER_INPUT"),
        ("{ citizens { nodes { unknown } } }", None, "INVALID"),
        ("{ citizens(orderBy: [{ fullName: ASC, id: DESC }]) { totalCount } }", None, "INVALID"),
        (
            "query($o: [CitizenOrder!]) { citizens(orderBy: $o) { totalCount } }",
            {"o": [{"fullName": "ASC", "id": "DESC"}]},
            "BAD_USER_INPUT",
        ),
        ("{ citizens(first: -1) { nodes { id } } }", None, "BAD_PAGE_SIZE"),
        ('{ citizen(by: { personalId: "022085001234", personalId: "022085001235" }) { id } }', None, "INVALID"),
        ("{ citizens(unknown: 1) { totalCount } }", None, "INVALID"),
        ("{ citizens(", None, "SYNTAX"),
        ("query A { __typename } query B { __typename }", None, "NO_OPERATION"),
        ('{ prefill(procedure: "none") { at } }', None, "UNKNOWN_PROCEDURE"),
        (
            "{ a: administrativeUnits { nodes" + " { parent" * 20 + " { id }" + " }" * 20 + " } }",
            None,
            "OPERATION_TOO_LARGE",
        ),
    ],
)
def test_refusals_have_a_code_and_never_the_value(
    graph: Graph, caplog: pytest.LogCaptureFixture, query: str, variables: dict[str, Any] | None, code: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        errors = graph.ask(query, variables)["errors"]
    assert {error["extensions"]["code"] for error in errors} == {code}
    assert "SECRET" not in str(errors) + caplog.text


def test_a_read_that_takes_too_long_is_stopped(served_hub: ServedHub) -> None:
    graph = Graph(served_hub.database, load_settings(statement_timeout_s=0.001, max_rows=10**9))
    try:
        nested = "{ citizens(first: 500) { nodes { memberships(first: 500) { nodes { household { members(first: 500) { totalCount nodes { id } } } } } } } }"
        code, message = graph.code(nested)
    finally:
        graph.close()
    assert code == "TIMEOUT"
    assert "Next step" in message


def test_too_few_connections_are_not_taken_for_a_database_that_is_gone(
    served_hub: ServedHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if nothing is read at the moment: the only connection is on its way back to the pool, as on a busy machine."""

    async def run() -> list[Any]:
        async with make_read_pool(served_hub.database, size=1, statement_timeout_s=10) as pool:
            pool.timeout = 0.5
            reads = Reads(pool, deadline_s=10)
            give_back = pool.give_back

            async def give_back_late(connection: Any) -> None:
                await asyncio.sleep(1)
                await give_back(connection)

            monkeypatch.setattr(pool, "give_back", give_back_late)
            asked = (reads.json("select '{}'::json::text", ()) for _ in range(3))
            return await asyncio.gather(*asked, return_exceptions=True)

    answered, *refused = sorted(asyncio.run(run()), key=lambda answer: not isinstance(answer, bytes))
    assert bytes(answered) == b"{}"
    assert refused == [ALL_BUSY, ALL_BUSY]


def test_a_database_that_goes_away_is_one_clean_error(scratch: Any, caplog: pytest.LogCaptureFixture) -> None:
    server = EmbeddedServer.start(scratch / "comes-and-goes", durable=False)
    server.create_database("hub")
    made = make_engine(server.url())
    migrate_store(made)
    made.dispose()
    graph = Graph(server.url(), load_settings(pool_size=1))
    try:
        assert graph.data("{ citizens { totalCount } }") == {"citizens": {"totalCount": 0}}
        server.stop()
        code, message = graph.code("{ citizens { totalCount } }")
        assert code == "STORE_UNAVAILABLE"
        assert "Next step" in message
    finally:
        graph.close()
