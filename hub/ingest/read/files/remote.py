"""Files on an SFTP server or in an object store. A remote file is copied before it is read.

An SFTP server proves itself by a key in known_hosts; one that is not there is refused, and nothing is learnt by itself.
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
from hub.ingest.read.files.location import Entry, PlaceLost
from hub.ingest.read.reader import Context
from hub.ingest.read.retries import stamina
from hub.ingest.read.slow_sources import in_time
from hub.sdk.sources import FilesSource

BLOCK_BYTES = 1 << 20
CONNECTS_WITHIN = 2
"""Times `timeout_s` within which a connection has to stand, once the address answers."""
AHEAD = 64
"""Requests of 32 KiB that an SFTP server may owe at once; one at a time waits for the network each time."""


class Remote:
    """A place that fsspec reaches."""

    def __init__(self, context: Context, source: FilesSource, url: str, options: Mapping[str, str]) -> None:
        self.context, self.source, self.options = context, source, options
        self.where = context.where
        self.parts = infer_storage_options(url)
        self.scheme = str(self.parts["protocol"])
        self.root = str(self.parts["path"]).rstrip("/")
        self._system: Any = None

    def entries(self, pattern: str) -> list[Entry]:
        """Files that match, in order of name."""
        found = self._again(lambda: self._reached().glob(f"{self.root}/{pattern}", detail=True))
        entries = [self._entry(seen) for seen in found.values() if seen["type"] == "file"]
        return sorted(entries, key=lambda entry: entry.name)

    def look(self, name: str) -> Entry | None:
        """The file as it is now."""
        return self._entry(self._again(lambda: self._reached().info(f"{self.root}/{name}")))

    def _entry(self, seen: Mapping[str, Any]) -> Entry:
        written = seen.get("mtime") or seen.get("ETag") or seen.get("LastModified")
        return Entry(str(seen["name"]).removeprefix(f"{self.root}/"), int(seen["size"]), str(written))

    @contextmanager
    def fetched(self, entry: Entry, most_bytes: int) -> Iterator[Path]:
        """A copy that only this user may read, gone afterwards."""
        if entry.size > most_bytes:
            raise SourceUnavailable(
                f"{self.where}: {entry.name} is larger than max_file_bytes, {most_bytes}, allows",
                next_step="ask the owner whether that is right, then raise max_file_bytes",
            )
        suffix = "".join(PurePosixPath(entry.name).suffixes[-2:])
        with tempfile.NamedTemporaryFile(prefix="hub-", suffix=suffix) as copy:
            self._again(lambda: self._copy(entry, copy, most_bytes))
            yield Path(copy.name)

    def close(self) -> None:
        """Let go of the connection."""
        system, self._system = self._system, None
        client = getattr(system, "client", None)
        if client is not None:
            client.close()

    def _copy(self, entry: Entry, copy: IO[bytes], most_bytes: int) -> None:
        copy.seek(0)
        copy.truncate()
        with self._reached().open(f"{self.root}/{entry.name}", "rb", block_size=BLOCK_BYTES) as remote:
            if hasattr(remote, "prefetch"):
                remote.prefetch(entry.size, AHEAD)
            # A remote that drips is a lost one: TooSlow is an OSError.
            for block in in_time(iter(partial(remote.read, BLOCK_BYTES), b""), self.source.timeout_s):
                copy.write(block)
                if copy.tell() > most_bytes:
                    raise OSError("grows while it is copied")
        copy.flush()

    def _again(self, ask: Any) -> Any:
        """The answer, asked for again while the place is away for a moment. Raises SourceUnavailable."""
        caller = stamina.RetryingCaller(
            attempts=self.source.attempts, wait_initial=0.2, wait_max=5.0, wait_jitter=0.5, timeout=None
        )
        return caller(PlaceLost, self._asked, ask)

    def _asked(self, ask: Any) -> Any:
        with self.context.gate:
            try:
                return ask()
            # s3fs asks an error for its number, and the one of a server that fell silent has none: an IndexError.
            except (OSError, EOFError, IndexError, paramiko.SSHException, BotoCoreError, ClientError) as error:
                self.close()
                raise self._told(error) from None

    def _told(self, error: Exception) -> SourceUnavailable:
        for kinds, what, next_step in REFUSALS:
            # The library tells a server that fell silent while it checked the credentials from one that refuses them in words only.
            if isinstance(error, kinds) and "timeout" not in str(error).lower():
                return SourceUnavailable(f"{self.where}: {what}", next_step=next_step)
        return PlaceLost(
            f"{self.where}: the {self.scheme} server cannot be reached, or the connection was lost: {type(error).__name__}",
            next_step="check address and network and that the server runs, then run again",
        )

    def _reached(self) -> Any:
        if self._system is None:
            self._system = self._sftp() if self.scheme == "sftp" else self._s3()
        return self._system

    def _sftp(self) -> "_KnownSftp":
        user = {"username": self.parts.get("username"), "password": self.parts.get("password")}
        user |= {"password": self.options["password"]} if "password" in self.options else {}
        given = {name: value for name, value in user.items() if value}
        given |= {"pkey": self._key()} if "key_filename" in self.options else {}
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

    def _key(self) -> Any:
        try:
            return paramiko.PKey.from_path(self.options["key_filename"], self._passphrase())
        except (OSError, ValueError, TypeError, paramiko.SSHException, paramiko.UnknownKeyType):
            raise HubMisconfigured(
                f"{self.where}: the SFTP key cannot be read",
                next_step="check the options key_filename and passphrase",
            ) from None

    def _passphrase(self) -> bytes | None:
        found = self.options.get("passphrase")
        return found.encode() if found else None

    def _s3(self) -> Any:
        seconds = self.source.timeout_s
        config = {"connect_timeout": seconds, "read_timeout": seconds, "retries": {"max_attempts": 1}}
        return fsspec.filesystem(
            "s3", **self.options, config_kwargs=config, use_listings_cache=False, skip_instance_cache=True
        )


class _UnknownHost(paramiko.SSHException):  # type: ignore[misc]  # paramiko has no types
    """The server's key is not in known_hosts."""


