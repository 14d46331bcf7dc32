"""Snapshots of prefills from the graph: kept by a mutation or when a dossier is closed, read, and run again.

A snapshot is read under its dossier, as a prefill is. Its people are compared with sealed identities once more, and its fields with those
that the procedure reads today: a permission that was withdrawn since holds for snapshots, too.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from graphql import OperationDefinitionNode, parse
from psycopg import Connection
from strawberry.annotation import StrawberryAnnotation
from strawberry.types import Info

from hub.access.callers.principals import Principal
from hub.access.purposes import find_purpose
from hub.errors import HubError, OperationRefused
from hub.graph.execution.reading import Reading
from hub.graph.permission.callers import Caller, check_purpose
from hub.graph.permission.dossier_reads import ReadingDossier
from hub.graph.procedures.prefill.prefill_corrections import NOTHING
from hub.graph.procedures.prefill.prefill_service import PrefillRequest, list_prefilled_paths, read_choices
from hub.graph.procedures.prefill.prefill_view import view_prefill
from hub.graph.schema_types.fields import Namespace, ValueField, make_field, object_type
from hub.plan.binds import global_id, read_global_id
from hub.plan.building.correction_nodes import CORRECTIONS_FIELD
from hub.plan.building.node_builder import KIND_KEY
from hub.plan.read_paths import list_read_paths
from hub.procedures.answering.statuses import SETTLED
from hub.procedures.answers import Prefill, as_json
from hub.procedures.display import display_value
from hub.snapshots.difference import PrefillDifference, compare_prefills
from hub.snapshots.paper_requests import PaperRequest, list_paper_requests, request_paper
from hub.snapshots.records import (
    SNAPSHOT_TYPE,
    UNKNOWN,
    NewSnapshot,
    Occasion,
    PrefillSnapshot,
    SnapshotSummary,
    find_people_now,
    has_snapshot,
    keep_snapshot,
    list_snapshots,
    load_snapshot,
)

if TYPE_CHECKING:
    from hub.graph.execution.execute import Executor

LOG = logging.getLogger("hub.graph")
NEEDS_DOSSIER = OperationRefused(
    "snapshots are kept and read under a dossier",
    code="DOSSIER_NEEDED",
    next_step="open one with openDossier, and send its code as X-Hub-Dossier",
)
WITHDRAWN = OperationRefused(
    "the snapshot has fields that its procedure does not read any more",
    code="SNAPSHOT_WITHDRAWN",
    next_step="prefill the dossier again: `hub purposes diff` shows the change",
)


@strawberry.input(name="RequestPaperInput", description="A paper that the citizen is to be asked for.")
class RequestPaperInput:
    requirement: str = strawberry.field(description="Code of the requirement, e.g. transferor_marital_status.")
    role: str | None = strawberry.field(default=None, description="Role of the subject, if it is asked of several.")


def snapshot_mutations(names: Namespace) -> dict[str, Any]:
    """The root fields, by the name of their resolver. `names` has the types of snapshots."""
    kept = make_field(ValueField, "KeptPrefill", names, graphql="snapshot", description="The snapshot.")
    payload = object_type("KeepPrefillPayload", "A snapshot that was kept.", {"snapshot": kept})

    given = names["KeepPrefillInput"]

    async def keep_prefill(info: Info[Any, Any], input: Any) -> Any:
        choices = read_choices(input.choices_) if input.choices_ else {}
        context = info.context
        made = await prefill_and_keep(context.executor, context.reading, context.caller, choices, "REQUEST")
        return {"snapshot": show_summary(made)}

    async def request_paper_(info: Info[Any, Any], input: RequestPaperInput) -> Any:
        context, dossier = info.context, find_dossier(info.context.caller)
        principal = context.caller.known
        made = await context.executor.reviews.run(
            lambda c: request_paper(
                c,
                dossier.id,
                input.requirement,
                input.role,
                asked_by=principal.id,
                acting_app=principal.acting_app,
            )
        )
        return {"request": show_paper_request(made)}

    keep_prefill.__annotations__["return"] = payload
    keep_prefill.__annotations__["input"] = Annotated[given, strawberry.argument(description="The change to make.")]
    paper = make_field(ValueField, "PaperRequest", names, graphql="request", description="The paper and the ground.")
    request_paper_.__annotations__["return"] = object_type(
        "RequestPaperPayload", "A paper that may be asked for.", {"request": paper}
    )
    request_paper_.__annotations__["input"] = Annotated[
        RequestPaperInput, strawberry.argument(description="The change to make.")
    ]
    made = (
        (keep_prefill, "keepPrefill", "Prefill the dossier and keep the answer as a snapshot. No value is given here: `prefillSnapshot` has them."),
        (request_paper_, "requestPaper", "Say that the citizen is asked for a paper. Refused if the newest snapshot says that the state holds it; counted in both cases."),
    )  # fmt: skip
    return {
        resolver.__name__: strawberry.mutation(resolver=resolver, name=name, description=about)
        for resolver, name, about in made
    }


def show_paper_request(made: PaperRequest) -> dict[str, Any]:
    """A request as the type PaperRequest reads it."""
    return {**as_json(made), "snapshotId": global_id(SNAPSHOT_TYPE, made.snapshot_id)}


def snapshot_fields(names: Namespace) -> dict[str, Any]:
    """The root fields that read snapshots, by the name of their resolver."""

    async def prefill_snapshot(info: Info[Any, Any], id: strawberry.ID) -> Any:
        context, dossier = info.context, find_dossier(info.context.caller)
        kind, number = read_global_id(str(id))
        if kind != SNAPSHOT_TYPE or number is None:
            raise UNKNOWN
        found = await read_snapshot(context.executor, context.reading, number, dossier)
        return {
            **show_summary(found),
            "prefill": show_kept(found.read_answer()),
            "rerun": partial(_rerun_shown, context.executor, context.reading, found),
        }

    async def prefill_snapshots(info: Info[Any, Any]) -> Any:
        dossier = find_dossier(info.context.caller)
        found = await info.context.executor.reviews.run(lambda c: list_snapshots(c, dossier.id))
        return [show_summary(one) for one in found]

    async def paper_requests(info: Info[Any, Any]) -> Any:
        dossier = find_dossier(info.context.caller)
        found = await info.context.executor.reviews.run(lambda c: list_paper_requests(c, dossier.id))
        return [show_paper_request(one) for one in found]

    made = (
        (prefill_snapshot, "prefillSnapshot", "PrefillSnapshot", "A snapshot of the dossier, with the answer."),
        (prefill_snapshots, "prefillSnapshots", "list[KeptPrefill]", "The snapshots of the dossier, the newest first; at most 100."),
        (paper_requests, "paperRequests", "list[PaperRequest]", "Papers that the citizen was asked for under the dossier, the newest first; at most 200."),
    )  # fmt: skip
    return {resolver.__name__: _query(resolver, name, kind, names, about) for resolver, name, kind, about in made}


def _query(resolver: Any, name: str, kind: str, names: Namespace, about: str) -> Any:
    if "id" in resolver.__annotations__:
        resolver.__annotations__["id"] = Annotated[
            strawberry.ID, strawberry.argument(description="Id of the snapshot.")
        ]
    made = strawberry.field(resolver=resolver, name=name, description=about)
    made.type_annotation = StrawberryAnnotation(kind, namespace=names)
    return made


# --- Keeping ----------------------------------------------------------------------------------------------------------


async def prefill_and_keep(
    executor: "Executor", outer: Reading, caller: Caller, choices: Mapping[str, frozenset[str]], occasion: Occasion
) -> SnapshotSummary:
    """Prefill the caller's dossier and keep the answer. `outer` is the request that it is done for.

    The reading has an entry of its own in the ledger, written before anything is kept. Raises as `PrefillService.fill` and
    `keep_snapshot` do, DOSSIER_NEEDED, LedgerUnavailable.
    """
    dossier, principal = find_dossier(caller), caller.known
    purpose = find_purpose(dossier.purpose)
    reading = Reading(caller, outer.ready)
    try:
        filled: Prefill = await executor.prefills.fill(PrefillRequest(purpose.code, choices=choices), reading)
    except HubError:
        outer.people |= reading.people
        outer.withheld |= reading.withheld
        outer.documents += reading.documents
        raise
    if executor.ledger is not None:
        await executor.ledger.record(reading, None)
    new = NewSnapshot(
        dossier_id=dossier.id,
        answer=make_kept(filled),
        choices={code: sorted(keys) for code, keys in choices.items()},
        people=sorted(reading.people),
        paths=list_prefilled_paths(reading),
        at=filled.at,
        hub_version=version("cross-sector-hub"),
        occasion=occasion,
        kept_by=principal.id,
        acting_app=principal.acting_app,
        keep_days=purpose.declaration.retention_days,
    )
    made: SnapshotSummary = await executor.reviews.run(lambda c: keep_snapshot(c, new))
    return made


async def keep_at_closing(executor: "Executor", reading: Reading, code: str) -> SnapshotSummary | None:
    """Keep a snapshot of a dossier that is about to be closed, if it is a procedure's and has none.

    None if there is nothing to keep, or if it cannot be prefilled any more: that is no reason to leave a dossier open.
    """
    return await _keep_last(executor, reading, code, checks_user=True)


async def keep_at_pushed_closing(executor: "Executor", sender: Principal, code: str) -> SnapshotSummary | None:
    """Keep a snapshot of a dossier that its one-stop system is about to close, as `keep_at_closing` does.

    No procedure names a sender as its user. It is answered with no value, and the ledger says for whom the data was read.
    """
    return await _keep_last(executor, Reading(Caller(sender)), code, checks_user=False)


async def _keep_last(executor: "Executor", reading: Reading, code: str, *, checks_user: bool) -> SnapshotSummary | None:
    principal = reading.caller.known
    try:
        dossier = await executor.access.dossiers.find(code, principal)
        purpose = find_purpose(dossier.purpose)
        if not purpose.is_procedure or await executor.reviews.run(lambda c: has_snapshot(c, dossier.id)):
            return None
        if checks_user:
            check_purpose(purpose, principal, "", has_dossier=True)
        bindings = {**reading.caller.bindings, **dossier.bindings}
        caller = reading.caller._replace(purpose=purpose, dossier=dossier, bindings=bindings)
        return await prefill_and_keep(executor, reading, caller, {}, "CLOSING")
    except HubError as error:
        LOG.info("no snapshot was kept of a dossier that is closed: %s", error.code)
        return None


def make_kept(filled: Prefill) -> dict[str, Any]:
    """A prefill as it is kept: its JSON, with each value in words as it was shown."""
    kept: dict[str, Any] = as_json(filled)
    for answer, made in zip(filled.answers, kept["answers"], strict=True):
        for value, shown in zip(answer.values, made["values"], strict=True):
            shown["display"] = as_json(display_value(value))
    return kept


# --- Reading ----------------------------------------------------------------------------------------------------------


def find_dossier(caller: Caller) -> ReadingDossier:
    """The dossier of the caller. Raises OperationRefused with DOSSIER_NEEDED."""
    if caller.dossier is None:
        raise NEEDS_DOSSIER
    return caller.dossier


async def read_snapshot(
    executor: "Executor", reading: Reading, number: int, dossier: ReadingDossier
) -> PrefillSnapshot:
    """A snapshot of the dossier that may still be read, by whoever may read the dossier; its people are noted for the ledger.

    Raises OperationRefused with SNAPSHOT_UNKNOWN, SNAPSHOT_WITHDRAWN or SUBJECT_SEALED; ReadingPaused, StoreUnavailable.
    """

    def load(connection: Connection[Any]) -> tuple[PrefillSnapshot, frozenset[tuple[str, int]]]:
        found = load_snapshot(connection, number, dossier_id=dossier.id)
        return found, find_people_now(connection, found.people or ())

    found: PrefillSnapshot
    found, people = await executor.reviews.run(load)
    check_still_permitted(found)
    await executor.access.admit_people(people, reading)
    reading.paths |= set(found.paths)
    return found


def check_still_permitted(found: PrefillSnapshot) -> None:
    """Raises OperationRefused with SNAPSHOT_WITHDRAWN if the procedure does not read any more what the snapshot has."""
    purpose = find_purpose(found.procedure)
    if not set(found.paths) <= _list_paths(purpose.version, purpose.code):
        raise WITHDRAWN


@lru_cache(maxsize=200)
def _list_paths(version_: str, code: str) -> frozenset[str]:
    """Every path that a procedure's documents read. `version_` is there for the cache: other files are another procedure."""
    parsed = [parse(document.text) for document in find_purpose(code).documents]
    return frozenset(
        path
        for document in parsed
        for operation in document.definitions
        if isinstance(operation, OperationDefinitionNode)
        for path in list_read_paths(document, operation)
    )


