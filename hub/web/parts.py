"""The parts of a web process that can be watched: what they count is read from outside of it, when somebody asks."""

from dataclasses import dataclass

from hub.access.limits.limiter import ReadingLimiter
from hub.graph.execution.execute import Executor
from hub.ledger.keeper import LedgerKeeper


@dataclass(frozen=True)
class WebParts:
    """`keeper` and `limiter` are None if access is off."""

    executor: Executor
    keeper: LedgerKeeper | None = None
    limiter: ReadingLimiter | None = None
