"""The hub with access on: `python -m tests.bench.peers.hub_access_server READER CLERK LEDGER KEY_FILE SOCKET`.

The first three are URLs of its logins; LEDGER is `none` to measure access without the ledger, which no installation can turn off. It
trusts the key in the file, by which the bench signs the tokens that it sends.
"""

import json
import socket
import sys
from pathlib import Path

from joserfc.jwk import ECKey

from hub.access.oidc.local_issuer import LocalIssuer
from hub.cli.operate.serve.serve import serve_on
from hub.settings import load_settings
from hub.store.connections.logins import Logins

NO_LEDGER = "none"
UNREACHED = "officer={0},reviewer={0},operator={0},app={0},explorer={0}".format
"""Requests are counted, and none is refused."""


def main() -> None:
    """Serve, with limits that the load does not reach and otherwise the settings of an operator who set none."""
    reader, clerk, ledger, key, number = sys.argv[1:]
    issuer = LocalIssuer("127.0.0.1", (), _key=ECKey.import_key(json.loads(Path(key).read_text(encoding="utf-8"))))
    serve_on(
        socket.socket(fileno=int(number)),
        load_settings(access="on", reads_per_minute=UNREACHED(10**8), subjects_per_hour=UNREACHED(10**5)),
        Logins(reader, clerk, reader if ledger == NO_LEDGER else ledger, reader),
        local_issuer=issuer,
        keeps_ledger=ledger != NO_LEDGER,
    )


if __name__ == "__main__":
    main()
