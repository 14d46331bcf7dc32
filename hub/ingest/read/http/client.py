"""HTTP: requests to one source. The client proves itself, tries again what may pass, and says in one line what went wrong.

Nothing is sent to another origin than the source's own, and redirects are not followed; only a token endpoint may be
elsewhere, where the manifest says so. Messages hold no value, no address and no words of a library: those quote what they read.
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
from hub.ingest.read.http.auth import Headers, credentials
from hub.ingest.read.http.validators import validator_of
from hub.ingest.read.json_rows import decoded
from hub.ingest.read.reader import Context
from hub.ingest.read.retries import stamina
from hub.ingest.read.slow_sources import TooSlow
from hub.sdk.sources import OAuth2, RestSource

LONGEST_WAIT_S = 60.0
FIRST_WAIT_S, MOST_WAIT_S, JITTER_S = 0.2, 5.0, 0.5
NO_CONTENT, NOT_MODIFIED = 204, 304
TOKEN_BYTES = 1_000_000

T = TypeVar("T")
Parse = Callable[[bytes], T]
"""Reads a body. Raises ValueError where it breaks off, and it is asked for again; SourceUnavailable where that is no help."""


class TryAgain(SourceUnavailable):
    """The source may answer better next time; after `wait_s`, where it said so."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message, next_step="check that it runs and can be reached; the next run tries again")
        self.wait_s = wait_s


class AnswerRefused(SourceUnavailable):
    """The source is there and refuses this request: no such path, or a token that it no longer knows."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, next_step="check base address, path and parameters in the manifest")
        self.status = status


@dataclass(frozen=True)
class Request:
    """A GET, or a POST where it has a form."""

    url: httpx2.URL
    form: Mapping[str, str] | None = None
    client: tuple[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What came back: the content as it was read, the Link header, the source's own clock, its validator."""

    content: T
    link: str = ""
    clock: datetime | None = None
    validator: Mapping[str, Any] | None = None


