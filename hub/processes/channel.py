"""What parent and child of `hub serve --workers` say to each other, over a socket pair: JSON, each message after its length."""

import socket
from collections.abc import Mapping
from typing import Any

import orjson

MAX_MESSAGE_BYTES = 16_000_000
HEAD_BYTES = 4
READ_BYTES = 65_536


def send_message(connection: socket.socket, message: Mapping[str, Any]) -> None:
    """Send one message. Raises OSError if the other side has gone."""
    body = orjson.dumps(message)
    assert len(body) <= MAX_MESSAGE_BYTES  # series and their labels are bounded
    connection.sendall(len(body).to_bytes(HEAD_BYTES, "big") + body)


class MessageReader:
    """Cuts received bytes into messages."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The messages that these bytes complete. Raises ValueError if they are no messages."""
        self._received += data
        messages = []
        while len(self._received) >= HEAD_BYTES:
            end = HEAD_BYTES + int.from_bytes(self._received[:HEAD_BYTES], "big")
            if end > HEAD_BYTES + MAX_MESSAGE_BYTES:
                raise ValueError("a message is too long")
            if len(self._received) < end:
                break
            messages.append(orjson.loads(self._received[HEAD_BYTES:end]))
            del self._received[:end]
        return messages


def receive_message(connection: socket.socket) -> dict[str, Any]:
    """The next message, of a connection that has only this one to give. Raises OSError if the other side has gone."""
    reader = MessageReader()
    while data := connection.recv(READ_BYTES):
        for message in reader.feed(data):
            return message
    raise ConnectionError("the other side has gone")
