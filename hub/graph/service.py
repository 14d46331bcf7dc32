"""The graph as one thing: the declared schema, its planner, caches and feed of changes, over a read pool."""

from collections.abc import Mapping
from importlib.metadata import version

from graphql import GraphQLSchema

from hub.access.callers.principals import Authenticator
from hub.access.limits.limiter import ReadingLimiter
from hub.access.purposes import read_purposes
from hub.errors import HubMisconfigured, OperationRefused
from hub.graph.events.changes import ChangeReader
from hub.graph.execution.documents import Documents, read_folder
from hub.graph.execution.execute import Executor
from hub.graph.execution.prepare import Preparer, limits_of
from hub.graph.execution.reads import GRACE_S, Reads
from hub.graph.execution.request_meter import RequestMeter, list_operation_names
from hub.graph.execution.row_reads import RowReads
from hub.graph.ledger.ledger_reads import LedgerReads
from hub.graph.ledger.read_ledger import ReadLedger
from hub.graph.link_review.review_runner import ReviewRunner
from hub.graph.permission.access import AnswerAccess
from hub.graph.permission.callers import Gate
from hub.graph.permission.dossier_reads import DossierReads
from hub.graph.permission.permissions import Permissions
from hub.graph.permission.sealed_subjects import SealedSubjects
from hub.graph.procedures.prefill.live_lookups import Refresher
from hub.graph.schema import get_core_schema, load_schema
from hub.graph.schema_types.source_states import SourceStates
from hub.graph.sources.steward_desk import StewardDesk
from hub.ledger.writing.writer import LedgerWriter
from hub.model.registry import load_registry
from hub.plan.building.node_builder import Catalog
from hub.plan.permission.compile import compile_purposes
from hub.plan.planner import Planner
from hub.sdk.manifest import Manifest
from hub.settings import Settings
from hub.store.connections.logins import Logins
from hub.store.connections.pooled_reads import refuse_other_settings
from hub.store.connections.read_pool import ReadPool
from hub.store.connections.replicas import ReplicaWatch
from hub.store.engine import make_read_pool

NO_CONNECTORS: Mapping[str, Manifest] = {}


def make_pool(settings: Settings, url: str) -> ReadPool:
    """A pool for reads, not yet open: of the database at `url`, or through the pooler of HUB_POOLED_READS_URL."""
    pooled = settings.pooled_reads_url
    return make_read_pool(
        url if pooled is None else pooled.get_secret_value(),
        size=settings.pool_size,
        statement_timeout_s=settings.statement_timeout_s,
        configure=None if pooled is None else refuse_other_settings,
    )


def make_executor(
    settings: Settings,
    pool: ReadPool,
    logins: Logins | None = None,
    *,
    enforced: bool = False,
    connectors: Mapping[str, Manifest] = NO_CONNECTORS,
    keeps_ledger: bool = True,
    limiter: ReadingLimiter | None = None,
    names_people: bool = False,
    replicas: ReplicaWatch | None = None,
) -> Executor:
    """An executor of the declared vocabulary. With `enforced`, every request is checked against a purpose. Without `logins`
    everything is done with the pool's. `connectors` say which sources promise look-ups.
    Without `keeps_ledger` nothing is written down, for a trial that answers nobody.
    `limiter`, which the caller opens, limits what each principal reads. `names_people`: readings have the people of their answers, also where nothing is
    enforced. `replicas`, which the caller opens, are where rows are read from.

    Raises HubMisconfigured if a trusted document or a purpose is not valid.
    """
    logins = logins or Logins.one(str(pool.conninfo))
    graphql_schema = get_core_schema(load_schema())
    trusted = read_folder(settings.documents) if settings.documents else {}
    documents = Documents(trusted, trusted_only=settings.trusted_only)
    planner = Planner(
        load_registry(), graphql_schema, limits_of(settings), names_data_subjects=enforced or names_people
    )
    preparer = Preparer(graphql_schema, planner, documents, settings)
    for identifier, text in trusted.items():
        _check(preparer, identifier, text)
    reads = Reads(pool, deadline_s=settings.statement_timeout_s + GRACE_S, prepares=settings.pooled_reads_url is None)
    reviews = ReviewRunner(logins.clerk)
    access = _make_access(graphql_schema, reads, reviews, limiter, enforced=enforced)
    changes = ChangeReader(reads, load_registry(), logins.reader, most_subscribers=settings.max_subscriptions)
    refresher = Refresher(settings, logins.clerk, connectors)
    ledger = log = None
    if enforced and keeps_ledger:
        writer = LedgerWriter(logins.ledger, version("cross-sector-hub"))
        ledger = ReadLedger(writer, reads, SourceStates(reads, load_registry()), graphql_schema, load_registry())
        log = LedgerReads(logins.auditor, load_registry(), statement_timeout_s=settings.statement_timeout_s)
    return Executor(
        graphql_schema,
        preparer,
        reads,
        changes,
        reviews,
        access,
        refresher,
        ledger,
        log,
        StewardDesk(logins.steward, connectors),
        meter=RequestMeter(list_operation_names(trusted.values()), read_purposes(), logs=settings.request_log),
        explain=settings.explain,
        rows=None if replicas is None else RowReads(reads, replicas),
    )


def make_gate(settings: Settings, executor: Executor, authenticator: Authenticator) -> Gate:
    """What admits requests to an executor."""
    return Gate(
        authenticator,
        executor.access.dossiers,
        enforced=executor.access.is_enforced,
        explorers=settings.explorers == "masked",
        ledger=executor.ledger,
        limiter=executor.access.limiter,
    )


def _make_access(
    graphql_schema: GraphQLSchema,
    reads: Reads,
    reviews: ReviewRunner,
    limiter: ReadingLimiter | None,
    *,
    enforced: bool,
) -> AnswerAccess:
    permissions = None
    if enforced:
        compiled = compile_purposes(read_purposes().values(), graphql_schema)
        permissions = Permissions(graphql_schema, compiled, Catalog(load_registry()))
    return AnswerAccess(permissions, SealedSubjects(reads), DossierReads(reads, load_registry()), reviews, limiter)


def _check(preparer: Preparer, identifier: str, text: str) -> None:
    try:
        preparer.checked(text)
    except OperationRefused as error:
        raise HubMisconfigured(
            f"HUB_DOCUMENTS: the document {identifier[:12]}… is invalid: {error.message}",
            next_step="correct it, or remove it from the folder",
        ) from None
