"""Parties of the store as frames: what sectors recorded, what registers hold, and what the model makes of the pairs."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import polars as pl
import polars.selectors as cs
from psycopg import Connection, Copy
from psycopg.abc import PQGen

from hub.link.field import Field
from hub.link.likeness.heaped_births import NO_HEAPS, HeapedBirths
from hub.link.likeness.readings import PREPARED, Readings
from hub.link.model.commune_neighbours import add_surroundings
from hub.link.model.frozen import Model
from hub.link.model.party import PARTY
from hub.link.model.scoring.backends import Backend
from hub.link.model.scoring.prepare import KEY, prepare_records, prepared_column
from hub.link.model.scoring.score import score_prepared
from hub.link.normalise.party import INPUT, party_features
from hub.link.profile import load_profile
from schema.linking.declarations import PartyRegister

WRITTEN = ("kind", "name", "birth_date", "identifier", "tax_code", "address")
NAMING = ("name", "birth_date", "identifier", "tax_code")
"""What says who a party is; one of these at least has to be stated."""
COMPANIONS = "companions"
"""Codes of households, a list: where a candidate lives, and where those live who stand beside a recorded party."""
ANY, CHANGED_ONLY = " is not null", " in (select id from changed_subject)"


@dataclass(frozen=True)
class Register:
    """The subjects of one kind with their features; `key` is the id of the row. `prepared` has the same rows as the model of parties
    compares them."""

    kind: str
    party_kind: str
    features: pl.DataFrame
    prepared: pl.DataFrame

    def only(self, ids: pl.Series) -> Self:
        """Those of these ids."""
        chosen = self.features["key"].is_in(ids.implode())
        return replace(self, features=self.features.filter(chosen), prepared=self.prepared.filter(chosen))


def party_register(kind: str) -> PartyRegister:
    """The declarations of a kind of subject that the model of parties weighs."""
    declared = load_profile().subjects[kind].party
    assert declared is not None  # callers take kinds of `profile().parties`
    return declared


def read_register(connection: Connection[Any], readings: Readings, heaps: HeapedBirths = NO_HEAPS) -> Register:
    """The subjects of a kind, without birth dates that are `heaps`. Readings keep these, so that they stay valid if heaps change."""
    declared = party_register(readings.kind)
    rows = read_rows(connection, declared.select)
    given = rows.with_columns(
        pl.lit(declared.recorded_as).alias("kind"), pl.lit(None, pl.String).alias("tax_code")
    ).select(INPUT)
    found = readings.of(given)
    readings.keep(used_only=True)
    is_prepared = cs.starts_with(PREPARED)
    features = found.select(~is_prepared).with_columns(rows["former_id"])
    prepared = found.select(
        pl.col("key").cast(pl.String).alias(KEY), is_prepared.name.map(lambda name: name.removeprefix(PREPARED))
    ).with_columns(prepared_column(PARTY, "former_id", rows["former_id"]))
    known = Register(readings.kind, declared.recorded_as, heaps.blank_heaped(features), heaps.blank_heaped(prepared))
    return with_households(connection, known)


def with_households(connection: Connection[Any], known: Register) -> Register:
    """A register with the households that its subjects live in by now."""
    households = read_rows(connection, party_register(known.kind).companions.format(only=ANY))
    return _living(known, known.features.select("key").join(households, on="key", how="left", maintain_order="left"))


def with_moved_households(connection: Connection[Any], known: Register) -> Register:
    """The same, if only changed subjects can live elsewhere than they did."""
    changed = read_rows(connection, f"select id as key from changed_subject where kind = '{known.kind}'")
    moved = changed.join(
        read_rows(connection, party_register(known.kind).companions.format(only=CHANGED_ONLY)), on="key", how="left"
    )
    before = known.features.select("key", pl.col(COMPANIONS).list.join(" "))
    return _living(known, before.update(moved, on="key", include_nulls=True))


def _living(known: Register, households: pl.DataFrame) -> Register:
    """A register with `households`, key and companions in the order of its features."""
    listed = _listed(households[COMPANIONS])
    prepared = prepared_column(PARTY, COMPANIONS, listed)
    return replace(known, features=known.features.with_columns(listed), prepared=known.prepared.with_columns(prepared))


def read_recorded_parties(connection: Connection[Any], field: Field, records: str, beside: str | None) -> pl.DataFrame:
    """What a sector wrote of the parties of `records`, a select of record_id: record_id, WRITTEN, and the households that stand
    beside, from `beside`, a select of record_id and companions; and the name of the field."""
    return read_recorded(connection, [select_recorded_parties(field, records, beside)])


def read_recorded(connection: Connection[Any], selects: Sequence[str]) -> pl.DataFrame:
    """The rows of several fields, as `select_recorded_parties` selects them."""
    return read_rows(connection, " union all ".join(selects))


def select_recorded_parties(field: Field, records: str, beside: str | None) -> str:
    """Select of `read_recorded_parties`. A party that is not named at all is nobody, and left out: who lives beside it is no candidate for
    it."""
    columns = {part.part: f"t.{part.column.name}" for part in field.recorded.recorded}
    only_kind = (
        next((party_register(kind).recorded_as for kind in field.kinds if kind in load_profile().parties), None)
        if len(field.kinds) == 1
        else None
    )
    values = {part: f"{columns[part]}::text" for part in WRITTEN}
    if only_kind is not None:
        values["kind"] = f"coalesce({values['kind']}, '{only_kind}')"
    written = ", ".join(f"{value} as {part}" for part, value in values.items())
    named = " or ".join(f"{columns[part]} is not null" for part in NAMING)
    stands, joined = (
        ("b.companions", f" left join ({beside}) b on b.record_id = r.record_id") if beside else ("null::text", "")
    )
    return (
        f"select r.record_id, {written}, {stands} as companions, '{field.name}' as field from ({records}) r"
        f" join data.{field.entity.table} t on t.id = r.record_id{joined} where {named}"
    )


def distinct_parties(
    rows: pl.DataFrame, readings: Readings | None = None, *, heaps: HeapedBirths = NO_HEAPS
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The different parties among recorded ones with their features, keyed by `key`; and rows with the key of theirs. `readings`
    has those that were read before; birth dates that are `heaps` of the register are left out.

    Offices often write one person the same way many times, and equal values score equally.
    """
    by = [*WRITTEN, COMPANIONS]
    parties = rows.select(by).unique(maintain_order=True).with_row_index("key")
    keyed = rows.join(parties, on=by, how="left", nulls_equal=True)
    written = parties.with_columns(pl.lit(None, pl.String).alias("unit_code")).select(INPUT)
    features = readings.of(written) if readings else add_surroundings(party_features(written))
    return heaps.blank_heaped(features).with_columns(_listed(parties[COMPANIONS])), keyed.select(
        "field", "record_id", "kind", "key"
    )


