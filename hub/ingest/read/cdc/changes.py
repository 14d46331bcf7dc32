"""Changes: the messages of a slot become rows of one table, in order, cut where transactions end. Pure.

A row is its values and what happened to it: `I`, `U`, `D`. Whole transactions stay together as far as memory allows: one with
more rows than `limit` comes in several pieces, of which only the last says that it is committed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hub.ingest.read.cdc.pgoutput import (
    OF_ROWS,
    UNCHANGED,
    Begin,
    Commit,
    Delete,
    Insert,
    Malformed,
    Message,
    Relation,
    Truncate,
    Update,
    Values,
    decode,
    table_of,
)


class Gone(Exception):
    """What the log says cannot be followed row by row: the table must be read whole. Its text says why."""


@dataclass(frozen=True)
class Visible:
    """A snapshot: which transactions it shows. The text is that of pg_current_snapshot()."""

    text: str
    until: int
    """A position in the log after which the snapshot shows nothing."""
    _ceiling: int = field(init=False, repr=False)
    _running: frozenset[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _, ceiling, running = self.text.split(":")
        object.__setattr__(self, "_ceiling", int(ceiling))
        object.__setattr__(self, "_running", frozenset(int(xid) for xid in running.split(",") if xid))

    def shows(self, begin: Begin) -> bool:
        """Whether a transaction is in the snapshot. Its number lacks the high bits, so the nearest is meant."""
        if begin.commit >= self.until:
            return False
        ahead = (begin.xid - self._ceiling) & 0xFFFFFFFF
        xid = self._ceiling + (ahead - (1 << 32) if ahead >= 1 << 31 else ahead)
        return xid < self._ceiling and xid not in self._running


@dataclass(frozen=True)
class Followed:
    """The table whose changes are wanted, by oid and by name, and the columns that are its key in the hub."""

    oid: int
    schema: str
    name: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A change: `op` is I, U or D."""

    op: str
    values: Values


@dataclass(frozen=True)
class Piece:
    """Some changes with the same columns. `end` is the position behind them; None within a transaction."""

    columns: tuple[str, ...]
    types: tuple[int, ...]
    key: tuple[str, ...]
    """The columns that identify a row."""
    rows: list[Row]
    end: int | None
    messages: int
    """How many messages of the log it took, since the piece before."""


def pieces(log: Iterable[bytes], table: Followed, after: int, visible: Visible | None, limit: int) -> Iterator[Piece]:
    """The changes of a table in transactions that end after a position and that a snapshot does not show.

    The last piece may have no rows: it says how far the log was read. Raises Malformed; Gone after the changes before it.
    """
    gathering = _Gathering(table, after, visible)
    for data in log:
        yield from gathering.take(data, limit)
    if gathering.rows or gathering.end > after:
        yield gathering.cut()


class _Gathering:
    def __init__(self, table: Followed, after: int, visible: Visible | None) -> None:
        self.table = table
        self.after = after
        self.end = after
        self.visible = visible
        self.relation: Relation | None = None
        self.key: list[int] = []
        self.rows: list[Row] = []
        self.whole = 0
        """Rows of transactions that have ended; behind them are those of the one that is open."""
        self.messages = 0
        self.open = False
        self.skipping = False

    def take(self, data: bytes, limit: int) -> Iterator[Piece]:
        self.messages += not self.skipping
        if data[:1] and data[0] in OF_ROWS and (self.skipping or table_of(data) != self.table.oid):
            return
        message = decode(data)
        if isinstance(message, Relation):
            yield from self._look(message)
        elif isinstance(message, Truncate) and self.table.oid in message.oids and not self.skipping:
            yield from self._gone("it was truncated")
        elif message is not None:
            self._add(message)
        if len(self.rows) >= limit:
            yield self.cut()

    def cut(self) -> Piece:
        """What was gathered, as a piece; committed as a whole only where no row is of the open transaction."""
        end = self.end if self.whole == len(self.rows) else None
        columns, types = (self.relation.columns, self.relation.types) if self.relation else ((), ())
        key = tuple([columns[i] for i in self.key])
        piece = Piece(columns, types, key, self.rows, end, self.messages)
        self.rows, self.whole, self.messages = [], 0, 0
        return piece

    def _add(self, message: Message) -> None:
        if isinstance(message, Begin):
            self.open = True
            self.skipping = message.commit < self.after or bool(self.visible and self.visible.shows(message))
        elif isinstance(message, Commit):
            self.open, self.skipping = False, False
            self.end = max(self.end, message.end)
            self.whole = len(self.rows)
        elif isinstance(message, Insert):
            self.rows.append(Row("I", self._checked(message.new)))
        elif isinstance(message, Update):
            self._update(message)
        elif isinstance(message, Delete):
            self.rows.append(Row("D", self._checked(message.old)))

    def _update(self, message: Update) -> None:
        old, new = message.old, self._checked(message.new)
        if old is not None:
            self._checked(old)
            if message.full:
                new = tuple([o if n is UNCHANGED else n for o, n in zip(old, new, strict=True)])
            if any(new[i] is not UNCHANGED and old[i] != new[i] for i in self.key):
                self.rows.append(Row("D", old))
        self.rows.append(Row("U", new))

    def _checked(self, values: Values) -> Values:
        if self.relation is None or not self.open or len(values) != len(self.relation.columns):
            raise Malformed("a row does not fit what was said of its table")
        return values

    def _look(self, relation: Relation) -> Iterator[Piece]:
        if relation.oid != self.table.oid:
            if (relation.schema, relation.name) == (self.table.schema, self.table.name) and not self.skipping:
                yield from self._gone("another table took its name")
            return
        if self.rows and self.relation is not None and self.relation != relation:
            yield self.cut()
        self.relation = relation
        named = [column for column in self.table.key if column in relation.columns]
        if not self.skipping and not relation.identity.issuperset(named):
            yield from self._gone("its replica identity does not hold the key")
        # A key that a transform makes is not among the columns: then the table's own identity stands for it.
        key = named or relation.identity
        self.key = [i for i, column in enumerate(relation.columns) if column in key]

    def _gone(self, why: str) -> Iterator[Piece]:
        """The changes of the transactions before this one, then the end."""
        self.rows = self.rows[: self.whole]
        if self.rows:
            yield self.cut()
        raise Gone(why)
