"""Rows changed in one place: the value at a path of a nested object, or in each list that stands on the way."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from hub.conform.samples import Row


def value_at(row: Mapping[str, Any], path: str) -> Any:
    """The value at a path; of lists, their first item's. None where there is none."""
    if path in row:
        return row[path]
    head, _, rest = path.partition(".")
    inner = row.get(head)
    if isinstance(inner, list) and inner:
        inner = inner[0]
    return value_at(inner, rest) if rest and isinstance(inner, Mapping) else None


def has(row: Mapping[str, Any], path: str) -> bool:
    """Whether the row has this path at all, with or without a value."""
    if path in row:
        return True
    head, _, rest = path.partition(".")
    inner = row.get(head)
    if isinstance(inner, list) and inner:
        inner = inner[0]
    return bool(rest) and isinstance(inner, Mapping) and has(inner, rest)


def changed(row: Row, path: str, value: Any, *, everywhere: bool = False) -> Row:
    """The row with another value at a path: of lists, in their first item, or `everywhere` in them."""
    made = copy.deepcopy(row)
    _change(made, path, lambda holder, name: holder.__setitem__(name, value), everywhere=everywhere)
    return made


def without(row: Row, path: str) -> Row:
    """The row without a path."""
    made = copy.deepcopy(row)
    _change(made, path, lambda holder, name: holder.pop(name, None), everywhere=True)
    return made


def renamed(row: Row, path: str, name: str) -> Row:
    """The row with what stands at a path under another name, at the top."""
    return {**without(row, path), name: value_at(row, path)}


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
