"""Parse values: turn the text of a source into the form that the schema expects, or into a fault. Pure: Polars
expressions.

Rule: a text that has two readings is never accepted. `1.250` is 1250 in Vietnam and 1.25 elsewhere, so it counts as a
number only if the manifest declares the notation. Days are parsed by the formats of the manifest or as ISO 8601. An
instant becomes the day it falls on in the source's time zone. Numbers that are typed at the source never arrive in a
doubtful notation: see `hub.ingest.values.typed_numbers`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial, reduce
from itertools import zip_longest

import polars as pl

from hub.ingest.values.digit_forms import find_digit_form
from hub.model.registry import Column
from hub.sdk.mapping import FieldMapping, Split
from schema.values import Clean, CodeList, PartialDate, Storage, Value

PLAIN_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
GROUPED_OR_DECIMAL = r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$"
"""A thousand in one notation, a decimal in another."""
NUMBER_FORMS = {
    "vi": "^-?([1-9][0-9]{0,2}([.][0-9]{3})+|[1-9][0-9]{0,2}([ \u00a0\u202f][0-9]{3})+|[0-9]+)(,[0-9]+)?$",
    "en": r"^-?([1-9][0-9]{0,2}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?$",
}
"""Number notation → the complete form. Separators must be in their places, or the text is not a number."""
GROUP_SEPARATORS = {"vi": "[. \u00a0\u202f]", "en": ","}
DAY_FORM, CLOCK_FORM = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-2][0-9]:[0-5][0-9]"
ISO_DAY = f"^{DAY_FORM}$"
UTC_OFFSET = r"(?:Z|[+-][01][0-9](?::?[0-5][0-9])?)"
ISO_DAY_WITH_OFFSET = f"^{DAY_FORM}{UTC_OFFSET}$"
"""xs:date: the calendar day as written. Its offset does not move the day."""
ISO_INSTANT = rf"^{DAY_FORM}[T ]{CLOCK_FORM}(?::[0-5][0-9](?:\.[0-9]+)?)?{UTC_OFFSET}?$"
TIME_PARTS = (
    f"^(?<day>{DAY_FORM})(?:[T ](?<clock>{CLOCK_FORM})"
    rf"(?::(?<second>[0-5][0-9])(?:\.(?<fraction>[0-9]{{1,6}})[0-9]*)?)?(?<offset>{UTC_OFFSET})?)?$"
)
"""The parts of an ISO day or instant. Digits of the fraction beyond microseconds are dropped."""
CLOCK_TIME = f"[T ]{CLOCK_FORM}"
"""What every instant contains. Parsing instants takes most of the time of parsing a date, and few columns of dates have any."""
FLOAT_OF_INTEGER = r"^[0-9]+\.0+$"
"""An identifier that some program stored as a floating-point number. Without the dot it would be another identifier."""
EPOCH_SECOND_US = 1_000_000
EPOCH_UNITS_US = {"epoch_s": EPOCH_SECOND_US, "epoch_ms": 1_000}
"""Format → microseconds per unit."""
LARGEST_EPOCH_S = 10_000_000_000
"""In the year 2286. A smaller count of milliseconds that is not a whole hour is more likely a count of seconds."""
HOUR_MS = 3_600_000
MAX_SCALED_DECIMALS = 12
"""Decimals of a number that is scaled. Together with the six decimals that a factor may have, the product stays exact.
"""
WHOLE_STORAGES = (Storage.INTEGER, Storage.BIGINT)
NUMBER_STORAGES = (*WHOLE_STORAGES, Storage.NUMERIC)

FAULT_PREFIX = "#fault:"
"""Prefix of a field name: the column with the rule that an unparsable value breaks."""
FORM_RULE, TWO_READINGS_RULE, CODE_RULE = "pattern", "two_readings", "code"
"""Rules that parsing can find broken. Their messages are in `hub.ingest.transform.check`."""


@dataclass(frozen=True)
class ParsedValue:
    """A parsed value and the rule that it breaks. If a rule is broken, `value` is the original text."""

    value: pl.Expr
    fault: pl.Expr


def is_number(column: Column) -> bool:
    """Whether a field holds a number."""
    return column.value.storage in NUMBER_STORAGES


def is_date(column: Column) -> bool:
    """Whether a field holds a date."""
    return column.value.storage is Storage.DATE or issubclass(column.value, PartialDate)


def is_identifier(value: type[Value]) -> bool:
    """Whether cleaning removes dots and spaces from the values, so that a decimal would become another identifier."""
    return Clean.NO_SEPARATORS in value.clean


def find_unparsed(texts: pl.DataFrame, declared: Mapping[str, tuple[FieldMapping, Column]]) -> set[str]:
    """Return the fields in which parsing may change a value. Most need none, and looking is cheaper than parsing."""
    if not declared:
        return set()
    looked = texts.select(_may_change(mapping, column).alias(name) for name, (mapping, column) in declared.items())
    return {name for name, may_change in looked.row(0, named=True).items() if may_change}


def _may_change(mapping: FieldMapping, column: Column) -> pl.Expr:
    """Whether parsing may change a text of this field: one truth value for all texts, never false if one would change."""
    text = pl.col(column.name)
    if mapping.converts:
        return pl.lit(value=True)
    if column.value.storage in WHOLE_STORAGES:
        return ~text.str.contains(r"^-?[0-9]+$").all()
    if column.value.storage is Storage.NUMERIC:
        return ~text.str.contains(r"^-?[0-9]+(\.[0-9]{1,2}|\.[0-9]{4})?$").all()
    if is_date(column):
        return ~text.str.contains(r"^[0-9]{4}(-[0-9]{2}-[0-9]{2})?$").all()
    return text.str.contains(r"\.0+\s*$").any() if is_identifier(column.value) else pl.lit(value=False)


def parse_columns(texts: pl.DataFrame, declared: Mapping[str, tuple[FieldMapping, Column]], zone: str) -> pl.DataFrame:
    """Parse the texts of some fields as the manifest declares. Times without an offset are in `zone`.

    A column named `#fault:` and the field has the rule that a text breaks; the field's own column then has the text.
    """
    frame = texts.with_columns(pl.lit(None, pl.String).alias(FAULT_PREFIX + name) for name in texts.columns)
    timed = texts.select(pl.all().str.contains(CLOCK_TIME).any()).row(0, named=True) if texts.width else {}
    steps = {
        name: _list_steps(*declared[name], zone, timed=bool(declared[name][0].codes) or bool(timed[name]))
        for name in texts.columns
    }
    # Run step by step: as one expression, each step would be repeated many times within the next.
    for together in zip_longest(*steps.values()):
        found = {name: step(_refer_to(name)) for name, step in zip(steps, together, strict=True) if step is not None}
        values = [now.value.alias(name) for name, now in found.items()]
        frame = frame.with_columns(*values, *(now.fault.alias(FAULT_PREFIX + name) for name, now in found.items()))
    return frame.with_columns(
        pl.when(pl.col(FAULT_PREFIX + text.name).is_null()).then(text.name).otherwise(text).alias(text.name)
        for text in texts
    )


def _refer_to(name: str) -> ParsedValue:
    return ParsedValue(pl.col(name), pl.col(FAULT_PREFIX + name))


def _list_steps(
    mapping: FieldMapping, column: Column, zone: str, *, timed: bool
) -> Iterator[Callable[[ParsedValue], ParsedValue]]:
    """Yield the parsing steps in order. `timed` says whether a text may be an instant."""
    if mapping.split is not None:
        yield partial(_take_split, split=mapping.split, zone=zone if is_date(column) and timed else None)
    if mapping.null:
        nulls = list(_list_null_texts(mapping))
        yield lambda found: ParsedValue(
            pl.when(found.value.is_in(nulls)).then(None).otherwise(found.value), found.fault
        )
    if mapping.pad is not None:
        digits = mapping.pad
        yield lambda found: ParsedValue(_pad_digits(found.value, digits), found.fault)
    if mapping.number is not None or mapping.scale is not None or is_number(column):
        yield from _list_number_steps(mapping, column)
    if mapping.codes:
        yield partial(_parse_code, mapping=mapping, column=column)
    if mapping.formats or is_date(column):
        yield lambda found: ParsedValue(found.value.str.strip_chars(), found.fault)
        yield partial(_parse_date, formats=mapping.formats, column=column, zone=zone, timed=timed)
    if is_identifier(column.value):
        yield _reject_float


def _reject_float(found: ParsedValue) -> ParsedValue:
    return _add_fault(found, found.value.str.strip_chars().str.contains(FLOAT_OF_INTEGER), FORM_RULE)


def _add_fault(found: ParsedValue, broken: pl.Expr, rule: str) -> ParsedValue:
    """Add a fault if the condition holds and there is none yet. Empty text is null, never a fault."""
    filled = found.value.str.strip_chars() != ""
    return ParsedValue(
        found.value, pl.coalesce(found.fault, pl.when(filled & broken.fill_null(value=True)).then(pl.lit(rule)))
    )


def _take_parsed(found: ParsedValue, parsed: pl.Expr, rule: str | pl.Expr = FORM_RULE) -> ParsedValue:
    """Take the parsed value, or add a fault if parsing gave nothing."""
    given = rule if isinstance(rule, pl.Expr) else pl.lit(rule)
    filled = (found.value.str.strip_chars() != "") & found.fault.is_null()
    fault = pl.coalesce(found.fault, pl.when(filled & parsed.is_null()).then(given))
    return ParsedValue(pl.coalesce(pl.when(found.fault.is_null()).then(parsed), found.value), fault)


def _take_split(found: ParsedValue, split: Split, zone: str | None) -> ParsedValue:
    """Take a part of the text. A day cut from an instant is the day in `zone`, not the day in the instant's own offset."""
    text = found.value
    if split.pattern is not None:
        part = text.str.extract(split.pattern)
        fault: pl.Expr = pl.when((text.str.strip_chars() != "") & part.is_null()).then(pl.lit(FORM_RULE))
    else:
        part = text.str.split(split.by or "").list.get(split.take, null_on_oob=True).str.strip_chars()
        fault = found.fault
    part = pl.when(fault.is_null()).then(part).otherwise(text)
    if zone is not None:
        whole = text.str.strip_chars()
        of_instant = whole.str.contains(ISO_INSTANT) & (part == whole.str.slice(0, 10))
        part = pl.when(of_instant).then(convert_to_local_day(whole, zone)).otherwise(part)
    return ParsedValue(part, fault)


