"""The fields that an operation asks for, as paths: what the ledger writes down of it. Without arguments, which have identifiers."""

from collections.abc import Iterator, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

MAX_PATHS = 2_000
"""More are not listed: the last entry then says how many there are."""


def list_read_paths(document: DocumentNode, operation: OperationDefinitionNode) -> tuple[str, ...]:
    """The paths of the leaves of an operation, sorted, e.g. `citizen.landUseRights.nodes.area`.

    By the names of fields, not by aliases. What @skip leaves out is listed too, and a fragment on a type says so:
    `node[Citizen].fullName`.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    found = sorted(set(_walk(operation.selection_set, "", fragments)))
    if len(found) > MAX_PATHS:
        return (*found[:MAX_PATHS], f"… {len(found) - MAX_PATHS} more")
    return tuple(found)


def _walk(selection: SelectionSetNode, path: str, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[str]:
    for node in selection.selections:
        match node:
            case FieldNode(name=name, selection_set=beneath):
                here = f"{path}.{name.value}" if path else name.value
                if beneath is None:
                    yield here
                else:
                    yield from _walk(beneath, here, fragments)
            case InlineFragmentNode(type_condition=condition, selection_set=beneath):
                yield from _walk(beneath, _on_type(path, condition.name.value if condition else ""), fragments)
            case FragmentSpreadNode(name=name):
                fragment = fragments[name.value]
                yield from _walk(fragment.selection_set, _on_type(path, fragment.type_condition.name.value), fragments)


def _on_type(path: str, type_name: str) -> str:
    """The path of what a fragment selects: the type is left out at the root, where there is only one."""
    bare = path.partition("[")[0] if path.endswith("]") else path
    return f"{bare}[{type_name}]" if path and type_name else path
