"""Persisted documents: a folder of trusted ones, automatic persisted queries, and a hub that runs trusted ones only."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hub.errors import HubMisconfigured
from hub.graph.execution.bounded_cache import BoundedCache
from hub.graph.execution.documents import document_hash
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app
from tests.conftest import ServedHub
from tests.serving import served

COUNT = "query Count($first: Int = 1) { citizens(first: $first) { totalCount } }\n"
NAMES = "{ citizens(first: 1) { nodes { fullName } } }"
OTHER = "{ parcels { totalCount } }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "count.graphql").write_text(COUNT, encoding="utf-8")
    (tmp_path / "persisted.json").write_text(json.dumps({"md5-of-relay": NAMES}), encoding="utf-8")
    return tmp_path


@pytest.fixture(params=[False, True], ids=["open", "trusted only"])
def http(request: pytest.FixtureRequest, served_hub: ServedHub, folder: Path) -> Iterator[httpx2.Client]:
    settings = load_settings(documents=folder, trusted_only=request.param)
    with served(create_app(settings, Logins.one(served_hub.database))) as url, httpx2.Client(base_url=url) as client:
        yield client


@pytest.mark.parametrize(
    "fields",
    [
        {"documentId": f"sha256:{document_hash(COUNT)}"},
        {"documentId": document_hash(COUNT)},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": document_hash(COUNT)}}},
        {"query": COUNT},
        {"query": COUNT, "operationName": "Count", "variables": {"first": 2}},
    ],
)
def test_trusted_documents_run(http: httpx2.Client, fields: dict[str, Any]) -> None:
    answer = http.post("/graphql", json=fields)
    assert answer.json()["data"]["citizens"]["totalCount"] > 900


def test_trusted_documents_run_by_get_and_by_ids_of_other_tools(http: httpx2.Client) -> None:
    answer = http.get("/graphql", params={"documentId": document_hash(COUNT), "variables": '{"first": 3}'})
    assert answer.json()["data"]["citizens"]["totalCount"] > 900
    assert http.post("/graphql", json={"documentId": "md5-of-relay"}).json()["data"]["citizens"]["nodes"]


def test_what_is_not_known_is_said_so(http: httpx2.Client) -> None:
    answer = http.post("/graphql", json={"documentId": document_hash(OTHER)})
    (error,) = answer.json()["errors"]
    # The very words that Apollo's clients look for before they send the text.
    assert (error["message"], error["extensions"]["code"]) == ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
    accept = {"Accept": "application/graphql-response+json"}
    assert http.post("/graphql", json={"documentId": "x"}, headers=accept).status_code == 400


def test_automatic_persisted_queries(served_hub: ServedHub, folder: Path) -> None:
    settings = load_settings(documents=folder)
    hashed = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": document_hash(OTHER)}}}
    with served(create_app(settings, Logins.one(served_hub.database))) as url, httpx2.Client(base_url=url) as http:
        assert "errors" in http.post("/graphql", json=hashed).json()
        registered = http.post("/graphql", json={**hashed, "query": OTHER}).json()
        assert registered["data"]["parcels"]["totalCount"] > 0
        assert http.post("/graphql", json=hashed).json() == registered
        by_get = http.get("/graphql", params={"extensions": json.dumps(hashed["extensions"])})
        assert by_get.json() == registered
        wrong = {
            "query": NAMES,
            **hashed,
            "extensions": {"persistedQuery": {"version": 1, "sha256Hash": document_hash(COUNT + " ")}},
        }
        assert http.post("/graphql", json=wrong).json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_MISMATCH"
        for bad in ({"version": 2, "sha256Hash": "x"}, {"version": 1}, "x"):
            answer = http.post("/graphql", json={"extensions": {"persistedQuery": bad}})
            assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


def test_a_hub_of_trusted_documents_runs_no_other(served_hub: ServedHub, folder: Path) -> None:
    settings = load_settings(documents=folder, trusted_only=True)
    with served(create_app(settings, Logins.one(served_hub.database))) as url, httpx2.Client(base_url=url) as http:
        hashed = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": document_hash(OTHER)}}}
        for fields in ({"query": OTHER}, {"query": OTHER, **hashed}, {"query": "{ __schema { types { name } } }"}):
            (error,) = http.post("/graphql", json=fields).json()["errors"]
            assert error["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
            assert "Next step" in error["message"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.graphql", "{ nothing }", "is invalid"),
        ("a.graphql", "{", "is invalid"),
        ("a.json", "[]", "not a map"),
        ("a.json", "{", "not a map"),
    ],
)
def test_a_folder_that_does_not_hold_stops_the_start(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(HubMisconfigured, match=words):
        create_app(load_settings(documents=tmp_path), Logins.one("postgresql://localhost/none"))
    with pytest.raises(HubMisconfigured, match="there is no folder"):
        create_app(load_settings(documents=tmp_path / "none"), Logins.one("postgresql://localhost/none"))


def test_what_clients_register_is_bounded() -> None:
    kept: BoundedCache[str, str] = BoundedCache(3, most_size=10)
    for key in "abcd":
        kept.put(key, key, 1)
    assert [kept.get(key) for key in "abcd"] == [None, "b", "c", "d"]
    kept.put("e", "e", 9)
    assert [kept.get(key) for key in "bcde"] == [None, None, "d", "e"]
    kept.put("e", "e", 11)
    assert kept.size == 0
    assert not kept.entries
