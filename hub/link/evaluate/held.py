"""What the store holds of records whose truth is known: the link of each, beside what it should be."""

from dataclasses import dataclass

import polars as pl
from psycopg.sql import Literal

from hub.link.evaluate.homonyms import homonym_ids, without_further_evidence
from hub.link.evaluate.measure import ACCEPTED, RECORDS
from hub.link.evaluate.rows import Store, read_frame
from hub.link.evaluate.truth import DuplicateTruth, LinkTruth, Truth, TruthSource, duplicates_of, links_of, subjects_of
from hub.model.registry import Entity


@dataclass(frozen=True)
class MeasuredLinks:
    """Everything that is measured. `records` has the columns of RECORDS; `pairs` a row for each link row of these records:
    field, record_id, found_id, subject_id, status, method, weight, confidence, right, homonym, dirt, linkable."""

    records: pl.DataFrame
    pairs: pl.DataFrame
    not_stored: int
    """Rows of the truth whose record the store does not hold, such as those in quarantine."""
    duplicates: pl.DataFrame
    """Ids `one` and `other` of rows that are one subject, with the entity."""
    proposed: pl.DataFrame
    """Merges proposed: entity, one, other, status, method, weight."""


def read_links_to_measure(connection: Store, truth: Truth) -> MeasuredLinks:
    """Read the store. Raises HubMisconfigured if a truth file has not the columns it should have."""
    subjects = _subjects(connection, truth)
    homonyms = homonym_ids(connection, subjects)
    fields = [_field(connection, truth, entry, subjects) for entry in truth.links]
    records = pl.concat([records for records, _, _ in fields]) if fields else pl.DataFrame(schema=RECORDS)
    pairs = pl.concat([pairs for _, pairs, _ in fields]) if fields else pl.DataFrame(schema=PAIRS)
    records, pairs = _with_homonyms(connection, records, pairs, homonyms)
    merged = [_merges(connection, truth, entry) for entry in truth.duplicates]
    return MeasuredLinks(
        records.select(list(RECORDS)),
        pairs.select(list(PAIRS)),
        sum(absent for _, _, absent in fields),
        pl.concat([real for real, _ in merged]) if merged else pl.DataFrame(schema=REAL),
        pl.concat([found for _, found in merged]) if merged else pl.DataFrame(schema=PROPOSED),
    )


PAIRS = {
    "field": pl.String, "record_id": pl.Int64, "found_id": pl.Int64, "subject_id": pl.Int64, "status": pl.String, "method": pl.String,
    "weight": pl.Float64, "confidence": pl.Float64, "right": pl.Boolean, "homonym": pl.Boolean, "linkable": pl.Boolean, "dirt": pl.String,
}  # fmt: skip
REAL = {"entity": pl.String, "one": pl.Int64, "other": pl.Int64}
PROPOSED = {**REAL, "status": pl.String, "method": pl.String, "weight": pl.Float64}


def _rows(source: TruthSource, entity: Entity) -> str:
    """SQL of the rows of `data` that a stream gave, as `r`."""
    stream = Literal(source.stream).as_string()
    connector = Literal(source.connector).as_string()
    return f"data.{entity.table} r join hub.stream t on t.id = r.stream_id and t.connector = {connector} and t.name = {stream}"


def _subjects(connection: Store, truth: Truth) -> pl.DataFrame:
    """Columns subject_kind, subject_key, id, entity: a row for each row of a register, so several for a subject held twice."""
    found = [
        pl.DataFrame(schema={"subject_kind": pl.String, "subject_key": pl.String, "id": pl.Int64, "entity": pl.String})
    ]
    for entry in truth.subjects:
        held = read_frame(connection, f"select r.id, r.source_key from {_rows(entry.source, entry.entity)}")
        known = subjects_of(truth, entry).join(held, on="source_key")
        found.append(known.select("subject_kind", "subject_key", "id", pl.lit(entry.entity.name).alias("entity")))
    return pl.concat(found)


