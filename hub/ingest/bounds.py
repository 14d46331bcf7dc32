"""Bounds: what a run may do by itself to a stream's rows, and what it asks a person."""

from collections import Counter
from typing import Any

from psycopg import Connection

from hub.ingest import approve
from hub.ingest.approve import Question
from hub.ingest.merge import FEW, held
from hub.ingest.merge_sql import Merge
from hub.ingest.outcome import Orders, Refused
from hub.ingest.place import Place
from hub.sdk.streams import Stream


class Bounds:
    """The bounds of one stream in one run. `asked` are the questions that were put in it."""

    def __init__(
        self, connection: Connection[Any], stream: Stream, place: Place, orders: Orders, *, follows: bool = False
    ) -> None:
        self.connection = connection
        self.follows = follows
        self.stream = stream
        self.place = place
        self.orders = orders
        self.asked: set[tuple[str, str | None]] = set()
        self.left: Counter[str] = Counter()
        """Kind of record → rows that left it in this run, as they no longer meet its condition."""

    def believe(self, work: Merge, read: int, present: int, came: int) -> None:
        """A full read that gives nothing, or far less than before where nothing is swept, is not believed. Raises Refused.

        `read` counts rows of this kind of record, `came` those of the source: a source whose rows are now of another kind did
        not give nothing, and what leaves this kind is judged as deletions are.
        """
        if self.orders.accept_deletes or not present:
            return
        if self.stream.emits[work.entity.name].when:
            read = came
        shrunk = not self.stream.sweeps and present > FEW and read < present * (1 - self.stream.max_shrunk)
        if came and not shrunk:
            return
        question = Question(
            "SHRUNK",
            f"{self.place.where}: {work.entity.name}: the source gave {read} rows where the store has {present};"
            " nothing was changed in the store",
            work.entity.name,
            read,
            present,
        )
        if not self.approved(question):
            raise Refused(question)

    def may_delete(self, work: Merge, going: int, present: int) -> Refused | None:
        """Why so many rows may not go; None where they may."""
        if going <= FEW or going <= present * self.stream.max_deleted or self.orders.accept_deletes:
            return None
        question = Question(
            "DELETES",
            f"{self.place.where}: {work.entity.name}: the source no longer has {going} of {present} rows, more than the"
            " manifest allows; they were not deleted",
            work.entity.name,
            going,
            present,
        )
        return None if self.approved(question) else Refused(question, self.ask(question))

    def leave(self, work: Merge, going: int) -> None:
        """Rows that no longer meet the condition of their kind go as rows that are gone do. Raises Refused."""
        # What is followed goes on for months: there each commit is judged for itself.
        before = 0 if self.follows else self.left[work.entity.name]
        if going + before <= FEW or self.orders.accept_deletes:
            self.left[work.entity.name] += going
            return
        present = held(self.connection, work)
        if going + before > (present + before) * self.stream.max_deleted:
            question = Question(
                "DELETES",
                f"{self.place.where}: {work.entity.name}: {going + before} of {present + before} rows no longer meet its"
                " `when`, more than max_deleted allows; nothing of this was written",
                work.entity.name,
                going + before,
                present + before,
            )
            if not self.approved(question):
                raise Refused(question)
        self.left[work.entity.name] += going

    def approved(self, question: Question) -> bool:
        """Whether a person has said yes; that serves once."""
        return approve.allowed(self.connection, self.place.stream_id, self.orders.run_id, question)

    def ask(self, question: Question) -> int:
        """Put a question. Returns its number."""
        self.asked.add((question.kind, question.entity))
        return approve.ask(self.connection, self.place.stream_id, self.orders.run_id, question)

    def close(self) -> None:
        """At the end of a run: what earlier runs asked and this one did not have to is answered."""
        approve.withdraw(self.connection, self.place.stream_id, self.orders.run_id, self.asked)
