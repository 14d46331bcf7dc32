"""Where a value of a request stands: the response keys of the field that it is an argument of, as errors about values say it."""

from collections.abc import Iterator

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    InlineFragmentNode,
    ListValueNode,
    Node,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
)

Path = list[str | int]


def find_path_of_value(document: DocumentNode, node: Node) -> Path | None:
    """The path of the field whose argument has this node in it. None if it stands elsewhere, or within a named fragment,
    which is reached by several ways."""
    if not isinstance(node, ArgumentNode | ObjectFieldNode | ValueNode):
        return None
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            for path, argument in _arguments(operation.selection_set, []):
                if argument is node or any(below is node for below in _values(argument.value)):
                    return path
    return None


def find_path_of_variable(operation: OperationDefinitionNode, node: Node) -> Path | None:
    """The path of the first field that is given the variable which this node defines; None if a named fragment uses it."""
    if not isinstance(node, VariableDefinitionNode):
        return None
    name = node.variable.name.value
    for path, argument in _arguments(operation.selection_set, []):
        if any(isinstance(value, VariableNode) and value.name.value == name for value in _values(argument.value)):
            return path
    return None


def _arguments(selections: SelectionSetNode | None, keys: Path) -> Iterator[tuple[Path, ArgumentNode]]:
    for selection in selections.selections if selections is not None else ():
        if isinstance(selection, FieldNode):
            path = [*keys, (selection.alias or selection.name).value]
            for argument in selection.arguments or ():
                yield path, argument
            yield from _arguments(selection.selection_set, path)
        elif isinstance(selection, InlineFragmentNode):
            yield from _arguments(selection.selection_set, keys)


def _values(value: ValueNode) -> Iterator[Node]:
    yield value
    if isinstance(value, ListValueNode):
        for item in value.values:
            yield from _values(item)
    elif isinstance(value, ObjectValueNode):
        for part in value.fields:
            yield part
            yield from _values(part.value)
