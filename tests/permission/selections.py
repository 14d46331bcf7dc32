"""Sub-selections of a document, drawn at random: fewer fields, under any alias, in any fragment, with directives.

With `varied`, arguments are written otherwise but mean no more: smaller pages, literals instead of variables. Without it they are
as in the document, and `change` adds one thing that the document may not have.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_object_type,
    is_required_argument,
    print_ast,
)
from hypothesis import strategies as st

from hub.access.purposes import read_purposes
from tests.permission.cases import VALUES, DeclaredOperation, graphql_schema
from tests.permission.oracle import parse_once

FILTERS = ('id: { eq: "Q2l0aXplbjox" }', "and: []", "not: { id: { in: [] } }")


@dataclass(frozen=True)
class DrawnOperation:
    """The text of an operation, its variables, and whether something was added to the sub-selection."""

    text: str
    variables: Mapping[str, Any]
    changed: bool


@dataclass
class SubSelecting:
    """A sub-selection that is being drawn."""

    draw: Any
    source: DeclaredOperation
    varied: bool
    change: bool
    fragments: list[str] = field(default_factory=list)
    declared: dict[str, tuple[str, Any]] = field(default_factory=dict)
    keys: int = 0
    changed: bool = False

    def operation(self) -> DrawnOperation:
        """The whole operation."""
        document = parse_once(self.source.text)
        self.named = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        chosen = next(o for o in operations if (o.name and o.name.value) == self.source.name)
        self.types = {d.variable.name.value: print_ast(d.type) for d in chosen.variable_definitions or ()}
        self.rules = read_purposes()[self.source.purpose].declaration.variables
        root = graphql_schema().get_root_type(chosen.operation)
        assert root is not None
        body = self.selection(chosen.selection_set, root)
        variables = ", ".join(f"${name}: {kind}" for name, (kind, _) in self.declared.items())
        head = f"{chosen.operation.value} Q{f'({variables})' if variables else ''}"
        return DrawnOperation(
            f"{head} {body} {' '.join(self.fragments)}", {n: v for n, (_, v) in self.declared.items()}, self.changed
        )

    def chance(self, percent: int) -> bool:
        return bool(self.draw(st.integers(1, 100)) > 100 - percent)

    def shuffled(self, parts: list[str]) -> list[str]:
        """The parts in a drawn order. Most often there is one, and a strategy made for it would be a tenth of all drawing."""
        return parts if len(parts) < 2 else self.draw(st.permutations(parts))

    def key(self) -> str:
        self.keys += 1
        return f"k{self.keys}"

    # --- Selections ---------------------------------------------------------------------------------------------------

    def selection(self, node: SelectionSetNode, kind: GraphQLNamedType) -> str:
        chosen = [one for one in node.selections if self.chance(60)]
        if not chosen:
            chosen = [self.draw(st.sampled_from(node.selections))]
        # A root of a subscription is one field (spec 5.2.3.1).
        if kind.name == "Subscription":
            chosen = chosen[:1]
        made = [self.wrapped(self.part(one, kind), kind) for one in chosen]
        if kind.name != "Subscription":
            if self.chance(15):
                made.append(f"{self.key()}: __typename")
            if self.change and not self.changed and self.chance(25):
                made.append(self.addition(kind))
        return f"{{ {' '.join(self.shuffled(made))} }}"

    def part(self, node: Any, kind: GraphQLNamedType) -> str:
        if isinstance(node, FragmentSpreadNode):
            fragment = self.named[node.name.value]
            return self.fragment(fragment.type_condition.name.value, fragment.selection_set)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition.name.value if node.type_condition else kind.name
            return self.fragment(condition, node.selection_set)
        assert isinstance(node, FieldNode)
        definition = kind.fields[node.name.value]  # type: ignore[attr-defined]
        own = node.alias.value if node.alias else node.name.value
        arguments = self.arguments(node, definition)
        key = self.key() if self.varied or self.chance(40) else own
        head = f"{node.name.value if key == node.name.value else f'{key}: {node.name.value}'}{arguments}"
        beneath = get_named_type(definition.type)
        inner = self.selection(node.selection_set, beneath) if node.selection_set else ""
        return f"{head} {self.directives(kind)} {inner}"

    def fragment(self, condition: str, selections: SelectionSetNode) -> str:
        kind = graphql_schema().type_map[condition]
        return f"... on {condition} {self.directives(kind)} {self.selection(selections, kind)}"

    def wrapped(self, text: str, kind: GraphQLNamedType) -> str:
        """A part in a fragment of some sort, or as it is. Roots stay where they are."""
        if kind.name in ("Subscription",) or not self.chance(30):
            return text
        how = self.draw(st.integers(0, 2))
        if how == 0:
            return f"... {self.directives(kind)} {{ {text} }}"
        if how == 1:
            name = f"F{len(self.fragments)}_{self.key()}"
            self.fragments.append(f"fragment {name} on {kind.name} {{ {text} }}")
            return f"...{name}"
        interfaces = getattr(kind, "interfaces", ())
        if not interfaces:
            return f"... on {kind.name} {{ {text} }}"
        above = self.draw(st.sampled_from([one.name for one in interfaces]))
        return f"... on {above} {{ ... on {kind.name} {{ {text} }} }}"

    def directives(self, kind: GraphQLNamedType) -> str:
        if kind.name == "Subscription" or not self.chance(12):
            return ""
        name = self.draw(st.sampled_from(("skip", "include")))
        value = self.draw(st.sampled_from(("true", "false", "$on")))
        if value == "$on":
            self.declared["on"] = (
                "Boolean!",
                self.draw(st.booleans()) if "on" not in self.declared else self.declared["on"][1],
            )
        return f"@{name}(if: {value})"

    # --- Arguments ----------------------------------------------------------------------------------------------------

    def arguments(self, node: FieldNode, definition: Any) -> str:
        written = [self.argument(argument, definition) for argument in node.arguments or ()]
        return f"({', '.join(self.shuffled(written))})" if written else ""

    def argument(self, node: ArgumentNode, definition: Any) -> str:
        if self.varied and node.name.value == "first":
            return f"first: {self.page(node.value)}"
        return f"{node.name.value}: {self.value(node.value)}"

    def page(self, node: Any) -> str:
        most = self.rules[node.name.value].page if isinstance(node, VariableNode) else int(node.value)
        assert most is not None
        size = self.draw(st.integers(0, most))
        if self.chance(50):
            return str(size)
        name = self.key()
        self.declared[name] = ("Int", size)
        return f"${name}"

    def value(self, node: Any) -> str:
        if isinstance(node, VariableNode):
            return self.variable(node.name.value)
        if node.kind == "object_value":
            fields = [f"{part.name.value}: {self.value(part.value)}" for part in node.fields]
            return f"{{ {', '.join(self.shuffled(fields) if self.varied else fields)} }}"
        if node.kind == "list_value":
            return f"[{', '.join(self.value(item) for item in node.values)}]"
        return print_ast(node)

    def variable(self, name: str) -> str:
        if self.varied and self.chance(40):
            literal = VALUES[name]
            if literal is None:
                return "null"
            return write_literal(literal, self.types[name])
        chosen = self.key() if self.varied and self.chance(50) else name
        self.declared[chosen] = (self.types[name], VALUES[name])
        return f"${chosen}"

    # --- One thing more -----------------------------------------------------------------------------------------------

    def addition(self, kind: GraphQLNamedType) -> str:
        """A field of this type, any of them."""
        self.changed = True
        if is_abstract_type(kind):
            possible = sorted(one.name for one in graphql_schema().get_possible_types(kind))
            kind = graphql_schema().type_map[self.draw(st.sampled_from(possible))]
            return f"... on {kind.name} {{ {self.any_field(kind)} }}"
        return self.any_field(kind)

    def any_field(self, kind: GraphQLNamedType) -> str:
        assert is_object_type(kind)
        free = [n for n, f in kind.fields.items() if not any(is_required_argument(a) for a in f.args.values())]
        name = self.draw(st.sampled_from(sorted(free) or ["__typename"]))
        if name == "__typename":
            return f"{self.key()}: __typename"
        definition = kind.fields[name]
        arguments = self.added_arguments(definition)
        inner = "{ __typename }" if is_composite_type(get_named_type(definition.type)) else ""
        return f"{self.key()}: {name}{arguments} {inner}"

    def added_arguments(self, definition: Any) -> str:
        found = []
        if "first" in definition.args and self.chance(50):
            found.append(f"first: {self.draw(st.sampled_from((1, 5, 10, 100)))}")
        if (
            "filter" in definition.args
            and "id" in get_named_type(definition.args["filter"].type).fields
            and self.chance(50)
        ):
            found.append(f"filter: {{ {self.draw(st.sampled_from(FILTERS))} }}")
        return f"({', '.join(found)})" if found else ""


@st.composite
def sub_selections(draw: Any, source: DeclaredOperation, *, varied: bool, change: bool) -> DrawnOperation:
    """A sub-selection of a declared operation, perhaps with one thing more."""
    return SubSelecting(draw, source, varied, change).operation()


def write_literal(value: Any, kind: str) -> str:
    """A value as a document has it, for a type as a document writes it: `[QualityMetric!]`."""
    kind = kind.rstrip("!")
    if kind.startswith("["):
        return f"[{', '.join(write_literal(item, kind[1:-1]) for item in value)}]"
    if kind == "Boolean":
        return str(value).lower()
    is_bare = kind == "Int" or is_enum_type(graphql_schema().type_map[kind])
    return str(value) if is_bare else f'"{value}"'