class Client:
    """Asks one source. May be used by several threads at once."""

    def __init__(self, context: Context) -> None:
        source = context.manifest.source
        assert isinstance(source, RestSource)
        self.where, self.source, self.gate = context.where, source, context.gate
        self.base = _base(context, source)
        self.other_origins = frozenset(httpx2.URL(address).origin for address in source.other_origins)
        self.credentials = credentials(context, source, self._grant)
        self.http = httpx2.Client(timeout=source.timeout_s, follow_redirects=False)
        self.http.headers.update({**source.headers, "Accept-Encoding": "gzip"})

    def close(self) -> None:
        """Let go of the connections."""
        self.http.close()

    def url(self, path: str) -> httpx2.URL:
        """The address of a path under `base_url`. Raises HubMisconfigured where it is of another origin."""
        found = self._under(path)
        if found.origin != self.base.origin:
            raise HubMisconfigured(
                f"{self.where}: the path names another origin than base_url", next_step="write a path under base_url"
            )
        return found

    def beside(self, asked: httpx2.URL, reference: str) -> httpx2.URL:
        """The address that an answer names. Raises SourceUnavailable where it is of another origin: it is not asked."""
        try:
            found = asked.join(reference)
            if found.origin == self.base.origin or found.origin in self.other_origins:
                # Who the hub is, it says itself: an address that says otherwise would replace its credentials.
                return found.copy_with(username=None, password=None, fragment=None)
        except httpx2.InvalidURL:
            pass
        raise SourceUnavailable(
            f"{self.where}: the next page is said to be at another origin",
            next_step="ask the owner; if the API has two addresses, set base_url to the one that it names, or list it in"
            " other_origins",
        )

    def get(self, request: Request, limit: int, parse: Parse[T]) -> Answer[T]:
        """An answer of at most `limit` bytes, unpacked. Raises SourceUnavailable, AnswerRefused."""
        return self._proved(lambda headers: self._attempts(lambda: self._once(request, headers, limit, parse)))

    def lines(
        self, request: Request, limit: int, most_bytes: int, begun: Callable[[Answer[None]], None]
    ) -> Generator[bytes]:
        """The lines of a body of at most `most_bytes` as they come, each of at most `limit` bytes. Raises SourceUnavailable,
        AnswerRefused.

        `begun` is told what is known of the answer before its first line.

        Only its beginning is tried again: of a stream that breaks, rows were given away.
        """
        with ExitStack() as stack:

            def begin(headers: Headers) -> httpx2.Response | int:
                answer = self._attempts(lambda: stack.enter_context(self._asked(request, headers)))
                if answer.status_code < 300:
                    begun(_answer(None, answer))
                    return answer
                stack.close()
                return answer.status_code

            yield from http_body.lines(self.where, self._proved(begin), limit, most_bytes, self.source.timeout_s)

    def _proved(self, ask: Callable[[Headers], T | int]) -> T:
        """What `ask` gives, where it is no refusal. A token that is refused is renewed, once."""
        answer = ask(self.credentials.headers())
        if answer == 401 and self.credentials.renew():
            answer = ask(self.credentials.headers())
        if isinstance(answer, int):
            raise self._refusal(answer)
        return answer

    def _attempts(self, once: Callable[[], T]) -> T:
        for attempt in stamina.retry_context(
            on=_again,
            attempts=self.source.attempts,
            timeout=None,
            wait_initial=FIRST_WAIT_S,
            wait_max=MOST_WAIT_S,
            wait_jitter=JITTER_S,
        ):
            with attempt:
                return once()
        raise AssertionError("unreachable")

    def _once(self, request: Request, headers: Headers, limit: int, parse: Parse[T]) -> Answer[T] | int:
        with self._asked(request, headers) as answer:
            if answer.status_code >= 300 or answer.status_code == NO_CONTENT:
                return answer.status_code
            body = http_body.whole(self.where, answer, limit, self.source.timeout_s)
        try:
            content = parse(body)
        except ValueError:
            raise TryAgain(f"{self.where}: the answer is not JSON, or breaks off") from None
        return _answer(content, answer)

    @contextmanager
    def _asked(self, request: Request, headers: Headers) -> Iterator[httpx2.Response]:
        """An answer whose body is not read. What happens to the source is raised within the gate, which counts it."""
        method = "GET" if request.form is None else "POST"
        with self.gate:
            try:
                with self.http.stream(
                    method,
                    request.url,
                    data=request.form,
                    headers={**headers, **request.headers},
                    auth=request.client,
                ) as answer:
                    self._judge(answer)
                    yield answer
            except httpx2.RequestError as error:
                raise TryAgain(f"{self.where}: {_trouble(error)}") from None
            except TooSlow:
                raise TryAgain(f"{self.where}: the answer comes too slowly to end") from None
            except http_body.BreaksOff:
                raise TryAgain(f"{self.where}: the answer breaks off") from None

    def _judge(self, answer: httpx2.Response) -> None:
        status = answer.status_code
        if status in (408, 429) or status >= 500:
            wait_s = _retry_after(answer.headers.get("retry-after"))
            if wait_s is not None and wait_s > LONGEST_WAIT_S:
                raise SourceUnavailable(
                    f"{self.where}: the source answers {status} and asks to wait {wait_s:.0f} s",
                    next_step=f"the hub waits {LONGEST_WAIT_S:.0f} s at most; run it later, or lower rate or quota",
                )
            raise TryAgain(f"{self.where}: the source answers {status}", wait_s)

    def _refusal(self, status: int) -> SourceUnavailable:
        if status in (401, 403):
            return self.credentials.refused(status)
        if 300 <= status < 400 and status != NOT_MODIFIED:
            return SourceUnavailable(
                f"{self.where}: the source sends elsewhere ({status}), which is not followed",
                next_step="set base_url and path to where the API is; a login page may stand before it",
            )
        return AnswerRefused(f"{self.where}: the source answers {status}", status)

    def _grant(self, auth: OAuth2, client: tuple[str, str]) -> Any:
        form = {"grant_type": "client_credentials", **({"scope": auth.scope} if auth.scope else {})}
        request = Request(self._under(auth.token_path), form=form, client=client)
        answer = self._attempts(lambda: self._once(request, {}, TOKEN_BYTES, lambda body: json_of(self.where, body)))
        if isinstance(answer, int):
            raise SourceUnavailable(
                f"{self.where}: the token endpoint refuses ({answer})",
                next_step=f"check {auth.client_id.shown}, {auth.client_secret.shown}, scope and token_path",
            )
        return answer.content

    def _under(self, path: str) -> httpx2.URL:
        try:
            found = httpx2.URL(path)
            return found if found.is_absolute_url else httpx2.URL(f"{str(self.base).rstrip('/')}/{path.lstrip('/')}")
        except httpx2.InvalidURL:
            raise HubMisconfigured(f"{self.where}: the path is none", next_step="correct the manifest") from None


def json_of(where: str, body: bytes) -> Any:
    """The document in a body. Raises ValueError where it is none, SourceUnavailable where it is a page for people."""
    if body.lstrip()[:1] == b"<":
        raise SourceUnavailable(
            f"{where}: the answer is HTML", next_step="a proxy or a login page may stand before the API"
        )
    return decoded(body)


def _answer(content: T, answer: httpx2.Response) -> Answer[T]:
    clock = _date(answer.headers.get("date"))
    return Answer(content, answer.headers.get("link", ""), clock, validator_of(answer.headers, clock))


def _base(context: Context, source: RestSource) -> httpx2.URL:
    try:
        found = httpx2.URL(source.base_url.value(context.manifest.name))
    except httpx2.InvalidURL:
        found = httpx2.URL("")
    if found.scheme not in ("http", "https") or not found.host:
        raise HubMisconfigured(
            f"connector {context.manifest.name}: {source.base_url.shown} is no http address",
            next_step="write it as https://host/path",
        )
    return found


def _again(error: Exception) -> bool | float:
    """Whether to try again; the seconds to wait, where the source said them."""
    if not isinstance(error, TryAgain):
        return False
    return True if error.wait_s is None else error.wait_s


def _trouble(error: httpx2.RequestError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "the source does not answer in time"
    if isinstance(error, httpx2.ConnectError):
        return "the source cannot be reached"
    return "the connection broke before the answer was whole"


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait, stated as such or as a date (RFC 9110, 10.2.3); None where neither."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    date = _date(header)
    return None if date is None else max((date - datetime.now(UTC)).total_seconds(), 0.0)


def _date(header: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(header or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
