"""Check: clean and check canonical values as Polars expressions. Pure: one frame in, accepted and rejected rows out.

For every value type, the expression here and `Value.parse` in schema/ implement the same rule; a property test holds
them equal.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial, reduce

import polars as pl

from hub.ingest.transform.map import ROW_DIGEST, SOURCE_KEY
from hub.ingest.values.distinct_values import apply_to_distinct
from hub.ingest.values.expected_forms import describe_expected_form, describe_form
from hub.ingest.values.parse_values import FAULT_PREFIX
from hub.model.registry import Column, Entity
from hub.sdk.mapping import Emit
from schema import units
from schema.values import WHITE, CheckDigit, Clean, CodeList, Storage, Value

RULE_MESSAGES: Mapping[str, str] = {
    "required": "is missing",
    "pattern": "must be {expected}; it is {form}",
    "two_readings": 'must be {expected}; {form} can be read two ways: declare number = "vi" or "en"',
    "unit": "names an administrative unit whose code was not valid on this date",
    "check_digit": "has a wrong check digit",
    "date": "is not a calendar day; it must be {expected}",
    "range": "is out of range; it must be {expected}",
    "code": "is not in the code list",
    "ambiguous": "is ambiguous: several items of the list meet the condition in its path",
}
"""Rule → the message after the field name. `{expected}` is the expected form with an example, `{form}` the form of the
value. Messages never contain the value.
"""

UNREADABLE_RULE = "unreadable"
"""The rule that a message breaks which is no record at all. It has no field."""
REJECTED_SCHEMA = {"row": pl.UInt32, "field": pl.String, "rule": pl.String, "reason": pl.String}
NONE_AMBIGUOUS: Mapping[str, pl.Series] = {}
BROKEN_PREFIX, DIRTY_PREFIX = "#broken:", "#dirty:"
"""Prefixes of a column's name while it is checked: the rule that each value breaks, and whether cleaning changes any."""
EARLIEST_DAY = pl.date(1, 1, 1)
NOT_NFC_STABLE = r"[^\x00-\x{cf}\x{d1}-\x{ef}\x{f1}-\x{2ff}\x{1ea0}-\x{1ef9}]"
"""Any character except letters that NFC leaves unchanged when no combining mark follows. Ð and ð are changed as well.
"""
CLEANING_STEPS: Mapping[Clean, tuple[str, Callable[[pl.Series], pl.Series]]] = {
    Clean.NFC: (NOT_NFC_STABLE, lambda s: s.str.normalize("NFC").str.replace_many(["ð", "Ð"], ["đ", "Đ"])),
    Clean.SPACES: (
        f"^ | $|  |[{WHITE.replace(' ', '')}]",
        lambda s: s.str.replace_all(f"[{WHITE}]+", " ").str.strip_chars(" "),
    ),
    Clean.NO_SEPARATORS: (f"[{WHITE}.\\-_]", lambda s: s.str.replace_all(f"[{WHITE}.\\-_]", "")),
    Clean.UPPER: (r"[^\x00-\x60\x7b-\x7f]", lambda s: s.str.to_uppercase()),
    Clean.LOWER: (r"[^\x00-\x40\x5b-\x7f]", lambda s: s.str.to_lowercase()),
}
"""Cleaning step → a pattern for the values it can change, and the change. Most values are clean, and testing is cheaper
than rewriting.
"""


@dataclass(frozen=True)
class CheckedRows:
    """Accepted rows in canonical text, and the rejected ones.

    `rejected` has the row position, field, rule and reason. `faults` has the position of every row with a fault and,
    per field, the broken rule. `discarded` counts values that became null.
    """

    accepted: pl.DataFrame
    rejected: pl.DataFrame
    faults: pl.DataFrame
    discarded: int = 0


def check_rows(
    frame: pl.DataFrame,
    entity: Entity,
    *,
    emit: Emit | None = None,
    discard: bool = False,
    ambiguous: Mapping[str, pl.Series] = NONE_AMBIGUOUS,
) -> CheckedRows:
    """Clean every mapped column of an entity, and separate valid rows from rejected ones.

    `emit` says how the columns were parsed, for the wording of rejections. `ambiguous` marks, per field, the rows that
    offer several values for it. With `discard`, an invalid value of a nullable field becomes null and its row is
    accepted.
    """
    unread = {name.removeprefix(FAULT_PREFIX): frame[name] for name in frame.columns if name.startswith(FAULT_PREFIX)}
    frame = frame.drop(FAULT_PREFIX + name for name in unread)
    columns = [column for column in entity.columns if column.name in frame.columns]
    by_name = {column.name: column for column in columns}
    judged = apply_to_distinct(frame.select(list(by_name)), partial(_clean_and_check, columns=by_name))
    keyless = pl.when(pl.col(SOURCE_KEY).is_null()).then(pl.lit("required")).alias(SOURCE_KEY)
    broken = frame.select(keyless).with_columns(judged[BROKEN_PREFIX + name].alias(name) for name in by_name)
    broken = broken.with_columns(
        pl.coalesce(fault, pl.lit(broken[name])).alias(name) for name, fault in unread.items() if name in by_name
    )
    broken = broken.with_columns(
        pl.when(marked).then(pl.lit("ambiguous")).otherwise(pl.col(name)).alias(name)
        for name, marked in ambiguous.items()
    )
    words = partial(_list_rejected, frame, {column.name: describe_expected_form(column, emit) for column in columns})
    canonical = frame.with_columns(judged[name] for name in by_name)
    faulty = _find_faulty_rows(broken)
    if not faulty.any():
        return CheckedRows(canonical, words(broken.clear(), faulty.clear()), broken.clear().with_row_index("row"))
    faults = broken.with_row_index("row").filter(faulty)
    if not discard or faults.is_empty():
        return CheckedRows(canonical.filter(~faulty), words(broken, faulty), faults)
    loose = [c.name for c in columns if c.nullable]
    hard = broken.drop(loose)
    bad = _find_faulty_rows(hard)
    emptied = _set_faults_null(canonical, broken, loose).filter(~bad)
    discarded = sum(broken.filter(~bad).select(pl.col(loose).is_not_null().sum()).row(0)) if loose else 0
    return CheckedRows(emptied, words(hard, bad), faults, discarded)


