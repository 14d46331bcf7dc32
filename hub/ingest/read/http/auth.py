"""How the hub proves itself to an HTTP source: a token by client credentials, a key in a header, user and password."""

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.reader import Context
from hub.sdk.parts import Reference
from hub.sdk.sources import ApiKey, Basic, OAuth2, RestSource

MOST_EARLY_S = 30.0

Headers = Mapping[str, str]
Grant = Callable[[OAuth2, tuple[str, str]], Any]
"""Asks the token endpoint, as this client. Returns the document it answers."""


class Credentials:
    """Headers that do not change: those of no proof, of a key, of a user."""

    def __init__(self, where: str, headers: Headers, shown: str) -> None:
        self.where, self._headers, self.shown = where, headers, shown

    def headers(self) -> Headers:
        """What goes with a request."""
        return self._headers

    def renew(self) -> bool:
        """After they were refused: whether others are at hand."""
        return False

    def refused(self, status: int) -> SourceUnavailable:
        """What to say where the source refuses them."""
        return SourceUnavailable(
            f"{self.where}: the source refuses the credentials ({status})",
            next_step=f"check {self.shown}" if self.shown else "the source wants credentials: give [source.auth]",
        )


class TokenCredentials(Credentials):
    """A bearer token, fetched when first wanted and again a little before it ends, so that none ends on its way."""

    def __init__(self, where: str, auth: OAuth2, client: tuple[str, str], grant: Grant) -> None:
        super().__init__(where, {}, f"{auth.client_id.shown}, {auth.client_secret.shown} and what the client may read")
        self.auth, self.client, self.grant = auth, client, grant
        self.lock = threading.Lock()
        self.ends = 0.0

    def headers(self) -> Headers:
        """The token. Raises SourceUnavailable where none is given."""
        with self.lock:
            if time.monotonic() >= self.ends:
                self._fetch()
            return self._headers

    def renew(self) -> bool:
        """Forget the token: the next request fetches another."""
        with self.lock:
            self.ends = 0.0
        return True

    def _fetch(self) -> None:
        asked_at = time.monotonic()
        granted = self.grant(self.auth, self.client)
        token = granted.get("access_token") if isinstance(granted, dict) else None
        if not isinstance(token, str) or not _fits(token):
            raise SourceUnavailable(
                f"{self.where}: the token endpoint gives no access_token",
                next_step="check token_path in the manifest, and ask the owner",
            )
        life = _seconds(granted.get("expires_in"))
        # Without a stated life the token is kept until a request is refused with it.
        self.ends = asked_at + life - min(MOST_EARLY_S, life / 2)
        self._headers = {"Authorization": f"Bearer {token}"}


def credentials(context: Context, source: RestSource, grant: Grant) -> Credentials:
    """The credentials of a source. Raises HubMisconfigured."""
    name, auth = context.manifest.name, source.auth
    if isinstance(auth, OAuth2):
        client = (auth.client_id.value(name), auth.client_secret.value(name))
        return TokenCredentials(context.where, auth, client, grant)
    if isinstance(auth, ApiKey):
        return Credentials(context.where, {auth.header: _header(name, auth.key)}, auth.key.shown)
    if isinstance(auth, Basic):
        pair = f"{auth.user.value(name)}:{auth.password.value(name)}"
        headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        return Credentials(context.where, headers, f"{auth.user.shown} and {auth.password.shown}")
    return Credentials(context.where, {}, "")


def _header(name: str, reference: Reference) -> str:
    """A value that a header can carry: a library's own error would quote it."""
    value = reference.value(name)
    if not _fits(value):
        raise HubMisconfigured(
            f"connector {name}: {reference.shown} has characters that no header can carry",
            next_step="check that it was copied whole, without line breaks",
        )
    return value


def _fits(value: str) -> bool:
    return bool(value) and value.isascii() and value.isprintable()


def _seconds(stated: Any) -> float:
    try:
        return max(float(stated), 0.0)
    except (TypeError, ValueError):
        return float("inf")