def _list_null_texts(mapping: FieldMapping) -> set[str]:
    """Return the texts that mean null, and, if numbers have a notation, the same texts as a typed number is written in
    it.
    """
    listed = set(mapping.null)
    return listed | {text.replace(".", ",") for text in listed} if mapping.number == "vi" else listed


def _pad_digits(value: pl.Expr, digits: int) -> pl.Expr:
    """Add leading zeros to digits that are too short. Zeros alone are not an identifier and stay as they are."""
    text = value.str.strip_chars()
    return pl.when(text.str.contains(r"^[0-9]*[1-9][0-9]*$")).then(text.str.zfill(digits)).otherwise(value)


# --- Numbers ---------------------------------------------------------------------------------------------------------


def _list_number_steps(mapping: FieldMapping, column: Column) -> Iterator[Callable[[ParsedValue], ParsedValue]]:
    yield lambda found: ParsedValue(found.value.str.strip_chars(), found.fault)
    yield _parse_plain_number if mapping.number is None else partial(_parse_notation, notation=mapping.number)
    if mapping.scale is not None:
        factor = mapping.scale
        yield lambda found: _take_parsed(found, _scale_number(found.value, factor))
    if column.value.storage in WHOLE_STORAGES:
        yield lambda found: _take_parsed(found, found.value.str.extract(r"^(-?[0-9]+)(?:\.0+)?$"))
    elif column.value.storage is Storage.NUMERIC:
        # Zeros beyond the precision that a source calculates with carry no meaning: 120.500000.
        yield lambda found: _take_parsed(found, found.value.str.replace(r"^(-?[0-9]+\.[0-9]{4}[0-9]*?)0+$", "$1"))


