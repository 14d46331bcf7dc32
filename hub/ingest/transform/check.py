"""Check: the cleaning and checking of value types, as Polars expressions. Pure: frame in, accepted and rejected out.

For every value type the expression here and `Value.parse` in schema/ are the same rule; a property test holds them to it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial, reduce

import polars as pl

from hub.ingest.transform.map import DIGEST, FAULT, SOURCE_KEY
from hub.ingest.values.distinct_values import by_distinct
from hub.ingest.values.expected_forms import expected, form_of
from hub.model.registry import Column, Entity
from hub.sdk.mapping import Emit
from schema import units
from schema.values import WHITE, CheckDigit, Clean, CodeList, Storage, Value

RULES: Mapping[str, str] = {
    "required": "is missing",
    "pattern": "must be {expected}; it is {form}",
    "two_readings": 'must be {expected}; {form} can be read two ways: declare number = "vi" or "en"',
    "unit": "names an administrative unit that had no such code on this date",
    "check_digit": "has a wrong check digit",
    "date": "is not a day of the calendar; it must be {expected}",
    "range": "is out of range; it must be {expected}",
    "code": "is not in the code list",
    "ambiguous": "could be one of several: more than one item of the list meets the condition in its path",
}
"""Rule → what a person reads after the name of the field: `{expected}` is the form with an example, `{form}` that of the value.
Never the value.
"""

NONE_AMBIGUOUS: Mapping[str, pl.Series] = {}
EARLIEST = pl.date(1, 1, 1)
NOT_STABLE = r"[^\x00-\x{cf}\x{d1}-\x{ef}\x{f1}-\x{2ff}\x{1ea0}-\x{1ef9}]"
"""Anything but letters that NFC leaves alone where no combining mark stands beside them; Ð and ð, too, are changed."""
STEPS: Mapping[Clean, tuple[str, Callable[[pl.Series], pl.Series]]] = {
    Clean.NFC: (NOT_STABLE, lambda s: s.str.normalize("NFC").str.replace_many(["ð", "Ð"], ["đ", "Đ"])),
    Clean.SPACES: (
        f"^ | $|  |[{WHITE.replace(' ', '')}]",
        lambda s: s.str.replace_all(f"[{WHITE}]+", " ").str.strip_chars(" "),
    ),
    Clean.NO_SEPARATORS: (f"[{WHITE}.\\-_]", lambda s: s.str.replace_all(f"[{WHITE}.\\-_]", "")),
    Clean.UPPER: (r"[^\x00-\x60\x7b-\x7f]", lambda s: s.str.to_uppercase()),
    Clean.LOWER: (r"[^\x00-\x40\x5b-\x7f]", lambda s: s.str.to_lowercase()),
}
"""Step → which values it can change at all, and the change. Most values are clean: to look is cheaper than to rewrite."""


@dataclass(frozen=True)
class Checked:
    """Accepted rows in canonical text; the rejected ones: their position in the input, field, rule, reason; and all `faults`:
    the position of every row with one, and for each field the rule that it breaks. `discarded` values became null.
    """

    accepted: pl.DataFrame
    rejected: pl.DataFrame
    faults: pl.DataFrame
    discarded: int = 0


def check(
    frame: pl.DataFrame,
    entity: Entity,
    *,
    emit: Emit | None = None,
    discard: bool = False,
    ambiguous: Mapping[str, pl.Series] = NONE_AMBIGUOUS,
) -> Checked:
    """Clean every mapped column of an entity, and part the rows that keep the rules from those that do not.

    `emit` says how the columns were read, for the words of a rejection; `ambiguous` has, by field, which rows offer several
    values for it. With `discard`, a value that breaks a rule becomes null where its field may be, and its row is accepted.
    """
    unread = {name.removeprefix(FAULT): frame[name] for name in frame.columns if name.startswith(FAULT)}
    frame = frame.drop(FAULT + name for name in unread)
    columns = [column for column in entity.columns if column.name in frame.columns]
    judged = {c.name: by_distinct(frame[c.name], partial(_judged, column=c)) for c in columns}
    keyless = pl.when(pl.col(SOURCE_KEY).is_null()).then(pl.lit("required")).alias(SOURCE_KEY)
    broken = frame.select(keyless).with_columns(found["broken"].alias(name) for name, found in judged.items())
    broken = broken.with_columns(
        pl.coalesce(fault, pl.lit(broken[name])).alias(name) for name, fault in unread.items() if name in judged
    )
    broken = broken.with_columns(
        pl.when(marked).then(pl.lit("ambiguous")).otherwise(pl.col(name)).alias(name)
        for name, marked in ambiguous.items()
    )
    words = partial(_rejects, frame, {column.name: expected(column, emit) for column in columns})
    canonical = frame.with_columns(found["accepted"].alias(name) for name, found in judged.items())
    faulty = _any(broken)
    if not faulty.any():
        return Checked(canonical, words(broken.clear(), faulty.clear()), broken.clear().with_row_index("row"))
    faults = broken.with_row_index("row").filter(faulty)
    if not discard or faults.is_empty():
        return Checked(canonical.filter(~faulty), words(broken, faulty), faults)
    loose = [c.name for c in columns if c.nullable]
    hard = broken.drop(loose)
    bad = _any(hard)
    emptied = _emptied(canonical, broken, loose).filter(~bad)
    discarded = sum(broken.filter(~bad).select(pl.col(loose).is_not_null().sum()).row(0)) if loose else 0
    return Checked(emptied, words(hard, bad), faults, discarded)


def _any(broken: pl.DataFrame) -> pl.Series:
    """Which rows have a fault: a column without one costs nothing."""
    some = [name for name in broken.columns if broken[name].null_count() < broken.height]
    return broken.select(
        pl.any_horizontal(pl.col(some).is_not_null()) if some else pl.repeat(value=False, n=broken.height)
    ).to_series()


def _emptied(canonical: pl.DataFrame, broken: pl.DataFrame, loose: Sequence[str]) -> pl.DataFrame:
    """Without the values that break a rule. Such a row has no digest, so that the next full read looks at it again."""
    nulls = [pl.when(broken[name].is_null()).then(pl.col(name)).alias(name) for name in loose]
    if DIGEST in canonical.columns and loose:
        whole = broken.select(pl.all_horizontal(pl.col(loose).is_null())).to_series()
        nulls.append(pl.when(whole).then(pl.col(DIGEST)).otherwise(0).alias(DIGEST))
    return canonical.with_columns(nulls)


def _judged(values: pl.Series, column: Column) -> pl.DataFrame:
    """The values of a column as they are stored, `accepted`, and the rule that each breaks, `broken`."""
    named = values.alias(column.name)
    # Of clean values one look is all: what each operation costs, however few values it has, was most of the time of a check.
    looked = named.to_frame().select(_look(column))
    if looked["dirty"].any():
        cleaned = named.to_frame().select(clean(pl.col(column.name), column.value))
    elif column.value.dated_unit:
        cleaned = named.to_frame()
    else:
        return looked.select(named.alias("accepted"), "broken")
    resolved = None
    if column.value.dated_unit:
        cleaned = cleaned.with_columns(canonical_units(cleaned[column.name]).alias("@"))
        resolved = pl.col("@")
    accepted = resolved if resolved is not None else pl.col(column.name)
    return cleaned.select(accepted.alias("accepted"), _broken(column, resolved).alias("broken"))


@cache
def _look(column: Column) -> tuple[pl.Expr, ...]:
    """Whether cleaning changes any of the values, `dirty`; and which rule each breaks as it is, `broken`."""
    value = pl.col(column.name)
    concerned = "|".join(f"(?:{STEPS[step][0]})" for step in column.value.clean)
    dirty = (value == "").any() | (value.str.contains(concerned).any() if concerned else pl.lit(value=False))
    broken = pl.lit(None, pl.String) if column.value.dated_unit else _broken(column, None)
    return dirty.alias("dirty"), broken.alias("broken")


def clean(value: pl.Expr, kind: type[Value]) -> pl.Expr:
    """The cleaning of a value type; empty becomes null."""
    done = value.map_batches(lambda series: reduce(_step, kind.clean, series), return_dtype=pl.String)
    return pl.when(done != "").then(done)


def _step(values: pl.Series, step: Clean) -> pl.Series:
    concerned, change = STEPS[step]
    at = values.str.contains(concerned).arg_true()
    return values if at.is_empty() else values.scatter(at, change(values.gather(at)))


def rule(value: pl.Expr, kind: type[Value], resolved: pl.Expr | None = None) -> pl.Expr:
    """The name of the rule that a cleaned value breaks; null where it keeps all, or is null itself.

    `resolved` is the value with its administrative unit made canonical, where the type has one.
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
        tests.append(("check_digit", _agrees(value, kind.check_digit)))
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


