"""Paths into nested documents: `data.items`, `"@odata.nextLink"`, `link[relation=next].url`, `giay_to[0].so`.

    name            the member of an object; quoted with "…" if it contains a dot, a bracket or a quote
    [2]  [-1]       an item of a list by position, from 0; -1 is the last
    [loai=CCCD]     the item of a list whose member has this text; quoted if it contains a bracket

A path only says where a value is; it never guesses. A value that does not exist is absent; a condition that two items
meet is ambiguous.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

NAME_FORM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^.\[\]"]+)')
SELECTOR_FORM = re.compile(r'\[(?:(-?[0-9]{1,9})|([^\[\]="]+)=(?:"((?:[^"\\]|\\.)*)"|([^\[\]"]*)))\](?=[.\[]|$)')
PATH_FORM = 'write names and selectors, e.g. data.items, "@odata.nextLink", link[relation=next].url'


@dataclass(frozen=True)
class MemberStep:
    """The member of an object."""

    name: str


@dataclass(frozen=True)
class IndexStep:
    """The item of a list at a position."""

    at: int


@dataclass(frozen=True)
class MatchStep:
    """The one item of a list whose member, itself a dotted path, has a given text."""

    names: tuple[str, ...]
    value: str


PathStep = MemberStep | IndexStep | MatchStep


class AmbiguousPath(ValueError):
    """Several items of a list meet a condition."""


@cache
def parse_path(path: str) -> tuple[PathStep, ...]:
    """Parse a path into steps; none for the empty path. Raises ValueError if it is malformed."""
    steps: list[PathStep] = []
    at = 0
    while at < len(path):
        selector = SELECTOR_FORM.match(path, at)
        if selector:
            steps.append(_parse_selector(selector))
            at = selector.end()
            continue
        if steps:
            if path[at] != ".":
                raise ValueError(f"{path!r} is not a valid path: {PATH_FORM}")
            at += 1
        name = NAME_FORM.match(path, at)
        if name is None:
            raise ValueError(f"{path!r} is not a valid path: {PATH_FORM}")
        steps.append(MemberStep(_unquote(name[1]) if name[1] is not None else name[2]))
        at = name.end()
    return tuple(steps)


def split_at_list(path: str) -> tuple[str, tuple[PathStep, ...]]:
    """Split a column's path before its first selector: `a.giay_to[0].so` gives ("a.giay_to", [0] and so).

    The part before it is the column's name, unchanged; without a selector that is the whole path.
    """
    found = SELECTOR_FORM.search(path)
    if found is None or found.start() == 0:
        return path, ()
    return path[: found.start()], parse_path(path[found.start() :])


def select_value(document: Any, steps: Sequence[PathStep], absent: Any = None) -> Any:
    """Return the value at a path, or `absent`. Raises AmbiguousPath if several items meet a condition."""
    for step in steps:
        if isinstance(step, MemberStep):
            if not isinstance(document, dict) or step.name not in document:
                return absent
            document = document[step.name]
        elif not isinstance(document, list):
            return absent
        elif isinstance(step, IndexStep):
            if not -len(document) <= step.at < len(document):
                return absent
            document = document[step.at]
        else:
            found = [item for item in document if _meets(item, step)]
            if len(found) > 1:
                raise AmbiguousPath(f"{len(found)} items have {'.'.join(step.names)} = {step.value}")
            if not found:
                return absent
            document = found[0]
    return document


def set_value(document: Any, path: str, value: Any) -> Any:
    """Return the document with a value set at a path. Missing objects and items are created."""
    holder: Any = {"": document}
    key: Any = ""
    for step in parse_path(path):
        inner = holder[key]
        if isinstance(step, MemberStep):
            holder[key] = inner = inner if isinstance(inner, dict) else {}
            inner.setdefault(step.name, None)
            holder, key = inner, step.name
        else:
            holder[key] = inner = inner if isinstance(inner, list) else []
            item = next((at for at, found in enumerate(inner) if _is_selected(found, at, step)), None)
            if item is None:
                inner.append(set_value({}, ".".join(step.names), step.value) if isinstance(step, MatchStep) else {})
                item = len(inner) - 1
            holder, key = inner, item
    holder[key] = value
    return document if parse_path(path) else value


def _is_selected(item: Any, at: int, step: IndexStep | MatchStep) -> bool:
    return at == step.at if isinstance(step, IndexStep) else _meets(item, step)


def _meets(item: Any, step: MatchStep) -> bool:
    for name in step.names:
        if not isinstance(item, dict) or name not in item:
            return False
        item = item[name]
    return isinstance(item, str | int | float | bool) and _write_scalar(item) == step.value


def _write_scalar(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parse_selector(found: "re.Match[str]") -> PathStep:
    if found[1] is not None:
        return IndexStep(int(found[1]))
    value = _unquote(found[3]) if found[3] is not None else found[4]
    return MatchStep(tuple(found[2].split(".")), value)


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
