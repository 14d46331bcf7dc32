"""Paths into nested documents: `data.items`, `"@odata.nextLink"`, `link[relation=next].url`, `giay_to[0].so`.

    name            the member of an object; quoted with "…" where it holds a dot, a bracket or a quote
    [2]  [-1]       an item of a list by its position, from 0; -1 is the last
    [loai=CCCD]     the item of a list whose member has this text; quoted where it holds a bracket

A path says where a value is and nothing else: it never guesses. What is not there is absent; a condition that two items meet
is ambiguous.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

NAME = re.compile(r'"((?:[^"\\]|\\.)*)"|([^.\[\]"]+)')
SELECTOR = re.compile(r'\[(?:(-?[0-9]{1,9})|([^\[\]="]+)=(?:"((?:[^"\\]|\\.)*)"|([^\[\]"]*)))\](?=[.\[]|$)')
FORM = 'write names and selectors, e.g. data.items, "@odata.nextLink", link[relation=next].url'


@dataclass(frozen=True)
class Member:
    """The member of an object."""

    name: str


@dataclass(frozen=True)
class Index:
    """The item of a list at a position."""

    at: int


@dataclass(frozen=True)
class Match:
    """The one item of a list whose member, itself a dotted path, has a text."""

    names: tuple[str, ...]
    value: str


Step = Member | Index | Match


class AmbiguousPath(ValueError):
    """Several items of a list meet a condition."""


@cache
def steps_of(path: str) -> tuple[Step, ...]:
    """The steps of a path; none for the empty one. Raises ValueError where it is malformed."""
    steps: list[Step] = []
    at = 0
    while at < len(path):
        selector = SELECTOR.match(path, at)
        if selector:
            steps.append(_selection(selector))
            at = selector.end()
            continue
        if steps:
            if path[at] != ".":
                raise ValueError(f"{path!r} is no path: {FORM}")
            at += 1
        name = NAME.match(path, at)
        if name is None:
            raise ValueError(f"{path!r} is no path: {FORM}")
        steps.append(Member(_unquoted(name[1]) if name[1] is not None else name[2]))
        at = name.end()
    return tuple(steps)


def split_at_list(path: str) -> tuple[str, tuple[Step, ...]]:
    """A column's path parted before its first selector: `a.giay_to[0].so` is ("a.giay_to", [0] and so).

    What comes before is the column's name as it stands; without a selector that is all of it.
    """
    found = SELECTOR.search(path)
    if found is None or found.start() == 0:
        return path, ()
    return path[: found.start()], steps_of(path[found.start() :])


def select(document: Any, steps: Sequence[Step], absent: Any = None) -> Any:
    """What is at a path; `absent` where nothing is. Raises AmbiguousPath where a condition is met more than once."""
    for step in steps:
        if isinstance(step, Member):
            if not isinstance(document, dict) or step.name not in document:
                return absent
            document = document[step.name]
        elif not isinstance(document, list):
            return absent
        elif isinstance(step, Index):
            if not -len(document) <= step.at < len(document):
                return absent
            document = document[step.at]
        else:
            found = [item for item in document if _has(item, step)]
            if len(found) > 1:
                raise AmbiguousPath(f"{len(found)} items have {'.'.join(step.names)} = {step.value}")
            if not found:
                return absent
            document = found[0]
    return document


def place(document: Any, path: str, value: Any) -> Any:
    """The document with a value at a path; objects and items that it lacks are made."""
    holder: Any = {"": document}
    key: Any = ""
    for step in steps_of(path):
        inner = holder[key]
        if isinstance(step, Member):
            holder[key] = inner = inner if isinstance(inner, dict) else {}
            inner.setdefault(step.name, None)
            holder, key = inner, step.name
        else:
            holder[key] = inner = inner if isinstance(inner, list) else []
            item = next((at for at, found in enumerate(inner) if _is_meant(found, at, step)), None)
            if item is None:
                inner.append(place({}, ".".join(step.names), step.value) if isinstance(step, Match) else {})
                item = len(inner) - 1
            holder, key = inner, item
    holder[key] = value
    return document if steps_of(path) else value


def _is_meant(item: Any, at: int, step: Index | Match) -> bool:
    return at == step.at if isinstance(step, Index) else _has(item, step)


def _has(item: Any, step: Match) -> bool:
    for name in step.names:
        if not isinstance(item, dict) or name not in item:
            return False
        item = item[name]
    return isinstance(item, str | int | float | bool) and _text(item) == step.value


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _selection(found: "re.Match[str]") -> Step:
    if found[1] is not None:
        return Index(int(found[1]))
    value = _unquoted(found[3]) if found[3] is not None else found[4]
    return Match(tuple(found[2].split(".")), value)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
