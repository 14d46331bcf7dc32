"""GraphQL over HTTP against the served hub: media types, statuses, the page, health."""

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx2
import psycopg
import pytest

from hub.cli.operate.logs import AddContext
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app
from tests.conftest import ServedHub
from tests.serving import served

GRAPHQL = "application/graphql-response+json"
COUNT = {"query": "{ citizens { totalCount } }"}


def until(holds: Callable[[], bool], seconds: float = 90) -> bool:
    """Whether it holds within some seconds."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


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
    assert "Dữ liệu liên thông qua GraphQL" in http.get("/").text


def test_static_files_are_compressed(http: httpx2.Client) -> None:
    page = http.get("/graphql", headers={"Accept": "text/html"}).text
    script = page.split('src="', 1)[1].split('"', 1)[0]
    answer = http.get(script, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


def test_explain_is_for_those_who_are_allowed(served_hub: ServedHub) -> None:
    asked = {**COUNT, "extensions": {"explain": True}}
    assert httpx2.post(f"{served_hub.url}/graphql", json=asked).json()["extensions"]["explain"]["statements"] == 1
    with served(create_app(load_settings(explain=False), Logins.one(served_hub.database))) as url:
        assert "extensions" not in httpx2.post(f"{url}/graphql", json=asked).json()


def test_health_and_readiness(http: httpx2.Client, new_database_url: str) -> None:
    assert http.get("/healthz").status_code == 200
    assert http.get("/readyz").json() == {"status": "ready"}
    with served(create_app(load_settings(), Logins.one(new_database_url))) as url:
        assert httpx2.get(f"{url}/healthz").status_code == 200
        answer = httpx2.get(f"{url}/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "not ready")


def test_get_has_an_etag_and_304(http: httpx2.Client) -> None:
    first = http.get("/graphql", params=COUNT)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for given in (tag, f'"x", {tag}', tag.removeprefix("W/"), "*"):
        again = http.get("/graphql", params=COUNT, headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert http.get("/graphql", params=COUNT, headers={"If-None-Match": 'W/"x"'}).status_code == 200
    other = http.get("/graphql", params=COUNT, headers={"If-None-Match": tag, "Accept": GRAPHQL})
    assert other.status_code == 200
    assert other.headers["etag"] != tag
    assert "etag" not in http.get("/graphql", params={"query": "{ nothing }"}).headers
    assert http.post("/graphql", json=COUNT).headers["cache-control"] == "no-store"
    head = http.head("/graphql", params=COUNT)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


def test_get_does_not_write_or_stream(http: httpx2.Client) -> None:
    stream = {"query": "subscription { recordChanged { recordId } }"}
    answer = http.get("/graphql", params=stream)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    answer = http.post("/graphql", json=stream)
    assert answer.json()["errors"][0]["extensions"]["code"] == "SUBSCRIPTION_TRANSPORT"


def test_answers_are_compressed_where_it_pays(http: httpx2.Client) -> None:
    asked = {"query": "{ citizens(first: 500) { nodes { id fullName personalId } } }"}
    answer = http.post("/graphql", json=asked, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["data"]["citizens"]["nodes"]) == 500
    assert "content-encoding" not in http.post("/graphql", json=COUNT, headers={"Accept-Encoding": "gzip"}).headers


def test_every_answer_has_a_request_id(http: httpx2.Client) -> None:
    made = {http.post("/graphql", json=COUNT).headers["x-request-id"] for _ in range(3)}
    assert len(made) == 3
    assert (
        http.get("/healthz", headers={"X-Request-Id": "office-7.b-000041"}).headers["x-request-id"]
        == "office-7.b-000041"
    )
    for bad in ("x" * 65, "a b", "<script>", "022199876543"):
        assert http.get("/healthz", headers={"X-Request-Id": bad}).headers["x-request-id"] != bad


def test_what_is_logged_says_which_request(served_hub: ServedHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(AddContext())
    app = create_app(load_settings(), Logins.one(served_hub.database))

    async def broken(request: Any) -> None:
        raise ValueError("SECRET")

    app.app.router.add_route("/broken", broken)  # type: ignore[attr-defined]  # it has it
    with served(app) as url:
        answer = httpx2.get(f"{url}/broken", headers={"X-Request-Id": "find-me-in-the-log"})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (500, "INTERNAL")
    (record,) = [r for r in caplog.records if r.name == "hub.web"]
    assert record.__dict__["request_id"] == "find-me-in-the-log"
    assert "SECRET" not in answer.text + record.getMessage()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:81", 200),
        ("127.0.0.1:9", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("evil.example:8000", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost@evil.example", 421),
        ("evil.example#localhost", 421),
        ("", 421),
    ],
)
def test_the_hub_answers_under_its_own_names_only(http: httpx2.Client, host: str, status: int) -> None:
    answer = http.post("/graphql", json=COUNT, headers={"Host": host})
    assert answer.status_code == status
    if status == 421:
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "HOST_NOT_ALLOWED"
        assert "HUB_ALLOWED_HOSTS" in error["message"]


def test_two_hosts_are_none(served_hub: ServedHub) -> None:
    host, port = served_hub.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert raw.recv(4_000).split(b" ")[1] in (b"400", b"421")


def test_an_operator_names_other_hosts(served_hub: ServedHub) -> None:
    settings = load_settings(allowed_hosts="hub.example.vn")
    with served(create_app(settings, Logins.one(served_hub.database))) as url:
        assert httpx2.get(f"{url}/healthz", headers={"Host": "hub.example.vn"}).status_code == 200
        assert httpx2.get(f"{url}/healthz", headers={"Host": "localhost"}).status_code == 421
    with served(create_app(load_settings(allowed_hosts="*"), Logins.one(served_hub.database))) as url:
        assert httpx2.get(f"{url}/healthz", headers={"Host": "any.example"}).status_code == 200


def test_a_client_that_goes_away_takes_its_sql_with_it(served_hub: ServedHub) -> None:
    """A read waits for a lock; its client leaves; the statement is gone before the lock is."""
    query = "{ households(first: 1) { nodes { id } } }"
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    with (
        served(create_app(load_settings(statement_timeout_s=30), Logins.one(served_hub.database))) as url,
        psycopg.connect(served_hub.database) as locking,
        psycopg.connect(served_hub.database, autocommit=True) as watching,
    ):

        def waits(number: int) -> bool:
            return until(lambda: watching.execute(waiting).fetchone() == (number,))

        locking.execute("lock data.household in access exclusive mode")
        host, port = url.removeprefix("http://").split(":")
        body = json.dumps({"query": query})
        for lane in (body, json.dumps({"query": query[:-1] + "__schema { queryType { name } } }"})):
            with socket.create_connection((host, int(port))) as raw:
                head = f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(lane)}\r\n\r\n"
                raw.sendall((head + lane).encode())
                assert waits(1)
            assert waits(0)
        locking.rollback()
        # The connections that were cancelled are as good as before.
        answers = [httpx2.post(f"{url}/graphql", json={"query": query}).json() for _ in range(5)]
    assert all("errors" not in answer for answer in answers)


def test_cost_is_told_to_who_asks(http: httpx2.Client) -> None:
    query = "query($n: Int) { a: citizens(first: $n) { nodes { landUseRights(first: 3) { nodes { id } } residence { id } } } }"
    asked = {"query": query, "variables": {"n": 7}, "extensions": {"cost": True}}
    for lane in (query, query[:-1] + "__schema { queryType { name } } }"):
        cost = http.post("/graphql", json={**asked, "query": lane}).json()["extensions"]["cost"]
        assert cost["rows"] == {"is": 7 * (1 + 3 + 1), "most": 100_000}
        assert cost["aliases"]["is"] == 1
    assert cost["depth"]["is"] == 5
