"""Linking in the graph: evidence, merged subjects, discrepancies, and a reviewer's decisions, now and in the past."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from psycopg.conninfo import conninfo_to_dict

from hub.access.callers.principals import Role
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer
from hub.link.review.review_priority import refresh_review_queue
from hub.model.derived_fields import camel_sql
from hub.model.names import to_camel_case
from hub.model.registry import load_registry
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from tests.serving import served
from tests.system.access.test_access import UNLIMITED
from tests.system.graph import Graph
from tests.system.linking.links import Links

LANES = ("", "__schema { queryType { name } }")
EVIDENCE = [
    {"comparison": "name", "outcome": "agrees", "bits": 7.5},
    {"comparison": "birthYear", "outcome": "missing", "bits": None},
]
OLD, NEW = "022085000001", "022085000002"
DECIDE = """mutation($input: DecideLinkInput!) { decideLink(input: $input) {
    decision { id field verdict reviewer reason weight e: evidence { c: comparison bits } secondOf undoneAt }
    record { ... on TaxObligation { obligationNumber debtorLink { status method decidedBy weight } debtor { ... on Citizen { personalId } } } ... on Citizen { personalId mergedFrom { personalId } } }
    subject { id ... on Citizen { personalId } } } }"""
UNDO = """mutation($input: UndoDecisionInput!) { undoDecision(input: $input) {
    decision { undoneBy undoneReason } record { ... on TaxObligation { debtorLink { status } } ... on Citizen { personalId } } subject { id } } }"""


@pytest.fixture
def links(database_url: str) -> Iterator[Links]:
    store = make_engine(database_url)
    migrate_store(store)
    made = Links(store)
    made.do("insert into hub.stream (id, connector, name) overriding system value values (1, 'tax', 'obligations')")
    yield made
    store.dispose()


@pytest.fixture
def graph(links: Links, database_url: str) -> Iterator[Graph]:
    made = Graph(database_url, load_settings())
    yield made
    made.close()


def gid(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def now() -> str:
    return datetime.now(UTC).isoformat()


def verdict(record: int, subject: int, word: str = "SAME", **other: Any) -> dict[str, Any]:
    given = {
        "field": "TAX_OBLIGATION_DEBTOR",
        "recordId": gid("TaxObligation", record),
        "subjectId": gid("Citizen", subject),
        "verdict": word,
        "reason": "giấy tờ gốc",
    }
    return {"input": given | other}


def merge(one: int, other: int, word: str = "SAME") -> dict[str, Any]:
    ids = {"recordId": gid("Citizen", one), "subjectId": gid("Citizen", other)}
    return verdict(one, other, word, field="CITIZEN_DUPLICATE", **ids)


# --- Links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", LANES)
def test_links_show_their_weight_and_evidence_and_never_who_decided(links: Links, graph: Graph, lane: str) -> None:
    citizen, other = links.citizen(OLD), links.citizen(NEW)
    sure, open_, ruled = links.debt(name="a"), links.debt(name="b"), links.debt(name="c")
    table = "tax_obligation_debtor"
    links.candidate(table, sure, citizen, status="PROBABLE", weight=12.5, evidence=EVIDENCE)
    links.candidate(table, open_, citizen, weight=3.25, evidence=EVIDENCE[:1])
    links.candidate(table, open_, other, weight=-1, evidence=[])
    links.candidate(table, ruled, citizen, status="CONFIRMED")
    links.do(f"update link.{table} set evidence = null, decided_by = 'person:Lê An' where record_id = {ruled}")
    query = f"""{{ taxObligations {{ nodes {{ debtorLink {{ status weight decidedBy evidence {{ comparison outcome bits }}
      candidates {{ weight decidedBy e: evidence {{ c: comparison }} }} }} }} }} {lane} }}"""
    found = [node["debtorLink"] for node in graph.data(query)["taxObligations"]["nodes"]]
    assert found == [
        {"status": "PROBABLE", "weight": 12.5, "decidedBy": "RUN", "evidence": EVIDENCE, "candidates": []},
        {
            "status": "UNCONFIRMED",
            "weight": None,
            "decidedBy": None,
            "evidence": None,
            "candidates": [
                {"weight": 3.25, "decidedBy": "RUN", "e": [{"c": "name"}]},
                {"weight": -1, "decidedBy": "RUN", "e": []},
            ],
        },
        {"status": "CONFIRMED", "weight": None, "decidedBy": "PERSON", "evidence": None, "candidates": []},
    ]
    assert "Lê An" not in str(graph.ask(query))


# --- Merged subjects --------------------------------------------------------------------------------------------------

PERSON = "{ id personalId mergedIds mergedFrom { id personalId since } taxObligations { totalCount } }"
PEOPLE = f"""{{
  key: citizen(by: {{ personalId: "{NEW}" }}) {PERSON} heir: citizen(by: {{ personalId: "{OLD}" }}) {PERSON}
  node(id: "%(young)s") {{ ... on Citizen {PERSON} }} nodes(ids: ["%(young)s", "%(old)s"]) {{ ... on Citizen {PERSON} }}
  citizens {{ totalCount nodes {{ personalId }} }}
  found: citizens(filter: {{ personalId: {{ eq: "{NEW}" }} }}) {{ totalCount }} %(lane)s }}"""


@pytest.mark.parametrize("lane", LANES)
def test_a_merged_row_leads_to_its_heir_and_is_no_row_of_its_own(links: Links, graph: Graph, lane: str) -> None:
    old, young = links.citizen(OLD), links.citizen(NEW)
    links.candidate("tax_obligation_debtor", links.debt(name="a"), young, status="CONFIRMED")
    links.candidate("tax_obligation_debtor", links.debt(name="b"), old, status="CONFIRMED")
    query = PEOPLE % {"young": gid("Citizen", young), "old": gid("Citizen", old), "lane": lane}
    links.candidate("citizen_duplicate", young, old)
    before = now()
    made = graph.data(DECIDE, merge(young, old), by="Lê An")["decideLink"]
    assert made["record"] == {"personalId": OLD, "mergedFrom": [{"personalId": NEW}]}
    merged = now()
    found = graph.data(query)
    heir = found["heir"]
    assert (heir["id"], heir["personalId"], heir["taxObligations"]) == (gid("Citizen", old), OLD, {"totalCount": 2})
    assert heir["mergedIds"] == [gid("Citizen", young)]
    (one,) = heir["mergedFrom"]
    assert (one["id"], one["personalId"]) == (gid("Citizen", young), NEW)
    assert before < one["since"] < merged
    assert found["key"] == found["node"] == heir
    assert found["nodes"] == [heir, heir]
    assert found["citizens"] == {"totalCount": 1, "nodes": [{"personalId": OLD}]}
    assert found["found"] == {"totalCount": 0}

    graph.data(UNDO, {"input": {"decisionId": made["decision"]["id"], "reason": "nhầm"}}, by="an")
    apart = graph.data(query)
    assert [apart[k]["personalId"] for k in ("key", "node", "heir")] == [NEW, NEW, OLD]
    assert [person["taxObligations"]["totalCount"] for person in apart["nodes"]] == [1, 1]
    assert apart["citizens"]["totalCount"] == 2
    assert apart["heir"]["mergedIds"] == apart["heir"]["mergedFrom"] == []

    for instant, expected in ((before, apart), (merged, found)):
        # The rows were there before; a field of the schema has no past.
        past = graph.data(f'query @asOf(instant: "{instant}") {query}')
        assert past == expected


def test_a_merge_leads_on_when_the_merged_row_is_gone(links: Links, graph: Graph) -> None:
    old, young = links.citizen(OLD), links.citizen(NEW)
    links.candidate("citizen_duplicate", young, old)
    graph.data(DECIDE, merge(young, old), by="Lê An")
    links.do(f"delete from data.citizen where id = {young}")
    found = graph.data(f'{{ node(id: "{gid("Citizen", young)}") {{ ... on Citizen {PERSON} }} citizen(by: {{ personalId: "{NEW}" }}) {{ id }} }}')  # fmt: skip
    assert (found["node"]["personalId"], found["node"]["mergedIds"]) == (OLD, [gid("Citizen", young)])
    assert found["node"]["mergedFrom"] == []
    assert found["citizen"] is None


# --- Discrepancies ----------------------------------------------------------------------------------------------------


def discrepancy(links: Links, subject: int, record: int, **other: Any) -> None:
    row = {
        "subject_kind": "Citizen",
        "subject_id": subject,
        "found_id": subject,
        "subject_field": "full_name",
        "held": "Lê Văn Ân",
        "record_entity": "TaxObligation",
        "record_id": record,
        "field": "TAX_OBLIGATION_DEBTOR",
        "record_field": "debtor_name",
        "recorded": "Lê Văn An",
        "kind": "SPELLING",
        "sector": "finance",
        "stream_id": 1,
        "source_key": "k",
        "sys_from": now(),
        **other,
    }
    links.do(f"insert into link.discrepancy ({', '.join(row)}) values ({', '.join(f':{n}' for n in row)})", **row)


WHOLE = """{ subject { ... on Citizen { personalId } } field held recorded kind sector source resolvedAt
  recordedIn { type recordId field node { ... on Record { provenance { sourceKey } } } } }"""


@pytest.mark.parametrize("lane", LANES)
def test_discrepancies_say_what_where_and_whose(links: Links, graph: Graph, lane: str) -> None:
    old, young, debt = links.citizen(OLD), links.citizen(NEW), links.debt(name="Lê Văn An")
    discrepancy(links, old, debt)
    first = now()
    discrepancy(links, young, debt, kind="DIFFERS", subject_field="birth_date", record_field="debtor_birth_date")
    links.candidate("citizen_duplicate", young, old)
    graph.data(DECIDE, merge(young, old), by="Lê An")
    query = f'{{ citizen(by: {{ personalId: "{OLD}" }}) {{ discrepancies {{ totalCount nodes {WHOLE} }} }} {lane} }}'
    found = graph.data(query)["citizen"]["discrepancies"]
    assert found["totalCount"] == 2
    assert found["nodes"][1] == {
        "subject": {"personalId": OLD},
        "field": "fullName",
        "held": "Lê Văn Ân",
        "recorded": "Lê Văn An",
        "kind": "SPELLING",
        "sector": "FINANCE",
        "source": "tax",
        "resolvedAt": None,
        "recordedIn": {
            "type": "TaxObligation",
            "recordId": gid("TaxObligation", debt),
            "field": "debtorLink.recorded.name",
            "node": {"provenance": {"sourceKey": links.rows(f"select source_key from data.tax_obligation where id = {debt}")[0][0]}},
        },
    }  # fmt: skip
    # What was found of the merged row is the heir's as well, and its subject is the heir.
    assert (found["nodes"][0]["field"], found["nodes"][0]["subject"]) == ("birthDate", {"personalId": OLD})

    links.do("update link.discrepancy set sys_to = now() where kind = 'SPELLING'")
    assert [n["kind"] for n in graph.data(query)["citizen"]["discrepancies"]["nodes"]] == ["DIFFERS"]
    every = graph.data(query.replace("discrepancies {", "discrepancies(includeResolved: true) {", 1))
    assert [bool(n["resolvedAt"]) for n in every["citizen"]["discrepancies"]["nodes"]] == [False, True]
    past = graph.data(f'query @asOf(instant: "{first}") {query}')["citizen"]["discrepancies"]
    assert [(n["kind"], n["resolvedAt"]) for n in past["nodes"]] == [("SPELLING", None)]


def test_a_sector_pages_through_what_it_has_to_mend(links: Links, graph: Graph) -> None:
    citizen = links.citizen(OLD)
    for number in range(7):
        discrepancy(links, citizen, links.debt(name="x"), sector="land" if number % 3 == 0 else "finance")
    query = """query($filter: DiscrepancyFilter, $order: DiscrepancyOrder, $after: String) {
      discrepancies(filter: $filter, orderBy: $order, first: 2, after: $after) {
        totalCount nodes { sector recordedIn { recordId } } pageInfo { hasNextPage endCursor } } }"""
    seen: list[str] = []
    after = None
    while True:
        page = graph.data(query, {"filter": {"sector": {"eq": "FINANCE"}}, "after": after})["discrepancies"]
        assert page["totalCount"] == 4
        assert {node["sector"] for node in page["nodes"]} == {"FINANCE"}
        seen += [node["recordedIn"]["recordId"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert len(seen) == len(set(seen)) == 4

    def count(**asked: Any) -> int:
        return int(graph.data(query, {"filter": asked})["discrepancies"]["totalCount"])

    assert count(sector={"in": ["LAND", "BUSINESS"]}) == 3
    assert count(source={"eq": "land"}) == 0
    assert count(source={"eq": "tax"}, kind={"eq": "SPELLING"}) == 7
    assert count(since={"lt": "2000-01-01T00:00:00Z"}) == 0
    oldest, newest = (
        graph.data(query, {"filter": None, "order": order})["discrepancies"]["nodes"][0]
        for order in ({"since": "ASC"}, None)
    )
    assert oldest != newest
    assert graph.code(query, {"filter": None, "order": {"since": "ASC"}, "after": after})[0] == "BAD_CURSOR"
    assert graph.code("query($c: String) { citizens(after: $c, orderBy: [{ id: DESC }]) { nodes { id } } }", {"c": after})[0] == "BAD_CURSOR"  # fmt: skip


def test_names_of_columns_are_those_of_the_graph_in_sql_too(links: Links) -> None:
    names = sorted({column.name for entity in load_registry() for column in entity.columns})
    for name in names:
        assert links.rows(f"select {camel_sql('cast(:name as text)')}", name=name) == [(to_camel_case(name),)]


# --- Decisions --------------------------------------------------------------------------------------------------------


def test_a_decision_answers_with_the_record_as_it_is_then(links: Links, graph: Graph) -> None:
    citizen, other, debt = links.citizen(OLD), links.citizen(NEW), links.debt(name="b")
    for found, weight in ((citizen, 3.25), (other, 1.5)):
        links.candidate("tax_obligation_debtor", debt, found, weight=weight, evidence=EVIDENCE)
    made = graph.data(DECIDE, verdict(debt, citizen), by="Lê An")["decideLink"]
    decision = made["decision"]
    assert {k: decision[k] for k in ("field", "verdict", "reviewer", "weight", "e", "undoneAt")} == {
        "field": "TAX_OBLIGATION_DEBTOR",
        "verdict": "SAME",
        "reviewer": "Lê An",
        "weight": 3.25,
        "e": [{"c": "name", "bits": 7.5}, {"c": "birthYear", "bits": None}],
        "undoneAt": None,
    }
    assert made["record"]["debtorLink"] == {
        "status": "CONFIRMED",
        "method": "review",
        "decidedBy": "PERSON",
        "weight": 3.25,
    }
    assert made["record"]["debtor"] == {"personalId": OLD}
    assert made["subject"] == {"id": gid("Citizen", citizen), "personalId": OLD}
    second = graph.data(DECIDE, verdict(debt, citizen, "DIFFERENT", secondOf=decision["id"]), by="Bé")
    assert second["decideLink"]["decision"]["secondOf"] == decision["id"]
    assert second["decideLink"]["record"]["debtorLink"]["status"] == "CONFIRMED"
    undone = graph.data(UNDO, {"input": {"decisionId": decision["id"], "reason": "nhầm"}}, by="Bé")
    assert undone["undoDecision"]["decision"] == {"undoneBy": "Bé", "undoneReason": "nhầm"}
    assert undone["undoDecision"]["record"] == {"debtorLink": {"status": "UNCONFIRMED"}}


def test_the_same_mutation_is_done_each_time_it_is_sent(links: Links, graph: Graph) -> None:
    """Answers about the schema alone are kept; a mutation behind a fragment must not be taken for one."""
    citizen, debt = links.citizen(OLD), links.debt(name="b")
    links.candidate("tax_obligation_debtor", debt, citizen)
    given = verdict(debt, citizen)["input"]
    literal = ", ".join(f"{k}: {v if k in ('verdict', 'field') else chr(34) + v + chr(34)}" for k, v in given.items())
    query = f"mutation {{ ... on Mutation {{ decideLink(input: {{ {literal} }}) {{ decision {{ id }} }} }} }}"
    assert graph.data(query, by="Lê An")["decideLink"]["decision"]["id"]
    assert graph.code(query, by="Lê An")[0] == "ALREADY_DECIDED"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"field": "TaxObligation.nobody"}, "BAD_USER_INPUT"),
        ({"recordId": "Q2l0aXplbjox"}, "WRONG_KIND"),
        ({"subjectId": "SECRET"}, "WRONG_KIND"),
        ({"subjectId": gid("Citizen", 999_999_999)}, "RECORD_NOT_FOUND"),
        ({"reason": ""}, "REASON_INVALID"),
        ({"secondOf": gid("Decision", 77)}, "DECISION_NOT_FOUND"),
        ({"secondOf": gid("Citizen", 77)}, "WRONG_KIND"),
    ],
)
def test_a_decision_that_cannot_be_is_refused_with_a_code(
    links: Links, graph: Graph, change: dict[str, Any], code: str
) -> None:
    citizen, debt = links.citizen(OLD), links.debt(name="b")
    found, message = graph.code(DECIDE, verdict(debt, citizen, **change), by="Lê An")
    assert found == code
    assert "SECRET" not in message
    assert links.rows("select count(*) from link.decision") == [(0,)]


@pytest.mark.parametrize("word", ["SAME", "DIFFERENT"])
@pytest.mark.parametrize("held", ["nothing", "PROBABLE", "CONFIRMED", "CONFIRMED to another", "open to another"])
def test_nobody_alone_gives_a_settled_record_to_somebody_else(links: Links, graph: Graph, held: str, word: str) -> None:
    citizen, other, debt = links.citizen(OLD), links.citizen(NEW), links.debt(name="b")
    table = "tax_obligation_debtor"
    if held == "CONFIRMED to another":
        links.candidate(table, debt, other, status="CONFIRMED")
        links.candidate(table, debt, citizen)
    elif held == "open to another":
        links.candidate(table, debt, other)
    elif held != "nothing":
        links.candidate(table, debt, citizen, status=held)
    before = links.of(debt)
    found, message = graph.code(DECIDE, verdict(debt, citizen, word), by="Lê An")
    assert found == "NO_OPEN_QUESTION"
    assert "reviewQueue" in message
    assert links.of(debt) == before
    assert links.rows("select count(*) from link.decision") == [(0,)]


def test_two_rows_that_no_run_proposed_are_not_merged_by_one_person(links: Links, graph: Graph) -> None:
    old, young = links.citizen(OLD), links.citizen(NEW)
    assert graph.code(DECIDE, merge(young, old), by="Lê An")[0] == "NO_OPEN_QUESTION"
    assert links.rows("select count(*) from link.heir") == [(0,)]


def test_only_reviewers_decide_and_only_by_posted_json(
    links: Links, database_url: str, postgres_server: EmbeddedServer
) -> None:
    citizen, debt = links.citizen(OLD), links.debt(name="b")
    links.candidate("tax_obligation_debtor", debt, citizen)
    asked = {"query": DECIDE, "variables": verdict(debt, citizen)}
    people = {role: LocalIdentity(role, role, frozenset({Role(role)})) for role in ("reviewer", "operator")}
    issuer = LocalIssuer("127.0.0.1", tuple(people.values()))
    name = str(conninfo_to_dict(database_url)["dbname"])
    logins = Logins.by_role(lambda role: postgres_server.login_url(role, name))
    review = {"x-hub-purpose": "review"}
    right, wrong = (
        {**review, "authorization": f"Bearer {issuer.sign_token(people[role])}"} for role in ("reviewer", "operator")
    )

    def code(answer: httpx2.Response) -> str:
        return str(answer.json()["errors"][0]["extensions"]["code"])

    with served(create_app(load_settings(access="on", **UNLIMITED), logins, local_issuer=issuer)) as url:
        endpoint = f"{url}/graphql"
        assert code(httpx2.post(endpoint, json=asked, headers=review)) == "UNAUTHENTICATED"
        assert code(httpx2.post(endpoint, json=asked, headers=wrong)) == "PURPOSE_FORBIDDEN"
        got = httpx2.get(endpoint, params={"query": "mutation { __typename }"}, headers=right)
        assert (got.status_code, got.headers["allow"]) == (405, "POST")
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            posted = httpx2.post(endpoint, content=b"{}", headers={**right, "content-type": kind})
            assert posted.status_code == 415
        events = httpx2.post(endpoint, json=asked, headers={**wrong, "accept": "text/event-stream"})
        assert "PURPOSE_FORBIDDEN" in events.text
        assert links.rows("select count(*) from link.decision") == [(0,)]
        queue = {"query": "{ reviewQueue(first: 5) { totalCount nodes { field } } }"}
        assert "errors" not in httpx2.post(endpoint, json=queue, headers=right).json()
        small = "mutation ($input: DecideLinkInput!) { decideLink(input: $input) { decision { verdict reviewer } } }"
        done = httpx2.post(endpoint, json={**asked, "query": small}, headers=right).json()
        assert done["data"]["decideLink"]["decision"] == {"verdict": "SAME", "reviewer": "urn:hub:demo|reviewer"}
        decision = links.rows("select id from link.decision")[0][0]
        undo = """mutation ($input: UndoDecisionInput!) { undoDecision(input: $input) { decision { undoneBy } } }"""
        given = {"input": {"decisionId": gid("Decision", decision), "reason": "nhầm"}}
        undone = httpx2.post(endpoint, json={"query": undo, "variables": given}, headers=right).json()
        assert undone["data"]["undoDecision"]["decision"] == {"undoneBy": "urn:hub:demo|reviewer"}


# --- The queue --------------------------------------------------------------------------------------------------------

QUEUE = """query($first: Int, $after: String, $last: Int, $before: String, $filter: ReviewFilter) {
  reviewQueue(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    totalCount edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes { field sector weight stake { value waiting procedures distance }
      candidates { weight method e: evidence { comparison bits } subject { ... on Citizen { personalId } } }
      record { id ... on TaxObligation { debtorLink { recorded { name } } } ... on Citizen { fullName } } } } }"""


def test_the_queue_pages_through_open_questions_with_their_evidence(links: Links, graph: Graph) -> None:
    citizens = [links.citizen(f"02208500000{n}", name=f"Lê Văn {n}") for n in range(1, 5)]
    debts = [links.debt(name=f"b{n}") for n in range(3)]
    for n, debt in enumerate(debts):
        links.candidate("tax_obligation_debtor", debt, citizens[0], weight=2 + n, evidence=EVIDENCE)
        links.candidate("tax_obligation_debtor", debt, citizens[1], weight=-4)
    links.candidate("citizen_duplicate", citizens[3], citizens[2], weight=9.5, evidence=EVIDENCE[:1])
    with links.connection() as connection:
        refresh_review_queue(connection)
    seen: list[dict[str, Any]] = []
    after, pages = None, 0
    while True:
        page = graph.data(QUEUE, {"first": 3, "after": after}, by="Lê An")["reviewQueue"]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        assert [edge["cursor"] for edge in page["edges"]][-1] == page["pageInfo"]["endCursor"]
        seen, pages = seen + page["nodes"], pages + 1
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert (pages, len(seen)) == (2, 4)
    assert [item["stake"]["value"] for item in seen] == sorted((i["stake"]["value"] for i in seen), reverse=True)
    (merge_item,) = [item for item in seen if item["field"] == "CITIZEN_DUPLICATE"]
    assert merge_item["record"] == {"id": gid("Citizen", citizens[3]), "fullName": "Lê Văn 4"}
    assert merge_item["candidates"] == [
        {
            "weight": 9.5,
            "method": "model",
            "e": [{"comparison": "name", "bits": 7.5}],
            "subject": {"personalId": "022085000003"},
        }
    ]
    of_debts = [item for item in seen if item is not merge_item]
    assert {item["record"]["debtorLink"]["recorded"]["name"] for item in of_debts} == {"b0", "b1", "b2"}
    for item in of_debts:
        assert [c["subject"]["personalId"] for c in item["candidates"]] == [OLD, NEW]
        assert item["candidates"][0]["weight"] == item["weight"]

    def asked(**filter: Any) -> dict[str, Any]:
        page: dict[str, Any] = graph.data(QUEUE, {"first": 9, "filter": filter}, by="Lê An")["reviewQueue"]
        assert page["totalCount"] == len(page["nodes"])
        return page

    assert asked(field={"eq": "CITIZEN_DUPLICATE"})["nodes"] == [merge_item]
    assert asked(field={"in": ["CITIZEN_DUPLICATE", "TAX_OBLIGATION_DEBTOR"]})["totalCount"] == 4
    assert asked(sector={"eq": "LAND"})["nodes"] == []
    assert asked(sector={"in": ["LAND", "FINANCE"]}, weight={"gte": 3})["totalCount"] == 2
    assert asked(weight={"lt": 3})["totalCount"] == 1
    # Backward from the end, the same items in the same order.
    before, back = None, []
    while True:
        page = graph.data(QUEUE, {"last": 3, "before": before}, by="Lê An")["reviewQueue"]
        assert page["pageInfo"]["hasNextPage"] is (before is not None)
        assert page["totalCount"] == 4
        back, before = page["nodes"] + back, page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break
    assert back == seen
    assert graph.code(QUEUE, {"first": 1, "last": 1}, by="Lê An")[0] == "BAD_USER_INPUT"
    assert graph.code(QUEUE, {"last": 1, "before": "x"}, by="Lê An")[0] == "BAD_CURSOR"
    assert graph.code(QUEUE, {"last": 501}, by="Lê An")[0] == "BAD_PAGE_SIZE"


def test_a_page_of_the_queue_takes_a_statement_for_each_field_and_not_for_each_item(
    links: Links, database_url: str
) -> None:
    citizen = links.citizen(OLD)
    for _ in range(5):
        links.candidate("tax_obligation_debtor", links.debt(name="b"), citizen, weight=2)
    with links.connection() as connection:
        refresh_review_queue(connection)
    graph = Graph(database_url, load_settings(explain=True))
    answer = graph.ask(QUEUE, {"first": 5}, by="Lê An", explain=True)
    graph.close()
    assert len(answer["data"]["reviewQueue"]["nodes"]) == 5
    assert answer["extensions"]["explain"]["statements"] == 2


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"first": 0}, "BAD_PAGE_SIZE"),
        ({"first": 501}, "BAD_PAGE_SIZE"),
        ({"first": 2, "after": "SECRET"}, "BAD_CURSOR"),
        ({"first": 2, "filter": {"field": {"eq": "SECRET"}}}, "BAD_USER_INPUT"),
        ({"first": 2, "filter": {"field": {"eq": None}}}, "BAD_USER_INPUT"),
        ({"first": 2, "filter": {"sector": {"in": None}}}, "BAD_USER_INPUT"),
    ],
)
def test_what_is_no_page_of_the_queue(graph: Graph, given: dict[str, Any], code: str) -> None:
    found, message = graph.code(QUEUE, given, by="Lê An")
    assert found == code
    assert "SECRET" not in message


def test_second_opinions_are_counted(links: Links, graph: Graph) -> None:
    citizen = links.citizen(OLD)
    for word in ("SAME", "DIFFERENT"):
        debt = links.debt(name="b")
        links.candidate("tax_obligation_debtor", debt, citizen)
        first = graph.data(DECIDE, verdict(debt, citizen), by="Lê An")["decideLink"]
        given = verdict(debt, citizen, word, secondOf=first["decision"]["id"])
        graph.data(DECIDE, given, by="Bé")
    query = "{ reviewAgreement { field pairs agreed observed kappa } }"
    found = graph.data(query, by="Lê An")["reviewAgreement"]
    assert {(one["field"], one["pairs"], one["agreed"], one["observed"]) for one in found} == {
        ("TAX_OBLIGATION_DEBTOR", 2, 1, 0.5),
        (None, 2, 1, 0.5),
    }
    assert graph.code(query)[0] == "FORBIDDEN"


def test_the_queue_is_the_administrators_and_for_now(links: Links, graph: Graph) -> None:
    citizen, debt = links.citizen(OLD), links.debt(name="SECRET")
    links.candidate("tax_obligation_debtor", debt, citizen, weight=2)
    answer = graph.ask(QUEUE, {"first": 5})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert "SECRET" not in str(answer)
    past = 'query @asOf(instant: "2026-01-01T00:00:00Z") { reviewQueue { nodes { field } } }'
    assert graph.code(past, by="Lê An")[0] == "BAD_USER_INPUT"
