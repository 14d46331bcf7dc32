"""Operations that once failed: each is one of a kind, and holds the kind. Those of `tests/cases/graph` are run as they are written there."""

import base64
import json
import random
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import pytest

from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.servers.tcp_proxy import TcpProxy


def ask(url: str, query: str, variables: dict[str, Any] | None = None, *, timeout_s: float = 60) -> Any:
    return httpx2.post(f"{url}/graphql", json={"query": query, "variables": variables or {}}, timeout=timeout_s).json()


def names_of_our_sql(hub: ServedHub) -> list[str]:
    """Every name in the SQL of an operation that uses all constructs: a caller may use each of them for a key."""
    query = """{ citizens(first: 2) { totalCount edges { cursor node { provenance { source } landUseRights { nodes { id
        parcel { area } holderLink { status candidates { method } evidence { comparison } } } } } } pageInfo { endCursor } }
        nodes(ids: []) { id } }"""
    answer = httpx2.post(
        f"{hub.url}/graphql", json={"query": query, "extensions": {"explain": True}}, timeout=60
    ).json()
    (sql,) = answer["extensions"]["explain"]["sql"]
    return sorted({*re.findall(r"[A-Za-z_][A-Za-z_0-9]*", sql), "ctid", "xmin", "tableoid", "oid", "user", "end"})


def test_a_key_may_be_any_name_of_our_sql(served_hub: ServedHub) -> None:
    own = {"provenance", "landUseRights", "edges", "node", "nodes", "holderLink", "candidates", "a", "data"}
    names = [name for name in names_of_our_sql(served_hub) if not name.startswith("__") and name not in own]
    assert {"d", "r", "t0", "l1"} <= set(names)
    query = """{{ {k}: __typename a: citizens(first: 1) {{ {k}: totalCount nodes {{ {k}: id provenance {{ {k}: source }}
        landUseRights(first: 1) {{ edges {{ {k}: cursor node {{ {k}: id holderLink {{ {k}: status candidates {{ {k}: method }} }} }} }} }} }} }} }}"""
    expected = ask(served_hub.url, query.format(k="zz"))
    with httpx2.Client(timeout=60) as client:
        for name in names:
            found = client.post(f"{served_hub.url}/graphql", json={"query": query.format(k=name)}).json()
            assert renamed(found, name) == renamed(expected, "zz"), name


def renamed(value: Any, name: str) -> Any:
    """The same answer with `*` for a key."""
    if isinstance(value, dict):
        return [("*" if key == name else key, renamed(inner, name)) for key, inner in value.items()]
    return [renamed(inner, name) for inner in value] if isinstance(value, list) else value


FORGED = [{"a": 1}, [1], 1.5, True, "abc", "1; drop", "9" * 40, "1\0"]


