"""Every table of the store in one MetaData: those derived from `schema/`, and the hub's own, which two modules declare."""

from hub.store.meta import ingest, linking

METADATA = linking.METADATA
RUN = ingest.RUN
