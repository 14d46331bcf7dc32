"""HTTP authentication: a token by client credentials, a key in a header, or user and password."""

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.reader import ReaderContext
from hub.sdk.secret_references import Reference
from hub.sdk.sources import ApiKeyAuth, Basic, OAuth2, RestSource

RENEW_EARLY_S = 30.0

HttpHeaders = Mapping[str, str]
TokenGrant = Callable[[OAuth2, tuple[str, str]], Any]
"""Asks the token endpoint as this client. Returns the decoded answer."""


class HttpCredentials:
    """Headers that do not change: none, an API key, or user and password."""

    def __init__(self, where: str, headers: HttpHeaders, shown: str) -> None:
        self.where, self._headers, self.shown = where, headers, shown

    def headers(self) -> HttpHeaders:
        """Return the headers for a request."""
        return self._headers

    def renew(self) -> bool:
        """After a rejection, whether other credentials are available."""
        return False

    def describe_rejection(self, status: int) -> SourceUnavailable:
        """Return the error for credentials that the source rejects."""
        return SourceUnavailable(
            f"{self.where}: the source rejects the credentials ({status})",
            next_step=f"check {self.shown}" if self.shown else "the source requires credentials: declare [source.auth]",
        )


class TokenCredentials(HttpCredentials):
    """A bearer token, fetched on first use and renewed shortly before it expires, so that none expires in transit."""

    def __init__(self, where: str, auth: OAuth2, client: tuple[str, str], grant: TokenGrant) -> None:
        super().__init__(
            where, {}, f"{auth.client_id.shown}, {auth.client_secret.shown} and the permissions of the client"
        )
        self.auth, self.client, self.grant = auth, client, grant
        self.lock = threading.Lock()
        self.ends = 0.0

    def headers(self) -> HttpHeaders:
        """Return the token header. Raises SourceUnavailable if no token is granted."""
        with self.lock:
            if time.monotonic() >= self.ends:
                self._fetch_token()
            return self._headers

    def renew(self) -> bool:
        """Drop the token: the next request fetches another."""
        with self.lock:
            self.ends = 0.0
        return True

    def _fetch_token(self) -> None:
        asked_at = time.monotonic()
        granted = self.grant(self.auth, self.client)
        token = granted.get("access_token") if isinstance(granted, dict) else None
        if not isinstance(token, str) or not _fits_header(token):
            raise SourceUnavailable(
                f"{self.where}: the token endpoint returns no access_token",
                next_step="check token_path in the manifest, or ask the owner of the source",
            )
        life = _parse_seconds(granted.get("expires_in"))
        # Without a stated lifetime the token is kept until a request is rejected.
        self.ends = asked_at + life - min(RENEW_EARLY_S, life / 2)
        self._headers = {"Authorization": f"Bearer {token}"}


def load_credentials(context: ReaderContext, source: RestSource, grant: TokenGrant) -> HttpCredentials:
    """Return the credentials of a source. Raises HubMisconfigured."""
    name, auth = context.manifest.name, source.auth
    if isinstance(auth, OAuth2):
        client = (auth.client_id.value(name), auth.client_secret.value(name))
        return TokenCredentials(context.where, auth, client, grant)
    if isinstance(auth, ApiKeyAuth):
        return HttpCredentials(context.where, {auth.header: _check_header(name, auth.key)}, auth.key.shown)
    if isinstance(auth, Basic):
        pair = f"{auth.user.value(name)}:{auth.password.value(name)}"
        headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        return HttpCredentials(context.where, headers, f"{auth.user.shown} and {auth.password.shown}")
    return HttpCredentials(context.where, {}, "")


def _check_header(name: str, reference: Reference) -> str:
    """Return a value that a header can carry: the library's own error would quote it."""
    value = reference.value(name)
    if not _fits_header(value):
        raise HubMisconfigured(
            f"connector {name}: {reference.shown} contains characters that a header cannot carry",
            next_step="check that it was copied completely and without line breaks",
        )
    return value


def _fits_header(value: str) -> bool:
    return bool(value) and value.isascii() and value.isprintable()


def _parse_seconds(stated: Any) -> float:
    try:
        return max(float(stated), 0.0)
    except (TypeError, ValueError):
        return float("inf")
