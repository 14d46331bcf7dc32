"""Everything at once for some time: readers, a connector that syncs, linking, and rolling restarts of `hub serve --workers 2`.

    python -m tests.bench.soak [--access] [--minutes 10] [--citizens 1000] [--clients 8] [--restart-minutes 1] [--think-ms 0] [--rest-s 2]

`--think-ms` is the pause of a reader after each answer, `--rest-s` the pause after each sync and link. With `--access` every read has a token and a
dossier and is written into the ledger, which is verified in the end and has to have a record of every answer.

Prints a JSON line a minute: answers, failures, latencies, memory of the processes, runs and restarts; and a last one for the whole. Exits with 1
if a request failed, a run did not succeed, or the ledger is not whole. Nothing is recorded.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg

from hub.demo.province.generate import generate_province
from hub.demo.systems.sector_systems import start_systems
from hub.ingest.run.connector_run import sync_connectors
from hub.link.run.linking_run import run_linking
from hub.store.engine import make_engine
from hub.store.server.embedded import EmbeddedServer
from tests.bench.access import DECLARATION, PURPOSE
from tests.bench.bloat import CHANGE, CHANGED_EVERY
from tests.bench.failover import LOGINS, Issuer, await_port, describe_access, open_dossiers, verify
from tests.bench.operations import LINKED
from tests.bench.stores import store

KEYED = f"query($id: PersonalId!) {{ citizen(by: {{personalId: $id}}) {LINKED} }}"
PAGE = "query($prefix: String!) { citizens(first: 50, filter: {fullName: {prefix: $prefix}}) { totalCount nodes { personalId fullName landUseRights(first: 2) { totalCount } } } }"
PAGES_ONE_IN = 10
FREE_PREFIX = "prefix = { free = true }"
ANSWERED_READS = """
select count(*) from ledger.record, convert_from(substr(record, 41), 'utf8') text
where text::jsonb ->> 'kind' = 'READ' and text::jsonb ->> 'outcome' in ('ANSWERED', 'NOTHING_FOUND')"""
TOKEN, TOKEN_FOR_S = b"{token}", 300
"""What stands for the token in a request, and how long one is used."""
TELL_EVERY_S = 60.0


@dataclass
class Counted:
    """What happened in a stretch of time. Latencies are in seconds."""

    latencies: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)

    def describe(self) -> dict[str, object]:
        """Figures, latencies in milliseconds."""
        ordered = sorted(self.latencies) or [0.0]
        at = {f"p{share}_ms": round(ordered[int(len(ordered) * share / 100)] * 1e3, 1) for share in (50, 99)}
        return {"answers": len(self.latencies), **at, "max_ms": round(ordered[-1] * 1e3, 1), "failures": dict(self.failures), "runs": dict(self.runs)}  # fmt: skip


class Load:
    """Readers that keep their connections, and change them only if told to by `Connection: close`."""

    def __init__(self, port: int, requests: Sequence[bytes], think_s: float, sign_token: Callable[[], str]) -> None:
        self.port = port
        self.sign_token = sign_token
        self.think_s = think_s
        self.requests = requests
        self.now = Counted()
        self.whole = Counted()

    async def read(self, until: float, client: int) -> None:
        """Ask, with a pause of `think_s` after each answer."""
        reader = writer = None
        token, token_until = b"", 0.0
        for request in cycle(self.requests[client:] + self.requests[:client]):
            if time.monotonic() > until:
                return
            if time.monotonic() > token_until:
                token, token_until = self.sign_token().encode(), time.monotonic() + TOKEN_FOR_S
            began = time.perf_counter()
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(request.replace(TOKEN, token))
                head, body = await _read_answer(reader)
                if b" 200 " not in head.partition(b"\r\n")[0] or b'"errors"' in body:
                    raise ValueError(
                        head.partition(b"\r\n")[0].decode() + re.sub(rb"[0-9]{9,}", b"?", body[:120]).decode()
                    )
            except (OSError, EOFError, ValueError) as error:
                self.note_failure(
                    f"{type(error).__name__} {error}" if isinstance(error, ValueError) else type(error).__name__
                )
                writer = None
                await asyncio.sleep(0.05)
                continue
            for counted in (self.now, self.whole):
                counted.latencies.append(time.perf_counter() - began)
            if b"connection: close" in head.lower():
                writer.close()
                writer = None
            if self.think_s:
                await asyncio.sleep(self.think_s)

    def note_failure(self, what: str) -> None:
        """Count a request that was not answered."""
        for counted in (self.now, self.whole):
            counted.failures[what] += 1

    def note_run(self, what: str) -> None:
        """Count a run, or a restart."""
        for counted in (self.now, self.whole):
            counted.runs[what] += 1


async def _read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    length = re.search(rb"content-length: (\d+)", head.lower())
    return head, await reader.readexactly(int(length[1]) if length else 0)


@contextmanager
def serve(settings: Mapping[str, str], folder: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]", Path]]:
    """`hub serve --workers 2`: its port, its process and its log."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "PG"))}
    environment = kept | dict(settings)
    log = folder / "serve.log"
    command = [sys.executable, "-c", "from hub.cli import main; main(['serve', '--port', '0', '--workers', '2'])"]
    with log.open("w") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        yield await_port(log, process), process, log
    finally:
        process.terminate()
        process.wait(60)


