"""The root fields `reviewQueue` and `reviewAgreement`: what waits for a person, and whether persons agree.

Both are read on the connection of reviews, since the queue takes in the latest run as it is read. Records and subjects are rows
of the graph: each is read by the plan of its selection, all of a page together.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import strawberry
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
)
from psycopg import Connection
from psycopg.rows import dict_row
from strawberry.types import Info
from strawberry.types.field import StrawberryField

from hub.access.subjects.sealing import WithholdKind
from hub.errors import OperationRefused
from hub.graph.link_review.review import evidence_of, find_reviewer
from hub.graph.link_review.review_checks import review_checks_field
from hub.graph.permission.sealed_subjects import WithheldSubjects
from hub.graph.schema_types.fields import Namespace, NodeField, ValueField, Whole, input_type, make_field, object_type
from hub.graph.schema_types.linked_fields import LINKED_FIELD
from hub.graph.schema_types.type_parts import add_connection, make_connection
from hub.link.decisions.agreement import ALL, measure_agreement
from hub.link.field import field_named, list_decidable_fields
from hub.link.review.review import WEIGHT, Part, QueueItem, Wanted, count_review_items, read_review_queue
from hub.model.derived_fields import DEFAULT_PAGE
from hub.model.names import quote_identifier
from hub.model.registry import load_registry
from hub.model.tables import OPEN
from hub.plan.binds import global_id, read_global_id
from hub.plan.data_subjects import DataSubject

MOST_REFILLS = 20
"""Pages read for one, if questions about people who may not be shown were left out."""
CANDIDATE: Mapping[str, tuple[str, str]] = {
    "subjectId": ("ID", "Global id of the candidate."),
    "method": ("str", "The rule or model that found it."),
    "confidence": ("float | None", "Probability that it is right; null if no model scored it."),
    "weight": ("float | None", "Match weight in bits; null if no model scored it."),
    "evidence": ("list[Evidence] | None", "The comparisons and their outcomes; null if none were kept."),
    "decidedAt": ("DateTime", "When it was found."),
}
ITEM: Mapping[str, tuple[str, str]] = {
    "field": ("LinkedField", "The linked field, or for a proposed merge the register."),
    "recordId": ("ID", "Global id of the record; of a merge, of the younger row."),
    "sector": ("Sector", "The sector that owns the record."),
    "weight": ("float | None", "Weight of the best candidate; null if only rules found any."),
    "candidates": ("list[ReviewCandidate]", "What it may be, the best first."),
    "stake": ("ReviewStake", "What hangs on the answer: the queue is in this order."),
}
AGREEMENT: Mapping[str, tuple[str, str]] = {
    "field": ("LinkedField | None", "The linked field; null for all of them together."),
    "pairs": ("int", "Decisions that have a second opinion."),
    "agreed": ("int", "Those of them in which both say the same."),
    "observed": ("float | None", "The share that agree; null if there is no pair."),
    "kappa": (
        "float | None",
        "Cohen's kappa: agreement beyond chance; null if there is no pair, or all opinions are the same.",
    ),
}
STAKE: Mapping[str, tuple[str, str]] = {
    "value": ("int", "(1 + procedures) × (1 + waiting): the greater first."),
    "procedures": ("list[str]", "Codes of the procedures that read data over the field."),
    "waiting": ("int", "Rows that hang on the answer."),
    "distance": ("float", "How near to even it is, in bits: among equals the lesser first."),
}


def review_fields(names: Namespace) -> dict[str, Any]:
    """The root fields; the types of the queue are added to `names`."""
    names["LinkedField"] = LINKED_FIELD
    _add_filter(names)
    names["ReviewStake"] = object_type("ReviewStake", "The stake of an open question.", _values(STAKE, names))
    names["ReviewCandidate"] = object_type(
        "ReviewCandidate",
        "A subject that the record may be.",
        _values(CANDIDATE, names) | {"subject": _node("subject", "The candidate.", names)},
    )
    names["ReviewItem"] = object_type(
        "ReviewItem",
        "An open question: a record with candidates, or a row of a register that may be another.",
        _values(ITEM, names) | {"record": _node("record", "The record.", names)},
    )
    add_connection("ReviewItem", names)
    agreed = object_type("ReviewAgreement", "How far first and second opinions agree.", _values(AGREEMENT, names))
    return {
        "review_queue": _queue_field(names),
        "review_checks": review_checks_field(names),
        "review_agreement": _agreement_field(agreed),
    }


def _agreement_field(agreed: Any) -> Any:
    async def review_agreement(info: Info[Any, Any]) -> Any:
        find_reviewer(info)
        found = await info.context.executor.reviews.read(measure_agreement)
        return [asdict(one) | {"field": None if one.field == ALL else field_named(one.field).code} for one in found]

    review_agreement.__annotations__["return"] = list[agreed]
    return strawberry.field(
        resolver=review_agreement,
        name="reviewAgreement",
        description="How far reviewers agree, by linked field and over all, last. For reviewers.",
    )


def _add_filter(names: Namespace) -> None:
    operators = {
        "eq": ("LinkedField | None", "Equal."),
        "in": ("list[LinkedField] | None", "Equal to one of these."),
    }
    names["LinkedFieldFilter"] = input_type("LinkedFieldFilter", "A condition on a linked field.", operators, names)
    bounds = {operator: ("float | None", f"{sign} this, in bits.") for operator, sign in WEIGHT.items()}
    names["WeightFilter"] = input_type("WeightFilter", "A condition on a match weight.", bounds, names)
    parts = {
        "field": ("LinkedFieldFilter | None", "The linked field."),
        "sector": ("SectorFilter | None", "The sector that owns the record."),
        "weight": ("WeightFilter | None", "Weight of the best candidate."),
    }
    names["ReviewFilter"] = input_type("ReviewFilter", "Conditions on open questions; all must hold.", parts, names)


def _queue_field(names: Namespace) -> Any:
    async def review_queue(
        info: Info[Any, Any],
        filter: Any = None,
        first: Annotated[int | None, strawberry.argument(description="At most so many, from the start or after `after`.")] = None,
        after: Annotated[str | None, strawberry.argument(description="Begin after this cursor.")] = None,
        last: Annotated[int | None, strawberry.argument(description="At most so many, from the end or before `before`.")] = None,
        before: Annotated[str | None, strawberry.argument(description="End before this cursor.")] = None,
    ) -> Any:  # fmt: skip
        find_reviewer(info)
        if first is not None and last is not None:
            raise OperationRefused(
                "reviewQueue: first and last were both given",
                code="BAD_USER_INPUT",
                next_step="page forward or backward",
            )
        size = last if last is not None else DEFAULT_PAGE if first is None else first
        part = Part(size, after, before, backward=last is not None)
        wanted, counted = _read_review_filter(filter), is_selected(info, "totalCount")
        access, reading = info.context.executor.access, info.context.reading
        withheld = await access.find_withheld()
        page = await info.context.executor.reviews.read(lambda c: _page(c, wanted, part, withheld, counted=counted))
        for kind in page.left_out:
            await access.note_left_out(kind, reading.caller)
        if is_selected(info, "candidates", beneath=True):
            await access.admit_people(page.people, reading)
        return page.connection

    described, kind = strawberry.argument(description="Only those for which this holds."), names["ReviewFilter"]
    review_queue.__annotations__["filter"] = Annotated[kind | None, described]
    review_queue.__annotations__["return"] = names["ReviewItemConnection"]
    return strawberry.field(
        resolver=review_queue,
        name="reviewQueue",
        description="What linking left to persons, the most valuable first. For reviewers.",
    )


def _read_review_filter(given: Any) -> Wanted:
    """A ReviewFilter as linking takes it. Raises OperationRefused for a null operator, which would hold for everything."""
    tests = {name: _operators(name, getattr(given, f"{name}_", None)) for name in ("field", "sector", "weight")}
    by_code = {field.code: field.name for field in list_decidable_fields().values()}
    return Wanted(
        fields=_allowed_values(tests["field"], by_code.__getitem__),
        sectors=_allowed_values(tests["sector"], str.lower),
        weight=tuple((operator, float(bits)) for operator, bits in tests["weight"].items()),
    )


def _operators(name: str, given: Any) -> dict[str, Any]:
    if not given:
        return {}
    found = {
        operator.removesuffix("_"): value for operator, value in vars(given).items() if value is not strawberry.UNSET
    }
    for operator, value in found.items():
        if value is None:
            raise OperationRefused(
                f"filter: {name}.{operator} is null",
                code="BAD_USER_INPUT",
                next_step="give a value, or leave the condition out",
            )
    return found


def _allowed_values(tests: Mapping[str, Any], own: Callable[[str], str]) -> tuple[str, ...] | None:
    """The values that all operators allow, by their own names; None if there is no operator."""
    if not tests:
        return None
    allowed = [
        {own(member.name) for member in (value if operator == "in" else [value])} for operator, value in tests.items()
    ]
    return tuple(sorted(set.intersection(*allowed)))


def is_selected(info: Info[Any, Any], name: str, *, beneath: bool = False) -> bool:
    """Whether the field of this name is selected, in a fragment too; with `beneath`, at any depth."""

    raw = (
        info._raw_info
    )  # Strawberry's own selections are made anew, with every field beneath, each time they are asked for

    def within(selections: SelectionSetNode | None) -> bool:
        return any(
            selection.name.value == name or (beneath and within(selection.selection_set))
            if isinstance(selection, FieldNode)
            else within(_find_selection(selection, raw))
            for selection in (selections.selections if selections else ())
        )

    return any(within(node.selection_set) for node in raw.field_nodes)


def _find_selection(fragment: SelectionNode, raw: GraphQLResolveInfo[Any]) -> SelectionSetNode | None:
    if isinstance(fragment, FragmentSpreadNode):
        return raw.fragments[fragment.name.value].selection_set
    return fragment.selection_set if isinstance(fragment, InlineFragmentNode) else None


@dataclass(frozen=True)
class ShownPage:
    """A page of questions, the people whom its candidates are, and why others were left out of it."""

    connection: Whole
    people: frozenset[DataSubject]
    left_out: frozenset[WithholdKind]


def _page(
    connection: Connection[Any], wanted: Wanted, part: Part, withheld: WithheldSubjects, *, counted: bool
) -> ShownPage:
    """A page without the questions about people who may not be shown: whoever answers one must see all of its candidates.

    Later questions take the place of those left out, so that a page of one question is not empty while others wait.
    """
    page = read_review_queue(connection, wanted, part)
    shown, left_out, people = _show_items(connection, page.items, withheld)
    for _ in range(MOST_REFILLS):
        if part.backward or not page.has_next or len(shown) >= part.size:
            break
        rest = Part(part.size - len(shown), page.items[-1].cursor)
        page = replace(read_review_queue(connection, wanted, rest), has_previous=page.has_previous)
        more, others, named = _show_items(connection, page.items, withheld)
        shown, left_out, people = shown + more, left_out | others, people | named
    made = make_connection(
        [item for item, _ in shown],
        [cursor for _, cursor in shown],
        has_next=page.has_next,
        has_previous=page.has_previous,
        total=count_review_items(connection, wanted) if counted else None,
    )
    return ShownPage(made, people, left_out)


def _show_items(
    connection: Connection[Any], items: Sequence[QueueItem], withheld: WithheldSubjects
) -> tuple[list[tuple[Whole, str]], frozenset[WithholdKind], frozenset[DataSubject]]:
    """The items with their cursors, why others are left out, and the people whom those shown are about."""
    found = {name: _candidates(connection, name, items) for name in {item.field for item in items}}
    shown: list[tuple[Whole, str]] = []
    left_out: set[WithholdKind] = set()
    told: set[DataSubject] = set()
    for item in items:
        candidates = found[item.field].get(item.record_id, [])
        people = list_people((item.entity, item.record_id), *(read_global_id(one["subjectId"]) for one in candidates))
        why = withheld.find(people)
        if why is not None:
            left_out.add(why)
            continue
        shown.append((_item(item, candidates), item.cursor))
        told |= people
    return shown, frozenset(left_out), frozenset(told)


def list_people(*rows: tuple[str | None, int | None]) -> frozenset[DataSubject]:
    """Those of these rows that are people."""
    registry = load_registry()
    return frozenset(
        (entity, number)
        for entity, number in rows
        if entity is not None and number is not None and registry[entity].personal
    )


def _item(item: QueueItem, candidates: list[Whole]) -> Whole:
    stake = Whole(value=item.value, procedures=item.procedures, waiting=item.waiting, distance=item.distance)
    return Whole(
        field=field_named(item.field).code,
        recordId=global_id(item.entity, item.record_id),
        sector=item.sector.upper(),
        weight=item.weight,
        candidates=candidates,
        stake=stake,
    )


def _candidates(connection: Connection[Any], name: str, items: Iterable[QueueItem]) -> Mapping[int, list[Whole]]:
    """The candidates of the items of one field, by record. A proposed merge of rows that are one already is none."""
    over = field_named(name)
    apart = (
        "l.subject_id <> coalesce((select h.heir_id from link.heir h where h.subject_id = l.record_id), l.record_id)"
    )
    query = (
        "select l.record_id, l.subject_kind, l.subject_id, l.method, l.confidence, l.weight, l.evidence, l.decided_at"  # noqa: S608 constants and quoted identifiers
        f" from link.{quote_identifier(over.table)} l where l.record_id = any(%s) and l.{OPEN} and {apart if over.merges else 'true'}"
        " order by l.record_id, l.weight desc nulls last, l.subject_id, l.found_id"
    )
    found: dict[int, list[Whole]] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(query, ([item.record_id for item in items if item.field == name],)):
            made = Whole({key: row[key] for key in ("method", "confidence", "weight")})
            made |= {
                "subjectId": global_id(row["subject_kind"], row["subject_id"]),
                "evidence": evidence_of(row["evidence"]),
                "decidedAt": row["decided_at"].isoformat(),
            }
            found.setdefault(row["record_id"], []).append(made)
    return found


def _values(about: Mapping[str, tuple[str, str]], names: Namespace) -> dict[str, StrawberryField]:
    return {n: make_field(ValueField, kind, names, graphql=n, description=text) for n, (kind, text) in about.items()}


def _node(name: str, about: str, names: Namespace) -> StrawberryField:
    return make_field(NodeField, "Node | None", names, graphql=name, description=f"{about} Null if it is gone.")
