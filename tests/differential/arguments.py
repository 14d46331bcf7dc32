"""Arguments of drawn fields: identifiers, pages, and cursors, which every executor has of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLField, GraphQLInputType, GraphQLNamedType, GraphQLNonNull, get_named_type, get_nullable_type
from hypothesis import strategies as st

from hub.model.names import to_camel_case
from hub.model.registry import load_registry
from hub.plan.building.discrepancy_nodes import INCLUDE_RESOLVED
from tests.differential.rows import INSTANTS
from tests.differential.search_texts import searched_text
from tests.differential.values import ABSENT, Declared, Draft, Ref, Tree, literal

SMALLEST_PAGE = 0
LARGEST_PAGE = 6
INSTANTS_ASKED = (
    *(at.isoformat() for at in INSTANTS),
    "2025-02-28T23:59:59.999999Z",
    "2025-04-01T19:30:00.499999+07:00",
    "2025-06-15T00:00:00Z",
    "2026-01-01T00:00:00Z",
)


@dataclass(frozen=True)
class Probe:
    """A connection whose cursors stand in a variable: ask for them, take one. Each executor has cursors of its own."""

    document: str
    index: int


@dataclass
class Arguing(Draft):
    """An operation whose fields are given arguments."""

    probes: dict[str, Probe] = field(default_factory=dict)
    directive: str = ""

    def arguments(self, kind: GraphQLNamedType, name: str, definition: GraphQLField) -> str:
        """What is written behind the name of a field."""
        if name in ("node", "nodes") and kind.name == "Query":
            self.mark(name)
            return self._ids(name, definition)
        if not definition.args:
            return ""
        if name == "search" and kind.name == "Query":
            return _written(self._search(definition))
        if "first" not in definition.args:
            return _written(self._keys(name, definition))
        found = self._page_arguments(definition)
        if kind.name == "Query" and self.chance(15):
            found |= self._cursors(name, found)
        elif kind.name != "Query":
            self.mark("back link")
        return _written(found)

    def _ids(self, name: str, definition: GraphQLField) -> str:
        wrong = ("garbage", "Q2l0aXplbjox", "Tm90aGluZzox", "")
        ids = st.sampled_from(wrong if self.chance(10) else self.pool.ids)
        if name == "node":
            tree: Tree = self.draw(ids)
        else:
            tree = self.draw(st.lists(ids, max_size=5)) if self.chance(85) else self.draw(ids)
        ((argument, wanted),) = definition.args.items()
        if isinstance(tree, list) and self.chance(20):
            item: GraphQLInputType = wanted.type.of_type.of_type  # type: ignore[union-attr]  # [ID!]!
            tree = [self.variable(item, one, optional=False) if self.chance(50) else one for one in tree]
            return _written({argument: tree})
        if self.chance(40):
            tree = self.variable(wanted.type, tree, optional=False)
        return _written({argument: tree})

    def _keys(self, name: str, definition: GraphQLField) -> dict[str, Tree]:
        """One identifier, in an object of which each part may be a variable."""
        self.mark("by key")
        entity = next(entity for entity in load_registry() if to_camel_case(entity.table) == name)
        wanted: Any = definition.args["by"].type
        fields = wanted.of_type.fields
        chosen = self.one_of(sorted(fields))
        kind = fields[chosen].type
        tree = self.leaf(get_named_type(kind).name, (entity.name, chosen))
        if self.chance(25):
            return {"by": self.variable(wanted, {chosen: tree}, optional=False)}
        required = GraphQLNonNull(get_nullable_type(kind))
        return {"by": {chosen: self.variable(required, tree, optional=False, one_of=True) if self.chance(40) else tree}}

    def _search(self, definition: GraphQLField) -> dict[str, Tree]:
        """A text as an officer types it, of what a row has, or of what several have."""
        self.mark("search")
        text: Tree = searched_text(self)
        if self.chance(30):
            text = self.variable(definition.args["text"].type, text, optional=False)
        size = self.draw(st.integers(1, LARGEST_PAGE)) if self.chance(60) else None
        return {"text": text} | ({} if size is None else {"first": size})

    def _page_arguments(self, definition: GraphQLField) -> dict[str, Tree]:
        found: dict[str, Tree] = {}
        for name, percent in (("filter", 60), ("orderBy", 45)):
            if name not in definition.args or not self.chance(percent):
                continue
            self.mark(f"discrepancies by {name}" if INCLUDE_RESOLVED in definition.args else name)
            self.choosing = name == "filter"
            found[name] = None if self.chance(4) else self.value(definition.args[name].type, None, 3)
            self.choosing = False
            order = self.effective(found[name])
            if name == "orderBy" and isinstance(order, list) and len(order) > 1:
                self.mark("order by several")
        if INCLUDE_RESOLVED in definition.args and self.chance(60):
            self.mark(f"discrepancies by {INCLUDE_RESOLVED}")
            kind, wanted = definition.args[INCLUDE_RESOLVED].type, self.chance(50)
            found[INCLUDE_RESOLVED] = self.variable(kind, wanted, optional=True) if self.chance(30) else wanted
        size = self.one_of(("first", "first", "last", ""))
        if size:
            self.mark(size)
            found[size] = self._size(definition, size)
        if self.chance(12):
            self.mark("null argument")
            found["first" if size != "first" else "last"] = None
        return dict(self.draw(st.permutations(sorted(found.items()))))

    def _size(self, definition: GraphQLField, size: str) -> Tree:
        number = self.draw(st.integers(SMALLEST_PAGE, LARGEST_PAGE))
        # An absent `last` would page forward, with the default size.
        return (
            self.variable(definition.args[size].type, number, optional=size == "first") if self.chance(20) else number
        )

    def _cursors(self, name: str, found: Mapping[str, Tree]) -> dict[str, Tree]:
        """`after` or `before` a row of the same connection."""
        shared = {key: self.effective(tree) for key, tree in found.items() if key not in ("first", "last")}
        text = _written({key: tree for key, tree in shared.items() if tree is not ABSENT} | {"first": 500})
        document = f"query {self.directive} {{ x: {name}{text} {{ edges {{ cursor }} }} }}"
        made: dict[str, Tree] = {}
        for argument in ("after", "before"):
            if self.chance(60):
                self.mark(argument)
                variable = f"c{len(self.probes)}"
                self.variables[variable] = Declared("String", ABSENT, ABSENT)
                self.probes[variable] = Probe(document, self.draw(st.integers(0, 30)))
                made[argument] = Ref(variable)
        return made

    def as_of(self) -> str:
        """The head's directive, where the operation asks for the past; probes have it as a literal."""
        if not self.chance(30):
            return ""
        self.mark("asOf")
        instant = self.one_of(INSTANTS_ASKED)
        self.directive = f'@asOf(instant: "{instant}")'
        if not self.chance(40):
            return self.directive
        kind: Any = self.pool.schema.type_map["DateTime"]
        return f"@asOf(instant: {literal(self.variable(GraphQLNonNull(kind), instant, optional=False))})"


def _written(arguments: Mapping[str, Tree]) -> str:
    return f"({', '.join(f'{name}: {literal(tree)}' for name, tree in arguments.items())})" if arguments else ""
