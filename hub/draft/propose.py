"""Propose: which columns of a source hold which fields of the schema, by their names and by the values that were seen. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.draft.read_back import epoch_format, proven_notation, reads_back
from hub.draft.words import likeness
from hub.ingest.values.parse_values import DAY, INSTANT, NUMBERS
from hub.model.registry import Column, Entity, registry
from schema.values import CodeList, PartialDate, Storage, Text, Value, Verbatim

DATES = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d")
ENOUGH = 0.45
"""Below this a proposal is a guess that nobody should find in a manifest."""
NAME, VALUES = 0.6, 0.4
"""How much the name of a column weighs, and how much its values do."""
PASSED = 0.6
"""Share of values that have to keep the rule of a type; some rows of every source break one."""

Columns = Mapping[str, Sequence[str]]
"""Column → the values that were seen in it, as text, without those that are missing."""


@dataclass(frozen=True)
class Reading:
    """A way to read the values of a column as a type: keys of a field's mapping, and the share of values that it reads."""

    keys: Mapping[str, object]
    share: float


@dataclass(frozen=True)
class Proposal:
    """One field and the column that it is probably made of."""

    field: str
    column: str
    keys: Mapping[str, object]
    confidence: float
    evidence: str


def entity_for(columns: Columns) -> Entity:
    """The kind of record that the columns fit best."""
    return max(registry(), key=lambda entity: _fit(propose(columns, entity), entity))


def _fit(found: Sequence[Proposal], entity: Entity) -> float:
    required = {column.name for column in entity.columns if not column.nullable}
    mapped = {proposal.field for proposal in found}
    return sum(proposal.confidence for proposal in found) - 1.5 * len(required - mapped)


def propose(columns: Columns, entity: Entity) -> list[Proposal]:
    """The likeliest column of each field, none used twice, in the order of the entity's fields."""
    candidates = sorted(_candidates(columns, entity), key=lambda p: (-p.confidence, p.field, p.column))
    taken: dict[str, Proposal] = {}
    used: set[str] = set()
    for candidate in candidates:
        if candidate.field not in taken and candidate.column not in used:
            taken[candidate.field] = candidate
            used.add(candidate.column)
    return [taken[column.name] for column in entity.columns if column.name in taken]


def _candidates(columns: Columns, entity: Entity) -> Iterator[Proposal]:
    parts = {r.column.name: r.part for linked in entity.linked for r in linked.recorded}
    for field in entity.columns:
        if field.value.dated_unit:
            continue  # made of a code and a date: a person knows which
        for column, values in columns.items():
            alike = likeness(column, field.name, parts.get(field.name))
            reading = read_as(field, values)
            if reading is None:
                continue
            confidence = NAME * alike + VALUES * reading.share * _told_by_values(field.value)
            # What nearly every text is says nothing without a name.
            if confidence >= ENOUGH or (alike == 0 and _told_by_values(field.value) == 1 and _unlikely(field, reading)):
                words = f"name {alike:.0%}, {_seen(reading, values)}"
                sure = max(confidence, ENOUGH if alike == 0 else 0)
                # 100% is said of nothing but values that were all read back as they were.
                yield Proposal(field.name, column, reading.keys, sure if reading.share == 1 else min(sure, 0.99), words)


def _seen(reading: Reading, values: Sequence[str]) -> str:
    """What was seen of the values, and what they leave open."""
    if not values:
        return "no values"
    words = f"{round(reading.share * len(values))} of {len(values)} values read back"
    formats = reading.keys.get("formats")
    swapped = isinstance(formats, list) and formats[0].startswith("%d")
    if swapped and not any(re.match(r"^\s*(1[3-9]|2[0-9]|3[01])[^0-9]", text) for text in values):
        words += "; none after the 12th, so day and month may be the other way round"
    if any(re.match(INSTANT, text.strip()) for text in values):
        words += "; times: the day is that of the source's timezone"
    return words


def _unlikely(field: Column, reading: Reading) -> bool:
    """Whether values that are so by chance alone are rare: identifiers of twelve digits are, days are not."""
    value = field.value
    return reading.share == 1 and field.unique and value.pattern is not None and value.storage is Storage.TEXT and not issubclass(value, Text)  # fmt: skip


def _told_by_values(value: type[Value]) -> float:
    """How much it says that values keep the rule of a type."""
    if issubclass(value, Text | Verbatim):
        return 0.2
    return 0.6 if value.name_search else 1.0


def read_as(field: Column, values: Sequence[str]) -> Reading | None:
    """The simplest way to read the values as the field's type; None where most of them are something else."""
    if not values:
        return Reading({}, 0.0)
    best: Reading | None = None
    for keys in _ways(field.value, values):
        share = sum(reads_back(field.value, value, keys) for value in values) / len(values)
        if share >= PASSED and (best is None or share > best.share):
            best = Reading(keys, share)
    return best


def _ways(value: type[Value], values: Sequence[str]) -> Iterator[Mapping[str, object]]:
    yield {}
    if issubclass(value, CodeList):
        yield {"codes": "vi"}
        yield {"codes": "en"}
    if value.storage is Storage.DATE or issubclass(value, PartialDate):
        for pattern in DATES:
            yield {"formats": [pattern]}
        if (counted := epoch_format(values)) is not None:
            yield {"formats": [counted]}
    if value.storage in NUMBERS and (notation := proven_notation(values)) is not None:
        yield {"number": notation}


def changed_at(columns: Columns) -> str | None:
    """The column that says when a row changed: by its name, and by values that are times."""
    likely = [column for column in columns if likeness(column, "changed_at") >= PASSED]
    return next((column for column in likely if all(map(_is_time, columns[column]))), None)


def _is_time(text: str) -> bool:
    return re.match(INSTANT, text.strip()) is not None or re.match(DAY, text.strip()) is not None


def key_of(columns: Columns, rows: int) -> list[str]:
    """The first column whose values are all there and all different; none where none is."""
    return next(([name] for name, values in columns.items() if rows and len(set(values)) == len(values) == rows), [])