def _field(
    connection: Store, truth: Truth, entry: LinkTruth, subjects: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Records and pairs of one linked field, and how many rows of its truth the store does not hold."""
    known = links_of(truth, entry)
    rows = _rows(entry.source, entry.entity)
    held = read_frame(connection, f"select r.id as record_id, r.source_key from {rows}")
    links = read_frame(
        connection,
        "select l.record_id, l.found_id, l.subject_id, l.status, l.method, l.weight, l.confidence"
        f" from {rows} join link.{entry.linked.table} l on l.record_id = r.id",
    )
    records = known.join(held, on="source_key").with_columns(pl.lit(entry.field).alias("field"))
    wanted = records.join(subjects, on=("subject_kind", "subject_key")).select("record_id", "id")
    linkable = wanted.select("record_id", pl.lit(True).alias("linkable")).unique()
    records = records.join(linkable, on="record_id", how="left").with_columns(pl.col("linkable").fill_null(False))
    right = wanted.with_columns(pl.lit(True).alias("right"))
    pairs = (
        links.join(records.select("record_id", "field", "dirt", "linkable"), on="record_id")
        .join(right, left_on=("record_id", "found_id"), right_on=("record_id", "id"), how="left")
        .with_columns(pl.col("right").fill_null(False))
    )
    return _decided(records, pairs), pairs, known.height - records.height


def _decided(records: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Records with the status and method of their accepted link, or else what their candidates are."""
    accepted = pl.col("status").is_in(ACCEPTED)
    decided = pairs.filter(accepted).select("record_id", "status", "method", "right", accepted_id="found_id")
    waiting = (
        pairs.filter(~accepted)
        .group_by("record_id")
        .agg(pl.col("right").any().alias("offered"), pl.col("method").sort().first().alias("waiting_method"))
    )
    return (
        records.join(decided, on="record_id", how="left")
        .join(waiting, on="record_id", how="left")
        .with_columns(
            pl.coalesce(
                "status", pl.when(pl.col("offered").is_not_null()).then(pl.lit("UNCONFIRMED")), pl.lit("UNLINKED")
            ).alias("status"),
            pl.coalesce("method", "waiting_method").alias("method"),
            pl.col("right").fill_null(False),
            pl.col("offered").fill_null(False),
        )
    )


def _with_homonyms(
    connection: Store, records: pl.DataFrame, pairs: pl.DataFrame, homonyms: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records and pairs, told which are about homonyms, and which accepted links to them have no further evidence."""
    known = homonyms.select("id", "subject_kind", "subject_key").with_columns(pl.lit(True).alias("homonym"))
    pairs = pairs.join(known.select("id", "homonym"), left_on="found_id", right_on="id", how="left").with_columns(
        pl.col("homonym").fill_null(False)
    )
    linked = pairs.filter(pl.col("status").is_in(ACCEPTED), pl.col("homonym"))
    meant = known.select("subject_kind", "subject_key", "homonym").unique()
    told = records.join(meant, on=("subject_kind", "subject_key"), how="left").join(
        linked.select("field", "record_id", pl.lit(True).alias("to_homonym")), on=("field", "record_id"), how="left"
    )
    bare = without_further_evidence(connection, linked)
    told = told.join(bare.with_columns(pl.lit(True).alias("bare")), on=("field", "record_id"), how="left")
    return told.with_columns(
        pl.coalesce("homonym", "to_homonym", pl.lit(False)).alias("homonym"), pl.col("bare").fill_null(False)
    ), pairs


def _merges(connection: Store, truth: Truth, entry: DuplicateTruth) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Pairs of rows that are one subject, and pairs that linking proposes."""
    held = read_frame(connection, f"select r.id, r.source_key from {_rows(entry.source, entry.entity)}")
    name = pl.lit(entry.entity.name).alias("entity")
    real = (
        duplicates_of(truth, entry)
        .join(held.rename({"id": "one"}), on="source_key")
        .join(held.rename({"id": "other"}), left_on="same_as", right_on="source_key")
        .select(name, "one", "other")
    )
    found = read_frame(
        connection,
        f"select record_id, found_id, status, method, weight from link.{entry.entity.duplicate_table}",
    )
    return real, found.select(
        name, pl.col("record_id").alias("one"), pl.col("found_id").alias("other"), "status", "method", "weight"
    )
