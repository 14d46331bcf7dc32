"""Unchanged lists: a source that says "not modified" need not be read again, if what the store has of it rests on that very list.

The reader's validator (an ETag) is kept in the place of the stream, in the transaction that writes the rows. It counts only
while everything that the rows were made by is as it was, and while no question of that read is open.
"""

import hashlib

from hub.ingest.connectors import transform_source
from hub.ingest.read.http.validators import VALIDATOR
from hub.ingest.read.reader import Reader, State
from hub.ingest.run.cursor import Place
from hub.ingest.transform.row_digests import seed_of
from hub.sdk.manifest import Manifest

BASIS = "basis"


def is_unchanged(reader: Reader, manifest: Manifest, name: str, place: Place) -> bool:
    """Whether the source says that its list is still the one that the store has. Raises SourceUnavailable."""
    kept = (place.state or {}).get(VALIDATOR)
    if kept is None or place.confirmed_at is None or kept.get(BASIS) != basis_of(manifest, name):
        return False
    return reader.unchanged(kept)


def with_basis(state: State | None, manifest: Manifest, name: str, problems: list[str]) -> State | None:
    """The state to keep after a whole read. A validator of an earlier one is none any more, and after a read with problems
    the next has to read it all again.
    """
    if state is None or VALIDATOR not in state:
        return state
    kept = state[VALIDATOR]
    if kept is None or BASIS in kept or problems:
        return {}
    return {VALIDATOR: {**kept, BASIS: basis_of(manifest, name)}}


def basis_of(manifest: Manifest, name: str) -> str:
    """What the rows of a stream are made by: manifest, transform, schema, this program."""
    seed = seed_of(manifest, name, transform_source(manifest))
    declared = manifest.streams[name].model_dump_json() + manifest.source.model_dump_json()
    return hashlib.sha256(f"{seed} {declared}".encode()).hexdigest()[:32]
