"""The hub with access on: `python -m tests.bench.peers.hub_access_server READER_URL CLERK_URL KEY_FILE SOCKET`.

It trusts the key in the file, by which the bench signs the tokens that it sends.
"""

import json
import socket
import sys
from pathlib import Path

from joserfc.jwk import ECKey

from hub.access.oidc.local_issuer import LocalIssuer
from hub.cli.serve import serve_on
from hub.settings import load_settings


def main() -> None:
    """Serve, with the settings an operator has who set none."""
    reader, clerk, key, number = sys.argv[1:]
    issuer = LocalIssuer("127.0.0.1", (), _key=ECKey.import_key(json.loads(Path(key).read_text(encoding="utf-8"))))
    serve_on(
        socket.socket(fileno=int(number)), load_settings(access="on"), reader, clerk_url=clerk, local_issuer=issuer
    )


if __name__ == "__main__":
    main()
