"""Answers in files: `correction-12.ack.json` in the folder that a source puts its answers into.

A file is read when it is new or has changed. The hub deletes nothing there: the folder is the source's. An answer of an unknown
number and a malformed file are reported each time, until the source corrects or removes them.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from hub.corrections.messages import MAX_ANSWER_BYTES, CorrectionAnswerMalformed, SourceAnswer, read_answer
from hub.corrections.senders import ANSWER_ENDING, MAX_ANSWERS, open_folder, read_small_file
from hub.ingest.read.files.location import FileEntry
from hub.sdk.corrections import FileCorrections
from hub.sdk.manifest import Manifest

NAME = re.compile(r"correction-([1-9][0-9]{0,17})\.ack\.json")
SELECT_READ = "select id, answer_file from hub.source_correction where id = any(%s) and connector = %s"
KEEP_READ = "update hub.source_correction set answer_file = %s where id = %s"


@dataclass(frozen=True)
class FileAnswers:
    """New answers by number, and the faults of files: names and rules, no values."""

    answers: Mapping[int, SourceAnswer]
    written: Mapping[int, str]
    """Modification times of their files, for `mark_read`."""
    problems: Sequence[str]


def read_answers(connection: Connection[Any], manifest: Manifest, declared: FileCorrections) -> FileAnswers:
    """The answers that a source has put down since the last time. Raises SourceUnavailable, HubMisconfigured."""
    answers: dict[int, SourceAnswer] = {}
    written: dict[int, str] = {}
    problems: list[str] = []
    with closing(open_folder(manifest, declared, declared.acknowledgements)) as folder:
        entries = folder.list_entries(f"*{ANSWER_ENDING}")[:MAX_ANSWERS]
        numbers = {int(found[1]): entry for entry in entries if (found := NAME.fullmatch(entry.name))}
        known = dict(connection.execute(SELECT_READ, (list(numbers), manifest.name)).fetchall())
        strange = [entry.name for entry in entries if not NAME.fullmatch(entry.name)]
        strange += [entry.name for number, entry in numbers.items() if number not in known]
        if strange:
            problems.append(
                f"{manifest.name}: {len(strange):,} answer files are of no correction of this source, e.g. {strange[0]}"
            )
        for number, entry in numbers.items():
            if number not in known or known[number] == entry.written:
                continue
            with folder.provide_file(entry, MAX_ANSWER_BYTES) as path:
                body = b"" if entry.size > MAX_ANSWER_BYTES else read_small_file(path)
            problem = _keep(answers, number, entry, body)
            if problem:
                problems.append(f"{manifest.name}: {entry.name}: {problem}")
                continue
            written[number] = entry.written
    return FileAnswers(answers, written, problems)


def mark_read(connection: Connection[Any], number: int, written: str) -> None:
    """Remember that an answer was kept: its file is read again only if it changes."""
    connection.execute(KEEP_READ, (written, number))


def _keep(answers: dict[int, SourceAnswer], number: int, entry: FileEntry, body: bytes) -> str | None:
    """Add the answer of a file; its fault, if it has one."""
    if entry.size > MAX_ANSWER_BYTES:
        return f"has more than {MAX_ANSWER_BYTES:,} bytes"
    try:
        answers[number] = read_answer(body, number)
    except CorrectionAnswerMalformed as error:
        return str(error)
    return None
