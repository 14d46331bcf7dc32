"""Bounds: what a run may do by itself to a stream's rows, and what it asks a person."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from psycopg import Connection

from hub.ingest.guards import approvals as approve
from hub.ingest.guards.approvals import Question
from hub.ingest.run.cursor import Place
from hub.ingest.run.outcome import Orders, Refused
from hub.ingest.write.affected_values import Affected, has_values, together
from hub.ingest.write.merge import FEW, held
from hub.ingest.write.merge_sql import Merge
from hub.sdk.streams import Stream

ALWAYS_CHANGEABLE_VALUES = 20
"""Changing up to this many values of a column never needs approval: percentages mean little for small tables."""


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
        self.affected: dict[str, Mapping[str, Affected]] = {}
        """Kind of record → column → its values that this run emptied, changed or set aside."""
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

    def change(self, work: Merge, counts: Mapping[str, Affected]) -> None:
        """Values of columns that would be emptied, changed or set aside, more than `max_changed` of a column. Raises Refused."""
        name = work.entity.name
        before = {} if self.follows else self.affected.get(name, {})
        now = dict(together(before, counts))
        told, worst = [], (0, 0)
        for column, count in now.items():
            held_ = self._too_many(work, column, count, before.get(column)) if column in counts else None
            if held_ is not None:
                told.append(f"{column} ({count.words()} of {held_})")
                worst = max(worst, (count.values, held_))
        if told:
            question = Question(
                "VALUES",
                f"{self.place.where}: {name}: more values than max_changed allows would not stay as they are: "
                f"{'; '.join(told)}; nothing of this was written",
                name,
                *worst,
            )
            if not self.approved(question):
                raise Refused(question)
        self.affected[name] = now

    def _too_many(self, work: Merge, column: str, count: Affected, before: Affected | None) -> int | None:
        """How many values the store had of a column, where so many may not be affected; None where they may."""
        if column in self.stream.volatile:
            count = Affected(count.emptied, 0, count.aside)
        if count.values <= ALWAYS_CHANGEABLE_VALUES or self.stream.max_changed == 1:
            return None
        if self.stream.max_changed == 0:
            return count.values
        emptied = before.emptied if before else 0
        found = has_values(self.connection, work, column, count.values / self.stream.max_changed - emptied)
        return None if found is None else found + emptied

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
