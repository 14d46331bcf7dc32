"""Caches are bounded in bytes, and what they say of an entry is about what it takes."""

import gc
import random
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from hub.graph.execution.bounded_cache import BoundedCache
from hub.graph.execution.documents import Documents
from hub.graph.execution.prepare import GraphQLRequest, Preparer, limits_of
from hub.graph.schema import get_core_schema, load_schema
from hub.model.registry import load_registry
from hub.plan.planner import Planner
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


def test_wide_filters_in_ever_new_orders_do_not_fill_the_memory() -> None:
    """Each order is a plan of its own. What they take together stays within what the operator allows."""
    settings = Settings(plan_cache_mb=8)
    graphql = get_core_schema(load_schema())
    preparer = Preparer(
        graphql, Planner(load_registry(), graphql, limits_of(settings)), Documents({}, trusted_only=False), settings
    )
    query = "query($f: CitizenFilter) { citizens(filter: $f) { totalCount } }"
    terms = [
        {name: {"isNull": flag}} for name in ("sex", "birthDate", "fullName", "personalId") for flag in (True, False)
    ]

    def ask(count: int) -> None:
        for _ in range(count):
            drawn = random.choices(terms, k=(settings.max_filter_terms - 1) // 2)
            preparer.ready(GraphQLRequest(query, variables={"f": {"and": drawn}}))

    ask(5)
    gc.collect()
    tracemalloc.start()
    ask(300)
    gc.collect()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert preparer._plans.size <= 4 * MEGABYTE
    assert grown <= 1.5 * 8 * MEGABYTE, grown
