"""Files on an SFTP server or in an object store, copied before they are read.

An SFTP server must be in known_hosts; an unknown one is refused, and its key is never learnt automatically.
"""

import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

import fsspec
import paramiko
from botocore.exceptions import BotoCoreError, ClientError
from fsspec.implementations.sftp import SFTPFileSystem
from fsspec.utils import infer_storage_options

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.files.location import FileEntry, LocationLost
from hub.ingest.read.reader import ReaderContext
from hub.ingest.read.retries import stamina
from hub.ingest.read.slow_sources import limit_time
from hub.sdk.sources import FilesSource

BLOCK_BYTES = 1 << 20
CONNECT_TIMEOUTS = 2
"""A connection must be established within this many times `timeout_s` once the address answers."""
PREFETCHED_REQUESTS = 64
"""Requests of 32 KiB that may be outstanding at an SFTP server; one at a time would wait for the network each time."""


class RemoteLocation:
    """A location that fsspec can reach."""

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
        with self._connect().open(f"{self.root}/{entry.name}", "rb", block_size=BLOCK_BYTES) as remote:
            if hasattr(remote, "prefetch"):
                remote.prefetch(entry.size, PREFETCHED_REQUESTS)
            # A server that trickles counts as lost: TooSlow is an OSError.
            for block in limit_time(iter(partial(remote.read, BLOCK_BYTES), b""), self.source.timeout_s):
                copy.write(block)
                if copy.tell() > most_bytes:
                    raise OSError("grew while it was copied")
        copy.flush()

    def _retry(self, ask: Any) -> Any:
        """Ask again while the location is briefly unreachable. Raises SourceUnavailable."""
        caller = stamina.RetryingCaller(
            attempts=self.source.attempts, wait_initial=0.2, wait_max=5.0, wait_jitter=0.5, timeout=None
        )
        return caller(LocationLost, self._ask, ask)

    def _ask(self, ask: Any) -> Any:
        with self.context.gate:
            try:
                return ask()
            # s3fs reads the number of an error, and the error of a silent server has none: an IndexError.
            except (OSError, EOFError, IndexError, paramiko.SSHException, BotoCoreError, ClientError) as error:
                self.close()
                raise self._explain_error(error) from None

    def _explain_error(self, error: Exception) -> SourceUnavailable:
        for kinds, what, next_step in REFUSALS:
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
            self._system = self._open_sftp() if self.scheme == "sftp" else self._open_s3()
        return self._system

    def _open_sftp(self) -> "_KnownSftp":
        user = {"username": self.parts.get("username"), "password": self.parts.get("password")}
        user |= {"password": self.options["password"]} if "password" in self.options else {}
        given = {name: value for name, value in user.items() if value}
        given |= {"pkey": self._load_key()} if "key_filename" in self.options else {}
        seconds = self.source.timeout_s
        return _KnownSftp(
            str(self.parts["host"]),
            port=int(self.parts.get("port") or 22),
            known_hosts=self.options.get("known_hosts"),
            timeout=seconds,
            banner_timeout=seconds,
            auth_timeout=seconds,
            allow_agent=False,
            look_for_keys=not given.keys() & {"password", "pkey"},
            skip_instance_cache=True,
            **given,
        )

    def _load_key(self) -> Any:
        try:
            return paramiko.PKey.from_path(self.options["key_filename"], self._passphrase())
        except (OSError, ValueError, TypeError, paramiko.SSHException, paramiko.UnknownKeyType):
            raise HubMisconfigured(
                f"{self.where}: cannot read the SFTP key",
                next_step="check the options key_filename and passphrase",
            ) from None

    def _passphrase(self) -> bytes | None:
        found = self.options.get("passphrase")
        return found.encode() if found else None

    def _open_s3(self) -> Any:
        seconds = self.source.timeout_s
        config = {"connect_timeout": seconds, "read_timeout": seconds, "retries": {"max_attempts": 1}}
        return fsspec.filesystem(
            "s3", **self.options, config_kwargs=config, use_listings_cache=False, skip_instance_cache=True
        )


class _UnknownHost(paramiko.SSHException):  # type: ignore[misc]  # paramiko has no types
    """The server's key is not in known_hosts."""


class _NoKnownHosts(paramiko.SSHException):  # type: ignore[misc]  # as above
    """known_hosts is missing or unreadable."""


class _RefuseUnknownHost(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # as above
    def missing_host_key(self, client: Any, hostname: Any, key: Any) -> None:
        raise _UnknownHost


class _KnownSftp(SFTPFileSystem):  # type: ignore[misc]  # fsspec has no types
    """fsspec's own class trusts any server's key, and takes an interrupted listing for an empty folder."""

    def walk(
        self, path: str, maxdepth: Any = None, topdown: Any = True, on_error: Any = "raise", **options: Any
    ) -> Any:
        return super().walk(path, maxdepth, topdown, on_error, **options)

    def exists(self, path: str, **options: Any) -> bool:
        try:
            self.info(path, **options)
        except FileNotFoundError:
            return False
        return True

    def _connect(self) -> None:
        known_hosts, seconds = self.ssh_kwargs.pop("known_hosts"), self.ssh_kwargs["timeout"]
        self.client = paramiko.SSHClient()
        try:
            self.client.load_system_host_keys(known_hosts)
        except OSError:
            raise _NoKnownHosts from None
        self.client.set_missing_host_key_policy(_RefuseUnknownHost())
        # The library waits without limit for some answers; closing the connection makes it report a failure.
        ending = threading.Timer(CONNECT_TIMEOUTS * seconds, self.client.close)
        ending.daemon = True
        ending.start()
        try:
            self.client.connect(self.host, channel_timeout=seconds, **self.ssh_kwargs)
            self.ftp = self.client.open_sftp()
        except BaseException:
            self.client.close()
            raise
        finally:
            ending.cancel()
        self.ftp.get_channel().settimeout(seconds)


CREDENTIAL_ERRORS = (paramiko.AuthenticationException, paramiko.PasswordRequiredException)
REFUSALS: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    (
        (paramiko.BadHostKeyException,),
        "the SFTP server's key differs from the one in known_hosts",
        "ask the owner for the new key over another channel: someone may be intercepting the connection",
    ),
    (
        (_UnknownHost,),
        "the SFTP server's key is not in known_hosts",
        "ask the owner for the key and add it to known_hosts",
    ),
    ((_NoKnownHosts,), "cannot read known_hosts", "check the option known_hosts"),
    (CREDENTIAL_ERRORS, "the server rejects the user, password or key", "check the URL's user and the options"),
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
"""Errors that a retry does not fix."""
