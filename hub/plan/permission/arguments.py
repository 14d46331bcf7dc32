"""Arguments and permission: what a purpose's document allows at each argument, and how an operation's own compare with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputType,
    GraphQLObjectType,
    ListValueNode,
    Node,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    value_from_ast,
)

from hub.access.argument_rules import (
    Allowed,
    AnyValue,
    AtMost,
    Bindings,
    BoundTo,
    EachOf,
    Exactly,
    ListOf,
    Mismatch,
    ObjectOf,
    canonicalise_value,
)
from hub.access.purpose_declaration import PurposeDeclaration, VariableRule
from hub.model.derived_fields import DEFAULT_PAGE
from hub.plan.building.search_nodes import DEFAULT_HITS

FIRST, LAST, BY = "first", "last", "by"
SEARCH_RESULT = "SearchResult"


class UnboundVariable(Exception):
    """A variable of a purpose's document that cannot be bound."""

    def __init__(self, message: str, next_step: str, node: Node) -> None:
        super().__init__(message)
        self.next_step = next_step
        self.line = node.loc.start_token.line if node.loc else None


# --- What a document of a purpose allows ------------------------------------------------------------------------------


@dataclass(frozen=True)
class AllowedArguments:
    """Reads what the arguments of a document allow; `defaults` are those of the operation's variables."""

    declaration: PurposeDeclaration
    defaults: Mapping[str, ValueNode | None]

    def of_field(self, definition: GraphQLField, node: FieldNode) -> tuple[tuple[str, Allowed], ...]:
        """What each argument of a field may be. An argument that the document leaves out must be absent."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        found: list[tuple[str, Allowed]] = []
        for name, argument in definition.args.items():
            if name in (FIRST, LAST):
                allowed = self._page(name, definition, given)
            elif name in given:
                self._check_entity(name, given[name], definition)
                allowed = self.allowed(given[name], argument.type)
            else:
                allowed = Exactly(canonicalise_value(default_of(argument)))
            found.append((name, allowed))
        return tuple(found)

    def allowed(self, node: ValueNode, kind: GraphQLInputType) -> Allowed:
        """What a value of this type may be where the document has this node. Raises UnboundVariable."""
        inner = get_nullable_type(kind)
        if isinstance(node, VariableNode):
            return self._variable(node, inner)
        if isinstance(node, ObjectValueNode) and is_input_object_type(inner):
            parts = {part.name.value: part.value for part in node.fields}
            return ObjectOf(tuple((n, self.allowed(v, inner.fields[n].type)) for n, v in sorted(parts.items())))
        if is_list_type(inner) and node.kind != "null_value":
            items = node.values if isinstance(node, ListValueNode) else (node,)
            return _list_of(tuple(self.allowed(item, inner.of_type) for item in items))
        return Exactly(canonicalise_value(value_from_ast(node, kind)))

    def _variable(self, node: VariableNode, kind: Any) -> Allowed:
        name = node.name.value
        rule = self.declaration.variables[name]
        if is_input_object_type(get_named_type(kind)):
            raise UnboundVariable(
                f"${name} stands for a whole {get_named_type(kind)}, so it would allow any of its fields",
                "write the object in the document, with a variable for each value",
                node,
            )
        if rule.page is not None:
            raise UnboundVariable(f"${name} is a page size, and is used elsewhere", "give it another rule", node)
        item = BoundTo(rule.source) if rule.source else AnyValue(rule.nullable)
        return EachOf(item, rule.items) if is_list_type(kind) else item

    def _page(self, name: str, definition: GraphQLField, given: Mapping[str, ValueNode]) -> Allowed:
        default = default_page(definition)
        if name not in given:
            return AtMost(default, default) if name == FIRST and LAST not in given else Exactly(None)
        unsized = default if name == FIRST else None
        node = given[name]
        if not isinstance(node, VariableNode):
            size = value_from_ast(node, definition.args[name].type)
            return AtMost(default if size is None else int(size), unsized)
        rule = self.declaration.variables[node.name.value]
        if rule.page is None:
            raise UnboundVariable(
                f"${node.name.value} is a page size without a limit", "declare it as { page = 100 }, say", node
            )
        return AtMost(rule.page, unsized)

    def _check_entity(self, name: str, node: ValueNode, definition: GraphQLField) -> None:
        """A key of an entity must be bound to a subject of that entity."""
        kind = get_named_type(definition.type)
        if name != BY or not isinstance(kind, GraphQLObjectType):
            return
        for variable in _variables(node):
            rule: VariableRule = self.declaration.variables[variable.name.value]
            if rule.subject and self.declaration.subjects[rule.subject].entity != kind.name:
                raise UnboundVariable(
                    f"${variable.name.value} finds a {kind.name}, and {rule.subject} is not one",
                    "bind it to a subject of that entity",
                    variable,
                )


def default_page(definition: GraphQLField) -> int:
    """The rows of a page whose size is not given."""
    return DEFAULT_HITS if get_named_type(definition.type).name == SEARCH_RESULT else DEFAULT_PAGE


def default_of(argument: Any) -> Any:
    """The value of an argument that is not given; None if it is then absent."""
    return None if argument.default_value is Undefined else argument.default_value


def _list_of(items: tuple[Allowed, ...]) -> Allowed:
    constants = [item.value for item in items if isinstance(item, Exactly)]
    return Exactly(tuple(constants)) if len(constants) == len(items) else ListOf(items)


def _variables(node: ValueNode) -> Iterator[VariableNode]:
    if isinstance(node, VariableNode):
        yield node
    elif isinstance(node, ObjectValueNode):
        for part in node.fields:
            yield from _variables(part.value)
    elif isinstance(node, ListValueNode):
        for value in node.values:
            yield from _variables(value)


# --- What an operation gives ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FieldPlace:
    """Where an operation has a field: response keys, the field as `Citizen.taxCode`, and the fields from the root to it."""

    path: tuple[str, ...]
    coordinate: str
    steps: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ArgumentCondition:
    """The condition on one value of a request. `variable` is None for a value that the operation has as a literal."""

    variable: str | None
    constant: Any = field(hash=False)
    allowed: Allowed
    argument: str = field(compare=False)
    place: "FieldPlace" = field(compare=False)

    def mismatch(self, variables: Mapping[str, Any], bindings: Bindings) -> Mismatch | None:
        """None if it holds for these coerced variables."""
        value = self.constant if self.variable is None else variables.get(self.variable)
        return self.allowed.mismatch(value, bindings)


class NotAllowed(Exception):
    """An argument that no request of the operation can make right. `where` is the argument, e.g. `filter.status.eq`."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


