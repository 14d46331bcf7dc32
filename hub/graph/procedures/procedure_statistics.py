"""The root field `procedureStatistics`: how much of each requirement is held, over the snapshots of all dossiers.

Counts are rounded down to the smallest cell of the caller's purpose, and shares are made of the rounded counts, so none tells of one dossier.
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from hub.graph.schema_types.fields import Namespace, StoredField, Whole, make_field, object_type
from hub.procedures.declaration.definition import find_procedure
from hub.snapshots.statistics import ProcedureStatistics, RequirementStatistics, load_statistics

REASON: Mapping[str, tuple[str, str]] = {
    "reason": ("str", "The status, and its strongest reason: `UNAVAILABLE: SOURCE_DOWN`."),
    "answers": ("int", "How many answers have it."),
}
REQUIREMENT: Mapping[str, tuple[str, str]] = {
    "requirement": ("str | None", "Code of the requirement; null for all together."),
    "answers": ("int", "Answers that apply, one for each dossier."),
    "held": ("int", "Those of them that the state holds: nobody was asked."),
    "shareHeld": ("float | None", "From 0 to 1; null if no answers are left to count."),
    "notHeld": ("list[NotHeldCount]", "Why the others are not held, the most frequent first."),
    "papersRefused": ("int", "How often a paper was asked for and the hub refused, since the state holds the value."),
    "papersGranted": ("int", "How often a paper was asked for with reason."),
}
PROCEDURE: Mapping[str, tuple[str, str]] = {
    "procedure": ("str", "Code of the procedure."),
    "snapshots": ("int", "Snapshots of its prefills."),
    "dossiers": ("int", "Dossiers that have one; requirements are counted by the newest of each."),
    "total": ("RequirementStatistics", "All requirements together."),
    "requirements": ("list[RequirementStatistics]", "Each requirement, by code."),
}


def procedure_statistics_field(names: Namespace) -> Any:
    """The field, for the schema; its types are added to `names`."""
    for name, fields, about in (
        ("NotHeldCount", REASON, "How many answers are not held for one reason."),
        ("RequirementStatistics", REQUIREMENT, "How far one requirement of a procedure is held."),
        ("ProcedureStatistics", PROCEDURE, "How far a procedure is prefilled."),
    ):
        values = {
            n: make_field(StoredField, kind, names, graphql=n, description=text) for n, (kind, text) in fields.items()
        }
        names[name] = object_type(name, about, values)

    async def procedure_statistics(
        info: Info[Any, Any],
        procedure: Annotated[
            str | None, strawberry.argument(description="Code of the procedure; by default all that have snapshots.")
        ] = None,
    ) -> Any:
        if procedure is not None:
            find_procedure(procedure)
        found = await info.context.executor.reviews.run(partial(load_statistics, procedure=procedure))
        return [describe_statistics(one, info.context.caller.disclosure.count_step) for one in found]

    procedure_statistics.__annotations__["return"] = list[names["ProcedureStatistics"]]  # type: ignore[valid-type]  # made from data
    return strawberry.field(
        resolver=procedure_statistics,
        name="procedureStatistics",
        description="How much of each requirement is held, why the rest is not, and how often papers were asked for.",
    )


def describe_statistics(found: ProcedureStatistics, count_step: int) -> Whole:
    """The statistics with counts rounded down to multiples of `count_step`."""
    return Whole(
        procedure=found.code,
        snapshots=_round_down(found.snapshots, count_step),
        dossiers=_round_down(found.dossiers, count_step),
        total=_describe_requirement(found.sum_up(), count_step),
        requirements=[_describe_requirement(one, count_step) for _, one in sorted(found.requirements.items())],
    )


def _describe_requirement(one: RequirementStatistics, count_step: int) -> Whole:
    answers, held = _round_down(one.answers, count_step), _round_down(one.held, count_step)
    reasons = ((reason, _round_down(number, count_step)) for reason, number in one.not_held.most_common())
    return Whole(
        requirement=one.code or None,
        answers=answers,
        held=held,
        shareHeld=round(held / answers, 4) if answers else None,
        notHeld=[Whole(reason=reason, answers=number) for reason, number in reasons if number],
        papersRefused=_round_down(one.asks_refused, count_step),
        papersGranted=_round_down(one.asks_granted, count_step),
    )


def _round_down(number: int, step: int) -> int:
    return number // step * step
