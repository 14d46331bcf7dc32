"""Data subjects: which people the rows of an answer are about, so that the ledger has an entry for each of them.

The statement itself says it. Every row of a person, and every row that is linked to one, gets hidden members that hold the person's
number, and so does a row of which a column is selected that states a person's key (`Household.head_personal_id`); `take_data_subjects` removes them from the JSON before anyone sees it. A second statement could answer for another
moment than the first, and would have to repeat its conditions.

A response key is a GraphQL name and never has a `~`; in JSON text a quote inside of a value is escaped, and what ends a value is never
a colon. So the pattern of a hidden member, whose quotes are not escaped and whose name a colon follows, matches hidden members only.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import repeat

from hub.model.names import quote_identifier
from hub.model.registry import Column, Entity, Linked, Registry
from hub.plan.nodes import KeyedSubject, LinkedSubject, Member, Scalar
from schema.values import Clean

HIDDEN = "~"
"""The first character of the key of a hidden member."""
HIDDEN_SIGN = HIDDEN.encode()
"""Looked for without the quote before it: a page of 23 kB is searched in 0.3 µs instead of 22, and values seldom have the character."""
HIDDEN_ROWS = "~~"
"""The key of a list beside a page's cursors, whose rows have hidden members and nothing else."""
EMPTY_ROWS = re.compile(rb'"~~" ?: ?\[[\s{},]*\](?:, ?|(?=\}))')
HIDDEN_MEMBER = re.compile(rb'"~([A-Za-z]+)(?:\.[0-9]+)?":(?:([0-9]+)|null)(?:,|(?=\}))')
"""It begins with a literal, and looks back at nothing: so a page is gone over twice as fast."""

LARGE_BYTES = 4_000
"""Texts from this size on are split, if their hidden members have one key: a page of 100 rows takes 38 µs instead of 57."""

FIRST_KEYED = 100
"""The number behind the key of a hidden member for a person whose key a column states. Those of linked subjects begin at 0."""

DataSubject = tuple[str, int]
"""Entity and number of a row, as in a global id: ("Citizen", 12)."""


def data_subject_members(registry: Registry, entity: Entity, reached_by: Linked | None = None) -> tuple[Member, ...]:
    """The hidden members of a row of `entity`.

    `reached_by` is the linked field over which a record was reached from its subject, whose row is marked already.
    """
    own = (Scalar(f"{HIDDEN}{entity.name}", "{t}.id"),) if entity.personal else ()
    linked = [
        LinkedSubject(f"{HIDDEN}{kind}.{place}", field.table, kind)
        for place, field in enumerate(entity.linked)
        if field is not reached_by
        for kind in field.kinds
        if registry[kind].personal
    ]
    return (*own, *linked)


def keyed_subject_members(registry: Registry, entity: Entity, columns: Iterable[Column]) -> tuple[KeyedSubject, ...]:
    """The hidden members for the people whose keys these columns of `entity` state. A person's own key names the row itself."""
    return tuple(
        KeyedSubject(f"{HIDDEN}{person.name}.{FIRST_KEYED + place}", person.table, key.name, _clean_key(column))
        for place, (column, person, key) in enumerate(_find_stated_keys(registry, entity, columns))
    )


def _find_stated_keys(
    registry: Registry, entity: Entity, columns: Iterable[Column]
) -> Iterator[tuple[Column, Entity, Column]]:
    for column in dict.fromkeys(columns):
        for person, key in registry.find_person_keys(column):
            if person is not entity:
                yield column, person, key


def _clean_key(column: Column) -> str:
    """The value of a column in the form of a key: what is kept as recorded may have separators."""
    value = f"{{t}}.{column.sql}"
    return value if Clean.NO_SEPARATORS in column.value.clean else remove_separators(value)


def remove_separators(sql: str) -> str:
    """The text of an expression without the separators that people write into numbers (`Clean.NO_SEPARATORS`)."""
    return f"translate({sql}, ' .-_', '')"


def data_subject_of(registry: Registry, kind: str, number: str, found_by: str | None = None) -> tuple[Scalar, ...]:
    """The hidden members of a row that names a subject of any kind by two expressions: the subject itself, or the person whose key
    one of its columns states. With `found_by`, an array of names of columns in upper case, only if the subject was found by it.
    """
    found = [
        Scalar(f"{HIDDEN}{entity.name}", f"case when {kind} = '{entity.name}' then {number} end")
        for entity in registry
        if entity.personal
    ]
    stated = (
        (entity, *stated)
        for entity in registry
        if entity.kind == "subject"
        for stated in _find_stated_keys(registry, entity, entity.fields)
    )
    for place, (entity, column, person, key) in enumerate(stated, FIRST_KEYED):
        named = (
            f"(select k.id from data.{quote_identifier(entity.table)} o join data.{quote_identifier(person.table)} k"
            f" on k.{key.sql} = o.{column.sql} where o.id = {number})"
        )
        is_told = f" and '{column.name.upper()}' = any({found_by})" if found_by else ""
        sql = f"case when {kind} = '{entity.name}'{is_told} then {named} end"
        found.append(Scalar(f"{HIDDEN}{person.name}.{place}", sql))
    return tuple(found)


def stated_subject_of(registry: Registry, value: str, place: int) -> tuple[Scalar, ...]:
    """The hidden members of a row of which one value, by its expression, may be anything: also a person's key."""
    return tuple(
        Scalar(
            f"{HIDDEN}{person.name}.{place + offset}",
            f"(select k.id from data.{quote_identifier(person.table)} k where k.{key.sql} = {remove_separators(value)})",
        )
        for offset, (person, key) in enumerate(registry.person_keys)
    )


def take_data_subjects(text: bytes) -> tuple[bytes, frozenset[DataSubject]]:
    """The JSON text without its hidden members, and the people whom they name."""
    if HIDDEN_SIGN not in text:
        return text, frozenset()
    return (len(text) > LARGE_BYTES and _split_one_key(text)) or _match_each(text)


def _split_one_key(text: bytes) -> tuple[bytes, frozenset[DataSubject]] | None:
    """The same if all hidden members have one key, a number, and other members after them, as in a page of people; otherwise None."""
    first = HIDDEN_MEMBER.search(text)
    if first is None:
        return None
    head, *rows = text.split(first[0].partition(b":")[0] + b":")
    parted = [row.partition(b",") for row in rows]
    numbers = [number for number, _, _ in parted]
    clean = b"".join([head, *[rest for _, _, rest in parted]])
    if HIDDEN_SIGN in clean or not b"".join(numbers).isdigit():
        return None
    return clean, frozenset(zip(repeat(first[1].decode()), map(int, numbers)))


def _match_each(text: bytes) -> tuple[bytes, frozenset[DataSubject]]:
    parts = HIDDEN_MEMBER.split(text)  # text, kind, number, text, kind, number, … text
    clean = b"".join(parts[::3])
    if b'"~~"' in clean:
        clean = EMPTY_ROWS.sub(b"", clean)
    people = set(zip(parts[1::3], parts[2::3], strict=True))
    return clean, frozenset((kind.decode(), int(number)) for kind, number in people if number)
