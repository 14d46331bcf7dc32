"""Files of one pattern: together the whole list (`full`), or each taken once, by its content (`incremental`).

A file that is still being written is not read. Two looks tell: its size or time of writing changes between them, or while
it is read; so does its name, where the sender renames it at the end.
"""

import codecs
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import polars as pl

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.files.file_bytes import FileFault
from hub.ingest.read.files.formats import READ
from hub.ingest.read.files.location import Entry
from hub.ingest.read.files.locations import place
from hub.ingest.read.reader import Batch, Context, Reader, State, Taken
from hub.sdk.streams import FilesStream

UNFINISHED = (".part", ".tmp", ".filepart")
"""How names of files end that are still being sent."""
BETWEEN_LOOKS_S = 0.1
BATCH_BYTES = 256 << 20
FRESH_S = 5.0
"""A file written longer ago than this is not looked at twice before it is read."""


class FilesReader(Reader):
    """Reads files."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        assert isinstance(context.stream, FilesStream)
        self.stream = context.stream
        _refuse_wrong(context.where, self.stream)
        self.place = place(context)

    def read(self, state: State | None) -> Iterator[Batch]:
        """Every row of every file, or of every file whose content was not taken before; each of those ends with a commit."""
        full = self.stream.read == "full"
        entries = self._entries()
        if not entries and full:
            raise SourceUnavailable(
                f"{self.context.where}: there is no file {self.stream.files}", next_step="ask the owner for the export"
            )
        seen = set(self.context.taken)
        for entry in entries:
            with self.place.fetched(entry, self.stream.max_file_bytes) as path:
                if full:
                    yield from (Batch(frame) for frame in self._frames(entry, path))
                    continue
                taken = Taken(self._digest(entry, path), entry.name, entry.size)
                if taken.digest not in seen:
                    seen.add(taken.digest)
                    yield from _ended(self._frames(entry, path), taken)

    def close(self) -> None:
        """Let go of connections."""
        self.place.close()

    def _entries(self) -> list[Entry]:
        """The files that are to be read. Raises SourceUnavailable where a whole list is not whole yet."""
        first = self.place.entries(self.stream.files)
        if any(_fresh(entry) for entry in first):
            time.sleep(BETWEEN_LOOKS_S)
            second = set(self.place.entries(self.stream.files))
        else:
            second = set(first)
        settled = [entry for entry in first if entry in second and not entry.name.endswith(UNFINISHED)]
        unsettled = {entry.name for entry in second.union(first)} - {entry.name for entry in settled}
        if unsettled and self.stream.read == "full":
            raise self._being_written(min(unsettled))
        return settled

    def _frames(self, entry: Entry, path: Path) -> Iterator[pl.DataFrame]:
        """The rows of a file in frames of `batch_rows`, at least one frame. Raises SourceUnavailable."""
        with self._told(entry.name):
            yield from _sized(READ[self.stream.format](path, entry.name, self.stream), self.context.batch_rows)
        if self.place.look(entry.name) != entry:
            raise self._being_written(entry.name)

    def _digest(self, entry: Entry, path: Path) -> str:
        with self._told(entry.name), path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Tell what is wrong with a file in our words."""
        try:
            yield
        except FileFault as fault:
            raise SourceUnavailable(
                f"{self.context.where}: {name}: {fault.what}",
                next_step="correct format, encoding, delimiter or quote in the manifest, or ask the owner for the file again",
            ) from None
        except OSError as error:
            raise SourceUnavailable(
                f"{self.context.where}: {name} cannot be read: {type(error).__name__}",
                next_step="check that the hub may read it",
            ) from None

    def _being_written(self, name: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.context.where}: {name} is still being written",
            next_step="run again when it is there; ask the owner to send under another name and to rename it at the end",
        )


def _refuse_wrong(where: str, stream: FilesStream) -> None:
    """Refuse a pattern that leaves the folder, and an encoding that Python lacks."""
    pattern = PurePosixPath(stream.files.replace("\\", "/"))
    if not stream.files or pattern.is_absolute() or ".." in pattern.parts:
        raise HubMisconfigured(
            f"{where}: the pattern {stream.files} leaves the folder", next_step="give names within the folder"
        )
    try:
        text = codecs.lookup(stream.encoding)._is_text_encoding
    except LookupError:
        text = False
    if not text:
        raise HubMisconfigured(
            f"{where}: there is no encoding {stream.encoding}", next_step="give one that Python knows: utf-8, cp1258"
        )
    if not stream.delimiter.isascii() or not (stream.quote or "").isascii() or len(stream.quote or "-") != 1:
        raise HubMisconfigured(
            f"{where}: delimiter and quote are one ASCII character each", next_step="correct them in the manifest"
        )


def _fresh(entry: Entry) -> bool:
    """Whether it was written a moment ago, by either clock."""
    if entry.written.isdigit():
        written = int(entry.written) / 1e9
    else:
        try:
            written = datetime.fromisoformat(entry.written).timestamp()
        except ValueError:
            return False  # an object appears whole
    return abs(datetime.now(UTC).timestamp() - written) < FRESH_S


def _sized(frames: Iterator[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of `rows`, or of some megabytes of text; frames whose columns differ are not put together."""
    kept: pl.DataFrame | None = None
    size = 0
    for frame in frames:
        came = _text_bytes(frame)
        if kept is not None and kept.schema == frame.schema and size + came <= BATCH_BYTES:
            kept, size = pl.concat([kept, frame]), size + came
        else:
            if kept is not None:
                yield kept
            kept, size = frame, came
        while kept.height > rows:
            yield kept[:rows]
            kept = kept[rows:]
    if kept is not None:
        yield kept


def _text_bytes(frame: pl.DataFrame) -> int:
    """The bytes of a frame's texts, where Polars may hold one for many rows."""
    texts = [pl.col(name).str.len_bytes().sum() for name, kind in frame.schema.items() if kind == pl.String]
    return sum(frame.select(texts).row(0)) if texts else 0


def _ended(frames: Iterator[pl.DataFrame], taken: Taken) -> Iterator[Batch]:
    """Batches of one file, the last of which says that it was taken."""
    before: pl.DataFrame | None = None
    for frame in frames:
        if before is not None:
            yield Batch(before)
        before = frame
    assert before is not None  # every format gives at least one frame
    yield Batch(before, taken=taken, commit=True)
