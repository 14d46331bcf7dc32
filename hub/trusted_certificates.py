"""Trusted certificates: loaded once in a process, since that takes 25 ms of processor time."""

from functools import cache
from ssl import SSLContext

import httpx2


@cache
def load_trusted_certificates() -> SSLContext:
    """The certificates that servers are checked by: those of SSL_CERT_FILE or SSL_CERT_DIR if set, otherwise those of the system."""
    return httpx2.create_ssl_context()
