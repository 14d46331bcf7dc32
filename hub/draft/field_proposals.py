"""Propose: which columns of a source hold which fields of the schema, by their names and by the values that were seen. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.draft.column_names import is_known_name, name_likeness
from hub.draft.value_round_trip import find_epoch_format, find_notation, reads_back
from hub.ingest.values.parse_values import ISO_DAY, ISO_INSTANT, NUMBER_STORAGES
from hub.model.registry import Column, Entity, load_registry
from schema.values import CodeList, PartialDate, Storage, Text, Value, Verbatim

DATE_FORMATS = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d")
MIN_LIKENESS = 0.45
"""Below this a proposal is a guess that nobody should find in a manifest."""
NAME, VALUES = 0.6, 0.4
"""How much the name of a column weighs, and how much its values do."""
MIN_READ_SHARE = 0.6
"""Share of values that have to keep the rule of a type; some rows of every source break one."""

Columns = Mapping[str, Sequence[str]]
"""Column → the values that were seen in it, as text, without those that are missing."""


@dataclass(frozen=True)
class ColumnReading:
    """A way to read the values of a column as a type: keys of a field's mapping, and the share of values that it reads."""

    keys: Mapping[str, object]
    share: float


@dataclass(frozen=True)
class FieldProposal:
    """One field and the column that it is probably made of."""

    field: str
    column: str
    keys: Mapping[str, object]
    confidence: float
    evidence: str


def choose_entity(columns: Columns) -> Entity:
    """The kind of record that the columns fit best."""
    return max(load_registry(), key=lambda entity: _measure_fit(propose_fields(columns, entity), entity))


def _measure_fit(found: Sequence[FieldProposal], entity: Entity) -> float:
    required = {column.name for column in entity.columns if not column.nullable}
    mapped = {proposal.field for proposal in found}
    return sum(proposal.confidence for proposal in found) - 1.5 * len(required - mapped)


def propose_fields(columns: Columns, entity: Entity) -> list[FieldProposal]:
    """The likeliest column of each field, none used twice, in the order of the entity's fields."""
    candidates = sorted(_candidates(columns, entity), key=lambda p: (-p.confidence, p.field, p.column))
    taken: dict[str, FieldProposal] = {}
    used: set[str] = set()
    for candidate in candidates:
        if candidate.field not in taken and candidate.column not in used:
            taken[candidate.field] = candidate
            used.add(candidate.column)
    return [taken[column.name] for column in entity.columns if column.name in taken]


def _candidates(columns: Columns, entity: Entity) -> Iterator[FieldProposal]:
    parts = {r.column.name: r.part for linked in entity.linked for r in linked.recorded}
    for field in entity.columns:
        if field.value.dated_unit:
            continue  # made of a code and a date: a person knows which
        for column, values in columns.items():
            alike = name_likeness(column, field.name, parts.get(field.name))
            reading = find_reading(field, values)
            if reading is None:
                continue
            confidence = NAME * alike + VALUES * reading.share * _told_by_values(field.value)
            # What nearly every text is says nothing without a name.
            if confidence >= MIN_LIKENESS or (
                alike == 0
                and not is_known_name(column)
                and _told_by_values(field.value) == 1
                and _is_unlikely(field, reading)
            ):
                words = f"name {alike:.0%}, {_describe_values(reading, values)}"
                sure = max(confidence, MIN_LIKENESS if alike == 0 else 0)
                # 100% is said of nothing but values that were all read back as they were.
                yield FieldProposal(
                    field.name, column, reading.keys, sure if reading.share == 1 else min(sure, 0.99), words
                )


def _describe_values(reading: ColumnReading, values: Sequence[str]) -> str:
    """The observations of the values, and what they leave open."""
    if not values:
        return "no values"
    words = f"{round(reading.share * len(values))} of {len(values)} values read back"
    formats = reading.keys.get("formats")
    swapped = isinstance(formats, list) and formats[0].startswith("%d")
    if swapped and not any(re.match(r"^\s*(1[3-9]|2[0-9]|3[01])[^0-9]", text) for text in values):
        words += "; none after the 12th, so day and month may be the other way round"
    if any(re.match(ISO_INSTANT, text.strip()) for text in values):
        words += "; times: the day is that of the source's timezone"
    return words


def _is_unlikely(field: Column, reading: ColumnReading) -> bool:
    """Whether values that are so by chance alone are rare: identifiers of twelve digits are, days are not."""
    value = field.value
    return reading.share == 1 and field.unique and value.pattern is not None and value.storage is Storage.TEXT and not issubclass(value, Text)  # fmt: skip


def _told_by_values(value: type[Value]) -> float:
    """How much it says that values keep the rule of a type."""
    if issubclass(value, Text | Verbatim):
        return 0.2
    return 0.6 if value.name_search else 1.0


def find_reading(field: Column, values: Sequence[str]) -> ColumnReading | None:
    """The simplest way to read the values as the field's type; None if most of them are something else."""
    if not values:
        return ColumnReading({}, 0.0)
    best: ColumnReading | None = None
    for keys in _list_readings(field.value, values):
        share = sum(reads_back(field.value, value, keys) for value in values) / len(values)
        if share >= MIN_READ_SHARE and (best is None or share > best.share):
            best = ColumnReading(keys, share)
    return best


def _list_readings(value: type[Value], values: Sequence[str]) -> Iterator[Mapping[str, object]]:
    yield {}
    if issubclass(value, CodeList):
        yield {"codes": "vi"}
        yield {"codes": "en"}
    if value.storage is Storage.DATE or issubclass(value, PartialDate):
        for pattern in DATE_FORMATS:
            yield {"formats": [pattern]}
        if (counted := find_epoch_format(values)) is not None:
            yield {"formats": [counted]}
    if value.storage in NUMBER_STORAGES and (notation := find_notation(values)) is not None:
        yield {"number": notation}


def find_changed_at(columns: Columns) -> str | None:
    """The column that says when a row changed: by its name, and by values that are times."""
    likely = [column for column in columns if name_likeness(column, "changed_at") >= MIN_READ_SHARE]
    return next((column for column in likely if all(map(_is_time, columns[column]))), None)


def _is_time(text: str) -> bool:
    return re.match(ISO_INSTANT, text.strip()) is not None or re.match(ISO_DAY, text.strip()) is not None


def find_key(columns: Columns, rows: int) -> list[str]:
    """The first column whose values are all there and all different; none if none is."""
    return next(([name] for name, values in columns.items() if rows and len(set(values)) == len(values) == rows), [])