def run_on(load: Load, url: str, source: str, until: float, rest_s: float) -> None:
    """Change a twentieth of the citizens, sync and link, again and again."""
    engine, turn = make_engine(url), 0
    while time.monotonic() < until:
        turn += 1
        with psycopg.connect(source, autocommit=True) as changing:
            changing.execute(CHANGE, (turn, turn % CHANGED_EVERY))
        (report,) = sync_connectors(engine, ["population"])
        load.note_run(f"sync {report.status}")
        run_linking(engine)
        load.note_run("link")
        time.sleep(rest_s)
    engine.dispose()


def read_memory_mb(parent: psutil.Process) -> list[int]:
    """Resident memory of each process that answers, in MB, the largest first."""
    found = []
    for child in parent.children():
        try:
            found.append(round(child.memory_info().rss / 1e6))
        except psutil.NoSuchProcess:
            continue  # just replaced
    return sorted(found, reverse=True)


async def soak(
    load: Load, parent: "subprocess.Popen[bytes]", seconds: float, clients: int, restart_minutes: int
) -> None:
    """Read, tell once a minute, and restart every so many minutes."""
    until = time.monotonic() + seconds
    reading = [asyncio.create_task(load.read(until, client)) for client in range(clients)]
    process, minute = psutil.Process(parent.pid), 0
    while time.monotonic() < until:
        minute += 1
        await asyncio.sleep(min(TELL_EVERY_S, max(0.1, until - time.monotonic())))
        told = {"minute": minute, **load.now.describe(), "rss_mb": read_memory_mb(process), "load": os.getloadavg()[0]}
        print(json.dumps(told), flush=True)
        load.now = Counted()
        if minute % restart_minutes == 0 and time.monotonic() < until - TELL_EVERY_S / 2:
            parent.send_signal(signal.SIGHUP)
            load.note_run("restart")
    await asyncio.gather(*reading)


