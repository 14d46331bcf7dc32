"""Whom an identifier means in the ledger: every row that is, or was merged into, one person."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from hub.errors import OperationRefused
from hub.ledger.log.query import LogQuery
from hub.model.names import quote_identifier
from hub.model.registry import Entity, Registry

NO_PERSON = OperationRefused(
    "the hub holds nobody of this identifier",
    code="SUBJECT_UNKNOWN",
    next_step="check the identifier; the log of someone who was deleted is found by the global id they had",
)
MAX_ROWS = 200
"""Rows that one person's pseudonyms are looked up by."""


@dataclass(frozen=True)
class PersonKey:
    """How a person is named: by a key of their entity, or by the number of a row."""

    entity: str
    field: str | None = None
    value: str | None = None
    number: int | None = None


def find_person_entity(registry: Registry) -> Entity:
    """The entity of natural persons."""
    return next(entity for entity in registry if entity.personal)


def build_people_query(registry: Registry, key: PersonKey) -> LogQuery:
    """A statement that gives the numbers of all rows that are the person.

    By number it finds a row even if it has been deleted: its reads are still in the ledger.
    """
    entity = registry.entities.get(key.entity)
    if entity is None or not entity.personal:
        raise OperationRefused(
            "the log is asked about people, and this is none", code="WRONG_KIND", next_step="give the id of a person"
        )
    if key.number is not None:
        return LogQuery(_family("select %(number)s::bigint"), {"number": key.number})
    known = {column.name for column in entity.keys}
    if key.field not in known:
        raise OperationRefused("this field identifies nobody", next_step=f"give one of {', '.join(sorted(known))}")
    table, field = quote_identifier(entity.table), quote_identifier(key.field)
    return LogQuery(_family(f"select t.id from data.{table} t where t.{field} = %(value)s"), {"value": key.value})  # noqa: S608 quoted identifiers


@cache
def _family(start: str) -> str:
    """All rows that stand for the same person as those of the statement `start`."""
    return f"""
    with named as ({start}),
    heirs as (
        select coalesce((select h.heir_id from link.heir h where h.subject_id = n.id), n.id) as id from named n(id)
    )
    select id from heirs
    union select h.subject_id from link.heir h join heirs on h.heir_id = heirs.id
    union select id from named n(id)
    order by 1 limit {MAX_ROWS}"""  # noqa: S608 constants


def read_people(entity: str, rows: list[tuple[Any, ...]]) -> tuple[tuple[str, int], ...]:
    """Entity and number of each row. Raises OperationRefused with SUBJECT_UNKNOWN if there is none."""
    if not rows:
        raise NO_PERSON
    return tuple((entity, int(row[0])) for row in rows)
