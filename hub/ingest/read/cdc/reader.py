"""CDC: the changes of one PostgreSQL table, by logical decoding through SQL, after a snapshot of it.

The stream has a slot at the source, which keeps what the hub has not yet committed. The state is the position up to which
everything is; the slot is advanced only to acknowledged positions, so it is never ahead of the state. Where it is, or where
the slot, the database or the table is another one, what lies between is lost, and the table is read whole.

Frames have the table's published columns and `_op`: `I`, `U` or `D`. A `D` has the columns of the replica identity. `read`
gives either the snapshot or the changes: after a snapshot it ends, whether it follows or not.

Memory is bounded by `batch_rows`, also within a transaction: the source spools what it decoded to files of its own.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.cdc import slot, tables
from hub.ingest.read.cdc.changes import Gone, Row, Visible
from hub.ingest.read.cdc.follow import Follower, Origin, began
from hub.ingest.read.cdc.pgoutput import Malformed, position
from hub.ingest.read.cdc.session import Session
from hub.ingest.read.reader import Batch, Context, Reader, State
from hub.ingest.values.typed_numbers import find_notations, write_columns
from hub.sdk.sources import CdcSource
from hub.sdk.streams import CdcStream

BYTES: Mapping[str, int] = {"MB": 1 << 20, "GB": 1 << 30}
LONGEST_NAME = 63


def slot_name(connector: str, stream: str) -> str:
    """The name of a stream's slot. Where PostgreSQL would not take it, its end is a digest of it."""
    name = f"hub_{connector}_{stream}".lower()
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
    if plain == name and len(name) <= LONGEST_NAME:
        return name
    return f"{plain[: LONGEST_NAME - 17]}_{hashlib.sha256(name.encode()).hexdigest()[:16]}"


