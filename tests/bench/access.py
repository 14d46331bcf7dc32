"""What access costs: the same reads with token, dossier, purpose and reader role, with the ledger too, and without, side by side in one run."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from joserfc.jwk import ECKey
from psycopg.conninfo import conninfo_to_dict

from hub.access.callers.principals import Principal, Role
from hub.access.dossiers.dossier_store import NamedSubject, NewDossier, open_dossier
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer
from hub.store import roles
from hub.store.server.embedded import EmbeddedServer
from tests.bench.costs import list_cursors
from tests.bench.harness import Bench, Row, Target
from tests.bench.load import CONNECTIONS, Load, bodies, find_wrk, load, with_headers
from tests.bench.operations import OPERATIONS, Operation, path
from tests.bench.peers.hub_access_server import NO_LEDGER
from tests.bench.reads import in_turn
from tests.bench.servers import HUB, MODULES, POSTGRAPHILE, Served, on_socket, served

TABLE = "Access"
WITHOUT, WITH, LEDGER = "access off", "access without ledger", "access with ledger"
PURPOSE, OFFICE = "bench-reads", "06652@2025-07-01"
DOSSIERS, OFFICERS, AUDITED = 500, 20, 25
LINKED = "citizen"
TARGETS = {LINKED: 0.85, "page": 0.95}
"""Operation → the least share of the rate without access."""
LEDGER_TARGETS = (Target(0.7, WITHOUT), Target(1.3, POSTGRAPHILE))
"""Of the linked read, each in the ledger; PostGraphile has neither access nor ledger."""
P99_AT_MOST = 1.2
DECLARATION = f"""
code = "{PURPOSE}"
dossier = true
retention_days = 0
name = {{ vi = "Đo", en = "Measure" }}
about = {{ vi = "Đo tốc độ đọc.", en = "Measure the speed of reads." }}
legal_basis = [{{ title = "-", article = "-", about = {{ vi = "-", en = "-" }} }}]
users = {{ roles = ["officer"] }}
variables = {{ id = {{ subject = "applicant" }}, after = {{ free = true, nullable = true }} }}
limits = {{ rows = 20000 }}

[subjects.applicant]
entity = "Citizen"
name = {{ vi = "Người nộp", en = "Applicant" }}
deceased = true
"""


@dataclass(frozen=True)
class Variant:
    """One column: the server's module, and whether requests have token and dossier. `ledger`: whether reads are written down."""

    name: str
    module: str
    is_identified: bool
    ledger: bool = False


ACCESS_SERVER = "tests.bench.peers.hub_access_server"
VARIANTS = (
    Variant(WITHOUT, MODULES[HUB], is_identified=False),
    Variant(WITH, ACCESS_SERVER, is_identified=True),
    Variant(LEDGER, ACCESS_SERVER, is_identified=True, ledger=True),
)


@dataclass(frozen=True)
class Case:
    """A dossier, its one subject and a cursor: what the variables of a request are made from."""

    dossier: str
    personal_id: str
    after: str

    def variables(self, operation: Operation) -> dict[str, str]:
        """The variables of an operation."""
        return {"id": self.personal_id} if operation.key == LINKED else {"after": self.after}


@dataclass(frozen=True)
class Station:
    """What a server with access on is started with, and whose tokens it trusts."""

    issuer: LocalIssuer
    officers: Sequence[LocalIdentity]
    reader: str
    clerk: str
    ledger: str
    key_file: Path

    def arguments(self, *, ledger: bool) -> list[str]:
        """Of ACCESS_SERVER."""
        return [self.reader, self.clerk, self.ledger if ledger else NO_LEDGER, str(self.key_file)]


def make_station(server: EmbeddedServer, url: str, folder: Path) -> Station:
    """Officers with a key of their own, and the logins of the database at `url`."""
    key = ECKey.generate_key("P-256", private=True, auto_kid=True)
    key_file = folder / "access-key.json"
    key_file.write_text(json.dumps(key.as_dict(private=True)), encoding="utf-8")
    officers = tuple(
        LocalIdentity(f"officer-{n}", "-", frozenset({Role.OFFICER}), frozenset({OFFICE})) for n in range(OFFICERS)
    )
    database = str(conninfo_to_dict(url)["dbname"])
    reader, clerk, ledger = (server.login_url(role, database) for role in (roles.READER, roles.CLERK, roles.LEDGER))
    return Station(LocalIssuer("127.0.0.1", officers, _key=key), officers, reader, clerk, ledger, key_file)


