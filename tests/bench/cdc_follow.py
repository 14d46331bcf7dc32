"""The hub following a table as its worker does, in a process of its own: `python -m tests.bench.cdc_follow STORE SOURCE`.

It ends when its input does, and fails where the connector had a problem.
"""

import sys
import threading

from hub.ingest.run.follow import ConnectorFollower
from tests.bench.manifests import citizens


def main() -> None:
    """Follow."""
    store, source = sys.argv[1:]
    stop = threading.Event()
    told: list[str] = []
    follower = ConnectorFollower(store, citizens("cdc", source), stop, told.append, lambda _: None)
    threading.Thread(target=_await_end, args=(stop,), daemon=True).start()
    follower.run()
    assert told[-1].endswith("SUCCEEDED"), told


def _await_end(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    main()
