"""SQL: one table or view of a database, whole, since a cursor, its keys alone, or single rows.

Databases other than PostgreSQL are read by pages in the order of the key, so that a connection that is lost costs one page.
Rows that cannot be placed in an order are read first, every time: a row without a cursor is never found by one, and a row
without a key is the engine's to reject. An index on (cursor, key) makes all of it cheap.
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
from hub.ingest.read.reader import Batch, Context, Reader, State
from hub.ingest.read.retries import stamina
from hub.ingest.read.sql.access import Access, parsed
from hub.ingest.read.sql.cursor import Marks
from hub.ingest.read.sql.errors import SourceLost
from hub.ingest.read.sql.postgresql import PostgresqlAccess
from hub.ingest.values.typed_numbers import Notation, find_notations, write_columns
from hub.sdk.streams import SqlStream

KEYS_AT_ONCE = 500
"""Keys of one lookup: below every database's bound on parameters with keys of four columns."""

WITH_INFINITY = frozenset({"postgresql", "sqlite"})
"""Databases whose numbers may be infinite or NaN, which compare as greater than all others."""
UNREACHED = ("infinity", "-infinity", "nan", "inf", "-inf")
"""How databases write numbers and times that are without end."""

Answer = TypeVar("Answer")
Position = tuple[str | None, ...]
"""The cells of a row in the columns that a part is ordered by."""


@dataclass(frozen=True)
class Part:
    """Rows of the table that are read together: a condition, and the columns that put them in order, if any."""

    condition: ColumnElement[bool] | None
    order: tuple[str, ...] = ()
    at: Position | None = None
    """Where to go on; the first row where there is none."""
    streamed: bool = False
    """Whether the answer may be of any length."""


