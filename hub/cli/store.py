"""Opening the store for a command: the database of HUB_DATABASE_URL, or the embedded server beneath HUB_HOME."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from hub.ingest.run import store_url
from hub.jobs import schema as jobs
from hub.settings import Settings
from hub.store.embedded import EmbeddedServer
from hub.store.engine import engine
from hub.store.migrate import migrate


@dataclass(frozen=True)
class Store:
    """An open, migrated store. `server` is set where it is the embedded one."""

    url: str
    engine: Engine
    server: EmbeddedServer | None


@contextmanager
def open_store(
    settings: Settings, *, durable: bool = True, server_settings: Mapping[str, str] | None = None
) -> Iterator[Store]:
    """The store, migrated, and its queue; an embedded server that this command started is stopped with it."""
    if settings.database_url is not None:
        yield from _opened(settings.database_url.get_secret_value(), None)
        return
    server = EmbeddedServer.start(settings.home / "postgresql", durable=durable, settings=server_settings or {})
    try:
        server.create_database("hub")
        yield from _opened(server.url("hub"), server)
    finally:
        server.stop()


def _opened(url: str, server: EmbeddedServer | None) -> Iterator[Store]:
    made = engine(url)
    try:
        migrate(made)
        jobs.apply(store_url(made))
        yield Store(url, made, server)
    finally:
        made.dispose()