def _find_faulty_rows(broken: pl.DataFrame) -> pl.Series:
    """Return which rows have a fault. Columns without faults cost nothing."""
    some = [name for name in broken.columns if broken[name].null_count() < broken.height]
    return broken.select(
        pl.any_horizontal(pl.col(some).is_not_null()) if some else pl.repeat(value=False, n=broken.height)
    ).to_series()


def _set_faults_null(canonical: pl.DataFrame, broken: pl.DataFrame, loose: Sequence[str]) -> pl.DataFrame:
    """Set invalid values to null. Such rows get no digest, so that the next full read checks them again."""
    nulls = [pl.when(broken[name].is_null()).then(pl.col(name)).alias(name) for name in loose]
    if ROW_DIGEST in canonical.columns and loose:
        whole = broken.select(pl.all_horizontal(pl.col(loose).is_null())).to_series()
        nulls.append(pl.when(whole).then(pl.col(ROW_DIGEST)).otherwise(0).alias(ROW_DIGEST))
    return canonical.with_columns(nulls)


def _clean_and_check(values: pl.DataFrame, columns: Mapping[str, Column]) -> pl.DataFrame:
    """Return, for each column, the stored form of its values, and as `#broken:` and its name the rule that each breaks."""
    chosen = [columns[name] for name in values.columns]
    # Clean values need this one pass only: per-operation overhead dominated the cost of checking.
    looked = values.with_columns(made for column in chosen for made in _inspect_values(column))
    dirty = [column for column in chosen if looked[DIRTY_PREFIX + column.name].any()]
    looked = looked.with_columns(clean_values(pl.col(column.name), column.value) for column in dirty)
    dated = [column for column in chosen if column.value.dated_unit]
    resolved = {column: resolve_units(looked[column.name]) for column in dated}
    again = [
        _find_broken(column, pl.lit(resolved[column]) if column in resolved else None).alias(
            BROKEN_PREFIX + column.name
        )
        for column in dict.fromkeys((*dirty, *dated))
    ]
    return looked.with_columns(*again, *resolved.values()).drop(DIRTY_PREFIX + column.name for column in chosen)


@cache
def _inspect_values(column: Column) -> tuple[pl.Expr, ...]:
    """Whether cleaning changes any value (`#dirty:…`), and which rule each value breaks as it is (`#broken:…`)."""
    value = pl.col(column.name)
    concerned = "|".join(f"(?:{CLEANING_STEPS[step][0]})" for step in column.value.clean)
    dirty = (value == "").any() | (value.str.contains(concerned).any() if concerned else pl.lit(value=False))
    broken = pl.lit(None, pl.String) if column.value.dated_unit else _find_broken(column, None)
    return dirty.alias(DIRTY_PREFIX + column.name), broken.alias(BROKEN_PREFIX + column.name)


def clean_values(value: pl.Expr, kind: type[Value]) -> pl.Expr:
    """Clean values of one type. Empty text becomes null."""
    done = value.map_batches(lambda series: reduce(_apply_step, kind.clean, series), return_dtype=pl.String)
    return pl.when(done != "").then(done)


def _apply_step(values: pl.Series, step: Clean) -> pl.Series:
    concerned, change = CLEANING_STEPS[step]
    at = values.str.contains(concerned).arg_true()
    return values if at.is_empty() else values.scatter(at, change(values.gather(at)))


