"""A keyed read, three links deep, sent to several `hub serve` in turn: requests a second, latencies, and the CPU of each tree of processes."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from unittest.mock import patch

import httpx2
import psycopg

from hub.store.server.embedded import EmbeddedServer
from tests.bench.access import DECLARATION, PURPOSE
from tests.bench.failover import KEYED, LOGINS, Issuer, await_port, describe_access, open_dossiers, run_command
from tests.bench.failover_cluster import await_that
from tests.bench.load import CONNECTIONS, bodies, find_wrk, load, with_headers
from tests.bench.scale_out.process_cpu import read_cpu_s, subtract

HUB = "hub"
MODES = OFF, ON = ("access off", "access and ledger")
POOL_SIZE = "4"
MORE_CONNECTIONS = {"max_connections": "300"}
"""All servers of one mode run at once, so that rounds take turns."""


@dataclass(frozen=True)
class Variant:
    """One `hub serve` to be loaded: what it is started with beside what all have."""

    name: str
    options: Sequence[str]
    environment: Mapping[str, str]
    connections: Sequence[int] = (CONNECTIONS,)
    """It is loaded by so many at once; by each of these numbers in turn."""
    metrics_port: str = ""
    """Where it shows its metrics, for the shares of statements by place; it is loaded once it reads from every replica."""


@dataclass(frozen=True)
class Database:
    """A PostgreSQL server: its first process, and the URL of the database there."""

    pid: int
    url: str


@dataclass(frozen=True)
class Loaded:
    """What one load gave: requests a second, milliseconds, and for each request microseconds of CPU by tree and transactions
    that wrote; `shares` of the statements that read rows, by place."""

    rate: float
    p50: float
    p99: float
    cpu_us: Mapping[str, float]
    writes: float
    shares: Mapping[str, float] = field(default_factory=dict)

    def describe(self) -> dict[str, object]:
        """Figures of a row."""
        spent = {f"{name}, µs CPU per request": round(us) for name, us in self.cpu_us.items()}
        shares = {f"share of {place}": share for place, share in self.shares.items()}
        return {
            "requests/s": round(self.rate),
            "p50 ms": round(self.p50, 1),
            "p99 ms": round(self.p99, 1),
            **spent,
            "writes per request": round(self.writes, 2),
            **shares,
        }


def find_middle(loads: Sequence[Loaded]) -> Loaded:
    """The median of each figure."""
    return Loaded(
        median(one.rate for one in loads),
        median(one.p50 for one in loads),
        median(one.p99 for one in loads),
        {name: median(one.cpu_us[name] for one in loads) for name in loads[0].cpu_us},
        median(one.writes for one in loads),
    )


@dataclass(frozen=True)
class ReadBench:
    """A province's database, and everything that a hub over it is started with in either mode."""

    folder: Path
    url: str
    logins: Mapping[str, str]
    issuer: Issuer
    dossiers: Sequence[tuple[str, str]]
    personal_ids: Sequence[str]

    def environment(self, mode: str, home: Path) -> dict[str, str]:
        """The settings of a hub of a mode, whose witness file is in `home`."""
        if mode == OFF:
            return {"HUB_DATABASE_URL": self.url, "HUB_ACCESS": "off", "HUB_POOL_SIZE": POOL_SIZE}
        return {**self.logins, **describe_access(self.issuer, home), "HUB_POOL_SIZE": POOL_SIZE}

    def requests(self, mode: str) -> list[str]:
        """Lines for `load`: of any citizen, or of the subjects of dossiers, each under a dossier and with a fresh token."""
        if mode == OFF:
            return bodies(KEYED, [{"id": identifier} for identifier in self.personal_ids])
        token = self.issuer.sign_token()
        lines = bodies(KEYED, [{"id": identifier} for _, identifier in self.dossiers])
        return [
            with_headers(line, {"Authorization": f"Bearer {token}", "X-Hub-Dossier": code})
            for line, (code, _) in zip(lines, self.dossiers, strict=True)
        ]

    def audit(self, base: str, mode: str) -> None:
        """Ask a few times and hold the answers to have data. Raises AssertionError."""
        for line in self.requests(mode)[:20]:
            *headers, body = line.split("\t")
            sent = dict(header.split(": ", 1) for header in headers) | {"Content-Type": "application/json"}
            answer = httpx2.post(f"{base}/graphql", content=body.encode(), headers=sent, timeout=30).json()
            assert answer.get("data", {}).get("citizen"), answer


