"""Exports of the ledger: a file that can be verified without the database. The format is described in docs/explanation/ledger.md.

A file is a magic line and frames: a letter, a length of 8 bytes (big-endian), and that many bytes.

    H  JSON: months and chains
    C  checkpoints: number (8 bytes) and document, heads, signature and timestamp of each, each after its length (4 bytes)
    O  operations: hash (32 bytes), length (4 bytes) and list of fields of each
    R  records in a row: month (10 characters), epoch (16 bytes), then each record after its length (4 bytes)
    E  JSON: how many records and checkpoints there were. Without it, the export was cut off.
"""

import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import orjson

from hub.errors import HubMisconfigured
from hub.ledger.checkpoints.document import Checkpoint
from hub.ledger.verify.multiset import RowMixer
from hub.ledger.verify.segments import PART_RECORDS, RecordRows, Segment, read_numbers
from hub.ledger.verify.source import EpochRow, LedgerIndex, LedgerSource, MonthRow, PeopleRange
from hub.ledger.writing.records import HASH_BYTES, HEADER_BYTES

MAGIC = b"hub-ledger-export-1\n"
FRAME = struct.Struct(">cQ")
LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = 500_000_000
PART_BYTES = 4_000_000
ROW_HEAD_BYTES = 26


def write_export(source: LedgerSource, file: IO[bytes]) -> int:
    """Write an export of a source. Returns how many records it has. The file need not be seekable."""
    index = source.read_index()
    file.write(MAGIC)
    head = {
        "exportedAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "months": [[str(m.first_day), m.has_key, _text(m.dropped_at)] for m in index.months],
        # Apart, not beside the others: a hub that does not know of them reads the months as before.
        "monthOpenings": {
            str(m.first_day): [m.key_commitment.hex() if m.key_commitment else None, m.opened_at] for m in index.months
        },
        "epochs": [[str(e.id), str(e.month), _text(e.ended_at)] for e in index.epochs],
    }
    _write(file, b"H", orjson.dumps(head))
    checkpoints = sum(_write_parts(file, b"C", (_encode_checkpoint(*one) for one in source.read_checkpoints())))
    sum(_write_parts(file, b"O", (key + LENGTH.pack(len(paths)) + paths for key, paths in source.read_operations())))
    records = 0
    for segment in index.segments:
        rows = [record for part in source.read_rows(segment) for record in part.records]
        records += len(rows)
        body = b"".join(part for record in rows for part in (LENGTH.pack(len(record)), record))
        _write(file, b"R", segment.month.isoformat().encode() + segment.epoch.bytes + body)
    _write(file, b"E", orjson.dumps({"records": records, "checkpoints": checkpoints}))
    return records