def _parse_plain_number(found: ParsedValue) -> ParsedValue:
    doubtful = found.value.str.contains(GROUPED_OR_DECIMAL)
    parsed = pl.when(found.value.str.contains(PLAIN_NUMBER) & ~doubtful).then(found.value)
    return _take_parsed(found, parsed, pl.when(doubtful).then(pl.lit(TWO_READINGS_RULE)).otherwise(pl.lit(FORM_RULE)))


def _parse_notation(found: ParsedValue, notation: str) -> ParsedValue:
    plain = found.value.str.replace_all(GROUP_SEPARATORS[notation], "")
    plain = plain.str.replace(",", ".", literal=True) if notation == "vi" else plain
    return _take_parsed(found, pl.when(found.value.str.contains(NUMBER_FORMS[notation])).then(plain))


def _scale_number(value: pl.Expr, factor: float) -> pl.Expr:
    """Multiply by a factor in decimal arithmetic: 0.1 ha is 1000 m², not 1000.0000000000001. Null if the result is not
    exact.
    """
    few = value.str.contains(rf"^-?[0-9]{{1,15}}(\.[0-9]{{1,{MAX_SCALED_DECIMALS}}})?$")
    number = pl.when(few).then(value).str.to_decimal(scale=MAX_SCALED_DECIMALS + 6)
    result = (number * pl.lit(Decimal(str(factor)))).cast(pl.String)
    return result.str.strip_chars_end("0").str.strip_chars_end(".")


