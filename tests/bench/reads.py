"""Linked reads, searches, pages: the hub beside PostGraphile, an idiomatic server, hand-written SQL and pgbench."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.bench.harness import Bench, Row
from tests.bench.load import CONNECTIONS, Load, bodies, find_pgbench, find_wrk, load, middle, pgbench
from tests.bench.operations import OPERATIONS, Operation, Sample, Variables, path, plain, sample
from tests.bench.peers.handwritten import STATEMENTS
from tests.bench.servers import HANDWRITTEN, HUB, PGBENCH, POSTGRAPHILE, STRAWBERRY, Served, served

AUDITED = 50


def measure(bench: Bench, url: str, folder: Path, node: Path, *, seconds: int, rounds: int) -> None:
    """Start every peer, hold their answers to be equal, then load them in turn."""
    wrk, program = find_wrk(), find_pgbench()
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(served(name, url, node)) for name in (HUB, POSTGRAPHILE, HANDWRITTEN, STRAWBERRY)
        }
        drawn = sample(url, servers)
        audited = {operation.key: audit(operation, drawn, servers) for operation in OPERATIONS}
        for operation in OPERATIONS:
            runs = _runs(operation, drawn, servers, folder, wrk)
            if operation.number is not None and program is not None:
                statement, most = for_pgbench(operation), len(drawn.keys) - 100
                runs[PGBENCH] = partial(pgbench, program, folder, url, statement, most)
            bench.rows.append(_row(operation, in_turn(runs, rounds, seconds)))
    _method(bench, len(drawn.keys), seconds, rounds, audited, program)


def audit(operation: Operation, drawn: Sample, servers: Mapping[str, Served]) -> int:
    """Hold every peer's answers to be equal to the hub's. Returns for how many sets of variables. Raises AssertionError."""
    variables = {peer: operation.variables(drawn, peer) for peer in _peers(operation)}
    count = len(variables[HUB])
    asked = range(0, count, max(1, count // AUDITED))
    for index in asked:
        answers = {
            peer: plain(servers[peer].ask(path(operation, peer), _body(operation, peer, given[index])))
            for peer, given in variables.items()
        }
        assert all(answer == answers[HUB] for answer in answers.values()), (operation.key, answers)
        assert any(answers[HUB].values()), (operation.key, "an empty answer measures nothing")
    return len(asked)


def _peers(operation: Operation) -> list[str]:
    return [*operation.documents, HANDWRITTEN]


def _body(operation: Operation, peer: str, given: Variables) -> dict[str, object]:
    return {"query": operation.documents.get(peer, ""), "variables": dict(given)}


def _runs(
    operation: Operation, drawn: Sample, servers: Mapping[str, Served], folder: Path, wrk: str
) -> dict[str, Callable[[int], Load]]:
    found: dict[str, Callable[[int], Load]] = {}
    for peer in _peers(operation):
        sent = bodies(operation.documents.get(peer, ""), operation.variables(drawn, peer))
        found[peer] = partial(load, wrk, folder, servers[peer].base + path(operation, peer), sent)
    return found


def in_turn(runs: Mapping[str, Callable[[int], Load]], rounds: int, seconds: int) -> dict[str, Load]:
    """The median of some rounds, in each of them every peer in turn, after a second of each that is not counted.

    Each round begins with another peer: who comes after a heavy one finds the machine warm.
    """
    found: dict[str, list[Load]] = {peer: [] for peer in runs}
    for run in runs.values():
        run(1)
    peers = list(runs)
    for number in range(rounds):
        first = number % len(peers)
        for peer in peers[first:] + peers[:first]:
            found[peer].append(runs[peer](seconds))
    return {peer: middle(loads) for peer, loads in found.items()}


def for_pgbench(operation: Operation) -> str:
    """The hand-written statement with pgbench's variable in place of its parameters."""
    statement = STATEMENTS[operation.key].sql
    for parameter, expression in (operation.number or {}).items():
        statement = statement.replace(parameter, expression)
    return statement


def _row(operation: Operation, loads: Mapping[str, Load]) -> Row:
    latencies = ", ".join(f"{peer} {found.p50:.1f}/{found.p99:.1f}" for peer, found in loads.items() if peer != PGBENCH)
    peers = {peer: found.rate for peer, found in loads.items() if peer != HUB}
    note = f"latency at {CONNECTIONS} connections, p50/p99 in ms: {latencies}"
    return Row(operation.table, operation.name, "requests/s", loads[HUB].rate, peers, operation.targets, note)


def _method(
    bench: Bench, citizens: int, seconds: int, rounds: int, audited: Mapping[str, int], program: str | None
) -> None:
    bench.method += [
        f"Reads: {citizens:,} citizens of the demo province; one server process each over the same tables of the same"
        f" PostgreSQL, 8 connections to it; wrk with {CONNECTIONS} connections, requests made beforehand, variables in a new"
        f" random order; a second to warm up, then {rounds} rounds of {seconds} s, in each of them every peer in turn; medians. Before any load the peers'"
        " answers are held to be equal for "
        + ", ".join(f"{count} × {key}" for key, count in audited.items())
        + ": all members and values, numbers as numbers; of cursors only whether there is one.",
        "PostGraphile 5: the Amber preset on Node's own HTTP server with NODE_ENV=production, no pgSettings (so no"
        " transaction about each statement), no mutations, no GraphiQL and WebSocket; prepared statements and its cache of"
        " plans, as it comes. The hub has no foreign keys, so smart tags name them, over views that join each record to the"
        " keys of its accepted links; the search is an SQL function that PostgreSQL inlines. outputDataAsString made no"
        " difference.",
        "Hand-written: one Starlette route and one prepared SQL statement for each operation, which builds the JSON; orjson"
        " reads the body, uvicorn serves it as it does the hub.",
        "pgbench: the hand-written statement of the row alone, prepared, "
        f"{CONNECTIONS} clients, one thread; a random row of a table of numbered citizens gives its parameter."
        if program
        else "pgbench: not found on this machine, so the limit is not shown.",
        "Strawberry + SQLAlchemy + DataLoader: one class and one loader for each relation, loads batched for each level.",
    ]
