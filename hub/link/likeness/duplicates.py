"""Rows of a register that may be one person twice, proposed to a person: never merged by likeness alone.

What makes two of them alike is learned with the parties of records: names, births, addresses and households are written down by
the same offices. The identifiers are left out, since of a second registration they differ by definition; the former one, where
both state it, is stated evidence and not learned, as second registrations are too few to learn from.
"""

from dataclasses import replace
from typing import Any

import polars as pl
from psycopg import Connection

from hub.link.field import Field
from hub.link.likeness import parties
from hub.link.likeness.likeness import Likeness
from hub.link.model.frozen import Learned, Model
from hub.link.model.party import PARTY
from hub.link.model.scoring.score import score_prepared
from hub.link.model.spec import OTHER, Block, By, Comparison, Is, Level
from hub.link.rules import sql
from hub.link.workspace import LinkWorkspace

FORMER = Comparison("former_identifier", (("former_id",),), (Level("equal", (Is(By.EQUAL, ("former_id",)),)),))
FORMER_RATES = (Learned("equal", 0.9, 2e-6), Learned(OTHER, 0.1, 1 - 2e-6))
"""One former number in some hundred thousand is borne by two people; nine of ten second registrations repeat it."""
RATE = 1 / 2_000
"""Second registrations among all, as a prior. Assumed, since nobody has counted them. It shifts proposals by a bit or two."""
DUPLICATE = replace(
    PARTY,
    name="duplicate",
    comparisons=(*(c for c in PARTY.comparisons if c.name != "identifier"), FORMER),
    blocks=(
        Block(("former_id",)),
        Block(("name_ascii", "birth_day_sorted")),
        Block(("given_ascii", "birth_day_sorted")),
        Block(("surname_ascii", "birth_day_sorted")),
    ),
)


def model_of(party: Model) -> Model:
    """The model of second registrations that a model of parties implies."""
    learned = {name: rates for name, rates in party.learned.items() if name != "identifier"}
    return replace(
        party,
        spec=DUPLICATE,
        digest=DUPLICATE.digest,
        # A party has one match among the citizens; a citizen has one among the others in RATE of all cases.
        prior=party.prior * RATE,
        learned={**learned, FORMER.name: FORMER_RATES},
    )


def propose_duplicates(workspace: LinkWorkspace, field: Field, likeness: Likeness, *, whole: bool) -> None:
    """Make `touched` and `wanted` of a register's duplicates: the pairs worth a person's look, the younger row as the record.

    If the run is not of the whole, of rows that changed and of those that are alike to them.
    """
    assert likeness.trained is not None  # without a model nothing is proposed
    model = model_of(likeness.trained.model)
    if whole:
        everyone = likeness.register(field.entity.name)
        touched = everyone.features.select(pl.col("key").cast(pl.Int64).alias("record_id"))
        found = score_prepared(model, everyone.prepared, backend=likeness.backend, floor=model.spec.bands.review)
        pairs = _ordered(found)
    else:
        touched, pairs = _around_changes(workspace.connection, field, likeness, model)
    _fill(workspace, field, touched, pairs, f"model:{DUPLICATE.name}:{likeness.trained.version}")


def _around_changes(
    connection: Connection[Any], field: Field, likeness: Likeness, model: Model
) -> tuple[pl.DataFrame, pl.DataFrame]:
    changed = f"select id from changed_subject where kind = '{field.entity.name}'"
    rows = parties.read_rows(
        connection,
        f"select id as record_id from ({changed}) c union select l.record_id from link.{field.table} l"
        f" where l.found_id in ({changed})",
    )
    pairs = _against(likeness, model, field, rows)
    # All pairs of a row are decided together, so those whose younger row had not changed are looked up whole.
    met = pairs.select("record_id").unique().join(rows, on="record_id", how="anti")
    pairs = pl.concat([pairs, _against(likeness, model, field, met)]).unique(["record_id", "found_id"])
    touched = pl.concat([rows, met]).unique()
    return touched, pairs.join(touched, on="record_id", how="semi")


def _against(likeness: Likeness, model: Model, field: Field, rows: pl.DataFrame) -> pl.DataFrame:
    """The pairs of some rows and all."""
    if rows.is_empty():
        return pl.DataFrame(schema=PAIRS)
    everyone = likeness.register(field.entity.name)
    some = everyone.only(rows["record_id"])
    found = score_prepared(
        model, some.prepared, everyone.prepared, backend=likeness.backend, floor=model.spec.bands.review
    )
    return _ordered(found).unique(["record_id", "found_id"])


PAIRS = {
    "record_id": pl.Int64,
    "found_id": pl.Int64,
    "weight": pl.Float32,
    "confidence": pl.Float32,
    "evidence": pl.String,
}


def _ordered(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs of two rows, the younger first: record_id, found_id, confidence, weight, evidence."""
    left, right = pl.col("left_key").cast(pl.Int64), pl.col("right_key").cast(pl.Int64)
    return pairs.filter(left != right).select(
        pl.max_horizontal(left, right).alias("record_id"),
        pl.min_horizontal(left, right).alias("found_id"),
        *parties.as_stored(),
    )


def _fill(workspace: LinkWorkspace, field: Field, touched: pl.DataFrame, pairs: pl.DataFrame, method: str) -> None:
    names = field.temporary("touched"), field.temporary("wanted")
    workspace.create_empty(names[0], "record_id bigint primary key")
    parties.fill_table(workspace.connection, names[0], touched.unique())
    workspace.create_empty(names[1], sql.WANTED_COLUMNS)
    wanted = pairs.with_columns(
        pl.col("found_id").alias("subject_id"),
        pl.lit(field.entity.name).alias("subject_kind"),
        pl.lit("UNCONFIRMED").alias("status"),
        pl.lit(method).alias("method"),
        pl.lit(True).alias("by_model"),
    )
    parties.fill_table(workspace.connection, names[1], wanted)
