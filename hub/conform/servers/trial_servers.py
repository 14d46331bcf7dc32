"""The ground that trials stand on: an ephemeral PostgreSQL with a store for each of them, made from one migrated template."""

import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from hub.ingest.read.retry_log import instrumentation
from hub.ingest.run.connector_run import RunReport, run_connectors
from hub.model.names import quote_identifier, quote_identifiers
from hub.model.registry import load_registry
from hub.sdk.manifest import Manifest
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer

MEMORY_FOLDER = Path("/dev/shm")
EMPTY_DATABASE = "conform_empty"
SERVER_SETTINGS: Mapping[str, str] = {"shared_buffers": "64MB"}
CDC_SERVER_SETTINGS: Mapping[str, str] = {
    **SERVER_SETTINGS,
    "wal_level": "logical",
    "max_wal_senders": "10",
    "max_replication_slots": "20",
}

Key = tuple[str, str, str]
"""A record of the store: stream, entity, source key."""
Held = dict[Key, tuple[Any, ...]]
"""What the store holds: record → its values."""


@dataclass(frozen=True)
class TrialStore:
    """A hub's store for one trial."""

    url: str
    name: str

    def run(self, manifest: Manifest) -> RunReport:
        """Run a connector once."""
        made = make_engine(self.url)
        try:
            (report,) = run_connectors(made, [manifest])
        finally:
            made.dispose()
        return report

    def held(self, manifest: Manifest) -> Held:
        """Every record of the connector with its values."""
        return {key: values for key, (values, _) in self._read(manifest, identities=False).items()}

    def identities(self, manifest: Manifest) -> dict[Key, Any]:
        """Every record with its id and the time since which it is so: what stays if nothing changed."""
        return {key: identity for key, (_, identity) in self._read(manifest, identities=True).items()}

    def quarantined(self) -> list[tuple[str, str, str | None]]:
        """Stream, entity and source key of the rows that wait."""
        query = (
            "select s.name, q.entity, q.source_key from hub.quarantine q join hub.stream s on s.id = q.stream_id"
            " where q.resolved_at is null order by q.id"
        )
        return self.ask(query)

    def ask(self, query: str) -> list[Any]:
        """The rows of a statement; none if it gives none."""
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def _read(self, manifest: Manifest, *, identities: bool) -> dict[Key, tuple[tuple[Any, ...], Any]]:
        found: dict[Key, tuple[tuple[Any, ...], Any]] = {}
        with psycopg.connect(self.url) as connection:
            for entity in sorted({entity for stream in manifest.streams.values() for entity in stream.emits}):
                columns = quote_identifiers((column.name for column in load_registry()[entity].columns), "t")
                query = (
                    f"select s.name, t.source_key, t.id, t.sys_from, {columns}"  # noqa: S608 constants and quoted identifiers
                    f" from data.{quote_identifier(load_registry()[entity].table)} t join hub.stream s on s.id = t.stream_id"
                )
                for stream, key, number, since, *values in connection.execute(query.encode()):
                    found[stream, entity, key] = (tuple(values), (number, since) if identities else None)
        return found


@dataclass
class TrialServers:
    """The servers: one for stores and sources, and one for sources whose log is followed, started when first wanted.

    To make a slot waits for every transaction of its server, and the hub has one open while it reads.
    """

    folder: Path
    server: EmbeddedServer
    stack: ExitStack
    followed: EmbeddedServer | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    @contextmanager
    def prepared(cls) -> "Iterator[TrialServers]":
        """A server with an empty store as template, gone at the end."""
        hooks = instrumentation.get_on_retry_hooks()
        # Sources that break are tried again all the time here; nobody wants to read of each.
        instrumentation.set_on_retry_hooks(())
        base = MEMORY_FOLDER if os.access(MEMORY_FOLDER, os.W_OK) else None
        folder = Path(tempfile.mkdtemp(prefix="hub-conform-", dir=base))
        folder.chmod(0o711)
        try:
            with ExitStack() as stack:
                server = stack.enter_context(_start_server(folder / "postgresql", SERVER_SETTINGS))
                server.create_database(EMPTY_DATABASE)
                made = make_engine(server.url(EMPTY_DATABASE))
                migrate_store(made)
                made.dispose()
                yield cls(folder, server, stack)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            instrumentation.set_on_retry_hooks(hooks)

    @contextmanager
    def store(self, like: str = EMPTY_DATABASE) -> Iterator[TrialStore]:
        """A store as the one of this name is."""
        name = f"conform_{secrets.token_hex(4)}"
        # Copied as files: by way of the WAL, as is usual, it takes three times the processor time.
        copy = sql.SQL("create database {} template {} strategy file_copy")
        self._admin(copy.format(sql.Identifier(name), sql.Identifier(like)))
        try:
            yield TrialStore(self.server.url(name), name)
        finally:
            self.server.drop_database(name)

    @contextmanager
    def database(self, *, followed: bool = False) -> Iterator[tuple[EmbeddedServer, str]]:
        """An empty database for a source, on a server: the server and its name."""
        with self.lock:
            if followed and self.followed is None:
                self.followed = self.stack.enter_context(_start_server(self.folder / "followed", CDC_SERVER_SETTINGS))
        server = self.followed if followed and self.followed else self.server
        name = f"source_{secrets.token_hex(4)}"
        server.create_database(name)
        try:
            yield server, name
        finally:
            server.drop_database(name)

    def scratch(self) -> Path:
        """A new folder, gone with the ground."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def _admin(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def _start_server(folder: Path, settings: Mapping[str, str]) -> EmbeddedServer:
    return EmbeddedServer.start(folder, durable=False, settings=settings)
