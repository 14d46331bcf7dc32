"""Whether an address can be reached from this machine only."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself: `localhost`, `127.0.0.1`, `::1`, `[::1]`."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