class SqlReader(Reader):
    """Reads a table."""

    looks_up = True
    lists_keys = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        url = parsed(context)
        self.access = (PostgresqlAccess if url.get_backend_name() == "postgresql" else Access)(context, url)
        assert isinstance(context.stream, SqlStream)
        self.stream = context.stream

    def whole(self, state: State | None) -> bool:
        """The first incremental read gives every row, too."""
        return self.stream.read == "full" or state is None

    def read(self, state: State | None) -> Iterator[Batch]:
        """The rows, all or those since `state`, which is {"since": text}, while a read goes on also "at" and "high"."""
        columns = self._columns()
        began = datetime.now(UTC)
        since: str | None = (state or {}).get("since")
        high = state["high"] if state and "high" in state else self._high(since, began)
        empty, unplaced = True, 0
        for part in self._parts(state):
            for frame, at in self._rows(part, columns):
                empty = False
                unplaced += self._count_unplaced(frame, began)
                # A first read is one transaction: it is not gone on from, since rows that go meanwhile would stay.
                going_on = state is not None and at is not None and self.stream.read == "incremental"
                yield Batch(frame, {"since": since, "at": list(at or ()), "high": high} if going_on else None)
        self._tell_unplaced(unplaced)
        if empty or self.stream.read == "incremental":
            yield Batch(self.access.empty(columns), {"since": high} if self.stream.read == "incremental" else None)

    def keys(self) -> Iterator[pl.DataFrame]:
        """The key columns of every row, and those that say whether it lives."""
        chosen_by = self.stream.chosen_by() & set(self._columns())
        wanted = list(dict.fromkeys([*self.stream.key, *sorted(chosen_by)]))
        for part in self._all():
            for frame, _ in self._rows(part, wanted):
                yield frame

    def lookup(self, keys: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The rows with these keys."""
        # A new connection sees the table as it is now, not as the first statement of the last one saw it.
        self.access.close()
        columns = self._columns()
        wanted = keys.select(pl.col(self.stream.key).cast(pl.String)).drop_nulls().unique(maintain_order=True)
        for some in wanted.iter_slices(KEYS_AT_ONCE):
            condition = self._among(some)
            if condition is not None:
                for frame, _ in self._rows(Part(condition), columns):
                    yield frame

    def close(self) -> None:
        """Let go of the connection."""
        self.access.close()

    def _columns(self) -> list[str]:
        columns = list(_again(lambda: self.access.kinds, self.access.source.attempts))
        absent = sorted((set(self.stream.key) | self.stream.read_by()) - set(columns))
        if absent:
            raise SourceUnavailable(
                f"{self.context.where}: {self.stream.table} lacks columns of its key or cursor: {', '.join(absent)}",
                next_step="ask the owner whether they were renamed, then correct the manifest",
            )
        return columns

    @cached_property
    def _typed(self) -> dict[str, Notation]:
        """The columns that are numbers to the database, and read as such by a field."""
        kinds = self.access.kinds
        return {name: n for name, n in find_notations(self.stream).items() if kinds.get(name) == "number"}

    def _parts(self, state: State | None) -> list[Part]:
        """What is to be read, in order. A read that was broken off goes on within one of the parts."""
        cursor = self.stream.cursor
        if cursor is None or state is None:
            return self._all()
        by_cursor, key = self.access.column(cursor.column), self.stream.key
        ordered = tuple(dict.fromkeys((cursor.column, *key)))  # a growing number may be cursor and key at once
        placed = self._keyed()
        since = state["since"]
        low = (
            by_cursor.is_not(None) if since is None else by_cursor >= self._bound(cursor.column, self._marks.low(since))
        )
        at: Position | None = tuple(state["at"]) if "at" in state else None
        late = Part(and_(low, placed), ordered, at if at and at[0] is not None else None)
        if late.at:
            return [late]
        without_cursor = Part(and_(by_cursor.is_(None), placed), ordered, at)
        return [without_cursor, late] if at else [Part(self._keyless(), streamed=True), without_cursor, late]

    def _all(self) -> list[Part]:
        """Every row: as one answer, or the few without a key and then all others in the order of the key."""
        if self.access.backend_page is None:
            return [Part(None)]
        return [Part(self._keyless(), streamed=True), Part(self._keyed(), self.stream.key)]

    def _keyed(self) -> ColumnElement[bool]:
        return and_(*(self.access.column(name).is_not(None) for name in self.stream.key))

    def _keyless(self) -> ColumnElement[bool]:
        return or_(*(self.access.column(name).is_(None) for name in self.stream.key))

    @property
    def _marks(self) -> Marks:
        assert self.stream.cursor is not None
        zone = ZoneInfo(self.access.source.timezone)
        kind = self.access.kinds[self.stream.cursor.column]
        return Marks(self.context.where, self.stream.cursor, kind, zone)

    def _high(self, since: str | None, began: datetime) -> str | None:
        """The `since` that this read will leave: asked before the rows are, so that none falls between two reads.

        A cursor that no clock reaches (infinity, the year 9999) is left out: one such row would stop every later read.
        """
        if self.stream.cursor is None:
            return None
        column = self.access.column(self.stream.cursor.column)
        reachable: ColumnElement[bool] | None = None
        if self.stream.cursor.kind == "time":
            reachable = column <= self._bound(column.name, self._marks.latest(began))
        elif self.access.url.get_backend_name() in WITH_INFINITY:
            reachable = column < float("inf")
        highest = self._highest(column, reachable)
        if highest is None and since is None:
            # Nothing at all, or nothing that is a cursor: then the manifest is wrong, and `next` says so.
            other = self._highest(column, None)
            highest = None if other is None or other.lower() in UNREACHED else other
        return self._marks.next(since, highest, began)

    def _highest(self, column: ColumnElement[Any], condition: ColumnElement[bool] | None) -> str | None:
        statement = select(func.max(column).label("highest")).select_from(self.access.table)
        if condition is not None:
            statement = statement.where(condition)
        (frame,) = _again(lambda: list(self.access.frames(statement)), self.access.source.attempts)
        found: str | None = frame.item()
        return found

    def _count_unplaced(self, frame: pl.DataFrame, began: datetime) -> int:
        """How many rows of an incremental read have a cursor that no clock or counter reaches."""
        if self.stream.cursor is None:
            return 0
        cells = frame[self.stream.cursor.column]
        if self.stream.cursor.kind == "time":
            return int((cells > self._marks.latest(began)).sum())
        return int(cells.str.to_lowercase().is_in(UNREACHED).sum())

    def _tell_unplaced(self, rows: int) -> None:
        if rows and self.stream.cursor is not None:
            self.notes.append(
                f"{self.context.where}: {rows:,} rows have a {self.stream.cursor.column} that no change reaches (infinity, NaN, or"
                " more than a day ahead): they are read again each time; ask the owner to correct them"
            )

    def _rows(self, part: Part, columns: Sequence[str]) -> Iterator[tuple[pl.DataFrame, Position | None]]:
        walk = _Walk(self, part, columns)
        while (frame := _again(walk.next, self.access.source.attempts)) is not None:
            yield write_columns(frame.select(columns), self._typed), walk.at

    def _among(self, keys: pl.DataFrame) -> ColumnElement[bool] | None:
        """Rows with one of the keys; none where no row can have any of them."""
        either: list[tuple[Any, ...]] = []
        for row in keys.iter_rows():
            try:
                either.append(tuple(map(self.access.bound, self.stream.key, row)))
            except ValueError:
                continue  # a key that the column cannot hold is no row's
        if not either:
            return None
        names = [self.access.column(name) for name in self.stream.key]
        if len(names) == 1:
            return names[0].in_([value for (value,) in either])
        return or_(*(and_(*(name == value for name, value in zip(names, row, strict=True))) for row in either))

    def _bound(self, column: str, text: str) -> BindParameter[Any]:
        try:
            return self.access.bound(column, text)
        except ValueError:
            raise SourceUnavailable(
                f"{self.context.where}: {column} does not hold what it held when it was read last",
                next_step="ask the owner whether its type changed; forget the stream's state to read all of it",
            ) from None

    def after(self, order: Sequence[str], at: Position) -> ColumnElement[bool]:
        """Rows after a position: compared column by column, since not every database compares rows."""
        ways: list[ColumnElement[bool]] = []
        same: list[ColumnElement[bool]] = []
        for name, cell in zip(order, at, strict=True):
            column = self.access.column(name)
            if cell is None:
                continue  # the part's own condition says that it is null
            value = self._bound(name, cell)
            ways.append(and_(*same, column > value))
            same.append(column == value)
        return or_(*ways)


class _Walk:
    """One part, frame by frame, gone on with after a lost connection from the last row that was handed over.

    Rows with equal places are never parted: what a page ends with is held back until the next shows where they end.
    """

    def __init__(self, reader: SqlReader, part: Part, columns: Sequence[str]) -> None:
        self.reader, self.part = reader, part
        self.at = part.at
        self.columns = list(dict.fromkeys((*columns, *part.order)))
        self.page = reader.access.backend_page if part.order else None
        self.frames: Iterator[pl.DataFrame] | None = None
        self.held: pl.DataFrame | None = None
        self.given = 0
        self.over = False

    def next(self) -> pl.DataFrame | None:
        """The next rows, None at the end. Raises SourceLost where it may be called again."""
        try:
            while not self.over:
                frame = self._next()
                if frame is not None:
                    return frame
        except SourceLost as lost:
            self.frames, self.held = None, None
            if self.given and not self.part.order:
                raise SourceUnavailable(lost.message, next_step=lost.next_step) from None
            raise
        return None

    def _next(self) -> pl.DataFrame | None:
        if self.frames is None:
            self.read = 0
            self.frames = self.reader.access.frames(self._statement(), streamed=self.part.streamed)
        frame = next(self.frames, None)
        if frame is None:
            return self._ended()
        self.read += frame.height
        if not self.part.order:
            return self._give(frame)
        known = frame if self.held is None else pl.concat([self.held, frame])
        whole = known.height - _equal_at_end(known.select(self.part.order))
        self.held = known[whole:]
        return self._give(known[:whole]) if whole else None

    def _ended(self) -> pl.DataFrame | None:
        """The statement gave all it had: the end, unless a page was full."""
        self.frames, held, self.held = None, self.held, None
        if self.page is not None and self.read >= self.page:
            nothing_new = held is not None and held.height >= self.page
            self.page = self.page * 2 if nothing_new else self.reader.access.backend_page
            return None
        self.over = True
        return self._give(held) if held is not None else None

    def _give(self, frame: pl.DataFrame) -> pl.DataFrame:
        self.given += frame.height
        if self.part.order:
            self.at = frame.select(self.part.order).row(-1)
        return frame

    def _statement(self) -> Select[Any]:
        access = self.reader.access
        statement = select(*map(access.column, self.columns)).select_from(access.table)
        if self.part.condition is not None:
            statement = statement.where(self.part.condition)
        if self.at is not None:
            statement = statement.where(self.reader.after(self.part.order, self.at))
        if self.part.order:
            statement = statement.order_by(*map(access.column, self.part.order))
        return statement.limit(self.page) if self.page is not None else statement


def _equal_at_end(places: pl.DataFrame) -> int:
    """How many rows at the end may be equal to the last for the database, whose collation may see no case and no accents."""
    last = tuple(map(_folded, places.row(-1)))
    count = 1
    while count < places.height and tuple(map(_folded, places.row(-1 - count))) == last:
        count += 1
    return count


def _folded(cell: str | None) -> str | None:
    if cell is None:
        return None
    plain = normalize("NFKD", cell.casefold().replace("đ", "d"))
    return "".join(letter for letter in plain if not combining(letter)).rstrip()


def _again(ask: Callable[[], Answer], attempts: int) -> Answer:
    """The answer, asked for again while the source is away for a moment. Raises what the last try raises."""
    caller = stamina.RetryingCaller(attempts=attempts, wait_initial=0.2, wait_max=5.0, timeout=None)
    return caller(SourceLost, ask)
