"""Rejected rows with their values: `rejectedRowValues`, `previewRowFix`, and the mutations that correct, replay and dismiss them.

Each look is in the ledger, as `quarantine.<connector>.<stream>.<entity>` beside the fields that were asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import strawberry
from psycopg import Connection
from strawberry.types import Info

from hub.errors import OperationRefused
from hub.graph.schema_types.fields import Namespace, ValueField, Whole, make_field, object_type
from hub.graph.sources.source_fields import find_steward
from hub.graph.sources.state_reads import show_instant
from hub.graph.sources.steward_desk import StewardDesk
from hub.ingest.quarantine.entries import dismiss_entry, reopen_entry
from hub.ingest.quarantine.rejections import DUPLICATE_RULES
from hub.ingest.quarantine.rule_groups import (
    MAX_SAMPLES,
    FixedRow,
    FixPreview,
    RuleGroup,
    ShownRow,
    count_group,
    find_columns,
    list_shown_rows,
    preview_fix,
    record_fix,
)
from hub.ingest.quarantine.value_edits import EditKind, ValueEdit
from hub.ledger.log.looked_for import UNKNOWN_FORM
from hub.model.registry import load_registry

MAX_ROWS = 50
MAX_DISMISSED = 50
LONGEST_NOTE = 500
Fields = Mapping[str, tuple[str, str]]
EDITS: Mapping[str, str] = {
    "REPLACE_VALUE": "The value becomes `to`: where it is `find`, or everywhere if `find` is empty.",
    "REPLACE_TEXT": "Each `find` in the value becomes `to`.",
    "PAD": "Digits get leading zeros up to a length of `to`; those that begin with a zero stay.",
    "READ_DAY": "A day of the form `find`, e.g. MONTH_DAY_YEAR, is written as YYYY-MM-DD.",
    "EMPTY": "The value is left out: where it is `find`, or everywhere if `find` is empty.",
}
CELL: Fields = {
    "column": ("str", "The column of the source."),
    "value": ("str | None", "The value, masked as its field is; null if it has none."),
    "isMasked": ("bool", "Whether the value is masked."),
    "isBroken": ("bool", "Whether the field whose rule is broken reads it."),
}
ROW: Fields = {
    "number": ("int", "Number of the row."),
    "key": ("str", "Key of the row at its source; only its end if it is personal."),
    "reason": ("str", "The rule that it breaks, in words."),
    "firstSeen": ("DateTime", "When it was first read."),
    "cells": ("list[RejectedCell]", "Values of the columns that fields read; none of somebody whose data nobody may see."),
    "isWithheld": ("bool", "Whether it is of somebody whose data nobody may see."),
}  # fmt: skip
PAGE: Fields = {
    "rows": ("int", "How many rows the group has."),
    "columns": ("list[str]", "Columns that the broken field reads: those that can be corrected."),
    "nodes": ("list[RejectedRow]", "The rows, the oldest first."),
}
SAMPLE: Fields = {
    "number": ("int", "Number of the row."),
    "before": ("str | None", "The value as read; null if it has none."),
    "after": ("str | None", "The value with the correction; null if it is left out."),
    "read": ("str | None", "How the hub would read it; null if it would reject the row."),
    "reason": ("str | None", "Why the row would still be rejected; null if it would be accepted."),
}
PREVIEW: Fields = {
    "rows": ("int", "How many rows the group has."),
    "changed": ("int", "How many the correction changes."),
    "accepted": ("int", "How many of those would be accepted."),
    "samples": ("list[RowFixSample]", f"At most {MAX_SAMPLES} rows that would be accepted, and as many that would not."),
}  # fmt: skip
RESULT: Fields = {
    "rows": ("int", "How many rows were answered."),
    "isQueued": ("bool", "Whether a worker was asked to replay them."),
}


@strawberry.input(name="RejectedGroupInput", description="Rows of a stream that break one rule in one field.")
class RejectedGroupInput:
    source: str = strawberry.field(description="Name of the connector.")
    stream: str = strawberry.field(description="Name of the stream.")
    entity: str = strawberry.field(description="Kind of record.")
    rule: str = strawberry.field(description="The rule that is broken.")
    field: str | None = strawberry.field(default=None, description="The field; null for rules of the whole row.")

    def read(self) -> RuleGroup:
        """The group."""
        return RuleGroup(self.source, self.stream, self.entity, self.rule, self.field)


@strawberry.input(name="RowFixInput", description="One correction for the rows of a group.")
class RowFixInput:
    column: str = strawberry.field(description="The column of the source.")
    kind: str = strawberry.field(description=f"The edit: {', '.join(EDITS)}.")
    find: str = strawberry.field(default="", description="The text to search for, in the form that the kind needs.")
    to: str = strawberry.field(default="", description="What stands instead, as the kind says.")

    def read(self) -> ValueEdit:
        """The edit. Raises OperationRefused."""
        if self.kind not in EDITS:
            raise OperationRefused(
                "there is no such kind of edit", code="EDIT_INVALID", next_step=f"use one of: {', '.join(EDITS)}"
            )
        return ValueEdit(EditKind(self.kind), self.find, self.to)


@strawberry.input(name="FixRejectedRowsInput", description="A correction that was previewed, to be kept.")
class FixRejectedRowsInput:
    group: RejectedGroupInput = strawberry.field(description="The rows.")
    fix: RowFixInput = strawberry.field(description="The correction.")
    expected: int = strawberry.field(description="How many rows the preview said would be accepted.")
    note: str = strawberry.field(description="Why, in a sentence.")


@strawberry.input(name="ReplayRejectedRowsInput", description="Rows to be read again with the mapping as it is now.")
class ReplayRejectedRowsInput:
    group: RejectedGroupInput = strawberry.field(
        description="The rows; other fields that break the same rule are tried as well."
    )


@strawberry.input(name="DismissRejectedRowsInput", description="Rows that stay out of the store.")
class DismissRejectedRowsInput:
    numbers: list[int] = strawberry.field(description=f"Numbers of the rows, at most {MAX_DISMISSED}.")
    note: str = strawberry.field(description="Why, in a sentence.")


@strawberry.input(name="ReopenRejectedRowInput", description="A dismissal to take back.")
class ReopenRejectedRowInput:
    number: int = strawberry.field(description="Number of the row.")


def rejected_row_fields(names: Namespace) -> dict[str, Any]:
    """The root fields of Query; their types are added to `names`."""
    for name, about, fields in (
        ("RejectedCell", "A value of a rejected row.", CELL),
        ("RejectedRow", "A row that broke a rule.", ROW),
        ("RejectedRowPage", "Rows of one group.", PAGE),
        ("RowFixSample", "What a correction makes of one row.", SAMPLE),
        ("RowFixPreview", "What a correction would do. Nothing is written.", PREVIEW),
        ("RejectedRowsAnswer", "What became of an answer to rejected rows.", RESULT),
    ):
        made = {
            n: make_field(ValueField, kind, names, graphql=n, description=text) for n, (kind, text) in fields.items()
        }
        names[name] = object_type(name, about, made)

    async def rejected_row_values(
        info: Info[Any, Any],
        group: Annotated[RejectedGroupInput, strawberry.argument(description="The rows.")],
        first: Annotated[int, strawberry.argument(description=f"At most so many, up to {MAX_ROWS}.")] = 20,
        after: Annotated[int | None, strawberry.argument(description="Only rows with a higher number.")] = None,
        dismissed: Annotated[
            bool, strawberry.argument(description="Rows that a person dismissed, instead of those that wait.")
        ] = False,
    ) -> Any:
        find_steward(info)
        if not 1 <= first <= MAX_ROWS:
            raise OperationRefused(
                f"rejectedRowValues: first must be 1 to {MAX_ROWS}", code="BAD_USER_INPUT", next_step="ask for fewer"
            )
        desk, wanted = find_desk(info), group.read()
        caller = info.context.caller
        masked = caller.purpose is not None and caller.purpose.declaration.masked
        page, people = await desk.run(
            lambda c: _read_page(c, desk, wanted, first, after or 0, masked=masked, dismissed=dismissed)
        )
        note_look(info, wanted, len(page["nodes"]), people, exists=bool(page["rows"]))
        return page

    async def preview_row_fix(
        info: Info[Any, Any],
        group: Annotated[RejectedGroupInput, strawberry.argument(description="The rows.")],
        fix: Annotated[RowFixInput, strawberry.argument(description="The correction.")],
    ) -> Any:
        find_steward(info)
        desk, wanted, edit = find_desk(info), group.read(), fix.read()
        found = await desk.run(lambda c: preview_fix(c, desk.manifests, wanted, fix.column, edit))
        samples = list_samples(found)
        people = [person for one in samples for person in one.people]
        note_look(info, wanted, found.changed, people, exists=bool(found.rows))
        return _show_preview(found, samples)

    rejected_row_values.__annotations__["return"] = names["RejectedRowPage"]
    preview_row_fix.__annotations__["return"] = names["RowFixPreview"]
    return {
        "rejected_row_values": strawberry.field(
            resolver=rejected_row_values,
            name="rejectedRowValues",
            description="Rows that broke a rule, with values: in full where the rule is broken, masked beside. For operators and reviewers.",
        ),
        "preview_row_fix": strawberry.field(
            resolver=preview_row_fix,
            name="previewRowFix",
            description="What one correction would make of the rows of a group, read as every other row is. For operators and reviewers.",
        ),
    }


def rejected_row_mutations(names: Namespace) -> dict[str, Any]:
    """The root fields of Mutation, by the name of their resolver."""

    async def fix_rejected_rows(info: Info[Any, Any], input: Any) -> Any:
        from hub.jobs.queue import build_replay_job  # the queue's library, which most processes never need

        find_steward(info)
        desk, group, edit, by = find_desk(info), input.group.read(), input.fix.read(), info.context.caller.known.id
        note, expected, column = read_note(input.note), input.expected, input.fix.column

        def keep(connection: Connection[Any]) -> list[int]:
            found = preview_fix(connection, desk.manifests, group, column, edit)
            return record_fix(connection, found, expected=expected, note=note, by=by)

        numbers = await desk.run(keep)
        note_look(info, group, len(numbers), exists=bool(numbers))
        (queued,) = await desk.queue([build_replay_job(group.connector, numbers=numbers)])
        return Whole(rows=len(numbers), isQueued=queued)

    async def replay_rejected_rows(info: Info[Any, Any], input: Any) -> Any:
        from hub.jobs.queue import build_replay_job  # the queue's library, which most processes never need

        find_steward(info)
        desk, group = find_desk(info), input.group.read()
        find_columns(desk.manifests, group)  # refuses a group that no manifest has
        rows = await desk.run(lambda c: count_group(c, group))
        if not rows:
            raise NOTHING_OPEN
        (queued,) = await desk.queue([build_replay_job(group.connector, rule=group.rule, entity=group.entity)])
        return Whole(rows=rows, isQueued=queued)

    async def dismiss_rejected_rows(info: Info[Any, Any], input: Any) -> Any:
        find_steward(info)
        numbers, note, by = list(dict.fromkeys(input.numbers)), read_note(input.note), info.context.caller.known.id
        if not 1 <= len(numbers) <= MAX_DISMISSED:
            raise OperationRefused(
                f"give 1 to {MAX_DISMISSED} rows", code="BAD_USER_INPUT", next_step="dismiss a page of rows at a time"
            )

        def dismiss(connection: Connection[Any]) -> int:
            with connection.transaction():
                return len([dismiss_entry(connection, number, note, by) for number in numbers])

        return Whole(rows=await find_desk(info).run(dismiss), isQueued=False)

    async def reopen_rejected_row(info: Info[Any, Any], input: Any) -> Any:
        find_steward(info)
        await find_desk(info).run(lambda c: reopen_entry(c, input.number))
        return Whole(rows=1, isQueued=False)

    made = (
        (fix_rejected_rows, "fixRejectedRows", FixRejectedRowsInput, "Correct the rows that a preview says would be accepted, and replay them. It holds while the source sends them unchanged."),
        (replay_rejected_rows, "replayRejectedRows", ReplayRejectedRowsInput, "Read rejected rows again with the mapping and patches as they are now."),
        (dismiss_rejected_rows, "dismissRejectedRows", DismissRejectedRowsInput, "Leave rows out of the store for as long as the source sends them unchanged."),
        (reopen_rejected_row, "reopenRejectedRow", ReopenRejectedRowInput, "Take a dismissal back: the row waits again."),
    )  # fmt: skip
    found = {}
    for resolver, name, given, about in made:
        resolver.__annotations__["input"] = Annotated[given, strawberry.argument(description="The answer.")]
        resolver.__annotations__["return"] = names["RejectedRowsAnswer"]
        found[resolver.__name__] = strawberry.mutation(
            resolver=resolver, name=name, description=f"{about} For operators and reviewers."
        )
    return found


NOTHING_OPEN = OperationRefused(
    "no row of this group is open any more", code="GROUP_EMPTY", next_step="list the groups with `rejectedRows`"
)


def find_desk(info: Info[Any, Any]) -> StewardDesk:
    """Where stewards work."""
    desk: StewardDesk = info.context.executor.desk
    return desk


def note_look(
    info: Info[Any, Any], group: RuleGroup, rows: int, people: Iterable[tuple[str, int]] = (), *, exists: bool
) -> None:
    """Say in the ledger's entry of this request which rows it shows, how many, and whom they are about or name.

    `exists`: whether the group has rows. If it has none, its rule and field are what somebody typed, and not written down.
    """
    reading = info.context.reading
    reading.people |= {(kind, number) for kind, number in people if load_registry()[kind].personal}
    reading.paths.add(f"quarantine.{group.connector}.{group.stream}.{group.entity}")
    named = {"rule": group.rule, "field": group.field or ""} if exists else {"group": UNKNOWN_FORM}
    reading.details = {**named, "rows": rows}
    reading.shows_rows = True


def read_note(text: str) -> str:
    """A reason as it is kept. Raises OperationRefused if it is empty or too long."""
    note = text.strip()
    if not 1 <= len(note) <= LONGEST_NOTE:
        raise OperationRefused(
            f"the note must have 1 to {LONGEST_NOTE} characters",
            code="BAD_USER_INPUT",
            next_step="say why, in a sentence",
        )
    return note


def _read_page(
    connection: Connection[Any],
    desk: StewardDesk,
    group: RuleGroup,
    first: int,
    after: int,
    *,
    masked: bool,
    dismissed: bool,
) -> tuple[Whole, frozenset[tuple[str, int]]]:
    """A page of rows, and whom they are about or name."""
    rows = list_shown_rows(
        connection, desk.manifests, group, limit=first, after=after, masked=masked, dismissed=dismissed
    )
    page = Whole(
        rows=count_group(connection, group, dismissed=dismissed),
        columns=[] if group.rule in DUPLICATE_RULES else list(find_columns(desk.manifests, group)),
        nodes=[_show_row(row) for row in rows],
    )
    return page, frozenset(person for row in rows for person in row.people)


def _show_row(row: ShownRow) -> Whole:
    return Whole(
        number=row.number,
        key=row.key,
        reason=row.reason,
        firstSeen=show_instant(row.first_seen),
        cells=[
            Whole(column=cell.column, value=cell.value, isMasked=cell.is_masked, isBroken=cell.is_broken)
            for cell in row.cells
        ],
        isWithheld=row.is_withheld,
    )


def list_samples(found: FixPreview) -> list[FixedRow]:
    """The rows of a preview that are shown."""
    return [*found.accepted[:MAX_SAMPLES], *found.rejected[:MAX_SAMPLES]]


def _show_preview(found: FixPreview, samples: Sequence[FixedRow]) -> Whole:
    return Whole(
        rows=found.rows,
        changed=found.changed,
        accepted=len(found.accepted),
        samples=[Whole({name: value for name, value in vars(one).items() if name in SAMPLE}) for one in samples],
    )