def measure(
    bench: Bench, server: EmbeddedServer, url: str, folder: Path, node: Path, *, seconds: int, rounds: int
) -> None:
    """Measure a keyed linked read and a page of 100, in every variant in turn."""
    wrk, station = find_wrk(), make_station(server, url, folder)
    officers, issuer = station.officers, station.issuer
    arguments = {WITHOUT: [url], WITH: station.arguments(ledger=False), LEDGER: station.arguments(ledger=True)}
    with _purpose(folder), ExitStack() as stack:
        servers = {
            variant.name: stack.enter_context(on_socket(variant.module, *arguments[variant.name]))
            for variant in VARIANTS
        }
        opener = asyncio.run(issuer.principal(officers[0]))
        cases = _open_cases(url, opener, list_cursors(servers[WITHOUT]))
        for operation in (one for one in OPERATIONS if one.key in TARGETS):
            tokens = [issuer.sign_token(officer) for officer in officers]
            _audit(operation, cases, tokens, servers)
            runs: dict[str, Callable[[int], Load]] = {
                variant.name: partial(
                    load,
                    wrk,
                    folder,
                    f"{servers[variant.name].base}/graphql",
                    _lines(variant, operation, cases, tokens),
                )
                for variant in VARIANTS
            }
            if operation.key == LINKED:
                peer = stack.enter_context(served(POSTGRAPHILE, url, node))
                sent = bodies(operation.documents[POSTGRAPHILE], [case.variables(operation) for case in cases])
                runs[POSTGRAPHILE] = partial(load, wrk, folder, peer.base + path(operation, POSTGRAPHILE), sent)
            bench.rows += _rows(operation, in_turn(runs, rounds, seconds))
    bench.method.append(
        f"Access: one server process each over the same database; access off as its owner, access on as hub_reader. {DOSSIERS}"
        f" dossiers with one subject each, {OFFICERS} officers' tokens (ES256), each request under a dossier; wrk with {CONNECTIONS}"
        f" connections; {rounds} rounds of {seconds} s, in each of them every variant in turn, beginning with another; medians."
        f" Before the load the answers of {AUDITED} requests are held to be equal. What a token costs alone stands under"
        " Who is calling."
    )


@contextmanager
def _purpose(folder: Path) -> Iterator[None]:
    """A purpose whose documents are the measured operations."""
    home = folder / "access-purposes" / PURPOSE
    home.mkdir(parents=True, exist_ok=True)
    (home / "purpose.toml").write_text(DECLARATION, encoding="utf-8")
    for operation in OPERATIONS:
        if operation.key in TARGETS:
            (home / f"{operation.key}.graphql").write_text(operation.documents[HUB], encoding="utf-8")
    with patch.dict(os.environ, HUB_PURPOSES=str(home.parent)):
        yield


def _open_cases(url: str, opener: Principal, cursors: Sequence[Mapping[str, Any]]) -> list[Case]:
    """A dossier for each of so many citizens, and a place in the list of all citizens."""
    chosen = """
        select personal_id from data.citizen
        where personal_id is not null and id not in (select subject_id from link.heir)
        order by random() limit %s"""
    now, cases = datetime.now(UTC), []
    with psycopg.connect(url, autocommit=True) as connection:
        for number, (personal_id,) in enumerate(connection.execute(chosen, (DOSSIERS,)).fetchall()):
            subject = NamedSubject("applicant", "Citizen", field="personal_id", value=personal_id)
            new = NewDossier(f"H49.12-{now:%y%m%d}-{number:04}", PURPOSE, OFFICE, (subject,))
            code = open_dossier(connection, new, opener).code
            cases.append(Case(code, personal_id, cursors[number % len(cursors)]["after"]))
        connection.execute("analyze hub.dossier, hub.dossier_subject")
    return cases


def _headers(case: Case, token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "X-Hub-Dossier": case.dossier}


def _audit(operation: Operation, cases: Sequence[Case], tokens: Sequence[str], servers: Mapping[str, Served]) -> None:
    """Hold the answers of every variant to be equal. Raises AssertionError."""
    for number, case in enumerate(cases[:AUDITED]):
        answers = []
        for variant in VARIANTS:
            headers = _headers(case, tokens[number % len(tokens)]) if variant.is_identified else {}
            body = {"query": operation.documents[HUB], "variables": case.variables(operation)}
            answers.append(servers[variant.name].client.post("/graphql", json=body, headers=headers).json())
        assert all(answer == answers[0] for answer in answers), (operation.key, answers)
        assert any(answers[0]["data"].values()), (operation.key, "an empty answer measures nothing")


def _lines(variant: Variant, operation: Operation, cases: Sequence[Case], tokens: Sequence[str]) -> list[str]:
    """The requests of one variant, each with its own headers."""
    sent = bodies(operation.documents[HUB], [case.variables(operation) for case in cases])
    if not variant.is_identified:
        return sent
    pairs = zip(sent, cases, strict=True)
    return [with_headers(body, _headers(case, tokens[n % len(tokens)])) for n, (body, case) in enumerate(pairs)]


def _rows(operation: Operation, loads: Mapping[str, Load]) -> list[Row]:
    """The rate and the slowest hundredth with access on, without the ledger and with it, beside those with access off."""
    latencies = ", ".join(f"{name} {found.p50:.1f}/{found.p99:.1f}" for name, found in loads.items())
    note = f"latency at {CONNECTIONS} connections, p50/p99 in ms: {latencies}"
    least, most = Target(TARGETS[operation.key], WITHOUT), Target(P99_AT_MOST, WITHOUT, at_most=True)
    off, on, written = (loads[name] for name in (WITHOUT, WITH, LEDGER))
    peers = {name: loads[name].rate for name in (WITHOUT, POSTGRAPHILE) if name in loads}
    written_targets = LEDGER_TARGETS if operation.key == LINKED else ()
    return [
        Row(TABLE, operation.name, "requests/s", on.rate, {WITHOUT: off.rate}, (least,), note),
        Row(TABLE, f"{operation.name}: p99", "ms", on.p99, {WITHOUT: off.p99}, (most,)),
        Row(TABLE, f"{operation.name}, each read in the ledger", "requests/s", written.rate, peers, written_targets),
        Row(TABLE, f"{operation.name}, each read in the ledger: p99", "ms", written.p99, {WITHOUT: off.p99}),
    ]
