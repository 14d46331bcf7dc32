"""Prefill: the answers of a procedure's documents become an answer to each requirement. Pure; nothing is fetched here."""

from collections.abc import Mapping, Sequence

from hub.errors import OperationRefused
from hub.procedures.answering.engine import PrefillEngine, ReadSubject
from hub.procedures.answering.source_findings import SourceFacts
from hub.procedures.answering.subjects import find_blocks
from hub.procedures.answers import Prefill, SubjectSummary
from hub.procedures.declaration.compiled_procedures import CompiledProcedure
from hub.procedures.declaration.definition import Procedure


def answer_requirements(
    compiled: CompiledProcedure,
    subjects: Sequence[ReadSubject],
    sources: SourceFacts,
    *,
    choices: Mapping[str, frozenset[str]] | None = None,
    dossier: str | None = None,
) -> Prefill:
    """Answer each requirement.

    `choices` has, for a requirement that is a list with `choose`, the keys of the items that the case is about. Raises
    OperationRefused with CHOICE_UNKNOWN if such a list has no such item, or if there is no such list.
    """
    procedure = compiled.procedure
    _check_choices(procedure, choices or {})
    engine = PrefillEngine(compiled, subjects, sources, choices or {})
    for requirement in compiled.ordered:
        engine.work[requirement.code] = tuple(engine.answer(requirement))
    declared = [work.answer for requirement in procedure.requirements for work in engine.work[requirement.code]]
    people = [read.subject for read in subjects]
    return Prefill(
        procedure=compiled.summary,
        dossier=dossier,
        at=sources.at,
        subjects=tuple(SubjectSummary(one.role, one.entity, one.id, one.merged) for one in people),
        blocked_by=(*find_blocks(procedure, people, sources.at.date()), *engine.blocks()),
        answers=tuple(declared),
    )


def _check_choices(procedure: Procedure, choices: Mapping[str, frozenset[str]]) -> None:
    for code in choices:
        requirement = procedure.by_code.get(code)
        if requirement is None or not requirement.choose:
            known = ", ".join(one.code for one in procedure.requirements if one.choose) or "none"
            raise OperationRefused(
                f"{procedure.code} has no choice {code[:60]}", code="CHOICE_UNKNOWN", next_step=f"use one of: {known}"
            )
