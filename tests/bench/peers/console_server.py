"""The hub with access on and the console: `python -m tests.bench.peers.console_server READER CLERK LEDGER AUDITOR STEWARD OFFICES SOCKET`.

It signs in its own staff: `officer-0` … and `reviewer-0` …, of the offices given as codes with commas.
"""

import socket
import sys

from hub.access.callers.principals import Role
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer
from hub.cli.operate.serve.serve import serve_on
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from tests.bench.console_staff import STAFF, name_officer, name_reviewer
from tests.bench.peers.hub_access_server import UNREACHED


def main() -> None:
    """Serve, with limits that the load does not reach and otherwise the settings of an operator who set none."""
    *urls, offices, number = sys.argv[1:]
    served = frozenset(offices.split(","))
    staff = [LocalIdentity(name_officer(n), f"Cán bộ {n}", frozenset({Role.OFFICER}), served) for n in range(STAFF)]
    staff += [LocalIdentity(name_reviewer(n), f"Rà soát {n}", frozenset({Role.REVIEWER})) for n in range(STAFF)]
    listener = socket.socket(fileno=int(number))
    issuer = LocalIssuer("127.0.0.1", tuple(staff))
    settings = load_settings(access="on", reads_per_minute=UNREACHED(10**8), subjects_per_hour=UNREACHED(10**5))
    serve_on(listener, settings, Logins(*urls), local_issuer=issuer)


if __name__ == "__main__":
    main()
