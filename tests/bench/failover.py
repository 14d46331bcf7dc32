"""The primary database dies under load, and its standby takes over: what fails, for how long, and whether anything acknowledged is lost.

    python -m tests.bench.failover [--loss dies|falls-silent|standby-falls-silent] [--replicas] [--citizens 1000] [--clients 8] [--pause-ms 20]

Starts etcd, two PostgreSQL servers under Patroni and HAProxy with the configuration of docs/how-to/survive-a-lost-database.md, a hub behind it
(`hub serve --workers 2` with access and ledger, `hub worker`), readers, and a connector that syncs and links again and again. All of it is on
one machine; its files are in memory. With `--replicas` rows are read from the standby, by HUB_REPLICA_URLS. Prints one JSON object. Exits with 1 if an answer has no record in the ledger, if an acknowledged row is lost,
if anything does not come back by itself, or if the ledger does not verify. Nothing is recorded.
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
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psycopg
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy.exc import DBAPIError

from hub.access.callers.principals import Principal, Role
from hub.access.dossiers.dossier_store import NamedSubject, NewDossier, open_dossier
from hub.demo.province.generate import generate_province
from hub.demo.systems.sector_systems import start_systems
from hub.errors import HubError
from hub.ingest.run.connector_run import sync_connectors
from hub.link.run.linking_run import run_linking
from hub.store import roles
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from tests.bench.access import DECLARATION, OFFICE, PURPOSE
from tests.bench.bloat import CHANGE, CHANGED_EVERY
from tests.bench.failover_cluster import (
    PASSWORD,
    SUPERUSER,
    Cluster,
    Node,
    await_that,
    end,
    find_missing_packages,
    find_port,
    start_cluster,
)
from tests.bench.harness import ROOT
from tests.bench.operations import LINKED

DATABASE, OWNER = "hub_failover", "hub_owner"
LOGINS = {
    "HUB_DATABASE_URL": roles.READER,
    "HUB_CLERK_URL": roles.CLERK,
    "HUB_LEDGER_URL": roles.LEDGER,
    "HUB_AUDITOR_URL": roles.AUDITOR,
    "HUB_STEWARD_URL": roles.STEWARD,
}
DIES, FALLS_SILENT, STANDBY_FALLS_SILENT = LOSSES = ("dies", "falls-silent", "standby-falls-silent")
KEYED = f"query($id: PersonalId!) {{ citizen(by: {{personalId: $id}}) {LINKED} }}"
CHANGES = "subscription { recordChanged { action type recordId } }"
DOSSIERS, LINK_ONE_IN = 200, 5
BEFORE_S, AFTER_S = 15.0, 15.0
"""How long everything runs before the loss, and after the first answer that follows it."""
BACK_WITHIN_S = 90.0
WORKER_RESTARTS_AFTER_S = 5.0
"""As `RestartSec` of docker/systemd/hub-worker.service."""
ANSWERED = """
select convert_from(substr(record, 41), 'utf8')::jsonb ->> 'request' from ledger.record
where convert_from(substr(record, 41), 'utf8')::jsonb ->> 'outcome' = 'ANSWERED'"""
UNLIMITED = "officer={0},reviewer={0},operator={0},app={0},explorer={0}".format


class Issuer:
    """An identity provider of one officer: discovery and key over HTTP."""

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256", private=True, auto_kid=True)
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = {"keys": [issuer._key.as_dict(private=False)]}
                if self.path.startswith("/.well-known"):
                    found = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}  # type: ignore[dict-item]
                body = json.dumps(found).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def sign_token(self) -> str:
        """An access token of the officer, for ten minutes."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": "hub", "sub": "officer", "name": "-", "iat": now, "exp": now + 600, "roles": ["officer"], "offices": [OFFICE]}  # fmt: skip
        return jwt.encode({"alg": "ES256", "kid": self._key.kid, "typ": "at+jwt"}, claims, self._key, ["ES256"])

    def describe_officer(self) -> Principal:
        """The officer as the hub sees them."""
        return Principal(f"{self.url}|officer", "-", True, None, frozenset({Role.OFFICER}), frozenset({OFFICE}), None, frozenset(), datetime.now(UTC))  # fmt: skip


