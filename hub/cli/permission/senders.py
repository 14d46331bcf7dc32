"""`hub senders`: one-stop systems that send dossiers, by their public keys."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from hub.access.dossiers.dossier_senders import (
    DossierSender,
    KeySetLocation,
    create_sender,
    list_senders,
    revoke_sender,
)
from hub.cli.options import Json
from hub.cli.store import connect_to_read, connect_to_store
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import HubMisconfigured, OperationRefused
from hub.settings import load_settings

app = cyclopts.App(name="senders")
COLUMNS = ("id", "name", "algorithm", "offices", "made", "ends", "revoked")


@app.command(name="new")
def new_command(
    name: str,
    *,
    key: Annotated[Path | None, Parameter(help="File with its public key (PEM): Ed25519, P-256 or RSA.")] = None,
    jwks_url: Annotated[str | None, Parameter(help="Address where it publishes its keys (JWKS) instead.")] = None,
    algorithm: Annotated[str, Parameter(help="Of keys at --jwks-url: Ed25519, ES256 or RS256.")] = "Ed25519",
    office: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    days: int = 365,
) -> None:
    """Register a one-stop system and print its id, which it sends as `kid`.

    Parameters
    ----------
    name
        The system and who runs it.
    office
        Administrative unit whose dossiers it sends, e.g. 06820@2025-07-01. Repeat it for several.
    days
        Days until the registration ends, at most 730.
    """
    if (key is None) == (jwks_url is None):
        raise OperationRefused("a sender has one key, or publishes its keys", next_step="give --key or --jwks-url")
    given = KeySetLocation(jwks_url, algorithm) if jwks_url is not None else _read_pem(key)
    with connect_to_store(load_settings()) as connection:
        made = create_sender(connection, name, given, office, days)
    OUT.print(made)


@app.command(name="list")
def list_command(*, all: bool = False, json: Json = False) -> None:
    """List one-stop systems that can send dossiers, newest first.

    Parameters
    ----------
    all
        Include expired and revoked ones.
    """
    with connect_to_read(load_settings()) as connection:
        found = list_senders(connection, every=all)
    if json:
        show_json([asdict(sender) for sender in found])
    else:
        show_table("Senders of dossiers", COLUMNS, [_row(sender) for sender in found])


@app.command(name="revoke")
def revoke_command(sender: Annotated[str, Parameter(help="The id that `hub senders list` shows.")]) -> None:
    """Revoke a one-stop system for good: its next delivery is refused. Dossiers that it sent stay open."""
    with connect_to_store(load_settings()) as connection:
        revoke_sender(connection, sender)
    OUT.print(f"revoked {sender}")


def _read_pem(key: Path | None) -> str:
    assert key is not None  # one of the two was given
    try:
        return key.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise HubMisconfigured(f"{key} cannot be read as PEM", next_step="give the file of the public key") from None


def _row(sender: DossierSender) -> tuple[object, ...]:
    revoked = f"{sender.revoked_at:%Y-%m-%d %H:%M}" if sender.revoked_at else None
    made, ends = f"{sender.created_at:%Y-%m-%d}", f"{sender.expires_at:%Y-%m-%d}"
    return (sender.id, sender.name, sender.algorithm, ", ".join(sender.offices), made, ends, revoked)
