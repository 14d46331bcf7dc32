"""The population connector's citizens, read from each kind of source that is measured: the same mapping, another reader."""

import os
from collections.abc import Mapping
from typing import Any

from hub.ingest.connectors import load_manifests
from hub.sdk.manifest import Manifest, parse_manifest
from tests.bench.people import NAME

STREAM = "citizens"
TABLE = "public.people"
API_PATH = "/people"
PAGE_ROWS = 2_000
WHERE = "BENCH_SOURCE"
"""The environment variable that says where the source is."""

SOURCES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "files": ({"folder": {"env": WHERE}}, {"files": NAME, "format": "csv"}),
    "sql": ({"url": {"env": WHERE}}, {"table": TABLE}),
    "rest": (
        {"base_url": {"env": WHERE}, "concurrency": 1},
        {
            "path": API_PATH,
            "records": "items",
            "paging": {"kind": "page", "size": PAGE_ROWS, "total_pages": "pages"},
        },
    ),
    "cdc": ({"url": {"env": WHERE}, "publication": "hub"}, {"table": TABLE}),
}
"""Kind of source → what its manifest says of the source, and of the stream."""


def citizens(kind: str, where: str) -> Manifest:
    """The manifest of a kind of source, with `where` in the environment as its address."""
    os.environ[WHERE] = where
    document = load_manifests()["population"].model_dump(mode="json", exclude_unset=True)
    stream = {k: v for k, v in document["streams"][STREAM].items() if k not in ("table", "ignore", "lookup")}
    source, more = SOURCES[kind]
    return parse_manifest(
        {**document, "name": "bench", "source": {"kind": kind, **source}, "streams": {STREAM: {**stream, **more}}}
    )
