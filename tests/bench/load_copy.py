"""The CSV file by raw COPY, in a process of its own: `python -m tests.bench.load_copy URL PATH`."""

import json
import sys
import time
from pathlib import Path

import psycopg

CHUNK = 1 << 20


def main() -> None:
    """Load once; print seconds."""
    url, path = sys.argv[1], Path(sys.argv[2])
    with psycopg.connect(url) as connection:
        names = path.open(encoding="utf-8").readline().strip().split(",")
        columns = ", ".join(f"{name} text" for name in names)
        seconds = copy(connection, path, "people", columns)
    print(json.dumps({"seconds": seconds}))


def copy(connection: "psycopg.Connection[tuple[object, ...]]", path: Path, table: str, columns: str) -> float:
    """Make a table and fill it from a CSV file with a header. Returns the seconds of the filling, with its commit."""
    connection.execute(f"create table {table} ({columns})")
    started = time.monotonic()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {table} from stdin (format csv, header)") as rows,
        path.open("rb") as data,
    ):
        while chunk := data.read(CHUNK):
            rows.write(chunk)
    connection.commit()
    return time.monotonic() - started


if __name__ == "__main__":
    main()
