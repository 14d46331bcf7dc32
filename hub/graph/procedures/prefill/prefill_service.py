"""The root field `prefill`: runs a procedure's own documents through the planner and answers its requirements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

import strawberry
from graphql import GraphQLSchema
from strawberry.annotation import StrawberryAnnotation
from strawberry.types import Info
from strawberry.types.arguments import StrawberryArgument

from hub.access.dossiers.dossier_rules import check_apart
from hub.access.dossiers.dossier_store import NamedSubject
from hub.errors import OperationRefused
from hub.graph.execution.prepare import GraphQLRequest
from hub.graph.execution.reading import Reading
from hub.graph.execution.reads import Reads
from hub.graph.permission.dossier_reads import DossierReads
from hub.graph.permission.named_subjects import read_named_subjects
from hub.graph.procedures.prefill.live_lookups import Refresher
from hub.graph.procedures.prefill.prefill_corrections import NOTHING, find_disputes
from hub.graph.procedures.prefill.prefill_facts import SourceReads, SubjectReads
from hub.graph.procedures.prefill.prefill_refresh import refresh_prefill
from hub.graph.procedures.prefill.prefill_view import view_prefill
from hub.graph.schema_types.fields import Namespace
from hub.model.registry import Registry, load_registry
from hub.plan.building.correction_nodes import CORRECTIONS_FIELD
from hub.plan.read_paths import list_read_paths
from hub.procedures.answering.confirmations import Confirmations, confirm_records
from hub.procedures.answering.engine import ReadSubject, WithheldDocument
from hub.procedures.answering.source_findings import SourceFacts, add_troubles
from hub.procedures.answering.statuses import Reason
from hub.procedures.answering.subjects import PrefillSubject, check_roles
from hub.procedures.answers import Prefill
from hub.procedures.catalogue import ProcedureCatalogue
from hub.procedures.declaration.compiled_procedures import CompiledProcedure
from hub.procedures.declaration.documents import ProcedureDocument
from hub.procedures.prefill import answer_requirements

WITHHELD_REASONS = {"SUBJECT_SEALED": Reason.SEALED, "SUBJECT_RESTRICTED": Reason.RESTRICTED}
MAX_CHOICES = 100


@dataclass(frozen=True)
class PrefillRequest:
    """The prefill wanted. `subjects` are for callers without a dossier; `choices` as in `answer_requirements`."""

    procedure: str
    subjects: tuple[NamedSubject, ...] = ()
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)


class DocumentReader(Protocol):
    """Runs a document of the hub's own, as `hub.graph.execution.execute.Executor.data` does."""

    async def __call__(self, request: GraphQLRequest, reading: Reading) -> tuple[dict[str, Any], str]: ...


