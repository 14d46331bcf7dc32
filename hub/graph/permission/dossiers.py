"""Mutations that open, extend and end dossiers, and those of emergency access. They answer with nothing but the dossier: no value of any subject."""

import enum
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry
from psycopg import Connection
from strawberry.types import Info

from hub.access.callers.principals import Principal
from hub.access.dossiers.dossier_rules import FoundSubject
from hub.access.dossiers.dossier_senders import refuse_pushed_office
from hub.access.dossiers.dossier_store import (
    EMERGENCY,
    Dossier,
    NewDossier,
    Outcome,
    add_subjects,
    end_dossier,
    find_own_dossier,
    load_dossier,
    look_up_added,
    look_up_new,
    open_dossier,
)
from hub.access.dossiers.emergencies import (
    EmergencyRequest,
    confirm_emergency,
    end_emergency,
    look_up_emergency,
    request_emergency,
)
from hub.access.dossiers.offices import parse_office
from hub.access.dossiers.withdrawals import PassedOnWithdrawal, list_passed_on
from hub.access.purposes import find_purpose
from hub.errors import OperationRefused
from hub.graph.execution.reading import LookUp
from hub.graph.permission.named_subjects import is_named_by_key, read_named_subjects
from hub.graph.procedures.snapshots import keep_at_closing, show_summary
from hub.graph.schema_types.fields import Namespace, ValueField, input_type, make_field, object_type
from hub.model.names import to_camel_case
from hub.model.registry import Registry, load_registry
from hub.settings import Settings

if TYPE_CHECKING:
    from hub.graph.execution.execute import Executor

FoundForDossier = tuple[LookUp, list[FoundSubject]]
DOSSIER: Mapping[str, tuple[str, str]] = {
    "code": ("str", "Code of the dossier."),
    "purpose": ("str", "Code of the procedure or other purpose: what may be read under the dossier."),
    "purposeVersion": ("str", "SHA-256 of the purpose's files when the dossier was opened."),
    "office": ("str", "The administrative unit that handles it."),
    "openedAt": ("DateTime", "When it was opened."),
    "expiresAt": ("DateTime", "From then on nothing is read under it."),
    "endedAt": ("DateTime | None", "When it was closed or withdrawn; null while it is open."),
    "outcome": ("DossierOutcome | None", "How it ended; null while it is open."),
    "subjects": ("list[DossierSubject]", "Whom it is about."),
}
SUBJECT: Mapping[str, tuple[str, str]] = {
    "role": ("str", "Role that the purpose declares, such as transferor."),
    "kind": ("str", "Kind of the subject, such as Citizen."),
    "found": ("bool", "Whether the hub holds the subject. If not, it is looked up again with each read."),
}
PAYLOAD: Mapping[str, tuple[str, str]] = {
    "dossier": ("Dossier", "The dossier as it is now."),
    "snapshot": (
        "KeptPrefill | None",
        "The snapshot kept when it was closed; null if it had one already, or nothing could be prefilled.",
    ),
    "passedOn": (
        "list[PassedOnWithdrawal]",
        "What rests on the dossier elsewhere, and was told that it is withdrawn; kept for 30 days.",
    ),
}
PASSED_ON: Mapping[str, tuple[str, str]] = {
    "code": ("str", "Code of the dependent in the procedure."),
    "name": ("Label", "What it is called."),
    "way": ("PassedOnWay", "How it was told."),
    "receivers": ("int", "Systems that are told by webhook."),
}


@strawberry.enum(name="DossierOutcome", description="How a dossier ended.")
class DossierOutcomeType(enum.Enum):
    CLOSED = strawberry.enum_value("CLOSED", description="The procedure was completed or refused.")
    WITHDRAWN = strawberry.enum_value("WITHDRAWN", description="The applicant took it back.")


@strawberry.enum(name="PassedOnWay", description="How a dependent of a dossier is told.")
class PassedOnWayType(enum.Enum):
    WEBHOOK = strawberry.enum_value("WEBHOOK", description="By a signed webhook, to each system that asked for it.")
    ALARM = strawberry.enum_value("ALARM", description="By an alarm for a person: no system asked for it.")


