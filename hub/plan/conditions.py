"""Conditions and orders: filter and orderBy arguments, turned into nodes over the columns and links of an entity."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.errors import OperationRefused
from hub.model.names import camel
from hub.model.registry import Column, Entity, Linked, Reference, Registry
from hub.model.tables import sql_type
from hub.plan.arguments import value_of
from hub.plan.binds import Bind, Leaf, Tree, plain
from hub.plan.nodes import AllOf, AnyOf, ByColumn, ByLink, Condition, Not, OrderTerm, Test, Through, Via
from hub.plan.selection import Document

TEMPLATES: Mapping[str, str] = {
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
    "words": "string_to_array({column}, ' ') @> string_to_array(hub.name_key({0}), ' ')",
}
ID_TERM = OrderTerm("id", "{t}.id", "bigint", nullable=False, descending=False)


def backlink_via(registry: Registry, end: Reference | Linked) -> Via:
    """How the rows of a many end hang on the row above."""
    return ByLink(end.table, back=True) if isinstance(end, Linked) else ByColumn(end.column.name, end.target_column)


@dataclass
class Terms:
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
class Filters:
    """Reads filter arguments. `links` is how many links a filter may still follow, `terms` counts conditions."""

    registry: Registry
    document: Document
    links: int
    terms: Terms

    def conditions(self, entity: Entity, tree: Tree | None) -> tuple[Condition, ...]:
        """The conditions of a filter argument; all of them must hold. Null filters, and null parts, are no conditions."""
        if not isinstance(tree, Mapping):
            return ()
        found: list[Condition] = []
        for name, part in tree.items():
            if not isinstance(part, Mapping | list) and value_of(self.document, part) is None:
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
            return self._tests(column, part)
        if self.links == 0:
            raise OperationRefused(
                f"filter: {entity.name}.{name} follows one link more than a filter may",
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
            return [beyond._through(ByColumn(end.target_column, end.column.name), end.target, part)]
        if len(end.kinds) == 1:
            return [beyond._through(ByLink(end.table), end.kinds[0], part)]
        kinds = {camel(self.registry[kind].table): kind for kind in end.kinds}
        # A kind of the family that this field cannot lead to: nothing satisfies it.
        return [
            beyond._through(ByLink(end.table), kinds[word], inner) if word in kinds else AnyOf(())
            for word, inner in part.items()
        ]

    def _through(self, via: Via, target: str, tree: Tree, *, none: bool = False) -> Condition:
        entity = self.registry[target]
        if not isinstance(tree, Mapping):
            return AllOf(())  # a null filter
        return Through(via, entity.table, self.conditions(entity, tree), none)

    def _tests(self, column: Column, operators: Mapping[str, Tree]) -> list[Condition]:
        found: list[Condition] = []
        for operator, leaf in operators.items():
            value = value_of(self.document, leaf)
            if operator == "isNull":
                if value is not None:
                    found.append(Test(f"{{t}}.{column.name} is {'' if value else 'not '}null"))
            elif value is None:
                # `eq: null` would find nothing and say nothing; isNull says what is meant.
                raise OperationRefused(
                    f"filter: {column.graphql}.{operator} is null",
                    code="BAD_USER_INPUT",
                    next_step="use isNull: true to ask for nulls",
                )
            else:
                found.append(_test(column, operator, leaf))  # type: ignore[arg-type]  # operators hold leaves
        return found


def _test(column: Column, operator: str, leaf: Leaf) -> Test:
    by_name = column.search_key is not None
    template = (NAME_TEMPLATES if by_name else TEMPLATES)[operator]
    target = f"{{t}}.{column.search_key if by_name else column.name}"
    cast = sql_type(column) + ("[]" if operator == "in" else "")
    return Test(template.replace("{column}", target), (Bind(leaf, cast, plain_name if by_name else plain),))


def plain_name(value: Any) -> Any:
    """A name, or a list of names, as PostgreSQL takes it: one space between words, as the store keeps names."""
    taken = plain(value)
    if isinstance(taken, list):
        return [plain_name(item) for item in taken]
    return " ".join(taken.split()) if isinstance(taken, str) else taken


def _list(tree: Tree) -> list[Tree]:
    return tree if isinstance(tree, list) else [tree] if isinstance(tree, Mapping) else []


def order(document: Document, entity: Entity, tree: Tree | None) -> tuple[OrderTerm, ...]:
    """The total order of an orderBy argument: its terms, then the id."""
    terms: list[OrderTerm] = []
    for part in _list(tree) if tree is not None else []:
        if not isinstance(part, Mapping):
            continue
        for name, leaf in part.items():
            descending = getattr(value_of(document, leaf), "name", "ASC") == "DESC"
            terms.append(_term(entity, name, descending))
    if any(term.name == "id" for term in terms):
        return tuple(terms)
    return (*terms, ID_TERM)


def _term(entity: Entity, name: str, descending: bool) -> OrderTerm:
    if name == "id":
        return OrderTerm("id", "{t}.id", "bigint", nullable=False, descending=descending)
    column = next(c for c in entity.columns if c.graphql == name)
    target = column.search_key or column.name
    return OrderTerm(name, f"{{t}}.{target}", sql_type(column), column.nullable, descending)
