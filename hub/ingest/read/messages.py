"""Messages: JSON bodies, each one record or a list of them, become rows. For sources that send: streams of events, deliveries.

Nobody can ask such a source to send a message again, and one bad message must not stand before all that come after it. So
what is no record (no JSON, no object, nothing at the path) becomes a row, too: its key is null, and `_raw` holds its text.
A row without a key breaks a rule, so it goes to quarantine with all it holds, and the message can be forgotten by its sender.

Values come out as text, numbers as they were written. Objects are flattened to paths. Lists that the manifest unfolds stay
lists; any other list is its JSON, numbers in it as texts. A column that the manifest maps and a message lacks is null: a single message says nothing
about the columns of its source.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from hub.ingest.read.reader import RAW
from hub.ingest.values.typed_numbers import JsonNumber, find_notations, write_rows
from hub.sdk.paths import Index, split_at_list
from hub.sdk.streams import Stream

MOST_MEMBERS = 1_000
"""Members of one record, flattened. One that has more is no record."""
DEEPEST = 50
"""Objects within each other. What is nested deeper is no record."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """A body as it was sent, and what is known about it: columns whose names begin with `_`."""

    body: bytes
    about: Mapping[str, str] = field(default_factory=dict)


class _NoRecord(Exception):
    """A value that cannot be a row."""


def frame(messages: Sequence[Message], stream: Stream, records: str) -> pl.DataFrame:
    """The rows of some messages, in order. `records` is the path of the list or record in a body, empty for the body."""
    listed = _listed(stream)
    rows = [row for message in messages for row in _rows(message, stream, records, listed)]
    names = dict.fromkeys(sorted(stream.columns() - _within(stream)))
    names |= dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame([pl.Series(n, [row.get(n) for row in rows], dtype=_type(n, rows, listed)) for n in names])


def _rows(message: Message, stream: Stream, records: str, listed: Mapping[str, bool]) -> Iterator[Row]:
    about = {name: value for name, value in message.about.items() if name in {*stream.columns(), *stream.ignore}}
    keyless = {name: value for name, value in about.items() if name not in stream.key}
    try:
        items = _items(message.body, records)
    except _NoRecord:
        yield {**keyless, RAW: _clean(message.body.decode("utf-8", "replace"))}
        return
    write_rows([item for item in items if isinstance(item, dict)], find_notations(stream))
    for item in items:
        try:
            yield _record(item, listed) | about
        except _NoRecord:
            yield {**keyless, RAW: _raw(item, message)}


def _items(body: bytes, records: str) -> list[Any]:
    try:
        # Numbers stay as they were written: a float would round amounts and parcel areas.
        found = json.loads(body, parse_float=JsonNumber, parse_int=JsonNumber, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise _NoRecord from None
    for part in records.split(".") if records else ():
        if not isinstance(found, dict) or part not in found:
            raise _NoRecord
        found = found[part]
    if not isinstance(found, dict | list):
        raise _NoRecord
    return found if isinstance(found, list) else [found]


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _record(item: Any, listed: Mapping[str, bool]) -> Row:
    if not isinstance(item, dict):
        raise _NoRecord
    row: Row = {}
    for path, value in _flat(item):
        if path not in listed:
            row[path] = _text(value)
        elif value is not None:
            row[path] = _list(value, of_objects=listed[path])
    if len(row) > MOST_MEMBERS or RAW in row:
        raise _NoRecord
    return row


def _flat(item: Mapping[str, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    if depth > DEEPEST:
        raise _NoRecord
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.", depth + 1)
        else:
            yield _clean(before + name), value


def _list(value: Any, *, of_objects: bool) -> list[Any]:
    if not isinstance(value, list) or not all(isinstance(item, dict) == of_objects for item in value):
        raise _NoRecord
    return [{p: _text(v) for p, v in _flat(item)} if of_objects else _text(item) for item in value]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return _clean(value if isinstance(value, str) else _json(value))


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise _NoRecord from None


def _raw(item: Any, message: Message) -> str:
    try:
        return _clean(_json(item))
    except _NoRecord:
        return _clean(message.body.decode("utf-8", "replace"))


def _clean(text: str) -> str:
    """Without what no database column can hold: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _type(name: str, rows: Sequence[Row], listed: Mapping[str, bool]) -> pl.DataType:
    if name not in listed:
        return pl.String()
    if not listed[name]:
        return pl.List(pl.String())
    members = dict.fromkeys(member for row in rows for item in row.get(name) or () for member in item)
    return pl.List(pl.Struct(dict.fromkeys(members, pl.String())))


def _listed(stream: Stream) -> Mapping[str, bool]:
    """The lists that are unfolded or that a path leads into, and whether their items are objects: whether the manifest
    names a column within them.
    """
    columns = stream.columns()
    within = {column: steps for column, steps in map(split_at_list, stream.paths()) if steps}
    return {
        name: any(column.startswith(f"{name}.") for column in columns)
        or any(not isinstance(step, Index) for step in within.get(name, ()))
        for name in stream.list_columns()
    }


def _within(stream: Stream) -> set[str]:
    """Columns that appear only once a list is unfolded."""
    return {c for c in stream.columns() for name in _listed(stream) if c.startswith(f"{name}.")}
