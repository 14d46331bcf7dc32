"""Following: the changes of a table from a position on, looked for again and again, in batches that end with transactions.

A look is bounded: it takes as many messages as a batch has rows, or one transaction where that is longer. It begins at the
position to which the slot was advanced, so what is given out and not yet acknowledged comes again, and is left out here.
"""

import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import psycopg

from hub.errors import HubMisconfigured
from hub.ingest.read.cdc import slot, tables
from hub.ingest.read.cdc.changes import Followed, Piece, Row, Visible, pieces
from hub.ingest.read.cdc.pgoutput import UNCHANGED, Values, position, shown
from hub.ingest.read.cdc.session import Session
from hub.ingest.read.reader import Batch, Context, State

FETCH = 1_000
"""Messages that one trip to the source brings."""
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.05, 0.5
REST = 4
"""A wait is at least so many times as long as the last look took: looking takes a fifth of one core there at most."""
CHECK_EVERY_S = 10.0
"""How often a follower looks whether the source is as it was: a table that is taken out of the publication is just silent.
It then also says how far it is, where only other tables changed, so that the slot does not hold their log."""


@dataclass(frozen=True)
class Origin:
    """What a position belongs to: a database cluster, a branch of its history, a table in a publication, with its
    files and the publication's options; and the snapshot it came after.
    """

    system: str
    timeline: int
    table: int
    membership: str
    storage: tables.Storage
    altered: str
    shows: Visible | None = None

    def state(self, at: int) -> State:
        """The state at a position. What the snapshot shows matters until the log is past it."""
        state: dict[str, Any] = {"lsn": shown(at), "system": self.system, "timeline": self.timeline}
        state |= {"table": self.table, "publication": self.membership}
        state |= {"storage": self.storage.state(), "altered": self.altered}
        if self.shows is not None and at < self.shows.until:
            state |= {"shows": self.shows.text, "until": shown(self.shows.until)}
        return state

    def stating(self, frame: pl.DataFrame, at: int) -> Batch:
        """A batch after which reading goes on at a position."""
        return Batch(frame, self.state(at), shown(at), commit=True)


