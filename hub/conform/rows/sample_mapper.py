"""The records that the rows of a connector's trials are expected to become, each list of rows mapped once.

Mapping a row takes 0.1 s, and the trials ask about the same rows again and again. That mapping rows twice gives the same is checked
before, with the samples.
"""

from collections.abc import Mapping, Sequence

import orjson

from hub.conform.rows import samples
from hub.conform.rows.samples import Record, Row
from hub.conform.servers.trial_servers import Key
from hub.sdk.manifest import Manifest


class SampleMapper:
    """Maps rows of a connector's streams. It remembers what the rows of its trials became: some hundred small lists."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self._known: dict[tuple[str, bytes], list[Record]] = {}

    def map_rows(self, stream: str, rows: Sequence[Row]) -> Sequence[Record]:
        """Return the records that rows become, by entity and in their order. Raises SourceUnavailable if a mapped column is missing."""
        asked = stream, orjson.dumps(rows)
        if asked not in self._known:
            self._known[asked] = samples.map_samples(self.manifest, stream, rows)
        return self._known[asked]

    def find_keys(self, rows: Mapping[str, Sequence[Row]]) -> set[Key]:
        """Return the keys of the records that rows become, but for those that another row's key keeps out."""
        return {
            (stream, record["entity"], record["key"])
            for stream, given in rows.items()
            for record in self.map_rows(stream, given)
            if "fields" in record
        }

    def find_row_keys(self, stream: str, row: Row) -> set[Key]:
        """Return the keys of the records that one row becomes."""
        return self.find_keys({stream: [row]})
