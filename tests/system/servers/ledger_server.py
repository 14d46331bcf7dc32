"""A hub with access on in a process of its own, which a test can kill: prints its address and a token for each identity."""

import json
import socket
import sys

import uvicorn

from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app
from hub.web.http_timeouts import ImpatientProtocol
from tests.system.access.test_access import ISSUER, UNLIMITED


def main(reader: str, clerk: str, ledger: str) -> None:
    """Serve until killed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Forms of pages are taken from the hub's own address alone, and that has its port.
        settings = load_settings(access="on", port=listener.getsockname()[1], **UNLIMITED)
        app = create_app(settings, Logins(reader, clerk, ledger, reader), local_issuer=ISSUER)
        tokens = {identity.id: ISSUER.sign_token(identity) for identity in ISSUER.identities}
        print(json.dumps({"url": "http://{}:{}".format(*listener.getsockname()[:2]), "tokens": tokens}), flush=True)
        uvicorn.Server(
            uvicorn.Config(
                app, http=ImpatientProtocol, log_level="error", access_log=False, timeout_graceful_shutdown=2
            )
        ).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
