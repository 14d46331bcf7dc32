"""The root field `reviewChecks`: decisions to be looked at again, without the verdict, so that a second look is a look of one's own."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry
from psycopg import Connection
from strawberry.types import Info

from hub.errors import OperationRefused
from hub.graph.link_review.review import DECISION_TYPE, find_reviewer, find_subject_id
from hub.graph.schema_types.fields import Namespace, NodeField, ValueField, Whole, enum_type, make_field, object_type
from hub.link.decisions.agreement import DecisionToCheck, list_decisions_to_check
from hub.link.decisions.decisions import decision_of
from hub.link.field import field_named
from hub.plan.binds import global_id
from hub.settings import load_settings

MAX_CHECKS = 20
WHY: Mapping[str, str] = {
    "DISAGREEMENT": "Opinions differ.",
    "CHANGED": "The record was read with other values after the last look.",
    "SECOND": "It is of the sample that gets a second opinion.",
}
CHECK: Mapping[str, tuple[str, str]] = {
    "decisionId": ("ID", "Id of the first decision: what `secondOf` takes."),
    "why": ("ReviewCheckReason", "Why it is to be looked at again."),
    "field": ("LinkedField", "The linked field; of a merge, the register."),
    "decidedAt": ("DateTime", "When it was decided first."),
}


def review_checks_field(names: Namespace) -> Any:
    """The root field; its types are added to `names`."""
    names["ReviewCheckReason"] = enum_type("ReviewCheckReason", "Why a decision is to be looked at again.", WHY)
    fields = {n: make_field(ValueField, kind, names, graphql=n, description=text) for n, (kind, text) in CHECK.items()}
    for name, about in (("record", "The record. Null if it is gone."), ("subject", "The subject. Null if it is gone.")):
        fields[name] = make_field(NodeField, "Node | None", names, graphql=name, description=about)
    check = object_type(
        "ReviewCheck",
        "A decision to be looked at again. It does not tell the verdict: a second look is a look of one's own.",
        fields,
    )

    async def review_checks(
        info: Info[Any, Any],
        first: Annotated[int | None, strawberry.argument(description=f"At most so many, up to {MAX_CHECKS}.")] = None,
    ) -> Any:
        reviewer = find_reviewer(info)
        size = MAX_CHECKS if first is None else first
        if not 1 <= size <= MAX_CHECKS:
            raise OperationRefused(
                f"reviewChecks: first must be 1 to {MAX_CHECKS}", code="BAD_USER_INPUT", next_step="ask for fewer"
            )
        return await info.context.executor.reviews.read(lambda c: list_checks(c, reviewer, size))

    review_checks.__annotations__["return"] = list[check]  # type: ignore[valid-type]  # made from data
    return strawberry.field(
        resolver=review_checks,
        name="reviewChecks",
        description="Decisions that wait for a second opinion of somebody else than asks, the most urgent first. For reviewers.",
    )


def list_checks(connection: Connection[Any], reviewer: str, size: int) -> list[Whole]:
    """At most `size` decisions that the reviewer may give a second opinion on: those that somebody else made."""
    share = load_settings().review_second_share
    # Nobody checks themselves: more are read, so that one's own do not fill the page.
    found = list_decisions_to_check(connection, share=share, first=5 * size)
    mine = reviewer.casefold()
    others = [one for one in found if decision_of(connection, one.decision_id).reviewer.casefold() != mine]
    return [_show_check(connection, one) for one in others[:size]]


def _show_check(connection: Connection[Any], one: DecisionToCheck) -> Whole:
    over = field_named(one.field)
    return Whole(
        decisionId=global_id(DECISION_TYPE, one.decision_id),
        why=one.why,
        field=over.code,
        recordId=global_id(over.entity.name, one.record_id),
        subjectId=find_subject_id(connection, over, one.subject_id) or "",
        decidedAt=one.decided_at.isoformat(),
    )
