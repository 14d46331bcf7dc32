"""The rows in an answer: the list at the declared path, as a frame."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from hub.errors import SourceUnavailable
from hub.ingest.read.http.client import json_of
from hub.ingest.read.json_rows import Row, TooDeep, UnlikeItems, empty_frame, frame_of
from hub.ingest.values.typed_numbers import Notation
from hub.sdk.paths import AmbiguousPath, select, steps_of
from hub.sdk.streams import RestStream

ABSENT = object()
ASK = "ask the owner whether the API changed or its paging broke; nothing was changed in the store"


def document_of(where: str, stream: RestStream, body: bytes) -> Any:
    """The document in a body; of JSON Lines, a list. Raises ValueError, SourceUnavailable."""
    if stream.format == "jsonl":
        return [json_of(where, line) for line in body.split(b"\n") if line.strip()]
    return json_of(where, body)


def rows_in(where: str, stream: RestStream, document: Any) -> list[Row]:
    """The rows of a document. Raises SourceUnavailable where no list of objects stands at `records`."""
    rows = _at(document, stream.records)
    if rows is None:  # so some write an empty list
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        what = f"no list of objects at {stream.records}" if stream.records else "no list of objects"
        raise SourceUnavailable(f"{where}: the answer has {what}", next_step=ASK)
    return rows


def frame_in(where: str, stream: RestStream, rows: Sequence[Row], notations: Mapping[str, Notation]) -> pl.DataFrame:
    """The rows as a frame. Raises SourceUnavailable where they cannot be one."""
    try:
        return frame_of(rows, notations) if rows else empty_frame(stream)
    except PolarsError as error:
        why = str(error) if isinstance(error, UnlikeItems | TooDeep) else type(error).__name__
        raise SourceUnavailable(f"{where}: rows cannot be made one table: {why}", next_step=ASK) from None


def _at(document: Any, path: str) -> Any:
    """What stands at a path; ABSENT where nothing or several things do."""
    try:
        return select(document, steps_of(path), ABSENT)
    except AmbiguousPath:
        return ABSENT
