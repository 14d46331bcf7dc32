"""Follow a table: look for its changes after a position again and again, in batches that end with transactions.

A look is bounded: it takes as many messages as a batch has rows, or one transaction if that is longer. It starts at the
position to which the slot was advanced, so changes that were handed out but not acknowledged arrive again, and are
skipped here.
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
from hub.ingest.read.cdc.changes import ChangedRow, ChangePiece, FollowedTable, SnapshotVisibility, split_changes
from hub.ingest.read.cdc.pgoutput import UNCHANGED, ChangeValues, format_position, parse_position
from hub.ingest.read.cdc.session import SourceSession
from hub.ingest.read.reader import ReadBatch, ReaderContext, ReadState

FETCH_MESSAGES = 1_000
"""Messages per round trip to the source."""
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.05, 0.5
WAIT_PER_LOOK = 4
"""A wait lasts at least this many times as long as the last look, so that looking takes at most a fifth of one core."""
CHECK_EVERY_S = 10.0
"""How often a follower checks whether the source is unchanged: a table taken out of the publication is just silent. It
then also reports its position if only other tables changed, so that the slot does not hold back their log.
"""


@dataclass(frozen=True)
class ChangeOrigin:
    """What a position belongs to: a database cluster, a branch of its history, a table in a publication, its files and
    the publication's options; and the snapshot that came before.
    """

    system: str
    timeline: int
    table: int
    membership: str
    storage: tables.TableStorage
    altered: str
    shows: SnapshotVisibility | None = None

    def build_state(self, at: int) -> ReadState:
        """Return the state at a position. What the snapshot shows matters until the log is past it."""
        state: dict[str, Any] = {"lsn": format_position(at), "system": self.system, "timeline": self.timeline}
        state |= {"table": self.table, "publication": self.membership}
        state |= {"storage": self.storage.build_state(), "altered": self.altered}
        if self.shows is not None and at < self.shows.until:
            state |= {"shows": self.shows.text, "until": format_position(self.shows.until)}
        return state

    def build_batch(self, frame: pl.DataFrame, at: int) -> ReadBatch:
        """Return a batch after which reading continues at a position."""
        return ReadBatch(frame, self.build_state(at), format_position(at), commit=True)


@dataclass
class TableFollower:
    """Reads on from `position`: everything before it was handed out."""

    context: ReaderContext
    session: SourceSession
    table: tables.PublishedTable
    origin: ChangeOrigin
    position: int
    advanced: int
    """The position to which the slot was advanced."""
    acknowledged: int = 0
    _stated: int = 0
    _checked_at: float = field(default_factory=time.monotonic)
    _loose: bool = False
    """Whether rows were handed out that no state covers yet."""
    _given: deque[tuple[int, int]] = field(default_factory=deque)
    """Positions handed out, each with the number of messages since the one before."""
    _fetched: int = 0
    _messages: int = 0
    _stride: int = 1
    _took_s: float = 0.0
    _told: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._stated = self.acknowledged = self.position
        self._followed = FollowedTable(self.table.oid, self.table.schema, self.table.name, self.session.wanted.key)

    def follow(self) -> Iterator[ReadBatch]:
        """Yield the changes up to the current end of the log, or, when following, for as long as the context follows.

        Raises SourceUnavailable, HubMisconfigured, MalformedMessage; CannotFollow after the changes that can be handed
        out.
        """
        stop = self.context.follow
        wait, failures = SHORTEST_WAIT_S, 0
        to = self.session.ask(slot.find_log_end)
        while True:
            before = self.position
            try:
                more = yield from self._read_changes(to)
                failures = 0
            except psycopg.OperationalError as error:
                more, failures = True, failures + 1
                self.session.pause(failures, error)
            if (stop is None and not more) or (stop is not None and stop.is_set()):
                break
            if stop is not None and not more:
                wait = SHORTEST_WAIT_S if self._stated > before else min(wait * 2, LONGEST_WAIT_S)
                if self._checked_at + CHECK_EVERY_S < time.monotonic():
                    yield from self._report_position()
                    self._checked_at = time.monotonic()
                    self.session.ask(self.session.check_connection)
                self.session.wait(max(wait, WAIT_PER_LOOK * self._took_s) if to > before else wait)
                to = self.session.ask(slot.find_log_end)
        yield from self._report_position()

    def acknowledge(self, at: int) -> None:
        """Record that everything before a position is committed: the source may forget it, now or at the next
        opportunity.
        """
        self.acknowledged = max(self.acknowledged, at)
        self._told.set()
        self.session.tell(self._advance)

    def _advance(self, connection: slot.SourceConnection) -> None:
        if self.acknowledged > self.advanced:
            slot.advance_slot(connection, self.session.wanted, self.acknowledged)
            self.advanced = self.acknowledged

    def _report_position(self) -> Iterator[ReadBatch]:
        """Report how far the log was read, if no change reported it."""
        if self.position > self._stated:
            yield self._build_batch(self.table.build_empty(), self.position)

    def _build_batch(self, frame: pl.DataFrame, at: int) -> ReadBatch:
        self._stated, self._loose = at, False
        return self.origin.build_batch(frame, at)

    # --- One look -----------------------------------------------------------------------------------------------------

    def _read_changes(self, to: int) -> Generator[ReadBatch, None, bool]:
        """Yield some of the changes up to a position. Returns whether there may be more."""
        if to <= self.position:
            return False
        before, bound, looked_at = self.position, self._count_to_request(), time.monotonic()
        cursor = self.session.ask(lambda connection: slot.peek_changes(connection, self.session.wanted, to, bound))
        # The source decodes before it answers: what follows is the hub's own time.
        self._took_s = time.monotonic() - looked_at
        self._fetched = self._messages = 0
        try:
            self.session.ask(self._refuse_moved_slot)
            for piece in split_changes(
                self._read_log(cursor), self._followed, before, self.origin.shows, self.context.batch_rows
            ):
                yield from self._build_batches(piece)
        finally:
            slot.close_cursor(cursor)
        more = self._fetched >= bound
        self.position = self.position if more else max(self.position, to)
        self._stride = 1 if self.position > before else self._stride * 2
        return more

    def _refuse_moved_slot(self, connection: slot.SourceConnection) -> None:
        """Raise SourceUnavailable if somebody has moved the slot, or created it again, since the last look: it no longer gives the changes
        between the position already read and its own.
        """
        held = slot.find_slot(connection, self.session.wanted.slot)
        if held is None or held.confirmed > self.position:
            self.session.check_connection(connection)

    def _count_to_request(self) -> int:
        """Return how many messages to request: those that arrive again, and as many new ones as a batch has rows.

        Waits for a pending acknowledgement, but no longer than reading the messages again would take.
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

    def _read_log(self, cursor: "psycopg.ServerCursor[Any]") -> Iterator[bytes]:
        while rows := self.session.fetch(cursor, FETCH_MESSAGES):
            self._fetched += len(rows)
            for (data,) in rows:
                yield data

    def _build_batches(self, piece: ChangePiece) -> Iterator[ReadBatch]:
        rows = self._fill_unchanged(piece)
        frame = tables.build_frame(piece.columns, piece.types, rows) if piece.columns else self.table.build_empty()
        self._messages += piece.messages
        if piece.end is None:
            self._loose = True
            yield ReadBatch(frame)
            return
        self.position = piece.end
        self._given.append((piece.end, self._messages))
        self._messages = 0
        if rows or self._loose:
            yield self._build_batch(frame, piece.end)

    def _fill_unchanged(self, piece: ChangePiece) -> list[ChangedRow]:
        """Return the rows, with values missing from the log looked up. A later change corrects what the look-up may
        anticipate.

        A row that no longer exists is left out: its delete, or its change of key, follows in the log.
        """
        partial = [row.values for row in piece.rows if row.op != "D" and UNCHANGED in row.values]
        if not partial:
            return piece.rows
        key = [piece.columns.index(column) for column in piece.key]
        wanted = [column for i, column in enumerate(piece.columns) if any(v[i] is UNCHANGED for v in partial)]
        found = self._look_up_values(piece.key, [[values[i] for i in key] for values in partial], wanted)
        filled = []
        for row in piece.rows:
            if row.op == "D" or UNCHANGED not in row.values:
                filled.append(row)
            elif (now := found.get(tuple([row.values[i] for i in key]))) is not None:
                filled.append(ChangedRow(row.op, _merge_values(piece.columns, row.values, now)))
        return filled

    def _look_up_values(
        self, key: Sequence[str], values: Sequence[Sequence[Any]], columns: Sequence[str]
    ) -> dict[tuple[Any, ...], dict[str, str | None]]:
        """Return current columns of rows, by key. A column dropped since has no value."""

        def ask(connection: slot.SourceConnection) -> dict[tuple[Any, ...], dict[str, str | None]]:
            table = tables.load_table(connection, self.session.wanted)
            if lacking := sorted(set(key) - set(table.columns)):
                raise HubMisconfigured(
                    f"{self.context.where}: {self.session.wanted.table} lost its key columns {', '.join(lacking)}",
                    next_step="ask the owner whether it was renamed, then correct the manifest",
                )
            there = [column for column in columns if column in table.types]
            gone = dict.fromkeys(set(columns) - set(there))
            rows = tables.fetch_rows(connection, table, key, values, there)
            width = len(key)
            return {row[:width]: {**gone, **dict(zip(there, row[width:], strict=True))} for row in rows}

        return self.session.ask(ask)


def _merge_values(columns: Sequence[str], values: ChangeValues, now: dict[str, str | None]) -> ChangeValues:
    return tuple([now[c] if value is UNCHANGED else value for c, value in zip(columns, values, strict=True)])


def parse_state(state: ReadState) -> tuple[int, SnapshotVisibility | None]:
    """Return the position of a state, and the snapshot that it followed."""
    shows = SnapshotVisibility(state["shows"], parse_position(state["until"])) if "shows" in state else None
    return parse_position(state["lsn"]), shows
