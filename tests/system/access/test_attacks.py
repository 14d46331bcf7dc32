"""Published classes of attack on GraphQL servers, each against the served hub: refused, with a code and the next step."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app
from tests.conftest import ServedHub
from tests.serving import served

TOO_LARGE = "OPERATION_TOO_LARGE"


def nested(opening: str, times: int) -> str:
    return "{ " + opening * times + "id " + "} " * (opening.count("{") * times) + "}"


def bomb(levels: int) -> str:
    """Each fragment spreads the next twice: 2 ** levels fields from a text of a few lines."""
    spreads = " ".join(f"fragment F{n} on Citizen {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{{ citizens {{ nodes {{ ...F0 }} }} }} {spreads} fragment F{levels} on Citizen {{ id }}"


CASES = {
    "repeated fields": ("{ citizens { nodes { " + "id " * 1_900 + "} } }", TOO_LARGE),
    "repeated fragments": ("{ citizens { nodes { " + "...F " * 1_500 + "} } } fragment F on Citizen { id }", TOO_LARGE),
    "many fragments": ("{ citizens { nodes { " + " ".join(f"...F{n}" for n in range(300)) + "} } } " + " ".join(f"fragment F{n} on Citizen {{ id }}" for n in range(300)), TOO_LARGE),
    "circular fragments": ("{ citizens { nodes { ...A } } } fragment A on Citizen { ...B } fragment B on Citizen { ...A }", "INVALID"),
    "a fragment within itself": ("query { ...A } fragment A on Query { citizens { totalCount } ...A }", "INVALID"),
    "unused circular fragments": ("{ __typename } fragment A on Citizen { ...B } fragment B on Citizen { ...A }", "INVALID"),
    "fragment bomb": (bomb(25), TOO_LARGE),
    "alias flood": ("{ " + " ".join(f"a{n}: citizens {{ totalCount }}" for n in range(150)) + " }", TOO_LARGE),
    "alias flood of introspection": ("{ " + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(150)) + " }", TOO_LARGE),
    "directive flood": ("{ __typename " + "@include(if: true) " * 500 + "}", TOO_LARGE),
    "unknown directives": ("{ __typename " + "@x " * 1_500 + "}", TOO_LARGE),
    "deep fields": (nested("citizens { nodes { memberships { nodes { household { members { nodes { member { ", 2), TOO_LARGE),
    "deep nesting": ("{ a" * 1_500 + " }" * 1_500, TOO_LARGE),
    "deep lists": ("{ citizens(filter: { sex: { in: " + "[" * 1_000 + "]" * 1_000 + " } }) { totalCount } }", TOO_LARGE),
    "many tokens": ("{ " + "a " * 20_000 + "}", TOO_LARGE),
    "comments against token limits": ("#\n" * 20_000 + "{ __typename }", TOO_LARGE),
    "one long comment": ("#" + "x" * 100_000 + "\n{ __typename }", TOO_LARGE),
    "commas": ("{ __typename" + "," * 100_000 + "}", TOO_LARGE),
    "one long string": ('{ citizens(filter: { fullName: { eq: "' + "x" * 100_000 + '" } }) { totalCount } }', TOO_LARGE),
    "deep introspection": ("{ __schema { types { " + "fields { type { " * 5 + "name" + " } }" * 5 + " } } }", "INVALID"),
    "deep introspection by fragment": ("{ __schema { types { ...A } } } fragment A on __Type { fields { type { fields { type { fields { type { name } } } } } } }", "INVALID"),
    "many operations": (" ".join(f"query Q{n} {{ citizens {{ totalCount }} }}" for n in range(300)), TOO_LARGE),
    "differing arguments": ("{ " + " ".join(f"citizens(first: {n}) {{ totalCount }}" for n in range(400)) + " }", TOO_LARGE),
    "differing arguments in an unused fragment": ("{ __typename } fragment F on Query { " + " ".join(f"citizens(first: {n}) {{ totalCount }}" for n in range(400)) + " }", TOO_LARGE),
    "merged selections": ("{ citizens { nodes { " + "memberships { nodes { relationship member { id } } } " * 60 + "} } }", TOO_LARGE),
    "many variables": ("query(" + " ".join(f"$v{n}: Int" for n in range(1_500)) + ") { __typename }", TOO_LARGE),
    "pages multiplied": ("{ citizens(first: 500) { nodes { memberships(first: 500) { nodes { household { members(first: 500) { nodes { id } } } } } } } }", TOO_LARGE),
    "a page beyond the limit": ("{ citizens(first: 2147483647) { totalCount } }", "BAD_PAGE_SIZE"),
}  # fmt: skip


@pytest.fixture(scope="module")
def http(served_hub: ServedHub) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=served_hub.url) as client:
        yield client


@pytest.mark.parametrize("name", CASES)
def test_documents_that_cost_more_than_they_say(http: httpx2.Client, name: str) -> None:
    query, code = CASES[name]
    answer = http.post("/graphql", json={"query": query}, timeout=90).json()
    assert "data" not in answer
    assert {error["extensions"]["code"] for error in answer["errors"]} == {code}
    assert len(answer["errors"]) <= 11
    assert code == "INVALID" or "Next step" in answer["errors"][0]["message"]


def test_pages_are_multiplied_for_the_variables_of_each_request(http: httpx2.Client) -> None:
    query = "query($n: Int) { citizens(first: $n) { nodes { landUseRights(first: $n) { nodes { id } } } } }"
    for size, refused in ((10, False), (500, True), (300, False), (400, True)):
        answer = http.post("/graphql", json={"query": query, "variables": {"n": size}}).json()
        assert ("errors" in answer) is refused


def test_a_batch_is_refused_whole(http: httpx2.Client) -> None:
    answer = http.post("/graphql", json=[{"query": "{ __typename }"}] * 1_000)
    assert answer.status_code == 400
    assert "batches are not taken" in answer.json()["errors"][0]["message"]


def test_a_body_over_the_limit_is_refused_before_it_is_read(http: httpx2.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(400):
            yield b" " * 1_000

    for content in ("x" * 300_000, endless()):
        answer = http.post("/graphql", content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("kind", ["Parcel", "LandUseRight", "Household", "__Type", "Query", "citizen"])
def test_an_id_under_another_type_finds_nothing(http: httpx2.Client, kind: str) -> None:
    known = http.post("/graphql", json={"query": "{ citizens(first: 1) { nodes { id } } }"}).json()
    number = base64.b64decode(known["data"]["citizens"]["nodes"][0]["id"]).decode().split(":")[1]
    swapped = base64.b64encode(f"{kind}:{number}".encode()).decode()
    query = "query($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { id } }"
    answer = http.post("/graphql", json={"query": query, "variables": {"id": swapped}}).json()
    assert answer == {"data": {"node": None, "nodes": [None]}}


@pytest.mark.parametrize("value", [{"id": "x"}, ["x"], True, 1.5, None])
def test_variables_of_another_type_are_refused(http: httpx2.Client, value: Any) -> None:
    query = "query($id: ID!) { node(id: $id) { id } }"
    answer = http.post("/graphql", json={"query": query, "variables": {"id": value}}).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/x-www-form-urlencoded", "query=%7B__typename%7D"),
        ("multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query":"{ __typename }"}\r\n--x--'),
        ("text/plain", json.dumps({"query": "{ __typename }"})),
        ("text/plain; application/json", json.dumps({"query": "{ __typename }"})),
        ("", json.dumps({"query": "{ __typename }"})),
    ],
)  # fmt: skip
def test_what_another_sites_page_could_send_is_refused(http: httpx2.Client, kind: str, content: str) -> None:
    """A form needs no leave of the browser to be sent anywhere: so none of its types is taken."""
    answer = http.post("/graphql", content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "XYZ"])
def test_odd_methods_are_refused(http: httpx2.Client, method: str) -> None:
    answer = http.request(method, "/graphql", params={"query": "{ __typename }"})
    assert answer.status_code in (405, 400)
    assert answer.status_code == 400 or answer.headers["allow"] == "GET, HEAD, POST"
    assert "__typename" not in answer.text
    assert "access-control-allow-origin" not in answer.headers


def test_method_override_is_not_known(http: httpx2.Client) -> None:
    headers = {"X-HTTP-Method-Override": "POST", "X-Original-URL": "/graphql"}
    assert http.get("/healthz", headers=headers).json() == {"status": "alive"}


def test_results_have_a_size(served_hub: ServedHub) -> None:
    with served(create_app(load_settings(max_result_bytes=20_000), Logins.one(served_hub.database))) as url:
        query = "query($n: Int) { citizens(first: $n) { nodes { id fullName provenance { source asOf sourceKey } } } }"
        for size, refused in ((10, False), (500, True)):
            answer = httpx2.post(f"{url}/graphql", json={"query": query, "variables": {"n": size}}).json()
            codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
            assert codes == (["RESULT_TOO_LARGE"] if refused else [])


def test_introspection_can_be_closed(served_hub: ServedHub) -> None:
    with served(create_app(load_settings(introspection=False), Logins.one(served_hub.database))) as url:
        for query in ("{ __schema { types { name } } }", '{ __type(name: "Citizen") { name } }'):
            answer = httpx2.post(f"{url}/graphql", json={"query": query}).json()
            assert answer["errors"][0]["extensions"]["code"] == "INVALID"
        answer = httpx2.post(f"{url}/graphql", json={"query": "{ citizenz { totalCount } }"}).json()
        assert answer["errors"][0]["message"] == "Cannot query field 'citizenz' on type 'Query'.", "no name is told"
        answer = httpx2.post(f"{url}/graphql", json={"query": "{ citizens(first: 1) { nodes { __typename } } }"})
        assert answer.json()["data"]["citizens"]["nodes"] == [{"__typename": "Citizen"}]


def test_checking_a_document_has_a_budget(served_hub: ServedHub) -> None:
    fields = " ".join(
        f"a{n}: citizens(filter: {{ and: [{{ sex: {{ eq: MALE }} }}] }}) {{ totalCount }}" for n in range(90)
    )
    with served(create_app(load_settings(validation_budget_s=0.0001), Logins.one(served_hub.database))) as url:
        answer = httpx2.post(f"{url}/graphql", json={"query": f"{{ {fields} }}"}).json()
    assert answer["errors"][0]["extensions"]["code"] == TOO_LARGE
    assert "too long to check" in answer["errors"][0]["message"]


def test_the_hub_still_answers(http: httpx2.Client) -> None:
    assert http.post("/graphql", json={"query": "{ citizens { totalCount } }"}).json()["data"]["citizens"]["totalCount"]
