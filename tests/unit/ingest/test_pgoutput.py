"""pgoutput: messages as PostgreSQL 16 wrote them, recorded, and messages that are not whole."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.read.cdc.changes import CannotFollow, ChangedRow, FollowedTable, SnapshotVisibility, split_changes
from hub.ingest.read.cdc.pgoutput import (
    UNCHANGED,
    Begin,
    Commit,
    Delete,
    Insert,
    MalformedMessage,
    Relation,
    Truncate,
    Update,
    decode_message,
    format_position,
    parse_position,
)

RECORDED = {
    name: bytes.fromhex(text)
    for name, text in {
        "begin": "4200000000014868c8000303fc6e667d56000002df",
        "relation": "52000040007075626c69630070656f706c65006400030169640000000017ffffffff0074656e0000000019ffffffff"
        "006768695f6368750000000019ffffffff",
        "insert": "49000040004e000374000000013474000000064cc3aa20416e6e",
        "unchanged": "55000040004e0003740000000134740000000075",
        "key": "55000040004b00037400000001346e6e4e000374000000013574000000006e",
        "delete": "44000040004b00037400000001356e6e",
        "truncate": "54000000010000004000",
        "commit": "430000000000014868c800000000014868f8000303fc6e667d56",
    }.items()
}
TABLE = FollowedTable(0x4000, "public", "people", ("id",))


def begin(commit: int, xid: int = 1) -> bytes:
    return b"B" + struct.pack(">QQI", commit, 0, xid)


def commit(end: int) -> bytes:
    return b"C" + struct.pack(">BQQQ", 0, end - 10, end, 0)


def relation(*columns: str, oid: int = TABLE.oid, name: str = "people", keys: int = 1) -> bytes:
    listed = [bytes([i < keys]) + c.encode() + b"\0" + struct.pack(">Ii", 25, -1) for i, c in enumerate(columns)]
    head = struct.pack(">I", oid) + b"public\0" + name.encode() + b"\0d"
    return b"R" + head + struct.pack(">H", len(columns)) + b"".join(listed)


def values(*texts: str | None) -> bytes:
    parts = [b"n" if t is None else b"u" if t == "…" else b"t" + struct.pack(">i", len(t)) + t.encode() for t in texts]
    return struct.pack(">H", len(texts)) + b"".join(parts)


def insert(*texts: str | None, oid: int = TABLE.oid) -> bytes:
    return b"I" + struct.pack(">I", oid) + b"N" + values(*texts)


def update(old: bytes, *new: str | None) -> bytes:
    return b"U" + struct.pack(">I", TABLE.oid) + old + b"N" + values(*new)


def delete(*texts: str | None, mark: bytes = b"K") -> bytes:
    return b"D" + struct.pack(">I", TABLE.oid) + mark + values(*texts)


def truncate(*oids: int) -> bytes:
    return b"T" + struct.pack(">IB", len(oids), 0) + struct.pack(f">{len(oids)}I", *oids)


WHOLE = (
    *RECORDED.values(),
    begin(10),
    commit(20),
    relation("id", "ten"),
    insert("1", None),
    update(b"K" + values("1", None), "2", "…"),
    update(b"O" + values("1", "a"), "1", "b"),
    delete("1", None),
    delete("1", "a", mark=b"O"),
    truncate(1, 2),
)


def test_recorded_messages() -> None:
    decoded = {name: decode_message(message) for name, message in RECORDED.items()}
    assert decoded == {
        "begin": Begin(0x14868C8, 0x2DF),
        "relation": Relation(0x4000, "public", "people", ("id", "ten", "ghi_chu"), (23, 25, 25), frozenset({"id"})),
        "insert": Insert(0x4000, ("4", "Lê An", None)),
        "unchanged": Update(0x4000, None, False, ("4", "", UNCHANGED)),
        "key": Update(0x4000, ("4", None, None), False, ("5", "", None)),
        "delete": Delete(0x4000, ("5", None, None)),
        "truncate": Truncate((0x4000,)),
        "commit": Commit(0x14868F8),
    }


def test_made_messages() -> None:
    assert decode_message(commit(20)) == Commit(20)
    assert decode_message(update(b"K" + values("1", None), "2", "…")) == Update(
        0x4000, ("1", None), False, ("2", UNCHANGED)
    )
    assert decode_message(delete("1", "a", mark=b"O")) == Delete(0x4000, ("1", "a"))
    assert decode_message(truncate(1, 2)) == Truncate((1, 2))
    assert decode_message(b"O" + bytes(8) + b"elsewhere\0") is None


@pytest.mark.parametrize("message", WHOLE, ids=lambda message: message[:1].decode())
def test_a_message_that_is_cut_or_too_long_is_malformed(message: bytes) -> None:
    for length in range(len(message)):
        with pytest.raises(MalformedMessage):
            decode_message(message[:length])
    with pytest.raises(MalformedMessage, match="continues"):
        decode_message(message + b"\0")


@given(st.sampled_from(WHOLE), st.integers(1), st.binary(min_size=1, max_size=4))
def test_a_spoilt_message_is_decoded_or_malformed_and_nothing_else(message: bytes, at: int, spoilt: bytes) -> None:
    at %= len(message)
    with contextlib.suppress(MalformedMessage):
        decode_message(message[:at] + spoilt + message[at + len(spoilt) :])


def test_other_kinds_and_other_encodings_are_malformed() -> None:
    with pytest.raises(MalformedMessage, match="'S'"):
        decode_message(b"S" + bytes(8))
    with pytest.raises(MalformedMessage, match="UTF-8"):
        decode_message(insert("x").replace(b"x", b"\xff"))


@given(st.integers(0, 2**64 - 1))
def test_positions_are_written_and_read(lsn: int) -> None:
    assert parse_position(format_position(lsn)) == lsn


# --- Changes ----------------------------------------------------------------------------------------------------------


def rows(log: list[bytes], after: int = 0, visible: SnapshotVisibility | None = None, limit: int = 100) -> list[tuple[list[ChangedRow], int | None]]:  # fmt: skip
    return [(piece.rows, piece.end) for piece in split_changes(log, TABLE, after, visible, limit)]


def test_transactions_before_the_position_are_left_out() -> None:
    log = [begin(10), relation("id", "ten"), insert("1", "a"), commit(20), begin(30), insert("2", "b"), commit(40)]
    assert rows(log, after=20) == [([ChangedRow("I", ("2", "b"))], 40)]
    assert rows(log, after=40) == []


def test_a_snapshot_shows_some_transactions_and_not_others() -> None:
    high = 3 << 32
    visible = SnapshotVisibility(f"{high + 5}:{high + 9}:{high + 5},{high + 7}", until=100)
    shown_ = [x for x in (4, 5, 6, 7, 8, 9, 10, 2**32 - 1) if visible.shows(Begin(50, x))]
    assert shown_ == [4, 6, 8, 2**32 - 1]
    assert not visible.shows(Begin(100, 4))
    log = [begin(50, 6), relation("id"), insert("1"), commit(60), begin(70, 7), insert("2"), commit(80)]
    assert rows(log, visible=visible) == [([ChangedRow("I", ("2",))], 80)]


def test_a_key_that_changes_is_a_delete_and_a_row() -> None:
    log = [begin(10), relation("id", "ten"), update(b"K" + values("1", None), "2", "…"), commit(20)]
    assert rows(log) == [([ChangedRow("D", ("1", None)), ChangedRow("U", ("2", UNCHANGED))], 20)]


def test_the_whole_old_row_fills_what_was_left_alone() -> None:
    full = relation("id", "ten", keys=2)
    log = [begin(10), full, update(b"O" + values("1", "a"), "1", "…"), commit(20)]
    assert rows(log) == [([ChangedRow("U", ("1", "a"))], 20)]


def test_a_truncate_takes_its_own_transaction_with_it_and_no_other() -> None:
    log = [begin(10), relation("id"), insert("1"), commit(20), begin(30), insert("2"), truncate(TABLE.oid), commit(40)]
    found = split_changes(log, TABLE, 0, None, 100)
    first = next(found)
    assert (first.rows, first.end) == ([ChangedRow("I", ("1",))], 20)
    with pytest.raises(CannotFollow, match="truncated"):
        next(found)
    assert rows(log, after=40) == []


def test_another_table_of_the_name_and_a_lost_identity_end_it() -> None:
    for message, why in (
        (relation("id", oid=7), "has taken its name"),
        (relation("id", keys=0), "does not contain the key"),
    ):
        with pytest.raises(CannotFollow, match=why):
            rows([begin(10), message])
    assert rows([begin(10), relation("x", oid=7, name="other"), insert("1", oid=7), commit(20)]) == [([], 20)]


def test_pieces_end_with_transactions_or_say_that_they_do_not() -> None:
    log = [
        begin(10),
        relation("id"),
        *(insert(str(n)) for n in range(5)),
        commit(20),
        begin(30),
        insert("9"),
        commit(40),
    ]
    found = [(len(changes), end) for changes, end in rows(log, limit=2)]
    assert found == [(2, None), (2, None), (2, None), (0, 40)]
    assert [end for _, end in rows(log, limit=5)] == [None, 40]


def test_a_row_that_does_not_fit_its_table_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match="does not match"):
        rows([begin(10), relation("id"), insert("1", "2")])
    with pytest.raises(MalformedMessage, match="does not match"):
        rows([begin(10), insert("1")])
