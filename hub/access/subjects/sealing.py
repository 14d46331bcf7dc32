"""Subjects whose data no read may show: sealed identities (an adopted child's first identity, a protected witness), and people whose
processing is restricted, because they asked for it or dispute the data.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, get_args

from psycopg import Connection
from psycopg.rows import class_row

from hub.access.dossiers.dossier_rules import make_refusal
from hub.errors import OperationRefused
from hub.model.names import quote_identifier
from hub.model.registry import load_registry


class WithholdKind(StrEnum):
    """Why no read may show a subject."""

    SEAL = "SEAL"
    """Nobody may learn the identity."""
    RESTRICTION = "RESTRICTION"
    """The data is kept and not used: Law 91/2025/QH15."""


WITHHELD_ALARMS = {WithholdKind.SEAL: "SEALED_SUBJECT", WithholdKind.RESTRICTION: "RESTRICTED_SUBJECT"}
"""Kinds of the alarms that meeting such a subject raises."""
WITHHELD = {
    WithholdKind.SEAL: OperationRefused(
        "the answer has data of a sealed identity",
        code="SUBJECT_SEALED",
        next_step="handle the case with the office that sealed it: the missing values must not be asked of the citizen here",
    ),
    WithholdKind.RESTRICTION: OperationRefused(
        "the answer has data of a person whose processing is restricted",
        code="SUBJECT_RESTRICTED",
        next_step="handle the case with the data protection officer, who knows why and can lift it",
    ),
}
"""The words for an answer that has such a subject."""
FIND_WITHHELD = """
select distinct d.kind
from unnest(%s::text[], %s::bigint[]) as s (entity, number)
join hub.sealed_subject d on d.entity = s.entity
where d.subject_id = s.number
    or d.subject_id in (select h.subject_id from link.heir h where h.heir_id = s.number)"""
"""Whoever a sealed row was merged into is sealed too, and so with a restricted one."""
SealGround = Literal["ADOPTION", "WITNESS_PROTECTION", "COURT_ORDER"]
RestrictionGround = Literal["REQUEST", "DISPUTE", "AUTHORITY"]
MAX_REASON_CHARS = 500
INSERT = """
insert into hub.sealed_subject (entity, subject_id, kind, ground, sealed_by, reason) values (%s, %s, %s, %s, %s, %s)
on conflict (entity, subject_id, kind) do nothing"""
DELETE = "delete from hub.sealed_subject where entity = %s and subject_id = %s and kind = %s"
SELECT = """
select entity, subject_id as number, ground, sealed_by, sealed_at, reason from hub.sealed_subject where kind = %s
order by sealed_at, subject_id"""


@dataclass(frozen=True)
class Seal:
    """A subject that no read may show: entity and number as in its global id, and why, by whom and since when.

    `reason` is a sentence; None for a sealed identity.
    """

    entity: str
    number: int
    ground: str
    sealed_by: str
    sealed_at: datetime
    reason: str | None = None


def find_withheld(connection: Connection[Any], people: Collection[tuple[str, int]]) -> list[WithholdKind]:
    """Why these rows of subjects may not be shown: nothing, one kind or both, a seal first."""
    if not people:
        return []
    rows = connection.execute(FIND_WITHHELD, ([entity for entity, _ in people], [number for _, number in people]))
    return sorted((WithholdKind(kind) for (kind,) in rows.fetchall()), key=list(WithholdKind).index)


def seal_subject(connection: Connection[Any], entity: str, number: int, ground: SealGround, by: str) -> bool:
    """Seal a person. Returns whether they were not sealed before. Raises OperationRefused if there is no such row, or it is no person."""
    if ground not in get_args(SealGround):
        raise _unknown_ground(ground, get_args(SealGround))
    _check_subject(connection, entity, number)
    row = (entity, number, WithholdKind.SEAL, ground, by, None)
    return connection.execute(INSERT, row).rowcount == 1


def unseal_subject(connection: Connection[Any], entity: str, number: int) -> bool:
    """Lift a seal. Returns whether there was one."""
    return connection.execute(DELETE, (entity, number, WithholdKind.SEAL)).rowcount == 1


def list_seals(connection: Connection[Any], kind: WithholdKind = WithholdKind.SEAL) -> list[Seal]:
    """Every sealed or restricted subject, the oldest first."""
    with connection.cursor(row_factory=class_row(Seal)) as cursor:
        return cursor.execute(SELECT, (kind,)).fetchall()


def restrict_subject(
    connection: Connection[Any], entity: str, number: int, ground: RestrictionGround, reason: str, by: str
) -> bool:
    """Restrict the processing of a person. Returns whether it was not restricted before: then the first reason stays.

    Raises OperationRefused if there is no such row, it is no person, or there is no reason of at most MAX_REASON_CHARS characters.
    """
    if ground not in get_args(RestrictionGround):
        raise _unknown_ground(ground, get_args(RestrictionGround))
    if not 0 < len(reason.strip()) <= MAX_REASON_CHARS:
        raise make_refusal(
            f"the reason has {len(reason):,} characters",
            "BAD_USER_INPUT",
            f"give a sentence of at most {MAX_REASON_CHARS} characters, without identifiers of people",
        )
    _check_subject(connection, entity, number)
    row = (entity, number, WithholdKind.RESTRICTION, ground, by, reason.strip())
    return connection.execute(INSERT, row).rowcount == 1


def lift_restriction(connection: Connection[Any], entity: str, number: int) -> bool:
    """Lift a restriction. Returns whether there was one."""
    return connection.execute(DELETE, (entity, number, WithholdKind.RESTRICTION)).rowcount == 1


def _check_subject(connection: Connection[Any], entity: str, number: int) -> None:
    known = load_registry().entities.get(entity)
    if known is None or not known.personal:
        # Answers name the people whom they are about, and nothing else: a seal on a business or a parcel would hide nothing.
        people = " or ".join(one.name for one in load_registry() if one.personal)
        raise make_refusal(
            f"{entity[:60]} cannot be sealed or restricted: only a person can",
            "WRONG_KIND",
            f"give the global id of a {people}; what belongs to a person, such as a business or land, cannot be sealed",
        )
    # The name of the table is the registry's.
    row = connection.execute(f"select 1 from data.{quote_identifier(known.table)} where id = %s", (number,)).fetchone()  # noqa: S608 constants and quoted identifiers
    if row is None:
        raise make_refusal("there is no such row", "SUBJECT_UNKNOWN", "take the number from a global id of the graph")


def _unknown_ground(ground: str, known: tuple[str, ...]) -> Exception:
    return make_refusal(f"{ground[:40]} is no ground", "BAD_USER_INPUT", f"use one of {', '.join(known)}")
