"""An evaluation: all measurements of one store against one truth, and the report of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import psycopg
from sqlalchemy import Engine

from hub.errors import HubMisconfigured, StoreUnavailable
from hub.link.evaluate import held, measure, thresholds
from hub.link.evaluate.falses import FalseLink, false_links
from hub.link.evaluate.measure import Homonyms, Merges, Tally
from hub.link.evaluate.thresholds import Bin, Point
from hub.link.evaluate.truth import read_index
from hub.store.connections.connection import StoreConnection
from hub.store.engine import SESSION


@dataclass(frozen=True)
class Evaluation:
    """The figures. Each breakdown is by name of the group."""

    measured_at: datetime
    overall: Tally
    not_stored: int
    by_field: Mapping[str, Tally]
    by_band: Mapping[str, Tally]
    by_method: Mapping[str, Tally]
    by_kind: Mapping[str, Tally]
    by_dirt: Mapping[str, Tally]
    worst_combinations: Mapping[str, Tally]
    homonyms: Homonyms
    merges: Mapping[str, Merges]
    thresholds: tuple[Point, ...]
    weights: tuple[Bin, ...]
    false_links: tuple[FalseLink, ...]

    BREAKDOWNS = ("by_field", "by_band", "by_method", "by_kind", "by_dirt", "worst_combinations")

    def document(self) -> dict[str, Any]:
        """For machines, without the list of false links."""
        return {
            "measured_at": self.measured_at.isoformat(timespec="seconds"),
            "overall": self.overall.document(),
            "not_stored": self.not_stored,
            **{name: {group: one.document() for group, one in getattr(self, name).items()} for name in self.BREAKDOWNS},
            "homonyms": self.homonyms.document(),
            "merges": {entity: one.document() for entity, one in self.merges.items()},
            "thresholds": [point.document() for point in self.thresholds],
            "weights": [one.document() for one in self.weights],
            "false_links": len(self.false_links),
        }


def evaluate_links(engine: Engine, truth: Path, *, values: bool = False) -> Evaluation:
    """Hold the links of a store against the truth of a folder. Raises HubMisconfigured, StoreUnavailable.

    `values` adds the recorded values to each false link: personal data, for the screen of a person who may see them.
    """
    index = read_index(truth)
    if not index.links:
        raise HubMisconfigured(f"the truth in {truth} names no links", next_step="add [[links]] to its truth.toml")
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with StoreConnection.connect(url, options=SESSION) as connection:
            connection.execute("set transaction isolation level repeatable read, read only")
            found = held.read_links_to_measure(connection, index)
            wrong = false_links(connection, found.pairs, values=values)
    except psycopg.OperationalError:
        raise StoreUnavailable(
            "the database went away during the evaluation", next_step="start it and run the command again"
        ) from None
    return compute_figures(found, wrong)


def compute_figures(found: held.MeasuredLinks, wrong: tuple[FalseLink, ...]) -> Evaluation:
    """The figures of the rows read."""
    records = found.records
    return Evaluation(
        measured_at=datetime.now(UTC),
        overall=measure.tally_records(records),
        not_stored=found.not_stored,
        by_field=measure.tally_by_column(records, "field"),
        by_band=measure.by_band(records),
        by_method=measure.tally_by_column(records, "method"),
        by_kind=measure.tally_by_column(records, "subject_kind"),
        by_dirt=measure.by_dirt(records),
        worst_combinations=measure.by_combination(records),
        homonyms=measure.measure_homonyms(records),
        merges={
            str(entity): measure.measure_merges(real, found.proposed.filter(pl.col("entity") == entity))
            for (entity,), real in found.duplicates.group_by("entity", maintain_order=True)
        },
        thresholds=thresholds.list_threshold_points(records, found.pairs),
        weights=thresholds.count_by_weight(found.pairs),
        false_links=wrong,
    )


def write_list(path: Path, links: tuple[FalseLink, ...]) -> None:
    """False links as JSON lines."""
    path.write_bytes(b"".join(orjson.dumps(link.document()) + b"\n" for link in links))
