"""Discrepancies → nodes: a connection of copies that differ from the authoritative source, of one subject or of all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hub.model import derived_fields
from hub.model.names import to_camel_case
from hub.model.registry import Registry
from hub.plan.binds import Tree
from hub.plan.building.arguments import read_value
from hub.plan.building.conditions import FilterReader, KnownPart
from hub.plan.building.node_parts import ConnectionSource, Rows, Sets, quote_literal
from hub.plan.building.selection import Document, Selected
from hub.plan.data_subjects import data_subject_of, stated_subject_of
from hub.plan.nodes import Condition, Group, Member, OneByKind, OrderTerm, RowObject, Scalar, SqlTest
from hub.plan.sql.row_sources import DISCREPANCY_TABLE

DISCREPANCIES_FIELD = "discrepancies"
"""The name of the field, at the root and on subjects."""

INCLUDE_RESOLVED = "includeResolved"
SECTOR_TEMPLATES: Mapping[str, str] = {
    "eq": "{column} = lower({0})",
    "in": "{column} = any(array(select lower(sector) from unnest({0}) sector))",
}
"""Sectors are enum members in the graph, and kept in lower case."""
FILTER_OPERANDS: Mapping[str, KnownPart] = {
    "sector": ("{t}.sector", "text", SECTOR_TEMPLATES),
    "source": ("(select s.connector from hub.stream s where s.id = {t}.stream_id)", "text"),
    "kind": ("{t}.kind", "text"),
    "since": ("{t}.sys_from", "timestamptz"),
}
"""Part of a discrepancy that can be filtered → its expression, SQL type, and templates of its own."""

FIRST_STATED = 200
"""The number behind the key of a hidden member for a person whom a value names, beyond those for the subject."""

# No other connection has an order of this name, so that cursors of others are refused.
NEWEST_FIRST = OrderTerm("discrepancy", "{t}.id", "bigint", nullable=False, descending=True)
OLDEST_FIRST = replace(NEWEST_FIRST, descending=False)


@dataclass(frozen=True)
class DiscrepancyNodeBuilder:
    """Builds the nodes of discrepancies. `rows` makes those of subjects and records."""

    registry: Registry
    document: Document
    rows: Rows
    filters: FilterReader
    names_data_subjects: bool = False

    def listed(self, given: Mapping[str, Tree]) -> ConnectionSource:
        """What a connection with these arguments is of: newest first, those that still stand unless others are asked for."""
        asked = given.get("filter")
        conditions: list[Condition] = []
        if isinstance(asked, Mapping):
            conditions += self.filters.parts("discrepancies", FILTER_OPERANDS, asked)
        if not read_value(self.document, given.get(INCLUDE_RESOLVED)):
            conditions.append(SqlTest("{t}.sys_to is null"))
        return ConnectionSource(
            "Discrepancy", DISCREPANCY_TABLE, (self._order(given.get("orderBy")),), tuple(conditions), self._row
        )

    def _order(self, tree: Tree | None) -> OrderTerm:
        """By the order in which the hub saw them: ids are given in it."""
        direction = read_value(self.document, tree["since"]) if isinstance(tree, Mapping) and "since" in tree else None
        return OLDEST_FIRST if getattr(direction, "name", "DESC") == "ASC" else NEWEST_FIRST

    def _row(self, sets: Sets) -> RowObject:
        selected = self.document.collect("Discrepancy", sets)
        members = tuple(self._member(field) for field in selected)
        hidden = self._data_subjects(selected) if self.names_data_subjects else ()
        return RowObject("Discrepancy", DISCREPANCY_TABLE, (*hidden, *members))

    def _data_subjects(self, selected: Sequence[Selected]) -> tuple[Scalar, ...]:
        """The subject, and whoever the copy names instead, if the copy is selected."""
        found = data_subject_of(self.registry, "{t}.subject_kind", "{t}.found_id")
        if any(field.name == "recorded" for field in selected):
            found += stated_subject_of(self.registry, "{t}.recorded", FIRST_STATED)
        return found

    def _member(self, field: Selected) -> Member:
        if field.name == "subject":
            rows = self.rows(self.registry.copied, field.beneath)
            return OneByKind(field.key, rows, "{t}.subject_kind", "{t}.found_id")
        if field.name == "recordedIn":
            return self._recorded_in(field)
        known = {part.graphql: part.sql for part in derived_fields.DISCREPANCY} | {
            "__typename": quote_literal("Discrepancy")
        }
        return Scalar(field.key, known[field.name])

    def _recorded_in(self, field: Selected) -> Member:
        known = {part.graphql: part.sql for part in derived_fields.RECORDED_IN}
        known |= {"field": self._path(), "__typename": quote_literal("RecordedIn")}
        members: list[Member] = []
        for inner in self.document.collect("RecordedIn", field.beneath):
            if inner.name == "node":
                rows = self.rows(self.registry.copying, inner.beneath)
                members.append(OneByKind(inner.key, rows, "{t}.record_entity", "{t}.record_id"))
            else:
                members.append(Scalar(inner.key, known[inner.name]))
        return Group(field.key, tuple(members))

    def _path(self) -> str:
        """Where in the graph a column of a record is: a part of a subject as recorded stands in its link."""
        cases = " ".join(
            f"when '{entity.name}.{part.column.name}' then '{linked.link_graphql}.recorded.{to_camel_case(part.part)}'"
            for entity in self.registry
            for linked in entity.linked
            for part in linked.recorded
        )
        own = derived_fields.camel_sql("{t}.record_field")
        return f"case {{t}}.record_entity || '.' || {{t}}.record_field {cases} else {own} end"
