"""The proxies of docs/how-to/set-up-tls-and-a-proxy.md in front of a hub: over TLS, queries, the page, subscriptions of both kinds."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from websockets.sync.client import connect

from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app
from tests.doc_blocks import ROOT, blocks_of
from tests.serving import served, settled
from tests.system.trial import Trial, person

PAGE = ROOT / "docs" / "how-to" / "set-up-tls-and-a-proxy.md"
NAME = "hub.quangninh.example"
CHANGES = {"query": "subscription { recordChanged { action type } }"}


@dataclass(frozen=True)
class Proxy:
    """A proxy that listens at 127.0.0.1:`port` with a certificate for NAME, in front of the hub at `behind`."""

    port: int
    behind: str
    trust: ssl.SSLContext


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def make_certificate(folder: Path) -> ssl.SSLContext:
    """Make a certificate for the example's name. Returns a context that trusts it alone."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1", "-keyout", "hub.key", "-out", "hub.crt"],
        cwd=folder, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    (folder / "hub.pem").write_text((folder / "hub.crt").read_text() + (folder / "hub.key").read_text())
    return ssl.create_default_context(cafile=str(folder / "hub.crt"))


def configuration(language: str, folder: Path, port: int, hub: str) -> str:
    """The page's configuration, with the test's port, certificates and hub put in."""
    (block,) = [block for block in blocks_of(PAGE) if block.language == language]
    text = block.text.replace("/etc/hub/tls", str(folder)).replace("127.0.0.1:8000", hub.removeprefix("http://"))
    listening = {
        "nginx": ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        "haproxy": ("bind :443", f"bind 127.0.0.1:{port}"),
    }
    assert listening[language][0] in text
    text = text.replace(*listening[language])
    if language == "haproxy":
        return text
    paths = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"daemon off; pid {folder}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off; {paths}\n{text}\n}}"


@pytest.fixture(params=["nginx", "haproxy"])
def proxy(request: pytest.FixtureRequest, tmp_path: Path, trial: Trial, database_url: str) -> Iterator[Proxy]:
    program = shutil.which(request.param, path="/usr/sbin:/usr/bin:" + os.environ["PATH"])
    if program is None:
        pytest.skip(f"{request.param} is not installed: run tests/install_packages.sh")
    trust, port = make_certificate(tmp_path), free_port()
    settings = load_settings(allowed_hosts=f"{NAME},{NAME}:{port},localhost")
    with served(create_app(settings, Logins.one(database_url))) as hub:
        path = tmp_path / "proxy.conf"
        path.write_text(configuration(request.param, tmp_path, port, hub))
        arguments = {"nginx": ["-p", str(tmp_path), "-c", str(path)], "haproxy": ["-db", "-f", str(path)]}
        process = subprocess.Popen([program, *arguments[request.param]], stderr=subprocess.PIPE, text=True)
        try:
            await_listening(process, port)
            yield Proxy(port, hub, trust)
        finally:
            process.terminate()
            process.communicate(timeout=20)


def await_listening(process: "subprocess.Popen[str]", port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()[1]
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the proxy does not listen")


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx2.Client]:
    """A client that checks the certificate and asks for the example's name."""
    host = {"host": f"{NAME}:{proxy.port}"}
    with httpx2.Client(
        base_url=f"https://127.0.0.1:{proxy.port}", verify=proxy.trust, headers=host, timeout=30
    ) as made:
        yield made


def test_queries_and_the_page_come_through(client: httpx2.Client) -> None:
    assert client.get("/readyz").json() == {"status": "ready"}
    answer = client.post("/graphql", json={"query": "{ citizens { totalCount } }"})
    assert answer.json() == {"data": {"citizens": {"totalCount": 0}}}
    assert answer.headers["strict-transport-security"]
    page = client.get("/graphql", headers={"accept": "text/html"})
    assert (page.status_code, "graphiql" in page.text) == (200, True)


def test_another_name_is_refused(client: httpx2.Client) -> None:
    assert (
        client.get("/graphql", params={"query": "{ __typename }"}, headers={"host": "other.example"}).status_code == 421
    )


def test_a_change_arrives_at_once_by_websocket(proxy: Proxy, trial: Trial) -> None:
    origin = f"https://{NAME}:{proxy.port}"
    trial.write(person(1))
    trial.sync()
    with connect(
        f"wss://{NAME}:{proxy.port}/graphql", sock=socket.create_connection(("127.0.0.1", proxy.port)), ssl=proxy.trust,
        origin=origin, subprotocols=["graphql-transport-ws"],  # type: ignore[arg-type,list-item]  # they are strings
    ) as websocket:  # fmt: skip
        websocket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(websocket.recv(30)) == {"type": "connection_ack"}
        websocket.send(json.dumps({"type": "subscribe", "id": "1", "payload": CHANGES}))
        settled(proxy.behind)
        trial.write(person(1, "Lê Văn Bình"))
        trial.sync()
        event = json.loads(websocket.recv(30))
    assert event["payload"]["data"]["recordChanged"] == {"action": "CHANGED", "type": "Citizen"}


def test_a_change_arrives_at_once_by_server_sent_events(proxy: Proxy, client: httpx2.Client, trial: Trial) -> None:
    trial.write(person(1))
    trial.sync()
    with client.stream("POST", "/graphql", json=CHANGES, headers={"accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        settled(proxy.behind)
        trial.write(person(1, "Lê Văn Bình"))
        trial.sync()
        line = next(line for line in answer.iter_lines() if "recordChanged" in line)
    assert '"CHANGED"' in line
