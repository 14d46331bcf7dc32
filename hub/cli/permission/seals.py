"""`hub seals`: identities whose data no read may show. Nothing here prints a value of a person."""

import getpass
from dataclasses import asdict
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from hub.access.subjects.sealing import Seal, SealGround, list_seals, seal_subject, unseal_subject
from hub.cli.options import Json
from hub.cli.store import connect_to_read, connect_to_store
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import OperationRefused
from hub.plan.binds import read_global_id
from hub.settings import load_settings

app = cyclopts.App(name="seals")
COLUMNS = ("kind", "number", "ground", "sealed by", "since")
Subject = Annotated[str, Parameter(help="Global id of the subject, as `id` of the graph.")]


@app.command(name="list")
def list_command(*, json: Json = False) -> None:
    """List sealed identities, oldest first."""
    with connect_to_read(load_settings()) as connection:
        found = list_seals(connection)
    if json:
        show_json([asdict(seal) for seal in found])
    else:
        show_table("Sealed identities", COLUMNS, [_row(seal) for seal in found])


@app.command(name="add")
def add_command(subject: Subject, *, ground: SealGround, by: str | None = None) -> None:
    """Seal an identity. Every running hub refuses answers with its data within 10 seconds.

    Parameters
    ----------
    ground
        Why it is sealed.
    by
        Who decided it; your login name if you leave it out.
    """
    kind, number = _parse(subject)
    with connect_to_store(load_settings()) as connection:
        new = seal_subject(connection, kind, number, ground, by or getpass.getuser())
    OUT.print("sealed" if new else "was sealed already; its first ground stays")


@app.command(name="lift")
def lift_command(subject: Subject) -> None:
    """Lift a seal: the data can be read again."""
    kind, number = _parse(subject)
    with connect_to_store(load_settings()) as connection:
        lifted = unseal_subject(connection, kind, number)
    OUT.print("lifted" if lifted else "was not sealed")


def _parse(subject: str) -> tuple[str, int]:
    kind, number = read_global_id(subject)
    if kind is None or number is None:
        raise OperationRefused(
            "that is no global id",
            code="WRONG_KIND",
            next_step="take `id` from the graph as it is, e.g. Q2l0aXplbjoxMg==",
        )
    return kind, number


def _row(seal: Seal) -> tuple[object, ...]:
    return (seal.entity, seal.number, seal.ground, seal.sealed_by, f"{seal.sealed_at:%Y-%m-%d %H:%M}")