@dataclass
class Outages:
    """Instants at which something was asked, and whether it answered: `began`, `ended`, the failure or an empty text."""

    asked: list[tuple[float, float, str]] = field(default_factory=list)

    def note(self, began: float, failure: str) -> None:
        """One question has ended now."""
        self.asked.append((began, time.monotonic(), failure))

    def describe(self, lost_at: float) -> dict[str, object]:
        """Counts, and how long after the loss the first failure and the first of the lasting successes came."""
        failed = [(began, ended) for began, ended, failure in self.asked if failure]
        last = max((began for began, _ in failed), default=None)
        good = [ended for began, ended, failure in self.asked if not failure and last is not None and began >= last]
        return {
            "answered": sum(not failure for *_, failure in self.asked),
            "failed": len(failed),
            "kinds": dict(Counter(failure for *_, failure in self.asked if failure)),
            "first_failure_s": None if not failed else round(min(ended for _, ended in failed) - lost_at, 1),
            "back_s": None if not good else round(min(good) - lost_at, 1),
            "longest_without_answer_s": find_longest_gap([ended for _, ended, failure in self.asked if not failure]),
            "slowest_s": round(max((ended - began for began, ended, _ in self.asked), default=0.0), 1),
        }


def find_longest_gap(instants: Sequence[float]) -> float:
    """The longest time between two instants that follow each other, in seconds."""
    return round(max((b - a for a, b in pairwise(sorted(instants))), default=0.0), 1)


@dataclass
class Observed:
    """All that is seen while the cluster loses a server."""

    reads: Outages = field(default_factory=Outages)
    ready: Outages = field(default_factory=Outages)
    syncs: Outages = field(default_factory=Outages)
    links: Outages = field(default_factory=Outages)
    answered: set[str] = field(default_factory=set)
    """Ids of the requests that were answered with data."""
    runs: list[int] = field(default_factory=list)
    """Numbers of the runs that were acknowledged."""
    rows: dict[str, str] = field(default_factory=dict)
    """Key of a citizen → the address that an acknowledged run has stored."""
    lost_rows: int = 0
    heard: list[float] = field(default_factory=list)
    """When the subscriber heard of a change."""
    cuts: int = 0
    """How often the subscription ended."""
    worker_exits: list[int] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    stop_syncs: threading.Event = field(default_factory=threading.Event)

    def describe(self, lost_at: float, recorded: Set[str]) -> dict[str, object]:
        """Figures. `recorded` are the requests that the ledger says were answered."""
        return {
            "reads": self.reads.describe(lost_at),
            "answers_without_record": len(self.answered - recorded),
            "records_without_answer": len(recorded - self.answered),
            "readyz": self.ready.describe(lost_at),
            "syncs": self.syncs.describe(lost_at),
            "links": self.links.describe(lost_at),
            "acknowledged": {"runs": len(self.runs), "rows": len(self.rows), "lost": self.lost_rows},
            "subscription": {"heard": len(self.heard), "cuts": self.cuts, "silent_s": find_longest_gap(self.heard)},
            "worker_exits": self.worker_exits,
        }


def prepare_database(cluster: Cluster) -> dict[str, str]:
    """The database with the hub's tables, and the URL of a login for each kind of work."""
    with psycopg.connect(cluster.url(SUPERUSER, PASSWORD, "postgres"), autocommit=True) as connection:
        connection.execute(f"create role {OWNER} login createrole password '{PASSWORD}'")
        connection.execute(f"create database {DATABASE} owner {OWNER}")
    engine = make_engine(cluster.url(OWNER, PASSWORD, DATABASE))
    migrate_store(engine)
    engine.dispose()
    with psycopg.connect(cluster.url(SUPERUSER, PASSWORD, "postgres"), autocommit=True) as connection:
        for role in LOGINS.values():
            connection.execute(f"create role {role}_login login password '{PASSWORD}' in role {role}")
    return {name: cluster.url(f"{role}_login", PASSWORD, DATABASE) for name, role in LOGINS.items()}