@strawberry.input(
    name="ConfirmEmergencyAccessInput", description="Emergency access that another officer has requested."
)
class ConfirmEmergencyAccessInput:
    code: str = strawberry.field(description="Code of the emergency access.")


@strawberry.input(name="EndEmergencyAccessInput", description="Emergency access that is not needed any more.")
class EndEmergencyAccessInput:
    code: str = strawberry.field(description="Code of the emergency access.")
    reason: str = strawberry.field(description="The action taken, in a sentence. No personal data.")


@strawberry.input(name="EndDossierInput", description="A dossier to close or withdraw.")
class EndDossierInput:
    code: str = strawberry.field(description="Code of the dossier.")
    outcome: DossierOutcomeType = strawberry.field(description="How it ends.")
    reason: str = strawberry.field(description="Why, in a sentence. No personal data.")


def dossier_mutations(registry: Registry, names: Namespace) -> dict[str, Any]:
    """The root fields, by the name of their resolver; `names` has the types of dossiers."""
    payload, inputs = names["DossierPayload"], names

    async def open_dossier_(info: Info[Any, Any], input: Any) -> Any:
        new = NewDossier(
            code=input.code_,
            purpose=input.purpose_,
            office=input.office_,
            subjects=read_named_subjects(registry, input.subjects_),
            expires_at=_instant(input.expiresAt_),
        )

        def look_up(connection: Connection[Any], principal: Principal) -> FoundForDossier:
            if _settings(info).pushed_dossiers_only:
                refuse_pushed_office(connection, parse_office(new.office))
            return LookUp(new.purpose, parse_office(new.office)), look_up_new(connection, new, principal)

        about = await _admit_look_up(info, look_up)
        return await _run_on_dossier(info, lambda c, p: open_dossier(c, new, p), about)

    async def add_dossier_subjects(info: Info[Any, Any], input: Any) -> Any:
        named = read_named_subjects(registry, input.subjects_)

        def look_up(connection: Connection[Any], principal: Principal) -> FoundForDossier:
            _refuse_pushed_dossier(info, connection, input.code_, principal)
            dossier, found = look_up_added(connection, input.code_, named, principal)
            return LookUp(dossier.purpose, dossier.office), found

        about = await _admit_look_up(info, look_up)
        return await _run_on_dossier(info, lambda c, p: add_subjects(c, input.code_, named, p), about)

    async def end_dossier_(info: Info[Any, Any], input: EndDossierInput) -> Any:
        outcome = cast(Outcome, input.outcome.name)
        context = info.context
        closes = outcome == "CLOSED" and context.executor.access.is_enforced
        kept = await keep_at_closing(context.executor, context.reading, input.code) if closes else None

        def work(connection: Connection[Any], principal: Principal) -> Dossier:
            _refuse_pushed_dossier(info, connection, input.code, principal)
            return end_dossier(connection, input.code, outcome, input.reason, principal)

        ended = await _run_on_dossier(info, work)
        passed_on = await _list_passed_on(context.executor, input.code) if outcome == "WITHDRAWN" else []
        return {**ended, "snapshot": show_summary(kept) if kept else None, "passedOn": passed_on}

    async def request_emergency_access(info: Info[Any, Any], input: Any) -> Any:
        subjects = read_named_subjects(registry, input.subjects_)
        wanted = EmergencyRequest(input.purpose_, input.office_, subjects, input.reason_)

        def look_up(connection: Connection[Any], principal: Principal) -> FoundForDossier:
            found = look_up_emergency(connection, wanted, principal)
            return LookUp(wanted.purpose, parse_office(wanted.office)), found

        about = await _admit_look_up(info, look_up)
        return await _run_on_dossier(info, lambda c, p: request_emergency(c, wanted, p), about)

    async def confirm_emergency_access(info: Info[Any, Any], input: ConfirmEmergencyAccessInput) -> Any:
        minutes = _settings(info).emergency_minutes
        return await _run_on_dossier(info, lambda c, p: confirm_emergency(c, input.code, minutes, p))

    async def end_emergency_access(info: Info[Any, Any], input: EndEmergencyAccessInput) -> Any:
        return await _run_on_dossier(info, lambda c, p: end_emergency(c, input.code, input.reason, p))

    made = (
        (open_dossier_, "openDossier", inputs["OpenDossierInput"], "Open a dossier. Reads of personal data name it as X-Hub-Dossier. The same input again returns the same dossier."),
        (add_dossier_subjects, "addDossierSubjects", inputs["AddDossierSubjectsInput"], "Add subjects to an open dossier."),
        (end_dossier_, "endDossier", EndDossierInput, "Close or withdraw a dossier: nothing is read under it any more."),
        (request_emergency_access, "requestEmergencyAccess", inputs["RequestEmergencyAccessInput"], "Request to read at once without an own dossier. It raises an alarm, and another officer has to confirm it."),
        (confirm_emergency_access, "confirmEmergencyAccess", ConfirmEmergencyAccessInput, "Confirm emergency access that another officer has requested. It raises an alarm."),
        (end_emergency_access, "endEmergencyAccess", EndEmergencyAccessInput, "End emergency access before its time is over."),
    )  # fmt: skip
    return {name: _mutation(resolver, name, given, payload, about) for resolver, name, given, about in made}