@dataclass
class Follower:
    """Reads on from `position`: everything before it was given out."""

    context: Context
    session: Session
    table: tables.Table
    origin: Origin
    position: int
    advanced: int
    """The position to which the slot was advanced."""
    acknowledged: int = 0
    _stated: int = 0
    _checked_at: float = field(default_factory=time.monotonic)
    _loose: bool = False
    """Whether rows were given out that no state covers yet."""
    _given: deque[tuple[int, int]] = field(default_factory=deque)
    """Positions given out, and the messages before each since the one before."""
    _fetched: int = 0
    _messages: int = 0
    _stride: int = 1
    _took_s: float = 0.0
    _told: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._stated = self.acknowledged = self.position
        self._followed = Followed(self.table.oid, self.table.schema, self.table.name, self.session.wanted.key)

    def follow(self) -> Iterator[Batch]:
        """The changes up to the end of the log as it is now; where the context follows, for as long as it does.

        Raises SourceUnavailable, HubMisconfigured, Malformed; Gone after the changes that can be given.
        """
        stop = self.context.follow
        wait, failures = SHORTEST_WAIT_S, 0
        to = self.session.ask(slot.written)
        while True:
            before = self.position
            try:
                more = yield from self._look(to)
                failures = 0
            except psycopg.OperationalError as error:
                more, failures = True, failures + 1
                self.session.pause(failures, error)
            if (stop is None and not more) or (stop is not None and stop.is_set()):
                break
            if stop is not None and not more:
                wait = SHORTEST_WAIT_S if self._stated > before else min(wait * 2, LONGEST_WAIT_S)
                if self._checked_at + CHECK_EVERY_S < time.monotonic():
                    yield from self._rest()
                    self._checked_at = time.monotonic()
                    self.session.ask(self.session.again)
                self.session.wait(max(wait, REST * self._took_s) if to > before else wait)
                to = self.session.ask(slot.written)
        yield from self._rest()

    def acknowledge(self, at: int) -> None:
        """What lies before a position is committed: the source may forget it, now or when it can next be told."""
        self.acknowledged = max(self.acknowledged, at)
        self._told.set()
        self.session.tell(self._advance)

    def _advance(self, connection: slot.Connection) -> None:
        if self.acknowledged > self.advanced:
            slot.advance(connection, self.session.wanted, self.acknowledged)
            self.advanced = self.acknowledged

    def _rest(self) -> Iterator[Batch]:
        """Say how far the log was read, where no change said it."""
        if self.position > self._stated:
            yield self._stating(self.table.empty(), self.position)

    def _stating(self, frame: pl.DataFrame, at: int) -> Batch:
        self._stated, self._loose = at, False
        return self.origin.stating(frame, at)

    # --- One look -----------------------------------------------------------------------------------------------------

    def _look(self, to: int) -> Generator[Batch, None, bool]:
        """Some of the changes up to a position. Returns whether there may be more of them."""
        if to <= self.position:
            return False
        before, bound, looked_at = self.position, self._bound(), time.monotonic()
        cursor = self.session.ask(lambda connection: slot.peek(connection, self.session.wanted, to, bound))
        # The source decodes before it answers: what follows is the hub's own time.
        self._took_s = time.monotonic() - looked_at
        self._fetched = self._messages = 0
        try:
            for piece in pieces(self._log(cursor), self._followed, before, self.origin.shows, self.context.batch_rows):
                yield from self._batch(piece)
        finally:
            slot.close(cursor)
        more = self._fetched >= bound
        self.position = self.position if more else max(self.position, to)
        self._stride = 1 if self.position > before else self._stride * 2
        return more

    def _bound(self) -> int:
        """How many messages to ask for: those that come again, and as many new ones as a batch has rows.

        What is about to be acknowledged is waited for, no longer than it takes to read it again.
        """
        until = time.monotonic() + self._took_s
        while self._given and self.acknowledged < self._given[-1][0] and time.monotonic() < until:
            self._told.clear()
            if self.acknowledged < self._given[-1][0]:
                self._told.wait(until - time.monotonic())
        self.session.tell(self._advance)
        while self._given and self._given[0][0] <= self.advanced:
            self._given.popleft()
        return sum(messages for _, messages in self._given) + self.context.batch_rows * self._stride

    def _log(self, cursor: "psycopg.ServerCursor[Any]") -> Iterator[bytes]:
        while rows := self.session.fetch(cursor, FETCH):
            self._fetched += len(rows)
            for (data,) in rows:
                yield data

    def _batch(self, piece: Piece) -> Iterator[Batch]:
        rows = self._filled(piece)
        frame = tables.framed(piece.columns, piece.types, rows) if piece.columns else self.table.empty()
        self._messages += piece.messages
        if piece.end is None:
            self._loose = True
            yield Batch(frame)
            return
        self.position = piece.end
        self._given.append((piece.end, self._messages))
        self._messages = 0
        if rows or self._loose:
            yield self._stating(frame, piece.end)

    def _filled(self, piece: Piece) -> list[Row]:
        """The rows, with the values that the log does not hold looked up. A later change says what comes after them.

        A row that is no longer there is left out: its delete, or its change of key, comes later in the log.
        """
        partial = [row.values for row in piece.rows if row.op != "D" and UNCHANGED in row.values]
        if not partial:
            return piece.rows
        key = [piece.columns.index(column) for column in piece.key]
        wanted = [column for i, column in enumerate(piece.columns) if any(v[i] is UNCHANGED for v in partial)]
        found = self._now(piece.key, [[values[i] for i in key] for values in partial], wanted)
        filled = []
        for row in piece.rows:
            if row.op == "D" or UNCHANGED not in row.values:
                filled.append(row)
            elif (now := found.get(tuple([row.values[i] for i in key]))) is not None:
                filled.append(Row(row.op, _merged(piece.columns, row.values, now)))
        return filled

    def _now(
        self, key: Sequence[str], values: Sequence[Sequence[Any]], columns: Sequence[str]
    ) -> dict[tuple[Any, ...], dict[str, str | None]]:
        """Columns of rows as they are now, by key. A column that is gone since has no value any more."""

        def ask(connection: slot.Connection) -> dict[tuple[Any, ...], dict[str, str | None]]:
            table = tables.table(connection, self.session.wanted)
            if lacking := sorted(set(key) - set(table.columns)):
                raise HubMisconfigured(
                    f"{self.context.where}: {self.session.wanted.table} lost its key {', '.join(lacking)}",
                    next_step="ask the owner whether it was renamed, then correct the manifest",
                )
            there = [column for column in columns if column in table.types]
            gone = dict.fromkeys(set(columns) - set(there))
            rows = tables.rows_of(connection, table, key, values, there)
            width = len(key)
            return {row[:width]: {**gone, **dict(zip(there, row[width:], strict=True))} for row in rows}

        return self.session.ask(ask)


def _merged(columns: Sequence[str], values: Values, now: dict[str, str | None]) -> Values:
    return tuple([now[c] if value is UNCHANGED else value for c, value in zip(columns, values, strict=True)])


def began(state: State) -> tuple[int, Visible | None]:
    """The position of a state, and the snapshot that it came after."""
    shows = Visible(state["shows"], position(state["until"])) if "shows" in state else None
    return position(state["lsn"]), shows
