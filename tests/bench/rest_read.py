"""Reading the list API and no more, in a process of its own: `python -m tests.bench.rest_read bare|reader URL`.

`bare` is the least that a program can do: fetch every page after the one before it, and parse it. `reader` is the hub's reader
alone, whose frames nobody takes.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx2
import orjson

from hub.ingest.read import open_reader
from hub.ingest.read.reader import ReaderContext
from tests.bench.manifests import API_PATH, STREAM, citizens


def bare(url: str) -> int:
    """Fetch and parse every page. Returns the number of rows."""
    rows, page, pages = 0, 0, 1
    with httpx2.Client(base_url=url) as client:
        while page < pages:
            page += 1
            document = orjson.loads(client.get(API_PATH, params={"page": page}).content)
            pages = document["pages"]
            rows += len(document["items"])
    return rows


def reader(url: str) -> int:
    """Read the list as the hub does. Returns the number of rows."""
    manifest = citizens("rest", url)
    opened = open_reader(ReaderContext(manifest, STREAM, manifest.streams[STREAM], Path()))
    try:
        return sum(batch.frame.height for batch in opened.read(None))
    finally:
        opened.close()


WAYS: Mapping[str, Callable[[str], int]] = {"bare": bare, "reader": reader}


def main() -> None:
    """Read once; print seconds and rows."""
    way, url = sys.argv[1:]
    started = time.monotonic()
    rows = WAYS[way](url)
    print(json.dumps({"seconds": time.monotonic() - started, "read": rows}))


if __name__ == "__main__":
    main()
