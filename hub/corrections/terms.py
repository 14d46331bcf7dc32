"""Terms: how a source takes corrections, and by when it has to act. From its manifest, and from settings."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from hub.corrections.working_days import compute_due, parse_holidays
from hub.sdk.corrections import BY_QUEUE, Corrections
from hub.settings import load_settings

DEFAULT_ZONE = "Asia/Ho_Chi_Minh"


@dataclass(frozen=True)
class SourceTerms:
    """The terms of one source."""

    connector: str
    declared: Corrections
    days: int
    holidays: frozenset[date]
    zone: ZoneInfo

    @property
    def is_sent(self) -> bool:
        """Whether the hub sends corrections; if not, they wait in its work queue."""
        return self.declared.way != "queue"

    def compute_due(self, since: datetime) -> datetime:
        """When the source's time ends, if it begins at `since`."""
        return compute_due(since, self.days, self.holidays, self.zone)

    def compute_reminder(self, since: datetime) -> datetime:
        """When the source is next reminded after `since`, which is the deadline or the last reminder."""
        return compute_due(since, self.declared.remind_every, self.holidays, self.zone)


def find_terms(connector: str) -> SourceTerms:
    """The terms of a source. One whose connector is gone or broken takes corrections from the queue. Raises HubMisconfigured."""
    # Loaded on demand: manifests come with the libraries of ingest, which most requests do without.
    from hub.ingest.connectors import load_manifests

    manifest = load_manifests().get(connector)
    settings = load_settings()
    declared = (manifest.corrections if manifest else None) or BY_QUEUE
    zone = ZoneInfo(manifest.source.timezone if manifest else DEFAULT_ZONE)
    days = declared.days or settings.correction_days
    return SourceTerms(connector, declared, days, parse_holidays(settings.holidays), zone)
