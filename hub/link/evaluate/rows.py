"""Rows of the store as frames, by COPY: a million links take seconds."""

import io

import polars as pl
from psycopg import Connection
from psycopg.sql import SQL

Store = Connection[tuple[object, ...]]
NUMBERS = {
    "id": pl.Int64, "record_id": pl.Int64, "found_id": pl.Int64, "subject_id": pl.Int64, "weight": pl.Float64, "confidence": pl.Float64,
}  # fmt: skip
"""Columns that are numbers wherever they are read; all else is text."""


def read_frame(connection: Store, query: str) -> pl.DataFrame:
    """The rows of a query, which holds no value from outside."""
    data = io.BytesIO()
    with connection.cursor().copy(SQL("copy ({}) to stdout (format csv, header)").format(SQL(query))) as copy:
        for chunk in copy:
            data.write(chunk)
    data.seek(0)
    read = pl.read_csv(data, infer_schema=False)
    return read.cast({name: NUMBERS[name] for name in read.columns if name in NUMBERS})
