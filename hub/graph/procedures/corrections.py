"""Mutations on corrections. They check by themselves who may use them, and answer with no value.

A correction is asked for by whoever may read the value: the purpose's own documents, run for the dossier or for the caller, have
to reach the record and read the field. What becomes of it decides the source: a caller with its scope `source:<connector>`.
"""

import enum
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

import strawberry
from graphql import GraphQLSchema
from psycopg import Connection
from strawberry.types import Info

from hub.access.purposes import find_purpose
from hub.corrections.records import Correction, correction_unknown, load_correction
from hub.corrections.requests import (
    UNSEEN,
    Asker,
    CorrectionRequest,
    claim_of_discrepancy,
    decide_correction,
    find_correctable,
    find_place,
    open_correction,
    withdraw_correction,
)
from hub.errors import OperationRefused
from hub.graph.execution.prepare import GraphQLRequest, RequestRejected
from hub.graph.permission.callers import Caller, caller_attributes
from hub.graph.schema_types.fields import Namespace, ValueField, make_field, object_type
from hub.model.registry import Registry, load_registry
from hub.plan.binds import global_id, read_global_id
from hub.plan.permission.reach import REACHED_KEY, ReachDocument, build_reach_documents

CORRECTION_TYPE = "Correction"
MAX_REACHES = 500
"""Cut documents that are kept: one for each purpose and field that somebody has asked to correct."""
STATUS: Mapping[str, tuple[str, str]] = {
    "id": ("ID", "Id of the correction."),
    "recordId": ("ID", "Global id of the record."),
    "field": ("str", "Field of the record."),
    "source": ("str", "The sector system that owns the value."),
    "state": ("CorrectionState", "Where it stands."),
    "since": ("DateTime", "When it was opened."),
    "dueAt": ("DateTime", "By when the source has to act."),
    "overdue": ("bool", "Whether the source should have acted by now."),
}
NOT_READ = OperationRefused(
    "the purpose does not read this field of this record",
    code="NOT_A_SUBJECT",
    next_step="send the dossier of the person whose record it is, and name a field that its procedure reads",
)


@strawberry.enum(name="CorrectionDecision", description="What a source says of a correction.")
class CorrectionDecisionType(enum.Enum):
    ACKNOWLEDGE = strawberry.enum_value("ACKNOWLEDGE", description="It works on it.")
    REFUSE = strawberry.enum_value("REFUSE", description="Its value is right; `answer` says why.")


@strawberry.input(name="OpenCorrectionInput", description="A value to be corrected by the source that owns it.")
class OpenCorrectionInput:
    record_id: strawberry.ID = strawberry.field(
        description="Global id of the record; of a missing record, of the subject whose list lacks it."
    )
    field: str = strawberry.field(
        description="As the graph reaches it from the record: `area`, `holderLink.recorded.name`; of a missing record the list: `landUseRights`."
    )
    claimed: str | None = strawberry.field(
        default=None,
        description="The value that it should have; null if it should be empty. Of a missing record, what identifies it.",
    )
    from_discrepancy: bool = strawberry.field(
        default=False, description="Claim what the authoritative source holds, which the record differs from."
    )
    seen: str | None = strawberry.field(
        default=strawberry.UNSET, description="The value that you have seen: refused if it has changed since."
    )
    reason: str = strawberry.field(description="Why, in a sentence.")
    source: str | None = strawberry.field(
        default=None, description="Which source should hold a missing record, if several could."
    )


@strawberry.input(name="WithdrawCorrectionInput", description="A correction that is not needed any more.")
class WithdrawCorrectionInput:
    id: strawberry.ID = strawberry.field(description="Id of the correction.")
    reason: str = strawberry.field(description="Why, in a sentence.")


@strawberry.input(name="DecideCorrectionInput", description="What a source says of a correction of its data.")
class DecideCorrectionInput:
    id: strawberry.ID = strawberry.field(description="Id of the correction.")
    decision: CorrectionDecisionType = strawberry.field(description="Whether it works on it.")
    answer: str | None = strawberry.field(default=None, description="What it says; needed for a refusal.")


