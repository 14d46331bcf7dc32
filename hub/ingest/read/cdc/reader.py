"""CDC reader: a snapshot of one PostgreSQL table, then its changes through logical decoding over SQL.

The stream has a slot at the source, which keeps what the hub has not committed yet. The state is the position up to
which everything is committed. The slot is only advanced to acknowledged positions, so it is never ahead of the state.
If it is, or if the slot, the database or the table is a different one, changes are lost and the table is read whole.

Frames have the table's published columns and `_op`: `I`, `U` or `D`. A `D` has the columns of the replica identity.
`read` yields either the snapshot or the changes: after a snapshot it ends, even when following.

Memory is bounded by `batch_rows`, even within a transaction: the source spools decoded changes to its own files.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.cdc import slot, tables
from hub.ingest.read.cdc.changes import CannotFollow, ChangedRow, SnapshotVisibility
from hub.ingest.read.cdc.follow import ChangeOrigin, TableFollower, parse_state
from hub.ingest.read.cdc.pgoutput import MalformedMessage, parse_position
from hub.ingest.read.cdc.session import SourceSession
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext, ReadState
from hub.ingest.values.typed_numbers import find_notations, write_columns
from hub.sdk.sources import CdcSource
from hub.sdk.streams import CdcStream

UNIT_BYTES: Mapping[str, int] = {"MB": 1 << 20, "GB": 1 << 30}
LONGEST_NAME_CHARS = 63


def build_slot_name(connector: str, stream: str) -> str:
    """Return the name of a stream's slot. If PostgreSQL would not accept it, its end is replaced by a digest."""
    name = f"hub_{connector}_{stream}".lower()
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
    if plain == name and len(name) <= LONGEST_NAME_CHARS:
        return name
    return f"{plain[: LONGEST_NAME_CHARS - 17]}_{hashlib.sha256(name.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class _SourceView:
    """The source as it was last inspected: the table, what a position belongs to, and the slot if there is one."""

    table: tables.PublishedTable
    origin: ChangeOrigin
    held: slot.ReplicationSlot | None = None


