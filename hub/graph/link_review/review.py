"""The root type Mutation: a person's decision on a link or a merge, and its undoing, with the record as it is then."""

import enum
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, cast

import strawberry
from psycopg import Connection
from strawberry.types import Info
from strawberry.types.field import StrawberryField

from hub.access.callers.principals import Role
from hub.errors import OperationRefused
from hub.graph.permission.dossiers import dossier_mutations
from hub.graph.procedures.corrections import correction_mutations
from hub.graph.procedures.snapshots import snapshot_mutations
from hub.graph.schema_types.fields import Namespace, NodeField, ValueField, Whole, make_field, object_type
from hub.graph.schema_types.linked_fields import LINKED_FIELD
from hub.graph.sources.hub_state import hub_state_mutations
from hub.graph.sources.rejected_rows import rejected_row_mutations
from hub.graph.sources.source_fields import source_mutations
from hub.link.decisions.decisions import decision_of, keep_decision, withdraw_decision
from hub.link.decisions.verdicts import Decision, Verdict, Word
from hub.link.field import Field, field_named, field_of_code
from hub.model.names import quote_identifier
from hub.model.registry import Registry, load_registry
from hub.plan.binds import global_id, read_global_id

DECISION_TYPE = "Decision"
NOT_A_REVIEWER = OperationRefused(
    "only reviewers may review",
    code="FORBIDDEN",
    next_step="sign in with the role reviewer, and send X-Hub-Purpose: review",
)


@strawberry.enum(name="Verdict", description="What a person says of a record and a subject.")
class VerdictType(enum.Enum):
    SAME = strawberry.enum_value("SAME", description="The record means this subject; of a merge, both are one.")
    DIFFERENT = strawberry.enum_value("DIFFERENT", description="The record means another; of a merge, they are two.")


@strawberry.input(name="DecideLinkInput", description="A verdict on one pair.")
class DecideLinkInput:
    field: Any = strawberry.field(graphql_type=LINKED_FIELD, description="The linked field; of a merge, the register.")
    record_id: strawberry.ID = strawberry.field(description="Global id of the record; of a merge, of one of the two.")
    subject_id: strawberry.ID = strawberry.field(description="Global id of the subject; of a merge, of the other.")
    verdict: VerdictType = strawberry.field(description="What they are.")
    reason: str = strawberry.field(description="What decided it, in a sentence.")
    second_of: strawberry.ID | None = strawberry.field(
        default=None, description="The decision that this is a second opinion on: it is counted, and changes nothing."
    )


@strawberry.input(name="UndoDecisionInput", description="A decision to take back.")
class UndoDecisionInput:
    decision_id: strawberry.ID = strawberry.field(description="Id of the decision.")
    reason: str = strawberry.field(description="Why, in a sentence.")


DECISION_FIELDS: Mapping[str, tuple[str, str]] = {
    "id": ("ID", "Id of the decision."),
    "field": ("LinkedField", "The linked field; of a merge, the register."),
    "recordId": ("ID", "Global id of the record; of a merge, of the younger row."),
    "subjectId": ("ID | None", "Global id of the row that was meant; of a merge, of the older. Null if it is gone."),
    "verdict": ("Verdict", "The decision."),
    "reviewer": ("str", "Id of the person who decided."),
    "reason": ("str", "What decided it."),
    "decidedAt": ("DateTime", "When."),
    "weight": ("float | None", "Match weight in bits, as it was shown; null if there was none."),
    "evidence": ("list[Evidence] | None", "The evidence, as it was shown; null if there was none."),
    "secondOf": ("ID | None", "The decision that this is a second opinion on; null if it is a first."),
    "undoneAt": ("DateTime | None", "When it was taken back; null while it binds."),
    "undoneBy": ("str | None", "Who took it back; null while it binds."),
    "undoneReason": ("str | None", "Why it was taken back; null while it binds."),
}


def mutation_type(known: Registry, names: Namespace) -> Any:
    """The root type Mutation; `names` are the derived types."""
    namespace = {**names, "Verdict": VerdictType}
    decision: dict[str, StrawberryField] = {
        name: make_field(ValueField, kind, namespace, graphql=name, description=text)
        for name, (kind, text) in DECISION_FIELDS.items()
    }
    namespace[DECISION_TYPE] = object_type(
        DECISION_TYPE, "What a person decided of one pair. It binds until it is undone.", decision
    )
    payload = object_type(
        "DecisionPayload",
        "A decision, and what it is about as it is now.",
        {
            "decision": make_field(
                ValueField, DECISION_TYPE, namespace, graphql="decision", description="The decision."
            ),
            "record": make_field(
                NodeField,
                "Node | None",
                namespace,
                graphql="record",
                description="The record as it is now; null if it is gone.",
            ),
            "subject": make_field(
                NodeField,
                "Node | None",
                namespace,
                graphql="subject",
                description="The subject as it is now, or the heir if it is merged; null if it is gone.",
            ),
        },
    )

    async def decide_link(info: Info[Any, Any], input: DecideLinkInput) -> Any:
        verdict = _verdict(input, find_reviewer(info))
        await refuse_withheld_people(info, (input.record_id, input.subject_id))
        return await info.context.executor.reviews.run(
            lambda c: payload_of(c, keep_decision(c, verdict, asked_only=True))
        )

    async def undo_decision(info: Info[Any, Any], input: UndoDecisionInput) -> Any:
        by, number = find_reviewer(info), _number(input.decision_id, DECISION_TYPE)
        await refuse_withheld_people(info, await info.context.executor.reviews.read(lambda c: _list_ids(c, number)))
        return await info.context.executor.reviews.run(
            lambda c: payload_of(c, withdraw_decision(c, number, by=by, reason=input.reason))
        )

    made = {
        resolver.__name__: _mutation(resolver, payload, about)
        for resolver, about in (
            (decide_link, "Decide an open question: whether a record means a subject that a run proposed, or whether two rows of a register are one. It binds every later run."),
            (undo_decision, "Take a decision back: what it changed is changed back, and the next run looks at the record again."),
        )
    }  # fmt: skip
    made |= dossier_mutations(known, names)
    made |= correction_mutations(known, names)
    made |= snapshot_mutations(names)
    made |= source_mutations(names)
    made |= rejected_row_mutations(names)
    made |= hub_state_mutations(names)
    return object_type(
        "Mutation",
        "Open dossiers, keep snapshots of prefills, review links, ask for corrections, and look after sources.",
        made,
    )


