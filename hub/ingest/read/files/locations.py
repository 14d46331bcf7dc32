"""Where files are: a folder of this machine, or by URL an SFTP server or an object store (`hub.ingest.read.files.remote`)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.files.location import Entry, Place
from hub.ingest.read.reader import Context
from hub.sdk.sources import FilesSource

OPTIONS: Mapping[str, frozenset[str]] = {
    "sftp": frozenset({"password", "key_filename", "passphrase", "known_hosts"}),
    "s3": frozenset({"key", "secret", "token", "endpoint_url"}),
    "file": frozenset(),
}
"""Scheme of a URL → the options that it takes."""


def place(context: Context) -> Place:
    """The place of a connector's files. Raises HubMisconfigured, SourceUnavailable."""
    source, connector = context.manifest.source, context.manifest.name
    assert isinstance(source, FilesSource)
    if source.url is None:
        beside = context.folder.parent.parent / (source.beside or "")
        return Folder(context.where, Path(source.folder.value(connector)) if source.folder else beside)
    url = source.url.value(connector)
    scheme = url.partition("://")[0]
    unknown = set(source.options) - OPTIONS.get(scheme, frozenset())
    if scheme not in OPTIONS or unknown:
        what = f"no option {', '.join(sorted(unknown))}" if unknown else "no such kind of address"
        raise HubMisconfigured(
            f"{context.where}: {what} in {source.url.shown}",
            next_step="write sftp://user@host/path, s3://bucket/path or file:///path, with the options of docs/reference/sources.md",
        )
    if scheme == "file":
        return Folder(context.where, Path(url.removeprefix("file://")))
    options = {name: reference.value(connector) for name, reference in source.options.items()}
    # Loaded where it is wanted: the libraries of remote places take half a second.
    from hub.ingest.read.files.remote import Remote

    return Remote(context, source, url, options)


class Folder:
    """A folder of this machine."""

    def __init__(self, where: str, folder: Path) -> None:
        self.where, self.folder = where, folder

    def entries(self, pattern: str) -> list[Entry]:
        """Files that match, in order of name."""
        if not self.folder.is_dir():
            raise SourceUnavailable(
                f"{self.where}: there is no folder {self.folder}",
                next_step="check the setting, and that the folder is mounted",
            )
        names = (path.relative_to(self.folder).as_posix() for path in self.folder.glob(pattern))
        found = filter(None, map(self.look, names))
        return sorted(found, key=lambda entry: entry.name)

    def look(self, name: str) -> Entry | None:
        """The file as it is now."""
        try:
            seen = (self.folder / name).stat()
        except FileNotFoundError:
            return None  # gone since the folder was listed
        return Entry(name, seen.st_size, str(seen.st_mtime_ns)) if S_ISREG(seen.st_mode) else None

    @contextmanager
    def fetched(self, entry: Entry, most_bytes: int) -> Iterator[Path]:
        """The file itself."""
        yield self.folder / entry.name

    def close(self) -> None:
        """Nothing is open."""
