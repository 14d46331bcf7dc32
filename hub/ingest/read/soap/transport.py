"""SOAP transport: carries messages and descriptions, limited in size, without redirects, with credentials only for the
service's host.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
import zeep
import zeep.exceptions
from zeep.cache import Base, InMemoryCache
from zeep.wsse.username import UsernameToken

from hub.errors import HubMisconfigured
from hub.ingest.read.reader import ReaderContext
from hub.ingest.read.slow_sources import TooSlow, limit_time
from hub.sdk.sources import SoapSource, WsSecurity

MAX_ANSWER_BYTES = 64_000_000
"""Maximum size of a WSDL, schema or answer, decompressed."""
PIECE_BYTES = 65_536
KEEP_WSDL_S = 3_600
"""How long a process reuses a WSDL that it has read."""
SAFE_SETTINGS = zeep.Settings(
    strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True, xml_huge_tree=False
)
"""For answers, and for a WSDL in the connector's folder: nothing is fetched."""


@dataclass(frozen=True)
class SoapAnswer:
    """An answer over HTTP."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class _DocumentCache(Base):  # type: ignore[misc]  # zeep has no types
    """Documents by address, in memory. Those of a valid description are kept for an hour and shared by all clients."""

    def __init__(self) -> None:
        self.kept = InMemoryCache(timeout=KEEP_WSDL_S)
        self.fresh: dict[str, bytes] = {}

    def get(self, url: str) -> bytes | None:
        found: bytes | None = self.fresh.get(url) or self.kept.get(url)
        return found

    def add(self, url: str, content: bytes) -> None:
        self.fresh[url] = content

    def keep(self) -> None:
        for url, content in self.fresh.items():
            self.kept.add(url, content)
        self.fresh.clear()


class SoapTransport(zeep.Transport):  # type: ignore[misc]  # zeep has no types
    """zeep's HTTP transport: limited in size, without redirects, credentials only for the service's own hosts, nothing
    logged.
    """

    def __init__(self, context: ReaderContext, source: SoapSource) -> None:
        self.documents = _DocumentCache()
        super().__init__(cache=self.documents, timeout=source.timeout_s, operation_timeout=source.timeout_s)
        name, folder = context.manifest.name, context.folder.resolve()
        local = isinstance(source.wsdl, str)
        self.folder = folder if local else None
        self.wsdl = str(folder / source.wsdl) if isinstance(source.wsdl, str) else source.wsdl.value(name)
        self.settings_for_wsdl = (
            SAFE_SETTINGS if local else zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True)
        )
        self.basic: Any = None
        self.token: UsernameToken | None = None
        if isinstance(source.auth, WsSecurity):
            user, password = source.auth.user.value(name), source.auth.password.value(name)
            digest = source.auth.password_type == "digest"
            self.token = UsernameToken(user, password, use_digest=digest, zulu_timestamp=True)
        elif source.auth:
            # In UTF-8: requests would encode text as Latin-1.
            self.basic = (source.auth.user.value(name).encode(), source.auth.password.value(name).encode())
        if not local and urlsplit(self.wsdl).scheme not in ("http", "https"):
            raise HubMisconfigured(
                f"{context.where}: the address of the WSDL is not valid",
                next_step="write https://host/service?wsdl, or the name of a file in the connector's folder",
            )

    def keep(self) -> None:
        """Keep the documents of a valid description, so that they need not be fetched again for a while."""
        self.documents.keep()

    def load(self, url: str) -> bytes:
        """Load a WSDL or schema: a file in the connector's folder, or over HTTP if the description itself came over
        HTTP.
        """
        if self.folder is None:
            if urlsplit(url).scheme not in ("http", "https"):
                raise zeep.exceptions.ExternalReferenceForbidden(url)
            found: bytes = super().load(url)
            return found
        path = Path(url).resolve()
        if not path.is_relative_to(self.folder):
            raise zeep.exceptions.ExternalReferenceForbidden(url)
        return path.read_bytes()

    def _load_remote_data(self, url: str) -> bytes:
        own = urlsplit(url)[:2] == urlsplit(self.wsdl)[:2]
        with self.session.get(
            url, timeout=self.load_timeout, stream=True, auth=self.basic if own else None, allow_redirects=False
        ) as response:
            response.raise_for_status()
            return _read_bounded(response, self.load_timeout)

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> SoapAnswer:
        """Send a message."""
        with self.session.post(
            address,
            data=message,
            headers=headers,
            timeout=self.operation_timeout,
            stream=True,
            auth=self.basic,
            allow_redirects=False,
        ) as response:
            return SoapAnswer(response.status_code, response.headers, _read_bounded(response, self.operation_timeout))


def _read_bounded(response: Any, timeout_s: float) -> bytes:
    found = bytearray()
    # Read single bytes as they arrive: iter_content waits until a piece is full, however slowly it fills.
    parts = iter(partial(response.raw.read1, PIECE_BYTES, decode_content=True), b"")
    try:
        for part in limit_time(parts, timeout_s):
            found += part
            if len(found) > MAX_ANSWER_BYTES:
                raise requests.exceptions.ContentDecodingError
    except (TooSlow, urllib3.exceptions.TimeoutError):
        raise requests.exceptions.ReadTimeout from None
    except urllib3.exceptions.DecodeError:
        raise requests.exceptions.ContentDecodingError from None
    except urllib3.exceptions.HTTPError:
        raise requests.exceptions.ConnectionError from None
    return bytes(found)
