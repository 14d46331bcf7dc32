"""The hub's engine following a table, in a process of its own: `python -m tests.bench.cdc_follow STORE SOURCE`.

It says `following` once the snapshot is stored, and ends when its input does.
"""

import sys
import threading
from typing import Any

from psycopg import Connection

from hub.ingest.outcome import Orders, Outcome
from hub.ingest.run import begin, connect, end, run_stream
from hub.sdk.manifest import Manifest
from tests.bench.manifests import STREAM, citizens


def main() -> None:
    """Take the snapshot, then follow."""
    store, source = sys.argv[1:]
    manifest = citizens("cdc", source)
    stop = threading.Event()
    with connect(store) as connection:
        read(connection, store, manifest, stop)
        print("following", flush=True)
        threading.Thread(target=_await_end, args=(stop,), daemon=True).start()
        read(connection, store, manifest, stop)


def read(connection: Connection[Any], store: str, manifest: Manifest, stop: threading.Event) -> None:
    """One run of the stream: a snapshot where it was never read, which ends by itself; otherwise until told to stop."""
    run_id = begin(connection, manifest, "SYNC")
    outcomes: dict[str, Outcome] = {}
    done, problems = run_stream(connection, store, manifest, STREAM, Orders(run_id), outcomes, follow=stop)
    end(connection, run_id, "SUCCEEDED" if done else "FAILED", problems, outcomes)
    assert done, problems


def _await_end(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    main()
