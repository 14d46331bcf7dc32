"""REST reader: a list over HTTP, in pages or as JSON Lines; whole, or what changed since the last read; and single rows
by key.

A page is accepted only if it is JSON, contains its list, and does not repeat the page before it. An incremental read
moves its start only at its end, because pages need not be in order of change. Until then its states record the current
page, so that a long first load continues after a crash.
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
    AnswerRefused,
    HttpAnswer,
    HttpClient,
    HttpRequest,
    TryAgain,
    parse_json,
)
from hub.ingest.read.http.validators import ADDRESS_KEY, READ_AT_KEY, VALIDATOR_KEY, build_condition
from hub.ingest.read.json_rows import JsonRow, get_at_path
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext, ReadState
from hub.ingest.read.rest import lookup as rest_lookup
from hub.ingest.read.rest import rows as rest_rows
from hub.ingest.read.rest.next_page import find_next_page
from hub.ingest.read.rest.page_prefetch import PagePrefetch
from hub.ingest.read.rest.paging import EMPTY_PAGE, PageName, RestPage, SinglePage, select_paging
from hub.ingest.read.rest.progress import PagePlace, ReadProgress
from hub.ingest.read.rest.rows import ASK_OWNER
from hub.ingest.values.typed_numbers import find_notations
from hub.sdk.streams import RestStream

LINES_PER_PART = 5_000
"""Lines that are passed on at once, like a page."""

MAX_PREFETCHED_PAGES = 3
GONE_STATUSES = (404, 410)


class _PageMoved(Exception):
    """The page at which a read was to continue no longer exists."""


@dataclass(frozen=True)
class _RestRows:
    """Rows that arrived at once, and where a read that has them continues."""

    rows: Sequence[JsonRow]
    place: PagePlace | None = None


class RestReader(Reader):
    """Reads a list of an HTTP API."""

    def __init__(self, context: ReaderContext) -> None:
        super().__init__(context)
        assert isinstance(context.stream, RestStream)
        self.stream = context.stream
        self.notations = find_notations(self.stream)
        self.where = context.where
        self.looks_up = self.stream.lookup is not None
        self.client = HttpClient(context)
        # The first page of a paged list says nothing about the others; if rows are looked up, the store may be newer.
        self.conditional = (
            self.stream.conditional
            and self.stream.read == "full"
            and self.stream.paging is None
            and self.stream.lookup is None
        )
        self.validator: Mapping[str, Any] | None = None
        self.began = datetime.now(UTC)
        self._answered: HttpAnswer[Any] | None = None

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        """Yield every row, or the changed ones; at least one batch. Raises SourceUnavailable, HubMisconfigured."""
        progress = ReadProgress.load(self.context, self.stream.since, state)
        try:
            yield from self._read_batches(progress)
        except _PageMoved:
            yield from self._read_batches(progress.restart())

    def unchanged(self, validator: Mapping[str, Any]) -> bool:
        """Whether the list still has this validator. Once per `sweep_every` it is read whole anyway."""
        url = self._build_url(SinglePage(self.where), "", self.stream.parameters)
        read = datetime.fromisoformat(validator[READ_AT_KEY])
        if (
            not self.conditional
            or validator[ADDRESS_KEY] != _hash(str(url))
            or self.began - read >= self.stream.sweep_every
        ):
            return False
        request = HttpRequest(url, headers=build_condition(validator))
        try:
            if self.stream.format == "jsonl":
                # `read` requests it again: an open answer belongs to the thread that requested it.
                with contextlib.closing(self._fetch_lines(request)) as lines:
                    next(lines, None)
            else:
                self._answered = self.client.fetch(request, self.stream.max_page_bytes, self._parse_document)
        except AnswerRefused as error:
            if error.status != NOT_MODIFIED:
                raise
            return True
        return False

    def lookup(self, keys: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Yield the rows with these keys. Raises SourceUnavailable."""
        column = self.stream.key[0]
        wanted = [key for key in keys[column].cast(pl.String).unique(maintain_order=True).to_list() if key]
        for asked in rest_lookup.build_requests(self.client, self.stream, wanted):
            try:
                answer = self.client.fetch(asked.request, self.stream.max_page_bytes, self._parse_document)
            except AnswerRefused as error:
                if error.status == NO_CONTENT or (error.status in GONE_STATUSES and len(asked.keys) == 1):
                    continue
                raise
            document = answer.content
            # A row on an unread page would be mistaken for a deleted one.
            self._require_end(SinglePage(self.where), RestPage((), document, answer.link))
            alone = rest_lookup.find_single_row(document, self.stream)
            # A source that ignores the parameter returns its whole list: keep only the requested rows.
            returned = [alone] if alone else self._find_rows(document)
            rows = [row for row in returned if get_at_path(row, column) in asked.keys]
            self.unasked_rows += len(returned) - len(rows)
            # A member that one row lacks would be null beside the others: it must be seen that it is missing.
            yield from map(self._build_frame, rest_lookup.group_by_members(rows))

    def _read_batches(self, progress: ReadProgress) -> Iterator[ReadBatch]:
        gathered: list[JsonRow] = []
        place: PagePlace | None = None
        for part in self._read_parts(progress):
            # A batch waits for the rows after it, so that the last one is known to be last, and has rows if any
            # arrived.
            if part.rows and len(gathered) >= self.context.batch_rows:
                yield ReadBatch(self._build_frame(gathered), progress.build_middle_state(place))
                gathered = []
            gathered += part.rows
            progress.note_rows(part.rows)
            place = part.place
        yield ReadBatch(
            self._build_frame(gathered),
            self._build_validated_state() if self.conditional else progress.build_end_state(),
        )

    def _keep_validator(self, answer: HttpAnswer[Any]) -> None:
        self.validator = answer.validator

    def _build_validated_state(self) -> ReadState:
        """Return the state that the next whole read can send as a condition."""
        if self.validator is None:
            return {VALIDATOR_KEY: None}
        address = _hash(str(self._build_url(SinglePage(self.where), "", self.stream.parameters)))
        return {VALIDATOR_KEY: {**self.validator, ADDRESS_KEY: address, READ_AT_KEY: self.began.isoformat()}}

    def _read_parts(self, progress: ReadProgress) -> Iterator[_RestRows]:
        if self.stream.format == "jsonl" and self.stream.paging is None:
            return self._read_lines(progress)
        return self._read_pages(progress)

    def _read_lines(self, progress: ReadProgress) -> Iterator[_RestRows]:
        url = self.client.build_url(self.stream.path).copy_merge_params(self._build_parameters(progress))
        rows: list[JsonRow] = []
        for line in self._fetch_lines(HttpRequest(url)):
            rows.append(self._parse_line(line))
            if len(rows) == LINES_PER_PART:
                yield _RestRows(rows)
                rows = []
        yield _RestRows(rows)

    def _fetch_lines(self, request: HttpRequest) -> Generator[bytes]:
        return self.client.fetch_lines(
            request, self.stream.max_page_bytes, self.stream.max_body_bytes, self._keep_validator
        )

    def _parse_line(self, line: bytes) -> JsonRow:
        try:
            row = parse_json(self.where, line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise SourceUnavailable(
                f"{self.where}: a line is not a JSON object",
                next_step="ask the owner whether the export is complete",
            )
        return row

    def _read_pages(self, progress: ReadProgress) -> Iterator[_RestRows]:
        """Yield the pages, starting at the recorded progress. Raises _PageMoved if that page cannot be found again."""
        pages = select_paging(self.where, self.stream.paging)
        threads = min(self.context.manifest.source.concurrency - 1, MAX_PREFETCHED_PAGES)
        with PagePrefetch[PageName, HttpAnswer[RestPage]](
            lambda at: self._fetch_page(progress, pages, at), threads
        ) as ahead:
            at = progress.place.value if progress.place else pages.first()
            answer = self._resume_page(progress.place, pages, ahead) if progress.place else ahead.take(at)
            while True:
                progress.note_source_clock(answer.clock)
                page = answer.content
                following = self._find_following(pages, at, page)
                if following is None:
                    self._require_end(pages, page)
                if following is not None:
                    ahead.expect(pages.list_ahead(following, threads))
                yield _RestRows(page.rows, self._build_place(pages, at, page, following))
                if following is None:
                    return
                answer = ahead.take(following)
                if _is_after(at, following) and page.rows and self._repeats(answer.content, page, pages):
                    return
                at = following

    def _resume_page(
        self, place: PagePlace, pages: SinglePage, ahead: PagePrefetch[PageName, HttpAnswer[RestPage]]
    ) -> HttpAnswer[RestPage]:
        """Return the page where an earlier read stopped, if it is unchanged. Raises _PageMoved, TryAgain."""
        if place.kind != pages.kind:
            raise _PageMoved
        try:
            answer = ahead.take(place.value)
        except TryAgain:
            raise
        except SourceUnavailable:
            raise _PageMoved from None
        # Rows deleted before this page have moved others across its beginning: they would never be read.
        if place.first is not None and place.first != self._hash_first_row(answer.content):
            raise _PageMoved
        return answer

    def _build_place(
        self, pages: SinglePage, at: PageName, page: RestPage, following: PageName | None
    ) -> PagePlace | None:
        if not pages.kind or following is None:
            return None
        return (
            PagePlace(pages.kind, at, self._hash_first_row(page))
            if pages.rereads_last
            else PagePlace(pages.kind, following)
        )

    def _hash_first_row(self, page: RestPage) -> str:
        """Return a hash that identifies the first row of a page; keys may name people."""
        keys = [str(get_at_path(page.rows[0], name)) for name in self.stream.key] if page.rows else []
        return _hash("|".join(keys))

    def _find_following(self, pages: SinglePage, at: PageName, page: RestPage) -> PageName | None:
        following = pages.find_next(at, page)
        if not pages.addressed or following is None:
            return following
        found = self.client.resolve_url(self._build_url(pages, at, {}), str(following))
        return found.raw_path.decode() if found.origin == self.client.base.origin else str(found)

    def _repeats(self, page: RestPage, before: RestPage, pages: SinglePage) -> bool:
        """Whether a page repeats the last one, if that is how the source ends. Raises SourceUnavailable if it is not."""
        if "repeat" in pages.ends:
            return self._list_keys(page) == self._list_keys(before)
        if page.rows == before.rows:
            raise SourceUnavailable(
                f"{self.where}: a page repeats the page before it",
                next_step=f'{ASK_OWNER}; if the API repeats its last page at the end, declare end = ["repeat"] in paging',
            )
        return False

    def _list_keys(self, page: RestPage) -> list[list[Any]]:
        return [[get_at_path(row, name) for name in self.stream.key] for row in page.rows]

    def _require_end(self, pages: SinglePage, page: RestPage) -> None:
        """Refuse an end at which the source names another page. Numbered pages end at an empty one."""
        if self.stream.ignore_next or (pages.rereads_last and not page.rows):
            return
        named = find_next_page(page.document, page.link)
        if named is not None:
            raise SourceUnavailable(
                f"{self.where}: the answer names a next page ({named.where}), and the declared paging does not follow it",
                next_step=f"declare {named.paging}; if it is not a next page, set ignore_next = true",
            )

    def _fetch_page(self, progress: ReadProgress, pages: SinglePage, at: PageName) -> HttpAnswer[RestPage]:
        asked = {**self._build_parameters(progress), **pages.build_parameters(at)}
        try:
            answer = self._fetch_answer(HttpRequest(self._build_url(pages, at, asked)))
        except AnswerRefused as error:
            beyond = error.status == 404 and "not_found" in pages.ends and at != pages.first()
            if beyond or error.status == NO_CONTENT:
                return HttpAnswer(EMPTY_PAGE)
            raise
        return replace(answer, content=RestPage(self._find_rows(answer.content), answer.content, answer.link))

    def _fetch_answer(self, request: HttpRequest) -> HttpAnswer[Any]:
        """Return the answer, reusing the one that `unchanged` received."""
        answer, self._answered = self._answered, None
        answer = answer or self.client.fetch(request, self.stream.max_page_bytes, self._parse_document)
        if self.conditional:
            self._keep_validator(answer)
        return answer

    def _build_parameters(self, progress: ReadProgress) -> dict[str, str]:
        since = (
            {self.stream.since.parameter: progress.since_parameter}
            if self.stream.since and progress.since_parameter
            else {}
        )
        return {**self.stream.parameters, **since}

    def _build_url(self, pages: SinglePage, at: PageName, parameters: Mapping[str, str]) -> httpx2.URL:
        if pages.addressed and at != "":
            return self.client.resolve_url(self.client.base, str(at))
        return self.client.build_url(self.stream.path).copy_merge_params(parameters)

    def _parse_document(self, body: bytes) -> Any:
        return rest_rows.parse_document(self.where, self.stream, body)

    def _find_rows(self, document: Any) -> list[JsonRow]:
        return rest_rows.find_rows(self.where, self.stream, document)

    def _build_frame(self, rows: Sequence[JsonRow]) -> pl.DataFrame:
        return rest_rows.build_rows_frame(self.where, self.stream, rows, self.notations)


def _is_after(at: PageName, following: PageName) -> bool:
    """Whether a page comes after another. A number or offset may also go back, after deletions."""
    return not (isinstance(at, int) and isinstance(following, int) and following <= at)


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
