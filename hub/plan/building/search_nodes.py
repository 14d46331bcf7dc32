"""`search(text:)` → nodes: what of each entity a text can find, from what the schema declares as searched.

A row is found by an index of its own for each column and never by a look at every row: of each way at most CANDIDATES rows are
taken, then all searched columns of these are compared with the text, and the score orders them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import OperationRefused
from hub.model.names import quote_identifier
from hub.model.registry import Column, Entity, Registry
from hub.model.tables import split_words, sql_type
from hub.plan.binds import Bind, Leaf, Tree
from hub.plan.building.arguments import read_value
from hub.plan.building.node_parts import Rows, quote_literal
from hub.plan.building.search_text import CodesOf, DaysOf, NameOf, YearsOf
from hub.plan.building.selection import Document, Selected
from hub.plan.data_subjects import data_subject_of
from hub.plan.nodes import (
    AllOf,
    AnyOf,
    Condition,
    OneByKind,
    Scalar,
    Search,
    SearchedColumn,
    SearchedKind,
    SearchHits,
    SqlTest,
)
from schema.values import Day, PartialDate

SEARCH_FIELD = "search"
"""The name of the root field."""
RESULT, HIT = "SearchResult", "SearchHit"
DEFAULT_HITS, MAX_HITS = 10, 100
CODE, DAY, WORDS, PREFIX, WHOLE_NAME = 100, 30, 20, 20, 40
"""What each agreement adds to the score. A whole name agrees in its words and its beginning too."""
DAY_TYPES = (Day, PartialDate)


@dataclass(frozen=True)
class SearchNodeBuilder:
    """Builds the node of a search. `rows` makes those of subjects and records."""

    registry: Registry
    document: Document
    rows: Rows
    path: tuple[str, ...]
    names_data_subjects: bool = False

    def search(self, field: Selected, given: Mapping[str, Tree]) -> Search:
        """The node of the field. Raises OperationRefused for a size that is none."""
        size = read_value(self.document, given.get("first"))
        if size is not None and not 1 <= size <= MAX_HITS:
            raise OperationRefused(
                f"search: first is 1 to {MAX_HITS}, not {size}",
                code="BAD_PAGE_SIZE",
                next_step="ask for fewer, or add a word, a number or a birth date to the text",
            )
        text = given["text"]
        assert not isinstance(text, Mapping | list)  # a String is a leaf
        entities = [entity for entity in self.registry if entity.searched]
        parts = tuple(self._part(entities, inner) for inner in self.document.collect(RESULT, field.beneath))
        kinds = tuple(self._kind(entity, text) for entity in entities)
        return Search(field.key, kinds, DEFAULT_HITS if size is None else int(size), parts)

    def _part(self, entities: list[Entity], field: Selected) -> Scalar | SearchHits:
        known = {"hasMore": "{more}", "__typename": quote_literal(RESULT)}
        if field.name in known:
            return Scalar(field.key, known[field.name])
        members = tuple(self._member(entities, f) for f in self.document.collect(HIT, field.beneath))
        hidden = data_subject_of(self.registry, "{s}.kind", "{s}.id", "{s}.matched") if self.names_data_subjects else ()
        return SearchHits(field.key, (*hidden, *members))

    def _member(self, entities: list[Entity], field: Selected) -> Scalar | OneByKind:
        if field.name == "node":
            rows = self.rows(tuple(entity.name for entity in entities), field.beneath)
            return OneByKind(field.key, rows, "{s}.kind", "{s}.id")
        known = {"matchedOn": "to_json({s}.matched)", "score": "{s}.score", "__typename": quote_literal(HIT)}
        return Scalar(field.key, known[field.name])

    def _kind(self, entity: Entity, text: Leaf) -> SearchedKind:
        named = [self._words(column, text) for column in entity.searched if column.search_key]
        return SearchedKind(entity.name, entity.table, tuple(self._column(c, text, named) for c in entity.searched))

    def _column(self, column: Column, text: Leaf, named: list[SqlTest]) -> SearchedColumn:
        name = column.name.upper()
        if column.search_key:
            words, beginning, whole = self._words(column, text), *self._name(column, text)
            return SearchedColumn(
                name, ((words, WORDS), (beginning, PREFIX), (whole, WHOLE_NAME)), (whole, beginning, words)
            )
        if issubclass(column.value, DAY_TYPES):
            day = self._any(column, text, DaysOf(self.path, issubclass(column.value, PartialDate)))
            return SearchedColumn(
                name, ((AnyOf((day, self._year(column, text))), DAY),), (self._with_name(day, text, named),)
            )
        code = self._any(column, text, CodesOf(self.path, column.value))
        return SearchedColumn(name, ((code, CODE),), (code,))

    def _any(self, column: Column, text: Leaf, take: Any) -> SqlTest:
        return SqlTest(f"{{t}}.{column.sql} = any({{0}})", (Bind(text, f"{sql_type(column)}[]", take),))

    def _year(self, column: Column, text: Leaf) -> SqlTest:
        """A whole date in a year that stands alone. It finds nobody by itself, since a year is many people's; it counts."""
        return SqlTest(f"left({{t}}.{column.sql}::text, 4) = any({{0}})", (Bind(text, "text[]", YearsOf(self.path)),))

    def _words(self, column: Column, text: Leaf) -> SqlTest:
        key = split_words(f"{{t}}.{quote_identifier(str(column.search_key))}")
        return SqlTest(f"{key} @> {split_words('hub.name_key({0})')}", (self._typed(text),))

    def _name(self, column: Column, text: Leaf) -> tuple[SqlTest, SqlTest]:
        """That it begins with the name, and that it is the name."""
        key, typed = f"{{t}}.{quote_identifier(str(column.search_key))}", (self._typed(text),)
        beginning = f"{key} >= hub.name_key({{0}}) and {key} < hub.name_key({{0}}) || U&'\\+10FFFF'"
        return SqlTest(beginning, typed), SqlTest(f"{key} = hub.name_key({{0}})", typed)

    def _with_name(self, day: SqlTest, text: Leaf, named: list[SqlTest]) -> Condition:
        """Those of the day who have the name too, if the text has one: a common name is found by its birth date."""
        if not named:
            return day
        return AllOf((day, AnyOf((SqlTest("{0} is null", (self._typed(text),)), *named))))

    def _typed(self, text: Leaf) -> Bind:
        return Bind(text, "text", NameOf(self.path))
