"""`hub demo`: one command to linked data. Five simulated sector systems, really running; sync, link, prefill, serve."""

import gc
import os
import resource
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import psycopg
from cyclopts import Parameter
from sqlalchemy import Engine

from hub.cli.ingest.run_reports import show_runs
from hub.cli.linking.link import show_links
from hub.cli.operate.demo_worker import EVERY_MINUTE, choose_schedule, run_worker
from hub.cli.operate.serve.sockets import bind_socket
from hub.cli.options import LabelLanguage
from hub.cli.terminal import ERR, OUT, make_progress, mark_text, show_bars
from hub.demo.example_correction import open_example_correction
from hub.demo.examples import find_doubtful_person
from hub.demo.province.generate import LARGEST, SMALLEST, ProvinceSummary, generate_province, summary_of
from hub.demo.systems.sector_systems import RunningSystems, start_systems
from hub.errors import OperationRefused
from hub.ingest.connectors import load_manifests
from hub.ingest.run.connector_run import RunReport, report_broken, run_connectors, select_manifests
from hub.link.run.linking_run import LinkReport, run_linking
from hub.model.registry import load_registry
from hub.quality.snapshots import take_snapshot
from hub.settings import ENV_FILE, Settings, load_settings
from hub.store.engine import connect_for_run, make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from hub.web.pages.starters import Examples

MOST_DOSSIERS = 9_999
"""Of a procedure: the serial of a dossier's code has four digits."""
WORKER_LOG = "worker.log"
SYSTEMS_AT_ONCE = 2
"""Systems that are read at the same time."""


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
    # Its database is its own, whatever pooler or replicas the settings name.
    switched = {
        "pooled_reads_url": None,
        "replica_urls": None,
        **({"access": "off"} if without_access else {"access": "on", "explorers": "masked"}),
    }
    settings = load_settings(explain=True, **switched, **({} if port is None else {"port": port}))
    home = (settings.home / "demo").absolute()
    if walk:
        _walk(settings, home, citizens, lang)
        return
    started = time.monotonic()
    # On a second core: the province is made while the server starts, the store while the systems start, what shows and serves is loaded
    # while the store links, and quality is measured while an answer is shown.
    with bind_socket(settings.host, settings.port) as listener, ThreadPoolExecutor(2, "demo") as aside:
        made = aside.submit(_province, home / f"province-{citizens}", citizens)
        # Nothing in the demonstration is anybody's only copy, so its database does not wait for the disk.
        with EmbeddedServer.start(home / "postgresql", durable=False) as server:
            server.keep_running()
            empty = aside.submit(_fresh, server)
            with _systems(made.result(), server) as systems:
                os.environ.update(systems.environment)
                url = empty.result()
                reports = _read_systems(url)
                # Not before: reading keeps Python busy, and linking the database.
                loaded = aside.submit(_load_graph)
                links = _link(url)
                show_runs(reports)
                show_links(links)
                loaded.result()
                from hub.cli.operate import demo_server

                examples = _examples(url, made.result())
                measured = aside.submit(_measure_quality, url)
                demo_server.show_examples(settings, url, examples)
                measured.result()
                if dossiers:
                    from hub.cli.operate.demo_dossiers import fill_offices

                    fill_offices(settings, server, dossiers, lang)
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                OUT.print()
                ready = f"Ready in {time.monotonic() - started:.0f} s"
                OUT.print(mark_text("bold", ready, f"; the hub took {peak:,} MB at most."))
                if not serve:
                    return
                schedule, log = choose_schedule(citizens), home / WORKER_LOG
                with (
                    _environment_file({**systems.environment, "HUB_DATABASE_URL": url}),
                    run_worker(url, systems.environment, schedule, log),
                ):
                    _show_worker(schedule, log)
                    gc.collect()  # of what reading and linking left, one object in seven is garbage
                    demo_server.serve_demo(listener, settings, server, url, examples, without_access=without_access)


def _load_graph() -> None:
    """Load the graph's libraries and its schema."""
    from hub.cli.operate import demo_server

    demo_server.load_graph()


def _walk(settings: Settings, home: Path, citizens: int, lang: LabelLanguage) -> None:
    """Walk on a copy of the province, since a source is corrected on the way."""
    from hub.cli.operate.demo_walk import WalkPlace, walk_procedures

    kept, folder = _province(home / f"province-{citizens}", citizens), home / "walk"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept.folder, folder / "province")
    province = replace(kept, folder=str(folder / "province"))
    with EmbeddedServer.start(home / "postgresql", durable=False) as server, _systems(province, server) as systems:
        os.environ.update(systems.environment)
        url = _fresh(server)
        _read_systems(url)
        _link(url)
        _measure_quality(url)
        walk_procedures(settings, WalkPlace(server, systems, folder / "province", folder / "receipts"), lang)


def _show_worker(schedule: str, log: Path) -> None:
    often = "minute" if schedule == EVERY_MINUTE else "half hour"
    OUT.print()
    OUT.print(
        f"A worker reads the five systems every {often}: change something in one and see it in the graph. Its log: {log}"
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
    with _open_engine(server.url("hub")) as made:
        migrate_store(made)
    return server.url("hub")


def _read_systems(url: str) -> list[RunReport]:
    """Read the systems two at a time: while rows of one are checked, the database stores those of the other."""
    with _open_engine(url) as made, make_progress() as bars, ThreadPoolExecutor(SYSTEMS_AT_ONCE, "read") as pool:
        told = show_bars(bars)
        manifests = select_manifests(None)
        # The others refer to the units of the first.
        reports = [*report_broken(None), *run_connectors(made, manifests[:1], progress=told)]
        try:
            for found in pool.map(lambda one: run_connectors(made, [one], progress=told), manifests[1:]):
                reports += found
        except BaseException:
            _end_sessions(url)  # an interruption waits for the rows at hand, not for whole systems
            raise
        return reports


def _end_sessions(url: str) -> None:
    """End every session of a database: whoever works in one fails with its next statement. A database that is away has none."""
    with suppress(psycopg.Error), psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )


def _link(url: str) -> LinkReport:
    with _open_engine(url) as made, make_progress() as bars:
        return run_linking(made, progress=show_bars(bars))


@contextmanager
def _open_engine(url: str) -> Iterator[Engine]:
    made = make_engine(url)
    try:
        yield made
    finally:
        made.dispose()


def _measure_quality(url: str) -> None:
    with connect_for_run(url) as connection:
        take_snapshot(connection, load_registry(), load_manifests(), keep_days=load_settings().keep_quality_days)


def _examples(url: str, province: ProvinceSummary) -> Examples:
    with psycopg.connect(url, autocommit=True) as connection:
        correction = open_example_correction(connection)
        if correction is not None:
            OUT.print(f"Asked {correction.connector} to correct a name: `hub corrections show {correction.id}`")
        return Examples(province.showcase_personal_id, find_doubtful_person(connection))


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
