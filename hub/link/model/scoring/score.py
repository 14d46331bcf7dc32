"""Weigh pairs: what each comparison says, in bits, and what they say together."""

import polars as pl

from hub.link.model.frozen import Model
from hub.link.model.scoring.backends import Backend
from hub.link.model.scoring.prepare import KEY, prepare_records
from hub.link.model.scoring.scoring_sql import LEFT, RIGHT, ROW, frequency_bits, level_bits, level_names, pairs_query
from hub.link.model.spec import PRIOR, UNSTATED, Comparison, Spec

FEWER = 10
"""From so many times as many records on the other side on, those are looked for that can be met at all."""
AT = "at"
SCORED = {"left_key": pl.String, "right_key": pl.String, "weight": pl.Float64, "probability": pl.Float64}
EVIDENCE = pl.List(pl.Struct({"comparison": pl.String, "outcome": pl.String, "bits": pl.Float64}))


def score_pairs(
    model: Model, left: pl.DataFrame, right: pl.DataFrame | None = None, *, backend: Backend, floor: float = 0.01
) -> pl.DataFrame:
    """The pairs of the model's blocks whose probability is at least `floor`, strongest first: left_key, right_key, weight in
    bits, probability, and the evidence (comparison, outcome, bits) that adds up to the weight. Without a right side, the pairs
    within left, each once, with the lesser key on the left. Raises HubMisconfigured if a column is absent.

    A weight depends on the two records and the model alone, so scoring some records gives what scoring all would."""
    prepared_right = None if right is None else prepare_records(model.spec, right)
    return score_prepared(model, prepare_records(model.spec, left), prepared_right, backend=backend, floor=floor)


def score_prepared(
    model: Model, left: pl.DataFrame, right: pl.DataFrame | None = None, *, backend: Backend, floor: float = 0.01
) -> pl.DataFrame:
    """The same of sides that are prepared already, for the model's specification or for one with more columns."""
    sides = (left,) if right is None else (left, right)
    if right is not None and FEWER * len(left) < len(right):
        sides = (left, _met(model.spec, left, right))
    if any(side.is_empty() for side in sides):
        return pl.DataFrame(schema={**SCORED, "evidence": EVIDENCE})
    tables = {
        name: _with_frequencies(model, side.select(KEY, *model.spec.columns)).with_row_index(ROW)
        for name, side in zip((LEFT, RIGHT), sides, strict=False)
    }
    with backend.tables(tables):
        rows = backend.frame(pairs_query(model, backend.dialect, linking=right is not None, floor=floor))
    return _shown(model, rows, ordered=right is None)


def _met(spec: Spec, left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """What of the right side is in a block with anything of the left: few records need not have the engine load a register."""
    at = right.with_row_index(AT)
    found = []
    for block in spec.blocks:
        met, own = (
            side.drop_nulls(block.columns) for side in (at.select(AT, *block.columns), left.select(block.columns))
        )
        for column in spec.lists_of(block):
            met, own = (side.explode(column, empty_as_null=True) for side in (met, own))
        found.append(met.join(own.unique(), on=block.columns, how="semi")[AT])
    return right[pl.concat(found).unique().sort()]


def _with_frequencies(model: Model, side: pl.DataFrame) -> pl.DataFrame:
    """A side with the frozen frequency of each value that counts. One never seen is as frequent as one seen once: without this it
    would count as an average value, which a value never seen is not."""
    for column, frozen in model.frequencies.items():
        known = pl.DataFrame(
            {column: list(frozen.values.keys()), f"tf_{column}": list(frozen.values.values())},
            schema={column: side[column].dtype, f"tf_{column}": pl.Float64},
        )
        stated = pl.when(pl.col(column).is_not_null()).then(pl.col(f"tf_{column}").fill_null(frozen.rarest))
        side = side.join(known, on=column, how="left", maintain_order="left").with_columns(stated.alias(f"tf_{column}"))
    return side


def _shown(model: Model, rows: pl.DataFrame, *, ordered: bool) -> pl.DataFrame:
    prior = pl.struct(
        pl.lit(PRIOR).alias("comparison"), pl.lit("any pair").alias("outcome"), pl.lit(model.prior_bits).alias("bits")
    )
    said = [
        pl.struct(
            pl.lit(comparison.name).alias("comparison"),
            pl.col(f"gamma_{comparison.name}")
            .replace_strict(level_names(comparison, UNSTATED), return_dtype=pl.String)
            .alias("outcome"),
            _bits(model, comparison).alias("bits"),
        )
        for comparison in model.spec.comparisons
    ]
    left, right = pl.col(f"{KEY}_l"), pl.col(f"{KEY}_r")
    one_way = left <= right
    return rows.select(
        (pl.when(one_way).then(left).otherwise(right) if ordered else left).alias("left_key"),
        (pl.when(one_way).then(right).otherwise(left) if ordered else right).alias("right_key"),
        "weight",
        (1 / (1 + pl.lit(2.0).pow(-pl.col("weight")))).alias("probability"),
        pl.concat_list(prior, *said).alias("evidence"),
    ).sort("weight", "left_key", "right_key", descending=[True, False, False])


def _bits(model: Model, comparison: Comparison) -> pl.Expr:
    base = pl.col(f"gamma_{comparison.name}").replace_strict(level_bits(model, comparison), return_dtype=pl.Float64)
    return base + pl.col(f"frequency_bits_{comparison.name}") if frequency_bits(model, comparison) else base
