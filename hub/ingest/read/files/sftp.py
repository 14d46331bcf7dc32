"""Files on an SFTP server. The server must be in known_hosts; an unknown one is refused, and its key is never learnt automatically."""

import threading
from typing import Any

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from hub.errors import HubMisconfigured
from hub.ingest.read.files.remote import Refusal, RemoteLocation

CONNECT_TIMEOUTS = 2
"""A connection must be established within this many times `timeout_s` once the address answers."""


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
SFTP_REFUSALS: tuple[Refusal, ...] = (
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
)


class SftpLocation(RemoteLocation):
    """A folder on an SFTP server."""

    failures = (paramiko.SSHException,)
    refusals = SFTP_REFUSALS

    def open_system(self) -> "_KnownSftp":
        """Connect, and return fsspec's file system. Raises HubMisconfigured for a key that cannot be read."""
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
