"""Files reader: the files of one pattern, either as one list (`full`) or each taken once, by content (`incremental`).

A file that is still being written is not read. Two listings tell: its size or modification time changes between them or
while it is read, or the sender renames it when it is complete.
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
from hub.ingest.read.files.formats import FORMAT_READERS
from hub.ingest.read.files.location import FileEntry
from hub.ingest.read.files.locations import open_location
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext, ReadState, TakenFile
from hub.sdk.streams import FilesStream

UNFINISHED_SUFFIXES = (".part", ".tmp", ".filepart")
"""Suffixes of files that are still being sent."""
BETWEEN_LOOKS_S = 0.1
BATCH_BYTES = 256 << 20
FRESH_FILE_S = 5.0
"""A file older than this is listed only once before it is read."""


class FilesReader(Reader):
    """Reads files."""

    def __init__(self, context: ReaderContext) -> None:
        super().__init__(context)
        assert isinstance(context.stream, FilesStream)
        self.stream = context.stream
        _check_stream(context.where, self.stream)
        self.location = open_location(context)

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        """Yield every row of every file, or of files whose content was not taken yet; each of those ends with a commit."""
        full = self.stream.read == "full"
        entries = self._list_entries()
        if not entries and full:
            raise SourceUnavailable(
                f"{self.context.where}: no file matches {self.stream.files}", next_step="ask the owner for the export"
            )
        seen = set(self.context.taken)
        for entry in entries:
            with self.location.provide_file(entry, self.stream.max_file_bytes) as path:
                if full:
                    yield from (ReadBatch(frame) for frame in self._read_frames(entry, path))
                    continue
                taken = TakenFile(self._digest_file(entry, path), entry.name, entry.size)
                if taken.digest not in seen:
                    seen.add(taken.digest)
                    yield from _mark_last(self._read_frames(entry, path), taken)

    def close(self) -> None:
        """Close the connections."""
        self.location.close()

    def _list_entries(self) -> list[FileEntry]:
        """Return the files to read. Raises SourceUnavailable if a full list is still incomplete."""
        first = self.location.list_entries(self.stream.files)
        if any(_is_fresh(entry) for entry in first):
            time.sleep(BETWEEN_LOOKS_S)
            second = set(self.location.list_entries(self.stream.files))
        else:
            second = set(first)
        settled = [entry for entry in first if entry in second and not entry.name.endswith(UNFINISHED_SUFFIXES)]
        unsettled = {entry.name for entry in second.union(first)} - {entry.name for entry in settled}
        if unsettled and self.stream.read == "full":
            raise self._describe_unfinished(min(unsettled))
        return settled

    def _read_frames(self, entry: FileEntry, path: Path) -> Iterator[pl.DataFrame]:
        """Yield the rows of a file in frames of `batch_rows`, at least one frame. Raises SourceUnavailable."""
        with self._explain_failures(entry.name):
            yield from _resize_frames(
                FORMAT_READERS[self.stream.format](path, entry.name, self.stream), self.context.batch_rows
            )
        if self.location.find_entry(entry.name) != entry:
            raise self._describe_unfinished(entry.name)

    def _digest_file(self, entry: FileEntry, path: Path) -> str:
        with self._explain_failures(entry.name), path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @contextmanager
    def _explain_failures(self, name: str) -> Iterator[None]:
        """Report a fault in a file in the hub's own words."""
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
                next_step="check that the hub may read the file",
            ) from None

    def _describe_unfinished(self, name: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.context.where}: {name} is still being written",
            next_step="run it again when it is complete; ask the owner to send it under another name and rename it at the end",
        )


def _check_stream(where: str, stream: FilesStream) -> None:
    """Refuse a pattern that leaves the folder, and an encoding that Python lacks."""
    pattern = PurePosixPath(stream.files.replace("\\", "/"))
    if not stream.files or pattern.is_absolute() or ".." in pattern.parts:
        raise HubMisconfigured(
            f"{where}: the pattern {stream.files} leaves the folder",
            next_step="use a pattern within the folder, e.g. export/*.csv",
        )
    try:
        text = codecs.lookup(stream.encoding)._is_text_encoding
    except LookupError:
        text = False
    if not text:
        raise HubMisconfigured(
            f"{where}: unknown encoding {stream.encoding}",
            next_step="use one that Python supports, e.g. utf-8 or cp1258",
        )
    if not stream.delimiter.isascii() or not (stream.quote or "").isascii() or len(stream.quote or "-") != 1:
        raise HubMisconfigured(
            f"{where}: delimiter and quote must be one ASCII character each",
            next_step="correct them in the manifest, e.g. delimiter = ';'",
        )


def _is_fresh(entry: FileEntry) -> bool:
    """Whether the file was written a moment ago, by either clock."""
    if entry.written.isdigit():
        written = int(entry.written) / 1e9
    else:
        try:
            written = datetime.fromisoformat(entry.written).timestamp()
        except ValueError:
            return False  # an object appears only when complete
    return abs(datetime.now(UTC).timestamp() - written) < FRESH_FILE_S


def _resize_frames(frames: Iterator[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """Yield the same rows in frames of `rows`, or of limited text; frames with different columns are not combined."""
    kept: pl.DataFrame | None = None
    size = 0
    for frame in frames:
        came = _count_text_bytes(frame)
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


def _count_text_bytes(frame: pl.DataFrame) -> int:
    """Return the bytes of a frame's texts; Polars may share one text among many rows."""
    texts = [pl.col(name).str.len_bytes().sum() for name, kind in frame.schema.items() if kind == pl.String]
    return sum(frame.select(texts).row(0)) if texts else 0


def _mark_last(frames: Iterator[pl.DataFrame], taken: TakenFile) -> Iterator[ReadBatch]:
    """Yield the batches of one file; the last one marks it as taken."""
    before: pl.DataFrame | None = None
    for frame in frames:
        if before is not None:
            yield ReadBatch(before)
        before = frame
    assert before is not None  # every format yields at least one frame
    yield ReadBatch(before, taken=taken, commit=True)
