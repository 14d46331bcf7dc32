"""A keyed read, three links deep, sent to several `hub serve` in turn: requests a second, latencies, and the CPU of each tree of processes."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest.mock import patch

import httpx2
import psycopg

from hub.store import roles
from hub.store.server.embedded import EmbeddedServer
from tests.bench.access import DECLARATION, PURPOSE
from tests.bench.failover import KEYED, LOGINS, Issuer, await_port, describe_access, open_dossiers, run_command
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


@dataclass(frozen=True)
class Loaded:
    """What one load gave: requests a second, milliseconds, and microseconds of CPU for each request by tree."""

    rate: float
    p50: float
    p99: float
    cpu_us: Mapping[str, float]

    def describe(self) -> dict[str, object]:
        """Figures of a row."""
        spent = {f"{name}, µs CPU per request": round(us) for name, us in self.cpu_us.items()}
        return {"requests/s": round(self.rate), "p50 ms": round(self.p50, 1), "p99 ms": round(self.p99, 1), **spent}


def find_middle(loads: Sequence[Loaded]) -> Loaded:
    """The median of each figure."""
    return Loaded(
        median(one.rate for one in loads),
        median(one.p50 for one in loads),
        median(one.p99 for one in loads),
        {name: median(one.cpu_us[name] for one in loads) for name in loads[0].cpu_us},
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


def find_reader_url(server: EmbeddedServer, url: str) -> str:
    """The login that reads, as `HUB_DATABASE_URL` of a hub with access has it."""
    return server.login_url(roles.READER, url.rpartition("/")[2])


def load_in_turn(bench: ReadBench, mode: str, variants: Sequence[Variant], databases: Mapping[str, Sequence[int]], *, seconds: int, rounds: int) -> dict[tuple[str, int], Loaded]:  # fmt: skip
    """Start all variants, load each in turn for some rounds, in each of them beginning with another one, and give the medians by name
    and connections.

    `databases`: name → root processes of PostgreSQL servers, whose CPU is counted beside the hub's. A second of load of each
    comes first and is not counted.
    """
    wrk = find_wrk()
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
            servers[variant.name] = (base, {HUB: [process.pid], **databases})
            bench.audit(base, mode)
        for number in range(rounds + 1):
            first = number % len(turns)
            for name, connections in turns[first:] + turns[:first]:
                one = load_once(wrk, bench, mode, *servers[name], connections, 1 if number == 0 else seconds)
                if number:
                    found[name, connections].append(one)
    return {turn: find_middle(loads) for turn, loads in found.items()}


def load_once(wrk: str, bench: ReadBench, mode: str, base: str, trees: Mapping[str, Sequence[int]], connections: int, seconds: int) -> Loaded:  # fmt: skip
    """Load one server."""
    requests = bench.requests(mode)
    before = read_cpu_s(trees)
    loaded = load(wrk, bench.folder, f"{base}/graphql", requests, seconds, connections=connections)
    spent = subtract(read_cpu_s(trees), before)
    answered = loaded.rate * seconds
    return Loaded(loaded.rate, loaded.p50, loaded.p99, {name: cpu / answered * 1e6 for name, cpu in spent.items()})


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
