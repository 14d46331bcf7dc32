"""pgoutput: decode the messages in which PostgreSQL describes changes of its tables (protocol version 1). Pure.

Values are the text of the server's output functions; None is null. A large value that an update did not touch is not in
the log: it appears as UNCHANGED. Log positions (LSN) are integers here, and "16/B374D848" in messages.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum


class MalformedMessage(Exception):
    """A message violates the protocol. Never contains a value of a row."""


class UnchangedValue(Enum):
    """The type of UNCHANGED."""

    UNCHANGED = "unchanged"


UNCHANGED = UnchangedValue.UNCHANGED
"""Stands for a value that the update left unchanged and the log does not contain."""

ChangeValue = str | None | UnchangedValue
ChangeValues = tuple[ChangeValue, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """A transaction begins: the position of its commit record, and its number (the low 32 bits)."""

    commit: int
    xid: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A transaction ends. `end` is the position after it: reading from there misses and repeats nothing."""

    end: int


@dataclass(frozen=True, slots=True)
class Relation:
    """The shape of a table from here on. `types` are oids, `identity` the columns that identify its old rows."""

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
    new: ChangeValues


@dataclass(frozen=True, slots=True)
class Update:
    """A changed row. `old` is present if its identity changed, or if the log keeps the whole row (`full`)."""

    oid: int
    old: ChangeValues | None
    full: bool
    new: ChangeValues


@dataclass(frozen=True, slots=True)
class Delete:
    """A deleted row: its identity with everything else null, or all of it if the log keeps it."""

    oid: int
    old: ChangeValues


@dataclass(frozen=True, slots=True)
class Truncate:
    """All rows of these tables were deleted."""

    oids: tuple[int, ...]


LogMessage = Begin | Commit | Relation | Insert | Update | Delete | Truncate

ROW_KINDS = frozenset(b"IUD")
"""Kinds of message that contain one row; the table's oid follows the kind."""
IGNORED_KINDS = frozenset(b"OYM")
"""Kinds that say nothing about rows: origins, types, logical messages."""


def parse_position(text: str) -> int:
    """Parse a position such as "16/B374D848". Raises ValueError."""
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def format_position(lsn: int) -> str:
    """Format a position."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def read_oid(data: bytes) -> int:
    """Return the oid in a message that contains one row. Raises MalformedMessage."""
    return _MessageFields(data).read_number(">I")


def decode_message(data: bytes) -> LogMessage | None:
    """Decode one message of the log. None if it says nothing about rows. Raises MalformedMessage."""
    if not data:
        raise MalformedMessage("an empty message")
    if data[0] in IGNORED_KINDS:
        return None
    kind = chr(data[0])
    read = _MESSAGE_READERS.get(kind)
    if read is None:
        raise MalformedMessage(f"a message of kind {kind!r}, which this protocol does not have")
    fields = _MessageFields(data)
    message = read(fields)
    if fields.at != len(data):
        raise MalformedMessage(f"a message of kind {kind!r} continues after its end")
    return message


class _MessageFields:
    """The fields of a message, one after the other."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 1

    def read_number(self, form: str) -> int:
        try:
            (value,) = struct.unpack_from(form, self.data, self.at)
        except struct.error:
            raise self._describe_short() from None
        self.at += struct.calcsize(form)
        return int(value)

    def read_bytes(self, length: int) -> bytes:
        end = self.at + length
        if length < 0 or end > len(self.data):
            raise self._describe_short()
        taken, self.at = self.data[self.at : end], end
        return taken

    def read_string(self) -> str:
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise self._describe_short()
        found = self.read_bytes(end - self.at)
        self.at += 1
        return self.decode_text(found)

    def read_values(self) -> ChangeValues:
        count = self.read_number(">H")
        return tuple([self._read_value() for _ in range(count)])

    def _read_value(self) -> ChangeValue:
        mark = self.read_bytes(1)
        if mark == b"t":
            return self.decode_text(self.read_bytes(self.read_number(">i")))
        if mark == b"n":
            return None
        if mark == b"u":
            return UNCHANGED
        raise MalformedMessage(f"a message of kind {chr(self.data[0])!r} has a value that is not text")

    def decode_text(self, value: bytes) -> str:
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise MalformedMessage(f"a message of kind {chr(self.data[0])!r} has text that is not UTF-8") from None

    def _describe_short(self) -> MalformedMessage:
        return MalformedMessage(f"a message of kind {chr(self.data[0])!r} ends before its fields do")


def _read_begin(fields: _MessageFields) -> Begin:
    commit = fields.read_number(">Q")
    fields.read_bytes(8)  # commit time
    return Begin(commit, fields.read_number(">I"))


def _read_commit(fields: _MessageFields) -> Commit:
    fields.read_bytes(1 + 8)  # flags, and the start of the record
    end = fields.read_number(">Q")
    fields.read_bytes(8)  # commit time
    return Commit(end)


def _read_relation(fields: _MessageFields) -> Relation:
    oid, schema, name = fields.read_number(">I"), fields.read_string(), fields.read_string()
    fields.read_bytes(1)  # the kind of identity, which the columns' flags describe better
    columns: list[str] = []
    types: list[int] = []
    identity: list[str] = []
    for _ in range(fields.read_number(">H")):
        identifies = fields.read_number(">B") & 1
        columns.append(fields.read_string())
        identity += columns[-1:] if identifies else []
        types.append(fields.read_number(">I"))
        fields.read_bytes(4)  # the type's modifier
    return Relation(oid, schema or "pg_catalog", name, tuple(columns), tuple(types), frozenset(identity))


def _read_insert(fields: _MessageFields) -> Insert:
    oid = fields.read_number(">I")
    _expect_mark(fields, b"N")
    return Insert(oid, fields.read_values())


def _read_update(fields: _MessageFields) -> Update:
    oid = fields.read_number(">I")
    mark = _expect_mark(fields, b"KON")
    if mark == b"N":
        return Update(oid, None, False, fields.read_values())
    old = fields.read_values()
    _expect_mark(fields, b"N")
    return Update(oid, old, mark == b"O", fields.read_values())


def _read_delete(fields: _MessageFields) -> Delete:
    oid = fields.read_number(">I")
    _expect_mark(fields, b"KO")
    return Delete(oid, fields.read_values())


def _read_truncate(fields: _MessageFields) -> Truncate:
    count = fields.read_number(">I")
    fields.read_bytes(1)  # cascade, restart identity
    return Truncate(tuple([fields.read_number(">I") for _ in range(count)]))


def _expect_mark(fields: _MessageFields, marks: bytes) -> bytes:
    mark = fields.read_bytes(1)
    if mark not in marks:
        raise MalformedMessage(f"a message of kind {chr(fields.data[0])!r} has no row where one belongs")
    return mark


_MESSAGE_READERS: Mapping[str, Callable[[_MessageFields], LogMessage]] = {
    "B": _read_begin,
    "C": _read_commit,
    "R": _read_relation,
    "I": _read_insert,
    "U": _read_update,
    "D": _read_delete,
    "T": _read_truncate,
}
