"""SQL reader: one table or view; whole, since a cursor, its keys alone, or single rows.

Databases other than PostgreSQL are read in pages ordered by key, so that a lost connection costs one page. Rows that
cannot be ordered are read first, every time: a row without a cursor is never found by one, and a row without a key must
be rejected by the engine. An index on (cursor, key) makes all of this cheap.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar
from unicodedata import combining, normalize
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import BindParameter, ColumnElement, Select, and_, func, or_, select

from hub.errors import SourceUnavailable
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext, ReadState
from hub.ingest.read.retry_log import stamina
from hub.ingest.read.sql.access import DatabaseAccess, parse_url
from hub.ingest.read.sql.cursor import CursorRange
from hub.ingest.read.sql.errors import SourceLost
from hub.ingest.read.sql.postgresql import PostgresqlAccess
from hub.ingest.values.typed_numbers import Notation, find_notations, write_columns
from hub.sdk.streams import SqlStream

KEYS_PER_LOOKUP = 500
"""Keys per look-up: below every database's limit on parameters, for keys of four columns."""

WITH_INFINITY = frozenset({"postgresql", "sqlite"})
"""Databases whose numbers may be infinite or NaN, which compare greater than all others."""
INFINITE_TEXTS = ("infinity", "-infinity", "nan", "inf", "-inf")
"""How databases write infinite numbers and times."""

Answer = TypeVar("Answer")
CursorPosition = tuple[str | None, ...]
"""The cells of a row in the columns that order a part."""


@dataclass(frozen=True)
class TablePart:
    """Rows of the table that are read together: a condition, and the columns that order them, if any."""

    condition: ColumnElement[bool] | None
    order: tuple[str, ...] = ()
    at: CursorPosition | None = None
    """Where to continue; the first row if None."""
    streamed: bool = False
    """Whether the answer may have any length."""


