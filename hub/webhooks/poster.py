"""Posting: one message to one receiver, within a time limit, to a checked address. Redirects are not followed."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2

from hub.errors import HubMisconfigured
from hub.ledger.checkpoints.signing_keys import SigningKey, load_signing_key
from hub.settings import Settings
from hub.trusted_certificates import load_trusted_certificates
from hub.webhooks.addresses import AddressRefused, Network, check_url, parse_networks, resolve_target
from hub.webhooks.delivery_signatures import sign_headers
from hub.webhooks.messages import EventMessage


@dataclass(frozen=True)
class PostOutcome:
    """What one try came to: `failure` is None if the receiver answered 200 to 299. `is_away` if it did not answer at all."""

    failure: str | None = None
    is_away: bool = False


@dataclass(frozen=True)
class WebhookPoster:
    """Signs and posts messages. `timeout_s` is the time for one try, from resolving the name to the headers of the answer."""

    key: SigningKey
    networks: Sequence[Network] = ()
    timeout_s: float = 10.0

    async def post(self, url: str, message: EventMessage) -> PostOutcome:
        """Post a message. Raises nothing: a failure is an outcome, in words that have no address and nothing of the answer."""
        try:
            async with asyncio.timeout(self.timeout_s):
                status = await self._post(url, message)
        except TimeoutError:
            return PostOutcome(f"no answer within {self.timeout_s:g} s", is_away=True)
        except AddressRefused as error:
            return PostOutcome(error.message, is_away=True)
        except httpx2.ConnectError:
            return PostOutcome("the receiver cannot be reached, or its certificate is not trusted", is_away=True)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return PostOutcome(f"the connection failed: {type(error).__name__}", is_away=True)
        if 200 <= status < 300:
            return PostOutcome()
        if 300 <= status < 400:
            return PostOutcome(f"HTTP {status}: redirects are not followed")
        return PostOutcome(f"HTTP {status}", is_away=status in (429, 502, 503, 504))

    async def _post(self, url: str, message: EventMessage) -> int:
        checked = check_url(url)
        target = await asyncio.to_thread(resolve_target, checked, self.networks)
        body = message.encode()
        headers = sign_headers(str(message.message_id), body, int(time.time()), self.key)
        async with (
            httpx2.AsyncClient(
                verify=load_trusted_certificates(), timeout=self.timeout_s, follow_redirects=False, trust_env=False
            ) as client,
            client.stream(
                "POST",
                target.url,
                content=body,
                headers={**headers, "host": target.host, "user-agent": "cross-sector-hub"},
                extensions={"sni_hostname": target.server_name},
            ) as answer,
        ):
            return int(answer.status_code)


def load_poster(settings: Settings) -> WebhookPoster:
    """The poster of the settings. Raises HubMisconfigured if there is no key, or it cannot be used."""
    key: Path | None = settings.webhook_signing_key
    if key is None:
        raise HubMisconfigured(
            "webhooks are signed, and HUB_WEBHOOK_SIGNING_KEY is not set",
            next_step="make a key with `hub ledger keys new FILE`, and set HUB_WEBHOOK_SIGNING_KEY=FILE",
        )
    return WebhookPoster(load_signing_key(key), parse_networks(settings.webhook_networks), settings.webhook_timeout_s)
