"""Wide filters: how soon the smallest operation is answered while many clients send the widest filters that are allowed."""

import http.client
import json
import threading
import time
from statistics import median, quantiles
from urllib.parse import urlsplit

from hub.settings import Settings
from tests.bench.harness import Bench, Row, Target
from tests.bench.servers import HUB, Served, served

TABLE = "Wide filters"
CLIENTS = 32
TERMS = int(Settings.model_fields["max_filter_terms"].default)
MEMBERS = (TERMS - 2) // 2
"""Members of an `or` within them: each counts as an object and a condition, as do the filter and its `or`."""
MOST_MS = 200
LEAST = 20
"""Answers of the smallest operation that the figures are made from, at least."""
PAUSE_S = 0.05
SMALLEST = json.dumps({"query": "{ __typename }"}).encode()


def measure(bench: Bench, url: str, *, seconds: float = 10) -> None:
    """Ask a running hub for `{ __typename }`, alone and beside the clients."""
    with served(HUB, url) as hub:
        alone = ask_smallest(hub, seconds / 4)
        beside, answered, codes = beside_clients(hub, seconds)
    assert answered, f"no wide filter was answered: {sorted(codes)}"
    target = Target(MOST_MS, at_most=True)
    about = f"{answered} wide filters answered meanwhile{f', others {sorted(codes)}' if codes else ''}"
    others = {
        "median": median(beside),
        "99 %": quantiles(beside, n=100, method="inclusive")[98],
        "alone, slowest": max(alone),
    }
    bench.rows.append(Row(TABLE, f"{{ __typename }} beside {CLIENTS} clients", "ms, slowest", max(beside), others, (target,), about))  # fmt: skip
    bench.method.append(
        f"Wide filters: {CLIENTS} clients, each over a connection of its own, send a filter of {MEMBERS} conditions on names (the widest that are allowed), every one"
        " different and so planned anew, as fast as they are answered; meanwhile one client asks for `{ __typename }` every"
        f" {PAUSE_S * 1000:.0f} ms. The hub has an operator's defaults."
    )


def wide_filter(client: int, number: int) -> bytes:
    """A filter with as many conditions as are allowed, which no other request has."""
    terms = " ".join(f'{{ fullName: {{ words: "an {client} {number} {term}" }} }}' for term in range(MEMBERS))
    return json.dumps({"query": f"{{ citizens(filter: {{ or: [{terms}] }}) {{ totalCount }} }}"}).encode()


def beside_clients(hub: Served, seconds: float) -> tuple[list[float], int, set[str]]:
    """Milliseconds of each answer to the smallest operation, and of the clients: how many were answered, codes of the others."""
    done, answered, codes = threading.Event(), [0] * CLIENTS, set[str]()

    def send(client: int) -> None:
        connection = connect(hub)
        number = 0
        while not done.is_set():
            number += 1
            answer = json.loads(ask(connection, wide_filter(client, number)))
            if "errors" in answer:
                codes.add(answer["errors"][0]["extensions"]["code"])
            else:
                answered[client] += 1
        connection.close()

    threads = [threading.Thread(target=send, args=(client,), daemon=True) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        return ask_smallest(hub, seconds), sum(answered), codes
    finally:
        done.set()
        for thread in threads:
            thread.join(60)


def ask_smallest(hub: Served, seconds: float) -> list[float]:
    """Milliseconds from sending to the whole answer, of each."""
    connection = connect(hub)
    taken: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(taken) < LEAST:
        began = time.monotonic()
        answer = json.loads(ask(connection, SMALLEST))
        taken.append((time.monotonic() - began) * 1000)
        assert answer == {"data": {"__typename": "Query"}}, answer
        time.sleep(PAUSE_S)
    connection.close()
    return taken


def connect(hub: Served) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(hub.base).netloc, timeout=120)


def ask(connection: http.client.HTTPConnection, body: bytes) -> bytes:
    connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
    return connection.getresponse().read()
