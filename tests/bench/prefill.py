"""Prefill of a land transfer with access and ledger on, beside the queries with which a client would read the same from PostGraphile."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from hub.access.callers.principals import Principal
from hub.access.dossiers.dossier_store import NamedSubject, NewDossier, open_dossier
from hub.store.server.embedded import EmbeddedServer
from hub.web.pages.starters import PREFILL_ANSWERS
from tests.bench.access import ACCESS_SERVER, OFFICE, make_station
from tests.bench.harness import Bench, Row, Target
from tests.bench.load import CONNECTIONS, Load, bodies, find_wrk, load, with_headers
from tests.bench.operations import OPERATIONS, path
from tests.bench.reads import in_turn
from tests.bench.servers import HUB, POSTGRAPHILE, Served, on_socket, served

TABLE = "Prefill"
PROCEDURE = "land-right-transfer"
DOCUMENT = f"""{{ prefill(procedure: "{PROCEDURE}") {{
{PREFILL_ANSWERS}}} }}"""
QUERIES = 2
"""Of the client: what is held of the seller, with land and taxes, and who the buyer is."""
CASES = 300
LEAST_RATE, P95_AT_MOST_MS = 300.0, 60.0
BUYER = """query($id: String!) { citizen: citizenByPersonalId(personalId: $id) {
  personalId fullName birthDate residenceAddress residence { name unitCode } } }"""
PARTIES = """
with holder as (
    select c.personal_id, row_number() over (order by c.id) as n from {citizens} c
    where c.personal_id is not null and c.death_date is null and c.birth_date < '1990'
        and c.id not in (select subject_id from link.heir) and exists (
            select from link.land_use_right_holder h
            where h.subject_kind = 'Citizen' and h.subject_id = c.id and h.status <> 'UNCONFIRMED')
), buyer as (
    select c.personal_id, row_number() over (order by c.id desc) as n from {citizens} c
    where c.personal_id is not null and c.death_date is null and c.birth_date < '1990'
        and c.id not in (select subject_id from link.heir)
)
select holder.personal_id, buyer.personal_id from holder join buyer using (n)
where holder.personal_id <> buyer.personal_id order by n limit %s"""


def measure(
    bench: Bench, server: EmbeddedServer, url: str, folder: Path, node: Path, *, seconds: int, rounds: int
) -> None:
    """Measure one server process, and PostGraphile over the same tables."""
    wrk, station = find_wrk(), make_station(server, url, folder)
    opener = asyncio.run(station.issuer.principal(station.officers[0]))
    with psycopg.connect(url, autocommit=True) as connection:
        parties = choose_parties(connection)
        codes = open_prefill_dossiers(connection, opener, parties)
    token = station.issuer.sign_token(station.officers[0])
    wide = next(operation for operation in OPERATIONS if operation.key == "wide")
    with ExitStack() as stack:
        hub = stack.enter_context(on_socket(ACCESS_SERVER, *station.arguments(ledger=True)))
        peer = stack.enter_context(served(POSTGRAPHILE, url, node))
        headers = [{"Authorization": f"Bearer {token}", "X-Hub-Dossier": code} for code in codes]
        size = check_prefills(hub, headers)
        (body,) = bodies(DOCUMENT, [{}])
        asked = bodies(wide.documents[POSTGRAPHILE], [{"id": seller} for seller, _ in parties])
        asked += bodies(BUYER, [{"id": buyer} for _, buyer in parties])
        ask_peer = partial(_audit_peer, peer, path(wide, POSTGRAPHILE), (asked[0], asked[-1]))
        ask_peer()
        runs: dict[str, Callable[[int], Load]] = {
            HUB: partial(load, wrk, folder, f"{hub.base}/graphql", [with_headers(body, one) for one in headers]),
            POSTGRAPHILE: partial(load, wrk, folder, peer.base + path(wide, POSTGRAPHILE), asked),
        }
        found = in_turn(runs, rounds, seconds)
        # Errors come back faster than answers, and as a 200: both still have to answer.
        check_prefills(hub, headers[:1])
        ask_peer()
    bench.rows += _rows(found)
    bench.method.append(
        f"Prefill: {PROCEDURE} of {len(codes)} dossiers with two people each, stored data, access and ledger on; one server process, wrk"
        f" with {CONNECTIONS} connections; an answer has {size:,} bytes on average. A prefill runs one statement for the subjects and one"
        f" for the document of each. PostGraphile is asked {QUERIES} queries for a form, without access and ledger, and its figure is forms:"
        " it is asked for no links' status, marriages or encumbrances, and says nothing of what is missing, old or contradictory."
        f" {rounds} rounds of {seconds} s in turn; medians."
    )


def choose_parties(
    connection: psycopg.Connection[Any], citizens: str = "data.citizen", most: int = CASES
) -> list[tuple[str, str]]:
    """Personal identifiers of so many sellers who hold land, each with a buyer, out of a table of citizens."""
    found = connection.execute(PARTIES.format(citizens=citizens), (most,)).fetchall()
    return [(str(seller), str(buyer)) for seller, buyer in found]


def open_prefill_dossiers(
    connection: psycopg.Connection[Any], opener: Principal, parties: Sequence[tuple[str, str]]
) -> list[str]:
    """A dossier for each pair. Returns their codes."""
    now, codes = datetime.now(UTC), []
    for number, people in enumerate(parties):
        subjects = tuple(
            NamedSubject(role, "Citizen", field="personal_id", value=value)
            for role, value in zip(("transferor", "transferee"), people, strict=True)
        )
        new = NewDossier(f"H49.13-{now:%y%m%d}-{number:04}", PROCEDURE, OFFICE, subjects)
        codes.append(open_dossier(connection, new, opener).code)
    connection.execute("analyze hub.dossier, hub.dossier_subject")
    return codes


def check_prefills(hub: Served, headers: Sequence[dict[str, str]]) -> int:
    """Hold each dossier's prefill to be an answer. Returns the mean of their bytes. Raises AssertionError."""
    sizes = []
    for one in headers:
        answer = hub.client.post("/graphql", json={"query": DOCUMENT}, headers=one)
        assert answer.json()["data"]["prefill"]["answers"], answer.text[:500]
        sizes.append(len(answer.content))
    return sum(sizes) // len(sizes)


def _audit_peer(peer: Served, where: str, lines: Sequence[str]) -> None:
    """Hold PostGraphile to find the person of each request. Raises AssertionError."""
    for line in lines:
        answer = peer.client.post(where, content=line, headers={"Content-Type": "application/json"}).json()
        assert "errors" not in answer, answer
        assert answer["data"]["citizen"], answer


def _rows(found: dict[str, Load]) -> list[Row]:
    hub, peer = found[HUB], found[POSTGRAPHILE]
    name = "Land transfer, access and ledger on"
    note = f"latency at {CONNECTIONS} connections, p50/p95/p99 in ms: {hub.p50:.1f}/{hub.p95:.1f}/{hub.p99:.1f}"
    return [
        Row(TABLE, name, "prefills/s", hub.rate, {POSTGRAPHILE: peer.rate / QUERIES}, (Target(LEAST_RATE),), note),
        Row(TABLE, f"{name}: p95", "ms", hub.p95, {}, (Target(P95_AT_MOST_MS, at_most=True),)),
    ]