class PrefillService:
    """Prefills procedures: one statement for the subjects, one for each document of each subject.

    If a record is older than its requirement allows, its source is asked first, and the documents are read once more.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        reads: Reads,
        read_document: DocumentReader,
        refresher: Refresher,
        *,
        dossiers: DossierReads,
        enforced: bool,
    ) -> None:
        self.catalogue = ProcedureCatalogue(schema)
        self.sources = SourceReads(reads, load_registry())
        self._subjects = SubjectReads(reads, load_registry())
        self._read_document = read_document
        self._refresher = refresher
        self._dossiers = dossiers
        self._enforced = enforced

    async def fill(self, request: PrefillRequest, reading: Reading) -> Prefill:
        """Answer every requirement of a procedure.

        Raises OperationRefused: UNKNOWN_PROCEDURE, PROCEDURE_NOT_IN_FORCE, DOSSIER_NEEDED, DOSSIER_ENDED, PURPOSE_MISMATCH, CHOICE_UNKNOWN, and as
        `check_roles` does. A sealed identity or a restricted person makes the answers of its document UNAVAILABLE.
        """
        at = datetime.now(UTC)
        dossier = reading.caller.dossier
        opened_on = dossier.opened_on if dossier is not None else None
        compiled = self.catalogue.find(request.procedure, opened_on or at.date())
        subjects = await self._find_subjects(request, reading)
        check_roles(compiled.procedure, subjects)
        parties = ((one.role, (one.entity, one.field, one.value, one.number)) for one in request.subjects)
        check_apart(compiled.procedure, parties)
        read = [await self._read_subject(compiled, subject, reading) for subject in subjects]
        answer = partial(
            answer_requirements, compiled, choices=request.choices, dossier=dossier.code if dossier else None
        )
        sources = await self.sources.current()
        filled = answer(read, SourceFacts(sources, at))
        found = await refresh_prefill(self._refresher, filled)
        if not found:
            return filled
        if dossier is not None:
            # Sources take seconds to answer: the dossier may have been ended meanwhile.
            await self._dossiers.find(dossier.code, reading.caller.known)
        if found.changed:
            read = [await self._read_subject(compiled, subject, reading) for subject in subjects]
        weaker = {entity: add_troubles(states, found.troubles) for entity, states in sources.items()}
        return answer([_confirm(compiled, one, found) for one in read], SourceFacts(weaker, at))

    async def _find_subjects(self, request: PrefillRequest, reading: Reading) -> Sequence[PrefillSubject]:
        dossier, purpose = reading.caller.dossier, reading.caller.purpose
        if dossier is None:
            if self._enforced:
                raise OperationRefused(
                    "prefill needs a dossier",
                    code="DOSSIER_NEEDED",
                    next_step="open one with openDossier, and send its code as X-Hub-Dossier",
                )
            return await self._subjects.named(request.subjects)
        if purpose is None or purpose.code != request.procedure:
            raise OperationRefused(
                f"the dossier is one of {dossier.purpose}",
                code="PURPOSE_MISMATCH",
                next_step="prefill that procedure, or open another dossier",
            )
        if request.subjects:
            raise OperationRefused(
                "under a dossier the subjects are those of the dossier",
                code="BAD_USER_INPUT",
                next_step="leave `subjects` out; addDossierSubjects adds subjects to the dossier",
            )
        return await self._subjects.of_dossier(dossier.id)

    async def _read_subject(
        self, compiled: CompiledProcedure, subject: PrefillSubject, reading: Reading
    ) -> ReadSubject:
        documents = [document for document in compiled.documents.values() if document.role == subject.role]
        return ReadSubject(subject, {one.name: await self._read(one, subject, reading) for one in documents})

    async def _read(
        self, document: ProcedureDocument, subject: PrefillSubject, reading: Reading
    ) -> Mapping[str, Any] | WithheldDocument | None:
        """What a document answers for a subject; None if the hub does not hold it under the key that the document takes."""
        value = subject.keys.get(document.key)
        if value is None:
            return None
        request = GraphQLRequest(document.text, variables={document.variable: value})
        try:
            data, _ = await self._read_document(request, reading)
        except OperationRefused as refused:
            if refused.code not in WITHHELD_REASONS:
                raise
            return WithheldDocument(WITHHELD_REASONS[refused.code])
        return data


def list_prefilled_paths(reading: Reading) -> tuple[str, ...]:
    """The fields that the documents of a prefill read, as the ledger writes them: `citizen.fullName`."""
    found = {path for ready in reading.documents for path in list_read_paths(ready.checked.document, ready.operation)}
    return tuple(sorted(found))


def _confirm(compiled: CompiledProcedure, read: ReadSubject, found: Confirmations) -> ReadSubject:
    """The answers of a subject's documents with what sources have confirmed since."""
    answers = {
        name: confirm_records(data, compiled.documents[name].root, found.records) if isinstance(data, Mapping) else data
        for name, data in read.answers.items()
    }
    return ReadSubject(read.subject, answers)


def prefill_field(known: Registry, names: Namespace) -> Any:
    """The field, for the schema. `names` has the types of prefill and of dossiers."""

    async def resolve(
        info: Info[Any, Any], procedure: str, subjects: Any = strawberry.UNSET, choices: Any = strawberry.UNSET
    ) -> Any:
        request = PrefillRequest(
            procedure,
            read_named_subjects(known, subjects) if subjects else (),
            read_choices(choices) if choices else {},
        )
        executor, ready = info.context.executor, info.context.ready
        filled = await executor.prefills.fill(request, info.context.reading)
        # Only who asks for it waits for another statement.
        asked = CORRECTIONS_FIELD in ready.checked.text
        return view_prefill(filled, await find_disputes(executor.reads, filled) if asked else NOTHING)

    made = strawberry.field(
        resolver=resolve,
        name="prefill",
        description="Answers each requirement of a procedure for the subjects of the dossier, and lists the questions still to ask.",
    )
    made.type_annotation = StrawberryAnnotation("Prefill", namespace=names)
    about = {
        "procedure": ("str", "Code of the procedure."),
        "subjects": ("list[DossierSubjectInput] | None", "The subjects, if access is off and there is no dossier."),
        "choices": (
            "list[PrefillChoiceInput] | None",
            "Which items of lists the case is about; every item if left out.",
        ),
    }
    made.arguments = [
        StrawberryArgument(
            name,
            name,
            StrawberryAnnotation(kind, namespace=names),
            description=text,
            **({} if name == "procedure" else {"default": strawberry.UNSET}),
        )
        for name, (kind, text) in about.items()
    ]
    return made


def read_choices(given: Sequence[Any]) -> dict[str, frozenset[str]]:
    """Choices as a caller gives them. Raises OperationRefused with BAD_USER_INPUT."""
    if len(given) > MAX_CHOICES or any(len(one.keys_) > MAX_CHOICES for one in given):
        raise OperationRefused(
            f"more than {MAX_CHOICES} choices", code="BAD_USER_INPUT", next_step="choose fewer items"
        )
    return {one.requirement_: frozenset(one.keys_) for one in given}
