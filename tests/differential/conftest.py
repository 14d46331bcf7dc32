"""One world for all tests of this folder."""

from collections.abc import Iterator

import pytest

from hub.model.registry import load_registry
from hub.settings import load_settings
from tests.differential.rows import fill
from tests.differential.values import Pool
from tests.differential.world import World
from tests.system.graph import Graph

MANY = 100_000
WIDE = load_settings(
    max_rows=10**9, max_fields=MANY, max_breadth=MANY, max_aliases=MANY, max_directives=MANY, validation_budget_s=60
)
"""Limits are tested elsewhere. Fragments spread again and again count each time, and pages count as full."""


@pytest.fixture(scope="module")
def world(module_database_url: str) -> World:
    fill(module_database_url)
    return World.read(module_database_url, load_registry())


@pytest.fixture(scope="module")
def graph(module_database_url: str, world: World) -> Iterator[Graph]:
    made = Graph(module_database_url, WIDE)
    yield made
    made.close()


@pytest.fixture(scope="module")
def pool(world: World) -> Pool:
    return Pool.of(world)
