"""A location of files: what the reader needs from a local folder, an SFTP server or an object store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hub.errors import SourceUnavailable


@dataclass(frozen=True)
class FileEntry:
    """A file as listed: its path within the location, its size, and its modification time as the location writes it."""

    name: str
    size: int
    written: str


class FileLocation(Protocol):
    """A location of files."""

    def list_entries(self, pattern: str) -> list[FileEntry]:
        """Return the matching files, ordered by name. Raises SourceUnavailable."""

    def find_entry(self, name: str) -> FileEntry | None:
        """Return the file as it is now. Raises SourceUnavailable."""

    @contextmanager
    def provide_file(self, entry: FileEntry, most_bytes: int) -> Iterator[Path]:
        """Provide the file locally for a while. Raises SourceUnavailable."""

    def put_file(self, name: str, content: bytes) -> None:
        """Write a file, which is there whole or not at all; one of this name is replaced. Raises SourceUnavailable."""

    def close(self) -> None:
        """Close the connections."""


class LocationLost(SourceUnavailable):
    """The location was unreachable, perhaps only for a moment."""
