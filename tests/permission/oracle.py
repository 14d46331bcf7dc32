"""What a document reads, worked out without the trie: flat paths, by graphql-core's TypeInfo over the text with fragments put in.

An operation may be run under a purpose if its paths are a subset of those of one operation of the purpose's documents. A path is
a tuple of steps; a step is the concrete type, the field and its arguments as text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import product
from operator import le
from typing import Any

from graphql import (
    SKIP,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Undefined,
    Visitor,
    VisitorAction,
    is_abstract_type,
    parse,
    print_ast,
    visit,
)

from hub.access.purpose_declaration import VariableRule

SIZE = re.compile(r"first: (\d+)")
VARIABLE_SIZE = re.compile(r"first: \$(\w+)")
VARIABLE = re.compile(r"(\w+): \$(\w+)")
Step = tuple[str, str, str]
FlatPath = tuple[Step, ...]


@lru_cache(maxsize=300)
def parse_once(text: str) -> DocumentNode:
    """A document. Nobody changes one: the check and the oracle look at the same."""
    return parse(text, no_location=True)


def flat_paths(text: str, schema: GraphQLSchema, name: str | None = None) -> frozenset[FlatPath]:
    """Every path that an operation of a document reads, those that @skip leaves out too."""
    document = parse_once(text)
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    chosen = next(o for o in operations if name is None or (o.name and o.name.value == name))
    inlined = visit(chosen, _Inline(fragments)) if fragments else chosen
    info = TypeInfo(schema)
    paths = _Paths(schema, info)
    visit(inlined, TypeInfoVisitor(info, paths))
    instant = " ".join(print_ast(d) for d in chosen.directives or () if d.name.value == "asOf")
    return frozenset((("", chosen.operation.value, instant), *path) for path in paths.found)


class PermittedPaths:
    """The paths of one operation of a document. `rules` are those of its variables."""

    def __init__(self, paths: frozenset[FlatPath], rules: Mapping[str, VariableRule], schema: GraphQLSchema) -> None:
        pages = {name: rule.page for name, rule in rules.items() if rule.page is not None}
        self.paths = frozenset(_sized(path, pages) for path in paths)
        self._known: dict[FlatPath, list[tuple[int, ...]]] = {}
        for path in self.paths:
            for one in {path, _without_free_arguments(path, rules, schema)}:
                self._known.setdefault(_unsized(one), []).append(_sizes(one))

    def has(self, paths: frozenset[FlatPath]) -> bool:
        """Whether each path is one of these, with a page that is not larger, and with the document's free arguments or none of them."""
        return all(
            any(all(map(le, _sizes(path), most)) for most in self._known.get(_unsized(path), ())) for path in paths
        )


def _sized(path: FlatPath, pages: Mapping[str, int]) -> FlatPath:
    """The path with the size of each page instead of its variable."""
    return tuple(
        (kind, name, VARIABLE_SIZE.sub(lambda found: f"first: {pages[found[1]]}", arguments))
        for kind, name, arguments in path
    )


def _without_free_arguments(path: FlatPath, rules: Mapping[str, VariableRule], schema: GraphQLSchema) -> FlatPath:
    """The path if a request leaves out every argument whose default the variable in its place might have had."""
    return tuple((kind, name, _without_free(kind, name, arguments, rules, schema)) for kind, name, arguments in path)


def _without_free(
    kind: str, name: str, arguments: str, rules: Mapping[str, VariableRule], schema: GraphQLSchema
) -> str:
    found = set(VARIABLE.findall(arguments)) if kind else set()  # the first step is the operation itself
    if not found:
        return arguments
    known = schema.type_map[kind].fields[name].args  # type: ignore[attr-defined]  # it has it
    left_out = {
        f"{argument}: ${variable}"
        for argument, variable in found
        if argument in known and rules[variable].free
        if rules[variable].nullable or known[argument].default_value not in (Undefined, None)
    }
    return ", ".join(part for part in arguments.split(", ") if part not in left_out)


@cache
def _unsized(path: FlatPath) -> FlatPath:
    return tuple((kind, name, SIZE.sub("first: #", arguments)) for kind, name, arguments in path)


@cache
def _sizes(path: FlatPath) -> tuple[int, ...]:
    return tuple(int(size) for _, _, arguments in path for size in SIZE.findall(arguments))


def give_sizes(paths: frozenset[FlatPath], pages: Mapping[str, int]) -> frozenset[FlatPath]:
    """The paths with the sizes that a request gives."""
    return frozenset(_sized(path, pages) for path in paths)


def operation_names(text: str) -> list[str | None]:
    """The names of a document's operations."""
    return [
        d.name.value if d.name else None for d in parse_once(text).definitions if isinstance(d, OperationDefinitionNode)
    ]


@dataclass
class _Inline(Visitor):
    """Puts inline fragments in the place of spreads."""

    fragments: Mapping[str, FragmentDefinitionNode]

    def __post_init__(self) -> None:
        super().__init__()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> InlineFragmentNode:
        fragment = self.fragments[node.name.value]
        return InlineFragmentNode(
            type_condition=fragment.type_condition, directives=(), selection_set=fragment.selection_set
        )


@dataclass
class _Paths(Visitor):
    """Gathers paths. On the way down, `types` are the concrete types that the object can have, `above` the paths to it."""

    schema: GraphQLSchema
    info: TypeInfo
    found: set[FlatPath] = field(default_factory=set)
    types: list[frozenset[str]] = field(default_factory=list)
    above: list[set[FlatPath]] = field(default_factory=lambda: [{()}])

    def __post_init__(self) -> None:
        super().__init__()

    def enter_selection_set(self, *_: Any) -> None:
        parent = self.info.get_parent_type()
        assert parent is not None
        here = self._possible(parent.name)
        narrowed = getattr(self, "_narrowing", False)
        self.types.append(here & self.types[-1] if narrowed else here)
        self._narrowing = False

    def leave_selection_set(self, *_: Any) -> None:
        self.types.pop()

    def enter_inline_fragment(self, *_: Any) -> None:
        self._narrowing = True

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if node.name.value.startswith("__"):
            self.above.append(set())
            return
        arguments = ", ".join(sorted([*(print_ast(argument) for argument in node.arguments or ()), *self._page(node)]))
        steps = [(kind, node.name.value, arguments) for kind in sorted(self.types[-1])]
        paths = {(*above, step) for above, step in product(self.above[-1], steps)}
        self.found |= paths
        self.above.append(paths)
        self._narrowing = False

    def enter_argument(self, *_: Any) -> VisitorAction:
        return SKIP  # what is in it is printed with its field

    enter_directive = enter_variable_definition = enter_argument

    def _page(self, node: FieldNode) -> list[str]:
        """The page that is meant where no size is given: 10 hits of a search, 20 rows of a connection."""
        definition = self.info.get_field_def()
        given = {argument.name.value for argument in node.arguments or ()}
        if definition is None or "first" not in definition.args or given & {"first", "last"}:
            return []
        return ["first: 10" if node.name.value == "search" else "first: 20"]

    def leave_field(self, *_: Any) -> None:
        self.above.pop()

    def _possible(self, name: str) -> frozenset[str]:
        kind = self.schema.get_type(name)
        if is_abstract_type(kind):
            return frozenset(one.name for one in self.schema.get_possible_types(kind))
        return frozenset({name})
