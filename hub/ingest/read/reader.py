"""The reader interface: the rows of one stream as batches, each with the state from which reading would continue after
it.

The engine (`hub.ingest.run.connector_run`) drives readers without knowing their kind:

- `read(state)` yields batches. `state` is what the last committed run stored, or None to start from the beginning.
- A batch's `state` is committed in the transaction that writes its rows. Reading cannot continue after a batch without
one.
- After that commit the engine calls `acknowledge` with the batches' tokens, so that a broker, slot or inbox may forget
  them. Rows that were committed but not acknowledged arrive again, unchanged.
- Frames hold text, or nested lists and structs, in columns named by the source. Nested objects are flattened to paths.

`read` runs in a thread of its own, slightly ahead of the engine, while `acknowledge` is called from the engine's
thread.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from hub.errors import SourceUnavailable
from hub.sdk.manifest import Manifest
from hub.sdk.streams import Stream

RAW_COLUMN = "_raw"
"""The column with the text of a message that is not a record."""
READER_COLUMNS = frozenset({"_op", "_subject", "_sequence", "_time", RAW_COLUMN})
"""Columns that readers add: how a row arrived, or the text of a message that is not a row. A manifest may map them."""

ReadState = Mapping[str, Any]
"""Where an incremental read continues: a few JSON values. It never grows with the number of rows."""


class AnswerMalformed(SourceUnavailable):
    """The source answers, but not with what its interface promises: an error page, no list, another list."""


class RequestGate(Protocol):
    """Passed before every request to a source: waits for the rate, counts the quota, limits concurrency."""

    def __enter__(self) -> object:
        """Enter. Raises SourceUnavailable if the quota is used up or the source is left alone."""

    def __exit__(self, *_: object) -> None:
        """Leave."""


class UnlimitedGate:
    """A gate without limits."""

    def __enter__(self) -> None:
        """Enter."""

    def __exit__(self, *_: object) -> None:
        """Leave."""


@dataclass(frozen=True)
class TakenFile:
    """A file that was read completely: the SHA-256 of its content in hex, and its name and size for people."""

    digest: str
    name: str
    size: int


@dataclass(frozen=True)
class ReadBatch:
    """Some rows, in the source's order."""

    frame: pl.DataFrame
    state: ReadState | None = None
    token: Any = None
    taken: TakenFile | None = None
    commit: bool = False
    """Whether the engine should commit now instead of collecting `commit_rows` rows."""


@dataclass(frozen=True)
class ReaderContext:
    """What a reader is given."""

    manifest: Manifest
    name: str
    stream: Stream
    folder: Path
    """The connector's folder."""
    store_url: str = ""
    """The hub's own database, for readers of pushed rows."""
    batch_rows: int = 50_000
    taken: frozenset[str] = frozenset()
    """Digests of the files taken earlier."""
    follow: threading.Event | None = None
    """If given, a reader that follows waits for more until it is set; otherwise it ends when nothing is left."""
    gate: RequestGate = field(default_factory=UnlimitedGate)

    @property
    def where(self) -> str:
        """Name of the stream in messages."""
        return f"{self.manifest.name}.{self.name}"


class Reader:
    """Base class of the readers. One object reads one stream once; `close` is always called."""

    looks_up = False
    """Whether `lookup` can fetch single rows from the source."""
    lists_keys = False
    """Whether `keys` can list the keys alone, more cheaply than the rows."""

    def __init__(self, context: ReaderContext) -> None:
        self.context = context
        self.notes: list[str] = []
        """Remarks about this read that are not problems. No personal data."""
        self.unasked_rows = 0
        """Rows that look-ups returned although their keys were not asked for. They are left out."""

    def whole(self, state: ReadState | None) -> bool:
        """Whether `read(state)` will yield every row of the source, so that missing rows were deleted."""
        return self.context.stream.read == "full"

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        """Yield the rows: all of them, or those since `state`. Raises SourceUnavailable, HubMisconfigured."""
        raise NotImplementedError

    def unchanged(self, validator: Mapping[str, Any]) -> bool:
        """Whether the source says that its list is still the one named by a whole read's `validator`. If not, `read`
        yields what it answered. Raises SourceUnavailable.
        """
        return False

    def keys(self) -> Iterator[pl.DataFrame]:
        """Yield the key columns of every row, and the available `chosen_by` columns, as the frames of `read` have them."""
        raise NotImplementedError

    def lookup(self, keys: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Yield the rows with these keys, in frames like those of `read`. `keys` has the key columns; keys without a
        row yield nothing.
        """
        raise NotImplementedError

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Record that the rows of the batches with these tokens are committed."""

    def close(self) -> None:
        """Close the connections."""
