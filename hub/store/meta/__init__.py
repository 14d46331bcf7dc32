"""Every table of the store in one MetaData: those derived from `schema/`, and the hub's own, which the modules here declare."""

from hub.store.meta import access, corrections, credentials, ingest, ledger, linking, lookups, quality, snapshots

__all__ = ["METADATA", "RUN", "access", "corrections", "credentials", "ledger", "lookups", "quality", "snapshots"]

METADATA = linking.METADATA
RUN = ingest.RUN
