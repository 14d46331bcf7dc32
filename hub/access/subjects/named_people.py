"""People whom values name by their identifiers: in a row of a source that is shown, or in what a request asked for.

Such a row may belong to nobody yet, because it was rejected or only previewed. Whoever it names is seen all the same.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from psycopg import Connection

from hub.model.names import quote_identifier
from hub.model.registry import Entity, Registry, load_registry
from schema.values import FormerId

LONG, SHORT = 12, 9
"""Digits of a personal identifier, and of a former one."""
SEPARATORS = re.compile(r"(?<=[0-9])[ .\-](?=[0-9])")
LONG_RUN = re.compile(r"(?<![0-9])[0-9]{11,12}(?![0-9])")
SHORT_TEXT = re.compile(r"[0-9]{9}")
AMOUNT_END = "000"
MAX_IDENTIFIERS = 10_000
"""Identifiers that are looked up at a time; a row of a source has a few."""
MAX_DEPTH = 20
ALL_ROWS = """cross join lateral (
            with heir as (select coalesce((select h.heir_id from link.heir h where h.subject_id = t.id), t.id) as id)
            select t.id union select id from heir
            union select h.subject_id from link.heir h join heir on h.heir_id = heir.id
        ) n(id)"""
"""Joins to each row `t` the numbers `n.id` of all rows that stand for the same person."""


def find_identifiers(values: Iterable[object]) -> frozenset[str]:
    """The identifiers in these values, and in the members of objects and lists.

    One of 12 digits counts wherever it stands, with separators or without, and with its first zero lost, which is why many a row is
    rejected. One of 9 digits counts only as a whole text: of all numbers of 9 digits, one in twenty is somebody's. An amount of dong
    looks like one, so what ends with 000 does not count.

    Linking reads one number out of a cell that is for identifiers (`schema.linking.written_numbers`). Here none may be missed, whatever
    the value is for.
    """
    found: set[str] = set()
    for value in _walk(values, 0):
        text = str(value)
        for form in (text, SEPARATORS.sub("", text)):
            found.update(run.zfill(LONG) for run in LONG_RUN.findall(form))
        short = text.strip()
        if isinstance(value, str) and SHORT_TEXT.fullmatch(short) and not short.endswith(AMOUNT_END):
            found.add(short)
    return frozenset(found)


def list_texts(values: Iterable[object]) -> Iterator[str]:
    """These values as texts, and the members of objects and lists."""
    return map(str, _walk(values, 0))


def find_named_people(connection: Connection[Any], values: Iterable[object]) -> frozenset[tuple[str, int]]:
    """Entity and number of every row of whoever is named by an identifier in these values, merged ones included."""
    return find_people_by_row(connection, {0: values})[0]


def find_people_by_row(
    connection: Connection[Any], rows: Mapping[int, Iterable[object]]
) -> dict[int, frozenset[tuple[str, int]]]:
    """The same for each of several rows, by their keys. Whoever is not held has no row."""
    identifiers = {row: find_identifiers(values) for row, values in rows.items()}
    known = _look_up(connection, sorted(frozenset[str]().union(*identifiers.values())))
    return {
        row: frozenset(person for identifier in found for person in known.get(identifier, ()))
        for row, found in identifiers.items()
    }


def _look_up(connection: Connection[Any], identifiers: Sequence[str]) -> dict[str, set[tuple[str, int]]]:
    found: dict[str, set[tuple[str, int]]] = {}
    for start in range(0, len(identifiers), MAX_IDENTIFIERS):
        part = identifiers[start : start + MAX_IDENTIFIERS]
        long, short = ([one for one in part if len(one) == size] for size in (LONG, SHORT))
        sql = select_named_people(load_registry(), has_short=bool(short))
        rows = connection.execute(sql, {"long": long, "short": short}).fetchall() if sql is not None else []
        for identifier, entity, number in rows:
            found.setdefault(identifier, set()).add((entity, number))
    return found


def select_named_people(registry: Registry, *, has_short: bool) -> str | None:
    """A statement for identifier, entity and number of the rows of whoever has one of the identifiers `long`, or `short` if `has_short`; None without an entity of persons.

    Former identifiers have no index, so they are compared only if there are some.
    """
    entity = next((entity for entity in registry if entity.personal), None)
    if entity is None:
        return None
    table = quote_identifier(entity.table)
    columns = [(entity.keys[0].name, "long")]
    columns += [(name, "short") for name in _list_former(entity)] if has_short else []
    named = " union ".join(
        f"select t.{quote_identifier(column)} as identifier, t.id from data.{table} t"  # noqa: S608 quoted identifiers
        f" where t.{quote_identifier(column)} = any(%({given})s::text[])"
        for column, given in columns
    )
    return f"""
        select t.identifier, '{entity.name}', n.id
        from ({named}) t
        {ALL_ROWS}"""  # noqa: S608 constants and quoted identifiers


def _list_former(entity: Entity) -> list[str]:
    return [column.name for column in entity.fields if isinstance(column.value, FormerId)]


def _walk(values: Iterable[object], depth: int) -> Iterator[str | int]:
    for value in values:
        if isinstance(value, Mapping) and depth < MAX_DEPTH:
            yield from _walk(value.values(), depth + 1)
        elif isinstance(value, list | tuple | set | frozenset) and depth < MAX_DEPTH:
            yield from _walk(value, depth + 1)
        elif isinstance(value, str | int) and not isinstance(value, bool):
            yield value
