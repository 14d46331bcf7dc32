"""A slot of logical decoding, by SQL: made, read, advanced and dropped, and a refusal said in our words.

Nothing is written at the source but the slot itself: every session is read-only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from hub.errors import SourceUnavailable
from hub.ingest.read.cdc.pgoutput import position, shown

# The output functions depend on these: the values of COPY and of the log are then the same text.
SESSION = (
    "-c default_transaction_read_only=on -c datestyle=ISO -c timezone=UTC -c intervalstyle=iso_8601"
    " -c extra_float_digits=1 -c bytea_output=hex"
)
Connection = psycopg.Connection[TupleRow]


@dataclass(frozen=True)
class Wanted:
    """What is to be read, in the manifest's words. `where` is how messages name the stream."""

    where: str
    table: str
    key: tuple[str, ...]
    publication: str
    slot: str
    timeout_s: float


@dataclass(frozen=True)
class Held:
    """A slot: up to where it was confirmed, whether it can still be read, and the WAL it holds back, in bytes."""

    confirmed: int
    lost: bool
    ours: bool
    """Whether it is a slot of this database, and of pgoutput."""
    bytes: int


def connect(url: str, timeout_s: float) -> Connection:
    """A read-only session. Raises psycopg.OperationalError."""
    return psycopg.connect(
        url,
        autocommit=True,
        options=SESSION,
        client_encoding="utf8",
        application_name="hub",
        connect_timeout=max(2, int(timeout_s)),
        # A source that is gone without a word is noticed within half a minute.
        keepalives=1,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=int(timeout_s * 1000),
    )


def lag(url: str, slot: str, timeout_s: float = 10.0) -> int | None:
    """The WAL in bytes that a slot holds back; None where there is no such slot. Raises psycopg.Error."""
    with connect(url, timeout_s) as connection:
        found = held(connection, slot)
        return found.bytes if found else None


def held(connection: Connection, slot: str) -> Held | None:
    """The slot of this name."""
    row = connection.execute(
        "select confirmed_flush_lsn, coalesce(wal_status = 'lost', false) or restart_lsn is null,"
        " plugin = 'pgoutput' and database = current_database(),"
        " coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint"
        " from pg_replication_slots where slot_name = %s",
        (slot,),
    ).fetchone()
    return Held(position(row[0]) if row[0] else 0, row[1], bool(row[2]), row[3]) if row else None


def cluster(connection: Connection) -> tuple[str, int]:
    """What tells this database cluster, and this branch of its history, from every other."""
    row = one(
        connection.execute(
            "select system_identifier::text, left(pg_walfile_name(pg_current_wal_lsn()), 8) from pg_control_system()"
        )
    )
    return row[0], int(row[1], 16)


def written(connection: Connection) -> int:
    """The position up to which the log is safe on the source's disk: what decoding sees."""
    return position(one(connection.execute("select pg_current_wal_flush_lsn()"))[0])


@contextmanager
def refusals(wanted: Wanted) -> Iterator[None]:
    """Say a source's refusal to work with a slot in our words. What may pass is left as psycopg's OperationalError."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege:
        raise SourceUnavailable(
            f"{wanted.where}: the role may not use replication slots",
            next_step="ask the owner to run: ALTER ROLE … REPLICATION (a managed service has a role for it to grant)",
        ) from None
    except psycopg.errors.ConfigurationLimitExceeded:
        raise SourceUnavailable(
            f"{wanted.where}: all replication slots of the source are in use",
            next_step="ask the owner to raise max_replication_slots, or to drop slots that nobody reads",
        ) from None
    except (psycopg.errors.UndefinedObject, psycopg.errors.ObjectNotInPrerequisiteState):
        raise SourceUnavailable(
            f"{wanted.where}: the source gave up the slot {wanted.slot}, or its publication",
            next_step="run again: the table is then read whole; ask the owner for a larger max_slot_wal_keep_size",
        ) from None
    except psycopg.errors.QueryCanceled:
        raise SourceUnavailable(
            f"{wanted.where}: the source cancelled a request for the slot {wanted.slot}",
            next_step="run again when the transactions that run at the source have ended; a slot is made only then",
        ) from None


def remake(connection: Connection, wanted: Wanted) -> int:
    """Make the slot, after dropping one of its name. Returns the position from which it tells everything."""
    drop(connection, wanted)
    with refusals(wanted), connection.transaction():
        # It waits for every transaction that writes at the source: not for ever.
        connection.execute(f"set local statement_timeout = {int(wanted.timeout_s * 1000)}")
        row = one(
            connection.execute("select lsn from pg_create_logical_replication_slot(%s, 'pgoutput')", (wanted.slot,))
        )
        return position(row[0])


def drop(connection: Connection, wanted: Wanted) -> None:
    """Drop the slot, where there is one."""
    with refusals(wanted):
        connection.execute(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", (wanted.slot,)
        )


def advance(connection: Connection, wanted: Wanted, to: int) -> None:
    """Let the source forget what lies before a position."""
    with refusals(wanted):
        connection.execute("select pg_replication_slot_advance(%s, %s)", (wanted.slot, shown(to)))


def peek(connection: Connection, wanted: Wanted, to: int, changes: int) -> "psycopg.ServerCursor[TupleRow]":
    """The messages up to a position, or until a transaction ends and there are this many, as a cursor at the server.

    The cursor outlives its transaction: the source keeps the messages in a file, not a snapshot that holds vacuum back.
    """
    cursor = connection.cursor(name="hub_changes", withhold=True)
    try:
        with refusals(wanted):
            cursor.execute(
                "select data from pg_logical_slot_peek_binary_changes("
                "%s, %s, %s, 'proto_version', '1', 'publication_names', %s)",
                (wanted.slot, shown(to), changes, sql.Identifier(wanted.publication).as_string(None)),
                binary=True,
            )
    except BaseException:
        close(cursor)
        raise
    return cursor


def close(cursor: "psycopg.ServerCursor[TupleRow]") -> None:
    """Close a cursor, also where the source went away with it: then with its connection."""
    try:
        cursor.close()
    except psycopg.Error:
        cursor.connection.close()
        cursor.close()


def one(cursor: "psycopg.Cursor[TupleRow]") -> TupleRow:
    """The row of a statement that returns one."""
    row = cursor.fetchone()
    assert row is not None
    return row
