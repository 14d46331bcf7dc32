"""The log of a server: one line for each record, as text or JSON, without values."""

import json
import subprocess
import sys

import pytest

from hub.cli.operate.logs import list_changed_settings
from hub.settings import Settings

SCRIPT = """
import logging, sys
from hub.cli.operate.logs import log_start, start_log, tell_work, write_log_line
from hub.graph.execution.request_meter import RequestMeter
from hub.graph.execution.request_trace import REQUEST_ID
from hub.settings import Settings
settings = Settings(log_format=sys.argv[1], request_log=sys.argv[2] == "on", ledger_timestamp_url="https://secret.example", access="off")
start_log(settings, "serve")
log_start(settings, "http://127.0.0.1:8000", ["land", "finance"])
write_log_line(settings, "Metrics at http://127.0.0.1:9464/metrics")
tell_work(settings, "sync land: started")
logging.getLogger("psycopg.pool").warning("error connecting in %r: %s", "reads", "server closed the connection\\n\\tunexpectedly")
logging.getLogger("elsewhere").warning("of another library")
REQUEST_ID.set("0123456789abcdef-1")
RequestMeter(["Known"], [], logs=settings.request_log).note("FORBIDDEN_FIELD", 0.0, operation="Nguyễn Văn A", size_bytes=12)
try:
    raise ValueError("Nguyễn Văn A")
except ValueError:
    logging.getLogger("uvicorn.error").exception("failed")
"""


def run(form: str, requests: str = "on") -> tuple[list[str], list[str]]:
    """Lines of stdout and of stderr."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, form, requests],
        capture_output=True, text=True, timeout=60, check=True, env={"PATH": ""},
    )  # fmt: skip
    return done.stdout.splitlines(), done.stderr.splitlines()


def test_json_lines_have_time_level_logger_request_and_event() -> None:
    out, err = run("json")
    assert out == []
    lines = [json.loads(line) for line in err if "of another library" not in line]
    assert all({"time", "level", "logger", "requestId", "event"} <= line.keys() for line in lines)
    started, metrics, work, pool, request, failed = lines
    assert (started["event"], started["access"], started["connectors"]) == ("started", "off", ["finance", "land"])
    assert {"HUB_LOG_FORMAT", "HUB_REQUEST_LOG", "HUB_ACCESS", "HUB_LEDGER_TIMESTAMP_URL"} == set(started["settings"])
    assert started["version"]
    assert metrics["event"].startswith("Metrics at")
    assert (work["logger"], work["event"]) == ("hub.worker", "sync land: started")
    assert (pool["logger"], pool["level"]) == ("psycopg.pool", "warning")
    assert "server closed the connection\n\tunexpectedly" in pool["event"]  # JSON writes it in one line
    assert (request["requestId"], request["outcome"], request["code"]) == ("0123456789abcdef-1", "refused", "FORBIDDEN_FIELD")  # fmt: skip
    assert (request["operation"], request["bytes"]) == ("other", 12)
    assert (failed["level"], failed["error"]) == ("error", "ValueError")
    assert "Nguy" not in str(lines)
    assert "secret.example" not in str(lines)


def test_text_lines_have_the_same_in_one_line_each() -> None:
    out, err = run("text")
    (work,) = out
    assert work.endswith(" sync land: started")
    assert err[1] == "Metrics at http://127.0.0.1:9464/metrics"
    assert "INFO hub.start request=- started version=" in err[0]
    assert "connectors=finance,land" in err[0]
    assert "secret.example" not in err[0]
    pool = next(line for line in err if "psycopg.pool" in line)
    assert pool.endswith("server closed the connection\\n\\tunexpectedly")
    request = next(line for line in err if "hub.request" in line)
    assert "request=0123456789abcdef-1 request operation=other purpose=none outcome=refused code=FORBIDDEN_FIELD" in request  # fmt: skip


@pytest.mark.parametrize("form", ["text", "json"])
def test_requests_are_logged_only_if_that_is_asked_for(form: str) -> None:
    assert not [line for line in run(form, "off")[1] if "hub.request" in line]


def test_only_settings_that_differ_are_named() -> None:
    assert list_changed_settings(Settings(access="on")) == []
    assert list_changed_settings(Settings(access="on", pool_size=9)) == ["HUB_POOL_SIZE"]
