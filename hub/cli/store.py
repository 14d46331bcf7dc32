"""Opening the store for a command: the database of HUB_DATABASE_URL, or the embedded server beneath HUB_HOME."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from pydantic import SecretStr
from sqlalchemy import Engine

from hub.settings import Settings
from hub.store.connections.logins import Logins
from hub.store.engine import connect_for_run, make_engine, store_url
from hub.store.migrated_mark import is_migrated
from hub.store.revision import check_revision, missing_tables_error
from hub.store.server.embedded import EmbeddedServer

DATABASE = "hub"


@dataclass(frozen=True)
class OpenStore:
    """An open store at this program's revision. `server` is set where it is the embedded one.

    `logins` are those of the web process.
    """

    url: str
    engine: Engine
    server: EmbeddedServer | None
    logins: Logins


@contextmanager
def open_store(
    settings: Settings,
    *,
    durable: bool = True,
    server_settings: Mapping[str, str] | None = None,
    keep_running: bool = False,
) -> Iterator[OpenStore]:
    """The store, migrated, and its queue; an embedded server is stopped with the last command that uses it.

    `keep_running` starts it again should it be killed, for commands that go on for long.
    """
    if settings.database_url is not None:
        yield from _opened_store(settings.database_url.get_secret_value(), None, settings)
        return
    server = EmbeddedServer.start(settings.home / "postgresql", durable=durable, settings=server_settings or {})
    try:
        server.create_database(DATABASE)
        if keep_running:
            server.keep_running()
        yield from _opened_store(server.url(DATABASE), server, settings)
    finally:
        server.stop()


@contextmanager
def open_store_to_read(settings: Settings) -> Iterator[OpenStore]:
    """The store as it is, for a command that only reads: nothing is migrated because somebody looked at it.

    A role that may only select is enough. Raises HubMisconfigured if there are no tables, or those of another revision.
    """
    if settings.database_url is not None:
        yield from _as_it_is(settings.database_url.get_secret_value(), None, settings)
        return
    folder = settings.home / "postgresql"
    if not folder.exists():
        raise missing_tables_error()
    server = EmbeddedServer.start(folder)
    try:
        yield from _as_it_is(server.url(DATABASE), server, settings)
    finally:
        server.stop()


def open_store_to_serve(settings: Settings) -> AbstractContextManager[OpenStore]:
    """The store for serving: a database of somebody else's is left as it is, the embedded one is ours to migrate."""
    return (
        open_store_to_read(settings) if settings.database_url is not None else open_store(settings, keep_running=True)
    )


@contextmanager
def connect_to_store(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the store that `open_store` gives, for a command that writes."""
    with open_store(settings) as store, connect_for_run(store_url(store.engine)) as connection:
        yield connection


@contextmanager
def connect_to_read(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the store that `open_store_to_read` gives, for a command that only reads."""
    with open_store_to_read(settings) as store, connect_for_run(store_url(store.engine)) as connection:
        yield connection


def name_command() -> None:
    """Name the connections of a command, as far as nobody has: who looks at pg_stat_activity sees that a person runs it."""
    os.environ.setdefault("PGAPPNAME", "hub-command")


def _as_it_is(url: str, server: EmbeddedServer | None, settings: Settings) -> Iterator[OpenStore]:
    name_command()
    made = make_engine(url)
    try:
        check_revision(made)
        yield _describe_store(url, made, server, settings)
    finally:
        made.dispose()


def _opened_store(url: str, server: EmbeddedServer | None, settings: Settings) -> Iterator[OpenStore]:
    from hub.jobs import schema as jobs

    name_command()
    made = make_engine(url)
    try:
        if not is_migrated(made):
            # Alembic takes longer to import than most commands that only read take to run.
            from hub.store.migrate import migrate_store

            migrate_store(made)
        jobs.migrate_queue(store_url(made))
        yield _describe_store(url, made, server, settings)
    finally:
        made.dispose()


def _describe_store(url: str, made: Engine, server: EmbeddedServer | None, settings: Settings) -> OpenStore:
    if server is not None:
        return OpenStore(url, made, server, Logins.by_role(lambda role: server.login_url(role, DATABASE)))
    clerk = _secret_or(settings.clerk_url, url)
    logins = Logins(
        url,
        clerk,
        _secret_or(settings.ledger_url, clerk),
        _secret_or(settings.auditor_url, url),
        _secret_or(settings.steward_url, clerk),
    )
    return OpenStore(url, made, None, logins)


def _secret_or(given: SecretStr | None, default: str) -> str:
    return default if given is None else given.get_secret_value()
