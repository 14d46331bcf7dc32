"""GraphQL over HTTP against the served hub: media types, statuses, the page, health."""

from typing import Any

import httpx2
import pytest

from hub.settings import load
from hub.web.app import create_app
from tests.conftest import ServedHub, served

GRAPHQL = "application/graphql-response+json"
COUNT = {"query": "{ citizens { totalCount } }"}


@pytest.fixture(scope="module")
def http(served_hub: ServedHub) -> Any:
    with httpx2.Client(base_url=served_hub.url) as client:
        yield client


@pytest.mark.parametrize(
    ("accept", "query", "status", "kind"),
    [
        (None, "{ __typename }", 200, "application/json"),
        ("*/*", "{ __typename }", 200, "application/json"),
        (GRAPHQL, "{ __typename }", 200, GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", "{ __typename }", 200, GRAPHQL),
        ("application/json", "{ nothing }", 200, "application/json"),
        (GRAPHQL, "{ nothing }", 400, GRAPHQL),
        (GRAPHQL, "{", 400, GRAPHQL),
        (GRAPHQL, "{ citizens(first: 501) { totalCount } }", 400, GRAPHQL),
        ("text/plain", "{ __typename }", 406, "application/json"),
    ],
)
def test_media_type_and_status(http: httpx2.Client, accept: str | None, query: str, status: int, kind: str) -> None:
    headers = {"Accept": accept} if accept else {}
    if accept is None:
        http.headers.pop("accept", None)
    answer = http.post("/graphql", json={"query": query}, headers=headers)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (status, kind)
    assert ("data" in answer.json()) == (status == 200 and "nothing" not in query)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        ("{}", "text/plain", 415),
        ("query=%7B__typename%7D", "application/x-www-form-urlencoded", 415),
        ("not json", "application/json", 400),
        ("[]", "application/json", 400),
        ('[{"query":"{ __typename }"}]', "application/json", 400),
        ('{"query": 1}', "application/json", 400),
        ('{"query": "{ __typename }", "variables": "x"}', "application/json", 400),
        ("{" + " " * 300_000 + "}", "application/json", 413),
    ],
)
def test_what_is_not_a_request(http: httpx2.Client, content: str, kind: str, status: int) -> None:
    answer = http.post("/graphql", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"]["code"]


def test_get_answers_queries_and_shows_people_the_page(http: httpx2.Client) -> None:
    assert http.get("/graphql", params={"query": "query($n: Int) { citizens(first: $n) { totalCount } }", "variables": '{"n": 1}'}).json()["data"]["citizens"]["totalCount"] > 900  # fmt: skip
    page = http.get("/graphql", headers={"Accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert http.get("/graphql", params={"query": "{ __typename }", "variables": "{"}).status_code == 400
    assert http.put("/graphql").status_code == 405
    assert http.get("/nothing").json()["errors"][0]["extensions"]["code"] == "HTTP"
    assert http.get("/").headers["location"] == "/graphql"


def test_static_files_are_compressed(http: httpx2.Client) -> None:
    page = http.get("/graphql", headers={"Accept": "text/html"}).text
    script = page.split('src="', 1)[1].split('"', 1)[0]
    answer = http.get(script, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


def test_explain_is_for_those_who_are_allowed(served_hub: ServedHub) -> None:
    asked = {**COUNT, "extensions": {"explain": True}}
    assert httpx2.post(f"{served_hub.url}/graphql", json=asked).json()["extensions"]["explain"]["statements"] == 1
    with served(create_app(load(explain=False), served_hub.database)) as url:
        assert "extensions" not in httpx2.post(f"{url}/graphql", json=asked).json()


def test_health_and_readiness(http: httpx2.Client, database_url: str) -> None:
    assert http.get("/healthz").status_code == 200
    assert http.get("/readyz").json() == {"status": "ready"}
    with served(create_app(load(), database_url)) as url:
        assert httpx2.get(f"{url}/healthz").status_code == 200
        answer = httpx2.get(f"{url}/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
