"""Addresses of receivers: https, or http to this machine, and no network that the operator has not allowed.

The name is resolved for each delivery, and the connection goes to the address that was checked: a name that resolves to another
address a moment later reaches nothing else.
"""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import httpx2

from hub.errors import HubMisconfigured, OperationRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
MAX_URL_CHARS = 500
MAX_NETWORKS = 100
HTTPS_PORT, HTTP_PORT = 443, 80
FORM = "give an address such as https://one-stop.example.gov.vn/hub-events"


class AddressRefused(OperationRefused):
    """Nothing is sent to this address."""

    code = "ADDRESS_REFUSED"


@dataclass(frozen=True)
class ResolvedTarget:
    """Where one request goes: `url` has the checked address in place of the name, `host` is the header, `server_name` is for TLS."""

    url: httpx2.URL
    host: str
    server_name: str


def parse_networks(setting: str) -> tuple[Network, ...]:
    """The networks of HUB_WEBHOOK_NETWORKS. Raises HubMisconfigured."""
    found = [part.strip() for part in setting.split(",") if part.strip()]
    try:
        if len(found) > MAX_NETWORKS:
            raise ValueError
        return tuple(ipaddress.ip_network(part) for part in found)
    except ValueError:
        raise HubMisconfigured(
            "HUB_WEBHOOK_NETWORKS is not a list of networks",
            next_step=f"write at most {MAX_NETWORKS} networks separated by commas, e.g. 10.20.0.0/16, fd00:20::/32",
        ) from None


def check_url(text: str) -> httpx2.URL:
    """An address as far as it can be checked without the network. Raises AddressRefused."""
    try:
        url = httpx2.URL(text)
        port = url.port
    except (httpx2.InvalidURL, ValueError):
        raise AddressRefused("the address is not a URL", next_step=FORM) from None
    if len(text) > MAX_URL_CHARS or not url.host or url.scheme not in ("https", "http") or port == 0:
        raise AddressRefused(f"the address is not an https URL of at most {MAX_URL_CHARS} characters", next_step=FORM)
    if url.userinfo or url.fragment:
        raise AddressRefused(
            "the address has a user, a password or a fragment",
            next_step="leave it out: receivers check the signature instead",
        )
    if url.scheme == "http" and not _is_this_machine(url.host):
        raise AddressRefused(
            "http is for receivers on this machine only", next_step="use https, or http://127.0.0.1:PORT/…"
        )
    return url


def resolve_target(url: httpx2.URL, allowed: Iterable[Network]) -> ResolvedTarget:
    """The checked address to connect to. Raises AddressRefused, and OSError if the name cannot be resolved now."""
    port = url.port or (HTTPS_PORT if url.scheme == "https" else HTTP_PORT)
    found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    networks = tuple(allowed)
    for address in addresses:
        if not is_reachable(address, url.scheme, networks):
            raise AddressRefused(
                "the name resolves to a private or special address",
                next_step="if it is a receiver in your own network, add that network to HUB_WEBHOOK_NETWORKS",
            )
    return ResolvedTarget(url.copy_with(host=str(addresses[0])), url.netloc.decode("ascii"), url.host)


def is_reachable(address: Address, scheme: str, allowed: Iterable[Network]) -> bool:
    """Whether something may be sent there: http to this machine alone, https to public addresses and allowed networks."""
    mapped = getattr(address, "ipv4_mapped", None)
    real: Address = mapped or address
    if scheme == "http":
        return real.is_loopback
    if any(real.version == network.version and real in network for network in allowed):
        return True
    return real.is_global and not real.is_multicast


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
