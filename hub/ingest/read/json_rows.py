"""Rows of JSON as frames. Numbers stay the digits that the source wrote: 1.10 is not 1.1, and no identifier is rounded."""

import json
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import polars as pl
from polars.exceptions import DuplicateError, PolarsError

from hub.ingest.map import flatten
from hub.sdk.streams import Stream

Row = dict[str, Any]


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_json)
"""orjson is faster and makes floats of decimals; this one reads 280,000 rows of 12 columns in a second, which is enough."""


def decoded(text: bytes) -> Any:
    """The document: numbers are text. Raises ValueError."""
    try:
        return DECODER.decode(str(text.removeprefix(BOM_UTF8), "utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dig(document: Any, path: str, absent: Any = None) -> Any:
    """What is at a dotted path of objects; `absent` where nothing is. The empty path is the document."""
    for name in path.split(".") if path else ():
        if not isinstance(document, dict) or name not in document:
            return absent
        document = document[name]
    return document


def frame_of(rows: Sequence[Row]) -> pl.DataFrame:
    """A frame of rows, nested objects flattened to paths. Raises PolarsError where they cannot be one."""
    try:
        return _frame(rows)
    except UnicodeEncodeError:
        # Half of a surrogate pair is no character; JSON can write it, nothing else can.
        rows = json.loads(
            json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        )
    except DuplicateError:
        raise
    except PolarsError:
        pass
    return _frame(_settled(rows))


def empty_frame(stream: Stream) -> pl.DataFrame:
    """No rows, with the columns that the stream declares: a list without rows names none."""
    lists = {emit.explode for emit in stream.emits.values() if emit.explode}
    return pl.DataFrame(schema={name: pl.Null if name in lists else pl.String for name in sorted(stream.columns())})


def _frame(rows: Sequence[Row]) -> pl.DataFrame:
    return flatten(pl.from_dicts(rows, infer_schema_length=None, strict=False))


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
