"""One load of the people by the hub, in a process of its own: `python -m tests.bench.load_hub URL KIND WHERE`."""

import json
import sys
import time

from hub.ingest.run.connector_run import run_connectors
from hub.store.engine import make_engine
from tests.bench.harness import peak_mb
from tests.bench.manifests import citizens


def main() -> None:
    """Load once; print seconds, what became of the rows, and peak memory in MB."""
    url, kind, where = sys.argv[1:]
    manifest = citizens(kind, where)
    made = make_engine(url)
    started = time.monotonic()
    (report,) = run_connectors(made, [manifest])
    seconds = time.monotonic() - started
    made.dispose()
    assert report.status == "SUCCEEDED", report.problems
    (counts,) = report.counts
    names = ("read", "added", "changed", "unchanged", "deleted")
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb(), **{name: getattr(counts, name) for name in names}}))


if __name__ == "__main__":
    main()