def open_dossiers(url: str, officer: Principal) -> list[tuple[str, str]]:
    """Dossiers of one subject each: their codes, and the subjects' identifiers."""
    chosen = """
        select personal_id from data.citizen
        where personal_id is not null and id not in (select subject_id from link.heir) order by id limit %s"""
    now, made = datetime.now(UTC), []
    with psycopg.connect(url, autocommit=True) as connection:
        for number, (identifier,) in enumerate(connection.execute(chosen, (DOSSIERS,)).fetchall()):
            subject = NamedSubject("applicant", "Citizen", field="personal_id", value=identifier)
            new = NewDossier(f"H49.12-{now:%y%m%d}-{number:04}", PURPOSE, OFFICE, (subject,))
            made.append((open_dossier(connection, new, officer).code, identifier))
    return made


@contextmanager
def run_command(folder: Path, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:  # fmt: skip
    """A command of the hub while the block runs; its output is in `name`.log."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HUB_", "PG"))}
    code = f"from hub.cli import main; main({list(arguments)!r})"
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-c", code], env=kept | dict(environment), stdout=log, stderr=log, cwd=ROOT)  # fmt: skip
    try:
        yield process
    finally:
        end(process)


def await_port(log: Path, process: "subprocess.Popen[bytes]") -> int:
    """The port that `hub serve` says it listens on, once it is ready."""

    def is_ready() -> bool:
        found = re.search(r"GraphiQL at (http://[\d.:]+)", log.read_text())
        if process.poll() is not None:
            raise RuntimeError(log.read_text()[-2000:])
        try:
            return found is not None and httpx2.get(f"{found[1]}/readyz", timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False

    await_that(is_ready, "hub serve")
    found = re.search(r"GraphiQL at (http://[\d.:]+)", log.read_text())
    assert found is not None
    return urlsplit(found[1]).port or 0


async def read_on(base: str, cases: Sequence[tuple[str, str]], issuer: Issuer, observed: Observed, client: int, pause_s: float) -> None:  # fmt: skip
    """Read of one person after another, each under a dossier. A failed request is not asked again."""
    async with httpx2.AsyncClient(base_url=base, timeout=30) as http:
        turn, token, token_until = client, "", 0.0
        while not observed.stop.is_set():
            turn += 1
            if time.monotonic() > token_until:
                token, token_until = issuer.sign_token(), time.monotonic() + 300
            dossier, identifier = cases[turn * 7 % len(cases)]
            request, began = f"failover-{client:03}-{turn:08}", time.monotonic()
            headers = {"Authorization": f"Bearer {token}", "X-Hub-Dossier": dossier, "X-Request-Id": request}
            body = {"query": KEYED, "variables": {"id": identifier}}
            try:
                answer = await http.post("/graphql", json=body, headers=headers)
                failure = "" if _has_data(answer) else _name_failure(answer)
            except (httpx2.HTTPError, OSError, ValueError) as error:
                failure = type(error).__name__
            observed.reads.note(began, failure)
            if not failure:
                observed.answered.add(request)
            await asyncio.sleep(pause_s)


def _has_data(answer: httpx2.Response) -> bool:
    found = answer.json()
    return answer.status_code == 200 and "errors" not in found and bool(found["data"]["citizen"])


def _name_failure(answer: httpx2.Response) -> str:
    errors = answer.json().get("errors") or [{}]
    return f"{answer.status_code} {errors[0].get('extensions', {}).get('code', 'no data')}"


def look_at_ready(base: str, observed: Observed) -> None:
    """Ask `/readyz` five times a second, as a proxy in front of the hub would."""
    while not observed.stop.wait(0.2):
        began = time.monotonic()
        try:
            status = httpx2.get(f"{base}/readyz", timeout=30).status_code
            observed.ready.note(began, "" if status == 200 else str(status))
        except httpx2.HTTPError as error:
            observed.ready.note(began, type(error).__name__)


def listen(base: str, observed: Observed) -> None:
    """Subscribe to changes over Server-Sent Events, and note each. Subscribes again if the stream ends."""
    while not observed.stop.is_set():
        try:
            with httpx2.stream("POST", f"{base}/graphql", json={"query": CHANGES}, headers={"Accept": "text/event-stream"}, timeout=600) as stream:  # fmt: skip
                for line in stream.iter_lines():
                    if observed.stop.is_set():
                        return
                    if "recordChanged" in line:
                        observed.heard.append(time.monotonic())
        except httpx2.HTTPError:
            pass
        observed.cuts += 1
        observed.stop.wait(0.5)


def sync_on(url: str, source: str, observed: Observed) -> None:
    """Change a twentieth of the citizens and sync, again and again; link every fifth time. What was acknowledged is looked for first."""
    engine, turn, is_done = make_engine(url), 0, True
    while not observed.stop_syncs.is_set():
        if is_done:  # otherwise so much would have changed in the end that the run is stopped by its guard
            turn += 1
            with psycopg.connect(source, autocommit=True) as changing:
                changing.execute(CHANGE, (turn, turn % CHANGED_EVERY))
        began = time.monotonic()
        try:
            observed.lost_rows += count_lost_rows(url, observed)
            (report,) = sync_connectors(engine, ["population"])
            is_done = report.status == "SUCCEEDED"
            observed.syncs.note(began, "" if is_done else report.status)
            if is_done and report.run_id is not None:
                observed.runs.append(report.run_id)
                _note_rows(url, turn, observed)
        except (HubError, psycopg.Error, DBAPIError) as error:
            is_done = False
            observed.syncs.note(began, getattr(error, "code", None) or type(error).__name__)
        if is_done and turn % LINK_ONE_IN == 0:
            began = time.monotonic()
            try:
                run_linking(engine)
                observed.links.note(began, "")
            except (HubError, psycopg.Error, DBAPIError) as error:
                observed.links.note(began, getattr(error, "code", None) or type(error).__name__)
        observed.stop_syncs.wait(1)
    engine.dispose()


def _note_rows(url: str, turn: int, observed: Observed) -> None:
    chosen = f"select source_key, residence_address from data.citizen where source_key::bigint %% {CHANGED_EVERY} = %s"
    with psycopg.connect(url) as connection:
        rows = connection.execute(chosen, (turn % CHANGED_EVERY,)).fetchall()
    observed.rows.update({key: value for key, value in rows if value == f"Số {turn}"})


def count_lost_rows(url: str, observed: Observed) -> int:
    """Rows and runs that were acknowledged and are not there. Raises psycopg.Error."""
    with psycopg.connect(url) as connection:
        held = dict(connection.execute("select source_key, residence_address from data.citizen").fetchall())
        runs = {
            number for (number,) in connection.execute("select id from hub.run where status = 'SUCCEEDED'").fetchall()
        }
    rows = sum(_count_turn(held.get(key)) < _count_turn(value) for key, value in observed.rows.items())
    return rows + len(set(observed.runs) - runs)


def _count_turn(address: str | None) -> int:
    found = re.fullmatch(r"Số (\d+)", address or "")
    return int(found[1]) if found else -1


def keep_worker(folder: Path, environment: Mapping[str, str], observed: Observed) -> None:
    """`hub worker`, started again when it ends, as systemd does it."""
    while not observed.stop.is_set():
        with run_command(folder, "worker", ["worker", "--no-follow", "--only", "population", "--schedule", "0 0 1 1 *"], environment) as process:  # fmt: skip
            while process.poll() is None and not observed.stop.wait(0.2):
                pass
            if not observed.stop.is_set():
                observed.worker_exits.append(process.poll() or 0)
                observed.stop.wait(WORKER_RESTARTS_AFTER_S)


def lose(cluster: Cluster, loss: str) -> tuple[Node, float]:
    """Lose a server. Returns it and the instant."""
    node = cluster.find_standby() if loss == STANDBY_FALLS_SILENT else cluster.find_primary()
    assert node is not None
    lost_at = time.monotonic()
    node.send(signal.SIGKILL if loss == DIES else signal.SIGSTOP)
    return node, lost_at


def await_return(observed: Observed, after: float) -> None:
    """Wait until reads, syncs, `/readyz` and the subscription have answered after an instant."""

    def find_missing() -> list[str]:
        outages = {"reads": observed.reads, "syncs": observed.syncs, "/readyz": observed.ready}
        missing = [name for name, one in outages.items() if not any(began > after and not failed for began, _, failed in one.asked)]  # fmt: skip
        return missing if any(instant > after for instant in observed.heard) else [*missing, "subscription"]

    try:
        await_that(lambda: not find_missing(), "everything after the loss", BACK_WITHIN_S)
    except TimeoutError as error:
        kinds = {name: Counter(kind for *_, kind in one.asked[-20:]) for name, one in vars(observed).items() if isinstance(one, Outages)}  # fmt: skip
        raise TimeoutError(f"not back: {find_missing()}; the last answers: {kinds}") from error


def await_queued_run(folder: Path, environment: Mapping[str, str], url: str) -> float:
    """Queue a run for the worker, and wait until it has succeeded. Returns the seconds that it took."""
    began = time.monotonic()
    last = "select coalesce(max(id), 0) from hub.run where status = 'SUCCEEDED'"
    with psycopg.connect(url, autocommit=True) as connection:
        (before,) = connection.execute(last).fetchone() or (0,)
        with run_command(folder, "later", ["sync", "--later", "population"], environment) as process:
            process.wait(60)
        await_that(lambda: (connection.execute(last).fetchone() or (0,))[0] > before, "a queued run", BACK_WITHIN_S)
    return time.monotonic() - began


def verify(folder: Path, environment: Mapping[str, str]) -> int:
    """The exit status of `hub ledger verify`."""
    with run_command(folder, "verify", ["ledger", "verify"], environment) as process:
        return process.wait(120)


def measure(cluster: Cluster, folder: Path, source: str, given: argparse.Namespace) -> dict[str, object]:
    """Run everything, lose a server, and wait until all is well again."""
    owner, issuer, observed = cluster.url(OWNER, PASSWORD, DATABASE), Issuer(), Observed()
    logins = prepare_database(cluster)
    fill_database(owner)
    cases = open_dossiers(owner, issuer.describe_officer())
    sources = {
        name: value for name, value in os.environ.items() if name.endswith(("_URL", "_FOLDER", "_KEY", "_TOKEN"))
    }
    worker = {"HUB_DATABASE_URL": owner} | sources
    with ExitStack() as stack:
        stack.callback(observed.stop.set)
        stack.callback(observed.stop_syncs.set)
        metrics_port = find_port()
        replicas = {"HUB_METRICS_PORT": metrics_port}
        if given.replicas:
            urls = cluster.list_server_urls(f"{roles.READER}_login", PASSWORD, DATABASE)
            replicas["HUB_REPLICA_URLS"] = ",".join(urls)
        base = serve(stack, folder, "serve", ["--workers", "2"], logins | describe_access(issuer, folder) | replicas)
        other = serve(stack, folder, "serve-open", [], {"HUB_DATABASE_URL": owner, "HUB_ACCESS": "off", "HUB_POOL_SIZE": "2"})  # fmt: skip
        syncing = start_thread(sync_on, owner, source, observed)
        asking = [
            start_thread(read_with_clients, base, cases, issuer, observed, given),
            start_thread(look_at_ready, base, observed),
        ]
        start_thread(listen, other, observed)
        start_thread(keep_worker, folder, worker, observed)
        time.sleep(BEFORE_S)
        row_reads = {"before the loss": read_row_reads(metrics_port)}
        node, lost_at = lose(cluster, given.loss)
        if given.loss != STANDBY_FALLS_SILENT:
            await_that(lambda: cluster.find_primary() not in (None, node), "a new primary", BACK_WITHIN_S)
        taken_over_s = time.monotonic() - lost_at
        await_return(observed, lost_at + taken_over_s)
        time.sleep(AFTER_S)
        row_reads["while one server was left"] = read_row_reads(metrics_port)
        node.send(signal.SIGKILL)
        cluster.start_node(node)
        pair_s = cluster.await_pair()
        observed.stop_syncs.set()
        syncing.join(60)
        queued_s = await_queued_run(folder, worker, owner)
        row_reads["in the end"] = read_row_reads(metrics_port)
        observed.stop.set()
        for thread in asking:
            thread.join(40)
        with psycopg.connect(owner) as connection:
            recorded = {request for (request,) in connection.execute(ANSWERED).fetchall()}
        observed.lost_rows += count_lost_rows(owner, observed)
        verified = verify(folder, {"HUB_DATABASE_URL": owner})
    times = {
        "taken_over_s": round(taken_over_s, 1),
        "pair_again_s": round(pair_s, 1),
        "queued_run_s": round(queued_s, 1),
    }
    return {
        "loss": given.loss,
        **times,
        **observed.describe(lost_at, recorded),
        "row_reads_so_far": row_reads,
        "ledger_verify": {"while_running": verified, "after_stop": verify(folder, {"HUB_DATABASE_URL": owner})},
        "machine_load": os.getloadavg()[0],
    }


def read_row_reads(metrics_port: str) -> dict[str, int]:
    """How many statements that read rows each place has run so far; none without replicas."""
    text = httpx2.get(f"http://127.0.0.1:{metrics_port}/metrics", timeout=30).text
    return {place: int(float(count)) for place, count in re.findall(r'(?m)^hub_row_reads_total{place="(\w+)"} (\S+)$', text)}  # fmt: skip


def fill_database(url: str) -> None:
    """Read every source and link."""
    engine = make_engine(url)
    sync_connectors(engine)
    run_linking(engine)
    engine.dispose()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("analyze")


def describe_access(issuer: Issuer, folder: Path) -> dict[str, str]:
    """The settings of a hub with access on: the issuer, the bench's purpose, a witness, and limits that are not reached."""
    return {
        "HUB_ACCESS": "on",
        "HUB_OIDC_ISSUER": issuer.url,
        "HUB_OIDC_AUDIENCE": "hub",
        "HUB_OIDC_ALGORITHMS": "ES256",
        "HUB_PURPOSES": os.environ["HUB_PURPOSES"],
        "HUB_READS_PER_MINUTE": UNLIMITED(10**8),
        "HUB_SUBJECTS_PER_HOUR": UNLIMITED(10**5),
        "HUB_LEDGER_WITNESS_FILE": str(folder / "witness"),
        "HUB_POOL_SIZE": "4",
    }


def serve(stack: ExitStack, folder: Path, name: str, options: Sequence[str], environment: Mapping[str, str]) -> str:
    """Start `hub serve`, and return its address once it is ready."""
    process = stack.enter_context(run_command(folder, name, ["serve", "--port", "0", *options], environment))
    return f"http://127.0.0.1:{await_port(folder / f'{name}.log', process)}"


def start_thread(run: Callable[..., None], *arguments: object) -> threading.Thread:
    """Run a function beside the others."""
    made = threading.Thread(target=run, args=arguments, daemon=True)
    made.start()
    return made


def read_with_clients(base: str, cases: Sequence[tuple[str, str]], issuer: Issuer, observed: Observed, given: argparse.Namespace) -> None:  # fmt: skip
    """Read with every client until told to stop."""

    async def read_all() -> None:
        clients = (read_on(base, cases, issuer, observed, client, given.pause_ms / 1e3) for client in range(given.clients))  # fmt: skip
        await asyncio.gather(*clients)

    asyncio.run(read_all())


def main() -> None:
    """Lose a server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loss", choices=LOSSES, default=DIES)
    parser.add_argument("--replicas", action="store_true", help="read rows from the standby")
    parser.add_argument("--citizens", type=int, default=1_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--pause-ms", type=float, default=20)
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    given = parser.parse_args()
    missing = find_missing_packages()
    if missing:
        raise SystemExit(f"needs {', '.join(missing)}. Next step: apt-get install {' '.join(missing)}")
    folder = Path(tempfile.mkdtemp(prefix="hub-failover-", dir="/dev/shm"))
    folder.chmod(0o711)
    try:
        purpose = folder / "purposes" / PURPOSE
        purpose.mkdir(parents=True)
        (purpose / "purpose.toml").write_text(DECLARATION, encoding="utf-8")
        (purpose / "citizen.graphql").write_text(KEYED, encoding="utf-8")
        os.environ["HUB_PURPOSES"] = str(purpose.parent)
        with EmbeddedServer.start(folder / "sources", durable=False) as server:
            made = generate_province(folder / "province", given.citizens)
            with start_systems(Path(made.folder), server.url("postgres")) as systems:
                os.environ.update(systems.environment)
                register = urlsplit(systems.environment["POPULATION_DATABASE_URL"]).path.removeprefix("/")
                (folder / "cluster").mkdir()
                (folder / "cluster").chmod(0o711)
                with start_cluster(folder / "cluster") as cluster:
                    found = measure(cluster, folder, server.url(register), given)
        print(json.dumps(found, indent=1))
    finally:
        if given.keep:
            print(f"the logs are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    verified = found["ledger_verify"]
    assert isinstance(verified, dict)
    lost = found["acknowledged"]
    assert isinstance(lost, dict)
    sys.exit(bool(found["answers_without_record"] or lost["lost"] or any(verified.values())))


if __name__ == "__main__":
    main()
