"""`hub demo`: one command to linked data. Five simulated sector systems, really running; sync, link, prefill, serve."""

import asyncio
import json
import os
import resource
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import orjson
import psycopg
from cyclopts import Parameter

from hub.access.dossiers.dossier_store import NamedSubject
from hub.cli.ingest.run_reports import show_runs
from hub.cli.linking.link import show_links
from hub.cli.operate.demo_dossiers import MOST_DOSSIERS, fill_offices
from hub.cli.operate.demo_walk import WalkPlace, walk_procedures
from hub.cli.operate.demo_worker import EVERY_MINUTE, choose_schedule, run_worker
from hub.cli.operate.serve.serve import serve_on
from hub.cli.operate.serve.sockets import bind_socket
from hub.cli.options import LabelLanguage
from hub.cli.procedures.prefill import show_prefill
from hub.cli.terminal import ERR, OUT, make_progress, mark_text, show_bars, show_table, show_text
from hub.console.layout.navigation import LINKS
from hub.demo.access_case import open_case
from hub.demo.example_correction import open_example_correction
from hub.demo.examples import find_doubtful_person
from hub.demo.identities import make_local_issuer
from hub.demo.province.generate import LARGEST, SMALLEST, ProvinceSummary, generate_province, summary_of
from hub.demo.systems.sector_systems import RunningSystems, start_systems
from hub.errors import OperationRefused
from hub.graph.execution.execute import Executor
from hub.graph.execution.prepare import GraphQLRequest
from hub.graph.execution.reading import Reading
from hub.graph.permission.callers import LOCAL
from hub.graph.procedures.prefill.prefill_service import PrefillRequest
from hub.graph.service import make_executor, make_pool
from hub.ingest.connectors import load_manifests
from hub.ingest.run.connector_run import sync_connectors
from hub.link.run.linking_run import run_linking
from hub.model.registry import load_registry
from hub.quality.snapshots import take_snapshot
from hub.settings import ENV_FILE, Settings, load_settings
from hub.store.connections.logins import Logins
from hub.store.engine import connect_for_run, make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from hub.web.pages.starters import Examples, starter_queries

PROCEDURE = "land-right-transfer"
WORKER_LOG = "worker.log"


def demo_command(
    *,
    citizens: Annotated[int, Parameter(help=f"People in the province: {SMALLEST:,} to {LARGEST:,}.")] = 10_000,
    port: Annotated[int | None, Parameter(help="Port to serve on; 0 picks a free one.")] = None,
    serve: Annotated[bool, Parameter(help="Keep serving until interrupted.")] = True,
    without_access: Annotated[
        bool,
        Parameter(
            name="--open",
            negative="",
            help="Serve everything to everyone on this machine, without signing in: for exploring the whole schema.",
        ),
    ] = False,
    walk: Annotated[
        bool,
        Parameter(
            negative="",
            help="Walk through the eight procedures instead of serving: dossiers, receipts, a correction, a source that stops, who read.",
        ),
    ] = False,
    dossiers: Annotated[
        int, Parameter(help=f"Dossiers of each procedure that its offices open and prefill: 0 to {MOST_DOSSIERS:,}.")
    ] = 0,
    lang: Annotated[
        LabelLanguage, Parameter(name="--lang", help="Language of labels in the walk and of dossiers: vi or en.")
    ] = LabelLanguage.VI,
) -> None:
    """Create a demo province, run its five sector systems, read and link them, prefill a land transfer, and serve the graph.

    People sign in as an officer, a reviewer, an operator, an auditor, a citizen or an explorer of masked data; a dossier is open to read for.
    """
    if not SMALLEST <= citizens <= LARGEST:
        raise OperationRefused(f"--citizens is {citizens:,}", next_step=f"choose from {SMALLEST:,} to {LARGEST:,}")
    if not 0 <= dossiers <= MOST_DOSSIERS:
        raise OperationRefused(f"--dossiers is {dossiers:,}", next_step=f"choose from 0 to {MOST_DOSSIERS:,}")
    # Its database is its own, whatever pooler the settings name.
    switched = {
        "pooled_reads_url": None,
        **({"access": "off"} if without_access else {"access": "on", "explorers": "masked"}),
    }
    settings = load_settings(explain=True, **switched, **({} if port is None else {"port": port}))
    home = (settings.home / "demo").absolute()
    if walk:
        _walk(settings, home, citizens, lang)
        return
    started = time.monotonic()
    with bind_socket(settings.host, settings.port) as listener:
        province = _province(home / f"province-{citizens}", citizens)
        # Nothing in the demonstration is anybody's only copy, so its database does not wait for the disk.
        with EmbeddedServer.start(home / "postgresql", durable=False) as server, _systems(province, server) as systems:
            server.keep_running()
            url = _fresh(server)
            os.environ.update(systems.environment)
            _load(url)
            examples = _examples(url, province)
            asyncio.run(_show(settings, url, examples))
            if dossiers:
                fill_offices(settings, server, dossiers, lang)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            OUT.print()
            ready = f"Ready in {time.monotonic() - started:.0f} s"
            OUT.print(mark_text("bold", ready, f"; the hub took {peak:,} MB at most."))
            if not serve:
                return
            address = "http://{}:{}".format(*listener.getsockname()[:2])
            schedule, log = choose_schedule(citizens), home / WORKER_LOG
            with (
                _environment_file({**systems.environment, "HUB_DATABASE_URL": url}),
                run_worker(url, systems.environment, schedule, log),
            ):
                _show_worker(schedule, log)
                if without_access:
                    _show_address(address, examples)
                    serve_on(listener, settings, Logins.one(url), examples=examples)
                else:
                    _serve_with_access(listener, settings, server, examples, address)


