"""Weigh pairs: what each comparison says, in bits, and what they say together."""

from collections.abc import Mapping

import polars as pl

from hub.link.model.backends import Backend
from hub.link.model.frozen import Model
from hub.link.model.prepare import prepare
from hub.link.model.render import settings
from hub.link.model.spec import PRIOR, UNSTATED, Comparison, Spec

FEWER = 10
"""From so many times as many records on the other side on, those are looked for that can be met at all."""
AT = "at"
SCORED = {"left_key": pl.String, "right_key": pl.String, "weight": pl.Float64, "probability": pl.Float64}
EVIDENCE = pl.List(pl.Struct({"comparison": pl.String, "outcome": pl.String, "bits": pl.Float64}))


def score(
    model: Model, left: pl.DataFrame, right: pl.DataFrame | None = None, *, backend: Backend, floor: float = 0.01
) -> pl.DataFrame:
    """The pairs of the model's blocks whose probability is at least `floor`, strongest first: left_key, right_key, weight in
    bits, probability, and the evidence (comparison, outcome, bits) that adds up to the weight. Without a right side, the pairs
    within left, each once, with the lesser key on the left. Raises HubMisconfigured where a column is absent.

    A weight depends on the two records and the model alone, so scoring some records gives what scoring all would."""
    sides = tuple(prepare(model.spec, frame) for frame in (left, right) if frame is not None)
    if right is not None and FEWER * len(left) < len(right):
        sides = (sides[0], _met(model.spec, *sides))
    if any(side.is_empty() for side in sides):
        return pl.DataFrame(schema={**SCORED, "evidence": EVIDENCE})
    options = settings(
        model.spec,
        backend.dialect,
        linking=right is not None,
        prior=model.prior,
        m={name: [one.m for one in learned] for name, learned in model.learned.items()},
        u={name: [one.u for one in learned] for name, learned in model.learned.items()},
    )
    with backend.linker(sides, options, frequencies_of(model, sides)) as linker:
        found = linker.inference.predict(threshold_match_probability=floor, warning_mode="never")
        rows = backend.frame(f"select {', '.join(_columns(model))} from {found.physical_name}")
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


def _columns(model: Model) -> tuple[str, ...]:
    """What Splink answers that is kept: the values compared stay with the engine."""
    spec = model.spec
    adjusted = [one.name for one in spec.comparisons if any(level.frequency for level in one.levels)]
    return (
        *("unique_id_l", "unique_id_r", "match_weight", "match_probability"),
        *(f"{part}_{one.name}" for one in spec.comparisons for part in ("gamma", "mw")),
        *(f"mw_tf_adj_{name}" for name in adjusted),
    )


def frequencies_of(model: Model, sides: tuple[pl.DataFrame, ...]) -> Mapping[str, pl.DataFrame]:
    """By column: the values that stand here, with the frequency that was frozen. One never seen is as frequent as one seen once:
    without this it would count as an average value, which a value never seen is not."""
    tables = {}
    for column, frozen in model.frequencies.items():
        values = pl.concat([side[column] for side in sides]).drop_nulls().unique().sort()
        known = pl.DataFrame(
            {column: list(frozen.values.keys()), "tf_" + column: list(frozen.values.values())},
            schema={column: values.dtype, "tf_" + column: pl.Float64},
        )
        seen = values.to_frame().join(known, on=column, how="left", maintain_order="left")
        tables[column] = seen.with_columns(pl.col("tf_" + column).fill_null(frozen.rarest))
    return tables


def _shown(model: Model, rows: pl.DataFrame, *, ordered: bool) -> pl.DataFrame:
    comparisons = model.spec.comparisons
    bits = {comparison.name: _bits(comparison, rows) for comparison in comparisons}
    prior = pl.struct(
        pl.lit(PRIOR).alias("comparison"), pl.lit("any pair").alias("outcome"), pl.lit(model.prior_bits).alias("bits")
    )
    said = [
        pl.struct(
            pl.lit(comparison.name).alias("comparison"),
            _outcome(comparison).alias("outcome"),
            bits[comparison.name].alias("bits"),
        )
        for comparison in comparisons
    ]
    one_way = pl.col("unique_id_l") <= pl.col("unique_id_r")
    left, right = pl.col("unique_id_l"), pl.col("unique_id_r")
    return rows.select(
        (pl.when(one_way).then(left).otherwise(right) if ordered else left).alias("left_key"),
        (pl.when(one_way).then(right).otherwise(left) if ordered else right).alias("right_key"),
        pl.col("match_weight").alias("weight"),
        pl.col("match_probability").alias("probability"),
        pl.concat_list([prior, *said]).alias("evidence"),
    ).sort("weight", "left_key", "right_key", descending=[True, False, False])


def _bits(comparison: Comparison, rows: pl.DataFrame) -> pl.Expr:
    adjusted = f"mw_tf_adj_{comparison.name}"
    base = pl.col(f"mw_{comparison.name}")
    return base + pl.col(adjusted) if adjusted in rows.columns else base


def _outcome(comparison: Comparison) -> pl.Expr:
    """Splink numbers the levels downwards to 0, and what says nothing is -1."""
    names = {len(comparison.outcomes) - 1 - at: outcome for at, outcome in enumerate(comparison.outcomes)}
    return pl.col(f"gamma_{comparison.name}").replace_strict({**names, -1: UNSTATED}, return_dtype=pl.String)
