"""Whether a run links everything or only changes: whichever is estimated to cost less. Pure.

The estimate is the share of records that a run of changes would decide, which costs about as much for each as a full run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.link.field import Field

FIXED_SHARE = 0.45
"""What a run of changes costs if next to nothing changed, as a share of a full run: measured at 10,000 citizens, with 2 % to
spare. A larger province has a smaller share, and a run of changes then pays off for longer than is assumed here."""
RECORDS_OF_SUBJECT = 1.6
"""If 1 % of subjects change, a run decides this many per cent of the records that may mean them: those linked to one, those that
stand beside such a record, and candidates. Measured at 1 % and 25 % of citizens."""
LIMIT = 1.0
"""Everything is linked if a run of changes is estimated to cost this many full runs."""


@dataclass(frozen=True)
class RowCounts:
    """Entity → how many rows linking knows, and how many changed since it last looked: new and gone ones too."""

    known: Mapping[str, int]
    changed: Mapping[str, int]

    def changed_share(self, entity: str) -> float:
        """Changed rows as a share of those known; 1 at most."""
        changed = self.changed.get(entity, 0)
        return min(1.0, changed / max(self.known.get(entity, 0), 1)) if changed else 0.0


def estimate_cost(fields: Iterable[Field], rows: RowCounts) -> float:
    """What a run of changes over these fields costs, in full runs."""
    records, decided = 0, 0.0
    for field in fields:
        known = rows.known.get(field.entity.name, 0)
        subjects = max(rows.changed_share(kind) for kind in field.kinds)
        records += known
        decided += known * min(1.0, rows.changed_share(field.entity.name) + RECORDS_OF_SUBJECT * subjects)
    return FIXED_SHARE + (decided / records if records else 1.0)
