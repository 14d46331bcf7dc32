"""One load of people.csv by the hub, in a process of its own: `python -m tests.bench.load_hub URL FOLDER`."""

import json
import os
import resource
import sys
import time

from hub.ingest.run import run
from hub.store.engine import engine
from tests.bench.people import manifest


def main() -> None:
    """Load once; print seconds, rows, and peak memory in MB."""
    url, folder = sys.argv[1:]
    os.environ["BENCH_FOLDER"] = folder
    made = engine(url)
    started = time.monotonic()
    (report,) = run(made, [manifest()])
    seconds = time.monotonic() - started
    made.dispose()
    assert report.status == "SUCCEEDED", report.problems
    (counts,) = report.counts
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "seconds": seconds,
                "read": counts.read,
                "added": counts.added,
                "unchanged": counts.unchanged,
                "peak_mb": peak,
            }
        )
    )


if __name__ == "__main__":
    main()
