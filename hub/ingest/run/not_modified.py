"""Not modified: skip a read if the source says that its list has not changed since the one the store was built from.

The reader's validator (an ETag) is kept with the stream's cursor, in the transaction that writes the rows. It counts
only while everything that determines the rows is unchanged and no approval request of that read is open.
"""

import hashlib

from hub.ingest.connectors import read_transform_source
from hub.ingest.read.http.validators import VALIDATOR_KEY
from hub.ingest.read.reader import Reader, ReadState
from hub.ingest.run.cursor import StreamCursor
from hub.ingest.transform.row_digests import compute_seed
from hub.sdk.manifest import Manifest

BASIS_KEY = "basis"


def is_not_modified(reader: Reader, manifest: Manifest, name: str, place: StreamCursor) -> bool:
    """Whether the source says that its list is still the one in the store. Raises SourceUnavailable."""
    kept = (place.state or {}).get(VALIDATOR_KEY)
    if kept is None or place.confirmed_at is None or kept.get(BASIS_KEY) != compute_basis(manifest, name):
        return False
    return reader.unchanged(kept)


def add_basis(state: ReadState | None, manifest: Manifest, name: str, problems: list[str]) -> ReadState | None:
    """Return the state to keep after a whole read.

    A validator from an earlier read is dropped, and after a read with problems the next one must read everything again.
    """
    if state is None or VALIDATOR_KEY not in state:
        return state
    kept = state[VALIDATOR_KEY]
    if kept is None or BASIS_KEY in kept or problems:
        return {}
    return {VALIDATOR_KEY: {**kept, BASIS_KEY: compute_basis(manifest, name)}}


def compute_basis(manifest: Manifest, name: str) -> str:
    """Return a digest of what determines the rows of a stream: manifest, transform, schema, and program version."""
    seed = compute_seed(manifest, name, read_transform_source(manifest))
    declared = manifest.streams[name].model_dump_json() + manifest.source.model_dump_json()
    return hashlib.sha256(f"{seed} {declared}".encode()).hexdigest()[:32]
