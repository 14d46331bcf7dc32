"""REST: numbered pages or JSON Lines over HTTP, with OAuth2 client credentials or an API key.

The hub keeps its feet: it waits as Retry-After says, tries again what may pass, renews a token that ended, and takes no page
for good that is not JSON, lacks its list, or counts differently than the first.
"""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import orjson
import polars as pl
import stamina
from polars.exceptions import PolarsError

from hub.errors import SourceUnavailable
from hub.ingest.map import flatten
from hub.ingest.read.base import Batch, Reader, State
from hub.ingest.read.files import json_lines
from hub.sdk.sources import ApiKey, OAuth2, RestSource
from hub.sdk.streams import PagePaging, RestStream

LONGEST_WAIT_S = 60.0


class _TryAgain(Exception):
    """The answer may be better next time."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class RestReader(Reader):
    """Reads a list of an HTTP API."""

    def read(self, state: State | None) -> Iterator[Batch]:
        """Every row."""
        context = self.context
        source, stream = context.manifest.source, context.stream
        assert isinstance(source, RestSource)
        assert isinstance(stream, RestStream)
        for frame in read(context.where, context.manifest.name, source, stream, context.batch_rows):
            yield Batch(frame)


def read(where: str, connector: str, source: RestSource, stream: RestStream, batch_rows: int) -> Iterator[pl.DataFrame]:
    """The rows of the stream. Raises SourceUnavailable."""
    with _Client(where, connector, source) as client:
        if not isinstance(stream.paging, PagePaging):
            yield from _lines(where, client, stream, batch_rows)
            return
        for rows in _batched(_pages(where, client, stream, stream.paging), batch_rows):
            yield flatten(pl.from_dicts(rows, infer_schema_length=None, strict=False))


def _pages(where: str, client: "_Client", stream: RestStream, pages: PagePaging) -> Iterator[list[dict[str, Any]]]:
    total = 1
    number = 0
    before: bytes | None = None
    while number < total:
        number += 1
        body = client.get(stream.path or "/", {pages.parameter: number, pages.size_parameter: pages.size})
        document = _json(where, body)
        rows, stated = document.get(stream.records or ""), document.get(pages.total_pages or "")
        if not isinstance(rows, list) or not isinstance(stated, int):
            raise SourceUnavailable(
                f"{where}: page {number} lacks {stream.records} or {pages.total_pages}",
                next_step="ask the owner whether the API changed",
            )
        if body == before and rows:
            raise SourceUnavailable(
                f"{where}: page {number} repeats the page before it",
                next_step="ask the owner whether paging works; nothing was changed in the store",
            )
        before, total = body, stated
        yield rows


def _batched(pages: Iterator[list[dict[str, Any]]], batch_rows: int) -> Iterator[list[dict[str, Any]]]:
    kept: list[dict[str, Any]] = []
    for rows in pages:
        kept += rows
        if len(kept) >= batch_rows:
            yield kept
            kept = []
    if kept:
        yield kept


def _lines(where: str, client: "_Client", stream: RestStream, batch_rows: int) -> Iterator[pl.DataFrame]:
    try:
        yield from json_lines(client.lines(stream.path or "/"), batch_rows)
    except PolarsError as error:
        raise SourceUnavailable(
            f"{where}: a line is not JSON: {type(error).__name__}",
            next_step="ask the owner whether the export was written to its end",
        ) from None


def _json(where: str, body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        kind = "HTML" if body.lstrip()[:1] == b"<" else "no JSON"
        raise SourceUnavailable(
            f"{where}: the answer is {kind}", next_step="a proxy or a login page may stand before the API"
        ) from None
    if not isinstance(document, dict):
        raise SourceUnavailable(
            f"{where}: the answer is not an object", next_step="ask the owner whether the API changed"
        )
    return document


class _Client:
    """An HTTP client that authenticates, tries again, and says in one line what went wrong."""

    def __init__(self, where: str, connector: str, source: RestSource) -> None:
        self.where = where
        self.source = source
        self.connector = connector
        self.http = httpx2.Client(
            base_url=source.base_url.value(connector), timeout=source.timeout_s, follow_redirects=False
        )
        self.token = ""
        self.token_ends = 0.0

    def __enter__(self) -> "_Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, parameters: dict[str, Any]) -> bytes:
        """The body of a GET. Raises SourceUnavailable."""
        try:
            for attempt in stamina.retry_context(
                on=(_TryAgain, httpx2.TransportError),
                attempts=self.source.attempts,
                wait_initial=0.2,
                wait_max=5.0,
                timeout=None,
            ):
                with attempt:
                    answer = self.http.get(path, params=parameters, headers=self._headers())
                    self._judge(answer.status_code, answer.headers)
                    return answer.content
        except httpx2.TransportError as error:
            raise self._away(type(error).__name__) from None
        except _TryAgain as error:
            raise self._away(error.why) from None
        raise AssertionError("unreachable")

    def lines(self, path: str) -> Iterator[bytes]:
        """The lines of a streamed body. A broken stream is not begun again: what was read is not yet in the store."""
        try:
            with self.http.stream("GET", path, headers=self._headers()) as answer:
                self._judge(answer.status_code, answer.headers)
                rest = b""
                for chunk in answer.iter_bytes():
                    *lines, rest = (rest + chunk).split(b"\n")
                    yield from lines
                if rest:
                    yield rest
        except httpx2.TransportError as error:
            raise self._away(type(error).__name__) from None
        except _TryAgain as error:
            raise self._away(error.why) from None

    def _headers(self) -> dict[str, str]:
        auth = self.source.auth
        if isinstance(auth, ApiKey):
            return {auth.header: auth.key.value(self.connector)}
        if isinstance(auth, OAuth2):
            if time.monotonic() >= self.token_ends:
                self._fetch_token(auth)
            return {"Authorization": f"Bearer {self.token}"}
        return {}

    def _fetch_token(self, auth: OAuth2) -> None:
        credentials = (auth.client_id.value(self.connector), auth.client_secret.value(self.connector))
        answer = self.http.post(auth.token_path, data={"grant_type": "client_credentials"}, auth=credentials)
        if answer.status_code in (400, 401, 403):
            raise SourceUnavailable(
                f"{self.where}: the token endpoint refuses the credentials ({answer.status_code})",
                next_step=f"check {auth.client_id.env} and {auth.client_secret.env}",
            )
        self._judge(answer.status_code, answer.headers)
        granted = _json(self.where, answer.content)
        self.token = str(granted.get("access_token", ""))
        # Renewed a little early, so that no request starts with a token that ends on its way.
        self.token_ends = time.monotonic() + max(float(granted.get("expires_in", 60)) - 5.0, 1.0)

    def _judge(self, status: int, headers: httpx2.Headers) -> None:
        if status < 300:
            return
        if status == 401 and isinstance(self.source.auth, OAuth2) and self.token:
            self.token, self.token_ends = "", 0.0
            raise _TryAgain("the token is refused")
        if status in (401, 403):
            raise SourceUnavailable(
                f"{self.where}: the source refuses the credentials ({status})",
                next_step="check the connector's key or client in the environment",
            )
        if status == 429 or status >= 500:
            _wait(headers.get("retry-after"))
            raise _TryAgain(f"the source answers {status}")
        raise SourceUnavailable(
            f"{self.where}: the source answers {status}", next_step="check base address and path in the manifest"
        )

    def _away(self, why: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.where}: the source cannot be read: {why}",
            next_step="check that it runs and can be reached, then run `hub sync` again",
        )


def _wait(retry_after: str | None) -> None:
    """Wait as the source asks, a minute at most; seconds only, since no source here sends dates."""
    if retry_after and retry_after.isdigit():
        time.sleep(min(float(retry_after), LONGEST_WAIT_S))
