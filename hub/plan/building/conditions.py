"""Conditions and orders: filter and orderBy arguments, turned into nodes over the columns and links of an entity."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hub.errors import OperationRefused
from hub.model import derived_fields
from hub.model.names import quote_identifier, to_camel_case
from hub.model.registry import Column, Entity, Linked, Reference, Registry
from hub.model.tables import split_words, sql_type
from hub.plan.binds import Bind, GlobalIdPart, GlobalIdParts, Leaf, Tree, to_parameter
from hub.plan.building.arguments import read_value
from hub.plan.building.selection import Document
from hub.plan.masks import is_told_by_filter, refuse_masked
from hub.plan.nodes import (
    AllOf,
    AnyOf,
    Condition,
    LinkTest,
    Not,
    OrderTerm,
    RowExists,
    SqlTest,
    Via,
    ViaColumn,
    ViaLink,
)
from schema.values import Mask

OPERATOR_TEMPLATES: Mapping[str, str] = {
    "eq": "{column} = {0}",
    "in": "{column} = any({0})",
    "gt": "{column} > {0}",
    "gte": "{column} >= {0}",
    "lt": "{column} < {0}",
    "lte": "{column} <= {0}",
    "prefix": "starts_with({column}, {0})",
}
# A range and not LIKE: one index on the key column serves it, in a prepared statement too.
NAME_TEMPLATES: Mapping[str, str] = {
    "eq": "{column} = hub.name_key({0})",
    "in": "{column} = any(select hub.name_key(name) from unnest({0}) name)",
    "prefix": "{column} >= hub.name_key({0}) and {column} < hub.name_key({0}) || U&'\\+10FFFF'",
    "words": f"{split_words('{column}')} @> {split_words('hub.name_key({0})')}",
}
PROVENANCE_PARTS: Mapping[str, str] = {
    "source": "text",
    "asOf": "timestamptz",
    "firstSeen": "timestamptz",
    "recordedAt": "timestamptz",
    "changedAtSource": "timestamptz",
}
"""Part of a provenance that can be filtered → its SQL type."""
KnownPart = tuple[str, str] | tuple[str, str, Mapping[str, str]]
"""An expression, its SQL type, and the templates of its operators where they are its own."""
LINK_PARTS: Mapping[str, tuple[str, str]] = {
    "status": ("coalesce({l}.status, {pending})", "text"),
    "method": ("{l}.method", "text"),
}
"""Part of a link that can be filtered → its expression and SQL type."""
ID_TERM = OrderTerm("id", "{t}.id", "bigint", nullable=False, descending=False)


def backlink_via(registry: Registry, end: Reference | Linked) -> Via:
    """How the rows of a many end hang on the row above."""
    return ViaLink(end.table, back=True) if isinstance(end, Linked) else ViaColumn(end.column.name, end.target_column)


@dataclass
class ConditionCounter:
    """How many conditions the filters of an operation have so far, and how many they may have."""

    most: int
    found: int = 0

    def add(self) -> None:
        """Count one more. Raises OperationRefused beyond the limit, so that no longer filter is read to its end."""
        self.found += 1
        if self.found > self.most:
            raise OperationRefused(
                f"the filters of the operation have more than {self.most:,} conditions",
                code="OPERATION_TOO_LARGE",
                next_step="use `in` for many values of one field, or ask in several operations",
            )


@dataclass(frozen=True)
class FilterReader:
    """Reads filter arguments. `links` is how many links a filter may still follow, `terms` counts conditions. With
    `masked`, filters that could tell a masked value are refused. `path` are the response keys of the filtered field."""

    registry: Registry
    document: Document
    links: int
    terms: ConditionCounter
    past: bool = False
    masked: bool = False
    path: tuple[str, ...] = ()

    def conditions(self, entity: Entity, tree: Tree | None) -> tuple[Condition, ...]:
        """The conditions of a filter argument; all of them must hold. Null filters, and null parts, are no conditions."""
        if not isinstance(tree, Mapping):
            return ()
        found: list[Condition] = []
        for name, part in tree.items():
            if not isinstance(part, Mapping | list) and read_value(self.document, part) is None:
                continue
            self.terms.add()
            if name in ("and", "or"):
                each = tuple(self._item(entity, item) for item in _list(part))
                found.append(AllOf(each) if name == "and" else AnyOf(each))
            elif name == "not":
                found.append(Not(AllOf(self.conditions(entity, part))))
            elif isinstance(part, Mapping):
                found.extend(self._field(entity, name, part))
        return tuple(found)

    def _item(self, entity: Entity, tree: Tree) -> Condition:
        self.terms.add()
        return AllOf(self.conditions(entity, tree))

    def _field(self, entity: Entity, name: str, part: Mapping[str, Tree]) -> list[Condition]:
        column = next((c for c in entity.columns if c.graphql == name), None)
        if column is not None:
            if self.masked and is_told_by_filter(column):
                raise refuse_masked(f"filter: {entity.name}.{name}")
            return list(self._tests(column, part))
        if name == "id":
            if self.masked:
                # Absent and sealed would differ, and whoever has an id from elsewhere would look somebody up.
                raise refuse_masked(f"filter: {entity.name}.id")
            return [self._ids(entity, operator, leaf) for operator, leaf in part.items()]
        if name == "provenance":
            return self._provenance(part)
        by_link = next((linked for linked in entity.linked if linked.link_graphql == name), None)
        if by_link is not None:
            return [LinkTest(by_link.table, tuple(self.parts(name, LINK_PARTS, part)))]
        if self.links == 0:
            raise OperationRefused(
                f"filter: {entity.name}.{name} follows more links than a filter may",
                code="OPERATION_TOO_LARGE",
                next_step="filter by fewer links, or begin at an entity nearer to the condition",
            )
        beyond = replace(self, links=self.links - 1)
        back = next((b for b in entity.backlinks if b.graphql == name), None)
        if back is not None:
            via = backlink_via(self.registry, self.registry.end(back))
            return [beyond._through(via, back.target, inner, none=word == "none") for word, inner in part.items()]
        end = next(e for e in entity.ends.values() if e.graphql == name)
        if isinstance(end, Reference):
            return [beyond._through(ViaColumn(end.target_column, end.column.name), end.target, part)]
        if len(end.kinds) == 1:
            return [beyond._through(ViaLink(end.table), end.kinds[0], part)]
        kinds = {to_camel_case(self.registry[kind].table): kind for kind in end.kinds}
        # A kind of the family that this field cannot lead to: nothing satisfies it.
        return [
            beyond._through(ViaLink(end.table), kinds[word], inner) if word in kinds else AnyOf(())
            for word, inner in part.items()
        ]

    def _through(self, via: Via, target: str, tree: Tree, *, none: bool = False) -> Condition:
        entity = self.registry[target]
        if not isinstance(tree, Mapping):
            return AllOf(())  # a null filter
        return RowExists(via, entity.table, self.conditions(entity, tree), none)

    def _tests(self, column: Column, operators: Mapping[str, Tree]) -> list[SqlTest]:
        if column.search_key is None:
            return self._operators(FilterOperand(column.graphql, f"{{t}}.{column.sql}", sql_type(column)), operators)
        key = FilterOperand(
            column.graphql, f"{{t}}.{quote_identifier(column.search_key)}", "text", NAME_TEMPLATES, to_name_parameter
        )
        return self._operators(key, operators)

    def _operators(self, compared: "FilterOperand", operators: Mapping[str, Tree]) -> list[SqlTest]:
        found: list[SqlTest] = []
        for operator, leaf in operators.items():
            value = read_value(self.document, leaf)
            if operator == "isNull":
                if value is not None:
                    found.append(SqlTest(f"{compared.sql} is {'' if value else 'not '}null"))
            elif value is None:
                # `eq: null` would find nothing and say nothing; isNull states the intent.
                raise OperationRefused(
                    f"filter: {compared.name}.{operator} is null",
                    code="BAD_USER_INPUT",
                    next_step="use isNull: true to ask for nulls",
                )
            else:
                found.append(compared.test(operator, leaf, self.path))  # type: ignore[arg-type]  # operators hold leaves
        return found

    def _provenance(self, part: Mapping[str, Tree]) -> list[Condition]:
        parts = {p.graphql: p for p in (derived_fields.PAST_PROVENANCE if self.past else derived_fields.PROVENANCE)}
        return list(self.parts("provenance", {n: (parts[n].sql, c) for n, c in PROVENANCE_PARTS.items()}, part))

    def parts(self, name: str, known: Mapping[str, KnownPart], part: Mapping[str, Tree]) -> list[SqlTest]:
        """Tests on parts of which the expressions are known."""
        found: list[SqlTest] = []
        for inner, operators in part.items():
            if isinstance(operators, Mapping):
                found += self._operators(FilterOperand(f"{name}.{inner}", *known[inner]), operators)
        return found

    def _ids(self, entity: Entity, operator: str, leaf: Tree) -> SqlTest:
        """Rows of these global ids; an id of another type, or of nothing, is no row's."""
        if isinstance(leaf, Mapping | list) or read_value(self.document, leaf) is None:
            raise OperationRefused(
                f"filter: id.{operator} is null", code="BAD_USER_INPUT", next_step="give ids, or leave the filter out"
            )
        if operator == "eq":
            kind, number = Bind(leaf, "text", GlobalIdPart(0)), Bind(leaf, "bigint", GlobalIdPart(1))
            return SqlTest(f"{{t}}.id = {{0}} and {{1}} = '{entity.name}'", (number, kind))
        kinds, numbers = (
            Bind(leaf, cast, GlobalIdParts(index, derived_fields.MAX_PAGE, self.path))
            for index, cast in enumerate(("text[]", "bigint[]"))
        )
        chosen = f"select w.id from unnest({{0}}, {{1}}) w(kind, id) where w.kind = '{entity.name}'"
        return SqlTest(f"{{t}}.id = any(array({chosen}))", (kinds, numbers))


