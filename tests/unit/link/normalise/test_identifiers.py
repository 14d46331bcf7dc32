"""Identifiers told apart; what is dirty is a candidate and nothing more."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.link.normalise.identifiers import FEATURES, WrittenNumbers, read_identifiers, read_numbers


def read(identifier: str | None, tax_code: str | None = None) -> dict[str, Any]:
    """What is said, without nulls."""
    frame = read_identifiers(pl.Series([identifier], dtype=pl.String), pl.Series([tax_code], dtype=pl.String))
    return {name: value for name, value in frame.row(0, named=True).items() if value is not None}


PERSONAL = {
    "personal_id": "022085001234", "id_digits": "022085001234", "id_province": "022", "id_sex": "MALE", "id_year": 1985,
}  # fmt: skip


@pytest.mark.parametrize("written", ["022085001234", "022.085.001.234", " 022 085-001_234 "])
def test_personal_identifiers_and_what_they_state(written: str) -> None:
    assert read(written) == PERSONAL
    assert read(None, written) == PERSONAL


@pytest.mark.parametrize(
    ("identifier", "sex", "year"),
    [("022199000001", "FEMALE", 1999), ("022201000001", "MALE", 2001), ("022314000001", "FEMALE", 2014), ("022400000001", "MALE", 2100)],
)  # fmt: skip
def test_century_and_sex_are_one_digit(identifier: str, sex: str, year: int) -> None:
    said = read(identifier)
    assert (said["id_sex"], said["id_year"]) == (sex, year)


def test_a_personal_identifier_of_no_known_century_states_its_province_only() -> None:
    assert read("022999000001") == {"personal_id": "022999000001", "id_digits": "022999000001", "id_province": "022"}


def test_former_identifiers_and_tax_codes() -> None:
    assert read("100 234 567") == {"former_id": "100234567", "id_digits": "100234567"}
    assert read(None, "0100233488") == {"tax_code": "0100233488", "id_digits": "0100233488"}
    assert read(None, "0100233488-001") == {"tax_code": "0100233488", "tax_branch": "001", "id_digits": "0100233488001"}
    assert read("0100233488") == {"tax_code": "0100233488", "id_digits": "0100233488"}
    assert read("100234567", "022085001234") == PERSONAL | {"former_id": "100234567", "id_digits": "100234567"}


def test_a_tax_code_without_its_check_digit_is_one_only_in_its_own_field() -> None:
    assert read(None, "0100233489") == {"tax_code": "0100233489", "id_digits": "0100233489"}
    assert read("0100233489") == {"id_digits": "0100233489"}


DIRTY = (
    ("02208500I234", "LETTERS", "022085001234", "022085001234"),
    ("O22O85OO1234", "LETTERS", "022085001234", "022085001234"),
    ("22085001234", "LEADING_ZERO", "022085001234", "22085001234"),
    ("22085001234.0", "LEADING_ZERO", "022085001234", "22085001234"),
    ("1085001235", "LEADING_ZERO", "001085001235", "1085001235"),
    ("10234567", "LEADING_ZERO", "010234567", "10234567"),
    ("CCCD: 22085001234", "LEADING_ZERO", "022085001234", "22085001234"),
    ("CMND 10234567", "LEADING_ZERO", "010234567", "10234567"),
    ("22,085,001,234", "LEADING_ZERO", "022085001234", "22085001234"),
    ("CCCD 022 O85 001 234", "LETTERS", "022085001234", "022085001234"),
)


@pytest.mark.parametrize(("written", "repair", "candidate", "digits"), DIRTY)
def test_what_is_dirty_is_a_candidate_only(written: str, repair: str, candidate: str, digits: str) -> None:
    assert read(written) == {"id_repair": repair, "id_candidate": candidate, "id_digits": digits}


BOTH = WrittenNumbers("022085001234", "012345678")
IN_TEXT = (
    *(
        (written, WrittenNumbers("022085001234"))
        for written in (
            "CCCD 022085001234", "Số CCCD: 022085001234", "CCCD022085001234", "cccd.022 085 001 234", "Số định danh cá nhân 022.085.001.234",
            "022085001234 (căn cước)", "022-085-001-234", "022–085–001–234", "022,085,001,234", "'022085001234", "022085001234.0",
            "CCCD 022085001234 cấp ngày 12/05/2021", "CCCD số 022085001234, cấp 12.05.2021", "022085001234 12-05-2021",
            "ĐT 0912345678, CCCD 022085001234", "CCCD 022085001234 - ĐT: 912 345 678", "Căn cước\n022085001234",
        )
    ),
    *(
        (written, WrittenNumbers(former="012345678"))
        for written in ("CMND 012345678", "CMT: 012.345.678", "CMND012345678", "Số CMND cũ 012 345 678", "CMND 012345678 cấp 1/2/1999")
    ),
    *(
        (written, BOTH)
        for written in (
            "012345678 / 022085001234", "012345678/022085001234", "022085001234 012345678", "022085001234 (CMND cũ: 012345678)",
            "CMND 012345678; CCCD 022085001234", "012 345 678, 022 085 001 234", "012345678 - 022085001234", "012345678,022085001234",
        )
    ),
    *((written, WrittenNumbers(tax="0100233488")) for written in ("MST 0100233488", "MST: 0100 233 488", "mst0100233488")),
    *((written, WrittenNumbers(tax="0100233488001")) for written in ("0100233488-001", "MST: 0100233488-001", "0100233488 001")),
    ("MST 0100233488 / 022085001234", WrittenNumbers("022085001234", tax="0100233488")),
)  # fmt: skip
"""What a person would read without a second thought, as offices write it."""
NOT_READ = (
    "022085001234 / 022185005678", "012345678; 112345678",  # whose is it?
    "ĐT 912345678", "Điện thoại: 912 345 678", "GPLX số 220123456789", "Hộ chiếu 012345678", "STK: 022085001234",  # said to be another
    "12345/2021", "12/05/2021", "02208500123456", "02208500123", "022/085/001/234",
    "022085001234a", "X022085001234", "022085001234cấp", "02A 085 001 234", "A1 022085001234", "0B 012345678",  # a letter among the digits
)  # fmt: skip


@pytest.mark.parametrize(("written", "numbers"), IN_TEXT)
def test_words_separators_and_a_second_number_are_no_obstacle(written: str, numbers: WrittenNumbers) -> None:
    assert read_numbers(written) == numbers
    said = read(written)
    assert (said.get("personal_id"), said.get("former_id")) == (numbers.personal, numbers.former)
    taxed = read(None, written)
    assert taxed.get("tax_code") == (numbers.tax and numbers.tax[:10])
    assert taxed.get("personal_id") == numbers.personal


@pytest.mark.parametrize("written", NOT_READ)
def test_nothing_is_guessed(written: str) -> None:
    assert read_numbers(written)[:3] == (None, None, None)
    assert {"personal_id", "former_id", "tax_code"}.isdisjoint(read(written, written))


@pytest.mark.parametrize("written", [None, "", " ", "không có", "-"])
def test_nothing_is_read_where_no_digit_is(written: str | None) -> None:
    assert read(written, written) == {}


def test_a_digit_too_few_is_not_taken_for_a_lost_zero() -> None:
    assert read("02208500123") == {"id_digits": "02208500123"}


@given(
    *[
        st.lists(
            st.one_of(st.none(), st.text(max_size=16), st.text("0123456789OIl.- ", max_size=16)), min_size=5, max_size=5
        )
    ]
    * 2
)
def test_any_text_is_read(identifiers: list[str | None], tax_codes: list[str | None]) -> None:
    frame = read_identifiers(pl.Series(identifiers, dtype=pl.String), pl.Series(tax_codes, dtype=pl.String))
    assert frame.schema == FEATURES
    for column, length in (("personal_id", 12), ("former_id", 9), ("tax_code", 10), ("tax_branch", 3)):
        assert all(len(value) == length and value.isascii() and value.isdigit() for value in frame[column].drop_nulls())
    assert frame["id_candidate"].is_null().eq(frame["id_repair"].is_null()).all()