class CdcReader(Reader):
    """Reads the changes of a table. `notes` are remarks about this read, in sentences."""

    looks_up = True
    lists_keys = True

    def __init__(self, context: ReaderContext) -> None:
        super().__init__(context)
        source, stream, connector = context.manifest.source, context.stream, context.manifest.name
        assert isinstance(source, CdcSource)
        assert isinstance(stream, CdcStream)
        name = build_slot_name(connector, context.name)
        self.notes: list[str] = []
        self._notations = find_notations(stream)
        self.max_lag = source.max_lag
        self.wanted = slot.SlotTarget(
            context.where, stream.table, stream.key, source.publication, name, source.timeout_s
        )
        url = source.url.value(connector)
        self._session = SourceSession(self.wanted, url, source.attempts, context.gate, context.follow)
        self._decided: tuple[ReadState | None, str | None] | None = None
        self._follower: TableFollower | None = None
        self._inspected: _SourceView | None = None

    def whole(self, state: ReadState | None) -> bool:
        """Whether the changes since `state` are unavailable, so that `read` takes a snapshot."""
        return self._explain_whole(state) is not None

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        """Yield the snapshot, or the changes since `state`. Raises SourceUnavailable, HubMisconfigured."""
        for batch in self._read_batches(state):
            yield replace(batch, frame=self._write_numbers(batch.frame, self._view.table))

    def _write_numbers(self, frame: pl.DataFrame, table: tables.PublishedTable) -> pl.DataFrame:
        """Write the table's numbers in the notation of their fields."""
        numbers = {name for name, (_, oid) in table.types.items() if oid in tables.NUMBER_OIDS}
        return write_columns(frame, {c: n for c, n in self._notations.items() if c in numbers})

    def _read_batches(self, state: ReadState | None) -> Iterator[ReadBatch]:
        asked, reason = self._decided or (None, None)
        why = self._explain_whole(state)
        if state is not None and why is None:
            yield from self._read_changes(state)
            return
        if state is None and asked is not None:
            why = reason  # the engine asked with the state, and reads from the beginning
        if state is not None or (asked is not None and why is not None):
            self.notes.append(f"{self.context.where}: {self.wanted.table} is read whole: {why}")
        yield from self._read_snapshot()

    def keys(self) -> Iterator[pl.DataFrame]:
        """Yield the key columns of every row, and those that say whether it is deleted."""
        with self._lend_connection() as connection:
            table = tables.load_table(connection, self.wanted)
            chosen_by = self.context.stream.list_choosing_columns() & set(table.columns)
            wanted = list(dict.fromkeys([*self.wanted.key, *sorted(chosen_by)]))
            for frame in tables.copy_rows(connection, table, wanted, self.context.batch_rows):
                yield self._write_numbers(frame, table)

    def lookup(self, keys: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Yield the rows with these keys, as they are now."""
        key = self.wanted.key
        with self._lend_connection() as connection:
            table = tables.load_table(connection, self.wanted)
            rows = tables.fetch_rows(connection, table, key, keys.select(key).rows(), table.columns)
        frame = tables.build_frame(table.columns, table.oids, [ChangedRow("I", row[len(key) :]) for row in rows])
        yield self._write_numbers(frame, table)

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Let the source discard committed changes. If it cannot be told now, the next call tells it."""
        known = [parse_position(token) for token in tokens if token is not None]
        if known and self._follower is not None:
            self._follower.acknowledge(max(known))

    def close(self) -> None:
        """Close the session; the slot stays."""
        self._session.close()

    @contextmanager
    def _lend_connection(self) -> Iterator[slot.SourceConnection]:
        """Lend the session's connection for a long statement; it fails if the source goes down meanwhile."""
        connection = self._session.ask(lambda connection: connection)
        try:
            with self.context.gate:
                yield connection
        except psycopg.Error as error:
            raise self._session.explain_error(error) from None

    @property
    def _view(self) -> _SourceView:
        assert self._inspected is not None  # `_compare` comes before every read
        return self._inspected

    @property
    def _confirmed(self) -> int:
        """The position to which the slot is confirmed; only if changes are read from it."""
        assert self._view.held is not None
        return self._view.held.confirmed

    # --- Whole or not -------------------------------------------------------------------------------------------------

    def _explain_whole(self, state: ReadState | None) -> str | None:
        """Say why the table must be read whole. Decided once: the engine sweeps by the answer, so `read` must keep to
        it.
        """
        if self._decided is None or self._decided[0] != state:
            most = int(self.max_lag.split(" ")[0]) * UNIT_BYTES[self.max_lag.split(" ")[1]]
            self._decided = (state, self._session.ask(lambda connection: self._compare(connection, state, most)))
        return self._decided[1]

    def _compare(self, connection: slot.SourceConnection, state: ReadState | None, most: int | None) -> str | None:
        """Inspect the source. Returns why the changes since a state are unavailable, or None."""
        found = tables.load_table(connection, self.wanted)
        origin = ChangeOrigin(
            *slot.identify_cluster(connection), found.oid, found.membership, found.storage, found.altered
        )
        held = slot.find_slot(connection, self.wanted.slot)
        self._inspected = _SourceView(found, origin, held)
        if held is not None and not held.ours:
            raise HubMisconfigured(
                f"{self.context.where}: the slot {self.wanted.slot} belongs to another database, or does not use pgoutput",
                next_step="ask the owner who uses it: slots of one server need different names",
            )
        if state is None:
            return "it has never been read"
        if held is None:
            return f"the source has no slot {self.wanted.slot}"
        why = explain_whole_read(state, origin, held, slot.find_log_end(connection), most)
        return why or self._explain_unlogged(connection, state)

    def _explain_unlogged(self, connection: slot.SourceConnection, state: ReadState) -> str | None:
        """Return what happened to the table that its log does not contain, or None if nothing changed its rows."""
        storage = self._view.origin.storage
        if "storage" not in state:
            watched = storage.parted or any(emit.when for emit in self.context.stream.emits.values())
            return "an earlier version of the hub did not check what the log leaves out" if watched else None
        newest = state["storage"]["newest"]
        if state["storage"]["digest"] != storage.digest_files(newest):
            if storage.parted:
                return "a partition was attached, detached, truncated or rewritten, which the log does not contain"
            return "it was truncated or rewritten"
        # Partitions created since with CREATE TABLE … PARTITION OF start empty. One that has rows may have been
        # attached with them.
        if tables.has_rows(connection, [oid for oid, _ in storage.files if oid > newest]):
            return "it has a new partition with rows, which may have been attached with them"
        return None

    def _check_again(self, connection: slot.SourceConnection) -> None:
        """Refuse to continue with a source that has become a different one."""
        follower = self._follower
        assert follower is not None
        why = self._compare(connection, follower.origin.build_state(follower.position), None)
        if why is not None:
            raise SourceUnavailable(
                f"{self.context.where}: the source has changed: {why}",
                next_step="run it again: the table is then read whole",
            )
        follower.advanced = self._confirmed
        # New, empty partitions are filled by what the log contains.
        follower.origin = replace(follower.origin, storage=self._view.origin.storage)

    # --- Snapshot and changes -----------------------------------------------------------------------------------------

    def _read_snapshot(self) -> Iterator[ReadBatch]:
        """Yield every row. The slot is created first, so that nothing is missed in between."""
        at = self._session.ask(lambda connection: slot.recreate_slot(connection, self.wanted))
        taken = False
        try:
            with self._lend_connection() as connection, connection.transaction():
                shows = self._begin_snapshot(connection)
                for frame in tables.copy_rows(
                    connection, self._view.table, self._view.table.columns, self.context.batch_rows
                ):
                    yield ReadBatch(frame.with_columns(pl.lit("I").alias(tables.OP_COLUMN)))
            taken = True
        finally:
            if not taken:
                # Nobody would read what this slot keeps: the next run creates another.
                self._session.tell(lambda connection: slot.drop_slot(connection, self.wanted))
        yield replace(self._view.origin, shows=shows).build_batch(self._view.table.build_empty(), at)

    def _begin_snapshot(self, connection: slot.SourceConnection) -> SnapshotVisibility:
        """Begin the snapshot, and return which transactions it shows. Lock first, so that no TRUNCATE gets in between."""
        connection.execute("set transaction isolation level repeatable read")
        connection.execute(f"set local lock_timeout = {int(self.wanted.timeout_s * 1000)}")
        connection.execute(sql.SQL("lock table {} in access share mode").format(self._view.table.identifier))
        row = slot.fetch_row(connection.execute("select pg_current_snapshot()::text, pg_current_wal_insert_lsn()"))
        table = tables.load_table(connection, self.wanted)
        origin = replace(self._view.origin, storage=table.storage, altered=table.altered)
        self._inspected = _SourceView(table, origin, self._view.held)
        return SnapshotVisibility(row[0], parse_position(row[1]))

    def _read_changes(self, state: ReadState) -> Iterator[ReadBatch]:
        at, shows = parse_state(state)
        origin = replace(self._view.origin, shows=shows)
        self._follower = TableFollower(self.context, self._session, self._view.table, origin, at, self._confirmed)
        self._session.check_connection = self._check_again
        try:
            yield from self._follower.follow()
        except CannotFollow as gone:
            # Drop the slot first: however this run ends, the next one finds none and takes a snapshot.
            self._session.ask(lambda connection: slot.drop_slot(connection, self.wanted))
            raise SourceUnavailable(
                f"{self.context.where}: {self.wanted.table} cannot be followed further: {gone}",
                next_step="run it again: the table is then read whole",
            ) from None
        except MalformedMessage as malformed:
            raise SourceUnavailable(
                f"{self.context.where}: cannot decode the source's log: {malformed}",
                next_step="nothing is lost; report it with the version of the source's PostgreSQL",
            ) from None


def explain_whole_read(
    state: ReadState, origin: ChangeOrigin, held: slot.ReplicationSlot, written: int, most: int | None
) -> str | None:
    """Say why the changes since a state are unavailable from a slot, or only with harm to the source; None if they are
    available.

    `written` is the end of the source's log. `most` is the maximum WAL in bytes that the slot may hold back; None means
    no limit.
    """
    at, _ = parse_state(state)
    rules = (
        (held.lost, "the source dropped its slot, which held back too much of the log"),
        (state["system"] != origin.system, "the address leads to another database"),
        (state["timeline"] != origin.timeline, "the source was restored, or a standby was promoted"),
        (state["table"] != origin.table, "the table was created anew"),
        (state["publication"] != origin.membership, "the publication, or the table's entry in it, was created anew"),
        (state.get("altered", origin.altered) != origin.altered, "the publication was altered"),
        (at > written, "the source's log ends before the position already read"),
        (
            held.confirmed > at,
            "its slot was moved by another reader, or the hub's own database was restored from a backup",
        ),
        (most is not None and held.bytes > most, f"its slot held back {held.bytes >> 20} MB of log, more than max_lag"),
    )
    return next((why for holds, why in rules if holds), None)
