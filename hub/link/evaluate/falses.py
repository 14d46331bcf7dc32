"""Every false link, with its evidence, and as a labelled pair."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from hub.errors import HubMisconfigured
from hub.link.evaluate.measure import ACCEPTED
from hub.link.evaluate.rows import Store
from hub.model.names import quote_identifiers
from hub.model.registry import Column, Entity, load_registry

Values = dict[str, Any]


@dataclass(frozen=True)
class FalseLink:
    """One accepted link that is wrong. `values` holds the recorded values and those of the register, only if requested."""

    field: str
    record_id: int
    found_id: int
    subject_id: int
    subject_kind: str
    status: str
    method: str
    weight: float | None
    confidence: float | None
    evidence: Any
    decided_by: str
    dirt: tuple[str, ...]
    reason: str
    record: tuple[str, str, str]
    """Connector, stream and key of the record at its source: ids change when a store is built anew, these do not."""
    found: tuple[str, str, str]
    values: Values | None = None

    def document(self) -> dict[str, Any]:
        """For machines and for the list: ids and outcomes; values only if they were asked for."""
        names = (
            "field", "record_id", "found_id", "subject_id", "subject_kind", "status", "method", "weight", "confidence",
            "evidence", "decided_by", "dirt", "reason",
        )  # fmt: skip
        shown = {name: getattr(self, name) for name in names}
        return shown if self.values is None else {**shown, "values": self.values}

    def label(self) -> dict[str, Any]:
        """As a labelled pair: by the keys of the sources, so that it holds in every store."""
        source = ("connector", "stream", "source_key")
        return {
            "field": self.field,
            "record": dict(zip(source, self.record, strict=True)),
            "subject": {"kind": self.subject_kind, **dict(zip(source, self.found, strict=True))},
            "verdict": "DIFFERENT",
            "reason": self.reason,
            "method": self.method,
            "weight": self.weight,
            "evidence": self.evidence,
            "dirt": list(self.dirt),
        }


REASONS: Sequence[tuple[str, Callable[[dict[str, Any]], bool]]] = (
    ("decided by a person", lambda row: not str(row["decided_by"]).startswith("run:")),
    ("nobody whom a register holds", lambda row: not row["linkable"]),
    ("a homonym", lambda row: bool(row["homonym"])),
    ("another's identifier", lambda row: bool({"near_identifier", "spouse_identifier", "typo_identifier"} & set(row["dirt"]))),
    ("one of several communes that were merged or split", lambda row: bool({"split_commune", "other_commune_code"} & set(row["dirt"]))),
    ("a fault of the record", lambda row: bool(row["dirt"])),
    ("another subject than was meant", lambda row: True),
)  # fmt: skip
"""Why a link is wrong, as far as the truth tells: the first that holds."""


def false_links(connection: Store, pairs: pl.DataFrame, *, values: bool = False) -> tuple[FalseLink, ...]:
    """The accepted links among `pairs` that are wrong, in order of field and record."""
    wrong = pairs.filter(pl.col("status").is_in(ACCEPTED), ~pl.col("right")).sort("field", "record_id")
    return tuple(
        link
        for (field,), rows in wrong.group_by("field", maintain_order=True)
        for link in _of(connection, str(field), rows, values)
    )


def _of(connection: Store, field: str, rows: pl.DataFrame, values: bool) -> Iterable[FalseLink]:
    owner, _, name = field.partition(".")
    entity = load_registry()[owner]
    (linked,) = (linked for linked in entity.linked if linked.name == name)
    ids = rows["record_id"].to_list()
    stored = connection.execute(
        f"select l.record_id, l.found_id, l.subject_kind, l.evidence, l.decided_by, s.connector, s.name, r.source_key"
        f" from link.{linked.table} l join data.{entity.table} r on r.id = l.record_id join hub.stream s on s.id = r.stream_id"
        f" where l.record_id = any(%s)",
        (ids,),
    ).fetchall()
    more = {(record, found): rest for record, found, *rest in stored}
    parts = tuple(part.column for part in linked.recorded)
    for row in rows.iter_rows(named=True):
        kind, evidence, decided_by, *record = more[row["record_id"], row["found_id"]]
        told = {**row, "dirt": [kind for kind in row["dirt"].split(";") if kind], "decided_by": decided_by}
        register = load_registry()[str(kind)]
        shown = (
            _values(
                connection,
                (entity, parts, row["record_id"]),
                (register, register.keys + register.fields, row["found_id"]),
            )
            if values
            else None
        )
        yield FalseLink(
            field, row["record_id"], row["found_id"], row["subject_id"], str(kind), row["status"], row["method"], row["weight"],
            row["confidence"], evidence, str(decided_by), tuple(told["dirt"]), next(why for why, holds in REASONS if holds(told)),
            (str(record[0]), str(record[1]), str(record[2])), source_of(connection, register, row["found_id"]), shown,
        )  # fmt: skip


def source_of(connection: Store, entity: Entity, row_id: int) -> tuple[str, str, str]:
    """Connector, stream and key of a row at its source; empty texts if it has gone."""
    found = connection.execute(
        f"select s.connector, s.name, r.source_key from data.{entity.table} r join hub.stream s on s.id = r.stream_id where r.id = %s",
        (row_id,),
    ).fetchone()
    # A subject may have been deleted at its source since it was linked.
    return ("", "", "") if found is None else (str(found[0]), str(found[1]), str(found[2]))


def _values(connection: Store, *rows: tuple[Entity, tuple[Column, ...], int]) -> Values:
    shown: Values = {}
    for side, (entity, columns, row_id) in zip(("recorded", "held"), rows, strict=True):
        names = list(dict.fromkeys(column.name for column in columns))
        row = connection.execute(
            f"select {quote_identifiers(names)} from data.{entity.table} where id = %s", (row_id,)
        ).fetchone()
        shown[side] = {
            name: None if value is None else str(value) for name, value in zip(names, row or (), strict=False)
        }
    return shown


def label_into(path: Path, links: Iterable[FalseLink]) -> int:
    """Add false links to a file of labelled pairs, JSON lines; a pair that is there already is not added. Returns how many were
    new. Raises HubMisconfigured if a line of the file is none of ours."""
    known = {_identity(label) for label in _labels(path)} if path.exists() else set()
    added = [link.label() for link in links if _identity(link.label()) not in known]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as lines:
        lines.writelines(orjson.dumps(label) + b"\n" for label in added)
    return len(added)


def _labels(path: Path) -> Iterable[dict[str, Any]]:
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            label = orjson.loads(line)
            _identity(label)
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise HubMisconfigured(
                f"{path}, line {number} is no labelled pair", next_step="correct the line, or name another file"
            ) from None
        yield label


def _identity(label: dict[str, Any]) -> str:
    return json.dumps([label["field"], label["record"], label["subject"], label["verdict"]], sort_keys=True)
