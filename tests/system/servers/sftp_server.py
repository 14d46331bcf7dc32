"""A real SFTP server in a thread: paramiko's server side over one folder, with a password or a key."""

import os
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import paramiko

USER, PASSWORD = "hub", "mật khẩu"


class _Files(paramiko.SFTPServerInterface):  # type: ignore[misc]  # paramiko has no types
    """Reading only, within `folder`."""

    def __init__(self, server: "_Login", folder: Path) -> None:
        super().__init__(server)
        self.folder = folder
        self._open: list[BinaryIO] = []

    def session_ended(self) -> None:
        # The library closes what a client left open only after it has closed the channel, which raises if the connection is lost.
        for file in self._open:
            file.close()

    def _path(self, path: str) -> Path:
        return self.folder / self.canonicalize(path).lstrip("/")

    def list_folder(self, path: str) -> Any:
        try:
            return [paramiko.SFTPAttributes.from_stat(p.stat(), p.name) for p in self._path(path).iterdir()]
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def stat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(self._path(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        if flags & (os.O_WRONLY | os.O_RDWR):
            return paramiko.SFTP_PERMISSION_DENIED
        try:
            file = self._path(path).open("rb")
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        self._open.append(file)
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = file
        return handle


class _Login(paramiko.ServerInterface):  # type: ignore[misc]  # paramiko has no types
    def __init__(self, key: paramiko.PKey | None) -> None:
        self.key = key

    def check_auth_password(self, username: str, password: str) -> int:
        right = (username, password) == (USER, PASSWORD)
        return int(paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        right = username == USER and self.key is not None and key == self.key
        return int(paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return int(paramiko.OPEN_SUCCEEDED if kind == "session" else paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED)

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"


class SftpServer:
    """Serves `folder` on a port of its own at 127.0.0.1. Use as a context."""

    def __init__(self, folder: Path, client_key: paramiko.PKey | None = None) -> None:
        self.folder, self.client_key = folder, client_key
        self.host_key = paramiko.ECDSAKey.generate()
        self._transports: list[paramiko.Transport] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def known_hosts(self, port: int | None = None) -> str:
        """The line by which a client knows this server, at a port (a proxy's, or its own)."""
        return f"[127.0.0.1]:{port or self.port} {self.host_key.get_name()} {self.host_key.get_base64()}\n"

    def __enter__(self) -> "SftpServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for transport in self._transports:
            transport.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            self._transports.append(transport)
            transport.add_server_key(self.host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, folder=self.folder)
            with suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(event=threading.Event(), server=_Login(self.client_key))
