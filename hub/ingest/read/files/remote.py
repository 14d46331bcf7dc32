"""Files on another machine, copied before they are read."""

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from fsspec.utils import infer_storage_options

from hub.errors import SourceUnavailable
from hub.ingest.read.files.location import FileEntry, LocationLost
from hub.ingest.read.reader import ReaderContext
from hub.ingest.read.retry_log import stamina
from hub.ingest.read.slow_sources import limit_time
from hub.sdk.sources import FilesSource

BLOCK_BYTES = 1 << 20
PREFETCHED_REQUESTS = 64
"""Requests of 32 KiB that may be outstanding at an SFTP server; one at a time would wait for the network each time."""
Refusal = tuple[tuple[type[Exception], ...], str, str]
"""Kinds of errors, what they mean, and the next step."""
REFUSALS: tuple[Refusal, ...] = (
    (
        (PermissionError,),
        "the server gives no permission to read",
        "check the options, or ask the owner for permission",
    ),
    (
        (FileNotFoundError,),
        "the folder, bucket or file does not exist",
        "check the URL, or ask the owner whether it was moved",
    ),
)
"""Errors of every kind of server that a retry does not fix."""


@contextmanager
def _asked_ahead(remote: Any, size: int) -> Iterator[None]:
    """While the block runs, an SFTP server is asked for the pieces of a file before they are read.

    paramiko asks in a thread of its own. If the connection is lost, that thread would wait for answers for good, or write a stack trace.
    """
    ask = remote._prefetch_thread

    def ask_quietly(*arguments: Any) -> None:
        with suppress(Exception):  # the next read raises it
            ask(*arguments)

    remote._prefetch_thread = ask_quietly
    remote.prefetch(size, PREFETCHED_REQUESTS)
    try:
        yield
    except BaseException:
        remote.sftp.close()
        with remote._prefetch_lock:
            remote._prefetch_extents.clear()  # it stops waiting, and finds that the connection is closed
        raise


class RemoteLocation(ABC):
    """A location that fsspec can reach; a subclass for each kind of server."""

    failures: tuple[type[Exception], ...] = ()
    """Errors of the library that say that the server cannot be reached."""
    refusals: tuple[Refusal, ...] = ()
    """Errors of the library that a retry does not fix."""

    def __init__(self, context: ReaderContext, source: FilesSource, url: str, options: Mapping[str, str]) -> None:
        self.context, self.source, self.options = context, source, options
        self.where = context.where
        self.parts = infer_storage_options(url)
        self.scheme = str(self.parts["protocol"])
        self.root = str(self.parts["path"]).rstrip("/")
        self._system: Any = None

    def list_entries(self, pattern: str) -> list[FileEntry]:
        """Return the matching files, ordered by name."""
        found = self._retry(lambda: self._connect().glob(f"{self.root}/{pattern}", detail=True))
        entries = [self._build_entry(seen) for seen in found.values() if seen["type"] == "file"]
        return sorted(entries, key=lambda entry: entry.name)

    def find_entry(self, name: str) -> FileEntry | None:
        """Return the file as it is now."""
        return self._build_entry(self._retry(lambda: self._connect().info(f"{self.root}/{name}")))

    def _build_entry(self, seen: Mapping[str, Any]) -> FileEntry:
        written = seen.get("mtime") or seen.get("ETag") or seen.get("LastModified")
        return FileEntry(str(seen["name"]).removeprefix(f"{self.root}/"), int(seen["size"]), str(written))

    @contextmanager
    def provide_file(self, entry: FileEntry, most_bytes: int) -> Iterator[Path]:
        """Provide a copy that only this user may read, deleted afterwards."""
        if entry.size > most_bytes:
            raise SourceUnavailable(
                f"{self.where}: {entry.name} is larger than max_file_bytes = {most_bytes}",
                next_step="ask the owner whether the size is right, then raise max_file_bytes in the manifest",
            )
        suffix = "".join(PurePosixPath(entry.name).suffixes[-2:])
        with tempfile.NamedTemporaryFile(prefix="hub-", suffix=suffix) as copy:
            self._retry(lambda: self._copy(entry, copy, most_bytes))
            yield Path(copy.name)

    def close(self) -> None:
        """Close the connection."""
        system, self._system = self._system, None
        client = getattr(system, "client", None)
        if client is not None:
            client.close()

    def _copy(self, entry: FileEntry, copy: IO[bytes], most_bytes: int) -> None:
        copy.seek(0)
        copy.truncate()
        with ExitStack() as stack:
            remote = stack.enter_context(
                self._connect().open(f"{self.root}/{entry.name}", "rb", block_size=BLOCK_BYTES)
            )
            if hasattr(remote, "prefetch"):
                stack.enter_context(_asked_ahead(remote, entry.size))
            # A server that trickles counts as lost: TooSlow is an OSError.
            for block in limit_time(iter(partial(remote.read, BLOCK_BYTES), b""), self.source.timeout_s):
                copy.write(block)
                if copy.tell() > most_bytes:
                    raise OSError("grew while it was copied")
        copy.flush()

    def put_file(self, name: str, content: bytes) -> None:
        """Write a file. An object store shows it when it is whole; on an SFTP server it is renamed into place."""
        self._retry(lambda: self._put(name, content))

    def _put(self, name: str, content: bytes) -> None:
        system, place = self._connect(), f"{self.root}/{name}"
        if self.scheme == "s3":
            system.pipe_file(place, content)
            return
        beside = f"{self.root}/.{name}.part"
        system.pipe_file(beside, content)
        # Replaces a file of this name, which a plain rename of SFTP refuses.
        system.ftp.posix_rename(beside, place)

    def _retry(self, ask: Any) -> Any:
        """Ask again while the location is briefly unreachable. Raises SourceUnavailable."""
        caller = stamina.RetryingCaller(
            attempts=self.source.attempts, wait_initial=0.2, wait_max=5.0, wait_jitter=0.5, timeout=None
        )
        return caller(LocationLost, self._ask, ask)

    def _ask(self, ask: Any) -> Any:
        lost: tuple[type[Exception], ...] = (OSError, EOFError, IndexError, *self.failures)
        with self.context.gate:
            try:
                return ask()
            # s3fs reads the number of an error, and the error of a silent server has none: an IndexError.
            except lost as error:
                self.close()
                raise self._explain_error(error) from None

    def _explain_error(self, error: Exception) -> SourceUnavailable:
        for kinds, what, next_step in (*self.refusals, *REFUSALS):
            # Only the wording distinguishes a server that fell silent while checking credentials from one that rejects
            # them.
            if isinstance(error, kinds) and "timeout" not in str(error).lower():
                return SourceUnavailable(f"{self.where}: {what}", next_step=next_step)
        return LocationLost(
            f"{self.where}: the {self.scheme} server cannot be reached, or the connection was lost: {type(error).__name__}",
            next_step="check address, network and whether the server is running, then run it again",
        )

    def _connect(self) -> Any:
        if self._system is None:
            self._system = self.open_system()
        return self._system

    @abstractmethod
    def open_system(self) -> Any:
        """Connect, and return fsspec's file system."""
