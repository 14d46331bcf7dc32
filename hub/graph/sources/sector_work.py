"""What sectors have to mend: `discrepancyCounts` and `sourceCorrections` without values, and `discrepancyHandover`, a file with both values."""

import io
from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry
from psycopg import Connection
from strawberry.types import Info

from hub.corrections.records import Correction, CorrectionSearch, list_corrections
from hub.errors import OperationRefused
from hub.graph.schema_types.fields import Namespace, ValueField, Whole, make_field, object_type
from hub.graph.sources.source_fields import Fields, find_steward
from hub.graph.sources.state_reads import show_instant
from hub.ledger.writing.records import RecordKind
from hub.link.discrepancies.handover import (
    Handed,
    Number,
    Which,
    count_discrepancies,
    read_discrepancies,
    write_discrepancies,
)
from hub.model.registry import load_registry

MAX_COUNTS = 500
MAX_CORRECTIONS = 200
MAX_HANDED_ROWS = 5_000
"""Rows of one file: each person in it is in one record of the ledger."""
COUNT: Fields = {
    "sector": ("str", "The sector that owns the copies."),
    "source": ("str", "Name of its connector."),
    "stream": ("str", "Name of the stream."),
    "entity": ("str", "Kind of record."),
    "field": ("str", "The column that has the copy."),
    "authority": ("str", "Kind of subject and field that it is a copy of."),
    "kind": ("str", "SPELLING or DIFFERS."),
    "rows": ("int", "How many copies differ."),
    "oldest": ("DateTime", "When the oldest was first seen."),
}
CORRECTION: Fields = {
    "number": ("int", "Number of the correction."),
    "source": ("str", "Name of the connector that was asked."),
    "entity": ("str", "Kind of record."),
    "field": ("str", "The field."),
    "state": ("str", "State of the correction."),
    "openedAt": ("DateTime", "When it was asked for."),
    "dueAt": ("DateTime", "By when the source must answer."),
    "isOverdue": ("bool", "Whether that time is over."),
    "reminders": ("int", "How often the source was reminded."),
    "failure": ("str | None", "Why it could not be sent; null if it could, or was not yet."),
}
HANDOVER: Fields = {
    "rows": ("int", "How many discrepancies it has."),
    "csv": ("str", "The file (RFC 4180), with both values and the key of the row to mend."),
}


