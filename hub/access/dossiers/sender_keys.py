"""Keys of one-stop systems that publish them at an address (JWKS), and change them there without the hub's operator."""

import asyncio
from collections import OrderedDict
from urllib.parse import urlsplit

import httpx2
from joserfc.jwk import Key

from hub.access.callers.principals import IdentityProviderUnavailable
from hub.access.oidc.provider import FETCH_TIMEOUT_S, LOG, IdentityProvider, read_keys
from hub.errors import StoreUnavailable

MAX_KEY_SETS = 50
"""Addresses whose keys are kept, each with at most 100 keys of an answer of 262,144 bytes."""


class SenderKeysUnavailable(StoreUnavailable):
    """The address of a sender's keys does not answer."""

    code = "SENDER_KEYS_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__(
            "the keys of the sender cannot be read, so the delivery cannot be checked",
            next_step="send it again shortly, signed anew; the sender checks that its keys are published",
        )


class PublishedKeys(IdentityProvider):
    """The keys at one address: fetched, kept and refetched as those of an identity provider are, without discovery."""

    async def _fetch(self) -> None:
        self.fetches += 1
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_S):
                keys = read_keys(await self._get(self.issuer))
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError) as error:
            self._failed = True
            LOG.warning(
                "keys of a one-stop system at %s not read: %s", urlsplit(self.issuer).hostname, type(error).__name__
            )
            return
        self._failed, self._keys, self._read_at = False, keys, self._clock()


class SenderKeys:
    """The keys of all senders who publish theirs. Used from one event loop."""

    def __init__(self) -> None:
        self._sets: OrderedDict[str, PublishedKeys] = OrderedDict()

    async def find(self, url: str, key_id: str, algorithm: str) -> Key | None:
        """The key of this id; None if there is none that fits the algorithm. Raises SenderKeysUnavailable."""
        found = self._sets.get(url)
        if found is None:
            found = self._sets[url] = PublishedKeys(url)
            while len(self._sets) > MAX_KEY_SETS:
                await self._sets.popitem(last=False)[1].close()
        self._sets.move_to_end(url)
        try:
            return await found.find_key(key_id, algorithm)
        except IdentityProviderUnavailable:
            raise SenderKeysUnavailable from None

    async def close(self) -> None:
        """Close the connections."""
        while self._sets:
            await self._sets.popitem()[1].close()
