"""`hub keys`: API keys of apps. A key is shown once, when it is made."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import cyclopts
from cyclopts import Parameter

from hub.access.callers.api_keys import KEY_CACHED_S, ApiKey, NewApiKey, create_key, list_keys, revoke_key
from hub.access.callers.principals import SOURCE_SCOPE, ClientKind
from hub.cli.options import Json
from hub.cli.store import connect_to_read, connect_to_store
from hub.cli.terminal import ERR, OUT, show_json, show_table
from hub.errors import OperationRefused
from hub.ingest.connectors import load_manifests
from hub.settings import load_settings

app = cyclopts.App(name="keys")
COLUMNS = ("prefix", "name", "kind", "offices", "scopes", "made", "ends", "revoked")


@app.command(name="new")
def new_command(
    name: str,
    *,
    kind: Literal["app", "explorer"] = "app",
    office: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    scope: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    days: int = 90,
) -> None:
    """Make a key and print it. It cannot be shown again.

    Parameters
    ----------
    name
        The app and who runs it, e.g. "one-stop portal, land office".
    kind
        app reads under a purpose; explorer sees masked data only.
    office
        Code of an administrative unit that the app works for, e.g. 26737. Repeat it for several.
    scope
        What the app may do beside reading: dossier:open opens dossiers at its offices, source:land reconciles the copies of the connector land.
        Repeat it for several.
    days
        Days until the key ends, at most 730.
    """
    expires_at = datetime.now(UTC) + timedelta(days=days)
    wanted = NewApiKey(name, ClientKind(kind), office, scope, expires_at)
    refuse_unknown_sources(scope)
    with connect_to_store(load_settings()) as connection:
        key = create_key(connection, wanted)
    ERR.print(f"This key is shown once and ends on {expires_at:%Y-%m-%d}. Send it as `Authorization: Bearer <key>`.")
    OUT.print(key)


def refuse_unknown_sources(scopes: Sequence[str]) -> None:
    """Raises OperationRefused if a scope names a source that no connector is of: a key with it would reconcile nothing."""
    known = load_manifests()
    named = [scope.removeprefix(SOURCE_SCOPE) for scope in scopes if scope.startswith(SOURCE_SCOPE)]
    unknown = [source for source in named if source not in known]
    if unknown:
        raise OperationRefused(
            f"there is no connector {', '.join(unknown)}",
            next_step=f"use one of {', '.join(f'{SOURCE_SCOPE}{name}' for name in sorted(known))}",
        )


@app.command(name="list")
def list_command(*, all: bool = False, json: Json = False) -> None:
    """List keys that can be used, newest first.

    Parameters
    ----------
    all
        Include expired and revoked ones.
    """
    with connect_to_read(load_settings()) as connection:
        found = list_keys(connection, every=all)
    if json:
        show_json([asdict(key) for key in found])
    else:
        show_table("API keys", COLUMNS, [_row(key) for key in found])


@app.command(name="revoke")
def revoke_command(prefix: str) -> None:
    """Revoke a key for good. Every running hub refuses it within 30 seconds.

    Parameters
    ----------
    prefix
        The 8 characters that `hub keys list` shows.
    """
    with connect_to_store(load_settings()) as connection:
        key = revoke_key(connection, prefix)
    OUT.print(f"revoked {key.prefix} ({key.name}); running hubs refuse it within {KEY_CACHED_S:.0f} s")


def _row(key: ApiKey) -> tuple[object, ...]:
    return (
        key.prefix,
        key.name,
        key.client_kind,
        ", ".join(key.offices),
        ", ".join(key.scopes),
        f"{key.created_at:%Y-%m-%d}",
        f"{key.expires_at:%Y-%m-%d}",
        f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else None,
    )