def show_summary(found: SnapshotSummary | PrefillSnapshot) -> dict[str, Any]:
    """A snapshot as the type KeptPrefill reads it."""
    return {
        "id": global_id(SNAPSHOT_TYPE, found.id),
        "dossier": found.dossier,
        "procedure": found.procedure,
        "procedureVersion": found.procedure_version,
        "at": found.at.isoformat(),
        "hubVersion": found.hub_version,
        "occasion": found.occasion,
        "digest": found.digest.hex(),
        "forgottenAt": found.forgotten_at and found.forgotten_at.isoformat(),
    }


def show_kept(answer: dict[str, Any]) -> dict[str, Any]:
    """A prefill that was kept, as the graph's types read it."""
    for one in answer["answers"]:
        for value in one["values"]:
            value |= {KIND_KEY: value["type"], CORRECTIONS_FIELD: []}
            for lost in value["losingValues"]:
                lost[CORRECTIONS_FIELD] = []
    settled = {status.name for status in SETTLED}
    asked = [] if answer["blockedBy"] else [one for one in answer["answers"] if one["status"] not in settled]
    return {**answer, "stillToAsk": asked}


# --- Running again ----------------------------------------------------------------------------------------------------


async def rerun_snapshot(
    executor: "Executor", reading: Reading, found: PrefillSnapshot
) -> tuple[Prefill, PrefillDifference, bool]:
    """Today's answer, the difference, and whether the items that were chosen are still there.

    Raises as `PrefillService.fill` does, and SNAPSHOT_FORGOTTEN.
    """
    before, holds = found.read_answer(), True
    request = PrefillRequest(found.procedure, choices=found.chosen)
    try:
        filled: Prefill = await executor.prefills.fill(request, reading)
    except OperationRefused as error:
        if error.code != "CHOICE_UNKNOWN":
            raise
        filled, holds = await executor.prefills.fill(replace(request, choices={}), reading), False
    return filled, compare_prefills(before, make_kept(filled)), holds


async def _rerun_shown(executor: "Executor", reading: Reading, found: PrefillSnapshot) -> dict[str, Any]:
    filled, difference, holds = await rerun_snapshot(executor, reading, found)
    return {
        "prefill": view_prefill(filled, NOTHING),
        "choicesHold": holds,
        "changes": as_json(difference.changes),
        "newBlocks": list(difference.new_blocks),
        "endedBlocks": list(difference.ended_blocks),
    }