class CdcReader(Reader):
    """Reads the changes of a table. `notes` are what a person should know of this read, in sentences."""

    looks_up = True
    lists_keys = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        source, stream, connector = context.manifest.source, context.stream, context.manifest.name
        assert isinstance(source, CdcSource)
        assert isinstance(stream, CdcStream)
        name = slot_name(connector, context.name)
        self.notes: list[str] = []
        self._notations = find_notations(stream)
        self.max_lag = source.max_lag
        self.wanted = slot.Wanted(context.where, stream.table, stream.key, source.publication, name, source.timeout_s)
        url = source.url.value(connector)
        self._session = Session(self.wanted, url, source.attempts, context.gate, context.follow)
        self._decided: tuple[State | None, str | None] | None = None
        self._follower: Follower | None = None

    def whole(self, state: State | None) -> bool:
        """Whether the changes since `state` cannot be had, so that `read` takes a snapshot."""
        return self._why_whole(state) is not None

    def read(self, state: State | None) -> Iterator[Batch]:
        """The snapshot, or the changes since `state`. Raises SourceUnavailable, HubMisconfigured."""
        for batch in self._batches(state):
            yield replace(batch, frame=self._in_notation(batch.frame, self._table))

    def _in_notation(self, frame: pl.DataFrame, table: tables.Table) -> pl.DataFrame:
        """Numbers of the table in the notation that fields read them by."""
        numbers = {name for name, (_, oid) in table.types.items() if oid in tables.NUMBERS}
        return write_columns(frame, {c: n for c, n in self._notations.items() if c in numbers})

    def _batches(self, state: State | None) -> Iterator[Batch]:
        asked, reason = self._decided or (None, None)
        why = self._why_whole(state)
        if state is not None and why is None:
            yield from self._changes(state)
            return
        if state is None and asked is not None:
            why = reason  # the engine asked by the state, and reads from the beginning
        if state is not None or (asked is not None and why is not None):
            self.notes.append(f"{self.context.where}: {self.wanted.table} is read whole: {why}")
        yield from self._snapshot()

    def keys(self) -> Iterator[pl.DataFrame]:
        """The key columns of every row, and those that say whether it lives."""
        with self._asking() as connection:
            table = tables.table(connection, self.wanted)
            chosen_by = self.context.stream.chosen_by() & set(table.columns)
            wanted = list(dict.fromkeys([*self.wanted.key, *sorted(chosen_by)]))
            for frame in tables.copied(connection, table, wanted, self.context.batch_rows):
                yield self._in_notation(frame, table)

    def lookup(self, keys: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The rows with these keys, as they are now."""
        key = self.wanted.key
        with self._asking() as connection:
            table = tables.table(connection, self.wanted)
            rows = tables.rows_of(connection, table, key, keys.select(key).rows(), table.columns)
        frame = tables.framed(table.columns, table.oids, [Row("I", row[len(key) :]) for row in rows])
        yield self._in_notation(frame, table)

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Let the source forget what is committed. Where it cannot be told now, it is told later."""
        known = [position(token) for token in tokens if token is not None]
        if known and self._follower is not None:
            self._follower.acknowledge(max(known))

    def close(self) -> None:
        """Let go of the session; the slot stays."""
        self._session.close()

    @contextmanager
    def _asking(self) -> Iterator[slot.Connection]:
        """The session's connection for a statement that runs on; a source that goes away meanwhile ends it."""
        connection = self._session.ask(lambda connection: connection)
        try:
            with self.context.gate:
                yield connection
        except psycopg.Error as error:
            raise self._session.said(error) from None

    # --- Whole or not -------------------------------------------------------------------------------------------------

    def _why_whole(self, state: State | None) -> str | None:
        """Why the table must be read whole. Decided once: the engine sweeps by the answer, so `read` keeps to it."""
        if self._decided is None or self._decided[0] != state:
            most = int(self.max_lag.split(" ")[0]) * BYTES[self.max_lag.split(" ")[1]]
            self._decided = (state, self._session.ask(lambda connection: self._compare(connection, state, most)))
        return self._decided[1]

    def _compare(self, connection: slot.Connection, state: State | None, most: int | None) -> str | None:
        """Look at the source as it is now. Why the changes since a state cannot be had; None: they can."""
        self._table = tables.table(connection, self.wanted)
        found = self._table
        self._origin = Origin(*slot.cluster(connection), found.oid, found.membership, found.storage, found.altered)
        held = slot.held(connection, self.wanted.slot)
        if held is not None and not held.ours:
            raise HubMisconfigured(
                f"{self.context.where}: the slot {self.wanted.slot} is another database's, or not of pgoutput",
                next_step="ask the owner who reads it: slots of one server need different names",
            )
        if state is None:
            return "it was never read"
        if held is None:
            return f"the source has no slot {self.wanted.slot}"
        self._held = held
        why = why_whole(state, self._origin, held, slot.written(connection), most)
        return why or self._why_unlogged(connection, state)

    def _why_unlogged(self, connection: slot.Connection, state: State) -> str | None:
        """What happened to the table that its log does not tell; None: nothing that changes its rows."""
        storage = self._origin.storage
        if "storage" not in state:
            watched = storage.parted or any(emit.when for emit in self.context.stream.emits.values())
            return "an earlier version of the hub did not watch what the log leaves out" if watched else None
        newest = state["storage"]["newest"]
        if state["storage"]["digest"] != storage.digest(newest):
            if storage.parted:
                return "a partition was attached, detached, truncated or rewritten, which the log does not tell"
            return "it was truncated or rewritten"
        # What was made since by CREATE TABLE … PARTITION OF is empty at first. One that has rows may have come with them.
        if tables.has_rows(connection, [oid for oid, _ in storage.files if oid > newest]):
            return "it has a new partition with rows, which may have been attached with them"
        return None

    def _check_again(self, connection: slot.Connection) -> None:
        """A source that is another one now is not gone on with."""
        follower = self._follower
        assert follower is not None
        why = self._compare(connection, follower.origin.state(follower.position), None)
        if why is not None:
            raise SourceUnavailable(
                f"{self.context.where}: the source is not as it was: {why}",
                next_step="run again: the table is then read whole",
            )
        follower.advanced = self._held.confirmed
        # Partitions that are new and empty are filled by what the log tells.
        follower.origin = replace(follower.origin, storage=self._origin.storage)

    # --- Snapshot and changes -----------------------------------------------------------------------------------------

    def _snapshot(self) -> Iterator[Batch]:
        """Every row. The slot is made first, so that nothing is missed between."""
        at = self._session.ask(lambda connection: slot.remake(connection, self.wanted))
        taken = False
        try:
            with self._asking() as connection, connection.transaction():
                shows = self._begin(connection)
                for frame in tables.copied(connection, self._table, self._table.columns, self.context.batch_rows):
                    yield Batch(frame.with_columns(pl.lit("I").alias(tables.OP)))
            taken = True
        finally:
            if not taken:
                # Nobody would read what this slot keeps: the next run makes another.
                self._session.tell(lambda connection: slot.drop(connection, self.wanted))
        yield replace(self._origin, shows=shows).stating(self._table.empty(), at)

    def _begin(self, connection: slot.Connection) -> Visible:
        """Begin the snapshot: which transactions it shows. The lock is first, so that no TRUNCATE comes between."""
        connection.execute("set transaction isolation level repeatable read")
        connection.execute(f"set local lock_timeout = {int(self.wanted.timeout_s * 1000)}")
        connection.execute(sql.SQL("lock table {} in access share mode").format(self._table.identifier))
        row = slot.one(connection.execute("select pg_current_snapshot()::text, pg_current_wal_insert_lsn()"))
        self._table = tables.table(connection, self.wanted)
        self._origin = replace(self._origin, storage=self._table.storage, altered=self._table.altered)
        return Visible(row[0], position(row[1]))

    def _changes(self, state: State) -> Iterator[Batch]:
        at, shows = began(state)
        origin = replace(self._origin, shows=shows)
        self._follower = Follower(self.context, self._session, self._table, origin, at, self._held.confirmed)
        self._session.again = self._check_again
        try:
            yield from self._follower.follow()
        except Gone as gone:
            # The slot goes first: however this run ends, the next one finds none and takes a snapshot.
            self._session.ask(lambda connection: slot.drop(connection, self.wanted))
            raise SourceUnavailable(
                f"{self.context.where}: {self.wanted.table} cannot be followed further: {gone}",
                next_step="run again: the table is then read whole",
            ) from None
        except Malformed as malformed:
            raise SourceUnavailable(
                f"{self.context.where}: the source's log cannot be read: {malformed}",
                next_step="nothing is lost; report it, with the version of the source's PostgreSQL",
            ) from None


def why_whole(state: State, origin: Origin, held: slot.Held, written: int, most: int | None) -> str | None:
    """Why the changes since a state cannot be had from a slot, or not without harm to the source; None: they can.

    `written` is the end of the source's log; `most` the bytes of it that the slot may hold back, None: any number.
    """
    at, _ = began(state)
    rules = (
        (held.lost, "the source gave up its slot, which held back too much of the log"),
        (state["system"] != origin.system, "the address leads to another database"),
        (state["timeline"] != origin.timeline, "the source was restored, or a standby took its place"),
        (state["table"] != origin.table, "the table was made anew"),
        (state["publication"] != origin.membership, "the publication was made anew, or the table's part in it"),
        (state.get("altered", origin.altered) != origin.altered, "the publication was altered"),
        (at > written, "the source's log is shorter than what was read of it"),
        (held.confirmed > at, "its slot was moved by another reader, or the hub's own database is an older one"),
        (most is not None and held.bytes > most, f"its slot held back {held.bytes >> 20} MB of log, more than max_lag"),
    )
    return next((why for holds, why in rules if holds), None)