# --- Codes -----------------------------------------------------------------------------------------------------------


def _parse_code(found: ParsedValue, mapping: FieldMapping, column: Column) -> ParsedValue:
    """Replace the source's text by its code. A code list accepts nothing else: an unmapped text may be another code
    there.
    """
    text = found.value.str.strip_chars()
    table = map_codes(mapping, column)
    if not issubclass(column.value, CodeList):
        return ParsedValue(text.replace(table), found.fault)
    return _take_parsed(
        found, text.str.normalize("NFC").replace_strict(table, default=None, return_dtype=pl.String), CODE_RULE
    )


def map_codes(mapping: FieldMapping, column: Column) -> dict[str, str]:
    """Map the source's texts to the codes of the list."""
    if isinstance(mapping.codes, dict):
        return mapping.codes
    assert issubclass(column.value, CodeList)  # checked by hub.ingest.connectors
    return {getattr(label, mapping.codes): code for code, label in column.value.codes.items()}


# --- Dates -----------------------------------------------------------------------------------------------------------


def _parse_date(found: ParsedValue, formats: tuple[str, ...], column: Column, zone: str, *, timed: bool) -> ParsedValue:
    text = found.value
    readings = [*(parse_day(text, pattern, zone) for pattern in formats), *_list_iso_days(text, column)]
    if timed:
        readings.append(convert_to_local_day(text, zone))
    parsed = pl.coalesce(readings)
    if not is_date(column):
        return ParsedValue(pl.coalesce(parsed, found.value), found.fault)  # evidence, kept as written
    return _take_parsed(found, parsed)


def _list_iso_days(text: pl.Expr, column: Column) -> Iterator[pl.Expr]:
    """Yield the text as an ISO day, the day of one with an offset, and a year if the field may hold one."""
    yield pl.when(text.str.contains(ISO_DAY)).then(text)
    yield pl.when(text.str.contains(ISO_DAY_WITH_OFFSET)).then(text.str.slice(0, 10))
    if issubclass(column.value, PartialDate):
        yield pl.when(text.str.contains(r"^[0-9]{4}$")).then(text)


def parse_day(text: pl.Expr, pattern: str, zone: str) -> pl.Expr:
    """Return the day or year in ISO form if the text has this format, otherwise null."""
    if pattern in EPOCH_UNITS_US:
        return _parse_epoch_day(text, pattern, zone)
    if pattern == "%Y":
        return pl.when(text.str.contains(r"^[0-9]{4}$")).then(text)
    form = find_digit_form(pattern)
    if form is not None:
        text = pl.when(text.str.contains(form)).then(text)
    if "%z" in pattern:
        moment = text.str.to_datetime(pattern, time_zone="UTC", strict=False)
        return moment.dt.convert_time_zone(zone).dt.to_string("%Y-%m-%d")
    ascii_only = pl.when(text.str.contains(r"^[\x20-\x7e]*$")).then(text)
    day = ascii_only.str.to_date(pattern, strict=False)
    # 5/1/26 would be a day of the year 26.
    return pl.when(day.dt.year().is_between(1000, 2199)).then(day.dt.to_string("%Y-%m-%d"))