def canonical_units(values: pl.Series) -> pl.Series:
    """`06820@2019-05-05:12:345` → `06820@..:12:345`, by the unit that had the code on the day; null where none had."""
    parts = (
        values.to_frame("value")
        .with_row_index("row")
        .with_columns(
            pl.col("value").str.extract(r"^([^@:]*)@").alias("code"),
            pl.col("value").str.extract(r"^[^@:]*@([^:]*)").alias("on"),
            pl.col("value").str.extract(r"^[^:]*(:.*)$").fill_null("").alias("rest"),
        )
    )
    day = (
        pl.when(pl.col("on") == units.OPEN_START)
        .then(EARLIEST)
        .otherwise(
            pl.when(pl.col("on").str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")).then(
                pl.col("on").str.to_date("%Y-%m-%d", strict=False)
            )
        )
    )
    joined = parts.with_columns(day.alias("day")).join(_eras(), on="code", how="left")
    open_only = (pl.col("on") != units.OPEN_START) | (pl.col("start") == EARLIEST)
    held = joined.filter(
        (pl.col("start") <= pl.col("day")) & (pl.col("end").is_null() | (pl.col("day") < pl.col("end"))) & open_only
    )
    found = held.select("row", pl.concat_str("key", "rest").alias("canonical"))
    return parts.join(found, on="row", how="left", maintain_order="left")["canonical"].alias(values.name)


