"""Every table of the store in one MetaData: those derived from `schema/`, and the hub's own, which four modules declare."""

from hub.store.meta import credentials, ingest, linking, quality

__all__ = ["METADATA", "RUN", "credentials", "quality"]

METADATA = linking.METADATA
RUN = ingest.RUN
