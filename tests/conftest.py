"""Fixtures that every test may use.

One embedded PostgreSQL serves a whole test process, on a tmpfs where there is one, without waiting for the disk; each test
that asks for a database gets a fresh one of its own. In CI a skipped test fails: what is skipped there has not passed.
"""

import functools
import gc
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpcore2
import hypothesis
import psutil
import psycopg
import pytest
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS

from hub.demo.examples import find_doubtful_person
from hub.garbage_collection import collect_rarely
from hub.ingest.run.connector_run import RunReport
from hub.link.run.linking_run import LinkReport
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from hub.web.pages.starters import Examples
from tests.prepared_server import (
    MEMORY,
    MIGRATED_DATABASE,
    PROVINCE_FOLDER,
    SERVER_FOLDER,
    SHARED_FOLDER_VARIABLE,
    LinkedProvince,
    copy_database,
    copy_shared_server,
    link_province,
    make_scratch_folder,
    migrate_empty,
)
from tests.serving import served

# What is loaded and collected stays: a process looks through it once, in `pytest_collection_finish`, instead of time and again.
gc.disable()
# Most tests are about what is read, not about who reads: they serve on a loopback address with access off.
os.environ.setdefault("HUB_ACCESS", "off")
# As commands do, for the processes that tests start: numpy would start a thread for each core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Hypothesis makes up to five of six examples by repeating parts of the one before. Of large operations that are drawn part by part,
# 300 have less in them than 150 that are drawn each for itself: `settings(backend="independent")`.
AVAILABLE_PROVIDERS["independent"] = AVAILABLE_PROVIDERS["hypothesis"]
# How long an example takes says how busy the machine is; what has to be quick says so in a test of its own.
hypothesis.settings.register_profile(
    "busy", hypothesis.settings(), deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")

# Each client of httpx2 loads the trusted certificates, 25 ms of processor time, also one that only speaks plain HTTP.
httpcore2.default_ssl_context = functools.cache(httpcore2.default_ssl_context)

if os.access(MEMORY, os.W_OK):
    # `tmp_path` lies in memory too: on a slow disk, what tests write there is a good part of what they wait for.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
PROCESSES_PER_CORE = 2
"""More test processes than cores: in a good half of its time a test waits, for a retry, a time limit, or a server's answer."""
PROCESS_MEMORY_BYTES = 2 << 30
MOST_PROCESSES = 8

ALLOWED_SKIPS: frozenset[str] = frozenset()
"""Node ids that may be skipped in CI, each with its reason beside it."""


@pytest.fixture(scope="module", autouse=True)
def kept_environment() -> Iterator[None]:
    """Code that is a command's own leaves variables behind, such as where a demonstration's systems are: the next module must not find them."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder in memory where there is one, removed at the end."""
    folder = make_scratch_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_province(scratch: Path) -> LinkedProvince | None:
    """The province of the shared server, whose files are in place then; None if this process runs alone."""
    return copy_shared_server(scratch)


@pytest.fixture(scope="session")
def postgres_server(scratch: Path, shared_province: LinkedProvince | None) -> Iterator[EmbeddedServer]:
    """The session's server; nothing in it outlives the session."""
    with EmbeddedServer.start(scratch / SERVER_FOLDER, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres_server: EmbeddedServer, shared_province: LinkedProvince | None) -> str:
    """Name of a database that is migrated and empty, to be copied: that takes a tenth of the time of migrating one."""
    if shared_province is None:
        migrate_empty(postgres_server)
    return MIGRATED_DATABASE


@pytest.fixture
def database_url(postgres_server: EmbeddedServer, migrated: str) -> Iterator[str]:
    """A migrated database without rows for one test."""
    yield from _fresh(postgres_server, migrated)


@pytest.fixture(scope="module")
def module_database_url(postgres_server: EmbeddedServer, migrated: str) -> Iterator[str]:
    """A migrated database without rows for one module."""
    yield from _fresh(postgres_server, migrated)


@pytest.fixture
def new_database_url(postgres_server: EmbeddedServer) -> Iterator[str]:
    """A database with nothing in it for one test."""
    yield from _fresh(postgres_server, "template1")


@dataclass(frozen=True)
class ServedHub:
    """A hub with the demo province of 1,000 citizens, really served: `url` of the server, `database` of its store."""

    url: str
    database: str
    folder: Path
    personal_id: str
    doubtful_id: str
    runs: tuple[RunReport, ...]
    links: LinkReport


@pytest.fixture(scope="session")
def linked_province(
    scratch: Path, postgres_server: EmbeddedServer, migrated: str, shared_province: LinkedProvince | None
) -> LinkedProvince:
    """The demonstration, read and linked; made once."""
    return shared_province or link_province(postgres_server, scratch / PROVINCE_FOLDER)


@pytest.fixture(scope="module")
def province_url(linked_province: LinkedProvince, postgres_server: EmbeddedServer) -> Iterator[str]:
    """URL of a copy of the linked province, one for each module: what a module writes does not reach the next one."""
    yield from _fresh(postgres_server, linked_province.database)


@pytest.fixture(scope="module")
def served_hub(linked_province: LinkedProvince, province_url: str) -> Iterator[ServedHub]:
    """A hub that serves a copy of the linked province of its own for each module."""
    database = province_url
    with psycopg.connect(database) as connection:
        examples = Examples(linked_province.showcase_personal_id, find_doubtful_person(connection))
    settings = load_settings(explain=True)
    with served(create_app(settings, Logins.one(database), examples=examples)) as url:
        yield ServedHub(
            url,
            database,
            linked_province.folder,
            examples.linked,
            examples.doubtful,
            linked_province.runs,
            linked_province.links,
        )


def _fresh(server: EmbeddedServer, template: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(4)}"
    yield copy_database(server, template, name)
    server.drop_database(name)


SLOWEST_FIRST = tuple(
    f"tests/{name}.py"
    for name in (
        "system/models/test_link_model",
        "connectors/test_kit",
        "system/operate/test_two_versions",
        "connectors/test_conformance",
        "system/commands/test_cli",
        "connectors/test_verdicts",
        "system/linking/test_link_changes",
        "system/docs/test_docs_commands",
        "system/models/test_start_model",
        "system/faults/test_faults",
        "differential/test_lanes",
        "system/ledger/test_ledger_faults",
        "system/serving/test_replicas",
        "system/commands/test_reading_commands",
        "system/docs/test_guide",
        "system/commands/test_demo_command",
        "clients/test_codegen",
        "system/linking/test_link_vetoes",
        "system/models/test_link_models_stored",
        "permission/test_matrix",
        "permission/test_sub_selections",
        "system/operate/test_worker",
        "system/ledger/test_ledger_verify",
        "system/access/test_subject_rights",
        "browser/test_graphiql",
        "system/operate/test_images",
        "system/commands/test_connector_new",
        "system/console/test_officer_walk",
        "unit/ingest/test_check",
        "system/sources/test_cdc",
        "system/linking/test_evaluate",
        "system/models/test_link_training",
        "system/commands/test_extras",
        "system/stewards/test_discrepancies",
        "system/operate/test_sbom",
        "browser/test_console",
    )
)
"""Files that take 15 s of processor time or more, or wait as long; those that wait stand between those that work. A file stays in one
process: one that came last would keep a single process busy while the others have nothing left (`--no-loadscope-reorder` keeps this
order, instead of the most tests first)."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many processes `--numprocesses logical` starts."""
    wanted = PROCESSES_PER_CORE * len(os.sched_getaffinity(0))
    return max(1, min(wanted, MOST_PROCESSES, psutil.virtual_memory().available // PROCESS_MEMORY_BYTES))


def pytest_configure(config: pytest.Config) -> None:
    """Give processes that run beside each other a folder for what they share."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        folder = make_scratch_folder()
        os.environ[SHARED_FOLDER_VARIABLE] = str(folder)
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slowest files first; otherwise the order stays."""
    assert all((Path(__file__).parents[1] / name).is_file() for name in SLOWEST_FIRST), (
        "SLOWEST_FIRST names a file that is gone"
    )
    place = {name: number for number, name in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))


def pytest_collection_finish() -> None:
    """From now on look only through what the tests themselves make."""
    gc.collect()
    collect_rarely()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI, turn a skip that nobody allowed into a failure."""
    report: pytest.TestReport = yield  # type: ignore[misc,assignment]  # a wrapper gets the outcome
    if not hasattr(report, "wasxfail"):
        _fail_a_skip(report, item.nodeid)
    return report  # type: ignore[return-value]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """The same for a module that skips itself."""
    report: pytest.CollectReport = yield  # type: ignore[misc,assignment]  # a wrapper gets the outcome
    _fail_a_skip(report, collector.nodeid)
    return report  # type: ignore[return-value]


def _fail_a_skip(report: pytest.TestReport | pytest.CollectReport, node: str) -> None:
    if report.skipped and os.environ.get("CI") and node not in ALLOWED_SKIPS:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
