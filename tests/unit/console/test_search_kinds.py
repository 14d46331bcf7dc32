"""What is typed into the one search box: each text is one kind, or refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.console.officer.search_kinds import CounterSearch, SearchKind, SearchRefusal, classify_search
from hub.plan.building.search_text import LONGEST_TEXT

PIECES = (
    "022080683727",
    "022080683727 ",
    "100234567",
    "hoa",
    "Nguyễn",
    "14/05/1980",
    "1980",
    "99/99/1980",
    "-",
    ",",
    "12",
    "DA",
    "0100233488",
    " ",
)
TYPED = st.one_of(st.text(max_size=LONGEST_TEXT + 5), st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join))


@pytest.mark.parametrize(
    ("text", "kind", "variables"),
    [
        ("022080683727", SearchKind.PERSONAL_ID, {"personalId": "022080683727"}),
        (" 022 080 683 727 ", SearchKind.PERSONAL_ID, {"personalId": "022080683727"}),
        ("100 234 567", SearchKind.FORMER_ID, {"formerId": "100234567"}),
        ("hoa nguyen van 14/5/1980", SearchKind.NAME_AND_BIRTH_DATE, {"words": "hoa nguyen van", "birthDate": "1980-05-14"}),
        ("14-05-1980 Nguyễn Văn Hoà", SearchKind.NAME_AND_BIRTH_DATE, {"words": "Nguyễn Văn Hoà", "birthDate": "1980-05-14"}),
        ("Hoà, 1954", SearchKind.NAME_AND_BIRTH_DATE, {"words": "Hoà", "birthDate": "1954"}),
        ("h49.12-251118-0007", SearchKind.DOSSIER, {}),
        ("0100 233 488", SearchKind.ENTERPRISE_CODE, {"enterpriseCode": "0100233488"}),
        ("22a8 001234", SearchKind.REGISTRATION_NUMBER, {"registrationNumber": "22A8001234"}),
        ("đa 123 456", SearchKind.CERTIFICATE, {"certificateSerial": "ĐA123456"}),
        ("DA12345678", SearchKind.CERTIFICATE, {"certificateSerial": "DA12345678"}),
        ("An 12/03/1980", SearchKind.NAME_AND_BIRTH_DATE, {"words": "An", "birthDate": "1980-03-12"}),
    ],
)  # fmt: skip
def test_kinds(text: str, kind: SearchKind, variables: dict[str, str]) -> None:
    found = classify_search(text)
    assert isinstance(found, CounterSearch), found
    assert (found.kind, found.variables) == (kind, variables)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", SearchRefusal.TOO_SHORT),
        (" , ; ", SearchRefusal.TOO_SHORT),
        ("a" * (LONGEST_TEXT + 1), SearchRefusal.TOO_LONG),
        ("Nguyễn Văn Hoà", SearchRefusal.NAME_ALONE),
        ("14/05/1980", SearchRefusal.BIRTH_DATE_ALONE),
        ("1980", SearchRefusal.BIRTH_DATE_ALONE),
        ("Hoà 31/02/1980", SearchRefusal.NOT_A_DAY),
        ("Hoà 14/05/80", SearchRefusal.NOT_A_DAY),
        ("Hoà 14/05/1980 15/05/1980", SearchRefusal.SEVERAL_DATES),
        ("02208068372", SearchRefusal.NUMBER_LENGTH),
        ("0100233489", SearchRefusal.CHECK_DIGIT),
        ("DA 1234567", SearchRefusal.NAME_ALONE),
        ("022080683727 14/05/1980", SearchRefusal.NUMBER_AND_NAME),
        ("Hoà 022080683727", SearchRefusal.NUMBER_AND_NAME),
        ("Hoà 022080683727 14/05/1980", SearchRefusal.NUMBER_AND_NAME),
    ],
)
def test_refusals_in_words(text: str, refusal: SearchRefusal) -> None:
    assert classify_search(text) is refusal


@given(TYPED)
def test_every_text_is_one_kind_or_refused(text: str) -> None:
    found = classify_search(text)
    if isinstance(found, SearchRefusal):
        assert found.value.vi.endswith(".")
        assert found.value.en.endswith(".")
        return
    assert found.understood.vi
    assert bool(found.dossier) is (found.kind is SearchKind.DOSSIER) is not bool(found.variables)
    if found.kind is SearchKind.NAME_AND_BIRTH_DATE:
        assert any(map(str.isalpha, found.variables["words"]))


@given(TYPED)
def test_spaces_around_and_between_mean_nothing(text: str) -> None:
    spaced = "  ".join(["", *text.split(), ""])
    assert classify_search(spaced) == classify_search(text)