@cache
def _eras() -> pl.DataFrame:
    rows = [
        (code, start or None, end or None, f"{code}@{start or units.OPEN_START}")
        for code, periods in units.eras().items()
        for start, end in periods
    ]
    frame = pl.DataFrame(
        rows, schema={"code": pl.String, "start": pl.String, "end": pl.String, "key": pl.String}, orient="row"
    )
    return frame.with_columns(pl.col("start").str.to_date().fill_null(EARLIEST), pl.col("end").str.to_date())


def _broken(column: Column, resolved: pl.Expr | None) -> pl.Expr:
    value = pl.col(column.name)
    when_null = pl.lit(None, pl.String) if column.nullable else pl.lit("required")
    return pl.when(value.is_null()).then(when_null).otherwise(rule(value, column.value, resolved))


def _agrees(value: pl.Expr, digit: CheckDigit) -> pl.Expr:
    def at(index: int) -> pl.Expr:
        return value.str.slice(index, 1).cast(pl.Int32, strict=False)

    total = reduce(lambda left, right: left + right, (at(i) * w for i, w in enumerate(digit.weights)))
    agrees = (digit.base - total % digit.modulus) == at(len(digit.weights))
    return value.str.len_chars().is_in(list(digit.lengths)).not_() | agrees


def _rejects(frame: pl.DataFrame, wanted: Mapping[str, str], broken: pl.DataFrame, bad: pl.Series) -> pl.DataFrame:
    """One row for each rejected row: position, first field and rule broken, and all of them in words."""
    rows = broken.with_row_index("row").filter(bad)
    values = frame.filter(bad) if len(bad) else frame.clear()
    words = [_words(name, rows[name], values[name], wanted.get(name, "")) for name in broken.columns]
    first = pl.coalesce(pl.when(pl.col(name).is_not_null()).then(pl.lit(name)) for name in broken.columns)
    return rows.select(
        "row",
        first.alias("field"),
        pl.coalesce(broken.columns).alias("rule"),
        pl.concat_str([pl.lit(said) for said in words], separator="; ", ignore_nulls=True).alias("reason"),
    )


def _words(name: str, rules: pl.Series, values: pl.Series, wanted: str) -> pl.Series:
    """What is wrong with each value of a field; null where nothing is."""
    if rules.null_count() == len(rules):
        return pl.repeat(None, len(rules), dtype=pl.String, eager=True)
    said = [
        None if rule is None else f"{name} {RULES[rule].format(expected=wanted, form=form_of(value or ''))}"
        for rule, value in zip(rules, values, strict=True)
    ]
    return pl.Series(said, dtype=pl.String)
