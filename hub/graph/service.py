"""The graph as one thing: the declared schema, its planner and caches, over a read pool."""

from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from hub.graph.execute import Executor
from hub.graph.prepare import Preparer
from hub.graph.schema import core, schema
from hub.model.registry import registry
from hub.plan.planner import Planner
from hub.settings import Settings
from hub.store.engine import read_pool

Pool = AsyncConnectionPool[AsyncConnection[Any]]


def make_pool(settings: Settings, url: str) -> Pool:
    """A pool for reads, not yet open."""
    return read_pool(url, size=settings.pool_size, statement_timeout_s=settings.statement_timeout_s)


def make_executor(settings: Settings, pool: Pool) -> Executor:
    """An executor of the declared vocabulary."""
    graphql_schema = core(schema())
    preparer = Preparer(graphql_schema, Planner(registry(), graphql_schema), settings)
    return Executor(schema(), preparer, pool, explain=settings.explain)
