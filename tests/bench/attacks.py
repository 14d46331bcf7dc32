"""Attacks: operations that cost a server much more than they cost their sender. Each is to be refused, soon, for nothing."""

import contextlib
import http.client
import json
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.bench.harness import Bench, Row, Target
from tests.bench.operations import LINKED
from tests.bench.servers import HUB, Served, served

TABLE = "Attack queries"
TRIES = 20
MOST_MS, MOST_MB = 50, 50
NAMES = "personalId fullName birthDate sex ethnicity formerId residenceAddress registeredOn"


def _document(text: str, **variables: Any) -> bytes:
    return json.dumps({"query": text, "variables": variables}).encode()


def _nested(n: int) -> bytes:
    around = "landUseRights(first: 1) { nodes { parcel { rights(first: 1) { nodes { holder { ... on Citizen {"
    return _document(
        "{ citizens(first: 1) { nodes { " + around * 30 + f" a{n}: fullName " + "} } } } } } }" * 30 + " } } }"
    )


def _fragment_bomb(n: int) -> bytes:
    levels = [f"fragment F{i} on Citizen {{ ...F{i + 1} ...F{i + 1} }}" for i in range(30)]
    last = f"fragment F30 on Citizen {{ a{n}: fullName }}"
    return _document(" ".join(["{ citizens(first: 1) { nodes { ...F0 } } }", *levels, last]))


def _fragments(count: int, n: int) -> bytes:
    spread = " ".join(f"...G{i}" for i in range(count))
    made = " ".join(f"fragment G{i} on Citizen {{ {NAMES} a{n}: sex }}" for i in range(count))
    return _document(f"{{ citizens(first: 1) {{ nodes {{ {spread} }} }} }} {made}")


def _repeats(count: int, n: int) -> bytes:
    repeated = " ".join(f"citizens(first: {i + n}) {{ nodes {{ sex }} }}" for i in range(count))
    return _document(f"{{ {repeated} }}")


def _introspection(n: int) -> bytes:
    return _document(f"{{ a{n}: __schema {{ types {{ " + "fields { type { " * 12 + "name" + " } }" * 12 + " } } }")


def _rows(n: int) -> bytes:
    return _document(
        f"{{ a{n}: citizens(first: 500) {{ nodes {{ landUseRights(first: 500) {{ nodes {{ parcel {{"
        " rights(first: 500) { nodes { status } } } } } } } }"
    )


ATTACKS: Mapping[str, Callable[[int], bytes]] = {
    "Nesting 200 levels deep": _nested,
    "Fragments in a circle": lambda n: _document(
        f"{{ citizens(first: 1) {{ nodes {{ ...A }} }} }} fragment A on Citizen {{ a{n}: sex ...B }}"
        " fragment B on Citizen { ...A }"
    ),
    "Fragment bomb, 2 to the 30th": _fragment_bomb,
    "250 fragments on one selection": partial(_fragments, 250),
    "90 fragments on one selection, within the limit of tokens": partial(_fragments, 90),
    "900 repeats of a field with other arguments": partial(_repeats, 900),
    "300 repeats, within the limit of tokens": partial(_repeats, 300),
    "1,000 aliases": lambda n: _document(
        "{ " + " ".join(f"a{n}_{i}: citizens(first: 1) {{ totalCount }}" for i in range(1_000)) + " }"
    ),
    "1,000 aliases of one leaf": lambda n: _document(
        "{ citizens(first: 1) { nodes { " + " ".join(f"a{n}_{i}: fullName" for i in range(1_000)) + " } } }"
    ),
    "1,000 directives": lambda n: _document(
        "{ citizens(first: 1) { nodes { fullName " + " @skip(if: false)" * 1_000 + f" a{n}: sex }} }} }}"
    ),
    "40,000 characters of comments": lambda n: _document(
        "\n".join(["#"] * 20_000) + f"\n{{ citizens(first: {n + 1}) {{ nodes {{ sex }} }} }}"
    ),
    "10,000 tokens": lambda n: _document("{ " + "x " * 10_000 + f"a{n} }}"),
    "Brackets 10,000 deep in an argument": lambda n: _document(
        f"{{ citizens(first: {n}, filter: " + "{and: [" * 5_000 + "]}" * 5_000 + ") { totalCount } }"
    ),
    "1,000 operations in one document": lambda n: _document(
        " ".join(f"query Q{n}_{i}{{citizens(first:1){{totalCount}}}}" for i in range(1_000))
    ),
    "Introspection 12 times around": _introspection,
    "Pages of 500 × 500 × 500": _rows,
    "A page of a million": lambda n: _document(f"{{ a{n}: citizens(first: 1000000) {{ nodes {{ sex }} }} }}"),
    "A batch of 100": lambda n: json.dumps([{"query": f"{{ a{n}: __typename }}"}] * 100).encode(),
    "A body of 5 MB": lambda n: _document(f"{{ a{n}: __typename }}" + " " * 5_000_000),
    "A string of 45,000 characters": lambda n: _document(
        '{ citizens(filter: { fullName: { prefix: "' + "a" * 45_000 + f'" }} }}, first: {n + 1}) {{ totalCount }} }}'
    ),
    "A variable of 150,000 characters": lambda n: _document(
        f"query($p: PersonalId!) {{ a{n}: citizen(by: {{ personalId: $p }}) {{ sex }} }}", p="0" * 150_000
    ),
    "A number of 40,000 digits": lambda n: _document(f"{{ a{n}: citizens(first: {'9' * 40_000}) {{ totalCount }} }}"),
}


