"""Fixtures that every test may use.

One embedded PostgreSQL serves the whole session, on a tmpfs where there is one, without waiting for the disk; each test
that asks for a database gets a fresh one of its own. In CI a skipped test fails: what is skipped there has not passed.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store.embedded import EmbeddedServer

ALLOWED_SKIPS: frozenset[str] = frozenset()
"""Node ids that may be skipped in CI, each with its reason beside it."""


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder in memory where there is one, removed at the end."""
    base = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="hub-test-", dir=base if os.access(base, os.W_OK) else None))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(scratch: Path) -> Iterator[EmbeddedServer]:
    """The session's server; nothing in it outlives the session."""
    with EmbeddedServer.start(scratch / "postgresql", durable=False) as server:
        yield server


@pytest.fixture
def database_url(postgres_server: EmbeddedServer) -> Iterator[str]:
    """An empty database for one test."""
    yield from _fresh(postgres_server)


@pytest.fixture(scope="module")
def module_database_url(postgres_server: EmbeddedServer) -> Iterator[str]:
    """An empty database for one module."""
    yield from _fresh(postgres_server)


def _fresh(server: EmbeddedServer) -> Iterator[str]:
    name = f"test_{secrets.token_hex(4)}"
    server.create_database(name)
    yield server.url(name)
    server.drop_database(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI, turn a skip that nobody allowed into a failure."""
    report: pytest.TestReport = yield  # type: ignore[misc,assignment]  # a wrapper gets the outcome
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail") and item.nodeid not in ALLOWED_SKIPS:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report  # type: ignore[return-value]
