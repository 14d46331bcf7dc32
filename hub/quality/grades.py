"""Grades of sources: the few figures that are shown beside a value. From the newest snapshot, and as of now how old the source is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from hub.quality.metrics import QualityMetric

SELECT_GRADES = """
select m.source, s.measured_at,
    max(m.numerator) filter (where m.metric = %(agreement)s) as agreeing,
    max(m.denominator) filter (where m.metric = %(agreement)s) as compared,
    max(m.numerator) filter (where m.metric = %(valid)s) as valid,
    max(m.denominator) filter (where m.metric = %(valid)s) as known,
    max(m.denominator) filter (where m.metric = %(age)s) as promised_s,
    (select case when bool_and(t.as_of is not null) then min(t.as_of) end from hub.stream t where t.connector = m.source) as as_of
from (select id, measured_at from hub.quality_snapshot order by measured_at desc limit 1) s
join hub.quality_measure m on m.snapshot_id = s.id
where m.series = any(select x.metric || '|' || c.connector || '|||||||' from (select distinct connector from hub.stream) c
    cross join (values (%(agreement)s), (%(valid)s), (%(age)s)) x (metric))
group by 1, 2
order by 1"""
"""By series, which are the key: a snapshot of a province has some ten thousand rows, and these are three of each source."""


@dataclass(frozen=True)
class SourceGrade:
    """One source. `agreeing` of `compared` copies agree with their authority, `valid` of `known` rows break no rule; None if not measured."""

    source: str
    measured_at: datetime
    agreeing: int | None
    compared: int | None
    valid: int | None
    known: int | None
    promised_s: int | None
    as_of: datetime | None

    def is_late(self, now: datetime) -> bool:
        """Whether the source is older than it promises, or was never read completely."""
        if self.as_of is None:
            return True
        return self.promised_s is not None and now - self.as_of > timedelta(seconds=self.promised_s)


def read_grades(connection: Connection[Any]) -> list[SourceGrade]:
    """The grades of all sources, by name; none if nothing was measured yet."""
    metrics = {"agreement": QualityMetric.AGREEMENT, "valid": QualityMetric.ROWS_VALID, "age": QualityMetric.SWEEP_AGE}
    values = {name: metric.value for name, metric in metrics.items()}
    return [SourceGrade(*row) for row in connection.execute(SELECT_GRADES.encode(), values).fetchall()]