def measure(bench: Bench, url: str, *, tries: int = TRIES) -> None:
    """Send every attack to a running hub, some times and one at a time, and look what it did to it."""
    with psycopg.connect(url) as connection:
        ((personal_id,),) = connection.execute("select personal_id from data.citizen limit 1").fetchall()
    ordinary = _document(f"query($id: PersonalId!) {{ citizen(by: {{ personalId: $id }}) {LINKED} }}", id=personal_id)
    with served(HUB, url) as hub:
        for _ in range(20):
            assert _answer(_send(hub, ordinary)[0]) is None
        before = resident_mb(hub.pid)
        rows, not_refused = [], 0
        for name, made in ATTACKS.items():
            answers = [_send(hub, made(n)) for n in range(tries)]
            codes = [_answer(body) for body, _ in answers]
            not_refused += codes.count(None)
            times = [seconds * 1000 for _, seconds in answers]
            note = f"refused as {', '.join(sorted({code or 'NOT REFUSED' for code in codes}))}"
            slowest = Target(MOST_MS, at_most=True)
            rows.append(Row(TABLE, name, "ms, slowest", max(times), {"median": median(times)}, (slowest,), note))
        grown = resident_mb(hub.pid) - before
        assert _answer(_send(hub, ordinary)[0]) is None, "an ordinary query after the attacks"
    bench.rows += [
        *rows,
        Row(TABLE, "Attacks not refused", "requests", not_refused, {}, (Target(0, at_most=True),)),
        Row(TABLE, "Growth of the process after all of them", "MB", grown, {}, (Target(MOST_MB, at_most=True),)),
    ]
    bench.method.append(
        f"Attack queries: {tries} tries of each, every one different, one at a time, to a running hub with an operator's"
        " defaults; the time is from sending to the whole answer, which must hold errors and no data. Growth is of resident"
        " memory; an ordinary query is answered after them."
    )


def _send(hub: Served, body: bytes) -> tuple[bytes, float]:
    connection = http.client.HTTPConnection(urlsplit(hub.base).netloc, timeout=60)
    connection.connect()
    started = time.monotonic()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        # Where it is refused by its length before it was read, the answer is there all the same.
        connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
    answer = connection.getresponse().read()
    taken = time.monotonic() - started
    connection.close()
    return answer, taken


def _answer(body: bytes) -> str | None:
    """The code of a refusal; None where there is data."""
    answer = json.loads(body)
    if answer.get("data") is not None or not answer.get("errors"):
        return None
    return str(answer["errors"][0].get("extensions", {}).get("code", "no code"))


def resident_mb(pid: int) -> float:
    """Resident memory of a process, in MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024
