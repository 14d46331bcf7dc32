"""What a web process runs beside its routes: made from the settings, opened before the first request, closed after the last."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from hub.access.limits.limiter import ReadingLimiter, make_limiter
from hub.access.oidc.local_issuer import LocalIssuer
from hub.access.service import Access, make_access
from hub.graph.execution.execute import Executor
from hub.graph.permission.callers import Gate
from hub.graph.service import make_executor, make_gate, make_pool
from hub.ledger.keeper import LedgerKeeper, make_keeper
from hub.sdk.manifest import Manifest
from hub.settings import Settings
from hub.store.connections.logins import Logins
from hub.store.connections.read_pool import ReadPool
from hub.store.connections.replicas import ReplicaWatch, make_replicas
from hub.web.pushes.dossier_push import DossierEndpoint
from hub.web.pushes.row_push import PushEndpoint


@dataclass(frozen=True)
class WebServices:
    """`keeper` is None if no read is written down, `limiter` if access is off, `replicas` without HUB_REPLICA_URLS."""

    pool: ReadPool
    access: Access
    executor: Executor
    gate: Gate
    push: PushEndpoint
    dossiers: DossierEndpoint
    keeper: LedgerKeeper | None
    limiter: ReadingLimiter | None
    replicas: ReplicaWatch | None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open all services; close them in the order in which they need each other."""
        await self._open()
        try:
            yield
        finally:
            await self._close()

    async def _open(self) -> None:
        executor = self.executor
        # The pool fills itself in the background: the process starts, and says so in /readyz, when the database is away.
        await self.pool.open(wait=False)
        if self.replicas is not None:
            await self.replicas.open()
        await self.access.open()
        if executor.ledger is not None:
            await executor.ledger.writer.open()
        if executor.log is not None:
            await executor.log.open()
        if self.keeper is not None:
            self.keeper.open()
        if self.limiter is not None:
            await self.limiter.open()

    async def _close(self) -> None:
        executor = self.executor
        if self.limiter is not None:
            await self.limiter.close()
        await self.push.close()
        await self.dossiers.close()
        await executor.dossier_events.close()
        await executor.changes.close()
        if executor.ledger is not None:
            await executor.ledger.close()
        if self.keeper is not None:
            await self.keeper.close()
        executor.reviews.close()
        await executor.refresher.close()
        if executor.log is not None:
            await executor.log.close()
        if self.replicas is not None:
            await self.replicas.close()
        await self.pool.close()
        await self.access.close()


def make_services(
    settings: Settings,
    logins: Logins,
    *,
    connectors: Mapping[str, Manifest],
    local_issuer: LocalIssuer | None,
    keeps_ledger: bool,
) -> WebServices:
    """Make the services over the database that `logins` lead to; nothing is connected yet. Raises HubMisconfigured."""
    pool = make_pool(settings, logins.reader)
    push = PushEndpoint(connectors, settings, logins.clerk)
    enforced = settings.access == "on"
    limiter = make_limiter(settings, logins.clerk) if enforced else None
    replicas = make_replicas(settings, logins.reader)
    executor = make_executor(
        settings,
        pool,
        logins,
        enforced=enforced,
        connectors=connectors,
        limiter=limiter,
        keeps_ledger=keeps_ledger,
        replicas=replicas,
    )
    keeper = None
    if executor.ledger is not None:
        keeper = make_keeper(settings, logins.ledger)
        executor.ledger.writer.on_append = keeper.checkpointer.note_appended
    access = make_access(settings, logins.clerk, local_issuer=local_issuer)
    gate = make_gate(settings, executor, access.authenticator)
    return WebServices(pool, access, executor, gate, push, DossierEndpoint(executor), keeper, limiter, replicas)
