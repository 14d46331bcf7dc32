"""`/healthz?deep`: how old the sources are, and whether reads are written down. No personal data, and yet only on the metrics port."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hub.errors import StoreUnavailable
from hub.metrics.store_state import load_source_ages
from hub.sdk.manifest import Manifest
from hub.web.edge import Edge


def describe_sources(url: str, manifests: Mapping[str, Manifest]) -> tuple[bool, dict[str, Any]]:
    """Whether the database answers, and the age of each source."""
    try:
        ages = load_source_ages(url, manifests)
    except StoreUnavailable:
        return False, {"status": "failed", "store": "does not answer"}
    stale = any(age.is_stale for age in ages)
    found = {"status": "stale" if stale else "ok", "store": "answers", "sources": [age.as_json() for age in ages]}
    return True, found


def describe_web(app: Edge, url: str, manifests: Mapping[str, Manifest]) -> tuple[bool, dict[str, Any]]:
    """The same, and the ledger of this process."""
    well, found = describe_sources(url, manifests)
    return well, {**found, "ledger": describe_ledger(app)}


def describe_ledger(app: Edge) -> dict[str, Any] | None:
    """State of the ledger as this process knows it; None if access is off, and nothing is written down."""
    ledger, keeper = app.parts.executor.ledger, app.parts.keeper
    if ledger is None or keeper is None:
        return None
    at = keeper.checkpointer.last_at
    return {
        "isWriting": ledger.writer.epoch is not None,
        "waiting": ledger.writer.waiting,
        "refused": ledger.writer.counts.refused,
        "makesCheckpoints": keeper.checkpointer.is_at_work,
        "lastCheckpointAgeS": None if at is None else round((datetime.now(UTC) - at).total_seconds()),
    }
