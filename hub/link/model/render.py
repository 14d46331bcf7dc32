"""A specification as Splink's settings, in the SQL of an engine. Pure text: names come from the specification, never a value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.link.model.scoring.prepare import KEY
from hub.link.model.spec import OTHER, UNSTATED, Block, By, Comparison, Is, Level, Spec

Settings = dict[str, Any]


@dataclass(frozen=True)
class Dialect:
    """The few functions whose names differ between engines."""

    name: str
    similarity: str
    edits: str
    overlap: str
    explode: str


DIALECTS = {
    "duckdb": Dialect("duckdb", "jaro_winkler_similarity", "damerau_levenshtein", "list_has_any", "unnest"),
    "spark": Dialect("spark", "jaro_winkler", "damerau_levenshtein", "arrays_overlap", "explode"),
}


def _equal(one: Is, dialect: Dialect) -> str:
    return " and ".join(f"{column}_l = {column}_r" for column in one.columns)


def _crossed(one: Is, dialect: Dialect) -> str:
    first, second = one.columns
    return f"{first}_l = {second}_r and {second}_l = {first}_r"


def _exchanged(one: Is, dialect: Dialect) -> str:
    first, second = one.columns
    return f"({first}_l = {second}_r or {second}_l = {first}_r)"


def _similar(one: Is, dialect: Dialect) -> str:
    (column,) = one.columns
    return f"{dialect.similarity}({column}_l, {column}_r) >= {one.at}"


def _edits(one: Is, dialect: Dialect) -> str:
    """Distances are dear (a quarter of a minute for four million pairs), so values that cannot be so near are turned away first:
    one edit leaves the first or the last letters as they are, up to one before the middle."""
    (column,) = one.columns
    left, right = f"{column}_l", f"{column}_r"
    near = f"abs(length({left}) - length({right})) <= {one.at:g}"
    if one.at == 1:
        part = f"cast(floor(least(length({left}), length({right})) / 2) as int) - 1"
        first = f"substr({left}, 1, {part}) = substr({right}, 1, {part})"
        near += f" and ({first} or right({left}, {part}) = right({right}, {part}))"
    return f"{near} and {dialect.edits}({left}, {right}) <= {one.at:g}"


def _within(one: Is, dialect: Dialect) -> str:
    (column,) = one.columns
    return f"abs({column}_l - {column}_r) <= {one.at:g}"


def _shares(one: Is, dialect: Dialect) -> str:
    (column,) = one.columns
    return f"{dialect.overlap}({column}_l, {column}_r)"


def _lacking(one: Is, dialect: Dialect) -> str:
    (column,) = one.columns
    return f"({column}_l is null or {column}_r is null)"


def _one_sided(one: Is, dialect: Dialect) -> str:
    (column,) = one.columns
    return f"({column}_l is null) <> ({column}_r is null)"


def _neither(one: Is, dialect: Dialect) -> str:
    (column,) = one.columns
    return f"({column}_l is null and {column}_r is null)"


CONDITIONS: Mapping[By, Callable[[Is, Dialect], str]] = {
    By.EQUAL: _equal,
    By.CROSSED: _crossed,
    By.EXCHANGED: _exchanged,
    By.SIMILAR: _similar,
    By.EDITS: _edits,
    By.WITHIN: _within,
    By.SHARES: _shares,
    By.LACKING: _lacking,
    By.ONE_SIDED: _one_sided,
    By.NEITHER: _neither,
}


def render_unstated_condition(comparison: Comparison) -> str:
    """The condition under which a comparison says nothing."""
    groups = (
        "(" + " or ".join(f"{column}_{side} is null" for column in group for side in "lr") + ")"
        for group in comparison.stated
    )
    return " and ".join(groups)


def render_block(rule: Block) -> str:
    """A block as a join condition over `l` and `r`."""
    lacking = (f"(l.{rule.lacking} is null or r.{rule.lacking} is null)",) if rule.lacking else ()
    return " and ".join((*(f"l.{column} = r.{column}" for column in rule.columns), *lacking))


def _generating(spec: Spec, rule: Block, dialect: Dialect) -> Settings:
    """A block of the pairs to score. Each element of a list stands for itself, so that the engine joins by hash: a condition on two
    lists would compare every record with every other."""
    made: Settings = {"blocking_rule": render_block(rule), "sql_dialect": dialect.name}
    lists = spec.lists_of(rule)
    return {**made, "arrays_to_explode": list(lists)} if lists else made


Rates = Mapping[str, Sequence[float | None]]
"""By comparison: a rate of each outcome, None if there is none."""


def render_splink_settings(
    spec: Spec,
    dialect: Dialect,
    *,
    linking: bool,
    prior: float | None = None,
    m: Rates | None = None,
    u: Rates | None = None,
    frequencies: bool = True,
) -> Settings:
    """Splink's settings of a model, with the parameters that are known."""
    made: Settings = {
        "link_type": "link_only" if linking else "dedupe_only",
        "unique_id_column_name": KEY,
        "comparisons": [_comparison(comparison, dialect, frequencies) for comparison in spec.comparisons],
        "blocking_rules_to_generate_predictions": [
            # The engine leaves out of a block what those before it found, but for blocks of lists: these come last.
            _generating(spec, rule, dialect)
            for rule in sorted(spec.blocks, key=lambda rule: bool(spec.lists_of(rule)))
        ],
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
        "em_convergence": 1e-4,
    }
    if prior is not None:
        made["probability_two_random_records_match"] = prior
    for parameter, rates in (("m_probability", m or {}), ("u_probability", u or {})):
        for comparison in made["comparisons"]:
            for level, rate in zip(
                comparison["comparison_levels"][1:], rates.get(comparison["output_column_name"], ()), strict=False
            ):
                if rate is not None:
                    level[parameter] = rate
    return made


def _comparison(comparison: Comparison, dialect: Dialect, frequencies: bool) -> Settings:
    none = {"sql_condition": render_unstated_condition(comparison), "label_for_charts": UNSTATED, "is_null_level": True}
    levels = [_level(level, dialect, frequencies) for level in comparison.levels]
    other = {"sql_condition": "ELSE", "label_for_charts": OTHER}
    return {"output_column_name": comparison.name, "comparison_levels": [none, *levels, other]}


def level_condition(level: Level, dialect: Dialect) -> str:
    """The condition under which a pair has an outcome, unless it has one before it."""
    condition = " and ".join(CONDITIONS[one.by](one, dialect) for one in level.conditions)
    if level.either:
        condition += f" and ({' or '.join(f'({CONDITIONS[one.by](one, dialect)})' for one in level.either)})"
    return condition


def _level(level: Level, dialect: Dialect, frequencies: bool) -> Settings:
    made: Settings = {"sql_condition": level_condition(level, dialect), "label_for_charts": level.outcome}
    if level.frequency and frequencies:
        made["tf_adjustment_column"] = level.frequency
    return made
