"""Access as the web process uses it: made from the settings, opened and closed with the application."""

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from hub.access.callers.api_keys import ApiKeyChecker
from hub.access.callers.authenticator import OpenAuthenticator, RequestAuthenticator
from hub.access.callers.loopback import is_loopback
from hub.access.callers.principals import Authenticator
from hub.access.callers.sessions import SessionStore
from hub.access.oidc.access_tokens import TokenChecker, TokenRules, parse_algorithms
from hub.access.oidc.claims import ClaimNames, claim_names
from hub.access.oidc.code_flow import CodeFlow, WebClient
from hub.access.oidc.local_issuer import LocalIssuer
from hub.access.oidc.provider import IdentityProvider, check_provider_url
from hub.errors import HubMisconfigured
from hub.settings import Settings
from hub.store.engine import make_write_pool

LOG = logging.getLogger("hub.access")
CONNECTIONS = 2
"""For looking up keys and sessions, so that a flood of unknown keys takes no connection from reads."""
LOOK_UP_TIMEOUT_S = 5.0
CALLBACK_PATH = "/sign-in/callback"
OFF_WARNING = (
    "HUB_ACCESS=off: everyone who reaches this address reads all personal data, and nobody knows who it was."
    " Use it for development only"
)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call, for one web process."""

    authenticator: Authenticator
    sessions: SessionStore
    code_flow: CodeFlow | None
    """None if people cannot sign in to pages."""
    provider: IdentityProvider | None
    local_issuer: LocalIssuer | None
    """Of the demonstration: people choose who they are."""
    public_url: str
    pool: AsyncConnectionPool[AsyncConnection[Any]]

    async def open(self) -> None:
        """Let the pool connect when it is first used."""
        await self.pool.open(wait=False)

    async def close(self) -> None:
        """Close connections to the provider and the store."""
        if self.provider is not None:
            await self.provider.close()
        await self.pool.close()


def make_access(settings: Settings, url: str, *, local_issuer: LocalIssuer | None = None) -> Access:
    """Return access by the settings, over the database at `url`. Raises HubMisconfigured.

    `local_issuer` takes the place of the provider that HUB_OIDC_ISSUER names: the demonstration has its own.
    """
    check_access_is_safe(settings)
    public_url = find_public_url(settings)
    names, algorithms = claim_names(settings), parse_algorithms(settings.oidc_algorithms)
    pool = make_write_pool(url, size=CONNECTIONS, statement_timeout_s=LOOK_UP_TIMEOUT_S)
    sessions = SessionStore(pool, idle_s=settings.session_idle_s, longest_s=settings.session_longest_s)
    provider = IdentityProvider(settings.oidc_issuer) if settings.oidc_issuer and not local_issuer else None
    tokens: tuple[TokenChecker, ClaimNames] | None = None
    if local_issuer is not None:
        tokens = TokenChecker(local_issuer.rules, local_issuer), ClaimNames()
    elif provider is not None:
        tokens = TokenChecker(_make_rules(settings, provider.issuer, algorithms), provider), names
    authenticator: Authenticator
    if settings.access == "off":
        LOG.warning(OFF_WARNING)
        authenticator = OpenAuthenticator()
    else:
        authenticator = RequestAuthenticator(
            tokens=tokens, keys=ApiKeyChecker(pool), sessions=sessions, public_origin=origin_of(public_url).encode()
        )
    code_flow = None if local_issuer else _make_code_flow(settings, provider, names, algorithms, public_url)
    return Access(authenticator, sessions, code_flow, provider, local_issuer, public_url, pool)


async def describe_access(settings: Settings) -> str:
    """Say who may call, after asking the identity provider. Raises HubMisconfigured, IdentityProviderUnavailable."""
    check_access_is_safe(settings)
    if settings.access == "off":
        return "off: everyone on this machine reads everything"
    if settings.oidc_issuer is None:
        return "on: API keys alone (`hub keys`), since HUB_OIDC_ISSUER is not set"
    algorithms = parse_algorithms(settings.oidc_algorithms)
    rules = _make_rules(settings, settings.oidc_issuer, algorithms)
    provider = IdentityProvider(rules.issuer)
    try:
        published = await provider.list_algorithms()
        if not algorithms & published:
            raise HubMisconfigured(
                f"{rules.issuer} publishes no key for {', '.join(sorted(algorithms))}",
                next_step=f"set HUB_OIDC_ALGORITHMS to what it signs with: {', '.join(sorted(published)) or 'it has no key'}",
            )
    finally:
        await provider.close()
    pages = (
        f"people sign in as the client {settings.oidc_client_id}"
        if settings.oidc_client_id
        else "nobody signs in to pages"
    )
    return f"on: tokens of {rules.issuer} for {rules.audience}, {', '.join(sorted(algorithms & published))}; {pages}"


def check_access_is_safe(settings: Settings) -> None:
    """Raise HubMisconfigured if access is off on an address that other machines reach."""
    if settings.access == "off" and not is_loopback(settings.host):
        raise HubMisconfigured(
            f"HUB_ACCESS=off is not allowed on {settings.host}: everyone there could read all personal data",
            next_step="set HUB_ACCESS=on and HUB_OIDC_ISSUER, or listen on 127.0.0.1",
        )


def find_public_url(settings: Settings) -> str:
    """Return the address that people use, without a slash at its end. Raises HubMisconfigured."""
    if settings.public_url:
        check_provider_url("HUB_PUBLIC_URL", settings.public_url)
        return settings.public_url.rstrip("/")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    if settings.oidc_client_id and not is_loopback(settings.host):
        raise HubMisconfigured(
            "HUB_OIDC_CLIENT_ID is set, and HUB_PUBLIC_URL is not",
            next_step="set HUB_PUBLIC_URL to the https address that people open, such as https://hub.example.gov.vn",
        )
    return f"http://{host}:{settings.port}"


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL, as browsers send them in `Origin`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _make_rules(settings: Settings, issuer: str, algorithms: frozenset[str]) -> TokenRules:
    if not settings.oidc_audience:
        raise HubMisconfigured(
            "HUB_OIDC_ISSUER is set, and HUB_OIDC_AUDIENCE is not",
            next_step="set it to the name of the hub in `aud` of access tokens, such as cross-sector-hub",
        )
    if settings.oidc_audience == settings.oidc_client_id:
        raise HubMisconfigured(
            "HUB_OIDC_AUDIENCE and HUB_OIDC_CLIENT_ID are the same, so an ID token would pass as an access token",
            next_step="give the hub's API an audience of its own at the identity provider",
        )
    return TokenRules(issuer, settings.oidc_audience, algorithms)


def _make_code_flow(
    settings: Settings,
    provider: IdentityProvider | None,
    names: ClaimNames,
    algorithms: frozenset[str],
    public_url: str,
) -> CodeFlow | None:
    if settings.oidc_client_id is None:
        return None
    if provider is None:
        raise HubMisconfigured(
            "HUB_OIDC_CLIENT_ID is set, and HUB_OIDC_ISSUER is not",
            next_step="set HUB_OIDC_ISSUER to the provider's issuer, such as https://id.example.gov.vn/realms/hub",
        )
    secret = settings.oidc_client_secret
    client = WebClient(
        client_id=settings.oidc_client_id,
        client_secret=secret.get_secret_value() if secret else None,
        redirect_uri=f"{public_url}{CALLBACK_PATH}",
        scopes=settings.oidc_scopes,
    )
    return CodeFlow(provider, client, names, algorithms)
