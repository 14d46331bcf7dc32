"""The clients graphql-ws and graphql-sse on the live hub, fed by the hub's own ingest."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette

from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from tests.clients.conftest import SCRIPTS, NodeProject
from tests.clients.follower import following
from tests.serving import followable, served, settled
from tests.system.trial import Trial, person

CHANGES = """subscription($types: [RecordType!]) {
  recordChanged(types: $types) { action type node { ... on Citizen { fullName } } }
}"""
QUIET = 'subscription { recordChanged(source: "nobody") { recordId } }'
KINDS = pytest.mark.parametrize("kind", ["ws", "sse"])


@contextmanager
def served_at(port: int, app: Starlette) -> Iterator[str]:
    """Serve on a port that is known before; gone, with its connections, at the end."""
    config = uvicorn.Config(app, port=port, log_level="error", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    url = f"http://127.0.0.1:{port}"
    try:
        with followable(url, app):
            yield url
    finally:
        server.should_exit = True
        thread.join(60)
    assert not thread.is_alive()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def hub(postgres_server: EmbeddedServer) -> Iterator[str]:
    """A hub without records, in which one subscription may be open."""
    postgres_server.create_database("followed")
    made = make_engine(postgres_server.url("followed"))
    migrate_store(made)
    made.dispose()
    with served(create_app(load_settings(max_subscriptions=1), Logins.one(postgres_server.url("followed")))) as url:
        yield url


def followed(trial: Trial) -> None:
    """Wait until the hub listens for changes, which it does once somebody follows."""
    until = time.monotonic() + 90
    while trial.rows(
        "select count(*) from pg_stat_activity where datname = current_database() and query like 'listen %%'"
    ) == [(0,)]:
        assert time.monotonic() < until, "nobody follows"
        time.sleep(0.05)


@KINDS
def test_a_change_reaches_who_follows(node: NodeProject, trial: Trial, database_url: str, kind: str) -> None:
    trial.write(person(1))
    trial.sync()
    with served(create_app(load_settings(), Logins.one(database_url))) as url, following(node, kind, url) as client:
        client.subscribe(CHANGES, types=["Citizen"])
        settled(url)
        trial.write(person(1, "Lê Văn Ân"), person(2, "Đỗ Văn Chí"))
        trial.sync()
        changes = sorted((client.change() for _ in range(2)), key=lambda change: str(change["action"]))
        client.leave()
        client.hear("complete")
    assert changes == [
        {"action": "ADDED", "type": "Citizen", "node": {"fullName": "Đỗ Văn Chí"}},
        {"action": "CHANGED", "type": "Citizen", "node": {"fullName": "Lê Văn Ân"}},
    ]


@KINDS
def test_who_leaves_gives_the_place_back(node: NodeProject, hub: str, kind: str) -> None:
    """The hub has one place. Over WebSocket the connection stays, so it is the client's message that frees it."""
    with following(node, kind, hub) as client, following(node, kind, hub) as other:
        client.subscribe(QUIET)
        settled(hub)
        other.subscribe(QUIET, "refused")
        (error,) = other.hear("next")["result"]["errors"]
        assert error["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
        other.hear("complete")
        client.leave()
        client.hear("complete")
        settled(hub, 0)
        other.subscribe(QUIET, "taken")
        settled(hub)
        client.subscribe(QUIET, "refused")
        assert client.hear("next")["id"] == "refused"
        assert other.is_quiet()


@KINDS
def test_a_refusal_reaches_the_caller(node: NodeProject, hub: str, kind: str) -> None:
    with following(node, kind, hub) as client:
        client.subscribe("subscription { nothing }")
        refused = client.hear("error")
    if kind == "ws":
        assert refused["errors"][0]["extensions"]["code"] == "INVALID"
    else:
        assert refused["status"] == 400


@KINDS
def test_a_query_is_answered_and_over(node: NodeProject, hub: str, kind: str) -> None:
    with following(node, kind, hub) as client:
        client.subscribe("{ citizens { totalCount } }")
        assert client.hear("next")["result"] == {"data": {"citizens": {"totalCount": 0}}}
        client.hear("complete")


@pytest.mark.parametrize("protocol", ["graphql-transport-ws", "graphql-ws"])
def test_the_older_protocol_is_refused(node: NodeProject, hub: str, protocol: str) -> None:
    opened = protocol if protocol == "graphql-transport-ws" else None
    assert node.report("node", "older.mjs", f"{hub}/graphql", protocol) == {"opened": opened}


@KINDS
def test_who_follows_comes_back_after_a_restart(node: NodeProject, trial: Trial, database_url: str, kind: str) -> None:
    trial.write(person(1))
    trial.sync()
    port = free_port()
    with following(node, kind, f"http://127.0.0.1:{port}", 1_000) as client:
        with served_at(port, create_app(load_settings(), Logins.one(database_url))) as url:
            client.subscribe(CHANGES)
            client.hear("connected")
            settled(url)
        with served_at(port, create_app(load_settings(), Logins.one(database_url))) as url:
            client.hear("connected")
            settled(url)
            trial.write(person(1), person(2, "Sau Khi Nghỉ"))
            trial.sync()
            assert client.change()["node"] == {"fullName": "Sau Khi Nghỉ"}


@KINDS
def test_the_hub_stops_while_it_is_followed(node: NodeProject, trial: Trial, database_url: str, kind: str) -> None:
    """`hub serve` ends when it is told to, as a service manager does; who follows does not hold it up."""
    port = free_port()
    command = [f"{SCRIPTS}/hub", "serve", "--port", str(port)]
    environment = {**os.environ, "HUB_DATABASE_URL": database_url}
    with (
        subprocess.Popen(command, env=environment) as process,
        following(node, kind, f"http://127.0.0.1:{port}", 1_000) as client,
    ):
        try:
            client.subscribe(CHANGES)
            client.hear("connected")
            followed(trial)
            process.terminate()
            assert process.wait(60) is not None
        finally:
            process.kill()
