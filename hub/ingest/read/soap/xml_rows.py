"""XML rows: turn the elements of an answer into rows, by the types of its description. Values keep their text.

Nested elements are flattened to paths, and attributes become `@name`. Elements that may repeat become lists. Elements
that the description does not declare still become columns.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from lxml import etree
from zeep import xsd
from zeep.xsd.elements import Group
from zeep.xsd.elements.indicators import OrderIndicator

from hub.errors import HubMisconfigured
from hub.ingest.read.reader import AnswerMalformed
from hub.ingest.values.typed_numbers import JsonNumber, Notation, write_rows

XSI_NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance"
MAX_DEPTH = 8
"""Maximum nesting, for types that contain themselves."""
SIMPLE_CONTENT = "_value_1"
"""zeep's name for the text of an element that has attributes."""

NUMBER_TYPES = (xsd.Decimal, xsd.Double, xsd.Float)
"""Numeric types; whole numbers are subtypes of Decimal."""

XmlRow = dict[str, Any]


def find_type(where: str, kind: Any, path: str) -> Any:
    """Return the type at a path. Raises HubMisconfigured with the part that the description lacks."""
    for part in path.split(".") if path else ():
        members = {name: element for name, element, _ in _list_members(kind)}
        if part not in members:
            raise HubMisconfigured(
                f"{where}: the answer has no {part} ({path})",
                next_step=f"use what the WSDL declares: {', '.join(sorted(members)) or 'nothing here'}",
            )
        kind = members[part].type
    return kind


def find_lists(kind: Any, before: str = "", depth: int = 0) -> list[str]:
    """Return the paths of the lists of records in an operation's answer, the outermost first."""
    found: list[str] = []
    for name, element, many in _list_members(kind) if depth <= MAX_DEPTH else ():
        if many and _find_columns(element.type):
            found.append(before + name)
        elif not many:
            found += find_lists(element.type, f"{before}{name}.", depth + 1)
    return found


def find_elements(element: Any, path: str) -> list[Any]:
    """Return the elements at a path."""
    found = [element]
    for part in path.split(".") if path else ():
        found = [child for one in found for child in one if _local_name(child) == part]
    return found


def read_text(element: Any, path: str) -> str:
    """Return the text at a path; empty if there is none."""
    found = find_elements(element, path)
    return (found[0].text or "").strip() if found else ""


def build_xml_frame(where: str, elements: Sequence[Any], kind: Any, wanted: Mapping[str, Notation]) -> pl.DataFrame:
    """Build the rows of elements of one type, with the numbers at the paths `wanted` written in their notation."""
    rows = [_build_row(where, element, kind) for element in elements]
    write_rows(rows, wanted)
    types = {**_find_columns(kind), **_find_undeclared(rows, _find_columns(kind))}
    return pl.DataFrame([pl.Series(n, [row.get(n) for row in rows], dtype=dtype) for n, dtype in types.items()])


def _find_undeclared(rows: Sequence[XmlRow], known: dict[str, pl.DataType]) -> dict[str, pl.DataType]:
    return {name: pl.String() for row in rows for name in row if name not in known}


def _find_columns(kind: Any, before: str = "", depth: int = 0) -> dict[str, pl.DataType]:
    found: dict[str, pl.DataType] = {}
    if depth > MAX_DEPTH:
        return found
    for attribute, _ in getattr(kind, "attributes", ()):
        found[f"{before}@{attribute}"] = pl.String()
    for name, element, many in _list_members(kind):
        inner = _find_columns(element.type, "" if many else f"{before}{name}.", depth + 1)
        if many:
            found[before + name] = pl.List(pl.Struct(inner) if inner else pl.String())
        else:
            found |= inner
            if not inner or _has_text(element.type):
                found[before + name] = pl.String()
    return found


def _build_row(where: str, element: Any, kind: Any, depth: int = 0) -> XmlRow:
    row: XmlRow = {
        f"@{_strip_namespace(name)}": value
        for name, value in element.attrib.items()
        if _find_namespace(name) != XSI_NAMESPACE
    }
    members = {name: (member, many) for name, member, many in _list_members(kind)} if depth <= MAX_DEPTH else {}
    for child in element:
        name = _local_name(child)
        member, many = members.get(name, (None, False))
        inner = member.type if member is not None else None
        if many:
            row.setdefault(name, []).append(_build_item(where, child, inner, depth))
            continue
        for path, value in _flatten_element(where, child, inner, name, depth).items():
            if path in row:
                raise AnswerMalformed(
                    f"{where}: the answer repeats {path}, which the WSDL allows only once",
                    next_step="report it to the owner of the service",
                )
            row[path] = value
    return row


def _build_item(where: str, element: Any, kind: Any, depth: int) -> Any:
    if not _find_columns(kind):
        return _read_value(element, kind)
    return _build_row(where, element, kind, depth + 1)


def _flatten_element(where: str, element: Any, kind: Any, path: str, depth: int) -> XmlRow:
    """Flatten one element under its path."""
    inner = {f"{path}.{name}": value for name, value in _build_row(where, element, kind, depth + 1).items()}
    if len(element) == 0 and (kind is None or not _find_columns(kind) or _has_text(kind)):
        inner[path] = _read_value(element, kind)
    return inner


def _read_value(element: Any, kind: Any) -> str | None:
    if element.get(f"{{{XSI_NAMESPACE}}}nil") in ("true", "1"):
        return None
    return JsonNumber((element.text or "").strip()) if isinstance(kind, NUMBER_TYPES) else element.text or ""


def _list_members(kind: Any) -> Iterator[tuple[str, Any, bool]]:
    """Yield name and element of everything that a type contains, and whether it may repeat."""
    for _, element in getattr(kind, "elements_nested", ()):
        yield from _unfold_members(element, many=False)


def _unfold_members(element: Any, *, many: bool) -> Iterator[tuple[str, Any, bool]]:
    if isinstance(element, OrderIndicator):
        for inner in element:
            yield from _unfold_members(inner, many=many or element.accepts_multiple)
    elif isinstance(element, Group):
        yield from _unfold_members(element.child, many=many or element.accepts_multiple)
    elif isinstance(element, xsd.Element) and element.name != SIMPLE_CONTENT:
        yield element.name, element, many or element.accepts_multiple


def _has_text(kind: Any) -> bool:
    return any(name == SIMPLE_CONTENT for name, _ in getattr(kind, "elements", ()))


def _local_name(element: Any) -> str:
    return _strip_namespace(element.tag)


def _strip_namespace(tag: str) -> str:
    found: str = etree.QName(tag).localname
    return found


def _find_namespace(tag: str) -> str | None:
    found: str | None = etree.QName(tag).namespace
    return found
