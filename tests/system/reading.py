"""What tests of readers share: a stream of a manifest with the least that one must say, and its rows as a test sees them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from hub.ingest.read.reader import ReadBatch, ReaderContext
from hub.sdk.manifest import parse_manifest

FACTS = {
    "name": "trial",
    "title": {"vi": "Thử", "en": "Test"},
    "sector": "citizen",
    "owner": "-",
    "legal_basis": "-",
    "version": "1",
    "freshness": "-",
}


def context(source: dict[str, Any], stream: dict[str, Any], folder: Path = Path(), **more: Any) -> ReaderContext:
    """A context of one stream, `people`, whose key is `id` unless it is given."""
    whole = {"key": ["id"], "emits": {"Citizen": {"fields": {"personal_id": "id"}}}, **stream}
    manifest = parse_manifest({**FACTS, "source": source, "streams": {"people": whole}})
    return ReaderContext(manifest, "people", manifest.streams["people"], folder, **more)


def together(batches: Iterable[ReadBatch]) -> pl.DataFrame:
    """The rows of batches, in order."""
    return pl.concat([batch.frame for batch in batches], how="diagonal")
