"""HTTP client for one source: it authenticates, retries temporary failures, and reports errors in one line.

Nothing is sent to another origin than the source's own, and redirects are not followed. Only a token endpoint may be
elsewhere, if the manifest says so. Messages contain no values, no addresses and no text from libraries, which quote
what they read.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

import httpx2

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.http import body as http_body
from hub.ingest.read.http.auth import HttpHeaders, load_credentials
from hub.ingest.read.http.validators import extract_validator
from hub.ingest.read.json_rows import decode_json
from hub.ingest.read.reader import AnswerMalformed, ReaderContext
from hub.ingest.read.retry_log import stamina
from hub.ingest.read.slow_sources import TooSlow
from hub.sdk.sources import OAuth2, RestSource
from hub.trusted_certificates import load_trusted_certificates

LONGEST_WAIT_S = 60.0
FIRST_WAIT_S, MOST_WAIT_S, JITTER_S = 0.2, 5.0, 0.5
NO_CONTENT, NOT_MODIFIED = 204, 304
TOKEN_BYTES = 1_000_000

T = TypeVar("T")
ParseBody = Callable[[bytes], T]
"""Parses a body. Raises ValueError if it is truncated, to request it again, or SourceUnavailable if that would not
help.
"""


class TryAgain(SourceUnavailable):
    """A retry may succeed, after `wait_s` if the source asked for a wait."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message, next_step="check that the source is running and reachable; the next run tries again")
        self.wait_s = wait_s


class AnswerBroken(TryAgain, AnswerMalformed):
    """The answer cannot be parsed; a retry may succeed."""


class AnswerRefused(SourceUnavailable):
    """The source rejects this request, e.g. because the path does not exist or the token is no longer valid."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, next_step="check base_url, path and parameters in the manifest")
        self.status = status


@dataclass(frozen=True)
class HttpRequest:
    """A GET, or a POST if it has a form or a body."""

    url: httpx2.URL
    form: Mapping[str, str] | None = None
    client: tuple[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True)
class HttpAnswer(Generic[T]):
    """An answer: the parsed content, the Link header, the source's clock, and its validator."""

    content: T
    link: str = ""
    clock: datetime | None = None
    validator: Mapping[str, Any] | None = None


