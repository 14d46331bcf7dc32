"""Messages: turn JSON bodies, each one record or a list of records, into rows. For event streams and push deliveries.

Such a source cannot be asked to send a message again, and one bad message must not block those after it. So a body that
is not a record (no JSON, no object, nothing at the path) also becomes a row: its key is null and `_raw` holds its text.
A row without a key breaks a rule, so it goes to quarantine with its content, and the sender may forget the message.

Values come out as text, with numbers as they were written. Objects are flattened to paths. Lists that the manifest
unfolds stay lists; any other list becomes its JSON text. A mapped column that a message lacks is null: a single message
says nothing about the columns of its source.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from hub.ingest.read.reader import RAW_COLUMN
from hub.ingest.values.typed_numbers import JsonNumber, find_notations, write_rows
from hub.sdk.paths import IndexStep, split_at_list
from hub.sdk.streams import Stream

MAX_MEMBERS = 1_000
"""Maximum members of one flattened record. A body with more is not accepted as a record."""
MAX_DEPTH = 50
"""Maximum nesting of objects. A body nested deeper is not accepted as a record."""

MessageRow = dict[str, Any]


@dataclass(frozen=True)
class JsonMessage:
    """A body as it was sent, and facts about it: columns whose names begin with `_`."""

    body: bytes
    about: Mapping[str, str] = field(default_factory=dict)


class _NotARecord(Exception):
    """A value that cannot be a row."""


def build_message_frame(messages: Sequence[JsonMessage], stream: Stream, records: str) -> pl.DataFrame:
    """Build the rows of some messages, in order. `records` is the path of the list or record in a body; empty for the
    body itself.
    """
    listed = _find_lists(stream)
    rows = [row for message in messages for row in _list_rows(message, stream, records, listed)]
    names = dict.fromkeys(sorted(stream.list_columns() - _find_item_columns(stream)))
    names |= dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame([pl.Series(n, [row.get(n) for row in rows], dtype=_find_type(n, rows, listed)) for n in names])


def _list_rows(message: JsonMessage, stream: Stream, records: str, listed: Mapping[str, bool]) -> Iterator[MessageRow]:
    about = {name: value for name, value in message.about.items() if name in {*stream.list_columns(), *stream.ignore}}
    keyless = {name: value for name, value in about.items() if name not in stream.key}
    try:
        items = _parse_items(message.body, records)
    except _NotARecord:
        yield {**keyless, RAW_COLUMN: _replace_unstorable(message.body.decode("utf-8", "replace"))}
        return
    write_rows([item for item in items if isinstance(item, dict)], find_notations(stream))
    for item in items:
        try:
            yield _build_record(item, listed) | about
        except _NotARecord:
            yield {**keyless, RAW_COLUMN: _encode_raw(item, message)}


def _parse_items(body: bytes, records: str) -> list[Any]:
    try:
        # Numbers keep their digits: a float would round amounts and parcel areas.
        found = json.loads(body, parse_float=JsonNumber, parse_int=JsonNumber, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _NotARecord from None
    for part in records.split(".") if records else ():
        if not isinstance(found, dict) or part not in found:
            raise _NotARecord
        found = found[part]
    if not isinstance(found, dict | list):
        raise _NotARecord
    return found if isinstance(found, list) else [found]


def _refuse_constant(constant: str) -> None:
    raise ValueError(constant)


def _build_record(item: Any, listed: Mapping[str, bool]) -> MessageRow:
    if not isinstance(item, dict):
        raise _NotARecord
    row: MessageRow = {}
    for path, value in _flatten(item):
        if path not in listed:
            row[path] = _encode_text(value)
        elif value is not None:
            row[path] = _build_list(value, of_objects=listed[path])
    if len(row) > MAX_MEMBERS or RAW_COLUMN in row:
        raise _NotARecord
    return row


def _flatten(item: Mapping[str, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    if depth > MAX_DEPTH:
        raise _NotARecord
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{before}{name}.", depth + 1)
        else:
            yield _replace_unstorable(before + name), value


def _build_list(value: Any, *, of_objects: bool) -> list[Any]:
    if not isinstance(value, list) or not all(isinstance(item, dict) == of_objects for item in value):
        raise _NotARecord
    return [{p: _encode_text(v) for p, v in _flatten(item)} if of_objects else _encode_text(item) for item in value]


def _encode_text(value: Any) -> str | None:
    if value is None:
        return None
    return _replace_unstorable(value if isinstance(value, str) else _encode_json(value))


def _encode_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise _NotARecord from None


def _encode_raw(item: Any, message: JsonMessage) -> str:
    try:
        return _replace_unstorable(_encode_json(item))
    except _NotARecord:
        return _replace_unstorable(message.body.decode("utf-8", "replace"))


def _replace_unstorable(text: str) -> str:
    """Replace what no database column can hold: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _find_type(name: str, rows: Sequence[MessageRow], listed: Mapping[str, bool]) -> pl.DataType:
    if name not in listed:
        return pl.String()
    if not listed[name]:
        return pl.List(pl.String())
    members = dict.fromkeys(member for row in rows for item in row.get(name) or () for member in item)
    return pl.List(pl.Struct(dict.fromkeys(members, pl.String())))


def _find_lists(stream: Stream) -> Mapping[str, bool]:
    """Return the lists that are unfolded or that a path leads into, and whether their items are objects."""
    columns = stream.list_columns()
    within = {column: steps for column, steps in map(split_at_list, stream.list_paths()) if steps}
    return {
        name: any(column.startswith(f"{name}.") for column in columns)
        or any(not isinstance(step, IndexStep) for step in within.get(name, ()))
        for name in stream.find_list_columns()
    }


def _find_item_columns(stream: Stream) -> set[str]:
    """Return the columns that exist only after a list is unfolded."""
    return {c for c in stream.list_columns() for name in _find_lists(stream) if c.startswith(f"{name}.")}