def make_requests(url: str, dossiers: Sequence[tuple[str, str]]) -> list[bytes]:
    """Keyed reads, and a page for one in ten: of everybody, or of the people of these dossiers, each under its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("analyze")
        rows = connection.execute("select personal_id, split_part(full_name, ' ', 1) from data.citizen").fetchall()
    code_of = {identifier: code for code, identifier in dossiers}
    made = []
    for number, (identifier, prefix) in enumerate(row for row in rows if not code_of or row[0] in code_of):
        code = code_of.get(identifier)
        made.append(_request(KEYED, {"id": identifier}, code))
        if number % PAGES_ONE_IN == 0:
            made.append(_request(PAGE, {"prefix": prefix}, code))
    return made


def _request(query: str, variables: Mapping[str, object], dossier: str | None) -> bytes:
    body = json.dumps({"query": query, "variables": dict(variables)}).encode()
    head = "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    if dossier is not None:
        head += f"Authorization: Bearer {TOKEN.decode()}\r\nX-Hub-Dossier: {dossier}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def declare_purpose(folder: Path) -> None:
    """A purpose whose documents are the two reads, for this process and for the hub."""
    home = folder / "purposes" / PURPOSE
    home.mkdir(parents=True)
    declared = DECLARATION.replace("variables = { ", f"variables = {{ {FREE_PREFIX}, ")
    (home / "purpose.toml").write_text(declared, encoding="utf-8")
    for name, document in (("keyed", KEYED), ("page", PAGE)):
        (home / f"{name}.graphql").write_text(document, encoding="utf-8")
    os.environ["HUB_PURPOSES"] = str(home.parent)


def check_ledger(url: str, folder: Path, answers: int) -> bool:
    """Whether the ledger is whole and has one record for each answer; the figures are printed."""
    with psycopg.connect(url) as connection:
        (records,) = connection.execute(ANSWERED_READS).fetchone() or (0,)
    status = verify(folder, {"HUB_DATABASE_URL": url})
    print(json.dumps({"ledger": {"answers": answers, "records": records, "verify": status}}), flush=True)
    return status == 0 and records == answers


def main() -> None:
    """Soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--access", action="store_true")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--citizens", type=int, default=1_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--restart-minutes", type=int, default=1)
    parser.add_argument("--think-ms", type=float, default=0)
    parser.add_argument("--rest-s", type=float, default=2)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir="/dev/shm"))
    folder.chmod(0o711)
    try:
        with EmbeddedServer.start(folder / "postgresql", durable=False) as server:
            made = generate_province(folder / "province", given.citizens)
            with (
                store(server, "bench_soak") as url,
                start_systems(Path(made.folder), server.url("postgres")) as systems,
            ):
                os.environ.update(systems.environment)
                engine = make_engine(url)
                sync_connectors(engine)
                run_linking(engine)
                engine.dispose()
                register = urlsplit(systems.environment["POPULATION_DATABASE_URL"]).path.removeprefix("/")
                settings, dossiers, issuer = (
                    {"HUB_DATABASE_URL": url, "HUB_ACCESS": "off", "HUB_POOL_SIZE": "4"},
                    [],
                    Issuer(),
                )
                if given.access:
                    declare_purpose(folder)
                    database = urlsplit(url).path.removeprefix("/")
                    logins = {name: server.login_url(role, database) for name, role in LOGINS.items()}
                    settings, dossiers = (
                        logins | describe_access(issuer, folder),
                        open_dossiers(url, issuer.describe_officer()),
                    )
                with serve(settings, folder) as (port, process, log):
                    load = Load(port, make_requests(url, dossiers), given.think_ms / 1e3, issuer.sign_token)
                    until = time.monotonic() + given.minutes * 60
                    writing = threading.Thread(
                        target=run_on, args=(load, url, server.url(register), until, given.rest_s), daemon=True
                    )
                    writing.start()
                    asyncio.run(soak(load, process, given.minutes * 60, given.clients, given.restart_minutes))
                    writing.join(300)
                    runs = load.whole.runs
                    runs["restart finished"] = log.read_text().count("all processes are replaced")
                    print(json.dumps({"whole": load.whole.describe()}), flush=True)
                    failed = bool(load.whole.failures) or not runs["sync SUCCEEDED"] or not runs["link"]
                if given.access:
                    failed = not check_ledger(url, folder, len(load.whole.latencies)) or failed
                failed = failed or any(name.startswith("sync ") and name != "sync SUCCEEDED" for name in runs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(failed or runs["restart finished"] != runs["restart"])


if __name__ == "__main__":
    main()
