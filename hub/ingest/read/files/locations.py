"""Locations of files: a local folder, or by URL an SFTP server or an object store (`hub.ingest.read.files.remote`)."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.extras import name_missing_extra
from hub.ingest.read.files.location import FileEntry, FileLocation
from hub.ingest.read.reader import ReaderContext
from hub.sdk.sources import FilesSource

URL_OPTIONS: Mapping[str, frozenset[str]] = {
    "sftp": frozenset({"password", "key_filename", "passphrase", "known_hosts"}),
    "s3": frozenset({"key", "secret", "token", "endpoint_url"}),
    "file": frozenset(),
}
"""URL scheme → the options that it accepts."""


def open_location(context: ReaderContext) -> FileLocation:
    """Return the location of a connector's files. Raises HubMisconfigured, SourceUnavailable."""
    source, connector = context.manifest.source, context.manifest.name
    assert isinstance(source, FilesSource)
    if source.url is None:
        beside = context.folder.parent.parent / (source.beside or "")
        return LocalFolder(context.where, Path(source.folder.value(connector)) if source.folder else beside)
    url = source.url.value(connector)
    scheme = url.partition("://")[0]
    unknown = set(source.options) - URL_OPTIONS.get(scheme, frozenset())
    if scheme not in URL_OPTIONS or unknown:
        what = f"unknown option {', '.join(sorted(unknown))}" if unknown else "unknown kind of address"
        raise HubMisconfigured(
            f"{context.where}: {what} in {source.url.shown}",
            next_step="write sftp://user@host/path, s3://bucket/path or file:///path, with the options of docs/reference/sources.md",
        )
    if scheme == "file":
        return LocalFolder(context.where, Path(url.removeprefix("file://")))
    options = {name: reference.value(connector) for name, reference in source.options.items()}
    # Loaded on demand: the libraries for remote locations are extras, and take half a second.
    with name_missing_extra(f"reading {scheme}://"):
        if scheme == "sftp":
            from hub.ingest.read.files.sftp import SftpLocation

            return SftpLocation(context, source, url, options)
        from hub.ingest.read.files.s3 import S3Location

        return S3Location(context, source, url, options)


class LocalFolder:
    """A local folder."""

    def __init__(self, where: str, folder: Path) -> None:
        self.where, self.folder = where, folder

    def list_entries(self, pattern: str) -> list[FileEntry]:
        """Return the matching files, ordered by name."""
        if not self.folder.is_dir():
            raise SourceUnavailable(
                f"{self.where}: the folder {self.folder} does not exist",
                next_step="check the setting, and whether the folder is mounted",
            )
        names = (path.relative_to(self.folder).as_posix() for path in self.folder.glob(pattern))
        found = filter(None, map(self.find_entry, names))
        return sorted(found, key=lambda entry: entry.name)

    def find_entry(self, name: str) -> FileEntry | None:
        """Return the file as it is now."""
        try:
            seen = (self.folder / name).stat()
        except FileNotFoundError:
            return None  # deleted since the folder was listed
        return FileEntry(name, seen.st_size, str(seen.st_mtime_ns)) if S_ISREG(seen.st_mode) else None

    @contextmanager
    def provide_file(self, entry: FileEntry, most_bytes: int) -> Iterator[Path]:
        """Provide the file itself."""
        yield self.folder / entry.name

    def put_file(self, name: str, content: bytes) -> None:
        """Write a file, first under another name: whoever lists the folder never sees half of it."""
        beside = self.folder / f".{name}.part"
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.folder / name)
        except OSError as error:
            raise SourceUnavailable(
                f"{self.where}: a file cannot be written to {self.folder}: {error.strerror}",
                next_step="check that the folder exists, is mounted, has room, and may be written to by the hub",
            ) from None

    def close(self) -> None:
        """Nothing is open."""
