"""Operations drawn from the schema: selections that walk its types, with everything that GraphQL lets a caller write.

Every operation is valid by construction. For fields that could be merged, a response key always means the same: in one
group of types (those whose fields may stand on one object) it is one field with the same arguments and type.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_object_type,
)
from hypothesis import strategies as st

from hub.model.names import to_camel_case
from hub.model.registry import load_registry
from tests.differential.arguments import Arguing, Probe
from tests.differential.search_texts import ranked_text
from tests.differential.values import ABSENT, Pool, literal

DEPTH = 5
PARTS = 30
"""So many fields and fragments; a selection set begun after these has one field."""
OURS = tuple(
    f"{prefix}{depth}" for prefix in ("t", "l", "r", "p", "g", "k", "e", "h", "n", "c", "ke") for depth in range(4)
)
"""Names that our SQL has, or might have: a caller may use each of them as a response key."""
ALIASES = (
    *("a", "A", "select", "name", "id", "nodes", f"long_{'x' * 70}", "_", "__kind", "ctid"),
    *("d", "j", "w", "m", "rn", "cursor", "one", "result", "kind", "place", "item", "data", "hub", "link", *OURS),
)
SHARED = {"String": "text", "String!": "label", "Date": "day"}
"""Keys that stand for fields of several types, as callers write them in fragments on the kinds of a union."""
EXTRA = "zz"
RARE = ("mergedFrom", "recorded", "recordedIn", "evidence")
ENTITY_ROOTS = (to_camel_case(name) for entity in load_registry() for name in (entity.table, entity.plural))
STORED = frozenset(("node", "nodes", "search", "discrepancies", "corrections", *ENTITY_ROOTS))
"""Root fields that are reads of the store by a plan."""
RANKED = "{ hasMore hits { matchedOn score node { __typename ... on Node { id } } } }"
"""All that says which hits a search has, in what order, and why."""
HOW = ("field",) * 12 + ("inline", "named", "named", "again")


@dataclass(frozen=True)
class Operation:
    """A drawn operation. The variables named in `probes` are given a cursor by whoever runs it."""

    head: str
    body: str
    fragments: str
    variables: Mapping[str, Any]
    probes: Mapping[str, Probe]
    features: Counter[str]

    def document(self, extra: str = "") -> str:
        """The document, with another root field at its end."""
        return f"{self.head} {{ {self.body} {extra} }} {self.fragments}"


@dataclass(frozen=True)
class Fragment:
    """A named fragment: the type it is on, how deep it goes."""

    name: str
    kind: str
    depth: int


@dataclass
class Selecting(Arguing):
    """An operation whose selections are being drawn."""

    fragments: dict[str, tuple[Fragment, str]] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[str, dict[str, tuple[str, str]]]] = field(default_factory=dict)
    left: int = PARTS
    aliases: int = 0

    # --- Selections ---------------------------------------------------------------------------------------------------

    def selection(self, kind: GraphQLNamedType, depth: int) -> str:
        """A selection set on a type."""
        return f"{{ {' '.join(self._selections(kind, depth))} }}"

    def _selections(self, kind: GraphQLNamedType, depth: int) -> list[str]:
        count = self.draw(st.integers(2, 4 if depth > 1 else 3)) if self.left > 0 else 1
        made: list[str] = []
        drawn: list[tuple[str, str, GraphQLField | None]] = []
        for _ in range(count):
            how = self.one_of(HOW) if self.left > 0 else "field"
            self.left -= 1
            if how == "again" and drawn:
                made.append(self._again(drawn, depth))
            elif how == "named" and depth > 0:
                made.append(self._spread(kind, depth))
            elif how != "field" or kind.name == "Party":
                made.append(self._inline(kind, depth))
            else:
                made.append(self._field(kind, depth, drawn))
        return made

    def _fields_of(self, kind: GraphQLNamedType, depth: int) -> Sequence[str]:
        fields: Mapping[str, GraphQLField] = getattr(kind, "fields", {})
        names = [n for n, f in fields.items() if depth > 0 or not self._reaches(f)]
        if kind.name == "Query":
            names = [name for name in names if name in STORED]
            pages = [name for name in names if "first" in fields[name].args]
            names += [*pages * 3, *["node", "nodes"] * 5]
            names += ["discrepancies", "citizen", "citizens", "parcels", "search"] * 6
        elif depth > 0 and self.left > 0:
            # Links are worth more than columns.
            names += [name for name in names if self._reaches(fields[name])] * 3
        # Few types have these, and they are leaves of a kind.
        return [*names, *[name for name in names if name in RARE] * 3] or ["__typename"]

    def _reaches(self, definition: GraphQLField) -> bool:
        """Whether a field leads on to other rows."""
        beneath = get_named_type(definition.type)
        ends = ("Provenance", "PageInfo", "Evidence")
        return is_composite_type(beneath) and beneath.name not in ends and not beneath.name.endswith("AsRecorded")

    def _field(self, kind: GraphQLNamedType, depth: int, drawn: list[tuple[str, str, GraphQLField | None]]) -> str:
        deep = depth if self.left > 0 or kind.name.endswith(("Connection", "Edge")) else 0
        name = "__typename" if self.chance(8) else self.one_of(self._fields_of(kind, deep))
        if name == "__typename":
            self.mark("__typename")
            head = self._key(kind, name, "", "String!")
            drawn.append((head, "", None))
            return f"{head} {self._directives()}"
        definition: GraphQLField = kind.fields[name]  # type: ignore[attr-defined]  # it has fields
        if name == "totalCount":
            self.mark(name)
        arguments = self.arguments(kind, name, definition)
        head = self._key(kind, name, arguments, str(definition.type)) + arguments
        drawn.append((head, name, definition))
        return self._written(head, definition, depth)

    def _written(self, head: str, definition: GraphQLField, depth: int) -> str:
        beneath = get_named_type(definition.type)
        self._mark_type(beneath.name)
        directives = self._directives()
        if not is_composite_type(beneath):
            return f"{head} {directives}"
        nested = depth if beneath.name.endswith(("Connection", "Edge")) else depth - 1
        return f"{head} {directives} {self.selection(beneath, max(nested, 0))}"

    def _mark_type(self, name: str) -> None:
        if name in (
            "Party",
            "Node",
            "Provenance",
            "PageInfo",
            "Evidence",
            "MergedCitizen",
            "Discrepancy",
            "RecordedIn",
        ):
            self.mark(name)
        elif name.endswith(("Link", "Candidate", "Edge", "Connection", "AsRecorded")):
            self.mark(
                next(end for end in ("Link", "Candidate", "Edge", "Connection", "AsRecorded") if name.endswith(end))
            )

    def _again(self, drawn: Sequence[tuple[str, str, GraphQLField | None]], depth: int) -> str:
        """A field that the selection set has already, with the same response name: they are merged."""
        head, _, definition = self.one_of(drawn)
        self.mark("merged")
        return f"{head} {self._directives()}" if definition is None else self._written(head, definition, depth)

    # --- Response keys ------------------------------------------------------------------------------------------------

    def _key(self, kind: GraphQLNamedType, name: str, arguments: str, returned: str) -> str:
        options = [name]
        if kind.name in load_registry().entities and returned in SHARED and self.chance(40):
            options.insert(0, SHARED[returned])
        elif self.aliases < 20 and self.chance(20):
            options.insert(0, self.one_of(ALIASES))
            self.mark("alias of our SQL" if options[0] in OURS else "alias of its own")
        options.append(f"key{len(self.keys)}")
        key = next(option for option in options if self._may(kind, option, name, arguments, returned))
        group = self._group(kind)
        self.keys.setdefault((group, key), (returned, {}))[1][kind.name] = (name, arguments)
        if len(set(self.keys[group, key][1].values())) > 1:
            self.mark("one key for fields of several types")
        if key == name:
            return name
        self.mark("alias")
        self.aliases += 1
        return f"{key}: {name}"

    def _may(self, kind: GraphQLNamedType, key: str, name: str, arguments: str, returned: str) -> bool:
        """Whether the key may stand for this field wherever it may be merged (spec 5.3.2)."""
        known = self.keys.get((self._group(kind), key))
        if known is None:
            return True
        meaning = (name, arguments)
        leaf = not is_composite_type(get_named_type(self._type(kind, name)))
        return known[0] == returned and all(
            was == meaning
            or (
                leaf
                and other != kind.name
                and is_object_type(kind)
                and is_object_type(self.pool.schema.type_map[other])
            )
            for other, was in known[1].items()
        )

    def _type(self, kind: GraphQLNamedType, name: str) -> Any:
        return self.pool.schema.type_map["String"] if name == "__typename" else kind.fields[name].type  # type: ignore[attr-defined]  # it has fields

    def _group(self, kind: GraphQLNamedType) -> str:
        return "row" if kind.name in load_registry().entities or is_abstract_type(kind) else kind.name

    # --- Fragments ----------------------------------------------------------------------------------------------------

    def _conditions(self, kind: GraphQLNamedType) -> list[GraphQLNamedType]:
        """Types that a fragment may be on where this type is."""
        schema = self.pool.schema
        if not is_composite_type(kind) or self._group(kind) != "row":
            return [kind]
        own = self._possible(kind)
        rows = [schema.type_map[name] for name in (*load_registry().entities, "Party", "Subject", "Record", "Node")]
        return [row for row in rows if own & self._possible(row)]

    def _possible(self, kind: GraphQLNamedType) -> set[str]:
        if not is_abstract_type(kind):
            return {kind.name}
        return {one.name for one in self.pool.schema.get_possible_types(kind)}

    def _inline(self, kind: GraphQLNamedType, depth: int) -> str:
        if self.chance(15) and kind.name != "Party":
            self.mark("inline fragment without a type")
            return f"... {self._directives()} {self.selection(kind, depth)}"
        condition = self.one_of(self._conditions(kind))
        self._mark_condition("inline fragment", kind, condition)
        return f"... on {condition.name} {self._directives()} {self.selection(condition, depth)}"

    def _mark_condition(self, feature: str, kind: GraphQLNamedType, condition: GraphQLNamedType) -> None:
        self.mark(feature)
        if is_abstract_type(condition) and condition is not kind:
            self.mark("fragment on an abstract type")
        if is_abstract_type(kind) and condition is not kind:
            self.mark(f"fragment within {kind.name}")

    def _spread(self, kind: GraphQLNamedType, depth: int) -> str:
        conditions = {condition.name: condition for condition in self._conditions(kind)}
        known = [f for f, _ in self.fragments.values() if f.kind in conditions and f.depth <= depth + 1]
        if known and self.chance(80):
            self.mark("fragment spread again")
            return f"...{self.one_of(known).name} {self._directives()}"
        condition = conditions[self.one_of(sorted(conditions))]
        self._mark_condition("named fragment", kind, condition)
        text = self.selection(condition, depth)
        fragment = Fragment(f"F{len(self.fragments)}", condition.name, depth)
        self.fragments[fragment.name] = (fragment, f"fragment {fragment.name} on {condition.name} {text}")
        return f"...{fragment.name} {self._directives()}"

    def _directives(self) -> str:
        if not self.chance(10):
            return ""
        found = []
        for name in self.one_of((("skip",), ("include",), ("skip", "include"))):
            self.mark(name)
            found.append(f"@{name}(if: {literal(self.boolean(name))})")
        return " ".join(found)


@st.composite
def operations(draw: Any, pool: Pool) -> Operation:
    """A valid operation about the world of this pool."""
    drawing = Selecting(draw, pool)
    directive = drawing.as_of()
    query = pool.schema.query_type
    assert query is not None
    return _operation(drawing, directive, drawing.selection(query, DEPTH)[1:-1])


@st.composite
def searches(draw: Any, pool: Pool) -> Operation:
    """A search of which everything is selected that its ranking can be told by: in `operations` few are, and of few hits."""
    drawing = Selecting(draw, pool)
    directive = drawing.as_of()
    query = pool.schema.query_type
    assert query is not None
    if drawing.chance(30):
        arguments = drawing.arguments(query, "search", query.fields["search"])
    else:
        arguments = f"(text: {literal(ranked_text(drawing))}, first: {draw(st.integers(3, 20))})"
    return _operation(drawing, directive, f"search{arguments} {RANKED}")


def _operation(drawing: Selecting, directive: str, body: str) -> Operation:
    declared = ", ".join(variable.text(name) for name, variable in drawing.variables.items())
    return Operation(
        f"query{f'({declared})' if declared else ''} {directive}",
        body,
        " ".join(text for _, text in drawing.fragments.values()),
        {name: v.given for name, v in drawing.variables.items() if v.given is not ABSENT},
        drawing.probes,
        drawing.features,
    )
