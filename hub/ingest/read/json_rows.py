"""JSON rows as frames. Numbers keep the digits that the source wrote: 1.10 does not become 1.1, and no identifier is
rounded.

Numbers of fields that declare a notation are written in it, because a JSON number is not text.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import polars as pl
from polars.exceptions import SchemaError

from hub.ingest.transform.map import flatten_structs
from hub.ingest.values.typed_numbers import JsonNumber, Notation, write_rows
from hub.sdk.streams import Stream

JsonRow = dict[str, Any]
MAX_DEPTH = 50
"""Maximum nesting of objects and lists. Polars crashes with a segmentation fault at a few hundred levels."""
ITEM_STEP = "[]"
"""Stands in a path for every item of a list."""


class UnlikeItems(SchemaError):
    """The items of one list are sometimes texts and sometimes objects or lists: no column can hold both."""


class TooDeep(SchemaError):
    """Objects or lists are nested too deeply."""


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not valid JSON")


JSON_DECODER = json.JSONDecoder(parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=_refuse_constant)
"""orjson is faster but turns decimals into floats. This decoder reads 280,000 rows of 12 columns per second, which is
enough.
"""


def decode_json(text: bytes) -> Any:
    """Decode a JSON document; numbers become text. Raises ValueError."""
    try:
        return JSON_DECODER.decode(str(text.removeprefix(BOM_UTF8), "utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def get_at_path(document: Any, path: str, absent: Any = None) -> Any:
    """Return the value of a row at a column, whose name is a dotted path of objects; `absent` if there is none.

    Paths of documents, which may be quoted or select an item, are those of `hub.sdk.paths`.
    """
    for name in path.split(".") if path else ():
        if not isinstance(document, dict) or name not in document:
            return absent
        document = document[name]
    return document


def build_frame(rows: Sequence[JsonRow], wanted: Mapping[str, Notation] | None = None) -> pl.DataFrame:
    """Build a frame of rows, with nested objects flattened to paths and the numbers at the paths `wanted` written in
    their notation.

    Polars merges unlike values into one type: an object beside a text becomes `{"1"}`, an empty list beside a text
    becomes nothing. So the shapes are compared first. Raises TooDeep, UnlikeItems.
    """
    if wanted:
        write_rows(rows, wanted)
    kinds = _find_kinds(rows)
    unlike = {path for path, found in kinds.items() if len(found) > 1}
    if within := next((path for path in sorted(unlike) if ITEM_STEP in path), None):
        raise UnlikeItems(
            f"the items of the list {within.partition(ITEM_STEP)[0]} are of different kinds: {', '.join(sorted(kinds[within]))}"
        )
    try:
        return _build_polars_frame(_flatten_rows(rows) if unlike else rows)
    except UnicodeEncodeError:
        # Half of a surrogate pair is not a character; JSON can express it, nothing else can.
        text = json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        return _build_polars_frame(_flatten_rows(json.loads(text)) if unlike else json.loads(text))


def build_empty_frame(stream: Stream) -> pl.DataFrame:
    """Return a frame without rows but with the columns that the stream declares: an empty list names none."""
    lists = stream.find_list_columns()
    return pl.DataFrame(
        schema={name: pl.Null if name in lists else pl.String for name in sorted(stream.list_columns())}
    )


def _find_kinds(rows: Sequence[JsonRow]) -> dict[str, set[str]]:
    """Map each path to what occurs there: "object", "list", "text". Columns that hold only texts are left out."""
    names = {name for row in rows for name, value in row.items() if type(value) is dict or type(value) is list}
    kinds: dict[str, set[str]] = {}
    left = [(name, row[name], 1) for name in names for row in rows if name in row]
    while left:
        path, value, depth = left.pop()
        if value is None:
            continue
        if depth > MAX_DEPTH:
            raise TooDeep(f"objects or lists are nested more than {MAX_DEPTH} levels deep")
        found = kinds.setdefault(path, set())
        if isinstance(value, dict):
            found.add("object")
            left += ((f"{path}.{name}", inner, depth + 1) for name, inner in value.items())
        elif isinstance(value, list):
            found.add("list")
            left += ((path + ITEM_STEP, inner, depth + 1) for inner in value)
        else:
            found.add("text")
    for path in [path for path, found in kinds.items() if "list" in found and len(found) > 1]:
        kinds.setdefault(path + ITEM_STEP, set()).update(kinds[path] - {"list"})  # one item, written without its list
    return kinds


def _build_polars_frame(rows: Sequence[JsonRow]) -> pl.DataFrame:
    return flatten_structs(pl.from_dicts(rows, infer_schema_length=None, strict=False))


def _flatten_rows(rows: Sequence[JsonRow]) -> list[JsonRow]:
    """Flatten rows of different shapes one by one.

    A value that is sometimes an object and sometimes text becomes two columns; one that is sometimes a list and
    sometimes a single item (XML converted to JSON) becomes a list.
    """
    flat = [dict(_list_paths(row, "")) for row in rows]
    lists = frozenset(path for row in flat for path, value in row.items() if isinstance(value, list))
    return [
        {path: _wrap_in_list(value) if path in lists else value for path, value in _list_paths(row, "", lists)}
        for row in rows
    ]


def _wrap_in_list(value: Any) -> Any:
    return value if value is None or isinstance(value, list) else [value]


def _list_paths(row: JsonRow, prefix: str, whole: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """Yield path and value of every value that is not an object, and of objects at the paths `whole`."""
    for name, value in row.items():
        path = prefix + name
        if isinstance(value, dict) and path not in whole:
            yield from _list_paths(value, f"{path}.", whole)
        else:
            yield path, value