class SqlReader(Reader):
    """Reads a table."""

    lists_keys = True

    def __init__(self, context: ReaderContext) -> None:
        super().__init__(context)
        url = parse_url(context)
        self.access = (PostgresqlAccess if url.get_backend_name() == "postgresql" else DatabaseAccess)(context, url)
        assert isinstance(context.stream, SqlStream)
        self.stream = context.stream
        self.looks_up = self.stream.lookup

    def whole(self, state: ReadState | None) -> bool:
        """The first incremental read also yields every row."""
        return self.stream.read == "full" or state is None

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        """Yield all rows, or those since `state`: {"since": text}, plus "at" and "high" in the middle of a read."""
        columns = self._load_columns()
        began = datetime.now(UTC)
        since: str | None = (state or {}).get("since")
        high = state["high"] if state and "high" in state else self._find_high(since, began)
        empty, unplaced = True, 0
        for part in self._list_parts(state):
            for frame, at in self._read_part(part, columns):
                empty = False
                unplaced += self._count_unplaced(frame, began)
                # A first read is one transaction and never resumes, because rows deleted in the meantime would stay.
                going_on = state is not None and at is not None and self.stream.read == "incremental"
                yield ReadBatch(frame, {"since": since, "at": list(at or ()), "high": high} if going_on else None)
        self._note_unplaced(unplaced)
        if empty or self.stream.read == "incremental":
            yield ReadBatch(
                self.access.build_empty(columns), {"since": high} if self.stream.read == "incremental" else None
            )

    def keys(self) -> Iterator[pl.DataFrame]:
        """Yield the key columns of every row, and those that say whether it is deleted."""
        chosen_by = self.stream.list_choosing_columns() & set(self._load_columns())
        wanted = list(dict.fromkeys([*self.stream.key, *sorted(chosen_by)]))
        for part in self._list_all_parts():
            for frame, _ in self._read_part(part, wanted):
                yield frame

    def lookup(self, keys: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Yield the rows with these keys."""
        # A new connection sees the table as it is now, not as the last connection's snapshot saw it.
        self.access.close()
        columns = self._load_columns()
        wanted = keys.select(pl.col(self.stream.key).cast(pl.String)).drop_nulls().unique(maintain_order=True)
        for some in wanted.iter_slices(KEYS_PER_LOOKUP):
            condition = self._match_keys(some)
            if condition is not None:
                for frame, _ in self._read_part(TablePart(condition), columns):
                    yield frame

    def close(self) -> None:
        """Close the connection."""
        self.access.close()

    def _load_columns(self) -> list[str]:
        columns = list(_retry(lambda: self.access.kinds, self.access.source.attempts))
        absent = sorted((set(self.stream.key) | self.stream.list_reading_columns()) - set(columns))
        if absent:
            raise SourceUnavailable(
                f"{self.context.where}: {self.stream.table} lacks its key or cursor columns: {', '.join(absent)}",
                next_step="ask the owner whether they were renamed, then correct the manifest",
            )
        return columns

    @cached_property
    def _typed_columns(self) -> dict[str, Notation]:
        """The columns that are numbers in the database and that a field reads as numbers."""
        kinds = self.access.kinds
        return {name: n for name, n in find_notations(self.stream).items() if kinds.get(name) == "number"}

    def _list_parts(self, state: ReadState | None) -> list[TablePart]:
        """Return the parts to read, in order. A resumed read continues within one of them."""
        cursor = self.stream.cursor
        if cursor is None or state is None:
            return self._list_all_parts()
        by_cursor, key = self.access.build_column(cursor.column), self.stream.key
        ordered = tuple(dict.fromkeys((cursor.column, *key)))  # a growing number may be both cursor and key
        placed = self._match_keyed()
        since = state["since"]
        low = (
            by_cursor.is_not(None)
            if since is None
            else by_cursor >= self._bind(cursor.column, self._range.find_low(since))
        )
        at: CursorPosition | None = tuple(state["at"]) if "at" in state else None
        late = TablePart(and_(low, placed), ordered, at if at and at[0] is not None else None)
        if late.at:
            return [late]
        without_cursor = TablePart(and_(by_cursor.is_(None), placed), ordered, at)
        return [without_cursor, late] if at else [TablePart(self._match_keyless(), streamed=True), without_cursor, late]

    def _list_all_parts(self) -> list[TablePart]:
        """Return parts for every row: one answer, or the few rows without a key and then all others by key."""
        if self.access.backend_page is None:
            return [TablePart(None)]
        return [TablePart(self._match_keyless(), streamed=True), TablePart(self._match_keyed(), self.stream.key)]

    def _match_keyed(self) -> ColumnElement[bool]:
        return and_(*(self.access.build_column(name).is_not(None) for name in self.stream.key))

    def _match_keyless(self) -> ColumnElement[bool]:
        return or_(*(self.access.build_column(name).is_(None) for name in self.stream.key))

    @property
    def _range(self) -> CursorRange:
        assert self.stream.cursor is not None
        zone = ZoneInfo(self.access.source.timezone)
        kind = self.access.kinds[self.stream.cursor.column]
        return CursorRange(self.context.where, self.stream.cursor, kind, zone)

    def _find_high(self, since: str | None, began: datetime) -> str | None:
        """Return the `since` that this read will leave. Fetched before the rows, so that none falls between two reads.

        Cursors that no clock reaches (infinity, the year 9999) are left out: one such row would block every later read.
        """
        if self.stream.cursor is None:
            return None
        column = self.access.build_column(self.stream.cursor.column)
        reachable: ColumnElement[bool] | None = None
        if self.stream.cursor.kind == "time":
            reachable = column <= self._bind(column.name, self._range.find_latest(began))
        elif self.access.url.get_backend_name() in WITH_INFINITY:
            reachable = column < float("inf")
        highest = self._select_highest(column, reachable)
        if highest is None and since is None:
            # Either nothing at all, or nothing that is a cursor: then the manifest is wrong, and `advance` says so.
            other = self._select_highest(column, None)
            highest = None if other is None or other.lower() in INFINITE_TEXTS else other
        return self._range.advance(since, highest, began)

    def _select_highest(self, column: ColumnElement[Any], condition: ColumnElement[bool] | None) -> str | None:
        statement = select(func.max(column).label("highest")).select_from(self.access.table)
        if condition is not None:
            statement = statement.where(condition)
        (frame,) = _retry(lambda: list(self.access.read_frames(statement)), self.access.source.attempts)
        found: str | None = frame.item()
        return found

    def _count_unplaced(self, frame: pl.DataFrame, began: datetime) -> int:
        """Count the rows of an incremental read whose cursor no clock or counter reaches."""
        if self.stream.cursor is None:
            return 0
        cells = frame[self.stream.cursor.column]
        if self.stream.cursor.kind == "time":
            return int((cells > self._range.find_latest(began)).sum())
        return int(cells.str.to_lowercase().is_in(INFINITE_TEXTS).sum())

    def _note_unplaced(self, rows: int) -> None:
        if rows and self.stream.cursor is not None:
            self.notes.append(
                f"{self.context.where}: {rows:,} rows have a {self.stream.cursor.column} that no later change can exceed (infinity, NaN, or"
                " more than a day ahead): they are read again every time; ask the owner to correct them"
            )

    def _read_part(
        self, part: TablePart, columns: Sequence[str]
    ) -> Iterator[tuple[pl.DataFrame, CursorPosition | None]]:
        walk = _PartWalk(self, part, columns)
        while (frame := _retry(walk.read_next, self.access.source.attempts)) is not None:
            yield write_columns(frame.select(columns), self._typed_columns), walk.at

    def _match_keys(self, keys: pl.DataFrame) -> ColumnElement[bool] | None:
        """Return the condition for rows with one of the keys. None if no row can have any of them."""
        either: list[tuple[Any, ...]] = []
        for row in keys.iter_rows():
            try:
                either.append(tuple(map(self.access.bind_value, self.stream.key, row)))
            except ValueError:
                continue  # the column cannot hold this key, so no row has it
        if not either:
            return None
        names = [self.access.build_column(name) for name in self.stream.key]
        if len(names) == 1:
            return names[0].in_([value for (value,) in either])
        return or_(*(and_(*(name == value for name, value in zip(names, row, strict=True))) for row in either))

    def _bind(self, column: str, text: str) -> BindParameter[Any]:
        try:
            return self.access.bind_value(column, text)
        except ValueError:
            raise SourceUnavailable(
                f"{self.context.where}: {column} no longer holds values of the type it held at the last read",
                next_step="ask the owner whether its type changed; read everything again with `hub sync --full`",
            ) from None

    def match_after(self, order: Sequence[str], at: CursorPosition) -> ColumnElement[bool]:
        """Return the condition for rows after a position, column by column: not every database compares rows."""
        ways: list[ColumnElement[bool]] = []
        same: list[ColumnElement[bool]] = []
        for name, cell in zip(order, at, strict=True):
            column = self.access.build_column(name)
            if cell is None:
                continue  # the part's own condition says that it is null
            value = self._bind(name, cell)
            ways.append(and_(*same, column > value))
            same.append(column == value)
        return or_(*ways)


class _PartWalk:
    """Reads one part, frame by frame, and continues after a lost connection from the last row it handed over.

    Rows with equal positions are never separated: the end of a page is held back until the next page shows where they
    end.
    """

    def __init__(self, reader: SqlReader, part: TablePart, columns: Sequence[str]) -> None:
        self.reader, self.part = reader, part
        self.at = part.at
        self.columns = list(dict.fromkeys((*columns, *part.order)))
        self.page = reader.access.backend_page if part.order else None
        self.frames: Iterator[pl.DataFrame] | None = None
        self.held: pl.DataFrame | None = None
        self.read = self.given = 0
        self.over = False

    def read_next(self) -> pl.DataFrame | None:
        """Return the next rows, or None at the end. Raises SourceLost if it may be called again."""
        try:
            while not self.over:
                frame = self._read_frame()
                if frame is not None:
                    return frame
        except SourceLost as lost:
            self.frames, self.held = None, None
            if self.given and not self.part.order:
                raise SourceUnavailable(lost.message, next_step=lost.next_step) from None
            raise
        return None

    def _read_frame(self) -> pl.DataFrame | None:
        if self.frames is None:
            self.read = 0
            self.frames = self.reader.access.read_frames(self._build_statement(), streamed=self.part.streamed)
        frame = next(self.frames, None)
        if frame is None:
            return self._end_statement()
        self.read += frame.height
        if not self.part.order:
            return self._hand_over(frame)
        known = frame if self.held is None else pl.concat([self.held, frame])
        whole = known.height - _count_equal_at_end(known.select(self.part.order))
        self.held = known[whole:]
        return self._hand_over(known[:whole]) if whole else None

    def _end_statement(self) -> pl.DataFrame | None:
        """Handle the end of a statement: the part has ended, unless a page was full."""
        self.frames, held, self.held = None, self.held, None
        if self.page is not None and self.read >= self.page:
            nothing_new = held is not None and held.height >= self.page
            self.page = self.page * 2 if nothing_new else self.reader.access.backend_page
            return None
        self.over = True
        return self._hand_over(held) if held is not None else None

    def _hand_over(self, frame: pl.DataFrame) -> pl.DataFrame:
        self.given += frame.height
        if self.part.order:
            self.at = frame.select(self.part.order).row(-1)
        return frame

    def _build_statement(self) -> Select[Any]:
        access = self.reader.access
        statement = select(*map(access.build_column, self.columns)).select_from(access.table)
        if self.part.condition is not None:
            statement = statement.where(self.part.condition)
        if self.at is not None:
            statement = statement.where(self.reader.match_after(self.part.order, self.at))
        if self.part.order:
            statement = statement.order_by(*map(access.build_column, self.part.order))
        return statement.limit(self.page) if self.page is not None else statement


def _count_equal_at_end(places: pl.DataFrame) -> int:
    """Count the rows at the end that the database may consider equal to the last: its collation may ignore case and
    accents.
    """
    last = tuple(map(_fold, places.row(-1)))
    count = 1
    while count < places.height and tuple(map(_fold, places.row(-1 - count))) == last:
        count += 1
    return count


def _fold(cell: str | None) -> str | None:
    if cell is None:
        return None
    plain = normalize("NFKD", cell.casefold().replace("đ", "d"))
    return "".join(letter for letter in plain if not combining(letter)).rstrip()


def _retry(ask: Callable[[], Answer], attempts: int) -> Answer:
    """Ask again while the source is briefly unreachable. Raises what the last attempt raises."""
    caller = stamina.RetryingCaller(attempts=attempts, wait_initial=0.2, wait_max=5.0, timeout=None)
    return caller(SourceLost, ask)
