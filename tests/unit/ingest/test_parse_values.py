"""Parsing of values. The laws: what is written in a form is read as what it was; no text is read that could be another value."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.draft.value_round_trip import read_value
from hub.ingest.values.parse_values import (
    FAULT_PREFIX,
    FORM_RULE,
    TWO_READINGS_RULE,
    find_conflicting_formats,
    parse_columns,
    parse_instant,
)
from hub.ingest.values.typed_numbers import write_series
from hub.model.registry import Column, load_registry
from hub.sdk.mapping import FieldMapping
from schema.values import ValueRejected

ZONE = "Asia/Ho_Chi_Minh"
AMOUNT = load_registry()["Payment"].column("amount")
AREA = load_registry()["Parcel"].column("area")
DAY = load_registry()["Payment"].column("paid_on")
BIRTH = load_registry()["Citizen"].column("birth_date")
IDENTIFIER = load_registry()["Citizen"].column("personal_id")
SEX = load_registry()["Citizen"].column("sex")
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))


def parsed(text: str, column: Column, **keys: object) -> tuple[str | None, str | None]:
    """What is read of a text, and the rule that it breaks."""
    mapping = FieldMapping.model_validate({"column": "v", **keys})
    found = parse_columns(pl.DataFrame({column.name: [text]}), {column.name: (mapping, column)}, ZONE)
    return found[column.name][0], found[FAULT_PREFIX + column.name][0]


FIELDS = {
    "paid_on": (FieldMapping.model_validate({"column": "paid_on", "formats": ["%d/%m/%Y", "epoch_ms"]}), DAY),
    "birth_date": (FieldMapping.model_validate({"column": "birth_date", "split": {"by": ";", "take": 0}}), BIRTH),
    "sex": (FieldMapping.model_validate({"column": "sex", "codes": {"1": "MALE", "2": "FEMALE"}}), SEX),
    "personal_id": (FieldMapping.model_validate({"column": "personal_id", "pad": 12, "null": ["0"]}), IDENTIFIER),
}
WRITTEN = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "0", "1", "3", "12", "1990", "05/06/1990", "1990-06-05;x", "1714953600000", "34567890123.0", "nam"]
    ),
    st.sampled_from(["2024-05-06T20:30:00Z", "2024-05-06 23:30:00+00:00;x", " 1 ", "2024-13-01"]),
)


@settings(deadline=None)
@given(st.lists(st.tuples(*[WRITTEN] * len(FIELDS)), min_size=1, max_size=8))
def test_fields_that_are_parsed_together_become_what_each_becomes_alone(rows: list[tuple[str | None, ...]]) -> None:
    texts = pl.DataFrame(rows, schema=dict.fromkeys(FIELDS, pl.String), orient="row")
    together = parse_columns(texts, FIELDS, ZONE)
    for name in FIELDS:
        alone = parse_columns(texts.select(name), FIELDS, ZONE)
        assert together.select(alone.columns).equals(alone)


def grouped(number: Decimal, mark: str, point: str) -> str:
    whole, _, fraction = format(abs(number), "f").partition(".")
    return "-" * (number < 0) + f"{int(whole):,}".replace(",", mark) + (point + fraction if fraction else "")


@pytest.mark.parametrize(("notation", "mark", "point"), [("vi", ".", ","), ("vi", "\u00a0", ","), ("en", ",", ".")])
@settings(max_examples=25, deadline=None)
@given(number=st.decimals(0, 10**9, places=3))
def test_a_number_is_read_as_it_was_written(notation: str, mark: str, point: str, number: Decimal) -> None:
    value, fault = parsed(grouped(number, mark, point), AREA, number=notation)
    assert fault is None
    assert value is not None
    assert Decimal(value) == number


@settings(max_examples=25, deadline=None)
@given(st.from_regex(r"-?[0-9]{1,4}([.,][0-9]{1,4}){0,3}", fullmatch=True), st.sampled_from([None, "vi", "en"]))
def test_no_number_is_read_that_could_be_another(text: str, notation: str | None) -> None:
    """Independently of how it is done: what a dot and a comma mean, said by hand."""
    value, fault = parsed(text, AREA, number=notation)
    readings = set()
    for name, mark, point in (("vi", ".", ","), ("en", ",", ".")):
        whole, _, fraction = text.lstrip("-").partition(point)
        parts = whole.split(mark)
        plain = len(parts) == 1 or (parts[0][0] != "0" and len(parts[0]) <= 3 and all(len(p) == 3 for p in parts[1:]))
        if plain and mark not in fraction and point not in fraction and (fraction or point not in text):
            readings.add(
                (name, Decimal("-" * text.startswith("-") + "".join(parts) + ("." + fraction if fraction else "")))
            )
    mine = {number for name, number in readings if notation in (None, name)}
    if fault is None:
        assert value is not None
        assert mine == {Decimal(value)}
    else:
        assert value == text
        assert notation is None or not mine
        assert fault == (TWO_READINGS_RULE if notation is None and len(mine) == 2 and "," not in text else FORM_RULE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1250000.0", "1250000"), ("4500000.00", "4500000"), ("-3.0", "-3"), ("0", "0"), ("99.99", None), ("1.250", None),
     ("12 đồng", None), ("1e6", None), ("１２", None), ("+5", None), ("1250.", None), (".5", None)],
)  # fmt: skip
def test_a_whole_amount_is_whole(text: str, expected: str | None) -> None:
    value, fault = parsed(text, AMOUNT)
    assert (value, fault is None) == (expected if expected is not None else text, expected is not None)


@settings(max_examples=25, deadline=None)
@given(st.decimals(0, 10**6, places=9), st.sampled_from([10000.0, 0.001, 500.0, 0.00001]))
def test_a_scaled_number_is_exact_or_refused(number: Decimal, factor: float) -> None:
    value, fault = parsed(format(number, "f"), AREA, scale=factor)
    if fault is None:
        assert value is not None
        assert Decimal(value) == number * Decimal(str(factor))
    else:
        assert fault == TWO_READINGS_RULE


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%d-%m-%Y", "%Y%m%d", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M"])
@settings(max_examples=25, deadline=None)
@given(day=DAYS)
def test_a_day_is_read_as_it_was_written(pattern: str, day: date) -> None:
    assert parsed(day.strftime(pattern), DAY, formats=[pattern]) == (day.isoformat(), None)
    assert parsed(day.isoformat(), DAY, formats=[pattern]) == (day.isoformat(), None)  # a date column of a database


@settings(max_examples=25, deadline=None)
@given(day=DAYS, offset=st.integers(-14 * 60, 14 * 60), midnight=st.booleans())
def test_an_instant_is_the_day_that_it_has_in_the_zone_of_the_source(day: date, offset: int, midnight: bool) -> None:
    local = datetime(day.year, day.month, day.day, 0 if midnight else 23, 59 * (not midnight), tzinfo=ZoneInfo(ZONE))
    offset -= offset % 15
    sign, minutes = ("+", offset) if offset >= 0 else ("-", -offset)
    moment = local.astimezone(UTC) + timedelta(minutes=offset)
    text = moment.replace(tzinfo=None).isoformat() + f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    if day.year > 1900:
        assert parsed(text, DAY) == (day.isoformat(), None)
        assert parsed(text, DAY, split={"by": "T"}) == (day.isoformat(), None)
        if offset == 0:
            seconds = int(local.timestamp())
            if abs(seconds) * 1000 >= 10**10:
                assert parsed(str(seconds * 1000), DAY, formats=["epoch_ms"]) == (day.isoformat(), None)
            assert parsed(str(seconds), DAY, formats=["epoch_s"]) == (day.isoformat(), None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2026-01-05+07:00", "2026-01-05"), ("2026-01-05Z", "2026-01-05"), ("2026-01-05 23:59:59", "2026-01-05"),
     ("2026-01-04 17:00:00+00", "2026-01-05"), ("2026-01-04T17:00:00.000Z", "2026-01-05")],
)  # fmt: skip
def test_iso_8601_is_a_date_in_all_its_forms(text: str, expected: str) -> None:
    assert parsed(text, DAY) == (expected, None)


@pytest.mark.parametrize("text", ["05/01/2026", "2026", "1767546000000", "0000-00-00 00:00:00", "5/1/26", "hôm nay"])
def test_what_is_no_declared_date_is_rejected(text: str) -> None:
    assert parsed(text, DAY) == (text, FORM_RULE)


def test_seconds_are_not_taken_for_milliseconds_nor_the_other_way() -> None:
    assert parsed("1767546000", DAY, formats=["epoch_ms"])[1] == FORM_RULE
    assert parsed("1767546000000", DAY, formats=["epoch_s"])[1] == FORM_RULE


@pytest.mark.parametrize(
    "formats",
    [("%d/%m/%Y", "%m/%d/%Y"), ("%Y%m%d", "%d%m%Y"), ("%Y-%d-%m",), ("epoch_s", "epoch_ms"), ("epoch_s", "%Y")],
)
def test_formats_that_read_a_text_two_ways_are_refused(formats: tuple[str, ...]) -> None:
    assert find_conflicting_formats(formats) is not None


def test_formats_that_agree_are_not() -> None:
    assert find_conflicting_formats(("%d/%m/%Y", "%d-%m-%Y", "%Y%m%d", "%Y")) is None
    with pytest.raises(ValidationError, match="century"):
        FieldMapping.model_validate({"column": "a", "formats": ["%d/%m/%y"]})


def test_a_code_outside_the_table_is_not_taken_for_one_of_ours() -> None:
    assert parsed("MALE", SEX, codes={"1": "MALE", "female": "MALE"}) == ("MALE", "code")
    assert parsed("FEMALE", SEX, codes={"1": "MALE", "female": "MALE"}) == ("FEMALE", "code")
    assert parsed(" 1 ", SEX, codes={"1": "MALE"}) == ("MALE", None)


def test_an_identifier_that_was_a_float_is_not_another_identifier() -> None:
    assert parsed("22085001234.0", IDENTIFIER)[1] == FORM_RULE
    assert parsed("022.085.001.234", IDENTIFIER)[1] is None


def test_a_pattern_that_does_not_fit_is_no_missing_value() -> None:
    assert parsed("tờ 12", AMOUNT, split={"pattern": "thửa ([0-9]+)"}) == ("tờ 12", FORM_RULE)


@settings(max_examples=25, deadline=None)
@given(st.text("0123456789.,-/ TZ:+", max_size=22), st.sampled_from([{}, {"number": "vi"}, {"formats": ["%d/%m/%Y"]}]))
def test_drafting_reads_by_the_same_rules(text: str, keys: dict[str, object]) -> None:
    for column in (AMOUNT, AREA, DAY, BIRTH):
        if ("formats" in keys) == (column in (AMOUNT, AREA)):
            continue
        value, fault = parsed(text, column, **keys)
        try:
            expected = None if fault or not value or not text.strip() else column.value.parse(value)
        except ValueRejected:
            expected = None
        found = read_value(column.value, text, keys)
        assert (found is None) == (expected is None), (text, column.name)
        if column in (AMOUNT, AREA):
            assert found == expected


@settings(max_examples=25, deadline=None)
@given(st.datetimes())
def test_a_time_without_an_offset_is_of_the_zone(time: datetime) -> None:
    time = time.replace(year=1950 + time.year % 150, day=min(time.day, 28))
    found = pl.DataFrame({"v": [time.isoformat(sep=" ")]}).select(parse_instant(pl.col("v"), ZONE)).item()
    assert found == time.replace(tzinfo=ZoneInfo(ZONE))


@settings(max_examples=40, deadline=None)
@given(st.decimals(0, 10**6, places=3), st.sampled_from([None, "vi", "en"]))
def test_a_typed_number_is_what_it_is_in_every_notation(number: Decimal, notation: Literal["vi", "en"] | None) -> None:
    texts = pl.Series([format(number, "f"), format(number * 1000, "E")])
    for text, expected in zip(write_series(texts, notation or "plain"), (number, number * 1000), strict=True):
        value, fault = parsed(text, AREA, number=notation)
        assert fault is None
        assert Decimal(value or "NaN") == expected


@pytest.mark.parametrize("text", ["120.500", "1.000", "-1.250"])
def test_a_number_with_two_readings_is_not_read(text: str) -> None:
    for column in (AMOUNT, AREA):
        assert parsed(text, column) == (text, TWO_READINGS_RULE)
