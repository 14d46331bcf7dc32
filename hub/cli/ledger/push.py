"""`hub ledger push-spans`: send the log to a collector, from a timer."""

from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from hub.access.oidc.provider import is_provider_url
from hub.cli.ledger.log import open_log
from hub.cli.shown_values import ShownValues, record_shown
from hub.cli.terminal import ERR, OUT
from hub.errors import HubMisconfigured, OperationRefused
from hub.ledger.log.span_push import LogCollector, load_state, push_log, save_state
from hub.ledger.writing.records import RecordKind

MAX_TOKEN_BYTES = 10_000


def push_command(
    *,
    to: str,
    state: Path,
    token_file: Path | None = None,
    since: Annotated[str | None, Parameter(help="Month to begin with if nothing was sent yet, e.g. 2026-11.")] = None,
    patience: int = 60,
) -> None:
    """Send every entry that was not sent yet to a collector, as OTLP spans over HTTP. Run it from a timer. It is recorded in the ledger.

    Parameters
    ----------
    to
        Address of the collector, which ends in /v1/traces.
    state
        File that says how far each chain was sent; it is made if it is missing.
    token_file
        File with a token for the collector, sent as `Authorization: Bearer`.
    patience
        Seconds to retry a request before the command gives up. Accepted spans are not sent again.
    """
    if not is_provider_url(to) or not urlsplit(to).path.endswith("/v1/traces"):
        raise OperationRefused(
            "--to must be an https address that ends in /v1/traces",
            next_step="e.g. https://collector.example.gov.vn/v1/traces; plain http is accepted on this machine only",
        )
    known, begin = load_state(state), _parse_month(since)
    collector = LogCollector(to, _read_token(token_file), patience_s=float(patience))
    with open_log() as connection:
        details = {"looked_for": ["every entry"], "receiver": urlsplit(to).hostname or ""}
        record_shown(connection, ShownValues((), (), RecordKind.EXPORT, details=details))
        try:
            sent = push_log(
                connection,
                collector,
                known,
                lambda reached: save_state(state, reached),
                version=version("cross-sector-hub"),
                since=begin,
            )
        finally:
            collector.close()
    OUT.print(f"{sent:,} entries sent")
    ERR.print(f"how far each chain was sent is in {state}")


def _parse_month(month: str | None) -> date | None:
    try:
        return date.fromisoformat(f"{month}-01") if month else None
    except ValueError:
        raise OperationRefused("--since is not a month", next_step="e.g. --since 2026-11") from None


def _read_token(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        found = path.read_text(encoding="ascii")[:MAX_TOKEN_BYTES].strip()
    except (OSError, UnicodeDecodeError):
        found = ""
    if not found or not found.isprintable():
        raise HubMisconfigured(f"{path} has no token", next_step="put the token into the file, as one line")
    return found
