"""Changes: turn the messages of a slot into rows of one table, in order, split where transactions end. Pure.

A change has values and an operation: `I`, `U` or `D`. Transactions stay whole as far as memory allows: one with more
than `limit` rows is split into pieces, of which only the last says that it is committed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hub.ingest.read.cdc.pgoutput import (
    ROW_KINDS,
    UNCHANGED,
    Begin,
    ChangeValues,
    Commit,
    Delete,
    Insert,
    LogMessage,
    MalformedMessage,
    Relation,
    Truncate,
    Update,
    decode_message,
    read_oid,
)


class CannotFollow(Exception):
    """The log contains something that cannot be followed row by row: the table must be read whole. The text says why."""


@dataclass(frozen=True)
class SnapshotVisibility:
    """A snapshot: which transactions it shows. The text is that of pg_current_snapshot()."""

    text: str
    until: int
    """A log position after which the snapshot shows nothing."""
    _ceiling: int = field(init=False, repr=False)
    _running: frozenset[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _, ceiling, running = self.text.split(":")
        object.__setattr__(self, "_ceiling", int(ceiling))
        object.__setattr__(self, "_running", frozenset(int(xid) for xid in running.split(",") if xid))

    def shows(self, begin: Begin) -> bool:
        """Whether the snapshot shows a transaction. Its number lacks the high bits, so the nearest one is assumed."""
        if begin.commit >= self.until:
            return False
        ahead = (begin.xid - self._ceiling) & 0xFFFFFFFF
        xid = self._ceiling + (ahead - (1 << 32) if ahead >= 1 << 31 else ahead)
        return xid < self._ceiling and xid not in self._running


@dataclass(frozen=True)
class FollowedTable:
    """The table to follow, by oid and name, and the columns that are its key in the hub."""

    oid: int
    schema: str
    name: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A change. `op` is I, U or D."""

    op: str
    values: ChangeValues


@dataclass(frozen=True)
class ChangePiece:
    """Changes with the same columns. `end` is the position after them; None within a transaction."""

    columns: tuple[str, ...]
    types: tuple[int, ...]
    key: tuple[str, ...]
    """The columns that identify a row."""
    rows: list[ChangedRow]
    end: int | None
    messages: int
    """Number of log messages since the previous piece."""


def split_changes(
    log: Iterable[bytes], table: FollowedTable, after: int, visible: SnapshotVisibility | None, limit: int
) -> Iterator[ChangePiece]:
    """Yield the changes of a table in transactions that end after a position and that a snapshot does not show.

    The last piece may have no rows: it says how far the log was read. Raises MalformedMessage; CannotFollow after the
    changes before it.
    """
    gathering = _ChangeCollector(table, after, visible)
    for data in log:
        yield from gathering.add_message(data, limit)
    if gathering.rows or gathering.end > after:
        yield gathering.cut()


class _ChangeCollector:
    def __init__(self, table: FollowedTable, after: int, visible: SnapshotVisibility | None) -> None:
        self.table = table
        self.after = after
        self.end = after
        self.visible = visible
        self.relation: Relation | None = None
        self.key: list[int] = []
        self.rows: list[ChangedRow] = []
        self.whole = 0
        """Number of rows in ended transactions; the rows after them belong to the open one."""
        self.messages = 0
        self.open = False
        self.skipping = False

    def add_message(self, data: bytes, limit: int) -> Iterator[ChangePiece]:
        self.messages += not self.skipping
        if data[:1] and data[0] in ROW_KINDS and (self.skipping or read_oid(data) != self.table.oid):
            return
        message = decode_message(data)
        if isinstance(message, Relation):
            yield from self._note_relation(message)
        elif isinstance(message, Truncate) and self.table.oid in message.oids and not self.skipping:
            yield from self._end_following("it was truncated")
        elif message is not None:
            self._add_change(message)
        if len(self.rows) >= limit:
            yield self.cut()

    def cut(self) -> ChangePiece:
        """Return the collected changes; marked as committed only if no row belongs to the open transaction."""
        end = self.end if self.whole == len(self.rows) else None
        columns, types = (self.relation.columns, self.relation.types) if self.relation else ((), ())
        key = tuple([columns[i] for i in self.key])
        piece = ChangePiece(columns, types, key, self.rows, end, self.messages)
        self.rows, self.whole, self.messages = [], 0, 0
        return piece

    def _add_change(self, message: LogMessage) -> None:
        if isinstance(message, Begin):
            self.open = True
            self.skipping = message.commit < self.after or bool(self.visible and self.visible.shows(message))
        elif isinstance(message, Commit):
            self.open, self.skipping = False, False
            self.end = max(self.end, message.end)
            self.whole = len(self.rows)
        elif isinstance(message, Insert):
            self.rows.append(ChangedRow("I", self._check_values(message.new)))
        elif isinstance(message, Update):
            self._update(message)
        elif isinstance(message, Delete):
            self.rows.append(ChangedRow("D", self._check_values(message.old)))

    def _update(self, message: Update) -> None:
        old, new = message.old, self._check_values(message.new)
        if old is not None:
            self._check_values(old)
            if message.full:
                new = tuple([o if n is UNCHANGED else n for o, n in zip(old, new, strict=True)])
            if any(new[i] is not UNCHANGED and old[i] != new[i] for i in self.key):
                self.rows.append(ChangedRow("D", old))
        self.rows.append(ChangedRow("U", new))

    def _check_values(self, values: ChangeValues) -> ChangeValues:
        if self.relation is None or not self.open or len(values) != len(self.relation.columns):
            raise MalformedMessage("a row does not match the description of its table")
        return values

    def _note_relation(self, relation: Relation) -> Iterator[ChangePiece]:
        if relation.oid != self.table.oid:
            if (relation.schema, relation.name) == (self.table.schema, self.table.name) and not self.skipping:
                yield from self._end_following("another table has taken its name")
            return
        if self.rows and self.relation is not None and self.relation != relation:
            yield self.cut()
        self.relation = relation
        named = [column for column in self.table.key if column in relation.columns]
        if not self.skipping and not relation.identity.issuperset(named):
            yield from self._end_following("its replica identity does not contain the key")
        # A key computed by a transform is not among the columns: then the table's own identity is used.
        key = named or relation.identity
        self.key = [i for i, column in enumerate(relation.columns) if column in key]

    def _end_following(self, why: str) -> Iterator[ChangePiece]:
        """Yield the changes of the transactions before this one, then end."""
        self.rows = self.rows[: self.whole]
        if self.rows:
            yield self.cut()
        raise CannotFollow(why)
