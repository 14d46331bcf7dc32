"""Every table of the store in one MetaData: those derived from `schema/`, and the hub's own, which three modules declare."""

from hub.store.meta import ingest, linking, quality

__all__ = ["METADATA", "RUN", "quality"]

METADATA = linking.METADATA
RUN = ingest.RUN
