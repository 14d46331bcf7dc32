"""Arguments: the AST of an argument becomes a tree whose objects are shape and whose leaves are bound."""

from collections.abc import Sequence
from typing import Any

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLInputType,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    Visitor,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    value_from_ast,
    visit,
)

from hub.errors import OperationRefused
from hub.plan.binds import Constant, Items, Leaf, Path, Tree, Variable
from hub.plan.building.selection import Document

CONDITIONS = frozenset({"filter", "by"})
"""Arguments that choose rows: a variable that is absent within them would choose all rows instead of few."""


def read_arguments(document: Document, definition: GraphQLField, node: FieldNode) -> dict[str, Tree]:
    """The arguments given to a field, by name. One that is an absent variable is absent; explicit nulls are leaves.

    Raises OperationRefused for a variable that is absent within a filter.
    """
    found: dict[str, Tree] = {}
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    for name, argument in definition.args.items():
        if name in given:
            if name in CONDITIONS:
                _require_variables(document, name, given[name])
            tree = _tree(document, given[name], argument.type)
            if tree is not None:
                found[name] = tree
    return found


def _require_variables(document: Document, argument: str, node: ValueNode) -> None:
    absent: list[str] = []

    class Variables(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            if node.name.value not in document.variables:
                absent.append(node.name.value)

    visit(node, Variables())
    if absent:
        raise OperationRefused(
            f"{argument}: the variable ${absent[0]} is not given; without it the condition would match every row",
            next_step="give a value; to ask for every row, give null for the whole filter, or leave the argument out",
        )


def directive_argument(
    document: Document, directives: Sequence[DirectiveNode], directive: str, name: str
) -> Leaf | None:
    """The argument of a directive of an operation; None if the directive is not there."""
    for node in directives:
        if node.name.value == directive:
            definition = document.schema.get_directive(directive)
            (given,) = (argument.value for argument in node.arguments or () if argument.name.value == name)
            assert definition is not None  # validated
            leaf = _tree(document, given, definition.args[name].type)
            assert isinstance(leaf, Constant | Variable)  # a scalar that has to be given
            return leaf
    return None


def read_value(document: Document, tree: Tree | None) -> Any:
    """The value of a leaf in this request, to decide shape by whether it is null; None if there is no tree."""
    return tree.get(document.variables) if isinstance(tree, Constant | Variable | Items) else None


def argument_shape(value: Any) -> Any:
    """What of a variable's value can change a statement: keys, nulls, booleans, enum members; hashable."""
    if type(value) is str:
        return "value"
    if isinstance(value, dict):
        return tuple((key, argument_shape(item)) for key, item in value.items())
    if isinstance(value, list):
        return (
            ("list", tuple(argument_shape(item) for item in value))
            if any(isinstance(i, dict) for i in value)
            else "list"
        )
    if value is None or isinstance(value, bool):
        return value
    return getattr(value, "name", "value")


def find_page_sizes(document: DocumentNode) -> tuple[str, ...]:
    """The names of the variables given as `first` or `last` anywhere in a document."""
    found: dict[str, None] = {}

    class Sizes(Visitor):
        def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
            if node.name.value in ("first", "last") and isinstance(node.value, VariableNode):
                found[node.value.name.value] = None

    visit(document, Sizes())
    return tuple(found)


def _tree(document: Document, node: ValueNode, kind: GraphQLInputType) -> Tree | None:
    if isinstance(node, VariableNode):
        name = node.name.value
        return _wrap_in_list(document.variables[name], (name,)) if name in document.variables else None
    inner = get_nullable_type(kind)
    if isinstance(node, ObjectValueNode) and is_input_object_type(inner):
        fields = {f.name.value: _tree(document, f.value, inner.fields[f.name.value].type) for f in node.fields}
        return {name: tree for name, tree in fields.items() if tree is not None}
    if is_list_type(inner):
        return _list(document, node, inner.of_type)
    return Constant(value_from_ast(node, kind))


def _list(document: Document, node: ValueNode, item: GraphQLInputType) -> Tree:
    if node.kind == "null_value":
        return Constant(None)
    # A single value where a list is expected is a list of one (spec 3.12, input coercion).
    nodes = node.values if isinstance(node, ListValueNode) else [node]
    trees = [tree for tree in (_tree(document, n, item) for n in nodes) if tree is not None]
    if is_input_object_type(get_nullable_type(item)):
        return trees
    leaves: tuple[Leaf, ...] = tuple(t for t in trees if isinstance(t, Constant | Variable | Items))
    if all(isinstance(leaf, Constant) for leaf in leaves):
        return Constant([leaf.get({}) for leaf in leaves])
    return Items(leaves)


def _wrap_in_list(value: Any, path: Path) -> Tree:
    if isinstance(value, dict):
        return {key: _wrap_in_list(item, (*path, key)) for key, item in value.items()}
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [_wrap_in_list(item, (*path, index)) for index, item in enumerate(value)]
    return Variable(path)