def sector_work_fields(names: Namespace) -> dict[str, Any]:
    """The root fields of Query; their types are added to `names`."""
    for name, about, fields in (
        ("DiscrepancyCount", "How many copies of a column differ from their authority.", COUNT),
        ("SourceCorrectionState", "A correction that a source was asked for, without its values.", CORRECTION),
        ("DiscrepancyHandover", "Discrepancies that one sector has to mend.", HANDOVER),
    ):
        made = {
            n: make_field(ValueField, kind, names, graphql=n, description=text) for n, (kind, text) in fields.items()
        }
        names[name] = object_type(name, about, made)

    async def discrepancy_counts(
        info: Info[Any, Any],
        sector: Annotated[Any, strawberry.argument(description="Of copies of this sector alone.")] = None,
        entity: Annotated[str | None, strawberry.argument(description="Of this kind of record alone.")] = None,
        field: Annotated[str | None, strawberry.argument(description="Of this column alone.")] = None,
        closed: Annotated[bool, strawberry.argument(description="Also those that agree again.")] = False,
    ) -> Any:
        find_steward(info)
        which = Which(None if sector is None else sector.name.lower(), entity, field, every=closed)
        return await info.context.executor.reviews.run(lambda c: _read_counts(c, which))

    async def source_corrections(
        info: Info[Any, Any],
        source: Annotated[str | None, strawberry.argument(description="Of this connector alone.")] = None,
        overdue: Annotated[
            bool, strawberry.argument(description="Only those that should have been done by now.")
        ] = False,
    ) -> Any:
        find_steward(info)
        wanted = CorrectionSearch((source,) if source else None, pending=True, overdue=overdue)
        return await info.context.executor.reviews.run(lambda c: _read_corrections(c, wanted))

    async def discrepancy_handover(
        info: Info[Any, Any],
        sector: Annotated[Any, strawberry.argument(description="The sector that mends.")],
        kind: Annotated[Any, strawberry.argument(description="Only those that differ so.")] = None,
        entity: Annotated[str | None, strawberry.argument(description="Of this kind of record alone.")] = None,
        field: Annotated[str | None, strawberry.argument(description="Of this column alone.")] = None,
    ) -> Any:
        find_steward(info)
        which = Which(sector.name.lower(), entity, field, kind=None if kind is None else kind.name)
        rows = await info.context.executor.reviews.run(lambda c: _read_handed(c, which))
        reading = info.context.reading
        reading.kind = RecordKind.EXPORT
        reading.shows_rows = True
        people = {(row.subject_kind, row.subject_id) for row in rows if load_registry()[row.subject_kind].personal}
        await info.context.executor.access.admit_people(people, reading)
        reading.details = {"handed": which.sector, "rows": len(rows)}
        file = io.StringIO(newline="")
        return Whole(rows=write_discrepancies(rows, file), csv=file.getvalue())

    count, correction = names["DiscrepancyCount"], names["SourceCorrectionState"]
    discrepancy_counts.__annotations__["return"] = list[count]  # type: ignore[valid-type]  # made from data
    source_corrections.__annotations__["return"] = list[correction]  # type: ignore[valid-type]  # made from data
    discrepancy_handover.__annotations__["return"] = names["DiscrepancyHandover"]
    sectors, kinds = names["Sector"], names["DiscrepancyKind"]
    mends, differ, owns = (
        strawberry.argument(description=text)
        for text in ("The sector that mends.", "Only those that differ so.", "Of copies of this sector alone.")
    )
    discrepancy_counts.__annotations__["sector"] = Annotated[sectors | None, owns]
    discrepancy_handover.__annotations__["sector"] = Annotated[sectors, mends]
    discrepancy_handover.__annotations__["kind"] = Annotated[kinds | None, differ]
    return {
        resolver.__name__: strawberry.field(resolver=resolver, name=name, description=f"{about} For operators and reviewers.")
        for resolver, name, about in (
            (discrepancy_counts, "discrepancyCounts", "Copies that differ from their authority, by sector, stream and field, the most first; without values."),
            (source_corrections, "sourceCorrections", f"Corrections that sources have not made yet, those that are due first, at most {MAX_CORRECTIONS}; without values."),
            (discrepancy_handover, "discrepancyHandover", f"Discrepancies that one sector has to mend, as a file with both values: at most {MAX_HANDED_ROWS:,} rows, and nobody who is sealed or restricted."),
        )
    }  # fmt: skip


def _read_counts(connection: Connection[Any], which: Which) -> list[Whole]:
    return [_show_count(one) for one in count_discrepancies(connection, which)[:MAX_COUNTS]]


def _show_count(one: Number) -> Whole:
    return Whole(
        sector=one.sector,
        source=one.connector,
        stream=one.stream,
        entity=one.entity,
        field=one.field,
        authority=f"{one.subject_kind}.{one.subject_field}",
        kind=one.kind,
        rows=one.rows,
        oldest=show_instant(one.oldest),
    )


def _read_corrections(connection: Connection[Any], wanted: CorrectionSearch) -> list[Whole]:
    now = datetime.now(UTC)
    return [_show_correction(one, now) for one in list_corrections(connection, wanted, MAX_CORRECTIONS)]


def _show_correction(one: Correction, now: datetime) -> Whole:
    return Whole(
        number=one.id,
        source=one.connector,
        entity=one.record_entity,
        field=one.field,
        state=one.state,
        openedAt=show_instant(one.opened_at),
        dueAt=show_instant(one.due_at),
        isOverdue=one.is_overdue(now),
        reminders=one.reminders,
        failure=one.failure,
    )


def _read_handed(connection: Connection[Any], which: Which) -> list[Handed]:
    rows: list[Handed] = []
    for row in read_discrepancies(connection, which):
        rows.append(row)
        if len(rows) > MAX_HANDED_ROWS:
            raise OperationRefused(
                f"the sector has more than {MAX_HANDED_ROWS:,} discrepancies to mend",
                code="TOO_MANY_ROWS",
                next_step="choose one kind, or run `hub discrepancies export` on the server",
            )
    return rows
