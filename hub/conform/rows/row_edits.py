"""Rows put in order, and changed in one place: the value at a path of a nested object, or in each list on the way."""

import copy
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from hub.conform.rows.samples import Row
from hub.sdk.streams import Cursor, Stream


def sort_rows(stream: Stream, rows: Sequence[Row]) -> list[Row]:
    """The rows by their cursor, then by their content: the order of the lines in a file of samples says nothing.

    A source gives what changed last at the end, so the last row is the one that a second read of the source adds.
    """
    return sorted(rows, key=lambda row: (_mark(stream.cursor, row), json.dumps(row, sort_keys=True, default=str)))


def _mark(cursor: Cursor | None, row: Row) -> tuple[int, Any]:
    """Sort key of a row by its cursor: rows without a value first, then values that are none, then the others."""
    value = read_value_at(row, cursor.column) if cursor else None
    if cursor is None or value is None:
        return 0, 0
    text = str(value)
    try:
        if cursor.kind == "number":
            number = Decimal(text)
            return (2, number) if number.is_finite() else (1, text)
        instant = datetime.fromisoformat(text)
        return 2, instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, InvalidOperation):
        return 1, text


def read_value_at(row: Mapping[str, Any], path: str) -> Any:
    """The value at a path; of lists, their first item's. None if there is none."""
    if path in row:
        return row[path]
    head, _, rest = path.partition(".")
    inner = row.get(head)
    if isinstance(inner, list) and inner:
        inner = inner[0]
    return read_value_at(inner, rest) if rest and isinstance(inner, Mapping) else None


def has_path(row: Mapping[str, Any], path: str) -> bool:
    """Whether the row has this path at all, with or without a value."""
    if path in row:
        return True
    head, _, rest = path.partition(".")
    inner = row.get(head)
    if isinstance(inner, list) and inner:
        inner = inner[0]
    return bool(rest) and isinstance(inner, Mapping) and has_path(inner, rest)


def change_value(row: Row, path: str, value: Any, *, everywhere: bool = False) -> Row:
    """The row with another value at a path: of lists, in their first item, or `everywhere` in them."""
    made = copy.deepcopy(row)
    _change(made, path, lambda holder, name: holder.__setitem__(name, value), everywhere=everywhere)
    return made


def drop_path(row: Row, path: str) -> Row:
    """The row without a path."""
    made = copy.deepcopy(row)
    _change(made, path, lambda holder, name: holder.pop(name, None), everywhere=True)
    return made


def rename_path(row: Row, path: str, name: str) -> Row:
    """The row with what stands at a path under another name, at the top."""
    return {**drop_path(row, path), name: read_value_at(row, path)}


def _change(holder: Row, path: str, act: Any, *, everywhere: bool) -> None:
    if path in holder or "." not in path:
        act(holder, path)
        return
    head, _, rest = path.partition(".")
    inner = holder.get(head)
    inside: Sequence[Any] = inner if isinstance(inner, list) else [inner]
    for item in inside if everywhere else inside[:1]:
        if isinstance(item, dict):
            _change(item, rest, act, everywhere=everywhere)
