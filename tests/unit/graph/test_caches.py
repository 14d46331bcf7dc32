"""Caches are bounded in bytes, and what they say of an entry is about what it takes."""

import gc
import random
import tracemalloc

from graphql import DocumentNode, FieldNode, Location, Node, Token, Visitor, visit
from hypothesis import given
from hypothesis import strategies as st

from hub.graph.execution.bounded_cache import BoundedCache
from hub.graph.execution.documents import Documents
from hub.graph.execution.prepare import NO_TOKEN, GraphQLRequest, Preparer, limits_of
from hub.graph.schema import get_core_schema, load_schema
from hub.model.registry import load_registry
from hub.plan.binds import global_id
from hub.plan.masks import FULL
from hub.plan.planner import Plan, Planner
from hub.settings import Settings

MEGABYTE = 1_000_000


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60))), st.integers(1, 5), st.integers(1, 100))
def test_a_cache_keeps_to_both_bounds(puts: list[tuple[int, int]], most: int, most_size: int) -> None:
    cache: BoundedCache[int, int] = BoundedCache(most, most_size=most_size)
    for key, size in puts:
        cache.put(key, size, size)
        assert cache.size == sum(size for _, size in cache.entries.values()) <= most_size
        assert len(cache.entries) <= most
        assert cache.get(key) == (size if size <= most_size else None)


def make_preparer(settings: Settings) -> Preparer:
    graphql = get_core_schema(load_schema())
    return Preparer(
        graphql, Planner(load_registry(), graphql, limits_of(settings)), Documents({}, trusted_only=False), settings
    )


def test_wide_filters_in_ever_new_orders_do_not_fill_the_memory() -> None:
    """Each order is a plan of its own. What they take together stays within what the operator allows."""
    settings = Settings(plan_cache_mb=2)
    preparer = make_preparer(settings)
    query = "query($f: CitizenFilter) { citizens(filter: $f) { totalCount } }"
    terms = [
        {name: {"isNull": flag}} for name in ("sex", "birthDate", "fullName", "personalId") for flag in (True, False)
    ]

    def ask(count: int) -> None:
        for _ in range(count):
            drawn = random.choices(terms, k=(settings.max_filter_terms - 1) // 2)
            for _ in range(2):  # what comes once is not kept
                preparer.ready(GraphQLRequest(query, variables={"f": {"and": drawn}}))

    ask(5)
    gc.collect()
    tracemalloc.start()
    ask(80)  # they are twice as much as may be kept
    gc.collect()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert preparer._plans.size <= 1 * MEGABYTE
    assert grown <= 1.5 * 2 * MEGABYTE, grown


def wide_filter(number: int) -> str:
    terms = " ".join(f'{{ fullName: {{ words: "an {number} {term}" }} }}' for term in range(99))
    return f"{{ citizens(filter: {{ or: [{terms}] }}) {{ totalCount }} }}"


def test_what_comes_once_pushes_nothing_out_and_what_comes_again_is_kept() -> None:
    preparer = make_preparer(Settings(plan_cache_mb=1))
    small, wide = "{ citizens { totalCount } }", wide_filter(0)
    for _ in range(2):
        preparer.ready(GraphQLRequest(small))
        preparer.ready(GraphQLRequest(wide))
    before = {name: set(cache.entries) for name, cache in preparer.caches.items()}
    for number in range(1, 20):
        preparer.ready(GraphQLRequest(wide_filter(number)))
    assert {name: set(cache.entries) for name, cache in preparer.caches.items()} == before
    assert preparer.find_ready(GraphQLRequest(wide)) is not None
    assert preparer.find_ready(GraphQLRequest(wide_filter(1))) is None


def test_a_kept_document_is_kept_without_its_tokens() -> None:
    """They are half of its objects, which a full collection walks over while every request waits."""
    preparer = make_preparer(Settings())
    for _ in range(2):
        preparer.ready(GraphQLRequest(wide_filter(0)))
    document = preparer._documents.entries[wide_filter(0)][0].document
    reached, seen = [document], set[int]()
    while reached:
        one = reached.pop()
        if id(one) not in seen and isinstance(one, Node | Location | Token | tuple):
            seen.add(id(one))
            assert not isinstance(one, Token) or one is NO_TOKEN
            reached += gc.get_referents(one)
    assert len(seen) > 1_000


NODES_QUERY = """query ($long: Boolean!, $size: Int) { reviewQueue(first: 1) { nodes {
    record { id ... on Citizen @include(if: $long) { fullName } ... on Parcel { rights(first: $size) { nodes { area } } } } } } }"""


def test_rows_by_their_ids_are_planned_once_for_a_selection_and_what_shapes_it() -> None:
    preparer = make_preparer(Settings())

    def plan(size: int, *, long: bool) -> Plan:
        ready = preparer.ready(GraphQLRequest(NODES_QUERY, variables={"long": long, "size": size}))
        fields = next(iter(FieldCollector.of(ready.checked.document, "record")))
        assert fields.selection_set is not None
        return preparer.plan_nodes(ready, [fields.selection_set], FULL)

    made = plan(2, long=True)
    assert plan(2, long=True) is made
    assert plan(2, long=False).sql != made.sql
    assert plan(3, long=True) is not made
    variables = {"long": True, "size": 2}
    first, second = (made.with_ids([global_id("Citizen", number)]).parameters(variables) for number in (1, 2))
    assert [(a, b) for a, b in zip(first, second, strict=True) if a != b] == [([1], [2])]


class FieldCollector(Visitor):
    """Collects the fields of a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.found: list[FieldNode] = []

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Note the field."""
        if node.name.value == self.name:
            self.found.append(node)

    @classmethod
    def of(cls, document: DocumentNode, name: str) -> list[FieldNode]:
        """The fields of this name in a document."""
        made = cls(name)
        visit(document, made)
        return made.found