def find_broken_rule(value: pl.Expr, kind: type[Value], resolved: pl.Expr | None = None) -> pl.Expr:
    """Return the name of the rule that a cleaned value breaks; null if it breaks none or is null itself.

    `resolved` is the value with its administrative unit in canonical form, if the type has one.
    """
    tests: list[tuple[str, pl.Expr]] = []
    if issubclass(kind, CodeList):
        tests.append(("code", value.is_in(list(kind.codes))))
    if resolved is not None:
        tests.append(("unit", resolved.is_not_null()))
        value = resolved
    if kind.pattern is not None:
        tests.append(("pattern", value.str.contains(rf"\A(?:{kind.pattern})\z")))
    if kind.check_digit is not None:
        tests.append(("check_digit", _check_digit_agrees(value, kind.check_digit)))
    if kind.storage is Storage.DATE:
        tests.append(("date", value.str.to_date("%Y-%m-%d", strict=False).is_not_null()))
    if kind.minimum is not None:
        tests.append(("range", value.cast(pl.Float64, strict=False) >= kind.minimum))
    if kind.maximum is not None:
        tests.append(("range", value.cast(pl.Float64, strict=False) <= kind.maximum))
    found = pl.lit(None, pl.String)
    for name, holds in reversed(tests):
        found = pl.when(holds.not_().fill_null(value=True)).then(pl.lit(name)).otherwise(found)
    return found


def resolve_units(values: pl.Series) -> pl.Series:
    """Resolve `06820@2019-05-05:12:345` to `06820@..:12:345`: the unit that had this code on that day; null if none
    had.
    """
    parts = (
        values.to_frame("value")
        .with_row_index("row")
        .with_columns(pl.col("value").str.extract_groups(r"^(?<code>[^@:]*)@(?<on>[^:]*)(?<rest>:.*)?$"))
        .unnest("value")
        .with_columns(pl.col("rest").fill_null(""))
    )
    day = (
        pl.when(pl.col("on") == units.OPEN_START)
        .then(EARLIEST_DAY)
        .otherwise(
            pl.when(pl.col("on").str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")).then(
                pl.col("on").str.to_date("%Y-%m-%d", strict=False)
            )
        )
    )
    joined = parts.with_columns(day.alias("day")).join(_load_unit_periods(), on="code")
    open_only = (pl.col("on") != units.OPEN_START) | (pl.col("start") == EARLIEST_DAY)
    held = joined.filter(
        (pl.col("start") <= pl.col("day")) & (pl.col("end").is_null() | (pl.col("day") < pl.col("end"))) & open_only
    )
    found = held.select("row", pl.concat_str("key", "rest").alias("canonical"))
    return parts.join(found, on="row", how="left", maintain_order="left")["canonical"].alias(values.name)


@cache
def _load_unit_periods() -> pl.DataFrame:
    rows = [
        (code, start or None, end or None, f"{code}@{start or units.OPEN_START}")
        for code, periods in units.read_eras().items()
        for start, end in periods
    ]
    frame = pl.DataFrame(
        rows, schema={"code": pl.String, "start": pl.String, "end": pl.String, "key": pl.String}, orient="row"
    )
    return frame.with_columns(pl.col("start").str.to_date().fill_null(EARLIEST_DAY), pl.col("end").str.to_date())


def _find_broken(column: Column, resolved: pl.Expr | None) -> pl.Expr:
    value = pl.col(column.name)
    when_null = pl.lit(None, pl.String) if column.nullable else pl.lit("required")
    return pl.when(value.is_null()).then(when_null).otherwise(find_broken_rule(value, column.value, resolved))


def _check_digit_agrees(value: pl.Expr, digit: CheckDigit) -> pl.Expr:
    def at(index: int) -> pl.Expr:
        return value.str.slice(index, 1).cast(pl.Int32, strict=False)

    total = reduce(lambda left, right: left + right, (at(i) * w for i, w in enumerate(digit.weights)))
    agrees = (digit.base - total % digit.modulus) == at(len(digit.weights))
    return value.str.len_chars().is_in(list(digit.lengths)).not_() | agrees


def _list_rejected(
    frame: pl.DataFrame, wanted: Mapping[str, str], broken: pl.DataFrame, bad: pl.Series
) -> pl.DataFrame:
    """Return one row per rejected row: its position, the first field and rule broken, and all reasons in words."""
    rows = broken.with_row_index("row").filter(bad)
    named = [name for name in broken.columns if rows[name].null_count() < rows.height]
    if not named:
        return pl.DataFrame(schema=REJECTED_SCHEMA)
    values = frame.filter(bad)
    words = [_describe_faults(name, rows[name], values[name], wanted.get(name, "")) for name in named]
    first = pl.coalesce(pl.when(pl.col(name).is_not_null()).then(pl.lit(name)) for name in named)
    return rows.select(
        "row",
        first.alias("field"),
        pl.coalesce(named).alias("rule"),
        pl.concat_str([pl.lit(said) for said in words], separator="; ", ignore_nulls=True).alias("reason"),
    )


def _describe_faults(name: str, rules: pl.Series, values: pl.Series, wanted: str) -> pl.Series:
    """Describe the fault in each value of a field; null if there is none."""
    said = [
        None
        if rule is None
        else f"{name} {RULE_MESSAGES[rule].format(expected=wanted, form=describe_form(value or ''))}"
        for rule, value in zip(rules, values, strict=True)
    ]
    return pl.Series(said, dtype=pl.String)