class ExportSource:
    """An export as source of a verification."""

    has_index = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._head: dict[str, Any] = {}
        self._frames: dict[bytes, list[tuple[int, int]]] = {}

    def read_index(self) -> LedgerIndex:
        """Raises HubMisconfigured if the file is no export, or was cut off."""
        try:
            with self._path.open("rb") as file:
                self._frames = _list_frames(file)
            self._head = orjson.loads(self._read(self._frames[b"H"][0]))
            assert b"E" in self._frames
            openings = self._head.get("monthOpenings", {})
            months = tuple(
                _read_month(day, has_key, dropped, *openings.get(day, (None, None)))
                for day, has_key, dropped in self._head["months"]
            )
            epochs = tuple(
                EpochRow(UUID(i), date.fromisoformat(m), _time(ended)) for i, m, ended in self._head["epochs"]
            )
            segments = tuple(segment for place in self._frames.get(b"R", ()) if (segment := self._find_segment(place)))
        except OSError as error:
            raise HubMisconfigured(
                f"{self._path} cannot be read: {error.strerror}", next_step="name an export"
            ) from None
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError, struct.error):
            raise self._describe_damage() from None
        return LedgerIndex(epochs, months, segments, ())

    def read_checkpoints(self) -> Iterator[tuple[Checkpoint, bytes | None]]:
        for place in self._frames.get(b"C", ()):
            data, at = self._read(place), 0
            while at < len(data):
                fields = []
                for _ in range(4):
                    size = self._read_length(data, at)
                    fields.append(data[at + 4 : at + 4 + size])
                    at += 4 + size
                yield _decode_checkpoint(fields)

    def read_operations(self) -> Iterator[tuple[bytes, bytes]]:
        for place in self._frames.get(b"O", ()):
            data, at = self._read(place), 0
            while at < len(data):
                size = self._read_length(data, at + HASH_BYTES)
                start = at + HASH_BYTES + 4
                yield data[at : at + HASH_BYTES], data[start : start + size]
                at = start + size

    def read_rows(self, segment: Segment) -> Iterator[RecordRows]:
        data, at, end = self._read(segment.place), ROW_HEAD_BYTES, segment.place[1]
        unpack, last = LENGTH.unpack_from, end - LENGTH.size
        while at < end:
            records: list[bytes] = []
            while at <= last and len(records) < PART_RECORDS:
                (size,) = unpack(data, at)
                records.append(data[at + 4 : at + 4 + size])
                at += 4 + size
            if last < at < end:
                raise self._describe_damage()
            yield RecordRows(read_numbers(records), records)

    def list_people_ranges(self, month: date) -> list[PeopleRange]:
        return []

    def sum_people(self, part: PeopleRange, roles: tuple[str, ...], mixer: RowMixer) -> int:
        raise NotImplementedError  # there are no parts

    def find_differing_people(self, month: date) -> list[str]:
        return []

    def close(self) -> None:
        """Nothing is open between two reads."""

    def _find_segment(self, place: tuple[int, int]) -> Segment | None:
        with self._path.open("rb") as file:
            file.seek(place[0])
            head = file.read(min(ROW_HEAD_BYTES + 4 + HEADER_BYTES, place[1]))
        if place[1] <= ROW_HEAD_BYTES + 4:
            return None
        (size,) = LENGTH.unpack_from(head, ROW_HEAD_BYTES)
        (first,) = read_numbers(
            [head[ROW_HEAD_BYTES + 4 :][:size]]
        )  # a record that was shortened has another one behind it
        return Segment(date.fromisoformat(head[:10].decode()), UUID(bytes=head[10:ROW_HEAD_BYTES]), first, first, place)

    def _read_length(self, data: bytes, at: int) -> int:
        if at + LENGTH.size > len(data):
            raise self._describe_damage()
        (size,) = LENGTH.unpack_from(data, at)
        return int(size)

    def _describe_damage(self) -> HubMisconfigured:
        return HubMisconfigured(
            f"{self._path} is no export of the ledger, or it was cut off",
            next_step="make it again: hub ledger export --to FILE",
        )

    def _read(self, place: tuple[int, int]) -> bytes:
        with self._path.open("rb") as file:
            file.seek(place[0])
            return file.read(place[1])


def _list_frames(file: IO[bytes]) -> dict[bytes, list[tuple[int, int]]]:
    """Where the frames of each kind are: start and length in bytes."""
    if file.read(len(MAGIC)) != MAGIC:
        raise ValueError("magic")
    size, at, frames = file.seek(0, 2), len(MAGIC), dict[bytes, list[tuple[int, int]]]()
    while at < size:
        file.seek(at)
        kind, length = FRAME.unpack(file.read(FRAME.size))
        at += FRAME.size + length
        if at > size or length > MAX_FRAME_BYTES:
            raise ValueError("cut off")
        frames.setdefault(kind, []).append((at - length, length))
    return frames


def _write(file: IO[bytes], kind: bytes, body: bytes) -> None:
    file.write(FRAME.pack(kind, len(body)))
    file.write(body)


def _write_parts(file: IO[bytes], kind: bytes, items: Iterable[bytes]) -> Iterator[int]:
    """Write items in frames of PART_BYTES, and yield how many are in each."""
    waiting, size = list[bytes](), 0
    for item in items:
        waiting.append(item)
        size += len(item)
        if size >= PART_BYTES:
            _write(file, kind, b"".join(waiting))
            yield len(waiting)
            waiting, size = [], 0
    if waiting:
        _write(file, kind, b"".join(waiting))
        yield len(waiting)


def _encode_checkpoint(checkpoint: Checkpoint, token: bytes | None) -> bytes:
    number = checkpoint.number.to_bytes(8, "big")
    fields = (number + checkpoint.document, checkpoint.heads, checkpoint.signature or b"", token or b"")
    return b"".join(part for field in fields for part in (LENGTH.pack(len(field)), field))


def _decode_checkpoint(fields: list[bytes]) -> tuple[Checkpoint, bytes | None]:
    number = int.from_bytes(fields[0][:8], "big")
    return Checkpoint(number, fields[0][8:], fields[1], fields[2] or None), fields[3] or None


def _read_month(
    day: str, has_key: bool, dropped: str | None, commitment: str | None, opened_at: str | None
) -> MonthRow:
    key = bytes.fromhex(commitment) if commitment else None
    return MonthRow(date.fromisoformat(day), has_key, _time(dropped), key, opened_at)


def _text(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