def weigh_pairs(model: Model, features: pl.DataFrame, registers: Sequence[Register], backend: Backend) -> pl.DataFrame:
    """The pairs that are worth a look: key, found_id, subject_kind, weight, confidence, evidence (JSON text).

    A party of no stated kind is weighed against every register.
    """
    found = []
    prepared = prepare_records(model.spec, features)
    for subjects in registers:
        asked = prepared.filter(features["kind"].is_null() | (features["kind"] == subjects.party_kind))
        if asked.is_empty() or subjects.prepared.is_empty():
            continue
        pairs = score_prepared(model, asked, subjects.prepared, backend=backend, floor=model.spec.bands.review)
        found.append(
            pairs.select(
                pl.col("left_key").cast(pl.UInt32).alias("key"),
                pl.col("right_key").cast(pl.Int64).alias("found_id"),
                pl.lit(subjects.kind).alias("subject_kind"),
                *as_stored(),
            )
        )
    return pl.concat(found) if found else pl.DataFrame(schema=WEIGHED)


MET = {"field": pl.String, "record_id": pl.Int64}
"""Records that a subject is a candidate of."""
WEIGHED = {
    "key": pl.UInt32,
    "found_id": pl.Int64,
    "subject_kind": pl.String,
    "weight": pl.Float32,
    "confidence": pl.Float32,
    "evidence": pl.String,
}


def as_stored() -> list[pl.Expr]:
    """Weight, confidence and evidence of scored pairs as the store keeps them: rounded, so that a run that finds the same changes
    nothing."""
    return [
        pl.col("weight").round(3).cast(pl.Float32),
        pl.col("probability").round(6).cast(pl.Float32).alias("confidence"),
        _as_json(),
    ]


def _as_json() -> pl.Expr:
    """Lists of comparison, outcome and bits as JSON text, bits to a thousandth."""
    entry = pl.element().struct.with_fields(pl.field("bits").round(3)).struct.json_encode()
    return pl.format("[{}]", pl.col("evidence").list.eval(entry).list.join(",")).alias("evidence")


def read_rows(connection: Connection[Any], query: str) -> pl.DataFrame:
    """The rows of a query; ids are numbers and all else is text."""
    with connection.cursor() as cursor, cursor.copy(f"copy ({query}) to stdout (format csv, header)") as out:
        text = connection.wait(_read_all(out))
    read = pl.read_csv(io.BytesIO(text), infer_schema=False)
    return read.with_columns(pl.col(name).cast(pl.Int64) for name in IDS if name in read.columns)


def _read_all(out: Copy) -> PQGen[bytes]:
    """All that a copy sends, in one wait: iterating waits for each row, which took a tenth of a run of changes."""
    parts = []
    while part := (yield from out._read_gen()):
        parts.append(bytes(part))
    return b"".join(parts)


IDS = ("key", "record_id", "subject_id", "heir_id")


def fill_table(connection: Connection[Any], table: str, rows: pl.DataFrame) -> None:
    """Rows into a table with these columns."""
    if rows.is_empty():
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {table} ({', '.join(rows.columns)}) from stdin (format csv)") as into,
    ):
        into.write(rows.write_csv(include_header=False).encode())


def _listed(households: pl.Series) -> pl.Series:
    """Codes parted by spaces as lists; empty if there is none."""
    return households.fill_null("").str.split(" ").list.eval(pl.element().filter(pl.element() != "")).alias(COMPANIONS)
