"""What an officer typed into the one search box: a number of a person, a business or a certificate, a name with a birth date, a dossier,
or why it cannot be searched. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from hub.errors import OperationRefused
from hub.plan.building.search_text import LONGEST_TEXT, SHORTEST_TEXT, SearchText, read_search_text
from schema.core import Label
from schema.values import (
    CertificateSerial,
    DossierCode,
    EnterpriseCode,
    FormerId,
    PersonalId,
    RegistrationNumber,
    Value,
    ValueRejected,
)


class SearchKind(Enum):
    """What a text is. The value is the operation of the purpose `identify` that finds it; empty for a dossier, which is opened."""

    PERSONAL_ID = "IdentifyByIdentifier"
    FORMER_ID = "IdentifyByFormerIdentifier"
    NAME_AND_BIRTH_DATE = "IdentifyByWords"
    ENTERPRISE_CODE = "IdentifyBusiness"
    REGISTRATION_NUMBER = "IdentifyBusinessByRegistration"
    CERTIFICATE = "IdentifyByCertificate"
    DOSSIER = ""


class SearchRefusal(Enum):
    """Why a text is not searched, in words."""

    TOO_SHORT = Label(
        "Hãy gõ số định danh, họ tên cùng ngày sinh, mã doanh nghiệp, số giấy chứng nhận, hoặc mã hồ sơ.",
        "Type an identifier, a name with a birth date, an enterprise code, a certificate serial, or a dossier code.",
    )
    TOO_LONG = Label(f"Nội dung dài quá {LONGEST_TEXT} ký tự.", f"The text has more than {LONGEST_TEXT} characters.")
    NOT_A_DAY = Label(
        "Ngày sinh phải là một ngày có thật, viết dạng ngày/tháng/năm, ví dụ 14/05/1980.",
        "The birth date must be a day of the calendar as dd/mm/yyyy, e.g. 14/05/1980.",
    )
    SEVERAL_DATES = Label("Chỉ gõ một ngày sinh.", "Type one birth date only.")
    NAME_ALONE = Label(
        "Nhiều người trùng họ tên: hãy thêm ngày sinh, ví dụ 14/05/1980.",
        "Many people share a name: add the birth date, e.g. 14/05/1980.",
    )
    BIRTH_DATE_ALONE = Label(
        "Nhiều người trùng ngày sinh: hãy thêm họ tên.", "Many people share a birth date: add the name."
    )
    NUMBER_LENGTH = Label(
        "Số định danh có 12 chữ số, số CMND cũ có 9, mã số doanh nghiệp có 10: hãy kiểm tra lại.",
        "An identifier has 12 digits, a former one 9, an enterprise code 10: check the number.",
    )
    CHECK_DIGIT = Label(
        "Mã số doanh nghiệp gõ sai một chữ số: chữ số kiểm tra ở cuối không khớp.",
        "A digit of the enterprise code is wrong: its check digit, the last one, does not fit.",
    )
    NUMBER_AND_NAME = Label(
        "Gõ số, hoặc họ tên cùng ngày sinh, không gõ cả hai.", "Type a number, or a name with a birth date, not both."
    )


@dataclass(frozen=True)
class CounterSearch:
    """A text that can be searched. `variables` are those of the operation; `understood` tells the officer how it was read."""

    kind: SearchKind
    understood: Label
    variables: Mapping[str, str] = field(default_factory=dict)
    dossier: str = ""


NUMBERS: tuple[tuple[type[Value], SearchKind, str, Label], ...] = (
    (PersonalId, SearchKind.PERSONAL_ID, "personalId", Label("Số định danh cá nhân", "Personal identifier")),
    (FormerId, SearchKind.FORMER_ID, "formerId", Label("Số CMND cũ", "Former identifier")),
    (EnterpriseCode, SearchKind.ENTERPRISE_CODE, "enterpriseCode", Label("Mã số doanh nghiệp", "Enterprise code")),
)
LETTERED: tuple[tuple[type[Value], SearchKind, str, Label], ...] = (
    (
        CertificateSerial,
        SearchKind.CERTIFICATE,
        "certificateSerial",
        Label("Số phát hành giấy chứng nhận", "Certificate serial"),
    ),
    (
        RegistrationNumber,
        SearchKind.REGISTRATION_NUMBER,
        "registrationNumber",
        Label("Số đăng ký hộ kinh doanh", "Registration number of a household business"),
    ),
)
"""Numbers that have a letter, so that nobody could mean a number of digits by them."""
ENTERPRISE_DIGITS = 10


def classify_search(text: str) -> CounterSearch | SearchRefusal:
    """Read the text of the search box. Every text is one kind, or refused in words."""
    clean = " ".join(text.split())
    if len(clean) > LONGEST_TEXT:
        return SearchRefusal.TOO_LONG
    if len(clean.replace(" ", "")) < SHORTEST_TEXT:
        return SearchRefusal.TOO_SHORT
    dossier = _parse(DossierCode, clean)
    # Without a letter it could as well be a number that is written in groups.
    if dossier and any(map(str.isalpha, dossier)):
        return CounterSearch(SearchKind.DOSSIER, Label(f"Hồ sơ {dossier}", f"Dossier {dossier}"), dossier=dossier)
    lettered = _classify_lettered(clean)
    if lettered is not None:
        return lettered
    try:
        read = read_search_text(clean)
    except OperationRefused:
        has_token = any(token.strip(",;") for token in clean.split())
        return SearchRefusal.NOT_A_DAY if has_token else SearchRefusal.TOO_SHORT
    return _classify_number(clean, read) or _classify_name(read)


def _classify_lettered(clean: str) -> CounterSearch | None:
    """A text that is one number with letters: of a certificate, or of a household business."""
    if not any(map(str.isalpha, clean)):
        return None
    for value, kind, variable, label in LETTERED:
        number = _parse(value, clean)
        if number is not None:
            return CounterSearch(kind, Label(f"{label.vi} {number}", f"{label.en} {number}"), {variable: number})
    return None


def _classify_number(clean: str, read: SearchText) -> CounterSearch | SearchRefusal | None:
    """A text without letters and days is a number; None for any other."""
    if read.days or not any(map(str.isdigit, clean)):
        return None
    has_words = any(map(str.isalpha, clean))
    for value, kind, variable, label in NUMBERS:
        number = _parse(value, clean)
        if number is not None:
            return CounterSearch(kind, Label(f"{label.vi} {number}", f"{label.en} {number}"), {variable: number})
        if has_words and read.codes(value):
            return SearchRefusal.NUMBER_AND_NAME
    is_year = len(read.tokens) == 1 and bool(read.years)
    if has_words or is_year:
        return None
    is_enterprise = sum(map(str.isdigit, clean)) == ENTERPRISE_DIGITS
    return SearchRefusal.CHECK_DIGIT if is_enterprise else SearchRefusal.NUMBER_LENGTH


def _classify_name(read: SearchText) -> CounterSearch | SearchRefusal:
    dates = (*read.days, *read.years)
    words = " ".join(read.words)
    if len(dates) > 1:
        return SearchRefusal.SEVERAL_DATES
    if any(read.codes(value) for value, *_ in NUMBERS):
        return SearchRefusal.NUMBER_AND_NAME
    if not any(map(str.isalpha, words)):
        return SearchRefusal.BIRTH_DATE_ALONE if dates else SearchRefusal.NUMBER_LENGTH
    if not dates:
        return SearchRefusal.NAME_ALONE
    shown = show_day(dates[0])
    born = Label(f"sinh ngày {shown}", f"born {dates[0]}")
    if read.years:
        born = Label(
            f"sinh năm {shown}, nếu sổ chỉ ghi năm sinh", f"born in {shown}, if the register has the year only"
        )
    understood = Label(f"Họ tên “{words}”, {born.vi}", f"Name “{words}”, {born.en}")
    return CounterSearch(SearchKind.NAME_AND_BIRTH_DATE, understood, {"words": words, "birthDate": dates[0]})


def show_day(text: str) -> str:
    """`1980-05-14` → `14/05/1980`, as Vietnamese forms have it; a year alone stays."""
    return "/".join(reversed(text.split("-")))


def _parse(value: type[Value], text: str) -> str | None:
    try:
        return value.parse(text)
    except ValueRejected:
        return None
