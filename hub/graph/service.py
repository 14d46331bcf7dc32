"""The graph as one thing: the declared schema, its planner, caches and feed of changes, over a read pool."""

from hub.errors import HubMisconfigured, OperationRefused
from hub.graph.changes import Changes
from hub.graph.documents import Documents, read_folder
from hub.graph.execute import Executor
from hub.graph.prepare import Preparer, Rejected, limits_of
from hub.graph.reads import GRACE_S, Pool, Reads
from hub.graph.reviews import Reviews
from hub.graph.schema import core, schema
from hub.model.registry import registry
from hub.plan.planner import Planner
from hub.settings import Settings
from hub.store.engine import read_pool


def make_pool(settings: Settings, url: str) -> Pool:
    """A pool for reads, not yet open."""
    return read_pool(url, size=settings.pool_size, statement_timeout_s=settings.statement_timeout_s)


def make_executor(settings: Settings, pool: Pool) -> Executor:
    """An executor of the declared vocabulary. Raises HubMisconfigured where a trusted document does not hold."""
    graphql_schema = core(schema())
    trusted = read_folder(settings.documents) if settings.documents else {}
    documents = Documents(trusted, trusted_only=settings.trusted_only)
    planner = Planner(registry(), graphql_schema, limits_of(settings))
    preparer = Preparer(graphql_schema, planner, documents, settings)
    for identifier, text in trusted.items():
        _check(preparer, identifier, text)
    reads = Reads(pool, deadline_s=settings.statement_timeout_s + GRACE_S)
    reviews = Reviews(str(pool.conninfo))
    changes = Changes(reads, registry(), str(pool.conninfo), most_subscribers=settings.max_subscriptions)
    return Executor(graphql_schema, preparer, reads, changes, reviews, explain=settings.explain)


def _check(preparer: Preparer, identifier: str, text: str) -> None:
    try:
        preparer.checked(text)
    except (Rejected, OperationRefused) as error:
        reason = error.errors[0].message if isinstance(error, Rejected) else error.message
        raise HubMisconfigured(
            f"HUB_DOCUMENTS: the document {identifier[:12]}… does not hold: {reason}",
            next_step="correct it, or take it out of the folder",
        ) from None
