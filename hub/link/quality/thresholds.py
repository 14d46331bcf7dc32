"""Raised thresholds: from which weight the model's links of a field are accepted, where the model's own threshold fell short.

A threshold is raised by the answer that completes the evidence, to the next edge of a band, and applied by the next run. It is
never lowered but by a person. False links count here once two reviewers have seen them: at a target of 0.999, one slip in a
hundred answers would raise every threshold.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hub.errors import OperationRefused
from hub.link.decisions.verdicts import reason_of, reviewer_of
from hub.link.quality.bands import BANDS, MODEL, next_edge
from hub.link.quality.draw import WINDOW_DAYS
from hub.link.quality.estimate import Counted, PrecisionVerdict, compare_with, estimate_precision
from hub.store.query import fetch_row

ROW = "t.id, t.field, t.band, t.weight, t.raised_at, t.raised_by, t.reason, t.evidence, t.undone_at, t.undone_by, t.undone_reason"
TWO = 2
"""Reviewers who must have seen a false link before it moves a threshold."""


@dataclass(frozen=True)
class Raise:
    """A threshold that was raised. `weight` is in bits; infinity accepts no link of the model."""

    id: int
    field: str
    band: str
    weight: float
    raised_at: datetime
    raised_by: str
    reason: str
    evidence: dict[str, Any]
    undone_at: datetime | None
    undone_by: str | None
    undone_reason: str | None

    def document(self) -> dict[str, Any]:
        """For machines: JSON has no infinity, so a null weight accepts none."""
        shown = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**shown, "weight": None if math.isinf(self.weight) else self.weight}


def raised_thresholds(connection: Connection[Any]) -> Mapping[str, float]:
    """Field → the weight from which the model's links are accepted, for fields where it was raised; sorted by field."""
    rows = connection.execute(
        "select field, max(weight) from link.threshold where undone_at is null group by field order by field"
    ).fetchall()
    return dict(rows)


def list_raises(connection: Connection[Any], *, every: bool = False, first: int = 200) -> tuple[Raise, ...]:
    """Raised thresholds, the newest first; those that were undone only if `every` says so."""
    with connection.cursor(row_factory=class_row(Raise)) as cursor:
        found = cursor.execute(
            f"select {ROW} from link.threshold t where %s or t.undone_at is null order by t.id desc limit %s",
            (every, first),
        )
        return tuple(found.fetchall())


def raise_if_short(connection: Connection[Any], sample_id: int, *, target: float, links: int, by: str) -> Raise | None:
    """Raise the threshold of a sampled link's field if the links of its band fall short of the target.

    `links` is how many the band has. None if the link is not the model's, the band holds, or was raised for already.
    """
    field, band, method = _stratum(connection, sample_id)
    if band not in {one.name for one in MODEL}:
        return None
    wrong, right = _agreed(connection, field, band, method)
    counted = Counted(max(links, len(wrong) + right), right, len(wrong))
    if compare_with(target, counted) is not PrecisionVerdict.SHORT:
        return None
    found = estimate_precision(counted)
    assert found is not None  # it is short of its target, so it was answered
    evidence = {
        **found.document(),
        "right": right,
        "wrong": len(wrong),
        "target": target,
        "method": method,
        "samples": wrong,
    }
    words = (
        f"{len(wrong)} of {counted.answered} links of the band were judged wrong: precision {found.share:.4f}"
        f" ({found.low:.4f}–{found.high:.4f}), target {target:g}"
    )
    with connection.cursor(row_factory=class_row(Raise)) as cursor:
        return cursor.execute(
            "insert into link.threshold as t (field, band, weight, raised_at, raised_by, reason, evidence)"
            " values (%s, %s, %s, clock_timestamp(), %s, %s, %s)"
            f" on conflict (field, band) where undone_at is null do nothing returning {ROW}",
            (field, band, next_edge(BANDS[band]), by, words, Jsonb(evidence)),
        ).fetchone()


def undo_raise(connection: Connection[Any], raise_id: int, *, by: str, reason: str) -> Raise:
    """Take a raise back; the next run applies it. Answers given until now raise no threshold of the band again.

    Raises OperationRefused: THRESHOLD_NOT_FOUND, ALREADY_UNDONE, REVIEWER_INVALID, REASON_INVALID.
    """
    by, reason = reviewer_of(by), reason_of(reason)
    with connection.transaction(), connection.cursor(row_factory=class_row(Raise)) as cursor:
        undone = cursor.execute(
            "update link.threshold t set undone_at = clock_timestamp(), undone_by = %s, undone_reason = %s"
            f" where t.id = %s and t.undone_at is null returning {ROW}",
            (by, reason, raise_id),
        ).fetchone()
        if undone is not None:
            return undone
        known = connection.execute("select from link.threshold where id = %s", (raise_id,)).fetchone()
    if known is None:
        raise OperationRefused(
            f"there is no raised threshold {raise_id}",
            next_step="see `hub link thresholds`",
            code="THRESHOLD_NOT_FOUND",
        )
    raise OperationRefused(
        f"the raise {raise_id} was undone already", next_step="see `hub link thresholds --all`", code="ALREADY_UNDONE"
    )


def _stratum(connection: Connection[Any], sample_id: int) -> tuple[str, str, str]:
    row = fetch_row(connection, "select field, band, method from link.sample where id = %s", (sample_id,))
    field, band, method = row
    return field, band, method


def _agreed(connection: Connection[Any], field: str, band: str, method: str) -> tuple[list[int], int]:
    """Samples of a stratum judged wrong by two reviewers at least, and how many were judged right. Of links of the same model,
    and since a raise was last undone."""
    rows = connection.execute(
        "select s.id, count(*) filter (where a.verdict = 'SAME'), count(*) filter (where a.verdict = 'DIFFERENT')"
        " from link.sample s join link.sample_answer a on a.sample_id = s.id"
        " where s.field = %(field)s and s.band = %(band)s and s.method = %(method)s"
        " and s.drawn_at > now() - make_interval(days => %(window)s)"
        " and not exists (select from link.threshold t where t.field = s.field and t.band = s.band"
        " and t.undone_at >= a.answered_at) group by s.id order by s.id",
        {"field": field, "band": band, "method": method, "window": WINDOW_DAYS},
    ).fetchall()
    wrong = [number for number, same, different in rows if different > same and different >= TWO]
    return wrong, sum(same > different for _, same, different in rows)
