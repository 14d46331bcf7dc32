"""Corrections → nodes: a connection of requests to correct a value, of one row or of all.

At a row only those are shown that are about a field selected beside it. So a purpose that cannot read a field does not learn
that it is disputed, and nothing has to be checked when the statement runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from hub.model import derived_fields
from hub.model.correction_states import STATE_LABELS, UNSETTLED
from hub.model.names import quote_identifier
from hub.model.registry import Entity, Registry
from hub.model.tables import ACCEPTED
from hub.plan.binds import Tree
from hub.plan.building.arguments import read_value
from hub.plan.building.conditions import FilterReader, KnownPart
from hub.plan.building.node_parts import ConnectionSource, Sets, make_group, quote_literal
from hub.plan.building.selection import Document, Selected
from hub.plan.data_subjects import HIDDEN, stated_subject_of
from hub.plan.masks import HIDDEN_TEXT
from hub.plan.nodes import Condition, Member, OrderTerm, RowObject, Scalar, SqlTest
from hub.plan.sql.row_sources import CORRECTION_TABLE

CORRECTIONS_FIELD = "corrections"
"""The name of the field, at the root and on every row."""

FILTER_OPERANDS: Mapping[str, KnownPart] = {
    "source": ("{t}.connector", "text"),
    "state": ("{t}.state", "text"),
    "since": ("{t}.opened_at", "timestamptz"),
    "dueAt": ("{t}.due_at", "timestamptz"),
}
"""Part of a correction that can be filtered → its expression and SQL type."""

VALUES_OF_RECORD = ("held", "claimed")
"""Values of the record's field; each is a column, too."""
FIRST_STATED = 200
"""The number behind the key of a hidden member for a person whom a value names, beyond those for the record's links."""

# No other connection has an order of this name, so that cursors of others are refused.
NEWEST_FIRST = OrderTerm("correction", "{t}.id", "bigint", nullable=False, descending=True)
OLDEST_FIRST = OrderTerm("correction", "{t}.id", "bigint", nullable=False, descending=False)
STATES = ", ".join(f"'{state}'" for state in sorted(UNSETTLED))


@dataclass(frozen=True)
class CorrectionNodeBuilder:
    """Builds the nodes of corrections. With `masked`, values are not shown."""

    registry: Registry
    document: Document
    filters: FilterReader
    names_data_subjects: bool = False
    past: bool = False
    masked: bool = False

    def listed(self, given: Mapping[str, Tree]) -> ConnectionSource:
        """What the root connection is of, with these arguments: newest first."""
        asked = given.get("filter")
        conditions: list[Condition] = []
        if isinstance(asked, Mapping):
            conditions += self.filters.parts(CORRECTIONS_FIELD, FILTER_OPERANDS, asked)
        order = given.get("orderBy")
        direction = (
            read_value(self.document, order["since"]) if isinstance(order, Mapping) and "since" in order else None
        )
        term = OLDEST_FIRST if getattr(direction, "name", "DESC") == "ASC" else NEWEST_FIRST
        return ConnectionSource("Correction", CORRECTION_TABLE, (term,), tuple(conditions), self._row)

    def of_row(self, entity: Entity, beside: Sequence[Selected]) -> ConnectionSource:
        """The disputes of a row: about the fields that are selected beside the connection, and not settled yet; oldest first."""
        paths = ", ".join(quote_literal(path) for path in sorted(set(list_paths(self.document, entity, beside))))
        about = f"{{t}}.field in ({paths})" if paths else "false"
        tests = (f"{{t}}.record_entity = {quote_literal(entity.name)}", f"{{t}}.state in ({STATES})", about)
        return ConnectionSource(
            "Correction", CORRECTION_TABLE, (OLDEST_FIRST,), tuple(SqlTest(test) for test in tests), self._part
        )

    def _row(self, sets: Sets) -> RowObject:
        hidden = tuple(self._data_subjects()) if self.names_data_subjects else ()
        part = self._part(sets)
        return RowObject(part.entity, part.table, (*hidden, *part.members))

    def _part(self, sets: Sets) -> RowObject:
        """A correction of a row whose people are named already."""
        selected = self.document.collect("Correction", sets)
        hidden = tuple(self._stated_subjects(selected)) if self.names_data_subjects else ()
        members = tuple(self._member(field) for field in selected)
        return RowObject("Correction", CORRECTION_TABLE, (*hidden, *members))

    def _stated_subjects(self, selected: Sequence[Selected]) -> Iterator[Scalar]:
        """The people whose keys the values are, if these are selected: the wrong one may be another person's."""
        for place, name in enumerate(VALUES_OF_RECORD):
            if any(field.name == name for field in selected):
                yield from stated_subject_of(self.registry, f"{{t}}.{name}", FIRST_STATED + 10 * place)

    def _member(self, field: Selected) -> Member:
        if field.name == "label":
            return make_group(self.document, field, "CorrectionStateLabel", {"vi": _label("vi"), "en": _label("en")})
        parts = derived_fields.PAST_CORRECTION if self.past else derived_fields.CORRECTION
        known = {part.graphql: part.sql for part in parts} | {"__typename": quote_literal("Correction")}
        if self.masked:
            known |= dict.fromkeys(derived_fields.CORRECTION_VALUES, HIDDEN_TEXT)
        return Scalar(field.key, known[field.name])

    def _data_subjects(self) -> Iterator[Scalar]:
        """The people whom the record is about: it is one itself, or is linked to one."""
        places = count(1)  # makes each key another one; it is not read
        for entity in self.registry:
            is_it = f"{{t}}.record_entity = '{entity.name}'"
            if entity.personal:
                yield Scalar(f"{HIDDEN}{entity.name}", f"case when {is_it} then {{t}}.record_id end")
            for link in entity.linked:
                for kind in (kind for kind in link.kinds if self.registry[kind].personal):
                    subject = (
                        f"(select l.subject_id from link.{quote_identifier(link.table)} l where l.record_id = {{t}}.record_id"
                        f" and l.subject_kind = '{kind}' and l.{ACCEPTED} limit 1)"
                    )
                    yield Scalar(f"{HIDDEN}{kind}.{next(places)}", f"case when {is_it} then {subject} end")


def _label(language: str) -> str:
    words = " ".join(
        f"when '{state}' then {quote_literal(getattr(label, language))}" for state, label in STATE_LABELS.items()
    )
    return f"case {{t}}.state {words} end"


def list_paths(document: Document, entity: Entity, selected: Sequence[Selected]) -> Iterator[str]:
    """What a correction can be about, of all that is selected of a row: `area`, `holderLink.recorded.name`, `landUseRights`."""
    linked = {one.link_graphql: one for one in entity.linked}
    columns = {ref.graphql: ref.column.graphql for ref in entity.references}
    for field in selected:
        if field.name not in linked:
            yield columns.get(field.name, field.name)
            continue
        link = linked[field.name]
        for inner in document.collect(f"{link.family}Link", field.beneath):
            if inner.name == "recorded":
                parts = document.collect(link.as_recorded, inner.beneath)
                yield from (f"{field.name}.recorded.{part.name}" for part in parts)
