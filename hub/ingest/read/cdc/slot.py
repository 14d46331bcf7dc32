"""Replication slots of logical decoding, over SQL: create, read, advance and drop them, and explain refusals.

Nothing is written at the source except the slot itself: every session is read-only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from hub.errors import SourceUnavailable
from hub.ingest.read.cdc.pgoutput import format_position, parse_position

# The output functions depend on these settings: with them, COPY and the log contain the same text.
SESSION_OPTIONS = (
    "-c default_transaction_read_only=on -c datestyle=ISO -c timezone=UTC -c intervalstyle=iso_8601"
    " -c extra_float_digits=1 -c bytea_output=hex"
)
SourceConnection = psycopg.Connection[TupleRow]


@dataclass(frozen=True)
class SlotTarget:
    """What to read, in the manifest's words. `where` is the name of the stream in messages."""

    where: str
    table: str
    key: tuple[str, ...]
    publication: str
    slot: str
    timeout_s: float


@dataclass(frozen=True)
class ReplicationSlot:
    """A slot: its confirmed position, whether it can still be read, and the WAL it holds back in bytes."""

    confirmed: int
    lost: bool
    ours: bool
    """Whether it belongs to this database and uses pgoutput."""
    bytes: int


def connect_to_source(url: str, timeout_s: float) -> SourceConnection:
    """Open a read-only session. Raises psycopg.OperationalError."""
    return psycopg.connect(
        url,
        autocommit=True,
        options=SESSION_OPTIONS,
        client_encoding="utf8",
        application_name="hub",
        connect_timeout=max(2, int(timeout_s)),
        # A source that disappears silently is noticed within half a minute.
        keepalives=1,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=int(timeout_s * 1000),
    )


def measure_lag(url: str, slot: str, timeout_s: float = 10.0) -> int | None:
    """Return the WAL in bytes that a slot holds back. None if there is no such slot. Raises psycopg.Error."""
    with connect_to_source(url, timeout_s) as connection:
        found = find_slot(connection, slot)
        return found.bytes if found else None


def find_slot(connection: SourceConnection, slot: str) -> ReplicationSlot | None:
    """Return the slot with this name."""
    row = connection.execute(
        "select confirmed_flush_lsn, coalesce(wal_status = 'lost', false) or restart_lsn is null,"
        " plugin = 'pgoutput' and database = current_database(),"
        " coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint"
        " from pg_replication_slots where slot_name = %s",
        (slot,),
    ).fetchone()
    return ReplicationSlot(parse_position(row[0]) if row[0] else 0, row[1], bool(row[2]), row[3]) if row else None


def identify_cluster(connection: SourceConnection) -> tuple[str, int]:
    """Return what distinguishes this database cluster, and this branch of its history, from every other."""
    row = fetch_row(
        connection.execute(
            "select system_identifier::text, left(pg_walfile_name(pg_current_wal_lsn()), 8) from pg_control_system()"
        )
    )
    return row[0], int(row[1], 16)


def find_log_end(connection: SourceConnection) -> int:
    """Return the position up to which the log is safe on the source's disk: what decoding can see."""
    return parse_position(fetch_row(connection.execute("select pg_current_wal_flush_lsn()"))[0])


@contextmanager
def explain_refusals(wanted: SlotTarget) -> Iterator[None]:
    """Explain a source's refusal to work with a slot. What a retry may fix stays psycopg's OperationalError."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege:
        raise SourceUnavailable(
            f"{wanted.where}: the role must not use replication slots",
            next_step="ask the owner to run: ALTER ROLE … REPLICATION (a managed service has a role for it to grant)",
        ) from None
    except psycopg.errors.ConfigurationLimitExceeded:
        raise SourceUnavailable(
            f"{wanted.where}: all replication slots of the source are in use",
            next_step="ask the owner to raise max_replication_slots, or to drop unused slots",
        ) from None
    except (psycopg.errors.UndefinedObject, psycopg.errors.ObjectNotInPrerequisiteState):
        raise SourceUnavailable(
            f"{wanted.where}: the source dropped the slot {wanted.slot}, or its publication",
            next_step="run it again: the table is then read whole; ask the owner for a larger max_slot_wal_keep_size",
        ) from None
    except psycopg.errors.QueryCanceled:
        raise SourceUnavailable(
            f"{wanted.where}: the source cancelled a request for the slot {wanted.slot}",
            next_step="run it again when the open transactions at the source have ended; a slot can only be created then",
        ) from None


def recreate_slot(connection: SourceConnection, wanted: SlotTarget) -> int:
    """Create the slot, after dropping an old one. Returns the position from which it contains everything."""
    drop_slot(connection, wanted)
    with explain_refusals(wanted), connection.transaction():
        # It waits for every transaction that writes at the source, but not forever.
        connection.execute(f"set local statement_timeout = {int(wanted.timeout_s * 1000)}")
        row = fetch_row(
            connection.execute("select lsn from pg_create_logical_replication_slot(%s, 'pgoutput')", (wanted.slot,))
        )
        return parse_position(row[0])


def drop_slot(connection: SourceConnection, wanted: SlotTarget) -> None:
    """Drop the slot, if it exists."""
    with explain_refusals(wanted):
        connection.execute(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", (wanted.slot,)
        )


def advance_slot(connection: SourceConnection, wanted: SlotTarget, to: int) -> None:
    """Let the source discard changes before a position."""
    with explain_refusals(wanted):
        connection.execute("select pg_replication_slot_advance(%s, %s)", (wanted.slot, format_position(to)))


def peek_changes(
    connection: SourceConnection, wanted: SlotTarget, to: int, changes: int
) -> "psycopg.ServerCursor[TupleRow]":
    """Return the messages up to a position, or until a transaction ends and there are this many, as a server-side
    cursor.

    The cursor outlives its transaction: the source keeps the messages in a file instead of a snapshot that blocks
    vacuum.
    """
    cursor = connection.cursor(name="hub_changes", withhold=True)
    try:
        with explain_refusals(wanted):
            cursor.execute(
                "select data from pg_logical_slot_peek_binary_changes("
                "%s, %s, %s, 'proto_version', '1', 'publication_names', %s)",
                (wanted.slot, format_position(to), changes, sql.Identifier(wanted.publication).as_string(None)),
                binary=True,
            )
    except BaseException:
        close_cursor(cursor)
        raise
    return cursor


def close_cursor(cursor: "psycopg.ServerCursor[TupleRow]") -> None:
    """Close a cursor, also if the source went down with it: then with its connection."""
    try:
        cursor.close()
    except psycopg.Error:
        cursor.connection.close()
        cursor.close()


def fetch_row(cursor: "psycopg.Cursor[TupleRow]") -> TupleRow:
    """Return the row of a statement that always returns one."""
    row = cursor.fetchone()
    assert row is not None
    return row
