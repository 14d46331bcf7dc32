"""The identity provider: its endpoints (OpenID Connect Discovery) and its public keys (JWKS), cached."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from hub.access.callers.loopback import is_loopback
from hub.access.callers.principals import IdentityProviderUnavailable
from hub.errors import HubMisconfigured
from hub.trusted_certificates import load_trusted_certificates

LOG = logging.getLogger("hub.access")

FETCH_TIMEOUT_S = 5.0
"""For discovery and keys together."""
KEYS_FRESH_S = 600.0
"""From this age on, keys are fetched again: one that the provider withdrew is used for so long at most."""
KEYS_USABLE_S = 3_600.0
"""While the provider is down, keys are used up to this age."""
REFETCH_S = 30.0
"""Shortest time between two fetches for unknown keys: anybody can send tokens with invented key ids."""
RETRY_S = 5.0
"""The same, if the last fetch failed."""
MAX_ANSWER_BYTES = 262_144
MAX_KEYS = 100
SHORTEST_RSA_BITS = 2_048
DISCOVERY_PATH = "/.well-known/openid-configuration"
UNAVAILABLE_STEP = "try again in a few seconds; the operator checks HUB_OIDC_ISSUER and that the provider runs"


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """What discovery says. Endpoints that the provider does not have are None."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str | None
    token_endpoint: str | None
    end_session_endpoint: str | None
    sends_issuer: bool
    """Whether the answer to an authorization request names the issuer (RFC 9207)."""


class KeySource(Protocol):
    """Finds the public key that a token was signed with."""

    async def find_key(self, kid: str | None, algorithm: str) -> Key | None:
        """Return the key, or None if no key of this id fits the algorithm. Raises IdentityProviderUnavailable."""
        ...


class IdentityProvider:
    """One issuer, reached over HTTP. Used from one event loop."""

    def __init__(self, issuer: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        check_provider_url("HUB_OIDC_ISSUER", issuer)
        self.issuer = issuer
        self.http = httpx2.AsyncClient(
            verify=load_trusted_certificates(), timeout=FETCH_TIMEOUT_S, follow_redirects=False
        )
        self.fetches = 0
        self._clock = clock
        self._metadata: ProviderMetadata | None = None
        self._keys: tuple[Key, ...] = ()
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._failed = False
        self._fetching: asyncio.Task[None] | None = None

    async def find_key(self, kid: str | None, algorithm: str) -> Key | None:
        """Return the key, fetching keys if they are old or this one is unknown. Raises IdentityProviderUnavailable."""
        age = self._clock() - self._read_at
        if age > KEYS_USABLE_S:
            await self._fetch_now()
        elif age > KEYS_FRESH_S:
            self._start_fetch()  # and answer from the keys at hand
        found = _choose_key(self._keys, kid, algorithm)
        if found is None and self._may_fetch():
            await self._fetch_now()
            found = _choose_key(self._keys, kid, algorithm)
        if found is None and self._failed:
            raise _unavailable()  # the key may be a new one
        return found

    async def metadata(self) -> ProviderMetadata:
        """Return the provider's endpoints. Raises IdentityProviderUnavailable."""
        if self._metadata is None or self._clock() - self._read_at > KEYS_USABLE_S:
            await self._fetch_now()
        assert self._metadata is not None
        return self._metadata

    async def list_algorithms(self) -> frozenset[str]:
        """Return the algorithms that published keys fit. Raises IdentityProviderUnavailable."""
        await self.metadata()
        return frozenset(name for name in ALGORITHM_KEYS if any(_fits(key, name) for key in self._keys))

    async def close(self) -> None:
        """Stop a fetch that is under way, and close the connections."""
        if self._fetching is not None:
            self._fetching.cancel()
        await self.http.aclose()

    def _may_fetch(self) -> bool:
        wait_s = RETRY_S if self._failed else REFETCH_S
        return self._fetching is not None or self._clock() - self._tried_at >= wait_s

    async def _fetch_now(self) -> None:
        """Wait for new keys; concurrent callers share one fetch. Raises IdentityProviderUnavailable."""
        if not self._may_fetch():
            raise _unavailable()
        self._start_fetch()
        assert self._fetching is not None
        await asyncio.shield(self._fetching)
        if self._failed:
            raise _unavailable()

    def _start_fetch(self) -> None:
        if self._fetching is None and self._may_fetch():
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._end_fetch)

    def _end_fetch(self, _task: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _fetch(self) -> None:
        """Read discovery and keys. Keeps the old ones, and remembers that it failed, if the provider does not give them."""
        self.fetches += 1
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_S):
                metadata = read_metadata(await self._get(self.issuer.rstrip("/") + DISCOVERY_PATH), self.issuer)
                keys = read_keys(await self._get(metadata.jwks_uri))
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError) as error:
            self._failed = True
            # The text of these errors may hold an address, never a token.
            LOG.warning("identity provider: discovery or keys not read: %s: %s", type(error).__name__, error)
            return
        self._failed = False
        self._metadata, self._keys, self._read_at = metadata, keys, self._clock()

    async def _get(self, url: str) -> Mapping[str, Any]:
        """Return a JSON object. Raises httpx2.HTTPError, ValueError."""
        body = bytearray()
        async with self.http.stream("GET", url, headers={"accept": "application/json"}) as response:
            if response.status_code != 200:
                raise ValueError(f"{urlsplit(url).path} answered {response.status_code}")
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MAX_ANSWER_BYTES:
                    raise ValueError(f"{urlsplit(url).path} answered with more than {MAX_ANSWER_BYTES:,} bytes")
        found = orjson.loads(body)
        if not isinstance(found, dict):
            raise ValueError(f"{urlsplit(url).path} did not answer with a JSON object")
        return found


