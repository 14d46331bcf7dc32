"""What a reader is: the rows of one stream as batches, each with the place from which reading would go on after it.

The engine (`hub.ingest.run.connector_run`) drives readers and never knows their kind:

- `read(state)` yields batches. `state` is what the last committed run left, or None: from the beginning.
- A batch's `state` is committed in the transaction that writes its rows; a batch without one cannot be gone on from.
- After that commit the engine calls `acknowledge` with the batches' tokens, so that a broker, a slot or an inbox may forget
  them. What was committed and not acknowledged comes again, and is the same row again.
- Frames hold text, or nested lists and structs, in columns as the source names them; nested objects are flattened to paths.

`read` runs in a thread of its own, a little ahead of the engine; `acknowledge` is called from the engine's thread meanwhile.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from hub.sdk.manifest import Manifest
from hub.sdk.streams import Stream

RAW = "_raw"
"""The column with the text of what was no record."""
OWN_COLUMNS = frozenset({"_op", "_subject", "_sequence", "_time", RAW})
"""Columns that readers add: how a row came, or what a message was that is no row. A manifest may map them."""

State = Mapping[str, Any]
"""Where an incremental read goes on: a few JSON values. It never grows with the number of rows."""


class Gate(Protocol):
    """Passed before every request to a source: waits for the rate, counts the quota, keeps to the concurrency."""

    def __enter__(self) -> object:
        """Enter. Raises SourceUnavailable where the quota is used up or the source is left alone."""

    def __exit__(self, *_: object) -> None:
        """Leave."""


class OpenGate:
    """A gate without limits."""

    def __enter__(self) -> None:
        """Enter."""

    def __exit__(self, *_: object) -> None:
        """Leave."""


@dataclass(frozen=True)
class Taken:
    """A file that was read whole: its content's SHA-256 in hex, and what a person knows it by."""

    digest: str
    name: str
    size: int


@dataclass(frozen=True)
class Batch:
    """Some rows, in the order in which the source gave them."""

    frame: pl.DataFrame
    state: State | None = None
    token: Any = None
    taken: Taken | None = None
    commit: bool = False
    """Whether the engine should commit now, where it otherwise gathers `commit_rows` rows."""


@dataclass(frozen=True)
class Context:
    """What a reader is given."""

    manifest: Manifest
    name: str
    stream: Stream
    folder: Path
    """The connector's folder."""
    store_url: str = ""
    """The hub's own database, for readers of what was delivered to it."""
    batch_rows: int = 50_000
    taken: frozenset[str] = frozenset()
    """Digests of the files that were taken before."""
    follow: threading.Event | None = None
    """Where given, a reader that follows waits for more until it is set; otherwise it ends when nothing is left."""
    gate: Gate = field(default_factory=OpenGate)

    @property
    def where(self) -> str:
        """How messages name the stream."""
        return f"{self.manifest.name}.{self.name}"


class Reader:
    """Base of the readers. One object reads one stream once; `close` is always called."""

    looks_up = False
    """Whether `lookup` can ask the source for single rows, live."""
    lists_keys = False
    """Whether `keys` can list the keys alone, more cheaply than the rows."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.notes: list[str] = []
        """What a person should know of this read and is no fault. No personal data."""

    def whole(self, state: State | None) -> bool:
        """Whether `read(state)` will give every row the source has, so that rows it lacks are gone."""
        return self.context.stream.read == "full"

    def read(self, state: State | None) -> Iterator[Batch]:
        """The rows, all or those since `state`. Raises SourceUnavailable, HubMisconfigured."""
        raise NotImplementedError

    def unchanged(self, validator: Mapping[str, Any]) -> bool:
        """Whether the source says that its list is still the one that a whole read's `validator` named. What it answers
        otherwise is what `read` gives next. Raises SourceUnavailable.
        """
        return False

    def keys(self) -> Iterator[pl.DataFrame]:
        """The key columns of every row, and of `chosen_by` those that are there, as the frames of `read` have them."""
        raise NotImplementedError

    def lookup(self, keys: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The rows with these keys, in frames as of `read`; `keys` has the key columns. Keys without a row give none."""
        raise NotImplementedError

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """The rows of the batches with these tokens are committed."""

    def close(self) -> None:
        """Let go of connections."""