def match_arguments(
    allowed: tuple[tuple[str, Allowed], ...], definition: GraphQLField, node: FieldNode, place: FieldPlace
) -> tuple[ArgumentCondition, ...]:
    """The conditions under which a field's arguments are allowed. Raises NotAllowed if they never are."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    found: list[ArgumentCondition] = []
    for name, rule in allowed:
        argument = definition.args[name]
        if name in given:
            found.extend(match_value(rule, given[name], argument.type, name, place))
        elif rule.mismatch(default_of(argument), {}) is not None:
            raise NotAllowed(name)
    return tuple(found)


def match_value(
    rule: Allowed, node: ValueNode, kind: GraphQLInputType, where: str, place: FieldPlace
) -> Iterator[ArgumentCondition]:
    """The conditions under which a value of an operation is allowed. Raises NotAllowed if it never is."""
    inner = get_nullable_type(kind)
    if isinstance(node, VariableNode):
        yield ArgumentCondition(node.name.value, None, rule, where, place)
    elif isinstance(node, ObjectValueNode) and is_input_object_type(inner):
        yield from _match_object(rule, node, inner, where, place)
    elif is_list_type(inner) and node.kind != "null_value" and _has_variables(node):
        items = node.values if isinstance(node, ListValueNode) else (node,)
        for item_rule, item in zip(_item_rules(rule, len(items), where), items, strict=True):
            yield from match_value(item_rule, item, inner.of_type, where, place)
    else:
        yield from _match_constant(rule, value_from_ast(node, kind), where, place)


def _match_object(
    rule: Allowed, node: ObjectValueNode, kind: Any, where: str, place: FieldPlace
) -> Iterator[ArgumentCondition]:
    if not isinstance(rule, ObjectOf):
        raise NotAllowed(where)
    given = {part.name.value: part.value for part in node.fields}
    for name, value in given.items():
        inner = rule.by_name.get(name, Exactly(None))
        yield from match_value(inner, value, kind.fields[name].type, f"{where}.{name}", place)
    for name, inner in rule.fields:
        if name not in given and inner.mismatch(default_of(kind.fields[name]), {}) is not None:
            raise NotAllowed(f"{where}.{name}")


def _item_rules(rule: Allowed, count: int, where: str) -> tuple[Allowed, ...]:
    if isinstance(rule, EachOf) and count <= rule.most:
        return (rule.item,) * count
    if isinstance(rule, ListOf) and count == len(rule.items):
        return rule.items
    if isinstance(rule, Exactly) and isinstance(rule.value, tuple) and count == len(rule.value):
        return tuple(Exactly(value) for value in rule.value)
    raise NotAllowed(where)


def _match_constant(rule: Allowed, value: Any, where: str, place: FieldPlace) -> Iterator[ArgumentCondition]:
    """A literal: right or wrong for every request, unless it is compared with the subjects."""
    if value is Undefined:
        raise NotAllowed(where)
    mismatch = rule.mismatch(value, {})
    if mismatch is Mismatch.ARGUMENT:
        raise NotAllowed(where)
    if mismatch is Mismatch.SUBJECT:
        yield ArgumentCondition(None, value, rule, where, place)


def _has_variables(node: ValueNode) -> bool:
    return next(_variables(node), None) is not None
