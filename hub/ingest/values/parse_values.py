"""Parse values: what a source wrote becomes what the schema wants, or a fault. Pure: Polars expressions of one text.

The law: no text is accepted that another reading would take for another value. `1.250` is 1250 in Vietnam and 1.25 elsewhere,
so it is a number only where the manifest says how numbers are written; a day is read by the formats of the manifest or as
ISO 8601; an instant is the day that it has in the source's time zone. Numbers that had a type at the source never get here in
a doubtful notation: `hub.ingest.values.typed_numbers` writes them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial, reduce

import polars as pl

from hub.model.registry import Column
from hub.sdk.mapping import FieldMapping, Split
from schema.values import Clean, CodeList, PartialDate, Storage, Value

PLAIN = r"^-?[0-9]+(\.[0-9]+)?$"
GROUPED_OR_DECIMAL = r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$"
"""A thousand to one reader, one and no more to another."""
NOTATIONS = {
    "vi": "^-?([1-9][0-9]{0,2}([.][0-9]{3})+|[1-9][0-9]{0,2}([ \u00a0\u202f][0-9]{3})+|[0-9]+)(,[0-9]+)?$",
    "en": r"^-?([1-9][0-9]{0,2}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?$",
}
"""Notation of numbers → its form, whole: separators stand where they may, or the text is no number."""
GROUPS = {"vi": "[. \u00a0\u202f]", "en": ","}
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
OFFSET = r"(?:Z|[+-][01][0-9](?::?[0-5][0-9])?)"
DAY_WITH_OFFSET = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{OFFSET}$"
"""xs:date: the calendar day as written; its offset moves nothing."""
INSTANT = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ][0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?{OFFSET}?$"
FLOAT_OF_INTEGER = r"^[0-9]+\.0+$"
"""An identifier that some program kept as a floating-point number: with the dot taken out it is another identifier."""
SECOND_US = 1_000_000
EPOCHS = {"epoch_s": SECOND_US, "epoch_ms": 1_000}
"""Format → microseconds of one unit."""
LARGEST_EPOCH_S = 10_000_000_000
"""In the year 2286. A smaller number of milliseconds that is not a whole hour is more probably one of seconds."""
HOUR_MS = 3_600_000
MOST_DECIMALS = 12
"""Decimals of a number that is scaled: with the six that a factor may have, the product is exact."""
WHOLE = (Storage.INTEGER, Storage.BIGINT)
NUMBERS = (*WHOLE, Storage.NUMERIC)

FORM, TWO_READINGS, CODE = "pattern", "two_readings", "code"
"""The rules that a reading can find broken: `hub.ingest.transform.check` has the words."""


@dataclass(frozen=True)
class Read:
    """What is read of a text, and the rule that it breaks where it cannot be read: then `value` is as it was written."""

    value: pl.Expr
    fault: pl.Expr


def is_number(column: Column) -> bool:
    """Whether a field holds a number."""
    return column.value.storage in NUMBERS


def is_date(column: Column) -> bool:
    """Whether a field holds a date."""
    return column.value.storage is Storage.DATE or issubclass(column.value, PartialDate)


def is_identifier(value: type[Value]) -> bool:
    """Whether dots and spaces are taken out of its values, so that a decimal would become another identifier."""
    return Clean.NO_SEPARATORS in value.clean


def is_read_already(values: pl.Series, mapping: FieldMapping, column: Column) -> bool:
    """Whether a reading would leave all values as they are. Most columns are so: one look is cheaper than a reading."""
    if mapping.turns:
        return False
    if column.value.storage in WHOLE:
        return bool(values.str.contains(r"^-?[0-9]+$").all())
    if column.value.storage is Storage.NUMERIC:
        return bool(values.str.contains(r"^-?[0-9]+(\.[0-9]{1,2}|\.[0-9]{4})?$").all())
    if is_date(column):
        return bool(values.str.contains(r"^[0-9]{4}(-[0-9]{2}-[0-9]{2})?$").all())
    return not (is_identifier(column.value) and values.str.contains(r"\.0+\s*$").any())


def read(values: pl.Series, mapping: FieldMapping, column: Column, zone: str) -> pl.DataFrame:
    """The reading of texts as the manifest declares it for a field: `value`, and `fault`, the rule that a text breaks, which then
    is the value as it was written. Times without an offset are of `zone`.
    """
    frame = pl.DataFrame({"text": values, "value": values}).with_columns(pl.lit(None, pl.String).alias("fault"))
    for step in _steps(mapping, column, zone):
        # One by one: as one expression, each would stand within the next many times over.
        found = step(Read(pl.col("value"), pl.col("fault")))
        frame = frame.select("text", found.value.alias("value"), found.fault.alias("fault"))
    unread = pl.col("fault").is_not_null()
    return frame.select(pl.when(unread).then("text").otherwise("value").alias("value"), "fault")


def _steps(mapping: FieldMapping, column: Column, zone: str) -> Iterator[Callable[[Read], Read]]:
    """What is done to a text, in order."""
    if mapping.split is not None:
        yield partial(_split, split=mapping.split, zone=zone if is_date(column) else None)
    if mapping.null:
        nulls = list(_nulls(mapping))
        yield lambda found: Read(pl.when(found.value.is_in(nulls)).then(None).otherwise(found.value), found.fault)
    if mapping.pad is not None:
        digits = mapping.pad
        yield lambda found: Read(_padded(found.value, digits), found.fault)
    if mapping.number is not None or mapping.scale is not None or is_number(column):
        yield from _number_steps(mapping, column)
    if mapping.codes:
        yield partial(_code, mapping=mapping, column=column)
    if mapping.formats or is_date(column):
        yield lambda found: Read(found.value.str.strip_chars(), found.fault)
        yield partial(_date, formats=mapping.formats, column=column, zone=zone)
    if is_identifier(column.value):
        yield _no_float


def _no_float(found: Read) -> Read:
    return _fails(found, found.value.str.strip_chars().str.contains(FLOAT_OF_INTEGER), FORM)


def _fails(found: Read, broken: pl.Expr, rule: str) -> Read:
    """With a fault where it is broken and has none yet. What is empty is null, and never a fault."""
    filled = found.value.str.strip_chars() != ""
    return Read(
        found.value, pl.coalesce(found.fault, pl.when(filled & broken.fill_null(value=True)).then(pl.lit(rule)))
    )


def _takes(found: Read, parsed: pl.Expr, rule: str | pl.Expr = FORM) -> Read:
    """What was parsed, and a fault where nothing could be."""
    given = rule if isinstance(rule, pl.Expr) else pl.lit(rule)
    filled = (found.value.str.strip_chars() != "") & found.fault.is_null()
    fault = pl.coalesce(found.fault, pl.when(filled & parsed.is_null()).then(given))
    return Read(pl.coalesce(pl.when(found.fault.is_null()).then(parsed), found.value), fault)


def _split(found: Read, split: Split, zone: str | None) -> Read:
    """A part of the text. The day that is cut from an instant is the day of the instant in `zone`, not the one of its offset."""
    text = found.value
    if split.pattern is not None:
        part = text.str.extract(split.pattern)
        fault: pl.Expr = pl.when((text.str.strip_chars() != "") & part.is_null()).then(pl.lit(FORM))
    else:
        part = text.str.split(split.by or "").list.get(split.take, null_on_oob=True).str.strip_chars()
        fault = found.fault
    part = pl.when(fault.is_null()).then(part).otherwise(text)
    if zone is not None:
        whole = text.str.strip_chars()
        of_instant = whole.str.contains(INSTANT) & (part == whole.str.slice(0, 10))
        part = pl.when(of_instant).then(local_day(whole, zone)).otherwise(part)
    return Read(part, fault)


def _nulls(mapping: FieldMapping) -> set[str]:
    """The texts that mean nothing; where numbers are in a notation, those as a typed number is written in it, too."""
    listed = set(mapping.null)
    return listed | {text.replace(".", ",") for text in listed} if mapping.number == "vi" else listed


def _padded(value: pl.Expr, digits: int) -> pl.Expr:
    """Leading zeros for what is digits and too short. Zeros alone are no identifier: they stay as they are."""
    text = value.str.strip_chars()
    return pl.when(text.str.contains(r"^[0-9]*[1-9][0-9]*$")).then(text.str.zfill(digits)).otherwise(value)


# --- Numbers ---------------------------------------------------------------------------------------------------------


def _number_steps(mapping: FieldMapping, column: Column) -> Iterator[Callable[[Read], Read]]:
    yield lambda found: Read(found.value.str.strip_chars(), found.fault)
    yield _plain_number if mapping.number is None else partial(_in_notation, notation=mapping.number)
    if mapping.scale is not None:
        factor = mapping.scale
        yield lambda found: _takes(found, _scaled(found.value, factor))
    if column.value.storage in WHOLE:
        yield lambda found: _takes(found, found.value.str.extract(r"^(-?[0-9]+)(?:\.0+)?$"))
    elif column.value.storage is Storage.NUMERIC:
        # Beyond what a source calculates with, zeros say nothing: 120.500000.
        yield lambda found: _takes(found, found.value.str.replace(r"^(-?[0-9]+\.[0-9]{4}[0-9]*?)0+$", "$1"))


def _plain_number(found: Read) -> Read:
    doubtful = found.value.str.contains(GROUPED_OR_DECIMAL)
    parsed = pl.when(found.value.str.contains(PLAIN) & ~doubtful).then(found.value)
    return _takes(found, parsed, pl.when(doubtful).then(pl.lit(TWO_READINGS)).otherwise(pl.lit(FORM)))


def _in_notation(found: Read, notation: str) -> Read:
    plain = found.value.str.replace_all(GROUPS[notation], "")
    plain = plain.str.replace(",", ".", literal=True) if notation == "vi" else plain
    return _takes(found, pl.when(found.value.str.contains(NOTATIONS[notation])).then(plain))


def _scaled(value: pl.Expr, factor: float) -> pl.Expr:
    """Times a factor, in decimals: 0.1 ha is 1000 m², not 1000.0000000000001. Null where it cannot be done exactly."""
    few = value.str.contains(rf"^-?[0-9]{{1,15}}(\.[0-9]{{1,{MOST_DECIMALS}}})?$")
    number = pl.when(few).then(value).str.to_decimal(scale=MOST_DECIMALS + 6)
    result = (number * pl.lit(Decimal(str(factor)))).cast(pl.String)
    return result.str.strip_chars_end("0").str.strip_chars_end(".")


# --- Codes -----------------------------------------------------------------------------------------------------------


def _code(found: Read, mapping: FieldMapping, column: Column) -> Read:
    """The code for what the source writes. In a code list nothing else is read: another value may mean another code there."""
    text = found.value.str.strip_chars()
    table = codes_of(mapping, column)
    if not issubclass(column.value, CodeList):
        return Read(text.replace(table), found.fault)
    return _takes(found, text.str.normalize("NFC").replace_strict(table, default=None, return_dtype=pl.String), CODE)


def codes_of(mapping: FieldMapping, column: Column) -> dict[str, str]:
    """What the source writes → the code of the list."""
    if isinstance(mapping.codes, dict):
        return mapping.codes
    assert issubclass(column.value, CodeList)  # hub.ingest.connectors has checked it
    return {getattr(label, mapping.codes): code for code, label in column.value.codes.items()}


# --- Dates -----------------------------------------------------------------------------------------------------------


def _date(found: Read, formats: tuple[str, ...], column: Column, zone: str) -> Read:
    text = found.value
    parsed = pl.coalesce(*(in_format(text, pattern, zone) for pattern in formats), _iso(text, column, zone))
    if not is_date(column):
        return Read(pl.coalesce(parsed, found.value), found.fault)  # evidence, kept as it was written
    return _takes(found, parsed)


def _iso(text: pl.Expr, column: Column, zone: str) -> pl.Expr:
    day: pl.Expr = pl.when(text.str.contains(DAY)).then(text)
    day = pl.coalesce(day, pl.when(text.str.contains(DAY_WITH_OFFSET)).then(text.str.slice(0, 10)))
    year = pl.when(text.str.contains(r"^[0-9]{4}$") & issubclass(column.value, PartialDate)).then(text)
    return pl.coalesce(day, year, local_day(text, zone))


def in_format(text: pl.Expr, pattern: str, zone: str) -> pl.Expr:
    """The day or year in ISO form where the text is of this format, null elsewhere."""
    if pattern in EPOCHS:
        return _epoch_day(text, pattern, zone)
    if pattern == "%Y":
        return pl.when(text.str.contains(r"^[0-9]{4}$")).then(text)
    if "%z" in pattern:
        moment = text.str.to_datetime(pattern, time_zone="UTC", strict=False)
        return moment.dt.convert_time_zone(zone).dt.to_string("%Y-%m-%d")
    ascii_only = pl.when(text.str.contains(r"^[\x20-\x7e]*$")).then(text)
    day = ascii_only.str.to_date(pattern, strict=False)
    # 5/1/26 would be a day of the year 26.
    return pl.when(day.dt.year().is_between(1000, 2199)).then(day.dt.to_string("%Y-%m-%d"))


def _epoch_day(text: pl.Expr, pattern: str, zone: str) -> pl.Expr:
    count = pl.when(text.str.contains(r"^-?[0-9]{1,15}(\.0+)?$")).then(text.str.extract(r"^(-?[0-9]+)")).cast(pl.Int64)
    fits = count.abs() * (EPOCHS[pattern] // 1_000) < 10**15
    if pattern == "epoch_ms":
        fits &= (count.abs() >= LARGEST_EPOCH_S) | (count % HOUR_MS == 0)
    moment = (pl.when(fits).then(count) * EPOCHS[pattern]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return moment.dt.convert_time_zone(zone).dt.to_string("%Y-%m-%d")


def instant(text: pl.Expr, zone: str) -> pl.Expr:
    """An ISO 8601 time as UTC; one without an offset is of `zone`, a day is its beginning there. Null where it is none."""
    clock = text.str.extract(r"^[0-9-]{10}[T ]([0-9:]{5,8})").fill_null("00:00")
    seconds = clock.str.extract(r"^[0-9]{2}:[0-9]{2}:([0-9]{2})").fill_null("00")
    written = pl.concat_str(text.str.slice(0, 10), pl.lit("T"), clock.str.slice(0, 5), pl.lit(":"), seconds)
    fraction = text.str.extract(r"\.([0-9]{1,6})").str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    given = pl.when(text.str.contains(INSTANT) | text.str.contains(DAY)).then(written)
    moment = given.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False) + pl.duration(
        microseconds=fraction
    )
    offset = text.str.slice(10).str.extract(rf"({OFFSET})$")
    minutes = offset.str.extract(r"^[+-]([0-9]{2})").cast(pl.Int64) * 60 + offset.str.extract(
        r"^[+-][0-9]{2}:?([0-9]{2})$"
    ).cast(pl.Int64).fill_null(0)
    signed = pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes).fill_null(0)
    with_offset = (moment - pl.duration(minutes=signed)).dt.replace_time_zone("UTC")
    local = moment.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    return pl.when(offset.is_not_null()).then(with_offset).otherwise(local)


def with_offset(text: pl.Expr, zone: str) -> pl.Expr:
    """An ISO 8601 time with its offset: as written where it has one, that of `zone` where it has none. Null where it is no time."""
    moment = instant(text, zone)
    local = moment.dt.convert_time_zone(zone).dt.to_string("%Y-%m-%dT%H:%M:%S%.f%:z")
    stated = text.str.slice(10).str.contains(rf"{OFFSET}$")
    return pl.when(moment.is_not_null() & stated).then(text).otherwise(local)


def local_day(text: pl.Expr, zone: str) -> pl.Expr:
    """The day that a time has in a zone; of a time without an offset, which is of that zone, the day as written."""
    timed = pl.when(text.str.contains(INSTANT)).then(text)
    return instant(timed, zone).dt.convert_time_zone(zone).dt.to_string("%Y-%m-%d")


@cache
def conflicting_formats(formats: tuple[str, ...]) -> tuple[str, str] | None:
    """Two formats of which one reads a text of the other as another day; None where no text can be read two ways.

    ISO days and years are always read, so a format that takes one of them for another day is one of such a pair.
    """
    if not set(formats) - {"%d/%m/%Y", "%Y-%m-%d"}:
        return None
    days = pl.DataFrame({"day": pl.date_range(pl.date(2000, 1, 1), pl.date(2012, 12, 31), eager=True)})
    known = list(dict.fromkeys((*formats, "%Y-%m-%d")))
    texts = {pattern: days.select(_written(pattern)).to_series() for pattern in known}
    meant = {pattern: days.select(_meant(pattern)).to_series() for pattern in known}
    for one in known:
        for other in known:
            if one != other:
                taken = texts[one].to_frame("t").select(in_format(pl.col("t"), other, "UTC")).to_series()
                if (taken.is_not_null() & (taken != meant[one])).any():
                    return one, other
    return None


def _written(pattern: str) -> pl.Expr:
    if pattern in EPOCHS:
        return (pl.col("day").cast(pl.Datetime("us")).cast(pl.Int64) // EPOCHS[pattern]).cast(pl.String)
    return pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").dt.to_string(pattern)


def _meant(pattern: str) -> pl.Expr:
    return pl.col("day").dt.to_string("%Y" if pattern == "%Y" else "%Y-%m-%d")


def separator_faults(parts: list[tuple[pl.Expr, str]]) -> pl.Expr:
    """Whether a part of a template holds the separator that stands after it: then two rows can become one text."""
    held = [part.str.contains(separator, literal=True).fill_null(value=False) for part, separator in parts if separator]
    return reduce(lambda left, right: left | right, held, pl.lit(value=False))