@pytest.mark.parametrize("part", FORGED, ids=range(len(FORGED)))
def test_a_forged_cursor_is_refused_at_its_path(served_hub: ServedHub, part: Any) -> None:
    cursor = base64.b64encode(json.dumps(["id asc", part]).encode()).decode()
    for query, path in (
        ("query($c: String) { x: citizens(first: 1, after: $c) { nodes { id } } }", ["x"]),
        ("query($c: String) { citizens(first: 1) { nodes { m: memberships(before: $c, last: 1) { nodes { id } } } } }", ["citizens", "nodes", "m"]),
        ("query($c: String) { citizens(first: 1) { e: edges { n: node { m: memberships(before: $c, last: 1) { nodes { id } } } } } }", ["citizens", "e", "n", "m"]),
    ):  # fmt: skip
        (error,) = ask(served_hub.url, query, {"c": cursor})["errors"]
        assert error["extensions"]["code"] == "BAD_CURSOR"
        assert error["path"] == path


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query($n: String) { citizens(filter: {fullName: {eq: $n}}) { totalCount } }", {}),
        ("query($f: CitizenFilter) { citizens(filter: $f) { totalCount } }", {}),
        ("query($n: String) { citizens(filter: {or: [{fullName: {eq: $n}}]}) { totalCount } }", {}),
        ("query($n: String) { citizens(first: 1) { nodes { memberships(filter: {member: {fullName: {eq: $n}}}) { totalCount } } } }", {}),
    ],
)  # fmt: skip
def test_a_condition_whose_variable_is_absent_does_not_return_everyone(
    served_hub: ServedHub, query: str, variables: Any
) -> None:
    (error,) = ask(served_hub.url, query, variables)["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["path"]
    assert "is not given" in error["message"]


@pytest.mark.parametrize("condition", ["fullName: {words: $n}", "fullName: {prefix: $n}", "formerId: {prefix: $n}"])
@pytest.mark.parametrize("given", ["", "  "])
def test_an_empty_text_does_not_choose_everyone(served_hub: ServedHub, condition: str, given: str) -> None:
    answer = ask(
        served_hub.url, f"query($n: String) {{ citizens(filter: {{{condition}}}) {{ totalCount }} }}", {"n": given}
    )
    if "formerId" in condition and given:
        assert answer == {"data": {"citizens": {"totalCount": 0}}}  # nothing begins with a space
        return
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["path"] == ["citizens"]


MISTAKES: tuple[tuple[str, dict[str, Any]], ...] = (
    ('{ a { x: %s(filter: { birthDate: { eq: "13/13/2000" } }) { totalCount } } }', {}),
    ("{ a { x: %s(filter: { provenance: { source: { eq: null } } }) { totalCount } } }", {}),
    ('{ a { x: %s(filter: { fullName: { words: "" } }) { totalCount } } }', {}),
    ('{ a { x: %s(filter: { formerId: { prefix: "" } }) { totalCount } } }', {}),
    ("{ a { x: %s(first: -1) { totalCount } } }", {}),
    ("{ a { x: %s(first: true) { totalCount } } }", {}),
    ('{ a { x: %s(first: 1, after: "?") { nodes { id } } } }', {}),
    ("query($f: CitizenFilter) { a { x: %s(filter: $f) { totalCount } } }", {"f": {"birthDate": {"eq": "1/2/3"}}}),
    ("query($n: Int) { a { x: %s(first: $n) { totalCount } } }", {"n": "much"}),
    ("query($i: [ID!]) { a { x: %s(filter: { id: { in: $i } }) { totalCount } } }", {"i": ["a"] * 501}),
    ("query($w: String) { a { x: %s(filter: { fullName: { words: $w } }) { totalCount } } }", {"w": "a" * 20_000}),
)


@pytest.mark.parametrize(("query", "variables"), MISTAKES, ids=range(len(MISTAKES)))
def test_an_error_of_a_value_says_at_which_field(served_hub: ServedHub, query: str, variables: dict[str, Any]) -> None:
    """Whoever notices it: validation, the variables' types, the planner, or the statement's parameters."""
    root = query.replace("{ a { ", "{ ", 1)[:-2] % "citizens"
    (error, *_) = ask(served_hub.url, root, variables)["errors"]
    assert error.get("path") == ["x"], error
    if not {"fullName", "formerId", "birthDate", "CitizenFilter"} & set(re.findall(r"\w+", query)):
        nested = query.replace("{ a { ", "{ p: citizens(first: 1) { nodes { ... on Citizen { ", 1) + " } }"
        (error, *_) = ask(served_hub.url, nested % "memberships", variables)["errors"]
        assert error.get("path") == ["p", "nodes", "x"], error


def test_everyone_is_asked_for_on_purpose(served_hub: ServedHub) -> None:
    everyone = ask(served_hub.url, "{ citizens { totalCount } }")
    query = "query($f: CitizenFilter) { citizens(filter: $f) { totalCount } }"
    assert ask(served_hub.url, query, {"f": None}) == everyone
    assert ask(served_hub.url, query, {"f": {}}) == everyone


HUGE = "9" * 5_000
ODD = [
    f"{{ citizens(first: {HUGE}) {{ totalCount }} }}",
    f"{{ taxObligations(filter: {{ year: {{ eq: {HUGE} }} }}) {{ totalCount }} }}",
    f"{{ taxObligations(filter: {{ amount: {{ eq: {HUGE} }} }}) {{ totalCount }} }}",
    "{ parcels(filter: { area: { gt: 1e400 } }) { totalCount } }",
    "{ parcels(filter: { area: { gt: -1e999 } }) { totalCount } }",
    "{ reviewQueue(filter: { weight: { gte: 1e400 } }) { totalCount } }",
    "{ reviewQueue(filter: { weight: { lt: -1e400 } }) { totalCount } }",
    "{ taxObligations(filter: { year: { eq: 99999999999 } }) { totalCount } }",
    '{ citizens(filter: { deathDate: { eq: "infinity" } }) { totalCount } }',
    '{ citizen(by: { personalId: "\\u0000" }) { id } }',
]


@pytest.mark.parametrize("query", ODD, ids=range(len(ODD)))
def test_a_value_out_of_range_is_the_callers_mistake(served_hub: ServedHub, query: str) -> None:
    answer = ask(served_hub.url, query)
    codes = {error["extensions"]["code"] for error in answer["errors"]}
    assert codes <= {"INVALID", "BAD_USER_INPUT", "SYNTAX", "BAD_PAGE_SIZE"}, answer["errors"][0]["message"]
    assert "sys.set_int_max_str_digits" not in json.dumps(answer)


def test_a_filter_with_too_many_conditions_is_refused_while_others_are_answered(served_hub: ServedHub) -> None:
    query = "query($f: CitizenFilter) { citizens(filter: $f) { totalCount } }"
    wide = {"f": {"or": [{"fullName": {"prefix": f"a{n}"}} for n in range(4_000)]}}
    (error,) = ask(served_hub.url, query, wide)["errors"]
    assert error["extensions"]["code"] == "OPERATION_TOO_LARGE"


def _ids(value: Any, found: dict[str, set[str]]) -> None:
    if isinstance(value, dict):
        if isinstance(value.get("id"), str) and "__typename" in value:
            found.setdefault(value["id"], set()).add(value["__typename"])
        for inner in value.values():
            _ids(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _ids(inner, found)


def test_an_id_is_one_objects(served_hub: ServedHub) -> None:
    """A client's cache keeps objects by id: two types under one id would show one's fields in the other."""
    schema = ask(
        served_hub.url,
        "{ __schema { types { kind name fields { name type { ofType { name } } } interfaces { name } } } }",
    )
    with_id = {
        kind["name"]: {one["name"] for one in kind["interfaces"] or ()}
        for kind in schema["data"]["__schema"]["types"]
        if kind["kind"] == "OBJECT"
        and any(f["name"] == "id" and (f["type"]["ofType"] or {}).get("name") == "ID" for f in kind["fields"])
    }
    own = {"Decision", "ReviewItem"}
    # What an auditor and a citizen see of one entry, what a client, a source and a form see of one correction, a snapshot and its head.
    own |= {"AccessLogEntry", "MyAccessLogEntry", "Correction", "CorrectionStatus", "ValueCorrection", "KeptPrefill", "PrefillSnapshot"}  # fmt: skip
    assert {
        name for name, interfaces in with_id.items() if "Node" not in interfaces and not name.startswith("Merged")
    } <= own
    query = """{ discrepancies(first: 50) { nodes { __typename field recordedIn { __typename recordId field node { __typename id } }
        subject { __typename id } } } }"""
    found: dict[str, set[str]] = {}
    _ids(ask(served_hub.url, query), found)
    assert found
    assert all(len(types) == 1 for types in found.values())


@pytest.fixture
def mute(served_hub: ServedHub) -> Iterator[tuple[str, TcpProxy]]:
    """The hub over a proxy that can fall silent; a read may take one second."""
    parts = psycopg.conninfo.conninfo_to_dict(served_hub.database)
    with TcpProxy(str(parts["host"]), int(str(parts["port"]))) as proxy:
        url = served_hub.database.replace(f":{parts['port']}/", f":{proxy.port}/").replace(
            str(parts["host"]), "127.0.0.1"
        )
        with served(create_app(load_settings(statement_timeout_s=1.0, pool_size=4), Logins.one(url))) as address:
            assert "data" in ask(address, "{ citizens(first: 1) { totalCount } }")
            yield address, proxy


def test_a_database_that_says_nothing_is_a_timeout_and_is_back_at_once(mute: tuple[str, TcpProxy]) -> None:
    url, proxy = mute
    proxy.mute()
    answers: list[Any] = []
    asking = [threading.Thread(target=lambda: answers.append(ask(url, "{ citizens(first: 1) { totalCount } }"))) for _ in range(16)]  # fmt: skip
    for thread in asking:
        thread.start()
    assert ask(url, "{ __typename }") == {"data": {"__typename": "Query"}}
    assert httpx2.get(f"{url}/readyz", timeout=30).status_code == 503
    for thread in asking:
        thread.join(60)
    codes = {answer["errors"][0]["extensions"]["code"] for answer in answers}
    assert len(answers) == 16
    assert codes <= {"TIMEOUT", "STORE_UNAVAILABLE", "OVERLOADED"}
    assert "TIMEOUT" in codes
    proxy.speak()
    until = time.monotonic() + 60
    while "errors" in ask(url, "{ citizens(first: 1) { totalCount } }"):
        assert time.monotonic() < until, "no good answer after the proxy was healed"
        time.sleep(0.1)


def test_a_server_that_takes_connections_and_never_answers(served_hub: ServedHub) -> None:
    """As a stopped server's kernel does: the process starts, says that it is not ready, and answers what needs no database."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://hub:x@127.0.0.1:{silent.getsockname()[1]}/hub"
        with served(create_app(load_settings(statement_timeout_s=1.0), Logins.one(url))) as address:
            assert httpx2.get(f"{address}/readyz", timeout=30).status_code == 503
            assert ask(address, "{ __typename }") == {"data": {"__typename": "Query"}}
            (error,) = ask(address, "{ citizens { totalCount } }")["errors"]
            assert error["extensions"]["code"] in ("TIMEOUT", "STORE_UNAVAILABLE", "OVERLOADED")


CASE = Path(__file__).parents[2] / "cases" / "graph" / "operations.md"


def written(number: int) -> list[str]:
    """What stands as code under a number of the case."""
    (item,) = re.findall(rf"^{number}\. .*?(?=^\d+\. |\Z)", CASE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", item)]


def code_of(answer: Any) -> str:
    (error,) = answer["errors"]
    assert "INTERNAL" not in json.dumps(answer)
    return str(error["extensions"]["code"])


def test_the_case_aliases_are_keys_of_the_data(served_hub: ServedHub) -> None:
    *queries, provenance, link = (code for code in written(1) if "{" in code)
    queries += [
        f"{{ citizens(first: 1) {{ nodes {{ {provenance} }} }} }}",
        f"{{ landUseRights(first: 1) {{ nodes {{ {link} }} }} }}",
    ]
    assert len(queries) == 6
    for query in queries:
        answer = ask(served_hub.url, query)
        alias = re.findall(r"\b([drgk]\d?): ", query)[-1]
        assert "errors" not in answer, query
        assert {f'"{alias}":', '"k0":'} & set(re.findall(r'"\w+":', json.dumps(answer))), query


def test_the_case_filters_are_refused_before_they_are_planned(served_hub: ServedHub) -> None:
    query = next(code for code in written(2) if code.startswith("query"))
    for terms in (400, 1_600, 5_200):
        wide = {"f": {"or": [{"fullName": {"prefix": f"a{n}"}} for n in range(terms)]}}
        assert code_of(ask(served_hub.url, query, wide)) == "OPERATION_TOO_LARGE"
    conditions: list[Any] = [
        {name: {"isNull": True}} for name in ("sex", "birthDate", "deathDate") for _ in range(2_166)
    ]
    for _ in range(3):
        random.Random(7).shuffle(conditions)
        assert code_of(ask(served_hub.url, query, {"f": {"and": conditions}})) == "OPERATION_TOO_LARGE"


def test_the_case_id_is_of_one_object(served_hub: ServedHub) -> None:
    (query,) = (code for code in written(4) if code.startswith("{"))
    assert code_of(ask(served_hub.url, query)) == "INVALID"  # a reference has no id of its own any more
    nodes = ask(served_hub.url, query.replace("{ id field", "{ recordId field"))["data"]["discrepancies"]["nodes"]
    found = [node["recordedIn"] for node in nodes]
    assert found
    assert all(recorded["node"] is None or recorded["node"]["id"] == recorded["recordId"] for recorded in found)


def test_the_case_values_are_the_callers_mistakes(served_hub: ServedHub) -> None:
    part = json.loads(next(code for code in written(5) if code.startswith("[")))
    cursor = base64.b64encode(json.dumps(part).encode()).decode()
    answer = ask(served_hub.url, "query($c: String) { citizens(first: 1, after: $c) { nodes { id } } }", {"c": cursor})
    assert (code_of(answer), answer["errors"][0]["path"]) == ("BAD_CURSOR", ["citizens"])
    (weight,) = (code.partition(": ")[2] for code in written(7))
    answer = ask(served_hub.url, f"{{ reviewQueue(filter: {{ weight: {{ gte: {weight} }} }}) {{ totalCount }} }}")
    assert code_of(answer) in ("INVALID", "BAD_USER_INPUT")
    everyone = next(code for code in written(9) if code.startswith("{")).replace(
        "{ citizens", "query($name: String) { citizens", 1
    )
    assert code_of(ask(served_hub.url, everyone.replace("…", "{ totalCount }"))) == "BAD_USER_INPUT"


def test_the_case_name_is_found_with_any_spaces(served_hub: ServedHub) -> None:
    with psycopg.connect(served_hub.database) as connection:
        (name,) = connection.execute("select max(full_name) from data.citizen").fetchone() or ("",)
    (condition,) = (code for code in written(10) if code.startswith("fullName"))
    assert "  " in re.findall(r"`(fullName[^`]+)`", CASE.read_text("utf-8"))[0]
    counts = {
        ask(
            served_hub.url,
            f"{{ citizens(filter: {{ {condition.split(chr(34))[0]}{json.dumps(text)}}} }}) {{ totalCount }} }}",
        )["data"]["citizens"]["totalCount"]
        for text in (name, name.replace(" ", "  "), f" {name}", name.lower())
    }
    assert len(counts) == 1
    assert counts != {0}


def test_the_case_server_that_is_stopped_by_a_signal(scratch: Path) -> None:
    with EmbeddedServer.start(scratch / "stopped", durable=False) as server:
        server.create_database("hub")
        made = make_engine(server.url("hub"))
        migrate_store(made)
        made.dispose()
        postmaster = psutil.Process(int((scratch / "stopped" / "server" / "postmaster.pid").read_text().split()[0]))
        read = "{ citizens { totalCount } }"
        with served(create_app(load_settings(statement_timeout_s=1.0), Logins.one(server.url("hub")))) as address:
            assert ask(address, read) == {"data": {"citizens": {"totalCount": 0}}}
            stopped = [postmaster, *postmaster.children(recursive=True)]
            for process in stopped:
                process.send_signal(signal.SIGSTOP)
            try:
                assert code_of(ask(address, read)) in ("TIMEOUT", "STORE_UNAVAILABLE")
                assert httpx2.get(f"{address}/readyz", timeout=30).status_code == 503
                assert ask(address, "{ __typename }") == {"data": {"__typename": "Query"}}
            finally:
                for process in stopped:
                    process.send_signal(signal.SIGCONT)
            until = time.monotonic() + 60
            while "errors" in ask(address, read):
                assert time.monotonic() < until, "no good answer after the server went on"
                time.sleep(0.1)
