"""SOAP reader: a list returned by an operation; whole or in pages, everything or what changed; and single rows by key.

The service is described by its WSDL. If a manifest asks for something that the WSDL lacks, nothing is sent.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from lxml import etree

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.reader import AnswerMalformed, ReadBatch, Reader, ReaderContext, ReadState
from hub.ingest.read.soap.client import SoapClient
from hub.ingest.read.soap.xml_rows import build_xml_frame, find_elements, find_type, read_text
from hub.ingest.values.digit_forms import has_all_digits, parse_iso_time
from hub.ingest.values.typed_numbers import find_notations
from hub.sdk.paging import CursorPaging, OffsetPaging, PagePaging
from hub.sdk.sources import SoapSource
from hub.sdk.streams import SoapStream

SoapArguments = dict[str, Any]


class SoapReader(Reader):
    """Reads the result of an operation. For incremental reads its state is {"since": the highest value of the cursor}."""

    def __init__(self, context: ReaderContext) -> None:
        super().__init__(context)
        source, stream = context.manifest.source, context.stream
        assert isinstance(source, SoapSource)
        assert isinstance(stream, SoapStream)
        self.source, self.stream = source, stream
        self.notations = find_notations(stream)
        self.looks_up = stream.lookup is not None
        self.client: SoapClient | None = None

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        """Yield every row, or those since the state. The state moves with the last batch. Raises SourceUnavailable,
        HubMisconfigured.
        """
        stream = self.stream
        arguments: SoapArguments = {**stream.arguments, **self._build_since(state)}
        kind = self._find_record_type(stream.operation, {**arguments, **self._list_paging_arguments()})
        high = _HighestCursor(self.source.timezone, stream, state)
        kept: list[Any] = []
        for elements in self._read_pages(arguments):
            kept += elements
            if len(kept) >= self.context.batch_rows:
                rows = build_xml_frame(self.context.where, kept, kind, self.notations)
                high.note_rows(rows)
                yield ReadBatch(rows)
                kept = []
        rows = build_xml_frame(self.context.where, kept, kind, self.notations)
        high.note_rows(rows)
        yield ReadBatch(rows, state=high.build_state())

    def lookup(self, keys: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Yield the rows with these keys, using the operation of `lookup`. Raises SourceUnavailable, HubMisconfigured."""
        lookup = self.stream.lookup
        assert lookup is not None
        if len(self.stream.key) != 1:
            raise HubMisconfigured(
                f"{self.context.where}: a look-up has one argument, but the key has {len(self.stream.key)} columns",
                next_step="remove `lookup` from the manifest",
            )
        kind = self._find_record_type(lookup.operation, {lookup.argument: ""})
        wanted = keys[self.stream.key[0]].cast(pl.String).drop_nulls().unique(maintain_order=True).to_list()
        for at in range(0, len(wanted), lookup.batch):
            some = wanted[at : at + lookup.batch]
            answer = self._get_client().call(lookup.operation, {lookup.argument: some if lookup.batch > 1 else some[0]})
            frame = build_xml_frame(
                self.context.where, find_elements(answer, self.stream.records), kind, self.notations
            )
            yield self._keep_asked(frame, some)

    def _keep_asked(self, frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
        """Drop rows whose keys were not asked for: a service may answer with somebody else's."""
        column = self.stream.key[0]
        if column not in frame.columns:
            raise AnswerMalformed(
                f"{self.context.where}: the answer of the look-up has no {column}",
                next_step="compare the look-up operation with the WSDL; its records must be those of the stream",
            )
        kept = frame.filter(pl.col(column).cast(pl.String).is_in(list(keys)))
        self.unasked_rows += frame.height - kept.height
        return kept

    def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            self.client.close()

    def _get_client(self) -> SoapClient:
        if self.client is None:
            self.client = SoapClient(self.context, self.source)
        return self.client

    def _find_record_type(self, operation: str, arguments: SoapArguments) -> Any:
        """Return the type of a record, after checking everything that the manifest names against the description."""
        _, found = self._get_client().find_operation(operation, arguments)
        whole = found.output.body.type
        if operation == self.stream.operation:
            for path in self._list_stated_paths():
                find_type(self.context.where, whole, path)
        return find_type(self.context.where, whole, self.stream.records)

    def _list_stated_paths(self) -> list[str]:
        paging = self.stream.paging
        paths = {PagePaging: "total_pages", OffsetPaging: "total", CursorPaging: "next"}
        path = getattr(paging, paths[type(paging)]) if paging is not None else None
        return [path] if path else []

    def _list_paging_arguments(self) -> SoapArguments:
        paging = self.stream.paging
        if paging is None:
            return {}
        return {name: "" for name in (paging.parameter, paging.size_parameter) if name}

    def _build_since(self, state: ReadState | None) -> SoapArguments:
        stream = self.stream
        if stream.since is None or stream.cursor is None or state is None or "since" not in state:
            return {}
        if stream.cursor.kind == "number":
            return {stream.since.parameter: str(int(state["since"]) - stream.cursor.overlap_numbers)}
        moment = datetime.fromisoformat(state["since"]) - stream.cursor.overlap
        if stream.since.format == "iso":
            return {stream.since.parameter: moment.isoformat().replace("+00:00", "Z")}
        if stream.since.format == "epoch":
            return {stream.since.parameter: str(int(moment.timestamp()))}
        local = moment.astimezone(ZoneInfo(self.source.timezone))
        return {stream.since.parameter: local.strftime(stream.since.format)}

    def _read_pages(self, arguments: SoapArguments) -> Iterator[list[Any]]:
        paging = self.stream.paging
        if paging is None:
            yield find_elements(self._get_client().call(self.stream.operation, arguments), self.stream.records)
            return
        if paging.size_parameter:
            arguments = {**arguments, paging.size_parameter: str(paging.size)}
        seen: set[bytes] = set()
        place: str | None = {PagePaging: str(getattr(paging, "first", "")), OffsetPaging: "0"}.get(type(paging))
        read, before = 0, b""
        while True:
            given = {} if place is None else {paging.parameter: place}
            answer = self._get_client().call(self.stream.operation, {**arguments, **given})
            elements = find_elements(answer, self.stream.records)
            content = b"".join(etree.tostring(element) for element in elements)
            if isinstance(paging, PagePaging) and "repeat" in paging.end and content and content == before:
                return
            before = content
            self._refuse_repeat(seen, content)
            read += len(elements)
            yield elements
            place = self._find_next(paging, place, answer, len(elements), read)
            if place is None:
                return
            if isinstance(paging, CursorPaging):
                self._refuse_repeat(seen, b"cursor " + place.encode())

    def _refuse_repeat(self, seen: set[bytes], content: bytes) -> None:
        """Raise SourceUnavailable if a page or a cursor repeats."""
        digest = hashlib.blake2b(content, digest_size=16).digest()
        if content and digest in seen:
            raise SourceUnavailable(
                f"{self.context.where}: a page repeats an earlier one, so the pages would never end",
                next_step="ask the owner whether paging works; nothing more was written to the store",
            )
        seen.add(digest)

    def _find_next(
        self, paging: PagePaging | OffsetPaging | CursorPaging, place: str | None, answer: Any, got: int, read: int
    ) -> str | None:
        """Return the position of the next page; None at the end."""
        if isinstance(paging, CursorPaging):
            return read_text(answer, paging.next) or None
        if isinstance(paging, PagePaging):
            number = int(place or paging.first)
            more = (
                number - paging.first + 1 < self._read_number(answer, paging.total_pages)
                if paging.total_pages
                else got > 0
            )
            return str(number + 1) if more else None
        more = read < self._read_number(answer, paging.total) and got > 0 if paging.total else got >= paging.size
        return str(read) if more else None

    def _read_number(self, answer: Any, path: str) -> int:
        found = read_text(answer, path)
        if not found.isdecimal():
            raise SourceUnavailable(
                f"{self.context.where}: {path} in the answer is not a number",
                next_step="ask the owner whether the service changed",
            )
        return int(found)


class _HighestCursor:
    """The highest value of the cursor, never later than the start of the read by the hub's clock."""

    def __init__(self, timezone: str, stream: SoapStream, state: ReadState | None) -> None:
        self.zone = ZoneInfo(timezone)
        self.stream = stream
        self.begun = datetime.now(UTC)
        self.value: datetime | int | None = None
        if state is not None and "since" in state:
            self.value = self._parse_value(str(state["since"]))

    def note_rows(self, rows: pl.DataFrame) -> None:
        """Take the values of some rows into account; unreadable ones are skipped."""
        cursor = self.stream.cursor
        if cursor is None or cursor.column not in rows.columns:
            return
        for given in rows[cursor.column].drop_nulls().unique():
            found = self._parse_value(given.strip())
            if isinstance(found, datetime):
                found = min(found, self.begun)
            if found is not None and (self.value is None or found > self.value):  # type: ignore[operator]  # both are of one type
                self.value = found

    def build_state(self) -> ReadState | None:
        """Return the state after the read. None if there is none."""
        if isinstance(self.value, datetime):
            return {"since": self.value.isoformat()}
        return None if self.value is None else {"since": self.value}

    def _parse_value(self, given: str) -> datetime | int | None:
        assert self.stream.cursor is not None
        if self.stream.cursor.kind == "number":
            return int(given) if given.lstrip("-").isdecimal() else None
        found = self._parse_time(given)
        if found is None:
            return None
        try:
            return (found if found.tzinfo else found.replace(tzinfo=self.zone)).astimezone(UTC)
        except OverflowError:
            return None

    def _parse_time(self, given: str) -> datetime | None:
        wanted = self.stream.since.format if self.stream.since else "iso"
        try:
            if wanted == "epoch" and given.isdecimal():
                return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(given))
            return parse_iso_time(given)
        except (ValueError, OverflowError):
            pass
        if not has_all_digits(given, wanted):
            return None
        try:
            return datetime.strptime(given, wanted)  # noqa: DTZ007  # the source's time zone is added
        except ValueError:
            return None