@contextmanager
def prepare_reads(server: EmbeddedServer, folder: Path, url: str) -> Iterator[ReadBench]:
    """Open dossiers of a linked province's citizens, and declare the purpose that they are of."""
    home = folder / "purposes" / PURPOSE
    home.mkdir(parents=True)
    (home / "purpose.toml").write_text(DECLARATION, encoding="utf-8")
    (home / "citizen.graphql").write_text(KEYED, encoding="utf-8")
    database, issuer = url.rpartition("/")[2], Issuer()
    with patch.dict(os.environ, HUB_PURPOSES=str(home.parent)):
        dossiers = open_dossiers(url, issuer.describe_officer())
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("analyze hub.dossier, hub.dossier_subject")
            rows = connection.execute("select personal_id from data.citizen where personal_id is not null").fetchall()
        logins = {name: server.login_url(role, database) for name, role in LOGINS.items()}
        yield ReadBench(folder, url, logins, issuer, dossiers, [identifier for (identifier,) in rows])


def load_in_turn(bench: ReadBench, mode: str, variants: Sequence[Variant], databases: Mapping[str, Database], *, seconds: int, rounds: int) -> dict[tuple[str, int], Loaded]:  # fmt: skip
    """Start all variants, load each in turn for some rounds, in each of them beginning with another one, and give the medians by name
    and connections.

    `databases`: the primary first; the CPU of each is counted beside the hub's. A second of load of each variant comes first
    and is not counted.
    """
    wrk, primary = find_wrk(), next(iter(databases.values()))
    turns = [(variant.name, connections) for variant in variants for connections in variant.connections]
    found: dict[tuple[str, int], list[Loaded]] = {turn: [] for turn in turns}
    with ExitStack() as stack:
        servers = {}
        for variant in variants:
            home = bench.folder / f"{mode}-{variant.name}".replace(" ", "-")
            home.mkdir()
            environment = {**bench.environment(mode, home), **variant.environment}
            process = stack.enter_context(run_command(home, "serve", ["serve", "--port", "0", *variant.options], environment))  # fmt: skip
            base = f"http://127.0.0.1:{await_port(home / 'serve.log', process)}"
            servers[variant.name] = (base, {HUB: [process.pid], **{name: [one.pid] for name, one in databases.items()}})
            await_replicas(variant)
            bench.audit(base, mode)
        for number in range(rounds + 1):
            first = number % len(turns)
            for name, connections in turns[first:] + turns[:first]:
                one = load_once(wrk, bench, mode, *servers[name], primary.url, connections, 1 if number == 0 else seconds)  # fmt: skip
                if number:
                    found[name, connections].append(one)
        shares = {variant.name: find_shares(read_metrics(variant, "hub_row_reads_total")) for variant in variants}
    return {turn: replace(find_middle(loads), shares=shares[turn[0]]) for turn, loads in found.items()}


def read_metrics(variant: Variant, metric: str) -> dict[str, float]:
    """The samples of a metric of a server, by their one label; none if it shows no metrics."""
    if not variant.metrics_port:
        return {}
    text = httpx2.get(f"http://127.0.0.1:{variant.metrics_port}/metrics", timeout=30).text
    return {label: float(value) for label, value in re.findall(rf'(?m)^{metric}{{\w+="(\w+)"}} (\S+)$', text)}


def await_replicas(variant: Variant) -> None:
    """Wait until a server reads from every replica that it was given."""
    wanted = len([url for url in variant.environment.get("HUB_REPLICA_URLS", "").split(",") if url])
    await_that(lambda: sum(value > 0 for value in read_metrics(variant, "hub_replica_readers").values()) == wanted, "the replicas")  # fmt: skip


def find_shares(counts: Mapping[str, float]) -> dict[str, float]:
    """Counts as shares of their sum; replicas are known by their number."""
    whole = sum(counts.values())
    named = {f"replica {place}" if place.isdigit() else place: count for place, count in counts.items()}
    return {place: round(count / whole, 3) for place, count in sorted(named.items()) if whole}


def read_transactions(url: str) -> int:
    """How many transactions have written so far: each takes a number."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
    assert row is not None
    return int(row[0])


def load_once(wrk: str, bench: ReadBench, mode: str, base: str, trees: Mapping[str, Sequence[int]], url: str, connections: int, seconds: int) -> Loaded:  # fmt: skip
    """Load one server."""
    requests = bench.requests(mode)
    written, before = read_transactions(url), read_cpu_s(trees)
    loaded = load(wrk, bench.folder, f"{base}/graphql", requests, seconds, connections=connections)
    spent = subtract(read_cpu_s(trees), before)
    answered = loaded.rate * seconds
    cpu_us = {name: cpu / answered * 1e6 for name, cpu in spent.items()}
    return Loaded(loaded.rate, loaded.p50, loaded.p99, cpu_us, (read_transactions(url) - written) / answered)


def format_table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows with the same keys as a table of Markdown; a figure that a row has not is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return "\n".join(
        [*lines, *("| " + " | ".join(_format(row.get(name, "")) for name in names) + " |" for row in rows)]
    )


def _format(value: object) -> str:
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
