"""REST: a list over HTTP, in pages or as JSON Lines; whole, or what changed since; and single rows by key.

A page is taken for good only if it is JSON, has its list, and is not the page before it once more. An incremental read moves
its beginning at its end alone, since pages need not be in the order of change; until then its states say at which page it is,
so that a long first load goes on after a crash.
"""

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import httpx2
import polars as pl

from hub.errors import SourceUnavailable
from hub.ingest.read.http.client import (
    NO_CONTENT,
    NOT_MODIFIED,
    Answer,
    AnswerRefused,
    Client,
    Request,
    TryAgain,
    json_of,
)
from hub.ingest.read.http.validators import ADDRESS, READ, VALIDATOR, condition_of
from hub.ingest.read.json_rows import Row, dig
from hub.ingest.read.reader import Batch, Context, Reader, State
from hub.ingest.read.rest import lookup as rest_lookup
from hub.ingest.read.rest import rows as rest_rows
from hub.ingest.read.rest.next_page import next_named
from hub.ingest.read.rest.page_prefetch import Prefetch
from hub.ingest.read.rest.paging import NO_PAGE, At, Page, Pages, pages_of
from hub.ingest.read.rest.progress import Place, Progress
from hub.ingest.read.rest.rows import ASK
from hub.ingest.values.typed_numbers import find_notations
from hub.sdk.streams import RestStream

LINES = 5_000
"""Lines that are handed on at once, as a page is."""

MOST_AHEAD = 3
GONE = (404, 410)


class _Elsewhere(Exception):
    """The page at which a read was to go on is not there any more."""


@dataclass(frozen=True)
class _Part:
    """Rows that came at once, and where a read that has them goes on."""

    rows: Sequence[Row]
    place: Place | None = None


