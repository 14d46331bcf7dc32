"""A TCP proxy before a server, which breaks connections as networks do."""

import socket
import struct
import threading
from contextlib import suppress

AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing resets."""
FORWARDED_SHARE = 0.7
"""How much of what a good connection was given at most goes through before it breaks."""


class FaultyProxy:
    """Forwards to 127.0.0.1:`port`. `fault` is reset, half_close or stall: connections then break within what they are given."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.fault: str | None = None
        self.most = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """The port that it listens on, at 127.0.0.1."""
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        """Stop, and drop open connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset_connections()

    def reset_connections(self) -> None:
        """Reset every connection."""
        with self._lock:
            left, self._open = self._open, set()
        for connection in left:
            reset_connection(connection)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                reset_connection(client)
                continue
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=self._up, args=(client, server), daemon=True).start()
            threading.Thread(target=self._down, args=(server, client), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        given = 0
        with suppress(OSError):
            while data := server.recv(65_536):
                rest = int(self.most * FORWARDED_SHARE) - given
                if self.fault and len(data) >= rest:
                    client.sendall(data[: max(rest, 0)])
                    self._break(server, client)
                    return
                client.sendall(data)
                given += len(data)
                if not self.fault:
                    self.most = max(self.most, given)
            client.shutdown(socket.SHUT_WR)

    def _break(self, server: socket.socket, client: socket.socket) -> None:
        if self.fault == "reset":
            reset_connection(client)
            reset_connection(server)
        elif self.fault == "half_close":
            client.shutdown(socket.SHUT_WR)
        # stall: both ends stay open and hear nothing more


def reset_connection(connection: socket.socket) -> None:
    """Close a connection so that the other end meets a reset."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
    connection.close()
