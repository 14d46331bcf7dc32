"""Linked reads: one citizen with rights → parcel, obligations, roles → business, by the hub and by the idiomatic server."""

import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from hub.demo.generate import generate
from hub.demo.systems import start_systems
from hub.ingest.run import sync
from hub.link.run import link
from hub.store.embedded import EmbeddedServer
from hub.store.engine import engine
from hub.store.migrate import migrate
from tests.bench.harness import ROOT, Bench, Row, Target

TABLE = "Linked reads"
CONNECTIONS, ROUNDS = 16, 3
ID = {"hub": "PersonalId!", "peer": "String!"}
QUERY = (
    "query($id: %s) { citizen(personalId: $id) { personalId fullName birthDate"
    " landUseRights(first: 10) { nodes { certificateSerial status parcel { parcelNumber area } } }"
    " taxObligations(first: 10) { nodes { kind year amount status } }"
    " businessRoles(first: 10) { nodes { role business { legalName enterpriseCode } } } } }"
)
PEER = "Strawberry + SQLAlchemy + DataLoader"


def measure(bench: Bench, server: EmbeddedServer, folder: Path, *, citizens: int, seconds: int) -> None:
    """Load a province, start both servers, audit their answers, then load them in turn."""
    wrk = _wrk()
    url = _province(server, folder, citizens)
    with psycopg.connect(url) as connection:
        ids = [
            row[0] for row in connection.execute("select personal_id from data.citizen order by random() limit 2000")
        ]
    with (
        _served("tests.bench.peers.hub_server", url) as hub,
        _served("tests.bench.peers.strawberry_sqlalchemy", url) as peer,
    ):
        _audit(hub, peer, ids[:50])
        rates: dict[str, list[tuple[float, float, float]]] = {"hub": [], "peer": []}
        for _ in range(ROUNDS):
            for name, address in (("hub", hub), ("peer", peer)):
                rates[name].append(_load(wrk, folder, address, QUERY % ID[name], ids, seconds))
    rate, p50, p99 = ([statistics.median(r[i] for r in rates[name]) for name in ("hub", "peer")] for i in range(3))
    note = f"latency at {CONNECTIONS} connections, p50/p99: hub {p50[0]:.1f}/{p99[0]:.1f} ms, peer {p50[1]:.1f}/{p99[1]:.1f} ms"
    bench.rows.append(
        Row(
            TABLE,
            "One linked citizen, 3 links deep, by identifier",
            "requests/s",
            rate[0],
            {PEER: rate[1]},
            (Target(10, PEER),),
            note,
        )
    )
    bench.method.append(
        f"Linked reads: {citizens:,} citizens of the demo province; one server process each over the same tables of the same"
        f" PostgreSQL; wrk, {CONNECTIONS} connections, {seconds} s, {ROUNDS} rounds in turn, medians; random identifiers;"
        " before it, the answers for 50 people are held to be equal."
    )


def _province(server: EmbeddedServer, folder: Path, citizens: int) -> str:
    province = generate(folder / f"reads-{citizens}", citizens)
    server.drop_database("bench_reads")
    server.create_database("bench_reads")
    url = server.url("bench_reads")
    made = engine(url)
    migrate(made)
    with start_systems(Path(province.folder), server.url("postgres")) as systems:
        os.environ.update(systems.environment)
        sync(made)
        link(made)
    made.dispose()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
    return url


@contextmanager
def _served(module: str, url: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        process = subprocess.Popen([sys.executable, "-m", module, url, str(number)], pass_fds=(number,), cwd=ROOT)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/graphql"
    try:
        httpx2.post(address, json={"query": "{ __typename }"}, timeout=30, follow_redirects=True)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _audit(hub: str, peer: str, ids: list[str]) -> None:
    for personal_id in ids:
        answers = [_ask(address, QUERY % ID[name], personal_id) for name, address in (("hub", hub), ("peer", peer))]
        assert answers[0] == answers[1], answers


def _ask(address: str, query: str, personal_id: str) -> Any:
    body = {"query": query, "variables": {"id": personal_id}}
    # No redirects: the load generator would count them as answers.
    answer = httpx2.post(address, json=body, timeout=30).json()
    assert "errors" not in answer, answer
    return json.loads(json.dumps(answer["data"]), parse_int=float)


def _load(wrk: str, folder: Path, address: str, query: str, ids: list[str], seconds: int) -> tuple[float, float, float]:
    """Requests a second, p50 and p99 in ms."""
    random.shuffle(ids)
    body = json.dumps({"query": query, "variables": {"id": "%s"}})
    listed = ", ".join(f'"{personal_id}"' for personal_id in ids)
    script = folder / "load.lua"
    script.write_text(
        f"local ids = {{ {listed} }}\nlocal body = [==[{body}]==]\nlocal n = 0\n"
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
        "request = function() n = n % #ids + 1 return wrk.format(nil, nil, nil, string.format(body, ids[n])) end\n"
    )
    time.sleep(0.5)
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), address]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text:
        raise RuntimeError(text)
    rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", text)[0])
    return rate, *(_ms(re.findall(rf"{p}%\s+([\d.]+)(us|ms|s)", text)[0]) for p in (50, 99))


def _ms(found: tuple[str, str]) -> float:
    return float(found[0]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[1]]


def _wrk() -> str:
    """The load generator; Debian's package where it is missing and may be installed."""
    if shutil.which("wrk") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "wrk"], check=True, stdout=subprocess.DEVNULL
        )
    found = shutil.which("wrk")
    if found is None:
        raise SystemExit(
            "the read benchmark needs wrk. Next step: install it (Debian: sudo apt-get install wrk) and run again"
        )
    return found
