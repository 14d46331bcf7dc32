"""Bounds: what a run may do by itself to a stream's rows, and what it asks a person."""

from typing import Any

from psycopg import Connection

from hub.ingest import approve
from hub.ingest.approve import Question
from hub.ingest.merge import FEW, Merge
from hub.ingest.outcome import Orders, Refused
from hub.ingest.place import Place
from hub.sdk.streams import Stream


class Bounds:
    """The bounds of one stream in one run. `asked` are the questions that were put in it."""

    def __init__(self, connection: Connection[Any], stream: Stream, place: Place, orders: Orders) -> None:
        self.connection = connection
        self.stream = stream
        self.place = place
        self.orders = orders
        self.asked: set[tuple[str, str | None]] = set()

    def believe(self, work: Merge, read: int, present: int) -> None:
        """A full read that gives nothing, or far less than before where nothing is swept, is not believed. Raises Refused."""
        if self.orders.accept_deletes or not present:
            return
        sweeps = self.stream.deletes == "sweep"
        least = 1 if sweeps or present <= FEW else present * (1 - self.stream.max_shrunk)
        if read >= least:
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
