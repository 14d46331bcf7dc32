"""The SQL that compares and weighs pairs: the blocks, the outcome of each comparison, and the sum of their bits.

Splink learns a model, this applies it: a learned model is a table of constants, and Splink takes half a second to render a query
from it, at every call. A test holds that both find the same pairs with the same weights. Pure text: names come from the
specification, and no value of a record.

Tables `left_side` and `right_side` hold prepared columns (`hub.link.model.scoring.prepare`), `row_id`, and `tf_<column>` for each column
whose value frequencies count.
"""

import math
from collections.abc import Iterator

from hub.link.model.frozen import Model
from hub.link.model.render import Dialect, level_condition, render_block, render_unstated_condition
from hub.link.model.scoring.prepare import KEY
from hub.link.model.spec import Block, By, Comparison, Spec, columns_of

LEFT, RIGHT = "left_side", "right_side"
ROW = "row_id"
UNSTATED_LEVEL = -1


def pairs_query(model: Model, dialect: Dialect, *, linking: bool, floor: float) -> str:
    """A query of the pairs that share a block and whose probability is at least `floor`: unique_id_l, unique_id_r, weight,
    `gamma_<comparison>`, the number of its outcome as `level_number` has it, and `frequency_bits_<comparison>` where value
    frequencies count. Without `linking`, the pairs within the left side."""
    spec = model.spec
    right = RIGHT if linking else LEFT
    columns = sorted({column for comparison in spec.comparisons for column in columns_of(comparison)})
    columns += [f"tf_{column}" for column in spec.frequencies]
    sides = ", ".join(f"{side}.{column} as {column}_{side}" for column in (KEY, *columns) for side in "lr")
    outcomes = ", ".join(f"{_outcome(one, dialect)} as gamma_{one.name}" for one in spec.comparisons)
    frequencies = "".join(f", tf_{column}_{side}" for column in spec.frequencies for side in "lr")
    bits = "".join(
        f", {sql} as frequency_bits_{one.name}" for one in spec.comparisons if (sql := frequency_bits(model, one))
    )
    return f"""
with blocked as (
    {" union ".join(_blocked(spec, rule, right, dialect, linking=linking) for rule in spec.blocks)}
), paired as (
    select {sides} from blocked b join {LEFT} l on l.{ROW} = b.left_row join {right} r on r.{ROW} = b.right_row
), compared as (
    select {KEY}_l, {KEY}_r{frequencies}, {outcomes} from paired
), adjusted as (
    select *{bits} from compared
), weighed as (
    select *, {_weight(model)} as weight from adjusted
)
select {", ".join(kept_columns(model))} from weighed{_at_least(floor)}
""".strip()


def kept_columns(model: Model) -> tuple[str, ...]:
    """The columns of `pairs_query`."""
    comparisons = model.spec.comparisons
    return (
        *(f"{KEY}_l", f"{KEY}_r", "weight"),
        *(f"gamma_{one.name}" for one in comparisons),
        *(f"frequency_bits_{one.name}" for one in comparisons if frequency_bits(model, one)),
    )


def level_bits(model: Model, comparison: Comparison) -> dict[int, float]:
    """Number of an outcome → its bits before frequencies. Outcomes are numbered downwards to 0; -1 is what says nothing."""
    learned = model.learned[comparison.name]
    return {UNSTATED_LEVEL: 0.0, **{len(learned) - 1 - at: one.bits for at, one in enumerate(learned)}}


def level_names(comparison: Comparison, unstated_name: str) -> dict[int, str]:
    """Number of an outcome → its name."""
    outcomes = comparison.outcomes
    return {UNSTATED_LEVEL: unstated_name, **{len(outcomes) - 1 - at: outcome for at, outcome in enumerate(outcomes)}}


def frequency_bits(model: Model, comparison: Comparison) -> str | None:
    """By how much more or less an agreement says than an average one, since its value is rarer or more common: of the side where
    it is the more common. Null if no outcome counts frequencies."""
    cases = []
    for number, level in zip(range(len(comparison.levels), 0, -1), comparison.levels, strict=True):
        if level.frequency:
            tf = f"tf_{level.frequency}"
            common = f"greatest(coalesce({tf}_l, {tf}_r), coalesce({tf}_r, {tf}_l))"
            average = math.log2(_rate_of_equal(model, comparison, level.frequency))
            cases.append(f"when {number} then coalesce({_double(average)} - log2({common}), {_double(0)})")
    return f"case gamma_{comparison.name} {' '.join(cases)} else {_double(0)} end" if cases else None


def _rate_of_equal(model: Model, comparison: Comparison, column: str) -> float:
    """How often pairs that do not match have equal values in a column."""
    for level, learned in zip(comparison.levels, model.learned[comparison.name], strict=False):
        if not level.either and [(one.by, one.columns) for one in level.conditions] == [(By.EQUAL, (column,))]:
            return learned.u
    raise AssertionError(f"{comparison.name} counts frequencies of {column} and has no outcome for equal values")


def _blocked(spec: Spec, rule: Block, right: str, dialect: Dialect, *, linking: bool) -> str:
    """The pairs of one block, by the numbers of their rows."""
    lists = spec.lists_of(rule)
    sides = [_exploded(table, rule, lists, dialect) if lists else table for table in (LEFT, right)]
    once = "" if linking else f" and l.{KEY} < r.{KEY}"
    return f"select l.{ROW} as left_row, r.{ROW} as right_row from {sides[0]} l join {sides[1]} r on {render_block(rule)}{once}"


def _exploded(table: str, rule: Block, lists: tuple[str, ...], dialect: Dialect) -> str:
    """A side with a row for each element of its lists, so that the engine joins by hash: a condition on two lists would compare
    every record with every other."""
    plain = [column for column in (*rule.columns, *((rule.lacking,) if rule.lacking else ())) if column not in lists]
    exploded = [f"{dialect.explode}({column}) as {column}" for column in lists]
    return f"(select {', '.join((ROW, KEY, *plain, *exploded))} from {table})"


def _outcome(comparison: Comparison, dialect: Dialect) -> str:
    def cases() -> Iterator[str]:
        yield f"when {render_unstated_condition(comparison)} then {UNSTATED_LEVEL}"
        for number, level in zip(range(len(comparison.levels), 0, -1), comparison.levels, strict=True):
            yield f"when {level_condition(level, dialect)} then {number}"

    return f"case {' '.join(cases())} else 0 end"


def _weight(model: Model) -> str:
    """The prior and the bits of each comparison, added in this order: a sum of floats depends on it."""
    terms = [_double(model.prior_bits)]
    for comparison in model.spec.comparisons:
        cases = " ".join(
            f"when {number} then {_double(bits)}" for number, bits in level_bits(model, comparison).items()
        )
        terms.append(f"case gamma_{comparison.name} {cases} end")
        if frequency_bits(model, comparison):
            terms.append(f"frequency_bits_{comparison.name}")
    return " + ".join(terms)


def _at_least(floor: float) -> str:
    return f" where weight >= {_double(math.log2(floor / (1 - floor)))}" if floor > 0 else ""


def _double(value: float) -> str:
    return f"cast({value!r} as double)"