def _parse_epoch_day(text: pl.Expr, pattern: str, zone: str) -> pl.Expr:
    count = pl.when(text.str.contains(r"^-?[0-9]{1,15}(\.0+)?$")).then(text.str.extract(r"^(-?[0-9]+)")).cast(pl.Int64)
    fits = count.abs() * (EPOCH_UNITS_US[pattern] // 1_000) < 10**15
    if pattern == "epoch_ms":
        fits &= (count.abs() >= LARGEST_EPOCH_S) | (count % HOUR_MS == 0)
    moment = (pl.when(fits).then(count) * EPOCH_UNITS_US[pattern]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return moment.dt.convert_time_zone(zone).dt.to_string("%Y-%m-%d")


def parse_instant(text: pl.Expr, zone: str) -> pl.Expr:
    """Parse an ISO 8601 time into UTC. Without an offset it is in `zone`; a day is its midnight there. Null if it is
    not a time.
    """
    return text.map_batches(partial(_parse_instants, zone=zone), return_dtype=pl.Datetime("us", "UTC"))


def _parse_instants(texts: pl.Series, zone: str) -> pl.Series:
    # In steps: as one expression, the parts and the moment would each be repeated wherever they are used.
    clock, second = pl.col("clock").fill_null("00:00"), pl.col("second").fill_null("00")
    written = pl.concat_str("day", pl.lit("T"), clock, pl.lit(":"), second)
    moment = written.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    fraction = pl.col("fraction").str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    offset = pl.col("offset")
    # +07, +0700 or +07:00; Z has no digits.
    hours = offset.str.slice(1, 2).cast(pl.Int64, strict=False)
    rest = pl.when(offset.str.len_bytes() > 3).then(offset.str.tail(2)).cast(pl.Int64).fill_null(0)
    with_offset = (pl.col("moment") - pl.duration(minutes=pl.col("minutes"))).dt.replace_time_zone("UTC")
    local = pl.col("moment").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return (
        texts.to_frame("text")
        .lazy()
        .select(pl.col("text").str.extract_groups(TIME_PARTS))
        .unnest("text")
        .select(
            (moment + pl.duration(microseconds=fraction)).alias("moment"),
            (pl.when(offset.str.starts_with("-")).then(-1).otherwise(1) * (hours * 60 + rest))
            .fill_null(0)
            .alias("minutes"),
            offset.is_not_null().alias("stated"),
        )
        .select(
            pl.when("stated").then(with_offset).otherwise(local.dt.convert_time_zone("UTC")).alias(texts.name),
        )
        .collect(optimizations=pl.QueryOptFlags.none())
        .to_series()
    )


def add_offset(text: pl.Expr, zone: str) -> pl.Expr:
    """Return an ISO 8601 time with its offset: the stated one, or that of `zone`. Null if the text is not a time."""
    return text.map_batches(partial(_add_offsets, zone=zone), return_dtype=pl.String)


def _add_offsets(texts: pl.Series, zone: str) -> pl.Series:
    local = pl.col("moment").dt.convert_time_zone(zone).dt.to_string("%Y-%m-%dT%H:%M:%S%.f%:z")
    is_stated = pl.col("moment").is_not_null() & pl.col("text").str.slice(10).str.contains(rf"{UTC_OFFSET}$")
    read = pl.DataFrame({"text": texts, "moment": _parse_instants(texts, zone)})
    return read.select(pl.when(is_stated).then("text").otherwise(local).alias(texts.name)).to_series()


def convert_to_local_day(text: pl.Expr, zone: str) -> pl.Expr:
    """Return the day of a time in a zone. Without an offset the time is already in that zone, so its day is the one
    written.
    """
    timed = pl.when(text.str.contains(ISO_INSTANT)).then(text)
    return parse_instant(timed, zone).dt.convert_time_zone(zone).dt.to_string("%Y-%m-%d")


@cache
def find_conflicting_formats(formats: tuple[str, ...]) -> tuple[str, str] | None:
    """Find two formats that read the same text as different days. None if every text has one reading.

    ISO days and years are always parsed, so a format that reads one of them as another day also conflicts.
    """
    if not set(formats) - {"%d/%m/%Y", "%Y-%m-%d"}:
        return None
    days = pl.DataFrame({"day": pl.date_range(pl.date(2000, 1, 1), pl.date(2012, 12, 31), eager=True)})
    known = list(dict.fromkeys((*formats, "%Y-%m-%d")))
    texts = {pattern: days.select(_format_days(pattern)).to_series() for pattern in known}
    meant = {pattern: days.select(_format_meaning(pattern)).to_series() for pattern in known}
    for one in known:
        for other in known:
            if one != other:
                taken = texts[one].to_frame("t").select(parse_day(pl.col("t"), other, "UTC")).to_series()
                if (taken.is_not_null() & (taken != meant[one])).any():
                    return one, other
    return None


def _format_days(pattern: str) -> pl.Expr:
    if pattern in EPOCH_UNITS_US:
        return (pl.col("day").cast(pl.Datetime("us")).cast(pl.Int64) // EPOCH_UNITS_US[pattern]).cast(pl.String)
    return pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").dt.to_string(pattern)


def _format_meaning(pattern: str) -> pl.Expr:
    return pl.col("day").dt.to_string("%Y" if pattern == "%Y" else "%Y-%m-%d")


def find_separator_faults(parts: list[tuple[pl.Expr, str]]) -> pl.Expr:
    """Whether a part of a template contains the separator that follows it, so that two different rows could give the
    same text.
    """
    held = [part.str.contains(separator, literal=True).fill_null(value=False) for part, separator in parts if separator]
    return reduce(lambda left, right: left | right, held, pl.lit(value=False))