class RestReader(Reader):
    """Reads a list of an HTTP API."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        assert isinstance(context.stream, RestStream)
        self.stream = context.stream
        self.notations = find_notations(self.stream)
        self.where = context.where
        self.looks_up = self.stream.lookup is not None
        self.client = Client(context)
        # Of a list in pages, the first says nothing of the others; of one that is looked up, the store may be ahead.
        self.conditional = (
            self.stream.conditional
            and self.stream.read == "full"
            and self.stream.paging is None
            and self.stream.lookup is None
        )
        self.validator: Mapping[str, Any] | None = None
        self.began = datetime.now(UTC)
        self._answered: Answer[Any] | None = None

    def close(self) -> None:
        """Let go of connections."""
        self.client.close()

    def read(self, state: State | None) -> Iterator[Batch]:
        """Every row, or those that changed; at least one batch. Raises SourceUnavailable, HubMisconfigured."""
        progress = Progress.of(self.context, self.stream.since, state)
        try:
            yield from self._batches(progress)
        except _Elsewhere:
            yield from self._batches(progress.anew())

    def unchanged(self, validator: Mapping[str, Any]) -> bool:
        """Whether the list is still the one with this validator; it is read whole once in `sweep_every` all the same."""
        url = self._url(Pages(self.where), "", self.stream.parameters)
        read = datetime.fromisoformat(validator[READ])
        if (
            not self.conditional
            or validator[ADDRESS] != _hash(str(url))
            or self.began - read >= self.stream.sweep_every
        ):
            return False
        request = Request(url, headers=condition_of(validator))
        try:
            if self.stream.format == "jsonl":
                # Asked for again by `read`: an open answer belongs to the thread that asked.
                with contextlib.closing(self._body(request)) as lines:
                    next(lines, None)
            else:
                self._answered = self.client.get(request, self.stream.max_page_bytes, self._document)
        except AnswerRefused as error:
            if error.status != NOT_MODIFIED:
                raise
            return True
        return False

    def lookup(self, keys: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The rows with these keys. Raises SourceUnavailable."""
        column = self.stream.key[0]
        wanted = [key for key in keys[column].cast(pl.String).unique(maintain_order=True).to_list() if key]
        for asked in rest_lookup.requests(self.client, self.stream, wanted):
            try:
                answer = self.client.get(asked.request, self.stream.max_page_bytes, self._document)
            except AnswerRefused as error:
                if error.status == NO_CONTENT or (error.status in GONE and len(asked.keys) == 1):
                    continue
                raise
            document = answer.content
            # A row on a page that is not read would be taken for one that is gone.
            self._require_end(Pages(self.where), Page((), document, answer.link))
            alone = rest_lookup.alone(document, self.stream)
            # A source that does not know the parameter gives its whole list: only what was asked for counts.
            rows = [row for row in ([alone] if alone else self._rows(document)) if dig(row, column) in asked.keys]
            if rows:
                yield self._frame(rows)

    def _batches(self, progress: Progress) -> Iterator[Batch]:
        gathered: list[Row] = []
        place: Place | None = None
        for part in self._parts(progress):
            # A batch waits for the rows after it: so the last is known to be the last, and has rows if any came.
            if part.rows and len(gathered) >= self.context.batch_rows:
                yield Batch(self._frame(gathered), progress.middle(place))
                gathered = []
            gathered += part.rows
            progress.see(part.rows)
            place = part.place
        yield Batch(self._frame(gathered), self._validated() if self.conditional else progress.end())

    def _see(self, answer: Answer[Any]) -> None:
        self.validator = answer.validator

    def _validated(self) -> State:
        """What the next whole read can ask with."""
        if self.validator is None:
            return {VALIDATOR: None}
        address = _hash(str(self._url(Pages(self.where), "", self.stream.parameters)))
        return {VALIDATOR: {**self.validator, ADDRESS: address, READ: self.began.isoformat()}}

    def _parts(self, progress: Progress) -> Iterator[_Part]:
        if self.stream.format == "jsonl" and self.stream.paging is None:
            return self._lines(progress)
        return self._pages(progress)

    def _lines(self, progress: Progress) -> Iterator[_Part]:
        url = self.client.url(self.stream.path).copy_merge_params(self._asked(progress))
        rows: list[Row] = []
        for line in self._body(Request(url)):
            rows.append(self._row(line))
            if len(rows) == LINES:
                yield _Part(rows)
                rows = []
        yield _Part(rows)

    def _body(self, request: Request) -> Generator[bytes]:
        return self.client.lines(request, self.stream.max_page_bytes, self.stream.max_body_bytes, self._see)

    def _row(self, line: bytes) -> Row:
        try:
            row = json_of(self.where, line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise SourceUnavailable(
                f"{self.where}: a line is not JSON, or no object",
                next_step="ask the owner whether the export was written to its end",
            )
        return row

    def _pages(self, progress: Progress) -> Iterator[_Part]:
        """The pages, from where the progress is. Raises _Elsewhere where that cannot be found again."""
        pages = pages_of(self.where, self.stream.paging)
        threads = min(self.context.manifest.source.concurrency - 1, MOST_AHEAD)
        with Prefetch[At, Answer[Page]](lambda at: self._page(progress, pages, at), threads) as ahead:
            at = progress.place.value if progress.place else pages.first()
            answer = self._resumed(progress.place, pages, ahead) if progress.place else ahead.take(at)
            while True:
                progress.source_clock(answer.clock)
                page = answer.content
                following = self._following(pages, at, page)
                if following is None:
                    self._require_end(pages, page)
                if following is not None:
                    ahead.expect(pages.ahead(following, threads))
                yield _Part(page.rows, self._place(pages, at, page, following))
                if following is None:
                    return
                answer = ahead.take(following)
                if _is_on(at, following) and page.rows and self._repeats(answer.content, page, pages):
                    return
                at = following

    def _resumed(self, place: Place, pages: Pages, ahead: Prefetch[At, Answer[Page]]) -> Answer[Page]:
        """The page at which an earlier read was, if it is still what it was. Raises _Elsewhere, TryAgain."""
        if place.kind != pages.kind:
            raise _Elsewhere
        try:
            answer = ahead.take(place.value)
        except TryAgain:
            raise
        except SourceUnavailable:
            raise _Elsewhere from None
        # Rows that went since, before this page, moved others over its beginning: they would never be read.
        if place.first is not None and place.first != self._first(answer.content):
            raise _Elsewhere
        return answer

    def _place(self, pages: Pages, at: At, page: Page, following: At | None) -> Place | None:
        if not pages.kind or following is None:
            return None
        return Place(pages.kind, at, self._first(page)) if pages.again else Place(pages.kind, following)

    def _first(self, page: Page) -> str:
        """What the first row of a page is known by: a hash, since keys may name people."""
        keys = [str(dig(page.rows[0], name)) for name in self.stream.key] if page.rows else []
        return _hash("|".join(keys))

    def _following(self, pages: Pages, at: At, page: Page) -> At | None:
        following = pages.after(at, page)
        if not pages.addressed or following is None:
            return following
        found = self.client.beside(self._url(pages, at, {}), str(following))
        return found.raw_path.decode() if found.origin == self.client.base.origin else str(found)

    def _repeats(self, page: Page, before: Page, pages: Pages) -> bool:
        """Whether a page is the last one once more, where the source ends so. Raises SourceUnavailable where it does not."""
        if "repeat" in pages.ends:
            return self._keys(page) == self._keys(before)
        if page.rows == before.rows:
            raise SourceUnavailable(
                f"{self.where}: a page repeats the page before it",
                next_step=f'{ASK}; if the API answers so beyond its last page, declare end = ["repeat"] in paging',
            )
        return False

    def _keys(self, page: Page) -> list[list[Any]]:
        return [[dig(row, name) for name in self.stream.key] for row in page.rows]

    def _require_end(self, pages: Pages, page: Page) -> None:
        """Refuse an end beyond which the source names another page. Numbered pages end where one is empty."""
        if self.stream.ignore_next or (pages.again and not page.rows):
            return
        named = next_named(page.document, page.link)
        if named is not None:
            raise SourceUnavailable(
                f"{self.where}: the answer names a next page ({named.where}), and the declared paging does not follow it",
                next_step=f"declare {named.paging}; if it is no next page, set ignore_next = true",
            )

    def _page(self, progress: Progress, pages: Pages, at: At) -> Answer[Page]:
        asked = {**self._asked(progress), **pages.parameters(at)}
        try:
            answer = self._answer(Request(self._url(pages, at, asked)))
        except AnswerRefused as error:
            beyond = error.status == 404 and "not_found" in pages.ends and at != pages.first()
            if beyond or error.status == NO_CONTENT:
                return Answer(NO_PAGE)
            raise
        return replace(answer, content=Page(self._rows(answer.content), answer.content, answer.link))

    def _answer(self, request: Request) -> Answer[Any]:
        """The answer; the one to `unchanged`, if it asked."""
        answer, self._answered = self._answered, None
        answer = answer or self.client.get(request, self.stream.max_page_bytes, self._document)
        if self.conditional:
            self._see(answer)
        return answer

    def _asked(self, progress: Progress) -> dict[str, str]:
        since = {self.stream.since.parameter: progress.asked} if self.stream.since and progress.asked else {}
        return {**self.stream.parameters, **since}

    def _url(self, pages: Pages, at: At, parameters: Mapping[str, str]) -> httpx2.URL:
        if pages.addressed and at != "":
            return self.client.beside(self.client.base, str(at))
        return self.client.url(self.stream.path).copy_merge_params(parameters)

    def _document(self, body: bytes) -> Any:
        return rest_rows.document_of(self.where, self.stream, body)

    def _rows(self, document: Any) -> list[Row]:
        return rest_rows.rows_in(self.where, self.stream, document)

    def _frame(self, rows: Sequence[Row]) -> pl.DataFrame:
        return rest_rows.frame_in(self.where, self.stream, rows, self.notations)


def _is_on(at: At, following: At) -> bool:
    """Whether a page comes after another; a number or offset may also go back, where rows went."""
    return not (isinstance(at, int) and isinstance(following, int) and following <= at)


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