def add_dossier_types(registry: Registry, names: Namespace) -> None:
    """Add the types of dossiers to `names`, which are the derived types."""
    names["DossierOutcome"], names["PassedOnWay"] = DossierOutcomeType, PassedOnWayType
    by = {
        to_camel_case(e.table): (f"{e.name}By | None", f"A {e.name} by its identifier.")
        for e in registry
        if is_named_by_key(e)
    }
    by["id"] = ("ID | None", "By global id, as the graph gives it.")
    names["SubjectBy"] = input_type("SubjectBy", "What identifies one subject: exactly one.", by, names, one_of=True)
    subject = {"role": ("str", SUBJECT["role"][1]), "subject": ("SubjectBy", "The subject.")}
    names["DossierSubjectInput"] = input_type(
        "DossierSubjectInput", "A subject of a dossier.", subject, names, required=True
    )
    listed = {"subjects": ("list[DossierSubjectInput]", "Whom it is about, at most 50.")}
    code = {"code": ("str", "Code of the dossier, such as H49.12-251118-0007.")}
    opening = {
        **code,
        "purpose": ("str", "Code of the procedure or other purpose."),
        "office": ("str", "Administrative unit that handles it, with a date of its code: 06820@2025-07-01."),
        **listed,
    }
    expiry = {"expiresAt": ("DateTime | None", "End of its life; 90 days from now if it is left out.")}
    names["OpenDossierInput"] = input_type(
        "OpenDossierInput", "A dossier to open.", {**opening, **expiry}, names, required=True
    )
    names["RequestEmergencyAccessInput"] = input_type(
        "RequestEmergencyAccessInput",
        "Whose data has to be read at once, and why.",
        {
            **{name: opening[name] for name in ("purpose", "office", "subjects")},
            "reason": ("str", "What happened, and why it cannot wait: 10 to 500 characters. No personal data."),
        },
        names,
        required=True,
    )
    names["AddDossierSubjectsInput"] = input_type(
        "AddDossierSubjectsInput", "Subjects to add to a dossier.", {**code, **listed}, names, required=True
    )
    for name, fields, about in (
        ("DossierSubject", SUBJECT, "A subject of a dossier, without any of its values."),
        ("Dossier", DOSSIER, "An administrative dossier: personal data is read for one of these."),
        (
            "PassedOnWithdrawal",
            PASSED_ON,
            "Work elsewhere that rested on a dossier, and was told that it is withdrawn.",
        ),
        ("DossierPayload", PAYLOAD, "A dossier that was changed."),
    ):
        values = {
            n: make_field(ValueField, kind, names, graphql=n, description=text) for n, (kind, text) in fields.items()
        }
        names[name] = object_type(name, about, values)


