"""Sealed identities: subjects (an adopted child's first identity, a protected witness) whose data no read may show."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from psycopg import Connection
from psycopg.rows import class_row

from hub.access.dossier_rules import refuse
from hub.model.names import quote_identifier
from hub.model.registry import registry

Ground = Literal["ADOPTION", "WITNESS_PROTECTION", "COURT_ORDER"]
SEAL = """
insert into hub.sealed_subject (entity, subject_id, ground, sealed_by) values (%s, %s, %s, %s)
on conflict (entity, subject_id) do nothing"""
UNSEAL = "delete from hub.sealed_subject where entity = %s and subject_id = %s"
SELECT_SEALED = (
    "select entity, subject_id as number, ground, sealed_by, sealed_at from hub.sealed_subject order by sealed_at"
)


@dataclass(frozen=True)
class Seal:
    """A sealed subject: entity and number as in its global id, and why, by whom and since when it is sealed."""

    entity: str
    number: int
    ground: str
    sealed_by: str
    sealed_at: datetime


def seal_subject(connection: Connection[Any], entity: str, number: int, ground: Ground, by: str) -> bool:
    """Seal a subject. Returns whether it was not sealed before. Raises OperationRefused if there is no such row."""
    if ground not in get_args(Ground):
        raise refuse(
            f"{ground[:40]} is no ground to seal", "BAD_USER_INPUT", f"use one of {', '.join(get_args(Ground))}"
        )
    known = registry().entities.get(entity)
    if known is None or known.kind != "subject":
        raise refuse(f"{entity[:60]} is no kind of subject", "WRONG_KIND", "name a subject, such as Citizen")
    # The name of the table is the registry's.
    row = connection.execute(f"select 1 from data.{quote_identifier(known.table)} where id = %s", (number,)).fetchone()  # noqa: S608 constants and quoted identifiers
    if row is None:
        raise refuse("there is no such row", "SUBJECT_UNKNOWN", "take the number from a global id of the graph")
    return connection.execute(SEAL, (entity, number, ground, by)).rowcount == 1


def unseal_subject(connection: Connection[Any], entity: str, number: int) -> bool:
    """Lift a seal. Returns whether there was one."""
    return connection.execute(UNSEAL, (entity, number)).rowcount == 1


def list_seals(connection: Connection[Any]) -> list[Seal]:
    """Every sealed subject, the oldest first."""
    with connection.cursor(row_factory=class_row(Seal)) as cursor:
        return cursor.execute(SELECT_SEALED).fetchall()