def check_provider_url(setting: str, url: str) -> None:
    """Raise HubMisconfigured unless a URL is https, or http on this machine, without query and user name."""
    if not is_provider_url(url) or urlsplit(url).query:
        raise HubMisconfigured(
            f"{setting} must be an https URL such as https://id.example.gov.vn/realms/hub",
            next_step="use https; plain http is accepted on this machine only (http://127.0.0.1:8080/realms/hub)",
        )


def is_provider_url(url: str) -> bool:
    """Whether a URL is https, or http on this machine, without fragment and user name."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    return is_safe and bool(parts.hostname) and not parts.fragment and not parts.username


def read_metadata(found: Mapping[str, Any], issuer: str) -> ProviderMetadata:
    """Check what discovery answered. Raises ValueError.

    The issuer must be exactly the one that is set: otherwise one provider could speak for another.
    """
    if found.get("issuer") != issuer:
        raise ValueError("discovery names another issuer than HUB_OIDC_ISSUER; they must be equal to the letter")
    jwks_uri = _read_endpoint(found, "jwks_uri")
    if jwks_uri is None:
        raise ValueError("discovery has no jwks_uri")
    return ProviderMetadata(
        issuer=issuer,
        jwks_uri=jwks_uri,
        authorization_endpoint=_read_endpoint(found, "authorization_endpoint"),
        token_endpoint=_read_endpoint(found, "token_endpoint"),
        end_session_endpoint=_read_endpoint(found, "end_session_endpoint"),
        sends_issuer=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _read_endpoint(found: Mapping[str, Any], name: str) -> str | None:
    """Return an endpoint of discovery; None if the provider has none. Raises ValueError."""
    url = found.get(name)
    if url is None:
        return None
    if not isinstance(url, str) or not is_provider_url(url):
        raise ValueError(f"discovery: {name} must be an https URL")
    return url


def read_keys(found: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return the keys of a JWKS that can verify signatures. Raises ValueError.

    Keys of a kind that is not known, too short, or for encryption are left out, as RFC 7517 §5 asks.
    """
    given = found.get("keys")
    if not isinstance(given, list) or len(given) > MAX_KEYS:
        raise ValueError(f"the key set must have a list of at most {MAX_KEYS} keys")
    return tuple(key for item in given if (key := _import_key(item)) is not None)


KEY_TYPES: Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
"""Symmetric keys (`oct`) are never imported: a public key set has none, and HS* tokens are never accepted."""
ALGORITHM_KEYS: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""Algorithm → type and curve of its keys. These are all algorithms that the hub can accept."""


def _import_key(item: object) -> Key | None:
    if not isinstance(item, dict) or item.get("kty") not in KEY_TYPES:
        return None
    modulus = item.get("n", "")
    if item["kty"] == "RSA" and (not isinstance(modulus, str) or len(modulus) * 6 < SHORTEST_RSA_BITS):
        return None  # base64url has 6 bits a character; joserfc would take the key and warn
    public = {name: value for name, value in item.items() if name != "d"}  # a private part is not ours to use
    try:
        key = KEY_TYPES[item["kty"]].import_key(public)
        key.check_use("sig")
        key.check_key_op("verify")
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    is_short = isinstance(key, RSAKey) and key.public_key.key_size < SHORTEST_RSA_BITS
    return None if is_short else key


def _choose_key(keys: tuple[Key, ...], kid: str | None, algorithm: str) -> Key | None:
    """Return the key of this id that fits the algorithm. Without an id, only if a single key fits."""
    fitting = [key for key in keys if _fits(key, algorithm) and kid in (None, key.kid)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(key: Key, algorithm: str) -> bool:
    """Whether a key is of the type, curve and purpose of an algorithm."""
    key_type, curve = ALGORITHM_KEYS[algorithm]
    fits_curve = curve is None or getattr(key, "curve_name", None) == curve
    return key.key_type == key_type and fits_curve and key.alg in (None, algorithm)


def _unavailable() -> IdentityProviderUnavailable:
    return IdentityProviderUnavailable(
        "the identity provider does not answer, so the token cannot be checked", next_step=UNAVAILABLE_STEP
    )
