"""The hub, as `hub serve` runs it, on a socket that the parent handed over: `python -m tests.bench.peers.hub_server URL SOCKET`."""

import socket
import sys

from hub.cli.operate.serve.serve import serve_on
from hub.settings import load_settings
from hub.store.connections.logins import Logins


def main() -> None:
    """Serve, with the settings an operator has who set none, to callers without credentials: its peers know of none."""
    url, number = sys.argv[1:]
    serve_on(socket.socket(fileno=int(number)), load_settings(access="off"), Logins.one(url))


if __name__ == "__main__":
    main()
