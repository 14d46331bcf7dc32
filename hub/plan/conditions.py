"""Conditions and orders: filter and orderBy arguments, turned into nodes over the columns of an entity."""

from collections.abc import Callable, Mapping

from hub.errors import OperationRefused
from hub.model.registry import Column, Entity
from hub.model.tables import sql_type
from hub.plan.arguments import value_of
from hub.plan.binds import Bind, Leaf, Tree, plain
from hub.plan.nodes import AllOf, AnyOf, Condition, Not, OrderTerm, Test
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
}
ID_TERM = OrderTerm("id", "{t}.id", "bigint", nullable=False, descending=False)


def conditions(document: Document, entity: Entity, tree: Tree | None) -> tuple[Condition, ...]:
    """The conditions of a filter argument; all of them must hold. Null filters are no conditions."""
    if not isinstance(tree, Mapping):
        return ()
    found: list[Condition] = []
    for name, part in tree.items():
        if name in COMBINE:
            found.append(COMBINE[name](document, entity, part))
        elif isinstance(part, Mapping):
            column = next(c for c in entity.columns if c.graphql == name)
            found.extend(_tests(document, column, part))
    return tuple(found)


def _tests(document: Document, column: Column, operators: Mapping[str, Tree]) -> list[Condition]:
    found: list[Condition] = []
    for operator, leaf in operators.items():
        value = value_of(document, leaf)
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
    return Test(template.replace("{column}", target), (Bind(leaf, cast, plain),))


def _all(document: Document, entity: Entity, tree: Tree) -> Condition:
    return AllOf(tuple(AllOf(conditions(document, entity, part)) for part in _list(tree)))


def _any(document: Document, entity: Entity, tree: Tree) -> Condition:
    return AnyOf(tuple(AllOf(conditions(document, entity, part)) for part in _list(tree)))


def _not(document: Document, entity: Entity, tree: Tree) -> Condition:
    return Not(AllOf(conditions(document, entity, tree)))


def _list(tree: Tree) -> list[Tree]:
    return tree if isinstance(tree, list) else [tree] if isinstance(tree, Mapping) else []


COMBINE: Mapping[str, Callable[[Document, Entity, Tree], Condition]] = {"and": _all, "or": _any, "not": _not}


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