class HttpClient:
    """Sends requests to one source. Several threads may use it at once."""

    def __init__(self, context: ReaderContext) -> None:
        source = context.manifest.source
        assert isinstance(source, RestSource)
        self.where, self.source, self.gate = context.where, source, context.gate
        self.base = _parse_base_url(context, source)
        self.other_origins = frozenset(httpx2.URL(address).origin for address in source.other_origins)
        self.credentials = load_credentials(context, source, self._fetch_token)
        self.http = httpx2.Client(verify=load_trusted_certificates(), timeout=source.timeout_s, follow_redirects=False)
        self.http.headers.update({**source.headers, "Accept-Encoding": "gzip"})

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def build_url(self, path: str) -> httpx2.URL:
        """Return the URL of a path under `base_url`. Raises HubMisconfigured if it has another origin."""
        found = self._join_path(path)
        if found.origin != self.base.origin:
            raise HubMisconfigured(
                f"{self.where}: the path has another origin than base_url",
                next_step="write a path under base_url, e.g. /api/parcels",
            )
        return found

    def resolve_url(self, asked: httpx2.URL, reference: str) -> httpx2.URL:
        """Resolve a URL named in an answer. Raises SourceUnavailable if it has another origin: it is not requested."""
        try:
            found = asked.join(reference)
            if found.origin == self.base.origin or found.origin in self.other_origins:
                # Drop user and password: they would replace the hub's own credentials.
                return found.copy_with(username=None, password=None, fragment=None)
        except httpx2.InvalidURL:
            pass
        raise SourceUnavailable(
            f"{self.where}: the next page is at another origin",
            next_step="ask the owner; if the API has two addresses, set base_url to the one that it returns, or add it to"
            " other_origins",
        )

    def fetch(self, request: HttpRequest, limit: int, parse: ParseBody[T]) -> HttpAnswer[T]:
        """Return an answer of at most `limit` decompressed bytes. Raises SourceUnavailable, AnswerRefused."""
        return self._authenticate(lambda headers: self._retry(lambda: self._fetch_once(request, headers, limit, parse)))

    def fetch_lines(
        self, request: HttpRequest, limit: int, most_bytes: int, begun: Callable[[HttpAnswer[None]], None]
    ) -> Generator[bytes]:
        """Yield the lines of a body of at most `most_bytes` as they arrive, each of at most `limit` bytes.

        `begun` receives the answer's headers before the first line. Only the beginning is retried: once a stream
        breaks, rows have been passed on. Raises SourceUnavailable, AnswerRefused.
        """
        with ExitStack() as stack:

            def begin(headers: HttpHeaders) -> httpx2.Response | int:
                answer = self._retry(lambda: stack.enter_context(self._open(request, headers)))
                if answer.status_code < 300:
                    begun(_build_answer(None, answer))
                    return answer
                stack.close()
                return answer.status_code

            yield from http_body.read_lines(
                self.where, self._authenticate(begin), limit, most_bytes, self.source.timeout_s
            )

    def _authenticate(self, ask: Callable[[HttpHeaders], T | int]) -> T:
        """Return the answer of `ask` unless it is a rejection. A rejected token is renewed once."""
        answer = ask(self.credentials.headers())
        if answer == 401 and self.credentials.renew():
            answer = ask(self.credentials.headers())
        if isinstance(answer, int):
            raise self._describe_rejection(answer)
        return answer

    def _retry(self, once: Callable[[], T]) -> T:
        for attempt in stamina.retry_context(
            on=_should_retry,
            attempts=self.source.attempts,
            timeout=None,
            wait_initial=FIRST_WAIT_S,
            wait_max=MOST_WAIT_S,
            wait_jitter=JITTER_S,
        ):
            with attempt:
                return once()
        raise AssertionError("unreachable")

    def _fetch_once(
        self, request: HttpRequest, headers: HttpHeaders, limit: int, parse: ParseBody[T]
    ) -> HttpAnswer[T] | int:
        with self._open(request, headers) as answer:
            if answer.status_code >= 300 or answer.status_code == NO_CONTENT:
                return answer.status_code
            body = http_body.read_whole(self.where, answer, limit, self.source.timeout_s)
        try:
            content = parse(body)
        except ValueError:
            raise AnswerBroken(f"{self.where}: the answer is not JSON, or is truncated") from None
        return _build_answer(content, answer)

    @contextmanager
    def _open(self, request: HttpRequest, headers: HttpHeaders) -> Iterator[httpx2.Response]:
        """Yield an answer whose body is not read yet. Failures of the source are raised within the gate, which counts
        them.
        """
        method = "GET" if request.form is None and request.body is None else "POST"
        with self.gate:
            try:
                with self.http.stream(
                    method,
                    request.url,
                    data=request.form,
                    content=request.body,
                    headers={**headers, **request.headers},
                    auth=request.client,
                ) as answer:
                    self._check_status(answer)
                    yield answer
            except httpx2.RequestError as error:
                raise TryAgain(f"{self.where}: {_describe_failure(error)}") from None
            except TooSlow:
                raise TryAgain(f"{self.where}: the answer arrives too slowly") from None
            except http_body.BodyTruncated:
                raise TryAgain(f"{self.where}: the answer is truncated") from None

    def _check_status(self, answer: httpx2.Response) -> None:
        status = answer.status_code
        if status in (408, 429) or status >= 500:
            wait_s = _parse_retry_after(answer.headers.get("retry-after"))
            if wait_s is not None and wait_s > LONGEST_WAIT_S:
                raise SourceUnavailable(
                    f"{self.where}: the source answers {status} and asks to wait {wait_s:.0f} s",
                    next_step=f"the hub waits at most {LONGEST_WAIT_S:.0f} s; run it later, or lower rate or quota in the manifest",
                )
            raise TryAgain(f"{self.where}: the source answers {status}", wait_s)

    def _describe_rejection(self, status: int) -> SourceUnavailable:
        if status in (401, 403):
            return self.credentials.describe_rejection(status)
        if 300 <= status < 400 and status != NOT_MODIFIED:
            return SourceUnavailable(
                f"{self.where}: the source redirects ({status}), and redirects are not followed",
                next_step="set base_url and path to where the API is; a login page may stand before it",
            )
        return AnswerRefused(f"{self.where}: the source answers {status}", status)

    def _fetch_token(self, auth: OAuth2, client: tuple[str, str]) -> Any:
        form = {"grant_type": "client_credentials", **({"scope": auth.scope} if auth.scope else {})}
        request = HttpRequest(self._join_path(auth.token_path), form=form, client=client)
        answer = self._retry(
            lambda: self._fetch_once(request, {}, TOKEN_BYTES, lambda body: parse_json(self.where, body))
        )
        if isinstance(answer, int):
            raise SourceUnavailable(
                f"{self.where}: the token endpoint rejects the request ({answer})",
                next_step=f"check {auth.client_id.shown}, {auth.client_secret.shown}, scope and token_path",
            )
        return answer.content

    def _join_path(self, path: str) -> httpx2.URL:
        try:
            found = httpx2.URL(path)
            return found if found.is_absolute_url else httpx2.URL(f"{str(self.base).rstrip('/')}/{path.lstrip('/')}")
        except httpx2.InvalidURL:
            raise HubMisconfigured(
                f"{self.where}: the path is not a valid URL path",
                next_step="correct it in the manifest, e.g. path = '/api/parcels'",
            ) from None


def parse_json(where: str, body: bytes) -> Any:
    """Parse the document in a body. Raises ValueError if it is not JSON, SourceUnavailable if it is an HTML page."""
    if body.lstrip()[:1] == b"<":
        raise AnswerMalformed(
            f"{where}: the answer is HTML",
            next_step="check base_url and path; a proxy or a login page may answer instead of the API",
        )
    return decode_json(body)


def _build_answer(content: T, answer: httpx2.Response) -> HttpAnswer[T]:
    clock = _parse_date(answer.headers.get("date"))
    return HttpAnswer(content, answer.headers.get("link", ""), clock, extract_validator(answer.headers, clock))


def _parse_base_url(context: ReaderContext, source: RestSource) -> httpx2.URL:
    try:
        found = httpx2.URL(source.base_url.value(context.manifest.name))
    except httpx2.InvalidURL:
        found = httpx2.URL("")
    if found.scheme not in ("http", "https") or not found.host:
        raise HubMisconfigured(
            f"connector {context.manifest.name}: {source.base_url.shown} is not an http address",
            next_step="write it as https://host/path",
        )
    return found


def _should_retry(error: Exception) -> bool | float:
    """Whether to retry, or the seconds to wait if the source stated them."""
    if not isinstance(error, TryAgain):
        return False
    return True if error.wait_s is None else error.wait_s


def _describe_failure(error: httpx2.RequestError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "the source does not answer in time"
    if isinstance(error, httpx2.ConnectError):
        return "the source cannot be reached"
    return "the connection broke before the answer was complete"


def _parse_retry_after(header: str | None) -> float | None:
    """Return the seconds to wait, stated as a number or a date (RFC 9110, 10.2.3). None if neither."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    date = _parse_date(header)
    return None if date is None else max((date - datetime.now(UTC)).total_seconds(), 0.0)


def _parse_date(header: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(header or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
