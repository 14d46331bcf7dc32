"""The rows of a store in memory, each with the period in which it held, and the world as it was at an instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from hub.model.registry import Linked, Registry
from hub.store.engine import SESSION

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One row of an entity."""

    entity: str
    values: Values

    @property
    def id(self) -> int:
        """Its number, which no other row of the hub has."""
        number: int = self.values["id"]
        return number


@dataclass(frozen=True)
class World:
    """Every version of every row and link, by entity and by link table, and the hub's own streams and runs."""

    rows: Mapping[str, list[Values]]
    links: Mapping[str, list[Values]]
    merges: list[Values]
    discrepancies: list[Values]
    streams: Mapping[int, Values]
    runs: Mapping[int, Values]

    @classmethod
    def read(cls, url: str, registry: Registry) -> "World":
        """Read all of it."""
        with psycopg.connect(url, options=SESSION, row_factory=dict_row) as connection:

            def table(name: str) -> list[Values]:
                return list(connection.execute(f"select * from {name}"))

            def versions(now: str, before: str) -> list[Values]:
                return [{**row, "sys_to": None} for row in table(now)] + table(before)

            linked = [linked for entity in registry for linked in entity.linked]
            return cls(
                {e.name: versions(f"data.{e.table}", f"history.{e.table}") for e in registry},
                {one.table: versions(f"link.{one.table}", f"link_history.{one.table}") for one in linked},
                versions("link.heir", "link_history.heir"),
                table("link.discrepancy"),
                {row["id"]: row for row in table("hub.stream")},
                {row["id"]: row for row in table("hub.run")},
            )

    def at(self, instant: datetime | None) -> "Snapshot":
        """What held at an instant; None: what holds now."""

        def holds(row: Values) -> bool:
            if instant is None:
                return row["sys_to"] is None
            return row["sys_from"] <= instant and (row["sys_to"] is None or instant < row["sys_to"])

        rows = {name: [Row(name, row) for row in all_ if holds(row)] for name, all_ in self.rows.items()}
        links = {table: [link for link in all_ if holds(link)] for table, all_ in self.links.items()}
        heirs = {merge["subject_id"]: merge for merge in self.merges if holds(merge)}
        return Snapshot(self, instant, rows, links, heirs, self._discrepancies(instant))

    def _discrepancies(self, instant: datetime | None) -> list[Values]:
        """Discrepancies that were known, each with its end where that was known."""
        if instant is None:
            return self.discrepancies
        known = [row for row in self.discrepancies if row["sys_from"] <= instant]
        return [row if row["sys_to"] and row["sys_to"] <= instant else {**row, "sys_to": None} for row in known]


@dataclass(frozen=True)
class Snapshot:
    """The rows and links that held at one instant."""

    world: World
    instant: datetime | None
    rows: Mapping[str, list[Row]]
    links: Mapping[str, list[Values]]
    heirs: Mapping[int, Values]
    discrepancies: list[Values]

    def unmerged(self, entity: str) -> list[Row]:
        """The rows of an entity that stand for themselves."""
        return [row for row in self.rows[entity] if row.id not in self.heirs]

    def heir(self, row: Row | None) -> Row | None:
        """The row that stands for a row."""
        if row is None or row.id not in self.heirs:
            return row
        return self.find(row.entity, "id", self.heirs[row.id]["heir_id"])

    def merged(self, row: Row) -> list[Values]:
        """What was merged into a row, oldest first."""
        found = [merge for merge in self.heirs.values() if merge["heir_id"] == row.id]
        return sorted(found, key=lambda merge: merge["subject_id"])

    def find(self, entity: str, column: str, value: Any) -> Row | None:
        """The one row with this value; null finds nothing."""
        found = [row for row in self.rows[entity] if value is not None and row.values[column] == value]
        assert len(found) <= 1, (entity, column, value)
        return found[0] if found else None

    def links_of(self, linked: Linked, record: Row) -> list[Values]:
        """Every link of a record, accepted or not, by number of its subject."""
        found = [link for link in self.links[linked.table] if link["record_id"] == record.id]
        return sorted(found, key=lambda link: (link["subject_id"], link["found_id"]))

    def accepted(self, linked: Linked, record: Row) -> Values | None:
        """The link of a record that is joined, where there is one."""
        return next((link for link in self.links_of(linked, record) if link["status"] != "UNCONFIRMED"), None)

    def subject(self, link: Values | None) -> Row | None:
        """The subject of a link; None where it is gone."""
        return None if link is None else self.find(link["subject_kind"], "id", link["subject_id"])

    def provenance(self, row: Row) -> dict[str, Any]:
        """Where a row is from: its stream, its run, and the last read that had confirmed it."""
        stream = self.world.streams[row.values["stream_id"]]
        confirmed = stream["as_of"]
        if self.instant is not None:
            reads = [
                run["started_at"]
                for run in self.world.runs.values()
                if run["connector"] == stream["connector"]
                and run["status"] == "SUCCEEDED"
                and run["started_at"] <= self.instant
            ]
            confirmed = max(reads, default=None)
        return {
            "source": stream["connector"],
            "stream": stream["name"],
            "sourceKey": row.values["source_key"],
            "asOf": confirmed or row.values["sys_from"],
            "firstSeen": row.values["first_seen"],
            "recordedAt": row.values["sys_from"],
            "changedAtSource": row.values["changed_at_source"],
            "connectorVersion": self.world.runs[row.values["run_id"]]["connector_version"],
        }
