"""Signing in and out of the hub's pages: /sign-in, /sign-in/callback, /sign-out, /sign-out/back-channel, /me.

A session is a cookie that scripts cannot read and other sites cannot send with a form; forms send the session's CSRF token back.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from hub.access.callers.authenticator import RequestAuthenticator
from hub.access.callers.loopback import is_loopback
from hub.access.callers.principals import AuthenticationRefused, Principal, SessionExpired, Unauthenticated
from hub.access.callers.sessions import LOOPBACK_COOKIE, SECURE_COOKIE, NewSession, cookie_digest
from hub.access.oidc.access_tokens import MAX_TOKEN_BYTES
from hub.access.oidc.code_flow import PENDING_S, CodeFlow, PendingSignIn, SignInFailed, SignOutRefused
from hub.access.service import CALLBACK_PATH, Access, origin_of
from hub.console.layout.forms import MAX_FORM_BYTES, CsrfTokenInvalid, check_csrf_token, check_own_page, read_form
from hub.errors import HubError, OperationRefused, StoreUnavailable
from hub.graph.permission.callers import collect_headers
from hub.web.graphql_http.negotiate import BODY_WITHIN_S, JSON, late_body_refusal, refusal_body
from hub.web.pages import sign_in_pages as pages

LOG = logging.getLogger("hub.web")
SECURE_PENDING = "__Host-hub_sign_in"
LOOPBACK_PENDING = "hub_sign_in"

Handler = Callable[["SignInPages", Request], Awaitable[Response]]


STATUSES: tuple[tuple[type[HubError], int], ...] = (
    (CsrfTokenInvalid, 403),
    (SignInFailed, 400),
    (StoreUnavailable, 503),
    (OperationRefused, 400),
)


def answer_refusals(handler: Handler) -> Handler:
    """Answer a refusal as a page for people, or as JSON for programs."""

    @wraps(handler)
    async def answered(self: "SignInPages", request: Request) -> Response:
        try:
            response = await handler(self, request)
        except (OperationRefused, StoreUnavailable) as error:
            response = _refuse(request, error)
        policy = pages.content_security_policy(await self.sign_out_origin())
        response.headers.update({**pages.HEADERS, "content-security-policy": policy})
        return response

    return answered


class SignInPages:
    """The pages of one application."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.is_secure = access.public_url.startswith("https:")
        self.session_cookie = SECURE_COOKIE if self.is_secure else LOOPBACK_COOKIE
        self.pending_cookie = SECURE_PENDING if self.is_secure else LOOPBACK_PENDING

    def routes(self) -> list[Route]:
        """Return the routes. Without a provider and a local issuer, nobody signs in, and /me answers programs only."""
        return [
            Route("/sign-in", self.begin, methods=["GET"]),
            Route("/sign-in", self.choose, methods=["POST"]),
            Route(CALLBACK_PATH, self.finish, methods=["GET"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/sign-out/back-channel", self.sign_out_by_provider, methods=["POST"]),
            Route("/me", self.me, methods=["GET"]),
        ]

    async def sign_out_origin(self) -> str | None:
        """Return where the provider signs people out: the form of /sign-out is redirected there, which browsers must be told."""
        if self.access.code_flow is None:
            return None
        try:
            endpoint = (await self.access.code_flow.provider.metadata()).end_session_endpoint
        except AuthenticationRefused:
            return None
        return None if endpoint is None else origin_of(endpoint)

    @answer_refusals
    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider; in the demonstration, show whom one can be."""
        return_to = request.query_params.get("next", "/")
        own = urlsplit(self.access.public_url)
        if is_loopback(own.hostname or "") and request.url.netloc != own.netloc:
            # Cookies of localhost do not reach 127.0.0.1, where the provider sends the browser back to.
            return RedirectResponse(f"{self.access.public_url}/sign-in?next={quote(return_to, safe='/')}", 303)
        pending = PendingSignIn.new(return_to)
        if self.access.local_issuer is not None:
            return HTMLResponse(pages.render_identities(self.access.local_issuer.identities, pending.return_to))
        response = RedirectResponse(await self._code_flow().begin(pending), 303)
        self._set_cookie(response, self.pending_cookie, pending.to_cookie(), PENDING_S)
        return response

    @answer_refusals
    async def choose(self, request: Request) -> Response:
        """Start a session as one of the demonstration's identities."""
        issuer = self.access.local_issuer
        check_own_page(request, self.access.public_url)
        form = await _read_form(request)
        identity = issuer.find_identity(form.get("identity", "")) if issuer else None
        if issuer is None or identity is None:
            raise SignInFailed("there is no such identity here", next_step="choose one of those that /sign-in shows")
        principal = await issuer.principal(identity)
        return await self._start(request, principal, None, PendingSignIn.new(form.get("next", "/")).return_to)

    @answer_refusals
    async def finish(self, request: Request) -> Response:
        """Take the provider's answer, and start a session."""
        pending = PendingSignIn.from_cookie(request.cookies.get(self.pending_cookie, ""))
        if pending is None:
            raise SignInFailed(
                f"this browser has no sign-in under way, or it took more than {PENDING_S // 60} minutes",
                next_step="sign in again",
            )
        signed_in = await self._code_flow().finish(pending, dict(request.query_params))
        return await self._start(request, signed_in.principal, signed_in.id_token, pending.return_to)

    @answer_refusals
    async def sign_out(self, request: Request) -> Response:
        """End the session, here and at the provider."""
        check_own_page(request, self.access.public_url)
        cookie = self._find_cookie(request)
        if cookie is None:
            raise SessionExpired(next_step="nothing is left to do: you are signed out")
        session = await self.access.sessions.find(cookie)
        token = (await _read_form(request)).get("csrf_token", "")
        check_csrf_token(token, session.csrf_token, "open /me and use the button there")
        id_token = await self._end(cookie)
        response = RedirectResponse(await self._after_sign_out(id_token), 303)
        self._delete_cookie(response, self.session_cookie)
        return response

    @answer_refusals
    async def sign_out_by_provider(self, request: Request) -> Response:
        """End every session of a person whom the provider signed out or disabled (OpenID Connect Back-Channel Logout)."""
        token = (await _read_form(request, MAX_TOKEN_BYTES + 100)).get("logout_token", "")
        if not token.isascii():
            raise SignOutRefused(next_step="send the form field logout_token")
        principal_id = await self._code_flow().read_logout_token(token.encode())
        for digest in await self.access.sessions.end_all(principal_id):
            self._forget(digest)
        return Response(status_code=200)

    @answer_refusals
    async def me(self, request: Request) -> Response:
        """Say who the caller is: a page for people, JSON for programs."""
        headers = collect_headers(request.scope["headers"])
        try:
            principal = await self.access.authenticator.authenticate(headers, request.scope["query_string"])
        except (Unauthenticated, SessionExpired):
            if _wants_page(request) and (self.access.code_flow or self.access.local_issuer):
                return RedirectResponse("/sign-in?next=/me", 303)
            raise
        csrf_token = None
        if b"authorization" not in headers and (cookie := self._find_cookie(request)) is not None:
            csrf_token = (await self.access.sessions.find(cookie)).csrf_token
        if _wants_page(request):
            return HTMLResponse(pages.render_me(principal, csrf_token))
        return JSONResponse(pages.principal_json(principal) | {"csrfToken": csrf_token})

    def _code_flow(self) -> CodeFlow:
        if self.access.code_flow is None:
            raise SignInFailed(
                "the hub has no identity provider for people", next_step="the operator sets HUB_OIDC_CLIENT_ID"
            )
        return self.access.code_flow

    async def _start(self, request: Request, principal: Principal, id_token: str | None, return_to: str) -> Response:
        """Start a new session; whatever session the browser had ends, so that nobody can plant one."""
        before = self._find_cookie(request)
        if before is not None:
            await self._end(before)
        session: NewSession = await self.access.sessions.start(principal, id_token)
        response = RedirectResponse(return_to, 303)
        self._set_cookie(response, self.session_cookie, session.cookie, self.access.sessions.longest_s)
        self._delete_cookie(response, self.pending_cookie)
        return response

    async def _end(self, cookie: bytes) -> str | None:
        self._forget(cookie_digest(cookie))
        return await self.access.sessions.end(cookie)

    def _forget(self, digest: bytes) -> None:
        if isinstance(self.access.authenticator, RequestAuthenticator):
            self.access.authenticator.forget_session(digest)

    async def _after_sign_out(self, id_token: str | None) -> str:
        """Return the provider's page for signing out; our own start page if it has none or does not answer."""
        home = f"{self.access.public_url}/"
        if self.access.code_flow is None:
            return home
        try:
            return await self.access.code_flow.sign_out_url(id_token, home) or home
        except AuthenticationRefused:
            return home

    def _find_cookie(self, request: Request) -> bytes | None:
        if not isinstance(self.access.authenticator, RequestAuthenticator):
            return None
        return self.access.authenticator.find_cookie(collect_headers(request.scope["headers"]))

    def _set_cookie(self, response: Response, name: str, value: str, max_age_s: int) -> None:
        response.set_cookie(
            name, value, max_age=max_age_s, path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )

    def _delete_cookie(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self.is_secure, httponly=True, samesite="lax")


async def _read_form(request: Request, max_bytes: int = MAX_FORM_BYTES) -> dict[str, str]:
    """Return the fields of a small form. Raises OperationRefused, HttpRefused."""
    try:
        return await read_form(request, within_s=BODY_WITHIN_S, max_bytes=max_bytes)
    except TimeoutError:
        raise late_body_refusal() from None


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "").lower()


def _refuse(request: Request, error: OperationRefused | StoreUnavailable) -> Response:
    if isinstance(error, AuthenticationRefused):
        status, headers = error.status, error.headers
    else:
        status, headers = next(status for kind, status in STATUSES if isinstance(error, kind)), {}
    if _wants_page(request):
        return HTMLResponse(pages.render_refusal(error), status, headers)
    return Response(refusal_body(error.code, str(error)), status, headers, media_type=JSON)
