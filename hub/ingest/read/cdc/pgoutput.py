"""pgoutput: the messages in which PostgreSQL tells the changes of its tables (protocol version 1), decoded. Pure.

Values come as the text that the server's output functions write; None is null. A large value that an update did not touch is
not in the log at all: it comes as UNCHANGED. Positions in the log (LSN) are integers here, "16/B374D848" for people.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum


class Malformed(Exception):
    """A message is not as the protocol says. Never holds a value of a row."""


class Unchanged(Enum):
    """The type of UNCHANGED."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED
"""In place of a value: the update left it as it was, and the log does not hold it."""

Value = str | None | Unchanged
Values = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """A transaction begins: where the record of its commit lies, and its number (the low 32 bits)."""

    commit: int
    xid: int


@dataclass(frozen=True, slots=True)
class Commit:
    """It ends. `end` is the position behind it: from there on, reading misses nothing and doubles nothing."""

    end: int


@dataclass(frozen=True, slots=True)
class Relation:
    """How a table looks from here on; `types` are oids, `identity` the columns that identify its old rows."""

    oid: int
    schema: str
    name: str
    columns: tuple[str, ...]
    types: tuple[int, ...]
    identity: frozenset[str]


@dataclass(frozen=True, slots=True)
class Insert:
    """A new row."""

    oid: int
    new: Values


@dataclass(frozen=True, slots=True)
class Update:
    """A changed row. `old` is there where its identity changed, or where all of it is kept in the log (`full`)."""

    oid: int
    old: Values | None
    full: bool
    new: Values


@dataclass(frozen=True, slots=True)
class Delete:
    """A row that is gone: its identity, everything else null; all of it where the log keeps it."""

    oid: int
    old: Values


@dataclass(frozen=True, slots=True)
class Truncate:
    """All rows of these tables are gone."""

    oids: tuple[int, ...]


Message = Begin | Commit | Relation | Insert | Update | Delete | Truncate

OF_ROWS = frozenset(b"IUD")
"""Kinds of message that hold one row; the table's oid follows the kind."""
OF_OTHERS = frozenset(b"OYM")
"""Kinds that say nothing about rows: origins, types, logical messages."""


def position(text: str) -> int:
    """A position of its text, "16/B374D848". Raises ValueError."""
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def shown(lsn: int) -> str:
    """The text of a position."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def table_of(data: bytes) -> int:
    """The oid in a message that holds one row. Raises Malformed."""
    return _Fields(data).number(">I")


def decode(data: bytes) -> Message | None:
    """The message of one row of the log; None where it says nothing about rows. Raises Malformed."""
    if not data:
        raise Malformed("an empty message")
    if data[0] in OF_OTHERS:
        return None
    kind = chr(data[0])
    read = _READ.get(kind)
    if read is None:
        raise Malformed(f"a message of kind {kind!r}, which this protocol does not have")
    fields = _Fields(data)
    message = read(fields)
    if fields.at != len(data):
        raise Malformed(f"a message of kind {kind!r} goes on after its end")
    return message


class _Fields:
    """The fields of a message, one after the other."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 1

    def number(self, form: str) -> int:
        try:
            (value,) = struct.unpack_from(form, self.data, self.at)
        except struct.error:
            raise self._short() from None
        self.at += struct.calcsize(form)
        return int(value)

    def take(self, length: int) -> bytes:
        end = self.at + length
        if length < 0 or end > len(self.data):
            raise self._short()
        taken, self.at = self.data[self.at : end], end
        return taken

    def string(self) -> str:
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise self._short()
        found = self.take(end - self.at)
        self.at += 1
        return self.text(found)

    def values(self) -> Values:
        count = self.number(">H")
        return tuple([self._value() for _ in range(count)])

    def _value(self) -> Value:
        mark = self.take(1)
        if mark == b"t":
            return self.text(self.take(self.number(">i")))
        if mark == b"n":
            return None
        if mark == b"u":
            return UNCHANGED
        raise Malformed(f"a message of kind {chr(self.data[0])!r} has a value that is no text")

    def text(self, value: bytes) -> str:
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise Malformed(f"a message of kind {chr(self.data[0])!r} has text that is not UTF-8") from None

    def _short(self) -> Malformed:
        return Malformed(f"a message of kind {chr(self.data[0])!r} ends before its fields do")


def _begin(fields: _Fields) -> Begin:
    commit = fields.number(">Q")
    fields.take(8)  # when it was committed
    return Begin(commit, fields.number(">I"))


def _commit(fields: _Fields) -> Commit:
    fields.take(1 + 8)  # flags, and where the record begins
    end = fields.number(">Q")
    fields.take(8)  # when it was committed
    return Commit(end)


def _relation(fields: _Fields) -> Relation:
    oid, schema, name = fields.number(">I"), fields.string(), fields.string()
    fields.take(1)  # the kind of identity, which each column's flag says better
    columns: list[str] = []
    types: list[int] = []
    identity: list[str] = []
    for _ in range(fields.number(">H")):
        identifies = fields.number(">B") & 1
        columns.append(fields.string())
        identity += columns[-1:] if identifies else []
        types.append(fields.number(">I"))
        fields.take(4)  # the type's modifier
    return Relation(oid, schema or "pg_catalog", name, tuple(columns), tuple(types), frozenset(identity))


def _insert(fields: _Fields) -> Insert:
    oid = fields.number(">I")
    _expect(fields, b"N")
    return Insert(oid, fields.values())


def _update(fields: _Fields) -> Update:
    oid = fields.number(">I")
    mark = _expect(fields, b"KON")
    if mark == b"N":
        return Update(oid, None, False, fields.values())
    old = fields.values()
    _expect(fields, b"N")
    return Update(oid, old, mark == b"O", fields.values())


def _delete(fields: _Fields) -> Delete:
    oid = fields.number(">I")
    _expect(fields, b"KO")
    return Delete(oid, fields.values())


def _truncate(fields: _Fields) -> Truncate:
    count = fields.number(">I")
    fields.take(1)  # cascade, restart identity
    return Truncate(tuple([fields.number(">I") for _ in range(count)]))


def _expect(fields: _Fields, marks: bytes) -> bytes:
    mark = fields.take(1)
    if mark not in marks:
        raise Malformed(f"a message of kind {chr(fields.data[0])!r} has no row where one belongs")
    return mark


_READ: Mapping[str, Callable[[_Fields], Message]] = {
    "B": _begin,
    "C": _commit,
    "R": _relation,
    "I": _insert,
    "U": _update,
    "D": _delete,
    "T": _truncate,
}
