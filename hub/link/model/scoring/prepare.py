"""Frames made comparable: the columns a specification needs and no others, each kind in its one form.

Both engines compare what stands here, so all that depends on letters happens here and not in SQL: DuckDB measures distances in
bytes and Spark in characters, which agree on ASCII alone.
"""

from collections.abc import Callable

import polars as pl

from hub.errors import HubMisconfigured
from hub.link.model.spec import MONTH_DAY, FeatureField, Kind, Spec

KEY = "unique_id"
TAILED = 9
"""The shortest identifier whose last six characters say something."""


def prepare_records(spec: Spec, frame: pl.DataFrame) -> pl.DataFrame:
    """The records of one side: their key as text under `unique_id`, and the prepared columns. Raises HubMisconfigured where a
    column is absent or a key is missing or stands twice."""
    missing = [field.column for field in spec.fields if not field.optional and field.column not in frame.columns]
    if spec.key not in frame.columns:
        missing.insert(0, spec.key)
    if missing:
        raise HubMisconfigured(
            f"linking model {spec.name}: the frame lacks the columns {', '.join(missing)}",
            next_step="give the columns that the specification names",
        )
    keys = frame[spec.key].cast(pl.String)
    if keys.null_count() or keys.n_unique() < len(keys):
        raise HubMisconfigured(
            f"linking model {spec.name}: keys are missing or stand twice in {spec.key}",
            next_step="give each record a key of its own",
        )
    wanted = {*spec.columns, *spec.frequencies}
    prepared = [_without_placeholders(field, made) for field in spec.fields for made in _prepared(field, frame)]
    made = [one for one in prepared if one.name in wanted]
    witnesses = [one for one in prepared if one.name.endswith("_ascii")]
    made += [one.alias(name) for one in witnesses if (name := one.name.removesuffix("_ascii") + "_witness") in wanted]
    return pl.DataFrame([keys.alias(KEY), *made])


def prepared_column(spec: Spec, column: str, values: pl.Series) -> list[pl.Series]:
    """The prepared columns of one column of a frame."""
    (field,) = (field for field in spec.fields if field.column == column)
    wanted = {*spec.columns, *spec.frequencies}
    return [made for made in _prepared(field, values.to_frame(column)) if made.name in wanted]


def render_plain_text(value: pl.Expr) -> pl.Expr:
    """Lower-case ASCII letters, digits and single spaces; null where nothing is left."""
    bare = value.str.to_lowercase().str.replace_all("[đð]", "d").str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    # Marks are taken away before signs become spaces: a mark parts no word.
    return _filled(bare.str.replace_all("[^a-z0-9]+", " ").str.strip_chars())


def _filled(value: pl.Expr) -> pl.Expr:
    return pl.when(value != "").then(value)


def _name(column: str) -> tuple[pl.Expr, ...]:
    value = pl.col(column).cast(pl.String).str.normalize("NFC").str.to_lowercase().str.replace_all(r"\s+", " ")
    return (
        _filled(value.str.strip_chars()).alias(column),
        render_plain_text(pl.col(column).cast(pl.String)).alias(column + "_ascii"),
    )


def _text(column: str) -> tuple[pl.Expr, ...]:
    return (render_plain_text(pl.col(column).cast(pl.String)).alias(column),)


def _date(column: str) -> tuple[pl.Expr, ...]:
    digits = pl.col(column).cast(pl.String).str.replace_all(r"\D", "")
    whole = pl.when(digits.str.len_chars() == 8).then(digits)
    year, month, day = whole.str.slice(0, 4), whole.str.slice(4, 2), whole.str.slice(6, 2)
    stated = pl.when(digits.str.len_chars().is_in([4, 8])).then(digits.str.slice(0, 4)).cast(pl.Int32)
    return (
        whole.alias(column),
        (year + pl.min_horizontal(month, day) + pl.max_horizontal(month, day)).alias(column + "_sorted"),
        whole.str.slice(4, 4).alias(column + MONTH_DAY),
        stated.alias(column + "_year"),
    )


def _code(column: str) -> tuple[pl.Expr, ...]:
    return (_filled(pl.col(column).cast(pl.String).str.strip_chars().str.to_lowercase()).alias(column),)


def _identifier(column: str) -> tuple[pl.Expr, ...]:
    value = pl.col(column).cast(pl.String).str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    return (
        _filled(value).alias(column),
        pl.when(value.str.len_chars() >= TAILED).then(value.str.tail(6)).alias(column + "_tail"),
    )


def _number(column: str) -> tuple[pl.Expr, ...]:
    return (pl.col(column).cast(pl.Int32),)


def _list(column: str) -> tuple[pl.Expr, ...]:
    value = pl.col(column).cast(pl.List(pl.String))
    return (pl.when(value.list.len() > 0).then(value).alias(column),)


PREPARATIONS: dict[Kind, Callable[[str], tuple[pl.Expr, ...]]] = {
    Kind.NAME: _name,
    Kind.TEXT: _text,
    Kind.DATE: _date,
    Kind.CODE: _code,
    Kind.IDENTIFIER: _identifier,
    Kind.NUMBER: _number,
    Kind.LIST: _list,
}


def _without_placeholders(field: FeatureField, made: pl.Series) -> pl.Series:
    """A prepared date without the days that stand for an unknown one; its year stays."""
    if not field.placeholders or made.name.endswith("_year"):
        return made
    month_day = made if made.name.endswith(MONTH_DAY) else made.str.slice(4, 4)
    stands_for_none = month_day.is_in(field.placeholders)
    return made.to_frame().select(pl.when(~stands_for_none).then(made).alias(made.name)).to_series()


OFTEN_THE_SAME = (Kind.NAME, Kind.TEXT)
"""Values that take long to prepare and repeat on many records."""


def _prepared(field: FeatureField, frame: pl.DataFrame) -> list[pl.Series]:
    column, expressions = field.column, PREPARATIONS[field.kind](field.column)
    if column not in frame.columns:
        # The types stay those of a column that is there, since both sides go into one table.
        dtype = pl.List(pl.String) if field.kind is Kind.LIST else pl.String
        types = pl.DataFrame({column: pl.Series([], dtype=dtype)}).select(expressions).schema
        return [pl.repeat(None, frame.height, dtype=dtype, eager=True).alias(name) for name, dtype in types.items()]
    values = frame.select(column)
    if field.kind not in OFTEN_THE_SAME:
        return values.select(expressions).get_columns()
    distinct = values.unique()
    made = distinct.select(pl.col(column).alias("written"), *expressions)
    found = values.select(pl.col(column).alias("written")).join(
        made, on="written", how="left", nulls_equal=True, maintain_order="left"
    )
    return found.drop("written").get_columns()