class _NoKnownHosts(paramiko.SSHException):  # type: ignore[misc]  # as above
    """There is no known_hosts that can be read."""


class _Refuse(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # as above
    def missing_host_key(self, client: Any, hostname: Any, key: Any) -> None:
        raise _UnknownHost


class _KnownSftp(SFTPFileSystem):  # type: ignore[misc]  # fsspec has no types
    """fsspec's own learns the key of any server that answers, and takes a listing that broke off for an empty folder."""

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
        self.client.set_missing_host_key_policy(_Refuse())
        # The library waits for some answers of the server without an end; what is closed is told of.
        ending = threading.Timer(CONNECTS_WITHIN * seconds, self.client.close)
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


CREDENTIALS = (paramiko.AuthenticationException, paramiko.PasswordRequiredException)
REFUSALS: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    (
        (paramiko.BadHostKeyException,),
        "the SFTP server's key is another than known_hosts has",
        "ask the owner, by another way, for the new key: somebody may stand between",
    ),
    (
        (_UnknownHost,),
        "the SFTP server's key is not in known_hosts",
        "ask the owner for the key and add it to known_hosts",
    ),
    ((_NoKnownHosts,), "known_hosts cannot be read", "check the option known_hosts"),
    (CREDENTIALS, "the server refuses user, password or key", "check the URL's user and the options"),
    ((PermissionError,), "the server gives no right to read", "check the options, or ask the owner for the right"),
    (
        (FileNotFoundError,),
        "there is no such folder, bucket or file",
        "check the URL, and ask the owner whether it was moved",
    ),
)
"""Errors that another try does not mend."""
