"""What a search reads in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import OperationRefused
from hub.plan.building.search_text import LONGEST_TEXT, MOST_WORDS, read_search_text
from schema.values import CertificateSerial, EnterpriseCode, FormerId, PersonalId, TaxCode


@pytest.mark.parametrize(
    ("text", "days", "words"),
    [
        ("Nguyễn Văn An 12/03/1980", ("1980-03-12",), ("Nguyễn", "Văn", "An")),
        ("2-3-1980 An, Lê", ("1980-03-02",), ("An", "Lê")),
        ("1980-03-02", ("1980-03-02",), ()),
        ("An 022080123456", (), ("An",)),
        ("HTX 19/5", (), ("HTX", "19/5")),
        ("nguyen van an 1980", (), ("nguyen", "van", "an")),
        ("an 022 085 001 234", (), ("an",)),
        ("Ông (An) 'Tý'", (), ("Ông", "An", "Tý")),
        ("và 13/12/1980", ("1980-12-13",), ("và",)),
    ],
)
def test_days_and_words(text: str, days: tuple[str, ...], words: tuple[str, ...]) -> None:
    read = read_search_text(text)
    assert (read.days, read.words) == (days, words)


@pytest.mark.parametrize(
    ("text", "value", "codes"),
    [
        ("022080123456", PersonalId, ("022080123456",)),
        ("Nguyễn Văn An 022.080.123456", PersonalId, ("022080123456",)),
        ("022 080 123456", PersonalId, ("022080123456",)),
        ("nguyen van an 022 080 123 456", PersonalId, ("022080123456",)),
        ("022 080 123 456 nguyen van an", PersonalId, ("022080123456",)),
        ("022080123456", FormerId, ()),
        ("ba 123456", CertificateSerial, ("BA123456",)),
        ("GCN BA 123456 của An", CertificateSerial, ("BA123456",)),
        ("nguyen van an", PersonalId, ()),
        (EnterpriseCode.examples[0], EnterpriseCode, (EnterpriseCode.examples[0],)),
        ("12/03/1980", TaxCode, ()),
    ],
)
def test_codes(text: str, value: type[PersonalId], codes: tuple[str, ...]) -> None:
    assert read_search_text(text).codes(value) == codes


@pytest.mark.parametrize("text", ["", " ", "a", " a ", "a" * (LONGEST_TEXT + 1)])
def test_too_short_or_too_long_is_refused_without_the_text(text: str) -> None:
    with pytest.raises(OperationRefused, match="2 to 200 characters"):
        read_search_text(text)


@pytest.mark.parametrize("text", ["An 31/02/1980", "An 12/13/1980", "an 12/03/80", "an 03/1980"])
def test_what_reads_like_a_day_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(OperationRefused, match="dd/mm/yyyy"):
        read_search_text(text)


def test_a_year_alone_is_a_year() -> None:
    assert read_search_text("nguyen van an 1980").years == ("1980",)
    assert read_search_text("an 12/03/1980").years == ()


@given(st.text(min_size=2, max_size=LONGEST_TEXT))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = read_search_text(text)
    except OperationRefused:
        return
    assert len(read.words) <= MOST_WORDS
    assert all(read.codes(value) == read_search_text(text).codes(value) for value in (PersonalId, CertificateSerial))
