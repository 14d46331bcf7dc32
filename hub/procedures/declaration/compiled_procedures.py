"""A procedure ready to be answered: its declaration, its documents with their types, and an order of its requirements."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from graphql import GraphQLSchema

from hub.access.purposes import Purpose
from hub.model.registry import load_registry
from hub.procedures.answers import ProcedureSummary, RequirementSummary
from hub.procedures.declaration.definition import Procedure, read_procedure
from hub.procedures.declaration.documents import ProcedureDocument, SelectedField, compile_documents
from hub.procedures.declaration.references import order_requirements
from hub.procedures.declaration.requirements import Requirement


@dataclass(frozen=True)
class CompiledProcedure:
    """A procedure with its documents, and its requirements in an order in which they can be answered."""

    purpose: Purpose
    procedure: Procedure
    documents: Mapping[str, ProcedureDocument]
    ordered: tuple[Requirement, ...]

    def document_of(self, requirement: Requirement) -> ProcedureDocument | None:
        """The document that reads a requirement; None if none does. Requirements within a list are read by the document of the list."""
        if requirement.within is not None:
            return self.document_of(self.procedure.by_code[requirement.within])
        if not requirement.is_read:
            return None
        if requirement.document is not None:
            return self.documents.get(requirement.document)
        return next(iter(self.documents.values())) if len(self.documents) == 1 else None

    def entity_of(self, requirement: Requirement) -> str | None:
        """The entity whose records a list requirement has."""
        above = self.procedure.by_code[requirement.within] if requirement.within else None
        document = self.document_of(requirement)
        path = ".".join(part for part in (self.path_of(above) if above else "", requirement.rows or "") if part)
        found = document.root.find(path) if document and path else None
        return found.type_name if found is not None else None

    def path_of(self, requirement: Requirement) -> str:
        """The path of a list from the root of its document."""
        above = self.path_of(self.procedure.by_code[requirement.within]) if requirement.within else ""
        return ".".join(part for part in (above, requirement.rows or "") if part)

    def leaves_of(self, requirement: Requirement) -> tuple[SelectedField, ...]:
        """The fields of the documents that a requirement's value is read from."""
        document = self.document_of(requirement)
        above = self.procedure.by_code[requirement.within] if requirement.within else None
        base = [self.path_of(above) if above else "", requirement.rows or ""]
        paths = (".".join(part for part in (*base, path) if part) for path in requirement.value)
        return tuple(leaf for path in paths if document and (leaf := document.root.find(path)) is not None)

    @cached_property
    def summary(self) -> ProcedureSummary:
        """What an answer says of the procedure."""
        declared = self.procedure
        return ProcedureSummary(
            declared.code, declared.version, self.purpose.version, declared.name, declared.legal_basis
        )

    @cached_property
    def summaries(self) -> Mapping[str, RequirementSummary]:
        """What an answer says of each requirement, by its code."""
        return {
            one.code: RequirementSummary(
                code=one.code,
                label=one.label,
                kind=one.kind.upper(),
                holder=one.holder,
                asked_of=one.asked_of,
                evidence=one.evidence,
                legal_basis=one.legal_basis,
                max_age_days=self.procedure.max_age_of(one),
            )
            for one in self.procedure.requirements
        }

    @cached_property
    def entities(self) -> frozenset[str]:
        """The entities whose records the documents read."""
        known = load_registry().entities
        found = {node.type_name for document in self.documents.values() for _, node in document.root.walk()}
        return frozenset(found & known.keys())


def compile_procedure(purpose: Purpose, schema: GraphQLSchema) -> CompiledProcedure:
    """A procedure with its documents. Raises HubMisconfigured naming file and line."""
    procedure = read_procedure(purpose)
    documents = compile_documents(purpose, schema)
    return CompiledProcedure(purpose, procedure, documents, order_requirements(procedure.requirements))
