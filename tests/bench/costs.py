"""Where the time goes: the server's CPU for each request, its parts by module, and PostgreSQL's planning and execution."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from psycopg import Connection, RawCursor

from hub.graph.execution.prepare import GraphQLRequest
from hub.graph.service import make_executor, make_pool
from hub.settings import load_settings as load_settings
from tests.bench.harness import Bench
from tests.bench.load import Load, bodies, find_wrk, load
from tests.bench.operations import OPERATIONS, Operation, Variables, path
from tests.bench.peers.handwritten import STATEMENTS
from tests.bench.servers import HANDWRITTEN, HUB, Served, served

HEADING = "Where the time goes"
SAMPLES_A_SECOND = 400
ROUNDS = 5
EXPLAINED = 50
HUB_TABLE, PARTS_TABLE = (
    ["| operation | hub, µs of CPU | hand-written, µs of CPU | the hub's own share |", "|---|--:|--:|--:|"],
    ["| part of the hub's process | self % | with what it calls % |", "|---|--:|--:|"],
)
SQL_TABLE = [
    "| statement | planning ms | execution ms | prepared: planned anew / plan reused |",
    "|---|--:|--:|--:|",
]


def measure(bench: Bench, url: str, folder: Path, *, seconds: int) -> None:
    """Measure the first two operations; write a section."""
    wrk = find_wrk()
    with psycopg.connect(url) as connection:
        rows = connection.execute("select id, personal_id from data.citizen order by random() limit 5000").fetchall()
    ids = [str(personal_id) for _, personal_id in rows]
    after: dict[str, list[Variables]] = {HANDWRITTEN: [{"after": str(key)} for key, _ in rows[:400]]}
    lines = list(HUB_TABLE)
    with ExitStack() as stack:
        servers = {name: stack.enter_context(served(name, url)) for name in (HUB, HANDWRITTEN)}
        after[HUB] = list_cursors(servers[HUB])
        given: dict[str, dict[str, list[Variables]]] = {
            "citizen": {peer: [{"id": i} for i in ids] for peer in servers},
            "page": after,
        }
        for operation in OPERATIONS[:2]:
            runs: dict[str, Callable[[int], Load]] = {}
            for peer, server in servers.items():
                sent = bodies(operation.documents.get(peer, ""), given[operation.key][peer])
                runs[peer] = partial(load, wrk, folder, server.base + path(operation, peer), sent)
            spent = _cpu(runs, servers, max(1, seconds // 2))
            hub, hand = spent[HUB], spent[HANDWRITTEN]
            lines.append(f"| {operation.name} | {hub:,.0f} | {hand:,.0f} | {hub - hand:,.0f} |")
            if operation.key == "citizen":
                parts = _parts(runs[HUB], servers[HUB].pid, folder, max(3, seconds))
    lines += ["", *PARTS_TABLE, *parts, "", *SQL_TABLE]
    lines += [
        _statement(url, operation, peer, given[operation.key][peer][:EXPLAINED])
        for operation in OPERATIONS[:2]
        for peer in (HUB, HANDWRITTEN)
    ]
    bench.sections[HEADING] = lines
    bench.method.append(
        f"Where the time goes: CPU is what the system counted for the server's process over {ROUNDS} loads in turn, divided"
        f" by the requests, the median; the parts are py-spy's samples of the hub, {SAMPLES_A_SECOND} a second, under the first"
        f" row's load: uvloop and other compiled code count for who called them. Planning and execution are medians of"
        f" {EXPLAINED} × EXPLAIN (ANALYZE, TIMING OFF); beside them how PostgreSQL ran the same statement when prepared."
    )


def list_cursors(hub: Served) -> list[Variables]:
    """Cursors into the list of all citizens, as variables of a page: at most 5,000, none so near the end that the page is short."""
    query = (
        "query($after: String) { citizens(first: 500, after: $after) { edges { cursor } pageInfo { hasNextPage } } }"
    )
    found: list[Variables] = []
    more = True
    while more and len(found) < 5_000:
        page = hub.ask("/graphql", {"query": query, "variables": dict(found[-1]) if found else {}})["citizens"]
        found += [{"after": edge["cursor"]} for edge in page["edges"]]
        more = page["pageInfo"]["hasNextPage"]
    return found[:-100]


def _cpu(runs: dict[str, Callable[[int], Load]], servers: dict[str, Served], seconds: int) -> dict[str, float]:
    """µs of CPU of the server's process for each request."""
    found: dict[str, list[float]] = {peer: [] for peer in runs}
    for _ in range(ROUNDS):
        for peer, run in runs.items():
            before = _ticks(servers[peer].pid)
            rate = run(seconds).rate
            found[peer].append((_ticks(servers[peer].pid) - before) / os.sysconf("SC_CLK_TCK") * 1e6 / (rate * seconds))
    return {peer: median(values) for peer, values in found.items()}


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