@dataclass(frozen=True)
class FilterOperand:
    """What a filter compares: its name in the graph, the expression, its SQL type, the templates, and the part taken of a value."""

    name: str
    sql: str
    cast: str
    templates: Mapping[str, str] = field(default_factory=lambda: OPERATOR_TEMPLATES)
    take: Callable[[Any], Any] = to_parameter

    def test(self, operator: str, leaf: Leaf, path: tuple[str, ...]) -> SqlTest:
        """The test of one operator in the filter of the field at this path."""
        cast = self.cast + ("[]" if operator == "in" else "")
        take = PREFIX_CONVERTERS[self.take] if operator in ("prefix", "words") else self.take
        return SqlTest(self.templates[operator].replace("{column}", self.sql), (Bind(leaf, cast, take, path),))


def to_name_parameter(value: Any) -> Any:
    """A name, or a list of names, as PostgreSQL takes it: one space between words, as the store keeps names."""
    taken = to_parameter(value)
    if isinstance(taken, list):
        return [to_name_parameter(item) for item in taken]
    return " ".join(taken.split()) if isinstance(taken, str) else taken


def to_prefix_parameter(value: Any) -> Any:
    """A text to begin with. Raises OperationRefused for an empty one, which every text begins with."""
    return _refuse_empty(to_parameter(value))


