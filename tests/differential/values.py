"""Values in drawn operations: some that the world has and values it has not, written as literals or as variables."""

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_non_null_type,
)
from hypothesis import strategies as st

from hub.model.registry import load_registry
from tests.differential.reference import global_id, reference_schema, shown
from tests.differential.rows import STREAMS, pool
from tests.differential.world import Row, World

Draw = Callable[[st.SearchStrategy[Any]], Any]
Hint = tuple[str, str] | None
"""The entity and the field that a value is compared with."""

SEPARATED = ("PersonalId", "FormerId", "TaxCode", "EnterpriseCode", "RegistrationNumber")
"""Types whose values may be written in groups."""
COMPARED = ("eq", "in", "gt", "gte", "lt", "lte", "prefix", "words")


class Word(str):
    """An enum member."""


@dataclass(frozen=True)
class Ref:
    """A variable where a value may stand."""

    name: str


class _Absent:
    """No value at all, where null would be one."""


ABSENT = _Absent()
Tree = Any
"""None, bool, int, float, str, Word, Ref, or a list or dict of these."""


@dataclass(frozen=True)
class Declared:
    """A variable of an operation: its type, its default, and its value in the request."""

    kind: str
    default: Tree
    given: Tree

    def text(self, name: str) -> str:
        """Its declaration."""
        return f"${name}: {self.kind}" + ("" if self.default is ABSENT else f" = {literal(self.default)}")

    @property
    def effective(self) -> Tree:
        """What stands for it."""
        return self.default if self.given is ABSENT else self.given


@dataclass(frozen=True)
class Pool:
    """What the world has: values of each field that may be filtered, and global ids."""

    schema: GraphQLSchema = field(repr=False)
    values: Mapping[tuple[str, str], Sequence[Any]] = field(repr=False)
    ids: Sequence[str] = field(repr=False)

    @classmethod
    def of(cls, world: World) -> "Pool":
        """The pool of a world, past rows included."""
        found: dict[tuple[str, str], Sequence[Any]] = {}
        for entity in load_registry():
            rows = world.rows[entity.name]
            for column in entity.columns:
                stored = {shown(row[column.name]) for row in rows if row[column.name] is not None}
                missing = shown_as(pool(column.value), stored)
                found[entity.name, column.graphql] = (*sorted(stored), *missing)
        ids = {global_id(Row(name, row)) for name, all_ in world.rows.items() for row in all_}
        found |= _pool_of_parts(world, sorted(ids))
        return cls(reference_schema(), found, sorted(ids))


PARTS = ("Provenance", "Link", "LinkStatus", "Discrepancy", "Correction")
"""What filters stand over, beside entities: the parts that the graph adds to every row and link."""


def _pool_of_parts(world: World, ids: Sequence[str]) -> dict[tuple[str, str], Sequence[Any]]:
    rows = [row for all_ in world.rows.values() for row in all_]
    found: dict[tuple[str, str], Sequence[Any]] = {
        ("Provenance", "source"): [*sorted({connector for connector, _ in STREAMS}), "nobody"]
    }
    for name, column in (
        ("firstSeen", "first_seen"),
        ("recordedAt", "sys_from"),
        ("changedAtSource", "changed_at_source"),
    ):
        found["Provenance", name] = sorted({row[column].isoformat() for row in rows if row[column] is not None})[:40]
    found["Provenance", "asOf"] = found["Provenance", "recordedAt"]
    found["Discrepancy", "source"] = found["Provenance", "source"]
    found["Discrepancy", "since"] = sorted({row["sys_from"].isoformat() for row in world.discrepancies})[:40]
    found["Correction", "source"] = found["Provenance", "source"]
    found["Correction", "since"] = found["Correction", "dueAt"] = found["Discrepancy", "since"]
    methods = {link["method"] for links in world.links.values() for link in links if link["method"]}
    found["Link", "method"] = [*sorted(methods), "none"]
    of_another = ids[0]
    own = {name: [global_id(Row(name, row)) for row in all_] for name, all_ in world.rows.items()}
    return found | {(name, "id"): [*dict.fromkeys(all_), of_another, "nothing"] for name, all_ in own.items()}


def shown_as(texts: Sequence[str], stored: set[Any]) -> list[Any]:
    """Texts of a value type as the stored values are: numbers where these are numbers."""
    numbers = any(isinstance(value, int | float) for value in stored)
    return sorted({json.loads(text) if numbers else text for text in texts} - stored)


