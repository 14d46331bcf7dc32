"""Connections: an SQLAlchemy engine for writing and administration, asynchronous psycopg pools for reads and for deliveries."""

from collections.abc import Awaitable, Callable
from typing import Any

from psycopg import AsyncConnection, Connection
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from hub.errors import HubMisconfigured
from hub.store.connections.connection import SILENCE_TIMEOUTS, StoreConnection
from hub.store.connections.read_pool import ReadPool

SESSION = "-c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601 -c search_path=pg_catalog"
"""Text forms of values go into content hashes and JSON, so a session never takes them from the server's settings."""

ASSUME_FAST_DISKS = (
    "select set_config('random_page_cost', '1.1', false) from pg_settings"
    " where name = 'random_page_cost' and source = 'default'"
)
"""PostgreSQL's own default is for discs that turn: by it, 10,000 changed rows are found by reading a table of a million, nine
times in a merge. If the operator of the server has said what a page costs, that holds.
"""


def add_silence_timeouts(url: str) -> str:
    """The URL of a PostgreSQL server with the parameters of SILENCE_TIMEOUTS that it does not set itself."""
    parsed = parse_url(url)
    missing = {name: value for name, value in SILENCE_TIMEOUTS.items() if name not in parsed.query}
    return parsed.update_query_dict(missing).render_as_string(hide_password=False)


def parse_url(url: str) -> URL:
    """The parts of a PostgreSQL URL. Raises HubMisconfigured."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or not parsed.get_backend_name().startswith("postgres"):
        raise HubMisconfigured(
            "the database's URL is not one of PostgreSQL",
            next_step="write HUB_DATABASE_URL as postgresql://user:password@host:5432/database",
        )
    return parsed


def make_engine(url: str) -> Engine:
    """An engine over psycopg. `url` is a PostgreSQL URL; two connections at most are kept."""
    made = create_engine(
        make_url(add_silence_timeouts(url)).set(drivername="postgresql+psycopg"),
        pool_size=2,
        pool_pre_ping=True,
        connect_args={"options": SESSION},
    )
    event.listen(made, "do_connect", _connect)
    return made


def _connect(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> StoreConnection:
    return StoreConnection.connect(**options)


def store_url(engine: Engine) -> str:
    """The URL of an engine's database, as psycopg takes it. It holds the password."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def connect_for_run(url: str) -> Connection[Any]:
    """A connection for a run: generous memory for the few statements of a merge, since one run at a time has it.

    The server looks every second whether its client lives, so that a killed run gives its lock back within a statement.
    """
    memory = "-c maintenance_work_mem=256MB -c work_mem=128MB"
    watched = "-c client_connection_check_interval=1s"
    connection = StoreConnection.connect(url, options=f"{SESSION} {memory} {watched}", autocommit=True)
    connection.execute(ASSUME_FAST_DISKS)
    return connection


def make_read_pool(
    url: str,
    *,
    size: int,
    statement_timeout_s: float,
    kept: int = 2,
    wait_s: float = 5,
    name: str = "reads",
    configure: Callable[[AsyncConnection[Any]], Awaitable[None]] | None = None,
) -> ReadPool:
    """A pool of autocommit connections that may only read; opened by the caller. `kept` of them are never closed, and a read waits `wait_s` for one.

    With `configure`, which is called for each new connection, the pool asks for no settings: a pooler would refuse or forget them.
    """
    options = f"{SESSION} -c default_transaction_read_only=on -c statement_timeout={int(statement_timeout_s * 1000)}"

    return ReadPool(
        add_silence_timeouts(url),
        min_size=min(kept, size),
        max_size=size,
        open=False,
        kwargs={
            "autocommit": True,
            "application_name": "hub-read",
            "prepare_threshold": None,
            **({"options": options} if configure is None else {}),
        },
        configure=configure,
        timeout=wait_s,
        reconnect_timeout=3,
        name=name,
    )


def make_write_pool(url: str, *, size: int, statement_timeout_s: float) -> AsyncConnectionPool[AsyncConnection[Any]]:
    """A pool of autocommit connections that may write; opened by the caller, and without connections until one is used.

    What it commits is on disk, whatever the server's settings: a sender is told so and forgets what it sent.
    """
    options = f"{SESSION} -c synchronous_commit=on -c statement_timeout={int(statement_timeout_s * 1000)}"
    return AsyncConnectionPool(
        add_silence_timeouts(url),
        min_size=0,
        max_size=size,
        open=False,
        kwargs={"autocommit": True, "options": options, "application_name": "hub-write"},
        timeout=5,
        name="writes",
    )
