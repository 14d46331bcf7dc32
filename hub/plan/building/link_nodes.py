"""Links → nodes: how a record was linked, its candidates and the evidence, and the rows that were merged into a subject."""

from collections.abc import Callable
from dataclasses import dataclass

from hub.model import derived_fields
from hub.model.names import to_camel_case
from hub.model.registry import Column, Entity, Linked
from hub.plan.building.node_parts import Rows, make_group, make_scalars, quote_literal
from hub.plan.building.selection import Document, Selected
from hub.plan.nodes import (
    CandidateList,
    CandidateSubject,
    EvidenceList,
    LinkObject,
    Member,
    MergedRows,
    RowObject,
    Scalar,
)

MERGED_IDS, MERGED_FROM = "mergedIds", "mergedFrom"
"""Fields of the kinds of subject that can be merged."""


@dataclass(frozen=True)
class LinkNodeBuilder:
    """Builds the nodes of links. `rows` makes those of subjects, `value` the expression of a column."""

    document: Document
    rows: Rows
    value: Callable[[Column], str]

    def link(self, field: Selected, linked: Linked) -> LinkObject:
        """The link of a record, as its `<name>Link` is selected."""
        name = f"{linked.family}Link"
        known = {part.graphql: part.sql for part in derived_fields.LINK} | {"__typename": quote_literal(name)}
        members: list[Member | CandidateList | EvidenceList] = []
        for inner in self.document.collect(name, field.beneath):
            if inner.name == "recorded":
                columns = {to_camel_case(part.part): self.value(part.column) for part in linked.recorded}
                members.append(make_group(self.document, inner, linked.as_recorded, columns))
            elif inner.name == "candidates":
                members.append(self._candidates(inner, linked))
            elif inner.name == "evidence":
                members.append(self._evidence(inner))
            else:
                members.append(Scalar(inner.key, known[inner.name]))
        return LinkObject(field.key, linked.table, tuple(members))

    def _candidates(self, field: Selected, linked: Linked) -> CandidateList:
        name = f"{linked.family}Candidate"
        known = {part.graphql: part.sql for part in derived_fields.CANDIDATE} | {"__typename": quote_literal(name)}
        members: list[Member | CandidateSubject | EvidenceList] = []
        for inner in self.document.collect(name, field.beneath):
            if inner.name == "subject":
                members.append(CandidateSubject(inner.key, self.rows(linked.kinds, inner.beneath)))
            elif inner.name == "evidence":
                members.append(self._evidence(inner))
            else:
                members.append(Scalar(inner.key, known[inner.name]))
        return CandidateList(field.key, linked.table, tuple(members))

    def _evidence(self, field: Selected) -> EvidenceList:
        parts = {part.graphql: part.sql for part in derived_fields.EVIDENCE}
        return EvidenceList(field.key, make_scalars(self.document, field.beneath, "Evidence", parts))

    def merged(self, entity: Entity, field: Selected) -> MergedRows:
        """The rows that were merged into a subject, by what identifies them."""
        since = derived_fields.MERGED_SINCE
        sql = {column.graphql: self.value(column) for column in entity.keys}
        sql |= {"id": f"hub.global_id({quote_literal(entity.name)}, {{t}}.id)", since.graphql: since.sql}
        members = make_scalars(self.document, field.beneath, f"Merged{entity.name}", sql)
        return MergedRows(field.key, RowObject(entity.name, entity.table, members))
