"""What the demonstration shows once its data are linked: one citizen, a prefill, and the server. Imported while it reads and links,
since the graph's libraries take seconds to load (`hub.cli.operate.demo`)."""

import asyncio
import json
import socket
import time
from typing import Any

import orjson
import psycopg

from hub.access.dossiers.dossier_store import NamedSubject
from hub.cli.operate.serve.serve import serve_on
from hub.cli.procedures.prefill import show_prefill
from hub.cli.terminal import OUT, mark_text, show_table, show_text
from hub.console.layout.navigation import LINKS
from hub.demo.access_case import open_case
from hub.demo.identities import make_local_issuer
from hub.errors import OperationRefused
from hub.graph.execution.execute import Executor
from hub.graph.execution.prepare import GraphQLRequest
from hub.graph.execution.reading import Reading
from hub.graph.permission.callers import LOCAL
from hub.graph.procedures.prefill.prefill_service import PrefillRequest
from hub.graph.schema import get_core_schema, load_schema
from hub.graph.service import make_executor, make_pool
from hub.settings import Settings
from hub.store.connections.logins import Logins
from hub.store.server.embedded import EmbeddedServer
from hub.web.pages.starters import Examples, starter_queries

PROCEDURE = "land-right-transfer"


def load_graph() -> None:
    """Make the graph's schema, which is kept for the process."""
    get_core_schema(load_schema())


def show_examples(settings: Settings, url: str, examples: Examples) -> None:
    """Ask the first starter query and prefill a land transfer, as a client would."""
    asyncio.run(_show(settings, url, examples))


async def _show(settings: Settings, url: str, examples: Examples) -> None:
    async with make_pool(settings, url) as pool:
        executor = make_executor(settings, pool)
        await _show_linked(executor, examples)
        OUT.print()
        show_prefill(await executor.prefills.fill(_example_transfer(examples), Reading(LOCAL)))
        await executor.refresher.close()


def serve_demo(
    listener: socket.socket,
    settings: Settings,
    server: EmbeddedServer,
    url: str,
    examples: Examples,
    *,
    without_access: bool,
) -> None:
    """Say where it is, and serve until interrupted."""
    address = "http://{}:{}".format(*listener.getsockname()[:2])
    if without_access:
        _show_address(address, examples)
        serve_on(listener, settings, Logins.one(url), examples=examples)
    else:
        _serve_with_access(listener, settings, server, examples, address)


def _serve_with_access(
    listener: socket.socket, settings: Settings, server: EmbeddedServer, examples: Examples, address: str
) -> None:
    """Serve as an office would: known people, an open dossier, and logins that own no table."""
    with psycopg.connect(server.url("hub"), autocommit=True) as connection:
        case = open_case(connection, examples.linked)
    issuer = make_local_issuer(settings.host, citizen=examples.linked)
    OUT.print()
    OUT.print(mark_text("bold", "Sign in:", f" {address}/sign-in"))
    for identity in issuer.identities:
        is_console = identity.personal_ids or any(role in LINKS for role in identity.roles)
        page = "the console" if is_console else "GraphiQL"
        OUT.print(f"  {identity.display_name}: opens {page}")
    OUT.print(f"In the console, search for {examples.linked}.")
    OUT.print(f"The dossier {case.dossier} is open for the land officer: search for it too.")
    OUT.print("Then sign in as the citizen, whose data that is, to see who looked and why.")
    OUT.print(f"Officers have GraphiQL as well, at {address}/graphql; its starter queries use the dossier.")
    OUT.print("Stop with Ctrl-C.")
    serve_on(
        listener,
        settings,
        Logins.by_role(lambda role: server.login_url(role, "hub")),
        examples=examples,
        local_issuer=issuer,
        access_examples=case,
    )


def _example_transfer(examples: Examples) -> PrefillRequest:
    """The showcase citizen transfers land to the one whose links are doubtful."""
    parties = (("transferor", examples.linked), ("transferee", examples.doubtful))
    return PrefillRequest(
        PROCEDURE, tuple(NamedSubject(role, "Citizen", "personal_id", number) for role, number in parties)
    )


async def _show_linked(executor: Executor, examples: Examples) -> None:
    query = starter_queries(examples)[0].query
    started = time.monotonic()
    answer: dict[str, Any] = orjson.loads(
        (
            await executor.respond(
                GraphQLRequest(query, variables={"personalId": examples.linked}, explain=True), LOCAL
            )
        ).body
    )
    took = (time.monotonic() - started) * 1000
    if "errors" in answer:
        raise OperationRefused(
            "the first starter query failed",
            next_step="run `hub doctor`",
            code=answer["errors"][0]["extensions"]["code"],
        )
    citizen = answer["data"]["citizen"]
    rows = []
    for right in citizen["landUseRights"]["nodes"]:
        parcel = right["parcel"]
        commune = parcel["commune"] if parcel else None
        now = [c["successor"] for c in commune["successors"]["nodes"]] if commune else []
        where = f"{commune['name']} ({commune['unitCode']})" if commune else None
        rows.append(("land-use right", right["certificateSerial"], where, *_source(right)))
        rows += [("  → commune today", unit["name"], unit["unitCode"], *_source(right)) for unit in now]
    for owed in citizen["taxObligations"]["nodes"]:
        rows.append(
            (
                "tax obligation",
                f"{owed['kind']} {owed['year']}",
                f"{owed['amount']:,} VND {owed['status']}",
                *_source(owed),
            )
        )
    for role in citizen["businessRoles"]["nodes"]:
        business = role["business"] or {}
        rows.append(("business role", role["role"], business.get("legalName"), *_source(role)))
    OUT.print()
    title = f"One citizen, four sectors: {citizen['fullName']}. One request, {answer['extensions']['explain']['statements']} SQL statement, {took:.0f} ms with planning"
    show_table(title, ("what", "which", "linked to", "source", "as of (UTC)"), rows)


def _source(row: dict[str, Any]) -> tuple[str, str]:
    return row["provenance"]["source"], row["provenance"]["asOf"][:16]


def _show_address(address: str, examples: Examples) -> None:
    starters = starter_queries(examples)
    OUT.print()
    OUT.print(mark_text("bold", "GraphiQL:", f" {address}/graphql"))
    OUT.print("Starter queries, in GraphiQL's side bar:")
    for number, starter in enumerate(starters, 1):
        OUT.print(f"  {number}. {starter.title_vi} / {starter.title_en}")
    body = json.dumps({"query": PREFILL_ONE_LINE, "variables": {"personalId": examples.linked}})
    OUT.print("Or from a terminal:")
    show_text(f"  curl -s {address}/graphql -H 'content-type: application/json' -d '{body}'")
    OUT.print("Stop with Ctrl-C.")


PREFILL_ONE_LINE = (
    "query($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) { fullName landUseRights { nodes"
    " { certificateSerial parcel { parcelNumber commune { name } } provenance { source asOf } } } } }"
)
