"""The log of a server: lines of text for a person, or lines of JSON for a collector (HUB_LOG_FORMAT). Never with a value of a record."""

import json
import logging
import logging.config
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from hub.cli.terminal import ERR, LineFormatter, escape_controls, show_text
from hub.extras import DISTRIBUTION_NAME
from hub.graph.execution.request_trace import REQUEST_ID
from hub.settings import Settings

LOG = logging.getLogger("hub.start")
TEXT = "%(asctime)s %(levelname)s %(name)s request=%(request_id)s %(message)s%(field_words)s"
LOGGERS = ("hub", "uvicorn", "psycopg")
"""Those of others are left alone: they are not about requests. psycopg's pool says in several lines why it cannot connect."""


class AddContext(logging.Filter):
    """Gives every record the id of the request it belongs to, and its fields in words."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true."""
        record.request_id = REQUEST_ID.get()
        fields = vars(record).get("fields") or {}
        record.field_words = "".join(f" {name}={_in_words(value)}" for name, value in fields.items())
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object in one line: time, level, logger, requestId, event, and what the record says of itself."""

    def format(self, record: logging.LogRecord) -> str:
        """The line. Of an error its kind alone: its message may quote a value."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "requestId": vars(record).get("request_id", "-"),
            "event": record.getMessage(),
            **(vars(record).get("fields") or {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            said["error"] = record.exc_info[0].__name__
        return json.dumps(said, default=str)


def make_log_config(settings: Settings) -> dict[str, Any]:
    """The configuration of `logging` for a server. Warnings and errors are said, the start, and requests if HUB_REQUEST_LOG is on."""
    formatter: dict[str, Any] = {"()": JsonFormatter} if is_json(settings) else {"()": LineFormatter, "format": TEXT}
    stderr = {
        "class": "logging.StreamHandler",
        "formatter": "line",
        "filters": ["context"],
        "stream": "ext://sys.stderr",
    }
    levels = {
        "hub.start": "INFO",
        "hub.replicas": "INFO",
        "hub.worker": "INFO",
        "hub.request": "INFO" if settings.request_log else "WARNING",
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": AddContext}},
        "formatters": {"line": formatter},
        "handlers": {"stderr": stderr},
        "loggers": {name: {"handlers": ["stderr"], "level": "WARNING", "propagate": False} for name in LOGGERS}
        | {name: {"level": level} for name, level in levels.items()},
    }


def start_log(settings: Settings, process: str) -> None:
    """Configure the log of a server, and name the database connections that have no name of their own after it: `hub-serve`."""
    logging.config.dictConfig(make_log_config(settings))
    # libpq reads it; a name in the URL of the database, or one that the environment has already, wins.
    os.environ.setdefault("PGAPPNAME", f"hub-{process}")


def log_start(settings: Settings, address: str | None, connectors: Iterable[str]) -> None:
    """One line with what starts: version, address, access, connectors, and which settings are not as they come, without their values."""
    fields = {
        "version": version(DISTRIBUTION_NAME),
        "address": address,
        "access": settings.access,
        "connectors": sorted(connectors),
        "settings": list_changed_settings(settings),
    }
    LOG.info("started", extra={"fields": fields})


def list_changed_settings(settings: Settings) -> list[str]:
    """Variables of the settings that differ from their defaults. A name says no secret."""
    return [
        f"HUB_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if getattr(settings, name) != field.default
    ]


def is_json(settings: Settings) -> bool:
    """Whether lines are JSON."""
    return settings.log_format == "json"


def write_log_line(settings: Settings, words: str, *, level: int = logging.INFO) -> None:
    """Say something about the start on stderr: to a person as it is, to a collector as a line of the log."""
    if is_json(settings):
        LOG.log(level, words)
    else:
        ERR.print(words)


def tell_work(settings: Settings, words: str) -> None:
    """Say what a worker did, in one line with its time: to a person on stdout, to a collector as a line of the log."""
    if is_json(settings):
        logging.getLogger("hub.worker").info(words)
    else:
        time = datetime.now().astimezone().isoformat(timespec="seconds")
        show_text(f"{time} {escape_controls(words)}", flush=True)


def _in_words(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else "-" if value is None else str(value)