def _mutation(resolver: Any, payload: Any, about: str) -> Any:
    resolver.__annotations__["return"] = payload
    given = resolver.__annotations__["input"]
    resolver.__annotations__["input"] = Annotated[given, strawberry.argument(description="The change to make.")]
    return strawberry.mutation(resolver=resolver, description=about)


def find_reviewer(info: Info[Any, Any]) -> str:
    """Id of the reviewer who asks. Raises OperationRefused if the caller is none."""
    principal = info.context.caller.known
    if Role.REVIEWER not in principal.roles:
        raise NOT_A_REVIEWER
    reviewer: str = principal.id
    return reviewer


async def refuse_withheld_people(info: Info[Any, Any], ids: Iterable[str]) -> None:
    """Refuse to decide about people who may not be shown, with an alarm: the answer would have the evidence of their link."""
    registry, rows = load_registry(), map(read_global_id, ids)
    people = [(kind, number) for kind, number in rows if kind and number is not None and registry[kind].personal]
    await info.context.executor.access.refuse_withheld(people, info.context.reading)


def _list_ids(connection: Connection[Any], number: int) -> list[str]:
    """The global ids of the record and the subject of a decision."""
    decision = decision_of(connection, number)
    over = field_named(decision.field)
    subject = find_subject_id(connection, over, decision.subject_id)
    return [global_id(over.entity.name, decision.record_id), *([subject] if subject else [])]


def evidence_of(kept: list[dict[str, Any]] | None) -> list[Whole] | None:
    """Kept evidence as the type Evidence reads it."""
    if kept is None:
        return None
    return [Whole({name: one.get(name) for name in ("comparison", "outcome", "bits")}) for one in kept]


def payload_of(connection: Connection[Any], decision: Decision) -> dict[str, Any]:
    """A decision as the graph shows it, and the ids under which its record and subject are read afresh."""
    over = field_named(decision.field)
    record, subject = (
        global_id(over.entity.name, decision.record_id),
        find_subject_id(connection, over, decision.subject_id),
    )
    shown = {
        "id": global_id(DECISION_TYPE, decision.id),
        "recordId": record,
        "subjectId": subject,
        "verdict": VerdictType[decision.verdict],
        "decidedAt": decision.decided_at.isoformat(),
        "evidence": evidence_of(decision.evidence),
        "secondOf": decision.second_of and global_id(DECISION_TYPE, decision.second_of),
        "undoneAt": decision.undone_at and decision.undone_at.isoformat(),
        "undoneBy": decision.undone_by,
        "undoneReason": decision.undone_reason,
        "field": over.code,
        **{name: getattr(decision, name) for name in ("reviewer", "reason", "weight")},
    }
    return {"decision": shown, "recordId": record, "subjectId": subject or ""}


def find_subject_id(connection: Connection[Any], over: Field, number: int) -> str | None:
    """The global id of a subject, whose kind a decision does not say."""
    if len(over.kinds) == 1:
        return global_id(over.kinds[0], number)
    tables = [(kind, quote_identifier(table)) for kind, table in over.tables]
    query = " union all ".join(f"select '{kind}' from data.{table} where id = %(id)s" for kind, table in tables)  # noqa: S608 constants and quoted identifiers
    row = connection.execute(query, {"id": number}).fetchone()
    return global_id(row[0], number) if row else None


def _verdict(given: DecideLinkInput, reviewer: str) -> Verdict:
    over = field_of_code(given.field.name)
    return Verdict(
        field=over.name,
        record_id=_number(given.record_id, over.entity.name),
        subject_id=_number(given.subject_id, *over.kinds),
        verdict=cast(Word, given.verdict.name),
        reviewer=reviewer,
        reason=given.reason,
        second_of=None if given.second_of is None else _number(given.second_of, DECISION_TYPE),
    )


def _number(text: str, *kinds: str) -> int:
    """The number of a global id. Raises OperationRefused if it is not of one of these kinds."""
    kind, number = read_global_id(text)
    if number is None or kind not in kinds:
        raise OperationRefused(
            f"an id is not that of a {' or '.join(kinds)}",
            code="WRONG_KIND",
            next_step="take ids from the graph, as they are",
        )
    return number
