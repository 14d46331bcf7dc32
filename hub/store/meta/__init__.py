"""Every table of the store in one MetaData: those derived from `schema/`, and the hub's own, which the modules here declare."""

from hub.store.meta import (
    access,
    corrections,
    credentials,
    data_quality,
    ingest,
    ledger,
    linking,
    lookups,
    quality,
    snapshots,
    webhooks,
)

__all__ = [
    "METADATA",
    "OWN_TABLES",
    "RUN",
    "access",
    "corrections",
    "credentials",
    "data_quality",
    "ledger",
    "lookups",
    "quality",
    "snapshots",
    "webhooks",
]

METADATA = linking.METADATA
OWN_TABLES = frozenset(METADATA.tables) - linking.VOCABULARY_TABLES
"""Full names of the hub's own tables."""
RUN = ingest.RUN