def correction_mutations(known: Registry, names: Namespace) -> dict[str, Any]:
    """The root fields, by the name of their resolver; `names` are the derived types."""
    fields = {n: make_field(ValueField, kind, names, graphql=n, description=text) for n, (kind, text) in STATUS.items()}
    names["CorrectionStatus"] = object_type("CorrectionStatus", "Where a correction stands, without any value.", fields)
    about = make_field(
        ValueField, "CorrectionStatus", names, graphql="correction", description="The correction as it is now."
    )
    payload = object_type("CorrectionPayload", "A correction that was changed.", {"correction": about})
    states = names["CorrectionState"]

    async def open_correction_(info: Info[Any, Any], input: OpenCorrectionInput) -> Any:
        request = _read_request(input, info.context.caller)
        caller, readable = info.context.caller, await is_readable(info, known, request)
        asker = _asker(caller)
        sources = None if readable else caller.bindings.get("caller.sources", frozenset())
        return await _run(info, states, lambda c: _open(c, request, asker, sources))

    async def withdraw_correction_(info: Info[Any, Any], input: WithdrawCorrectionInput) -> Any:
        number, asker = _number(input.id), _asker(info.context.caller)
        enforced = info.context.executor.access.is_enforced

        def withdraw(connection: Connection[Any]) -> Correction:
            found = load_correction(connection, number)
            if enforced and not _is_own(found, asker):
                raise correction_unknown()
            return withdraw_correction(connection, number, by=asker.id, reason=input.reason)

        return await _run(info, states, withdraw)

    async def decide_correction_(info: Info[Any, Any], input: DecideCorrectionInput) -> Any:
        number, principal = _number(input.id), info.context.caller.known
        enforced = info.context.executor.access.is_enforced
        accepted = input.decision is CorrectionDecisionType.ACKNOWLEDGE

        def decide(connection: Connection[Any]) -> Correction:
            found = load_correction(connection, number)
            if enforced and found.connector not in caller_attributes(principal)["caller.sources"]:
                raise correction_unknown()
            return decide_correction(connection, number, accepted=accepted, by=principal.id, answer=input.answer)

        return await _run(info, states, decide)

    made = (
        (open_correction_, "openCorrection", OpenCorrectionInput, "Ask the source that owns a value to correct it. The same claim again is the same correction."),
        (withdraw_correction_, "withdrawCorrection", WithdrawCorrectionInput, "Take back a correction that you, or your dossier, asked for."),
        (decide_correction_, "decideCorrection", DecideCorrectionInput, "Say, for the source, what becomes of a correction."),
    )  # fmt: skip
    return {name: _mutation(resolver, name, given, payload, text) for resolver, name, given, text in made}


def _mutation(resolver: Any, name: str, given: Any, payload: Any, about: str) -> Any:
    resolver.__annotations__["return"] = payload
    resolver.__annotations__["input"] = Annotated[given, strawberry.argument(description="The change to make.")]
    return strawberry.mutation(resolver=resolver, name=name, description=about)


# --- Who may ask ------------------------------------------------------------------------------------------------------


async def is_readable(info: Info[Any, Any], known: Registry, request: CorrectionRequest) -> bool:
    """Whether the caller's purpose reads the field of this record. Raises OperationRefused with FORBIDDEN_OPERATION under none."""
    executor, caller = info.context.executor, info.context.caller
    field = find_correctable(known, request.entity, request.field)
    if not executor.access.is_enforced:
        return True
    if caller.purpose is None or caller.disclosure.masked:
        raise OperationRefused(
            "a correction is asked for under a purpose that reads the value",
            code="FORBIDDEN_OPERATION",
            next_step="send X-Hub-Dossier, or X-Hub-Purpose of a purpose that needs none",
        )
    wanted = global_id(request.entity, request.number)
    for document in _cut_documents(
        executor.schema, caller.purpose.version, caller.purpose.code, field.entity.name, field.path
    ):
        for variables in document.bind(caller.bindings):
            try:
                data, _ = await executor.data(GraphQLRequest(document.text, variables=variables), info.context.reading)
            except RequestRejected:  # an identifier of another kind
                continue
            if has_reached(data, wanted):
                return True
    return False