@dataclass
class Draft:
    """An operation being drawn: what it declares so far, and what it has in it."""

    draw: Draw
    pool: Pool
    variables: dict[str, Declared] = field(default_factory=dict)
    features: Counter[str] = field(default_factory=Counter)

    def chance(self, percent: int) -> bool:
        """True so many times in a hundred; shrinks to false."""
        return bool(self.draw(st.integers(0, 99)) >= 100 - percent)

    def one_of(self, options: Sequence[Any]) -> Any:
        """One of these; shrinks to the first."""
        return self.draw(st.sampled_from(options))

    def mark(self, feature: str) -> None:
        """Note that the operation has this in it."""
        self.features[feature] += 1

    choosing = False
    """Whether what is drawn chooses rows: a variable that is absent there is refused."""

    # --- Variables ----------------------------------------------------------------------------------------------------

    def variable(self, kind: GraphQLInputType, tree: Tree, *, optional: bool, one_of: bool = False) -> Ref:
        """A variable of this type with this value; where it is `optional` it may be absent.

        A field of a `@oneOf` input takes no nullable variable, not even one with a default.
        """
        name = f"v{len(self.variables)}"
        self.mark("variable")
        optional = optional and not self.choosing
        how = self.one_of(("given", "given", "default", "both", "absent" if optional else "given"))
        text = str(kind)
        with_default = text if one_of else text.removesuffix("!")
        if how == "absent":
            self.variables[name] = Declared(text.removesuffix("!"), ABSENT, ABSENT)
        elif how == "given" or tree is None:
            self.variables[name] = Declared(text, ABSENT, tree)
        elif how == "default":
            self.variables[name] = Declared(with_default, tree, ABSENT)
        else:
            self.variables[name] = Declared(with_default, tree, tree)
        self.mark(f"variable {how}")
        return Ref(name)

    def boolean(self, feature: str) -> Tree:
        """A condition of @skip or @include."""
        value = self.chance(50)
        if self.chance(30):
            return value
        self.mark(f"{feature} variable")
        return self.variable(GraphQLNonNull(self.pool.schema.type_map["Boolean"]), value, optional=False)  # type: ignore[arg-type]  # a type

    # --- Values -------------------------------------------------------------------------------------------------------

    def value(self, kind: GraphQLInputType, hint: Hint, links: int, *, inside: bool = False, required: bool = False) -> Tree:  # fmt: skip
        """A value of an input type; inside a variable no other variable stands."""
        if not inside and self.chance(15):
            tree = self._value(kind, hint, links, True)
            self.mark("variable of an object" if isinstance(tree, dict) else "variable of a leaf")
            one_of = required and not is_non_null_type(kind)
            named: Any = GraphQLNonNull(get_nullable_type(kind)) if one_of else kind
            return self.variable(named, tree, optional=not is_non_null_type(named), one_of=one_of)
        return self._value(kind, hint, links, inside)

    def _value(self, kind: GraphQLInputType, hint: Hint, links: int, inside: bool) -> Tree:
        inner = get_nullable_type(kind)
        if isinstance(inner, GraphQLList):
            if self.chance(20):
                self.mark("single as list")
                return self._value(inner.of_type, hint, links, inside)
            count = self.draw(st.integers(0, 3))
            return [self.value(inner.of_type, hint, links, inside=inside, required=True) for _ in range(count)]
        if isinstance(inner, GraphQLInputObjectType):
            return self._object(inner, hint, links, inside)
        if isinstance(inner, GraphQLEnumType):
            return Word(self.one_of(sorted(inner.values)))
        return self.leaf(inner.name, hint)

    def _object(self, kind: GraphQLInputObjectType, hint: Hint, links: int, inside: bool) -> dict[str, Tree]:
        names = sorted(kind.fields)
        if kind.is_one_of:
            name = self.one_of(names)
            return {name: self._part(kind, name, hint, links, inside, required=True)}
        if not links:
            names = [name for name in names if not self._nests(kind, name)]
        # Names are folded, so that there is more to go wrong with them than with other values.
        names += [name for name in names if get_named_type(kind.fields[name].type).name == "NameFilter"] * 4
        names += ["words"] * 2 if kind.name == "NameFilter" else []
        few = 0 if self.chance(5) else 1
        chosen = self.draw(st.lists(st.sampled_from(names), min_size=few, max_size=few + 1, unique=True))
        return {name: self._part(kind, name, hint, links, inside) for name in chosen}

    def _nests(self, kind: GraphQLInputObjectType, name: str) -> bool:
        """Whether a field of an entity's filter holds another filter: `and`, `or`, `not`, or a link."""
        beneath = get_named_type(kind.fields[name].type)
        return _entity(kind) in load_registry().entities and "eq" not in getattr(beneath, "fields", ())

    def _part(self, kind: GraphQLInputObjectType, name: str, hint: Hint, links: int, inside: bool, *, required: bool = False) -> Tree:  # fmt: skip
        target = kind.fields[name].type
        if name in COMPARED:
            return self._comparison(kind, name, hint, inside)
        nests = self._nests(kind, name)
        if name in ("and", "or", "not", "some", "none", "isNull"):
            self.mark(f"filter {name}")
        elif nests:
            self.mark("filter through a link")
        if not required and self.chance(4):
            self.mark("null in a filter")
            return None
        at = (_entity(kind), name) if _entity(kind) in (*load_registry().entities, *PARTS) else hint
        return self.value(target, at, links - nests, inside=inside, required=required)

    def _comparison(self, kind: GraphQLInputObjectType, operator: str, hint: Hint, inside: bool) -> Tree:
        by_name = kind.name == "NameFilter"
        self.mark("filter range" if operator in ("gt", "gte", "lt", "lte") else f"filter {operator}")
        self.mark("filter by name" if by_name else "filter by value")
        if operator not in ("prefix", "words"):
            return self.value(kind.fields[operator].type, hint, 0, inside=inside)
        assert hint is not None
        whole = self.spelled(self.one_of(self.pool.values[hint])) if by_name else self.one_of(self.pool.values[hint])
        tree = whole[: self.draw(st.integers(0, len(whole)))]
        if operator == "words":
            words = self.draw(st.permutations(whole.split()))
            tree = " ".join(words[: self.draw(st.integers(1, max(1, len(words))))])
        if not tree.strip():
            tree = whole  # an empty one is refused
        if inside or not self.chance(20):
            return tree
        return self.variable(kind.fields[operator].type, tree, optional=True)

    def leaf(self, scalar: str, hint: Hint) -> Tree:
        """A scalar: a value of the field that it is compared with."""
        if scalar == "Boolean":
            return self.chance(50)
        assert hint is not None, scalar
        found = self.one_of(self.pool.values[hint])
        entity, name = hint
        if entity in PARTS or name == "id":
            return found
        column = next(c for c in load_registry()[entity].columns if c.graphql == name)
        if column.search_key:
            return self.spelled(found)
        return self.uncleaned(scalar, found) if self.chance(20) else found

    def uncleaned(self, scalar: str, value: Any) -> Any:
        """A value as a caller may write it, where its type takes other spellings than the canonical one."""
        if scalar in SEPARATED:
            self.mark("uncleaned")
            return f" {value[:3]}.{value[3:6]}-{value[6:]}"
        if scalar == "AdministrativeUnitCode":
            self.mark("uncleaned")
            return value.replace("@..", "@2019-05-05").replace("@2025-07-01", "@2025-08-08")
        return value

    def spelled(self, name: str) -> str:
        """A name as somebody else may write it."""
        how = self.one_of(("same", "upper", "lower", "bare", "decomposed", "old stroke", "spaced"))
        self.mark(f"spelled {how}")
        bare = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
        return {
            "same": name,
            "upper": name.upper(),
            "lower": name.lower(),
            "bare": bare.replace("đ", "d").replace("Đ", "D"),
            "decomposed": unicodedata.normalize("NFD", name),
            "old stroke": name.replace("đ", "ð").replace("Đ", "Ð"),
            "spaced": f"  {name.replace(' ', '  ')} ",
        }[how]

    # --- What a request is made of ------------------------------------------------------------------------------------

    def effective(self, tree: Tree) -> Tree:
        """A tree with values in place of its variables."""
        if isinstance(tree, Ref):
            return self.variables[tree.name].effective
        if isinstance(tree, list):
            return [self.effective(item) for item in tree]
        if isinstance(tree, dict):
            found = {name: self.effective(part) for name, part in tree.items()}
            return {name: part for name, part in found.items() if part is not ABSENT}
        return tree


def _entity(kind: GraphQLInputObjectType) -> str:
    return kind.name.removesuffix("Filter")


def literal(tree: Tree) -> str:
    """A tree as GraphQL has it."""
    if isinstance(tree, Ref):
        return f"${tree.name}"
    if isinstance(tree, Word):
        return str(tree)
    if isinstance(tree, list):
        return f"[{', '.join(literal(item) for item in tree)}]"
    if isinstance(tree, dict):
        return f"{{{', '.join(f'{name}: {literal(part)}' for name, part in tree.items())}}}"
    return json.dumps(tree, ensure_ascii=False)