def _walk(settings: Settings, home: Path, citizens: int, lang: LabelLanguage) -> None:
    """Walk on a copy of the province, since a source is corrected on the way."""
    kept, folder = _province(home / f"province-{citizens}", citizens), home / "walk"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept.folder, folder / "province")
    province = replace(kept, folder=str(folder / "province"))
    with EmbeddedServer.start(home / "postgresql", durable=False) as server, _systems(province, server) as systems:
        os.environ.update(systems.environment)
        _load(_fresh(server), shows_tables=False)
        walk_procedures(settings, WalkPlace(server, systems, folder / "province", folder / "receipts"), lang)


def _show_worker(schedule: str, log: Path) -> None:
    often = "minute" if schedule == EVERY_MINUTE else "half hour"
    OUT.print()
    OUT.print(
        f"A worker reads the five systems every {often}: change something in one and see it in the graph. Its log: {log}"
    )


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


def _province(folder: Path, citizens: int) -> ProvinceSummary:
    """The province of this size, made once and kept."""
    known = summary_of(folder)
    if known is not None:
        return known
    shutil.rmtree(folder, ignore_errors=True)
    with make_progress() as bars:
        task = bars.add_task("Making the province: citizens", total=citizens)
        return generate_province(folder, citizens, progress=lambda done, _: bars.update(task, completed=done))


@contextmanager
def _systems(province: ProvinceSummary, server: EmbeddedServer) -> Iterator[RunningSystems]:
    ERR.print(
        "Starting five sector systems: population (PostgreSQL), land (REST, OAuth2), business (JSON Lines), insurance (SOAP),"
        " finance (files)"
    )
    with start_systems(Path(province.folder), server.url("postgres")) as systems:
        yield systems


def _fresh(server: EmbeddedServer) -> str:
    """An empty hub database, migrated: a demonstration begins anew each time."""
    server.drop_database("hub")
    server.create_database("hub")
    made = make_engine(server.url("hub"))
    migrate_store(made)
    made.dispose()
    return server.url("hub")


def _load(url: str, *, shows_tables: bool = True) -> None:
    """Read and link the systems, and measure quality."""
    made = make_engine(url)
    try:
        with make_progress() as bars:
            reports = sync_connectors(made, progress=show_bars(bars))
            links = run_linking(made, progress=show_bars(bars))
        with connect_for_run(url) as connection:
            take_snapshot(connection, load_registry(), load_manifests(), keep_days=load_settings().keep_quality_days)
    finally:
        made.dispose()
    if shows_tables:
        show_runs(reports)
        show_links(links)


def _examples(url: str, province: ProvinceSummary) -> Examples:
    with psycopg.connect(url, autocommit=True) as connection:
        correction = open_example_correction(connection)
        if correction is not None:
            OUT.print(f"Asked {correction.connector} to correct a name: `hub corrections show {correction.id}`")
        return Examples(province.showcase_personal_id, find_doubtful_person(connection))


async def _show(settings: Settings, url: str, examples: Examples) -> None:
    """Ask the first starter query and prefill a land transfer, as a client would."""
    async with make_pool(settings, url) as pool:
        executor = make_executor(settings, pool)
        await _show_linked(executor, examples)
        OUT.print()
        show_prefill(await executor.prefills.fill(_example_transfer(examples), Reading(LOCAL)))
        await executor.refresher.close()


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


@contextmanager
def _environment_file(environment: dict[str, str]) -> Iterator[None]:
    """While the demonstration serves, `hub sync` and the others find its systems; the file holds secrets, so it is ours alone."""
    ENV_FILE.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(ENV_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.writelines(f"{name}='{value}'\n" for name, value in environment.items())
    try:
        yield
    finally:
        ENV_FILE.unlink(missing_ok=True)
