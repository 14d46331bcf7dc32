"""A file as witness: a line for each checkpoint, on disk before it counts. Best on a disk that the database's operator cannot write to."""

import asyncio
import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hub.errors import HubMisconfigured
from hub.ledger.checkpoints.document import Checkpoint
from hub.ledger.witnesses.witness import WitnessUnavailable, decode_line, encode_lines

MAX_LINE_BYTES = 20_000
TAIL_BYTES = 4 * MAX_LINE_BYTES


class FileWitness:
    """Appends to a file."""

    name = "file"
    newest_only = False
    every_s = 0.0

    def __init__(self, path: Path) -> None:
        self._path = path

    async def deliver(self, checkpoints: Sequence[Checkpoint]) -> Mapping[int, bytes]:
        """Append and wait for the disk. What the file has already is not written twice."""
        try:
            await asyncio.to_thread(self._append, checkpoints)
        except (OSError, HubMisconfigured) as error:
            raise WitnessUnavailable(type(error).__name__) from None
        return {}

    def _append(self, checkpoints: Sequence[Checkpoint]) -> None:
        new = not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            last = read_last_line(self._path)
            fresh = [one for one in checkpoints if last is None or one.number > last.number]
            file.write(self._end_torn_line() + encode_lines(fresh))
            os.fsync(file.fileno())
        if new:
            folder = os.open(self._path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def _end_torn_line(self) -> bytes:
        """A line break, if the machine stopped within a line."""
        with self._path.open("rb") as file:
            if not file.seek(0, os.SEEK_END):
                return b""
            file.seek(-1, os.SEEK_END)
            return b"" if file.read(1) == b"\n" else b"\n"


def read_last_line(path: Path) -> Checkpoint | None:
    """The last checkpoint of a witness file, None if it has none. A line that the machine's stop cut off does not count.

    Raises HubMisconfigured if the file cannot be read, or is of something else.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refuse_file(path, error.strerror or "input or output failed") from None
    if size == 0:
        return None
    for line in reversed(lines):
        try:
            return decode_line(line)
        except ValueError:
            continue
    raise _refuse_file(path, "none of its last lines is a checkpoint")


def read_lines(path: Path) -> Iterator[Checkpoint]:
    """Every checkpoint of a witness file, in its order. A line that is cut off is left out.

    Raises HubMisconfigured if the file cannot be read, or has none at all.
    """
    found = False
    try:
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE_BYTES):
                try:
                    checkpoint = decode_line(line)
                except ValueError:
                    continue
                found = True
                yield checkpoint
    except OSError as error:
        raise _refuse_file(path, error.strerror or "input or output failed") from None
    if not found:
        raise _refuse_file(path, "it has no line of a checkpoint")


def _refuse_file(path: Path, reason: str) -> HubMisconfigured:
    return HubMisconfigured(
        f"{path} is not a witness file that can be read: {reason}",
        next_step="give the file of HUB_LEDGER_WITNESS_FILE, or a copy of it",
    )
