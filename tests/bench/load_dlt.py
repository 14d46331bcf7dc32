"""The same load by dlt, in a process of its own: `python -m tests.bench.load_dlt URL FOLDER WAY`.

A primary key and write disposition `merge`, in one of two ways: `arrow`, its fastest documented one for a file, Arrow tables;
`dicts`, the one its documentation begins with, Python dictionaries, here of csv.DictReader, in pages.
"""

import csv
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import dlt
import pyarrow as pa
from pyarrow import csv as arrow_csv

from tests.bench.people import NAME

PAGE = 10_000


def arrow(path: Path) -> Iterator[pa.Table]:
    """Tables of text columns."""
    types = {name: pa.string() for name in path.open(encoding="utf-8").readline().strip().split(",")}
    options = arrow_csv.ConvertOptions(column_types=types, strings_can_be_null=True)
    read = arrow_csv.ReadOptions(block_size=16 << 20)
    with arrow_csv.open_csv(path, read_options=read, convert_options=options) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])


def dicts(path: Path) -> Iterator[list[dict[str, str]]]:
    """Pages of dictionaries."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        while page := list(islice(rows, PAGE)):
            yield page


WAYS: Mapping[str, Callable[[Path], Iterator[object]]] = {"arrow": arrow, "dicts": dicts}


def main() -> None:
    """Load once; print seconds."""
    url, folder, way = sys.argv[1:]

    @dlt.resource(name="people", primary_key="id", write_disposition="merge")
    def people() -> Iterator[object]:
        yield from WAYS[way](Path(folder) / NAME)

    with tempfile.TemporaryDirectory(dir=folder) as work:
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=work, destination=dlt.destinations.postgres(url), dataset_name="dlt_bench"
        )
        started = time.monotonic()
        pipeline.run(people())
        seconds = time.monotonic() - started
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