# --- Parts ------------------------------------------------------------------------------------------------------------


def _parts(run: Callable[[int], Load], pid: int, folder: Path, seconds: int) -> list[str]:
    program = Path(sys.executable).parent / "py-spy"
    found = str(program) if program.exists() else shutil.which("py-spy")
    if found is None:
        return ["| py-spy was not found | | |"]
    raw = folder / "stacks.txt"
    command = [found, "record", "--pid", str(pid), "--duration", str(seconds), "--rate", str(SAMPLES_A_SECOND)]
    command += ["--format", "raw", "--full-filenames", "--output", str(raw)]
    recording = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    run(seconds + 1)
    _, said = recording.communicate()
    if recording.returncode != 0:
        return [f"| py-spy: {said.decode().strip().splitlines()[-1]} | | |"]
    return by_module(raw.read_text().splitlines())


def by_module(stacks: Sequence[str]) -> list[str]:
    """Shares of the samples by module: where they were, and where they or what they called were."""
    own: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        modules = [module(frame) for frame in stack.split(";") if ":" in frame]
        if not modules:
            continue
        own[modules[-1]] += int(count)
        for name in set(modules):
            within[name] += int(count)
    total = sum(own.values())
    names = sorted(own | within, key=lambda name: -own[name])
    return [
        f"| {name} | {100 * own[name] / total:.1f} | {100 * within[name] / total:.1f} |"
        for name in names
        if own[name] / total >= 0.005
    ]


def module(frame: str) -> str:
    """The module of a frame `function (/path/file.py:line)`: the hub's by their first two names, others by their package."""
    file = frame[frame.rindex("(") + 1 :].rpartition(":")[0] if "(" in frame else frame
    if (inner := re.search(r"site-packages/([^/]+)/", file)) is not None:
        return inner[1]
    if (inner := re.search(r"/((?:hub|schema)/[a-z_/]+)\.py$", file)) is not None:
        return inner[1].replace("/", ".")
    if (inner := re.search(r"python3\.\d+/([^/]+)", file)) is not None:
        return inner[1].removesuffix(".py")
    return file.rpartition("/")[2] or "native code"


# --- Statements -------------------------------------------------------------------------------------------------------


def _statement(url: str, operation: Operation, peer: str, given: Sequence[Variables]) -> str:
    statements = [_planned(url, operation, variables, peer) for variables in given]
    with psycopg.connect(url, autocommit=True, cursor_factory=RawCursor, prepare_threshold=0) as connection:
        plans = [_explained(connection, sql, parameters) for sql, parameters in statements]
        for sql, parameters in statements:
            connection.execute(sql, parameters).fetchall()
        ((generic, custom),) = connection.execute(
            "select sum(generic_plans), sum(custom_plans) from pg_prepared_statements where statement = $1",
            [statements[0][0]],
        ).fetchall()
    planning = median(plan["Planning Time"] for plan in plans)
    execution = median(plan["Execution Time"] for plan in plans)
    return f"| {operation.name}: {peer} | {planning:.2f} | {execution:.2f} | {custom} / {generic} |"


def _explained(connection: "Connection[Any]", sql: str, parameters: Sequence[Any]) -> dict[str, float]:
    explained = connection.execute(
        f"explain (analyze, timing off, format json) {sql}",
        parameters,
    ).fetchall()
    plan: dict[str, float] = explained[0][0][0]
    return plan


def _planned(url: str, operation: Operation, variables: Variables, peer: str) -> tuple[str, Sequence[Any]]:
    """The SQL of an operation and its parameters."""
    if peer == HANDWRITTEN:
        statement = STATEMENTS[operation.key]
        return statement.sql, [variables[name] for name in statement.take]
    return _hub_statement(url, operation.documents[HUB], variables)


def _hub_statement(url: str, document: str, variables: Variables) -> tuple[str, Sequence[Any]]:
    settings = load_settings()
    executor = make_executor(settings, make_pool(settings, url))
    ready = executor.preparer.ready(GraphQLRequest(query=document, variables=variables))
    assert ready.plan is not None
    return ready.plan.sql, ready.plan.parameters(ready.variables)
