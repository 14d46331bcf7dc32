"""Value types: their own examples, the laws of cleaning, and the rules of identifiers against an independent library."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.vn import mst

from schema import codes, units, values
from schema.values import TaxCode, Value, ValueRejected

TYPES = [
    cls
    for module in (values, codes)
    for _, cls in inspect.getmembers(module, inspect.isclass)
    if issubclass(cls, Value) and cls.__module__ == module.__name__ and cls not in (Value, values.CodeList)
]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_examples_are_accepted_and_canonical_text_stays(kind: type[Value]) -> None:
    examples = kind.examples or tuple(getattr(kind, "codes", ()))
    assert examples
    for example in examples:
        canonical = kind.parse(example)
        assert kind.parse(canonical) == canonical


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_what_is_refused_is_refused_without_being_quoted(kind: type[Value]) -> None:
    for bad in (*kind.refused, "", "   "):
        with pytest.raises(ValueRejected) as caught:
            kind.parse(bad)
        if len(bad.strip()) > 3:
            assert bad not in str(caught.value).replace(kind.rule, "")


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
@given(text=st.text())
def test_cleaning_is_idempotent(kind: type[Value], text: str) -> None:
    once = values.clean_text(text, kind.clean)
    assert values.clean_text(once, kind.clean) == once


@given(st.from_regex(r"\A[0-9]{10}\Z"))
def test_tax_codes_of_ten_digits_are_valid_as_stdnum_says(number: str) -> None:
    try:
        TaxCode.parse(number)
    except ValueRejected:
        accepted = False
    else:
        accepted = True
    # stdnum also refuses a serial of zeros, which is never issued; the check digit is what is compared here.
    if number[2:9] != "0000000":
        assert accepted == mst.is_valid(number)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("06820@2019-05-05", "06820@.."),
        ("06820@2025-06-30", "06820@.."),
        ("06820@2025-07-01", "06820@2025-07-01"),
        ("06820@2026-11-23", "06820@2025-07-01"),
        ("06820@..", "06820@.."),
        ("06652@2025-07-01", "06652@2025-07-01"),
        ("06820", None),
        ("06820@", None),
        ("06820@2025-02-30", None),
        ("06820@20250701", None),
        ("00000@2020-01-01", None),
        ("193@2025-07-01", None),
    ],
)
def test_a_code_means_the_unit_that_had_it_on_the_day(written: str, canonical: str | None) -> None:
    assert units.canonicalise_code(written) == canonical


def test_the_data_have_the_units_and_changes_of_the_reorganisation() -> None:
    assert sum(len(periods) for periods in units.read_eras().values()) == 14_149
    with units.CHANGES_CSV.open(encoding="utf-8") as lines:
        changes = [line.strip().split(",") for line in lines][1:]
    assert len(changes) == 10_602
    assert len({old for old, _, kind, _ in changes if kind == "PART"}) == 471