def _mutation(resolver: Any, name: str, given: Any, payload: Any, about: str) -> Any:
    resolver.__annotations__["return"] = payload
    resolver.__annotations__["input"] = Annotated[given, strawberry.argument(description="The change to make.")]
    return strawberry.mutation(resolver=resolver, name=name, description=about)


def _settings(info: Info[Any, Any]) -> Settings:
    settings: Settings = info.context.executor.preparer.settings
    return settings


def _refuse_pushed_dossier(info: Info[Any, Any], connection: Connection[Any], code: str, principal: Principal) -> None:
    """Raises OperationRefused if the dossier is of an office whose dossiers come from its one-stop system, and not an emergency."""
    if not _settings(info).pushed_dossiers_only:
        return
    dossier = find_own_dossier(connection, code, principal)
    if dossier.opened_via != EMERGENCY:
        refuse_pushed_office(connection, dossier.office)


async def _admit_look_up(
    info: Info[Any, Any], look_up: Callable[[Connection[Any], Principal], FoundForDossier]
) -> LookUp:
    """Look up the people whom a caller names, and admit that: each is an identifier tried, whether a dossier comes of it or not."""
    context, access = info.context, info.context.executor.access
    principal = context.caller.known
    about: LookUp
    try:
        about, found = await context.executor.reviews.read(lambda connection: look_up(connection, principal))
    except OperationRefused as error:
        access.count_refusal(context.caller, error.code)
        raise
    context.reading.look_ups.append(about)
    known = load_registry()
    persons = [subject for subject in found if known[subject.entity].personal]
    people = {(subject.entity, subject.number) for subject in persons if subject.number is not None}
    missing = sum(subject.number is None for subject in persons)
    await access.admit_look_up(people, missing, context.reading)
    return about


async def _run_on_dossier(
    info: Info[Any, Any], work: Callable[[Connection[Any], Principal], Dossier], about: LookUp | None = None
) -> Any:
    """Change a dossier. `about` is the look-up of its new subjects, if it gets any."""
    caller, access = info.context.caller, info.context.executor.access
    principal = caller.known
    try:
        dossier: Dossier = await info.context.executor.reviews.run(lambda connection: work(connection, principal))
    except OperationRefused as error:
        access.count_refusal(caller, error.code)
        raise
    access.dossiers.forget(dossier.code)
    if about is not None:
        look_ups = info.context.reading.look_ups
        look_ups[look_ups.index(about)] = replace(about, code=dossier.code)
    return {"dossier": _describe_dossier(dossier), "snapshot": None, "passedOn": []}


async def _list_passed_on(executor: "Executor", code: str) -> list[dict[str, Any]]:
    """Who was told. The caller has just ended the dossier, so it is one of theirs."""

    def load(connection: Connection[Any]) -> tuple[PassedOnWithdrawal, ...]:
        dossier = load_dossier(connection, code)
        assert dossier is not None  # dossiers are never deleted
        return list_passed_on(connection, dossier.code, find_purpose(dossier.purpose).declaration)

    told: tuple[PassedOnWithdrawal, ...] = await executor.reviews.run(load)
    return [
        {
            "code": one.dependent,
            "name": one.name.model_dump(),
            "way": PassedOnWayType[one.way],
            "receivers": one.receivers,
        }
        for one in told
    ]


def _describe_dossier(dossier: Dossier) -> dict[str, Any]:
    return {
        "code": dossier.code,
        "purpose": dossier.purpose,
        "purposeVersion": dossier.purpose_version,
        "office": dossier.office,
        "openedAt": dossier.opened_at.isoformat(),
        "expiresAt": dossier.expires_at.isoformat(),
        "endedAt": dossier.ended_at and dossier.ended_at.isoformat(),
        "outcome": dossier.outcome and DossierOutcomeType[dossier.outcome],
        "subjects": [{"role": s.role, "kind": s.entity, "found": s.number is not None} for s in dossier.subjects],
    }


def _instant(given: Any) -> datetime | None:
    if given is None or given is strawberry.UNSET:
        return None
    return given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