def has_reached(data: Any, wanted: str) -> bool:
    """Whether the answer of a reach document has the row of this global id."""
    if isinstance(data, list):
        return any(has_reached(item, wanted) for item in data)
    if not isinstance(data, dict):
        return False
    return data.get(REACHED_KEY) == wanted or any(has_reached(value, wanted) for value in data.values())


@lru_cache(MAX_REACHES)
def _cut_documents(schema: GraphQLSchema, version: str, code: str, entity: str, path: str) -> tuple[ReachDocument, ...]:
    """The documents of a purpose, cut down to a field. `version` is there for the cache: other files are another purpose."""
    return build_reach_documents(find_purpose(code), schema, load_registry()[entity], path)


def _asker(caller: Caller) -> Asker:
    principal = caller.known
    return Asker(
        principal.id,
        principal.acting_app,
        caller.purpose.code if caller.purpose else None,
        caller.dossier.id if caller.dossier else None,
    )


def _is_own(found: Correction, asker: Asker) -> bool:
    """Whether the asker has opened it, or works on the dossier for which it was opened."""
    return found.opened_by == asker.id or (found.dossier_id is not None and found.dossier_id == asker.dossier_id)


# --- Requests and answers ---------------------------------------------------------------------------------------------


def _read_request(given: OpenCorrectionInput, caller: Caller) -> CorrectionRequest:
    kind, number = read_global_id(str(given.record_id))
    if kind is None or number is None:
        raise OperationRefused(
            "an id is not one of a record", code="WRONG_KIND", next_step="take ids from the graph, as they are"
        )
    if given.from_discrepancy and given.claimed is not None:
        raise OperationRefused(
            "claimed and fromDiscrepancy were both given", code="BAD_USER_INPUT", next_step="give one of them"
        )
    is_own = bool(caller.bindings.get("caller.personal_ids")) and caller.dossier is None
    return CorrectionRequest(
        entity=kind,
        number=number,
        field=given.field,
        claimed=given.claimed,
        reason=given.reason,
        origin="DISCREPANCY" if given.from_discrepancy else "CITIZEN" if is_own else "ANSWER",
        seen=UNSEEN if given.seen is strawberry.UNSET else given.seen,
        connector=given.source,
    )


def _open(
    connection: Connection[Any], request: CorrectionRequest, asker: Asker, sources: frozenset[str] | None
) -> Correction:
    """Open a correction. `sources` are those of a caller whose purpose does not read the value; None if it does.

    A sector may ask for its own copies that differ from the authoritative source.
    """
    if sources is not None:
        known = load_registry()
        field = find_correctable(known, request.entity, request.field)
        if request.origin != "DISCREPANCY" or find_place(connection, known, field, request).connector not in sources:
            raise NOT_READ
    if request.origin == "DISCREPANCY":
        claimed = claim_of_discrepancy(connection, request.entity, request.number, request.field)
        request = replace(request, claimed=claimed)
    return open_correction(connection, request, asker)


async def _run(info: Info[Any, Any], states: Any, work: Any) -> Any:
    found: Correction = await info.context.executor.reviews.run(work)
    shown = {
        "id": global_id(CORRECTION_TYPE, found.id),
        "recordId": global_id(found.record_entity, found.record_id),
        "field": found.field,
        "source": found.connector,
        "state": states[found.state.name],
        "since": found.opened_at.isoformat(),
        "dueAt": found.due_at.isoformat(),
        "overdue": found.is_overdue(datetime.now(UTC)),
    }
    return {"correction": shown}


def _number(text: str) -> int:
    """The number of a correction's id. Raises OperationRefused with CORRECTION_UNKNOWN."""
    kind, number = read_global_id(str(text))
    if kind != CORRECTION_TYPE or number is None:
        raise correction_unknown()
    return number
