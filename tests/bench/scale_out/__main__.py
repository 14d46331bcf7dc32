"""What more processes, workers, replicas and Spark machines add, on one machine.

    python -m tests.bench.scale_out [--only processes workers replicas spark] [--seconds 5] [--rounds 3] [--spark-rows 100000]

With as few cores as a laptop has, requests a second say little: what has to stay flat is the CPU of a request or a row. Prints a table for each
part and, last, one JSON object. All files are in memory. Nothing is recorded. Exits with 1 if something that has to hold does not.
"""

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bench.scale_out import processes, replicas, spark, workers
from tests.bench.scale_out.read_load import format_table

Rows = list[dict[str, object]]
PARTS: Mapping[str, Callable[[Path, argparse.Namespace], Rows]] = {
    "processes": lambda folder, given: processes.measure(folder, seconds=given.seconds, rounds=given.rounds),
    "workers": lambda folder, given: workers.measure(folder),
    "replicas": lambda folder, given: replicas.measure(folder, seconds=given.seconds, rounds=given.rounds),
    "spark": lambda folder, given: spark.measure(
        folder, rows=given.spark_rows, memory_mb=given.spark_memory_mb, learns=given.spark_learns
    ),
}


def main() -> None:
    """Measure the parts one after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seconds", type=int, default=5, help="of each load")
    parser.add_argument("--rounds", type=int, default=3, help="in each of which every variant is loaded once")
    parser.add_argument("--spark-rows", type=int, default=100_000, help="citizens, and as many parties, to be linked")
    parser.add_argument("--spark-learns", action="store_true", help="learn a model on Spark, too")
    parser.add_argument("--spark-memory-mb", type=int, default=2_000, help="of DuckDB, and of each executor of Spark")
    given = parser.parse_args()
    measured: dict[str, Rows] = {}
    for name in given.only:
        folder = Path(tempfile.mkdtemp(prefix="hub-scale-", dir="/dev/shm"))
        folder.chmod(0o711)
        load_before = os.getloadavg()[0]
        try:
            measured[name] = PARTS[name](folder, given)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        machine = f"load average before {load_before:.1f}, after {os.getloadavg()[0]:.1f}"
        print(f"\n## {name} ({os.cpu_count()} cores, {machine})\n\n{format_table(measured[name])}", flush=True)
    print(json.dumps(measured, ensure_ascii=False))


if __name__ == "__main__":
    main()
