"""Which migrations take something away that programs of the version before still use, noted while they run.

An upgrade without a pause needs two versions at one store: `hub migrate` of the newer one first, then its processes in the place of the
older ones. So a migration may only add. If one has to take something away, programs before it cannot read the store any more; it may say
from which revision on they could have done without, as `oldest_program = "0031"` in its file: the revision whose version stopped using it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from hub.store.revision import StoreRevision, join_revision, split_revision

CONTRACTION = re.compile(
    r"""\balter\s+table\b.*\b(?:
            drop\s+column|rename|alter\s+column\s+\S+\s+(?:set\s+data\s+)?type\b|set\s+not\s+null|set\s+schema
        )
        |\badd\s+column\b(?=.*\bnot\s+null\b)(?!.*\b(?:default|generated)\b)
        |^\s*drop\s+(?:table|view|materialized|function|schema|sequence|type|domain)\b
        |^\s*(?:alter\s+(?:view|function|schema|sequence|type|domain)\b.*\b(?:rename|set\s+schema)\b|truncate)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
"""Statements after which what an older program reads or writes may fail. Dropping an index, a default or a constraint is none."""
OLDEST_PROGRAM = "oldest_program"


def is_contraction(statement: str) -> bool:
    """Whether a statement takes away, renames or retypes what a program of the version before may use."""
    return CONTRACTION.search(statement) is not None


class ContractionLog:
    """Statements of the migrations that run on one connection, and the oldest program they leave able to read, by branch."""

    def __init__(self) -> None:
        self._contracts = False
        self._oldest: dict[str, str] = {}

    @contextmanager
    def watch(self, connection: Connection) -> Iterator[None]:
        """Note what runs on the connection while the block runs."""
        event.listen(connection, "before_cursor_execute", self._note)
        try:
            yield
        finally:
            event.remove(connection, "before_cursor_execute", self._note)

    def end_revision(self, *, ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
        """Alembic's `on_version_apply`: the notes since the last call belong to the revision that was just applied."""
        if self._contracts and step.is_upgrade:
            revision = step.up_revision
            said = getattr(revision.module, OLDEST_PROGRAM, revision.revision)
            ((branch, number),) = split_revision(said).items()
            self._oldest[branch] = max(number, self._oldest.get(branch, number))
        self._contracts = False

    def oldest_program(self, before: StoreRevision | None, reached: str) -> str:
        """The oldest program that can read the store after the migrations: that of the store before them, unless they took something away.

        `before` is None for a store that has just been made: no older program is in use there.
        """
        had = split_revision(before.oldest_program if before else reached)
        return join_revision(
            {
                branch: max(had.get(branch, number), self._oldest.get(branch, "0000"))
                for branch, number in split_revision(reached).items()
            }
        )

    def _note(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self._contracts = self._contracts or is_contraction(statement)
