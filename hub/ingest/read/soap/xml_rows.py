"""Elements of an XML answer become rows, by the types of its description. Values stay the texts that they are.

Elements within elements are flattened to paths, attributes are `@name`. What may occur more than once is a list. What the
description does not know is a column all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from lxml import etree
from zeep import xsd
from zeep.xsd.elements import Group
from zeep.xsd.elements.indicators import OrderIndicator

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.values.typed_numbers import JsonNumber, Notation, write_rows

XSI = "http://www.w3.org/2001/XMLSchema-instance"
DEEPEST = 8
"""Elements within each other, where a type contains itself."""
SIMPLE_CONTENT = "_value_1"
"""zeep's name for the text of an element that has attributes."""

NUMBERS = (xsd.Decimal, xsd.Double, xsd.Float)
"""The types of numbers; whole ones are kinds of Decimal."""

Row = dict[str, Any]


def type_at(where: str, kind: Any, path: str) -> Any:
    """The type of what stands at a path. Raises HubMisconfigured naming the part that the description lacks."""
    for part in path.split(".") if path else ():
        members = {name: element for name, element, _ in _members(kind)}
        if part not in members:
            raise HubMisconfigured(
                f"{where}: the answer has no {part} ({path})",
                next_step=f"use what the WSDL declares: {', '.join(sorted(members)) or 'nothing there'}",
            )
        kind = members[part].type
    return kind


def lists_in(kind: Any, before: str = "", depth: int = 0) -> list[str]:
    """The paths of the lists of records in what an operation answers, the outermost first."""
    found: list[str] = []
    for name, element, many in _members(kind) if depth <= DEEPEST else ():
        if many and _columns(element.type):
            found.append(before + name)
        elif not many:
            found += lists_in(element.type, f"{before}{name}.", depth + 1)
    return found


def find(element: Any, path: str) -> list[Any]:
    """The elements at a path."""
    found = [element]
    for part in path.split(".") if path else ():
        found = [child for one in found for child in one if _name(child) == part]
    return found


def text(element: Any, path: str) -> str:
    """The text at a path; empty where there is none."""
    found = find(element, path)
    return (found[0].text or "").strip() if found else ""


def frame(where: str, elements: Sequence[Any], kind: Any, wanted: Mapping[str, Notation]) -> pl.DataFrame:
    """The rows of some elements of one type; numbers of its schema at the paths `wanted` are written in their notation."""
    rows = [_row(where, element, kind) for element in elements]
    write_rows(rows, wanted)
    types = {**_columns(kind), **_extra(rows, _columns(kind))}
    return pl.DataFrame([pl.Series(n, [row.get(n) for row in rows], dtype=dtype) for n, dtype in types.items()])


def _extra(rows: Sequence[Row], known: dict[str, pl.DataType]) -> dict[str, pl.DataType]:
    return {name: pl.String() for row in rows for name in row if name not in known}


def _columns(kind: Any, before: str = "", depth: int = 0) -> dict[str, pl.DataType]:
    found: dict[str, pl.DataType] = {}
    if depth > DEEPEST:
        return found
    for attribute, _ in getattr(kind, "attributes", ()):
        found[f"{before}@{attribute}"] = pl.String()
    for name, element, many in _members(kind):
        inner = _columns(element.type, "" if many else f"{before}{name}.", depth + 1)
        if many:
            found[before + name] = pl.List(pl.Struct(inner) if inner else pl.String())
        else:
            found |= inner
            if not inner or _has_text(element.type):
                found[before + name] = pl.String()
    return found


def _row(where: str, element: Any, kind: Any, depth: int = 0) -> Row:
    row: Row = {f"@{_local(name)}": value for name, value in element.attrib.items() if _namespace(name) != XSI}
    members = {name: (member, many) for name, member, many in _members(kind)} if depth <= DEEPEST else {}
    for child in element:
        name = _name(child)
        member, many = members.get(name, (None, False))
        inner = member.type if member is not None else None
        if many:
            row.setdefault(name, []).append(_item(where, child, inner, depth))
            continue
        for path, value in _value(where, child, inner, name, depth).items():
            if path in row:
                raise SourceUnavailable(
                    f"{where}: the answer has {path} twice where the WSDL allows one", next_step="tell the owner"
                )
            row[path] = value
    return row


def _item(where: str, element: Any, kind: Any, depth: int) -> Any:
    if not _columns(kind):
        return _text(element, kind)
    return _row(where, element, kind, depth + 1)


def _value(where: str, element: Any, kind: Any, path: str, depth: int) -> Row:
    """One element, flattened under its path."""
    inner = {f"{path}.{name}": value for name, value in _row(where, element, kind, depth + 1).items()}
    if len(element) == 0 and (kind is None or not _columns(kind) or _has_text(kind)):
        inner[path] = _text(element, kind)
    return inner


def _text(element: Any, kind: Any) -> str | None:
    if element.get(f"{{{XSI}}}nil") in ("true", "1"):
        return None
    return JsonNumber((element.text or "").strip()) if isinstance(kind, NUMBERS) else element.text or ""


def _members(kind: Any) -> Iterator[tuple[str, Any, bool]]:
    """Name, element and whether it may occur more than once, of what a type contains."""
    for _, element in getattr(kind, "elements_nested", ()):
        yield from _unfolded(element, many=False)


def _unfolded(element: Any, *, many: bool) -> Iterator[tuple[str, Any, bool]]:
    if isinstance(element, OrderIndicator):
        for inner in element:
            yield from _unfolded(inner, many=many or element.accepts_multiple)
    elif isinstance(element, Group):
        yield from _unfolded(element.child, many=many or element.accepts_multiple)
    elif isinstance(element, xsd.Element) and element.name != SIMPLE_CONTENT:
        yield element.name, element, many or element.accepts_multiple


def _has_text(kind: Any) -> bool:
    return any(name == SIMPLE_CONTENT for name, _ in getattr(kind, "elements", ()))


def _name(element: Any) -> str:
    return _local(element.tag)


def _local(tag: str) -> str:
    found: str = etree.QName(tag).localname
    return found


def _namespace(tag: str) -> str | None:
    found: str | None = etree.QName(tag).namespace
    return found
