"""The rows in an answer: the list at the declared path, as a frame."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from hub.ingest.read.http.client import parse_json
from hub.ingest.read.json_rows import JsonRow, TooDeep, UnlikeItems, build_empty_frame, build_frame
from hub.ingest.read.reader import AnswerMalformed
from hub.ingest.values.typed_numbers import Notation
from hub.sdk.paths import AmbiguousPath, parse_path, select_value
from hub.sdk.streams import RestStream

ABSENT = object()
ASK_OWNER = "ask the owner whether the API or its paging changed; the store is unchanged"


def parse_document(where: str, stream: RestStream, body: bytes) -> Any:
    """Parse the document in a body; JSON Lines become a list. Raises ValueError, SourceUnavailable."""
    if stream.format == "jsonl":
        return [parse_json(where, line) for line in body.split(b"\n") if line.strip()]
    return parse_json(where, body)


def find_rows(where: str, stream: RestStream, document: Any) -> list[JsonRow]:
    """Return the rows of a document. Raises SourceUnavailable if there is no list of objects at `records`."""
    rows = _get_at_path(document, stream.records)
    if rows is None:  # some APIs write an empty list like this
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        what = f"no list of objects at {stream.records}" if stream.records else "no list of objects"
        raise AnswerMalformed(f"{where}: the answer has {what}", next_step=ASK_OWNER)
    return rows


def build_rows_frame(
    where: str, stream: RestStream, rows: Sequence[JsonRow], notations: Mapping[str, Notation]
) -> pl.DataFrame:
    """Build a frame of the rows. Raises SourceUnavailable if they do not fit one table."""
    try:
        return build_frame(rows, notations) if rows else build_empty_frame(stream)
    except PolarsError as error:
        why = str(error) if isinstance(error, UnlikeItems | TooDeep) else type(error).__name__
        raise AnswerMalformed(f"{where}: the rows do not fit one table: {why}", next_step=ASK_OWNER) from None


def _get_at_path(document: Any, path: str) -> Any:
    """Return the value at a path; ABSENT if there is none, or if the path is ambiguous."""
    try:
        return select_value(document, parse_path(path), ABSENT)
    except AmbiguousPath:
        return ABSENT
