"""The hub, served on a socket that the parent handed over: `python -m tests.bench.peers.hub_server URL SOCKET`."""

import socket
import sys

import uvicorn

from hub.settings import load
from hub.web.app import create_app


def main() -> None:
    """Serve, with the settings an operator has who set none."""
    url, number = sys.argv[1:]
    config = uvicorn.Config(create_app(load(), url), log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(number))])


if __name__ == "__main__":
    main()
