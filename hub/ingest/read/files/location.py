"""A location of files: what the reader needs of a local folder, an SFTP server or an object store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hub.errors import SourceUnavailable


@dataclass(frozen=True)
class Entry:
    """A file as it was seen: its path within the place, its size, and when it was written, as the place says it."""

    name: str
    size: int
    written: str


class Place(Protocol):
    """A place of files."""

    def entries(self, pattern: str) -> list[Entry]:
        """Files that match, in order of name. Raises SourceUnavailable."""

    def look(self, name: str) -> Entry | None:
        """The file as it is now. Raises SourceUnavailable."""

    @contextmanager
    def fetched(self, entry: Entry, most_bytes: int) -> Iterator[Path]:
        """The file on this machine, for a while. Raises SourceUnavailable."""

    def close(self) -> None:
        """Let go of connections."""


class PlaceLost(SourceUnavailable):
    """The place was away for a moment, or for longer."""
