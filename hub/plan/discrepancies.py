"""Discrepancies → nodes: a connection of copies that differ from the authoritative source, of one subject or of all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hub.model import shapes
from hub.model.names import camel
from hub.model.registry import Registry
from hub.plan.arguments import value_of
from hub.plan.binds import Tree
from hub.plan.conditions import Filters, KnownPart
from hub.plan.data_subjects import data_subject_of
from hub.plan.listed import Listed, Rows, Sets, literal
from hub.plan.nodes import Condition, Group, Member, OneByKind, OrderTerm, Row, Scalar, Test
from hub.plan.selection import Document, Selected
from hub.plan.sources import DISCREPANCY

CONNECTION = "discrepancies"
"""The name of the field, at the root and on subjects."""

RESOLVED = "includeResolved"
SECTOR_TEMPLATES: Mapping[str, str] = {
    "eq": "{column} = lower({0})",
    "in": "{column} = any(array(select lower(sector) from unnest({0}) sector))",
}
"""Sectors are enum members in the graph, and kept in lower case."""
FILTERED: Mapping[str, KnownPart] = {
    "sector": ("{t}.sector", "text", SECTOR_TEMPLATES),
    "source": ("(select s.connector from hub.stream s where s.id = {t}.stream_id)", "text"),
    "kind": ("{t}.kind", "text"),
    "since": ("{t}.sys_from", "timestamptz"),
}
"""Part of a discrepancy that can be filtered → its expression, SQL type, and templates of its own."""

# No other connection has an order of this name, so that cursors of others are refused.
NEWEST_FIRST = OrderTerm("discrepancy", "{t}.id", "bigint", nullable=False, descending=True)
OLDEST_FIRST = replace(NEWEST_FIRST, descending=False)


@dataclass(frozen=True)
class Discrepancies:
    """Builds the nodes of discrepancies. `rows` makes those of subjects and records."""

    registry: Registry
    document: Document
    rows: Rows
    filters: Filters
    names_data_subjects: bool = False

    def listed(self, given: Mapping[str, Tree]) -> Listed:
        """What a connection with these arguments is of: newest first, those that still stand unless others are asked for."""
        asked = given.get("filter")
        conditions: list[Condition] = []
        if isinstance(asked, Mapping):
            conditions += self.filters.parts("discrepancies", FILTERED, asked)
        if not value_of(self.document, given.get(RESOLVED)):
            conditions.append(Test("{t}.sys_to is null"))
        return Listed("Discrepancy", DISCREPANCY, (self._order(given.get("orderBy")),), tuple(conditions), self._row)

    def _order(self, tree: Tree | None) -> OrderTerm:
        """By the order in which the hub saw them: ids are given in it."""
        direction = value_of(self.document, tree["since"]) if isinstance(tree, Mapping) and "since" in tree else None
        return OLDEST_FIRST if getattr(direction, "name", "DESC") == "ASC" else NEWEST_FIRST

    def _row(self, sets: Sets) -> Row:
        selected = self.document.collect("Discrepancy", sets)
        members = tuple(self._member(field) for field in selected)
        hidden = data_subject_of(self.registry, "{t}.subject_kind", "{t}.found_id") if self.names_data_subjects else ()
        return Row("Discrepancy", DISCREPANCY, (*hidden, *members))

    def _member(self, field: Selected) -> Member:
        if field.name == "subject":
            rows = self.rows(self.registry.copied, field.beneath)
            return OneByKind(field.key, rows, "{t}.subject_kind", "{t}.found_id")
        if field.name == "recordedIn":
            return self._recorded_in(field)
        known = {part.graphql: part.sql for part in shapes.DISCREPANCY} | {"__typename": literal("Discrepancy")}
        return Scalar(field.key, known[field.name])

    def _recorded_in(self, field: Selected) -> Member:
        known = {part.graphql: part.sql for part in shapes.RECORDED_IN}
        known |= {"field": self._path(), "__typename": literal("RecordedIn")}
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
            f"when '{entity.name}.{part.column.name}' then '{linked.link_graphql}.recorded.{camel(part.part)}'"
            for entity in self.registry
            for linked in entity.linked
            for part in linked.recorded
        )
        own = shapes.camel_sql("{t}.record_field")
        return f"case {{t}}.record_entity || '.' || {{t}}.record_field {cases} else {own} end"
