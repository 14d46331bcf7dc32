"""Offices after mergers and splits, held against the data of the reorganisation of 2025-07-01."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.dossiers.offices import covers_office, is_same_office, parse_office
from hub.errors import OperationRefused
from schema import units

OLD_UNITS = sorted(f"{code}@{units.OPEN_START}" for code, periods in units.read_eras().items() if not periods[0][0])


def test_an_office_is_named_by_any_date_of_its_code() -> None:
    assert parse_office(" 06820@2019-05-05 ") == "06820@.."
    assert parse_office("06820@2026-01-01") == "06820@2025-07-01"


@pytest.mark.parametrize("text", ["", "06820", "99999@2020-01-01", "06820@2025-13-01", "H49.12"])
def test_what_is_no_unit_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(OperationRefused) as refused:
        parse_office(text)
    assert refused.value.code == "OFFICE_UNKNOWN"
    assert "06820@2025-07-01" in str(refused.value)


def test_the_same_number_of_another_time_is_another_office() -> None:
    """06814 was one commune until 2025-06-30; the commune that has the number now was made of others."""
    assert not is_same_office("00001@..", "06820@2025-07-01")


@given(st.sampled_from(OLD_UNITS))
def test_an_office_covers_itself_and_what_continues_it(unit: str) -> None:
    for later in units.find_successors(unit):
        assert covers_office({unit}, later)
        assert covers_office({later}, unit), "what was opened before the merger can be read after it"


@given(st.sampled_from(OLD_UNITS), st.sampled_from(OLD_UNITS))
def test_two_old_offices_are_never_one(one: str, other: str) -> None:
    """Two communes that were merged into one had two offices: the officers of one do not read what the other had."""
    assert is_same_office(one, other) is (one == other)


def test_a_code_without_a_date_is_that_of_today() -> None:
    assert covers_office({"06820"}, "06820@2025-07-01")
    assert covers_office({"00097"}, "00097@2025-07-01")
    assert not is_same_office("00097@2025-07-01", "06820@2025-07-01")


def test_codes_that_name_no_unit_cover_nothing() -> None:
    assert not covers_office({"99999", "", "office-of-everything"}, "06820@2025-07-01")
    assert not covers_office(frozenset(), "06820@2025-07-01")