def to_name_prefix_parameter(value: Any) -> Any:
    """A name to begin with, or words of it, one space between words. Raises OperationRefused for none."""
    return _refuse_empty(to_name_parameter(value))


def _refuse_empty(taken: Any) -> Any:
    if taken == "":
        raise OperationRefused(
            "filter: prefix or words is empty and would match every row",
            code="BAD_USER_INPUT",
            next_step="give at least one character, or leave the condition out",
        )
    return taken


PREFIX_CONVERTERS: Mapping[Callable[[Any], Any], Callable[[Any], Any]] = {
    to_parameter: to_prefix_parameter,
    to_name_parameter: to_name_prefix_parameter,
}
"""The part taken of a value → the same, if an empty text would choose every row."""


def find_filtered_columns(entity: Entity, tree: Tree | None) -> Iterator[Column]:
    """The columns of the entity itself that a filter argument has conditions on, also within `and`, `or` and `not`."""
    if not isinstance(tree, Mapping):
        return
    for name, part in tree.items():
        if name in ("and", "or", "not"):
            for item in (part,) if name == "not" else _list(part):
                yield from find_filtered_columns(entity, item)
        elif isinstance(part, Mapping):
            yield from (column for column in entity.columns if column.graphql == name)


def _list(tree: Tree) -> list[Tree]:
    return tree if isinstance(tree, list) else [tree] if isinstance(tree, Mapping) else []


def read_order(document: Document, entity: Entity, tree: Tree | None, *, masked: bool = False) -> tuple[OrderTerm, ...]:
    """The total order of an orderBy argument: its terms, then the id."""
    terms: list[OrderTerm] = []
    for part in _list(tree) if tree is not None else []:
        if not isinstance(part, Mapping):
            continue
        for name, leaf in part.items():
            descending = getattr(read_value(document, leaf), "name", "ASC") == "DESC"
            terms.append(_read_order_term(entity, name, descending, masked))
    if any(term.name == "id" for term in terms):
        return tuple(terms)
    return (*terms, ID_TERM)


def _read_order_term(entity: Entity, name: str, descending: bool, masked: bool) -> OrderTerm:
    if name == "id":
        return OrderTerm("id", "{t}.id", "bigint", nullable=False, descending=descending)
    column = next(c for c in entity.columns if c.graphql == name)
    if masked and column.value.mask is not Mask.NONE:
        raise refuse_masked(f"orderBy: {entity.name}.{name}")
    target = column.search_key or column.name
    return OrderTerm(name, f"{{t}}.{quote_identifier(target)}", sql_type(column), column.nullable, descending)
