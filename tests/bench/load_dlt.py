"""The same load by dlt, in a process of its own: `python -m tests.bench.load_dlt URL FOLDER`.

Its fastest documented way for a file: Arrow tables, a primary key, write disposition `merge`.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import dlt
import pyarrow as pa
from pyarrow import csv


def main() -> None:
    """Load once; print seconds."""
    url, folder = sys.argv[1:]
    types = {
        name: pa.string() for name in (Path(folder) / "people.csv").open(encoding="utf-8").readline().strip().split(",")
    }

    @dlt.resource(name="people", primary_key="id", write_disposition="merge")
    def people() -> Iterator[pa.Table]:
        options = csv.ConvertOptions(column_types=types, strings_can_be_null=True)
        read = csv.ReadOptions(block_size=16 << 20)
        with csv.open_csv(Path(folder) / "people.csv", read_options=read, convert_options=options) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])

    with tempfile.TemporaryDirectory(dir="/dev/shm") as work:
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=work, destination=dlt.destinations.postgres(url), dataset_name="dlt_bench"
        )
        started = time.monotonic()
        pipeline.run(people())
        seconds = time.monotonic() - started
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
