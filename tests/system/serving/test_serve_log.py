"""`hub serve` as a process: its log in JSON, its metrics, and the names of its connections in PostgreSQL."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import psycopg
import pytest

from hub.cli import main
from hub.cli.operate.serve import serve

PROGRAM = """
from hub.cli.store import open_store_to_read
from hub.settings import load_settings
with open_store_to_read(load_settings()) as store, store.engine.connect() as connection:
    print(connection.exec_driver_sql("select current_setting('application_name')").scalar_one())
"""
NAME = "Quyền Thị Trồng-Mốc"


@pytest.mark.parametrize(("given", "name"), [({}, "hub-command"), ({"PGAPPNAME": "night"}, "night")], ids=str)
def test_a_command_names_its_connections(database_url: str, given: dict[str, str], name: str) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HUB_", "PG"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment | {"HUB_DATABASE_URL": database_url} | given,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == name, done.stderr


def test_a_served_hub_logs_json_and_names_its_connections(database_url: str, tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "PG"))},
        "HUB_DATABASE_URL": database_url,
        "HUB_ACCESS": "off",
        "HUB_LOG_FORMAT": "json",
        "HUB_REQUEST_LOG": "true",
        "HUB_METRICS_PORT": "0",
    }
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", "from hub.cli import main; main(['serve', '--port', '0'])"],
            env=environment, stdout=out, stderr=out, cwd=tmp_path,
        )  # fmt: skip
    try:
        until = time.monotonic() + 120
        while not (metrics := re.search(r"Metrics at (http://[\d.:]+)/metrics", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        (started,) = (line for line in lines if line["event"] == "started")
        assert (started["access"], "HUB_DATABASE_URL" in started["settings"]) == ("off", True)
        assert database_url not in str(lines)
        url = started["address"]
        body = {"query": "query Q($n: String!) { citizens(filter: { fullName: { eq: $n } }) { totalCount } }", "variables": {"n": NAME}}  # fmt: skip
        answer = httpx2.post(f"{url}/graphql", json=body, timeout=30)
        assert answer.json()["data"] == {"citizens": {"totalCount": 0}}
        httpx2.post(f"{url}/graphql", json={"query": NAME}, timeout=30)
        with psycopg.connect(database_url) as connection:
            names = {
                name
                for (name,) in connection.execute(
                    "select application_name from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
                )
            }
        assert "hub-read" in names
        assert all(name.startswith("hub-") for name in names), names
        assert "hub_requests_total" in httpx2.get(f"{metrics[1]}/metrics", timeout=60).text
    finally:
        process.terminate()
        assert process.wait(60) in (0, -15)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    requests = [line for line in lines if line["logger"] == "hub.request"]
    assert [(line["outcome"], line["code"]) for line in requests] == [("ok", None), ("refused", "SYNTAX")]
    assert requests[0]["requestId"] == answer.headers["x-request-id"]
    assert requests[0]["bytes"] == len(answer.content)
    assert requests[0]["ms"] > 0
    assert "Trồng" not in log.read_text()
    assert "tr\\u1ed3ng" not in log.read_text().lower()


@pytest.mark.parametrize("workers", [(), ("--workers", "2")])
def test_without_access_control_nothing_listens_and_nothing_says_it_started(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], workers: tuple[str, ...]
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_ACCESS", "off")
    monkeypatch.setattr(serve, "bind_socket", lambda *_: pytest.fail("it listens"))
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--host", "0.0.0.0", "--port", "0", *workers])
    assert ended.value.code == 78
    said = "".join(capsys.readouterr())
    assert "HUB_ACCESS=off is not allowed on 0.0.0.0" in said
    assert "started" not in said
    assert "GraphQL" not in said
