"""Rows of JSON as frames. Numbers stay the digits that the source wrote: 1.10 is not 1.1, and no identifier is rounded.

Those of fields that are read in a notation are written in it: a number of JSON is no text.
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

Row = dict[str, Any]
DEEPEST = 50
"""Objects and lists within each other. Polars ends the process with a segmentation fault at some hundreds."""
ITEM = "[]"
"""Stands in a path for every item of a list."""


class UnlikeItems(SchemaError):
    """Items of one list are texts here and objects or lists there: no column can hold both as they are."""


class TooDeep(SchemaError):
    """Objects or lists stand too deeply within each other."""


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


DECODER = json.JSONDecoder(parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=_no_json)
"""orjson is faster and makes floats of decimals; this one reads 280,000 rows of 12 columns in a second, which is enough."""


def decoded(text: bytes) -> Any:
    """The document: numbers are text. Raises ValueError."""
    try:
        return DECODER.decode(str(text.removeprefix(BOM_UTF8), "utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dig(document: Any, path: str, absent: Any = None) -> Any:
    """What a row has in a column, whose name is a dotted path of objects; `absent` where nothing is.

    Paths of documents, which may be quoted or select an item, are those of `hub.sdk.paths`.
    """
    for name in path.split(".") if path else ():
        if not isinstance(document, dict) or name not in document:
            return absent
        document = document[name]
    return document


def frame_of(rows: Sequence[Row], wanted: Mapping[str, Notation] | None = None) -> pl.DataFrame:
    """A frame of rows, nested objects flattened to paths; numbers at the paths `wanted` are changed to their notation.

    Polars makes one type of what is unlike: of an object beside a text it writes `{"1"}`, of an empty list beside a text
    nothing. So shapes are held against each other before. Raises TooDeep, UnlikeItems.
    """
    if wanted:
        write_rows(rows, wanted)
    kinds = _kinds(rows)
    unlike = {path for path, found in kinds.items() if len(found) > 1}
    if within := next((path for path in sorted(unlike) if ITEM in path), None):
        raise UnlikeItems(
            f"items of one list, {within.partition(ITEM)[0]}, are unlike: {', '.join(sorted(kinds[within]))}"
        )
    try:
        return _frame(_settled(rows) if unlike else rows)
    except UnicodeEncodeError:
        # Half of a surrogate pair is no character; JSON can write it, nothing else can.
        text = json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        return _frame(_settled(json.loads(text)) if unlike else json.loads(text))


def empty_frame(stream: Stream) -> pl.DataFrame:
    """No rows, with the columns that the stream declares: a list without rows names none."""
    lists = stream.list_columns()
    return pl.DataFrame(schema={name: pl.Null if name in lists else pl.String for name in sorted(stream.columns())})


def _kinds(rows: Sequence[Row]) -> dict[str, set[str]]:
    """Path → what stands there: "object", "list", "text". Of columns that hold nothing but texts there is none."""
    names = {name for row in rows for name, value in row.items() if type(value) is dict or type(value) is list}
    kinds: dict[str, set[str]] = {}
    left = [(name, row[name], 1) for name in names for row in rows if name in row]
    while left:
        path, value, depth = left.pop()
        if value is None:
            continue
        if depth > DEEPEST:
            raise TooDeep(f"more than {DEEPEST} objects or lists stand within each other")
        found = kinds.setdefault(path, set())
        if isinstance(value, dict):
            found.add("object")
            left += ((f"{path}.{name}", inner, depth + 1) for name, inner in value.items())
        elif isinstance(value, list):
            found.add("list")
            left += ((path + ITEM, inner, depth + 1) for inner in value)
        else:
            found.add("text")
    for path in [path for path, found in kinds.items() if "list" in found and len(found) > 1]:
        kinds.setdefault(path + ITEM, set()).update(kinds[path] - {"list"})  # one item, written without its list
    return kinds


def _frame(rows: Sequence[Row]) -> pl.DataFrame:
    return flatten_structs(pl.from_dicts(rows, infer_schema_length=None, strict=False))


def _settled(rows: Sequence[Row]) -> list[Row]:
    """Rows whose shapes differ, flattened one by one: what is an object here and text there becomes two columns,
    what is a list here and one item there (XML made JSON so) a list.
    """
    flat = [dict(_paths(row, "")) for row in rows]
    lists = frozenset(path for row in flat for path, value in row.items() if isinstance(value, list))
    return [
        {path: _listed(value) if path in lists else value for path, value in _paths(row, "", lists)} for row in rows
    ]


def _listed(value: Any) -> Any:
    return value if value is None or isinstance(value, list) else [value]


def _paths(row: Row, prefix: str, whole: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """Path and value of every value that is no object, and of objects at the paths `whole`."""
    for name, value in row.items():
        path = prefix + name
        if isinstance(value, dict) and path not in whole:
            yield from _paths(value, f"{path}.", whole)
        else:
            yield path, value
