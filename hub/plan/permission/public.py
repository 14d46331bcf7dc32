"""Public types: places, code lists and whatever else purposes declare to be without personal data. Anybody may read them."""

from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
)

from hub.access.permission_trie import PublicTypes
from hub.plan.building.selection import Document, Selected


@dataclass(frozen=True)
class PublicSelections:
    """Decides whether a root field and all beneath it stay within the public types, filters included."""

    document: Document
    public: PublicTypes

    def allows(self, root_type: str, selected: Selected) -> bool:
        """Whether everybody may read this root field as it is selected."""
        definition = self._definition(root_type, selected)
        return get_named_type(definition.type).name in self.public.objects and self._field(definition, selected)

    def _definition(self, type_name: str, selected: Selected) -> GraphQLField:
        kind = self.document.schema.get_type(type_name)
        assert isinstance(kind, GraphQLObjectType)
        definition: GraphQLField = kind.fields[selected.name]
        return definition

    def _field(self, definition: GraphQLField, selected: Selected) -> bool:
        for argument in selected.node.arguments or ():
            if not self._value(argument.value, definition.args[argument.name.value].type):
                return False
        kind = get_named_type(definition.type)
        if is_leaf_type(kind):
            return True
        if kind.name not in self.public.objects and not _has_only_leaves(kind):
            return False
        inner = self.document.collect(kind.name, selected.beneath)
        return all(one.name.startswith("__") or self._field(self._definition(kind.name, one), one) for one in inner)

    def _value(self, node: ValueNode, kind: Any) -> bool:
        inner = get_nullable_type(kind)
        if is_list_type(inner):
            items = node.values if isinstance(node, ListValueNode) else (node,)
            return all(self._value(item, inner.of_type) for item in items)
        if not is_input_object_type(inner) or node.kind == "null_value":
            return True
        if isinstance(node, VariableNode):
            # Of a whole filter, the value could lead anywhere.
            return inner.name in self.public.inputs and self._closed(inner.name, set())
        assert isinstance(node, ObjectValueNode)  # validated
        fields = ((part.value, inner.fields[part.name.value].type) for part in node.fields)
        return inner.name in self.public.inputs and all(self._value(value, type_) for value, type_ in fields)

    def _closed(self, name: str, seen: set[str]) -> bool:
        """Whether an input, with all that it can hold, is public."""
        kind = self.document.schema.get_type(name)
        if not is_input_object_type(kind) or name in seen:
            return True
        inner = {get_named_type(field.type).name for field in kind.fields.values()}
        return name in self.public.inputs and all(self._closed(one, seen | {name}) for one in inner)


def _has_only_leaves(kind: Any) -> bool:
    """Whether an object is part of the row above it: a provenance, a page's place, a label."""
    return isinstance(kind, GraphQLObjectType) and all(
        is_leaf_type(get_named_type(field.type)) for field in kind.fields.values()
    )
