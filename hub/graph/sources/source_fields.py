"""Root fields about sources (`sources`, `sourceRuns`, `schemaDrift`, `rejectedRows`, `runApprovals`), and mutations on what they list."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import strawberry
from psycopg import Connection
from strawberry.types import Info

from hub.access.callers.principals import Role
from hub.errors import OperationRefused
from hub.graph.schema_types.fields import Namespace, ValueField, make_field, object_type
from hub.graph.sources import state_reads
from hub.ingest.drift.records import accept_drift
from hub.ingest.guards.approvals import decide_approval

MAX_RUNS = 100
STEWARDS = frozenset({Role.OPERATOR, Role.REVIEWER})
NOT_A_STEWARD = OperationRefused(
    "only operators and reviewers look after sources",
    code="FORBIDDEN",
    next_step="sign in with one of these roles, and send X-Hub-Purpose: operations",
)
NOT_AN_OPERATOR = OperationRefused(
    "only operators decide what a run may do", code="FORBIDDEN", next_step="sign in with the role operator"
)
Fields = Mapping[str, tuple[str, str]]
STREAM: Fields = {
    "name": ("str", "Name of the stream."),
    "asOf": ("DateTime | None", "Start of the last read that confirmed every row; null if there was none."),
    "confirmedAt": ("DateTime | None", "Start of the last read or sweep that saw every key; null if there was none."),
}
RUN: Fields = {
    "number": ("int", "Number of the run."),
    "source": ("str", "Name of the connector."),
    "mode": ("str | None", "SYNC, FULL, FOLLOW, REPLAY or LOOKUP; null of the first releases."),
    "status": ("str", "RUNNING, SUCCEEDED, PARTIAL, FAILED, DEFERRED or INTERRUPTED."),
    "startedAt": ("DateTime", "When it began."),
    "endedAt": ("DateTime | None", "When it ended; null while it goes on."),
    "seconds": ("float", "How long it took, or has taken so far."),
    "reason": ("str | None", "Why it stopped; null if it succeeded."),
    "rowsRead": ("int", "Rows read."),
    "rowsAdded": ("int", "Rows added."),
    "rowsChanged": ("int", "Rows changed."),
    "rowsDeleted": ("int", "Rows deleted."),
    "rowsRejected": ("int", "Rows that broke a rule."),
}
SOURCE_STATE: Fields = {
    "name": ("str", "Name of the connector."),
    "streams": ("list[SourceStream]", "Its streams."),
    "failures": ("int", "Failures in a row."),
    "circuitOpenUntil": ("DateTime | None", "Until when it is left alone after failures; null if it is not."),
    "isPaused": ("bool", "Whether a person has paused it until then."),
    "nextRun": ("DateTime | None", "When its schedule reads it next; null if it has none."),
    "lastSuccess": (
        "DateTime | None",
        "When the newest run that succeeded ended, in all of its streams; null if there was none.",
    ),
    "lastRun": ("SourceRun | None", "The newest run; null if there was none."),
    "rejectedRows": ("int", "Open rows that broke a rule."),
    "openDrift": ("int", "Open findings of schema drift."),
    "pendingApprovals": ("int", "Requests of runs that wait for a person."),
}
DRIFT: Fields = {
    "number": ("int", "Number of the finding."),
    "source": ("str", "Name of the connector."),
    "stream": ("str", "Name of the stream."),
    "kind": ("str", "ADDED, REMOVED, RENAMED, EMPTIED, RETYPED or CODE."),
    "grade": ("str", "INFO, WARNING or BREAKING."),
    "column": ("str", "The column of the source."),
    "detail": ("str", "In words."),
    "fields": ("list[str]", "Fields that it touches, as Entity.field."),
    "procedures": ("list[str]", "Codes of procedures that read those fields."),
    "rejectedRows": ("int", "Open rows of the stream that were rejected for those fields."),
    "firstSeen": ("DateTime", "When it was seen first."),
    "canBeAccepted": ("bool", "Whether acceptDrift takes it; others end when manifest and source agree."),
}
REJECTED: Fields = {
    "source": ("str", "Name of the connector."),
    "stream": ("str", "Name of the stream."),
    "entity": ("str", "Kind of record."),
    "rule": ("str", "The rule that was broken."),
    "field": ("str | None", "The field; null for rules of the whole row."),
    "rows": ("int", "How many rows."),
    "oldest": ("DateTime", "When the oldest was first seen."),
}
APPROVAL: Fields = {
    "number": ("int", "Number of the request."),
    "source": ("str", "Name of the connector."),
    "stream": ("str", "Name of the stream."),
    "entity": ("str | None", "Kind of record whose rows would go; null for drift."),
    "kind": ("str", "DELETES, SHRUNK, VALUES or DRIFT."),
    "rows": ("int | None", "Rows that would go or change, or that were read; null for drift."),
    "held": ("int | None", "Rows that the store holds; null for drift."),
    "reason": ("str", "In words."),
    "run": ("int", "Number of the run that was refused."),
    "requestedAt": ("DateTime", "When."),
    "decidedBy": ("str | None", "Who decided; null while it is open."),
    "approved": ("bool | None", "The decision; null while it is open."),
}


@strawberry.input(name="AcceptDriftInput", description="Schema drift to accept.")
class AcceptDriftInput:
    number: int = strawberry.field(description="Number of the finding, of kind RETYPED.")


@strawberry.input(name="DecideRunApprovalInput", description="A decision on what a run asked to do.")
class DecideRunApprovalInput:
    number: int = strawberry.field(description="Number of the request.")
    approve: bool = strawberry.field(description="Whether the next run may do it.")


def source_fields(names: Namespace) -> dict[str, Any]:
    """The root fields of Query; their types are added to `names`."""
    for name, about, fields in (
        ("SourceStream", "A stream of a source.", STREAM),
        ("SourceRun", "A run of a connector.", RUN),
        ("SourceState", "A source: how it does, and what waits for a person.", SOURCE_STATE),
        ("SchemaDrift", "A source that is other than its manifest says, or than it was.", DRIFT),
        ("RejectedRows", "Rows of a stream that broke one rule in one field. Their values are not told.", REJECTED),
        ("RunApproval", "What a run must not do on its own.", APPROVAL),
    ):
        made = {
            n: make_field(ValueField, kind, names, graphql=n, description=text) for n, (kind, text) in fields.items()
        }
        names[name] = object_type(name, about, made)

    async def source_runs(
        info: Info[Any, Any],
        source: Annotated[str | None, strawberry.argument(description="Of this connector alone.")] = None,
        first: Annotated[int, strawberry.argument(description=f"At most so many, up to {MAX_RUNS}.")] = 20,
    ) -> Any:
        find_steward(info)
        if not 1 <= first <= MAX_RUNS:
            raise OperationRefused(
                f"sourceRuns: first must be 1 to {MAX_RUNS}", code="BAD_USER_INPUT", next_step="ask for fewer"
            )
        return await info.context.executor.reviews.run(lambda c: state_reads.read_runs(c, source, first))

    async def rejected_rows(
        info: Info[Any, Any],
        dismissed: Annotated[
            bool, strawberry.argument(description="Rows that a person dismissed, instead of those that wait.")
        ] = False,
    ) -> Any:
        find_steward(info)
        executor = info.context.executor
        if dismissed:  # readers of counts may not see what was decided of a row
            return await executor.desk.run(lambda c: state_reads.read_rejected(c, dismissed=True))
        return await executor.reviews.run(state_reads.read_rejected)

    run_type, rejected_type = names["SourceRun"], names["RejectedRows"]
    rejected_rows.__annotations__["return"] = list[rejected_type]  # type: ignore[valid-type]  # made from data
    rejected = strawberry.field(
        resolver=rejected_rows,
        name="rejectedRows",
        description="How many rows wait in quarantine, by rule. For operators and reviewers.",
    )
    source_runs.__annotations__["return"] = list[run_type]  # type: ignore[valid-type]  # made from data
    runs = strawberry.field(resolver=source_runs, name="sourceRuns", description="The newest runs. For operators.")
    return {
        "sources": _list_field("sources", "SourceState", names, None, "Every source, by name. For operators and reviewers."),
        "source_runs": runs,
        "schema_drift": _list_field("schemaDrift", "SchemaDrift", names, state_reads.read_drift, "Open schema drift, worst first. For operators and reviewers."),
        "rejected_rows": rejected,
        "run_approvals": _list_field("runApprovals", "RunApproval", names, state_reads.read_approvals, "What runs ask a person to allow, newest first. For operators and reviewers."),
    }  # fmt: skip


def source_mutations(names: Namespace) -> dict[str, Any]:
    """The root fields of Mutation, by the name of their resolver."""

    async def accept_drift_(info: Info[Any, Any], input: Any) -> Any:
        find_steward(info)
        return await info.context.executor.reviews.run(
            lambda c: state_reads.show_drift(accept_drift(c, input.number), 0)
        )

    async def decide_run_approval(info: Info[Any, Any], input: Any) -> Any:
        principal = info.context.caller.known
        if Role.OPERATOR not in principal.roles:
            raise NOT_AN_OPERATOR
        by = principal.id
        return await info.context.executor.reviews.run(
            lambda c: state_reads.show_approval(decide_approval(c, input.number, approved=input.approve, by=by))
        )

    made = (
        (accept_drift_, "acceptDrift", AcceptDriftInput, "SchemaDrift", "Accept a column's new type: later reads are compared with it. For operators and reviewers."),
        (decide_run_approval, "decideRunApproval", DecideRunApprovalInput, "RunApproval", "Allow or refuse what a run asked to do; an approval serves once. For operators."),
    )  # fmt: skip
    found = {}
    for resolver, name, given, returned, about in made:
        described = strawberry.argument(description="The decision.")
        resolver.__annotations__["input"] = Annotated[given, described]
        resolver.__annotations__["return"] = names[returned]
        found[name] = strawberry.mutation(resolver=resolver, name=name, description=about)
    return found


def find_steward(info: Info[Any, Any]) -> None:
    """Raises OperationRefused if the caller is neither operator nor reviewer."""
    if not STEWARDS & info.context.caller.known.roles:
        raise NOT_A_STEWARD


def _list_field(
    name: str, kind: str, names: Namespace, read: Callable[[Connection[Any]], Any] | None, about: str
) -> Any:
    """A field that is a list. Without `read` it is that of sources, which needs their manifests."""

    async def listed(info: Info[Any, Any]) -> Any:
        find_steward(info)
        executor = info.context.executor
        return await executor.reviews.run(read or (lambda c: state_reads.read_sources(c, executor.desk.manifests)))

    item = names[kind]
    listed.__annotations__["return"] = list[item]  # type: ignore[valid-type]  # made from data
    return strawberry.field(resolver=listed, name=name, description=about)
