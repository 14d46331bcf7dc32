"""A TCP proxy between a test and a server, which breaks as networks do: resets, half-closes, stalls after some bytes."""

import math
import socket
import struct
import threading
from contextlib import suppress
from typing import Literal

Break = Literal["reset", "half_close", "stall"]
RST_ON_CLOSE = struct.pack("ii", 1, 0)


class TcpProxy:
    """Forwards connections to `host:port`; `break_after` arms one break, which is gone once it has happened.

    `connections` counts those that were made, `broken` the breaks. Use as a context; `close` frees the port.
    """

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.connections = 0
        self.broken = 0
        self._lock = threading.Lock()
        self._armed: tuple[int, Break, int] | None = None
        self._refusing = 0.0
        self._speaking = threading.Event()
        self._speaking.set()
        self._open: set[socket.socket] = set()
        self._stalled: set[socket.socket] = set()
        self._left: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where the proxy listens, on 127.0.0.1."""
        return int(self._listener.getsockname()[1])

    def break_after(self, received: int, how: Break = "reset", *, times: int = 1) -> None:
        """Break a connection once it has handed `received` bytes of the server to the client, `times` times."""
        with self._lock:
            self._armed = (received, how, times)

    def refuse(self, times: float = math.inf) -> None:
        """Reset so many new connections at once, as a server that is down behind its address."""
        self._refusing = times

    def mute(self) -> None:
        """Keep every connection open, new ones too, and pass nothing on."""
        self._speaking.clear()

    def speak(self) -> None:
        """Pass everything on again."""
        self._speaking.set()

    def close(self) -> None:
        """Stop, and drop what is open."""
        self._speaking.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            left = list(self._open)
        for connection in left:
            _drop(connection)

    def __enter__(self) -> "TcpProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._refusing > 0:
                self._refusing -= 1
                _drop(client)
                continue
            try:
                server = socket.create_connection(self.target, 5)
            except OSError:
                _drop(client)
                continue
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=self._up, args=(client, server), daemon=True).start()
            threading.Thread(target=self._down, args=(server, client), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                self._speaking.wait(600)
                server.sendall(data)
        with self._lock:
            self._left.add(server)
            stalled = server in self._stalled
        if stalled:
            _drop(server)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        given = 0
        try:
            while data := server.recv(65_536):
                self._speaking.wait(600)
                how, allowed = self._due(given, len(data))
                client.sendall(data[:allowed])
                given += allowed
                if how == "stall":
                    # Both ends stay open and hear nothing more, until the client leaves.
                    with self._lock:
                        self._stalled.add(server)
                        left = server in self._left
                    if left:
                        _drop(server)
                    return
                if how == "half_close":
                    break
                if how == "reset":
                    _drop(client)
                    _drop(server)
                    return
            client.shutdown(socket.SHUT_WR)
        except OSError:
            _drop(client)
            _drop(server)

    def _due(self, given: int, more: int) -> tuple[Break | None, int]:
        """The break that is due within these bytes, and how many of them may still pass."""
        with self._lock:
            if self._armed is None or given + more < self._armed[0]:
                return None, more
            after, how, times = self._armed
            self._armed = (after, how, times - 1) if times > 1 else None
            self.broken += 1
            return how, max(0, after - given)


def _drop(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
