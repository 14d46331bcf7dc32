"""Links → nodes: how a record was linked, its candidates and the evidence, and the rows that were merged into a subject."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from hub.model import derived_fields
from hub.model.names import to_camel_case
from hub.model.registry import Column, Entity, Linked, Registry
from hub.plan.building.node_parts import Rows, make_group, make_scalars, quote_literal
from hub.plan.building.selection import Document, Selected
from hub.plan.data_subjects import HIDDEN, HIDDEN_ROWS, keyed_subject_members
from hub.plan.nodes import (
    CandidateList,
    CandidatePeople,
    CandidateSubject,
    EvidenceList,
    Group,
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

    registry: Registry
    document: Document
    rows: Rows
    value: Callable[[Column], str]
    names_data_subjects: bool = False

    def link(self, entity: Entity, field: Selected, linked: Linked) -> LinkObject:
        """The link of a record of `entity`, as its `<name>Link` is selected."""
        name = f"{linked.family}Link"
        known = {part.graphql: part.sql for part in derived_fields.LINK} | {"__typename": quote_literal(name)}
        selected = self.document.collect(name, field.beneath)
        members: list[Member | CandidateList | EvidenceList | CandidatePeople] = [
            *self._candidate_people(selected, linked)
        ]
        for inner in selected:
            if inner.name == "recorded":
                members.append(self._recorded(entity, inner, linked))
            elif inner.name == "candidates":
                members.append(self._candidates(inner, linked))
            elif inner.name == "evidence":
                members.append(self._evidence(inner))
            else:
                members.append(Scalar(inner.key, known[inner.name]))
        return LinkObject(field.key, linked.table, tuple(members))

    def _candidate_people(self, selected: Sequence[Selected], linked: Linked) -> Iterator[CandidatePeople]:
        """What names the candidates: all of them if they are selected. What is recorded of nobody yet may be of each of them."""
        names = {field.name for field in selected}
        if self.names_data_subjects and names & {"recorded", "candidates"}:
            for kind in linked.kinds:
                if self.registry[kind].personal:
                    pending = "candidates" not in names
                    yield CandidatePeople(HIDDEN_ROWS, linked.table, kind, f"{HIDDEN}{kind}", pending)

    def _recorded(self, entity: Entity, field: Selected, linked: Linked) -> Group:
        """The subject as recorded, with hidden members for the people whose keys it states."""
        columns = {to_camel_case(part.part): part.column for part in linked.recorded}
        sql = {name: self.value(column) for name, column in columns.items()}
        group = make_group(self.document, field, linked.as_recorded, sql)
        if not self.names_data_subjects:
            return group
        parts = self.document.collect(linked.as_recorded, field.beneath)
        told = [columns[part.name] for part in parts if part.name in columns]
        return replace(group, members=(*keyed_subject_members(self.registry, entity, told), *group.members))

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
