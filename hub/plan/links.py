"""Links → nodes: how a record was linked, its candidates and the evidence, and the rows that were merged into a subject."""

from dataclasses import dataclass

from hub.model import shapes
from hub.model.names import camel
from hub.model.registry import Entity, Linked
from hub.plan.listed import Rows, group, literal, scalars
from hub.plan.nodes import Candidate, Candidates, Evidence, LinkObject, Member, Merged, Row, Scalar
from hub.plan.selection import Document, Selected

MERGED_IDS, MERGED_FROM = "mergedIds", "mergedFrom"
"""Fields of the kinds of subject that can be merged."""


@dataclass(frozen=True)
class Links:
    """Builds the nodes of links. `rows` makes those of subjects."""

    document: Document
    rows: Rows

    def link(self, field: Selected, linked: Linked) -> LinkObject:
        """The link of a record, as its `<name>Link` is selected."""
        name = f"{linked.family}Link"
        known = {part.graphql: part.sql for part in shapes.LINK} | {"__typename": literal(name)}
        members: list[Member | Candidates | Evidence] = []
        for inner in self.document.collect(name, field.beneath):
            if inner.name == "recorded":
                columns = {camel(part.part): f"{{t}}.{part.column.sql}" for part in linked.recorded}
                members.append(group(self.document, inner, linked.as_recorded, columns))
            elif inner.name == "candidates":
                members.append(self._candidates(inner, linked))
            elif inner.name == "evidence":
                members.append(self._evidence(inner))
            else:
                members.append(Scalar(inner.key, known[inner.name]))
        return LinkObject(field.key, linked.table, tuple(members))

    def _candidates(self, field: Selected, linked: Linked) -> Candidates:
        name = f"{linked.family}Candidate"
        known = {part.graphql: part.sql for part in shapes.CANDIDATE} | {"__typename": literal(name)}
        members: list[Member | Candidate | Evidence] = []
        for inner in self.document.collect(name, field.beneath):
            if inner.name == "subject":
                members.append(Candidate(inner.key, self.rows(linked.kinds, inner.beneath)))
            elif inner.name == "evidence":
                members.append(self._evidence(inner))
            else:
                members.append(Scalar(inner.key, known[inner.name]))
        return Candidates(field.key, linked.table, tuple(members))

    def _evidence(self, field: Selected) -> Evidence:
        parts = {part.graphql: part.sql for part in shapes.EVIDENCE}
        return Evidence(field.key, scalars(self.document, field.beneath, "Evidence", parts))

    def merged(self, entity: Entity, field: Selected) -> Merged:
        """The rows that were merged into a subject, by what identifies them."""
        since = shapes.MERGED_SINCE
        sql = {column.graphql: f"{{t}}.{column.sql}" for column in entity.keys}
        sql |= {"id": f"hub.global_id({literal(entity.name)}, {{t}}.id)", since.graphql: since.sql}
        members = scalars(self.document, field.beneath, f"Merged{entity.name}", sql)
        return Merged(field.key, Row(entity.name, entity.table, members))
