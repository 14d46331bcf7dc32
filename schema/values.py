"""Value types: what a value is, how it is cleaned, checked, stored, masked and shown.

A value type is a class that is never instantiated; its attributes are data, so that the same facts drive the columnar
checks of ingest (Polars expressions), the scalars of GraphQL (`parse`, one value) and the reference page. Cleaning comes
first, then `pattern` (a full match; the subset of regular expressions that Python and Rust share), then the rest.
Identifier rules are those of the reference setting; sources are named in each docstring.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import ClassVar

from schema import units
from schema.core import Label


class Storage(Enum):
    """How a value is stored; `hub.model` gives the SQL type and the frame type."""

    TEXT = "text"
    DATE = "date"
    INTEGER = "integer"
    BIGINT = "bigint"
    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamptz"


class Clean(Enum):
    """One cleaning step. Each is total (never fails) and idempotent."""

    NFC = "Unicode NFC; ð (U+00F0), typed for đ in old systems, becomes đ"
    SPACES = "runs of white space become one space, none at the ends; empty becomes null"
    NO_SEPARATORS = "spaces, dots, hyphens and underscores are taken out"
    UPPER = "upper case"
    LOWER = "lower case"


class Mask(Enum):
    """What stands for the value when the reader may know that it is there, but not what it is."""

    NONE = "shown"
    INITIALS = "initials only"
    LAST_DIGITS = "last three characters only"
    YEAR = "year only"
    HIDDEN = "not shown"
    PAPER = "not shown: the number of a paper, or a place on the map"
    """It leads to one family for whoever holds the paper, and says nothing of a person to who looks after the data."""
    ZERO = "0 in its place: a number on the map"

    @property
    def is_personal(self) -> bool:
        """Whether the value says by itself who a person is, so that those who look after the data do not see it either."""
        return self not in (Mask.NONE, Mask.PAPER, Mask.ZERO)


WHITE = r"\t-\r \x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Unicode White_Space as the inside of a character class, so that every engine means the same by it."""


class ValueRejected(ValueError):
    """A value breaks the rule of its type. The message names the rule, never the value."""


@dataclass(frozen=True)
class CheckDigit:
    """A weighted check digit over the leading digits: last = `base` − (Σ digit·weight mod `modulus`), for these lengths only."""

    weights: tuple[int, ...]
    modulus: int
    base: int
    lengths: tuple[int, ...]

    def holds(self, digits: str) -> bool:
        """True where the digit agrees, or where the rule does not apply to a number of this length."""
        if len(digits) not in self.lengths:
            return True
        total = sum(int(d) * w for d, w in zip(digits, self.weights, strict=False))
        return self.base - total % self.modulus == int(digits[len(self.weights)])


class Value:
    """The base of value types: the attributes and what they mean."""

    storage: ClassVar[Storage] = Storage.TEXT
    clean: ClassVar[tuple[Clean, ...]] = (Clean.NFC, Clean.SPACES)
    pattern: ClassVar[str | None] = None
    check_digit: ClassVar[CheckDigit | None] = None
    dated_unit: ClassVar[bool] = False
    """The value is, or up to its first colon begins with, an administrative-unit code with a date (see `schema.units`)."""
    minimum: ClassVar[int | None] = None
    maximum: ClassVar[int | None] = None
    ordered: ClassVar[bool] = False
    """Range filters (gt, gte, lt, lte) make sense."""
    name_search: ClassVar[bool] = False
    """Searched without regard to tone marks and case, through a derived key column."""
    scalar: ClassVar[str | None] = None
    """The GraphQL scalar; None: the class name."""
    mask: ClassVar[Mask] = Mask.NONE
    may_be: ClassVar[tuple[type["Value"], ...]] = ()
    """Other types whose values stand here as well: a tax code may be a personal identifier."""
    unit: ClassVar[str | None] = None
    specified_by: ClassVar[str | None] = None
    """Address of a published specification of the scalar; a name of our own where there is none."""
    expected: ClassVar[str] = ""
    """The form of a good value, to follow "must be": `12 digits`."""
    rule: ClassVar[str] = ""
    """One sentence that tells a person what a good value looks like."""
    examples: ClassVar[tuple[str, ...]] = ()
    refused: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def parse(cls, raw: str) -> str:
        """Clean and check one value. Returns its canonical text; raises ValueRejected."""
        text = clean_text(raw, cls.clean)
        if not text:
            raise ValueRejected(f"{cls.__name__}: empty")
        if cls.dated_unit:
            text = _canonical_unit(cls.__name__, text)
        if cls.pattern and not re.fullmatch(cls.pattern, text, re.ASCII):
            raise ValueRejected(f"{cls.__name__}: {cls.rule}")
        if cls.check_digit and not cls.check_digit.holds(text):
            raise ValueRejected(f"{cls.__name__}: the check digit does not agree")
        _check_storage(cls, text)
        return text


def clean_text(raw: str, steps: tuple[Clean, ...]) -> str:
    """Apply cleaning steps, in order. Idempotent."""
    for step in steps:
        raw = _STEPS[step](raw)
    return raw


def _check_storage(cls: type[Value], text: str) -> None:
    try:
        if cls.storage is Storage.DATE:
            date.fromisoformat(text)
        elif cls.storage is Storage.TIMESTAMP:
            if datetime.fromisoformat(text).tzinfo is None:
                raise ValueError
        elif cls.storage in (Storage.INTEGER, Storage.BIGINT, Storage.NUMERIC):
            number = float(text)
            below = cls.minimum is not None and number < cls.minimum
            if below or (cls.maximum is not None and number > cls.maximum):
                raise ValueError
    except ValueError:
        raise ValueRejected(f"{cls.__name__}: {cls.rule}") from None


def _canonical_unit(name: str, text: str) -> str:
    head, colon, rest = text.partition(":")
    unit = units.canonicalise_code(head)
    if unit is None:
        raise ValueRejected(f"{name}: no administrative unit had this code on this date; write code@YYYY-MM-DD")
    return unit + colon + rest


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("ð", "đ").replace("Ð", "Đ")


def _spaces(text: str) -> str:
    return re.sub(f"[{WHITE}]+", " ", text).strip(" ")


def _no_separators(text: str) -> str:
    return re.sub(f"[{WHITE}.\\-_]", "", text)


_STEPS: dict[Clean, Callable[[str], str]] = {
    Clean.NFC: _nfc,
    Clean.SPACES: _spaces,
    Clean.NO_SEPARATORS: _no_separators,
    Clean.UPPER: str.upper,
    Clean.LOWER: str.lower,
}


# --- Identifiers -----------------------------------------------------------------------------------------------------


class PersonalId(Value):
    """Personal identifier (số định danh cá nhân): 12 digits, no check digit.

    Province or country of birth registration (3), century and sex (1), year of birth (2), random (6). The layout comes from
    a decree no longer in force, so a mismatch with birth date or sex is evidence and not a fault of the number.
    """

    clean = (Clean.NO_SEPARATORS,)
    pattern = r"[0-9]{12}"
    mask = Mask.LAST_DIGITS
    expected = "12 digits"
    rule = "a personal identifier has 12 digits"
    examples = ("022085001234",)
    refused = ("02208500123", "02208500123X")


class FormerId(Value):
    """Former identity-card number (số CMND): 9 digits, no structure. No longer a document, still in land and tax records."""

    clean = (Clean.NO_SEPARATORS,)
    pattern = r"[0-9]{9}"
    mask = Mask.LAST_DIGITS
    expected = "9 digits"
    rule = "a former identifier has 9 digits"
    examples = ("100234567",)
    refused = ("10023456",)


class TaxCode(Value):
    """Tax code (mã số thuế): 10 digits with a check digit, 13 for a branch, or a personal identifier (12) since 2025-07-01.

    The check digit is 10 − (Σ dᵢ·(31,29,23,19,17,13,7,5,3) mod 11); a remainder of 0 has no valid code. The first two digits
    are a tax office, never a province. One code can name a person, a household and a household business.
    """

    clean = (Clean.NO_SEPARATORS,)
    pattern = r"[0-9]{10}|[0-9]{10}(00[1-9]|0[1-9][0-9]|[1-9][0-9]{2})|[0-9]{12}"
    check_digit = CheckDigit((31, 29, 23, 19, 17, 13, 7, 5, 3), modulus=11, base=10, lengths=(10, 13))
    may_be = (PersonalId,)
    mask = Mask.LAST_DIGITS
    expected = "10, 12 or 13 digits"
    rule = "a tax code has 10 digits, 13 for a branch, or is a personal identifier of 12"
    examples = ("0100233488", "0100233488-001", "022085001234")
    refused = ("0100233489", "0100233488-000", "12345")


class EnterpriseCode(Value):
    """Enterprise code (mã số doanh nghiệp): 10 digits, the same number and check digit as the tax code."""

    clean = (Clean.NO_SEPARATORS,)
    mask = Mask.LAST_DIGITS
    pattern = r"[0-9]{10}"
    check_digit = TaxCode.check_digit
    expected = "10 digits"
    rule = "an enterprise code has 10 digits and a check digit"
    examples = ("0100233488",)
    refused = ("0100233489", "022085001234")


class RegistrationNumber(Value):
    """Number under which a business is registered: the enterprise code, or the certificate number of a household business."""

    clean = (Clean.NO_SEPARATORS, Clean.UPPER)
    mask = Mask.LAST_DIGITS
    pattern = r"[0-9]{10}|[0-9]{2}[A-Z][0-9]{7}"
    expected = "10 digits, or 2 digits, a letter and 7 digits"
    rule = "10 digits for an enterprise; 2 digits, a letter and 7 digits for a household business"
    examples = ("0100233488", "22A8001234")
    refused = ("A1",)


class SocialInsuranceNumber(Value):
    """Social-insurance number (mã số bảo hiểm xã hội): 10 digits, one for each person who ever was insured."""

    clean = (Clean.NO_SEPARATORS,)
    pattern = r"[0-9]{10}"
    mask = Mask.LAST_DIGITS
    expected = "10 digits"
    rule = "a social-insurance number has 10 digits"
    examples = ("2214123456",)
    refused = ("221412345",)


class HealthCardNumber(Value):
    """Number of a health-insurance card: category (2 letters), level of cover, province, social-insurance number.

    Shown to the last three characters only: it holds the holder's social-insurance number.
    """

    clean = (Clean.NO_SEPARATORS, Clean.UPPER)
    pattern = r"[A-Z]{2}[1-5][0-9]{12}"
    mask = Mask.LAST_DIGITS
    expected = "2 letters and 13 digits"
    rule = "a health-insurance card number has 2 letters and 13 digits"
    examples = ("TE1222214123456",)
    refused = ("2214123456", "TE9222214123456")


class AdministrativeUnitCode(Value):
    """Code of an administrative unit *with its date*, as `code@date`.

    A code without a date is ambiguous: every commune code of 2025-07-01 had been the code of an older commune. Written with
    any date on which it was in force (`06820@2019-05-05`); canonical with the first date of the unit that had it then, or
    `..` where that is not known (`06820@..`, EDTF's open start; `06820@2025-07-01`). Source: `schema/data/`.
    """

    clean = (Clean.SPACES,)
    pattern = r"[0-9]{2,5}@(\.\.|[0-9]{4}-[0-9]{2}-[0-9]{2})"
    dated_unit = True
    expected = "a unit code with a date"
    rule = "an administrative-unit code is written with its date: 06820@2025-07-01"
    examples = ("06820@2019-05-05", "06820@2025-07-01", "22@..")
    refused = ("06820", "99999@2020-01-01")


class ParcelNumber(Value):
    """Natural key of a parcel: `commune@date:map sheet:parcel`, as on the cadastral map (`06820@..:12:345`)."""

    clean = (Clean.SPACES,)
    pattern = r"[0-9]{5}@(\.\.|[0-9]{4}-[0-9]{2}-[0-9]{2}):[1-9][0-9]{0,3}:[1-9][0-9]{0,4}"
    dated_unit = True
    mask = Mask.PAPER
    expected = "commune@date:sheet:parcel"
    rule = "a parcel number is commune@date:sheet:parcel, such as 06820@2019-05-05:12:345"
    examples = ("06820@2019-05-05:12:345",)
    refused = ("06820:12:345", "06820@2019-05-05:0:345")


class ParcelIdentifier(Value):
    """Parcel identifier (mã định danh thửa đất): 12 characters, a geohash issued once. Opaque: stored, never computed."""

    clean = (Clean.NO_SEPARATORS, Clean.LOWER)
    pattern = r"[0-9b-hjkmnp-z]{12}"
    mask = Mask.PAPER
    expected = "12 characters of the geohash alphabet"
    rule = "a parcel identifier has 12 characters of the geohash alphabet"
    examples = ("w7er4n8p2q1z",)
    refused = ("w7er4n8p2q1", "w7er4n8p2q1a")


class CertificateSerial(Value):
    """Serial of a certificate of land-use right: 2 letters and 8 digits, 6 on older ones."""

    clean = (Clean.NO_SEPARATORS, Clean.UPPER)
    pattern = r"[A-ZĐ]{2}([0-9]{6}|[0-9]{8})"
    mask = Mask.PAPER
    expected = "2 letters and 8 (formerly 6) digits"
    rule = "a certificate serial has 2 letters and 8 digits (6 on older certificates)"
    examples = ("DA 12345678", "BM 123456")
    refused = ("D12345678", "DA 1234567")


class DossierCode(Value):
    """Dossier code: receiving agency, date, serial of the day (Decree 61/2018), such as `H49.12-251118-0007`."""

    clean = (Clean.SPACES, Clean.UPPER)
    pattern = r"[A-Z0-9]+(\.[A-Z0-9]+)*-[0-9]{6}-[0-9]{4,}"
    mask = Mask.PAPER
    expected = "agency-YYMMDD-serial"
    rule = "a dossier code is agency-YYMMDD-serial, such as H49.12-251118-0007"
    examples = ("H49.12-251118-0007",)
    refused = ("H49.12-2511-7",)


class LocalCode(Value):
    """A code that one sector system gives to a thing of its own and that means nothing outside it.

    Masked whole: of one family's papers each has such a number, and whoever holds a paper knows it.
    """

    clean = (Clean.SPACES, Clean.UPPER)
    pattern = r"[0-9A-ZĐ][0-9A-ZĐ./_\-]{0,39}"
    mask = Mask.PAPER
    scalar = "String"
    expected = "at most 40 letters, digits and . / - _"
    rule = "a local code has letters, digits, and . / - _, 40 at most"
    examples = ("HK22-0012345",)
    refused = ("*", "")


class PublicCode(LocalCode):
    """The same of a thing that is no person's, such as a place: shown to everybody."""

    mask = Mask.NONE


# --- Dates, amounts, places ------------------------------------------------------------------------------------------


class Day(Value):
    """A calendar day, ISO 8601."""

    specified_by = "https://scalars.graphql.org/andimarek/local-date.html"
    storage = Storage.DATE
    clean = (Clean.SPACES,)
    pattern = r"(1[0-9]|2[01])[0-9]{2}-[0-9]{2}-[0-9]{2}"
    ordered = True
    scalar = "Date"
    expected = "a date"
    rule = "a day is YYYY-MM-DD"
    examples = ("2025-07-01",)
    refused = ("2025-02-30", "01/07/2025")


class PartialDate(Value):
    """A date of which perhaps only the year is known (EDTF level 0): `1954` or `1954-03-12`. Sorts by year, then day."""

    clean = (Clean.SPACES,)
    pattern = r"(18|19|20)[0-9]{2}(-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))?"
    ordered = True
    mask = Mask.YEAR
    expected = "a date or a year"
    rule = "a birth date is YYYY-MM-DD, or YYYY where only the year is known"
    examples = ("1954", "1954-03-12")
    refused = ("54", "1954-13-01")


class Instant(Value):
    """A point in time, in UTC."""

    storage = Storage.TIMESTAMP
    clean = (Clean.SPACES,)
    ordered = True
    scalar = "DateTime"
    specified_by = "https://scalars.graphql.org/andimarek/date-time.html"
    expected = "an ISO 8601 time with its offset"
    rule = "an instant is an ISO 8601 time with its offset"
    examples = ("2026-01-01T00:00:00+00:00",)
    refused = ("2026-01-01T00:00:00", "yesterday")


class Vnd(Value):
    """An amount of money in Vietnamese đồng. Whole đồng; the currency has no smaller unit."""

    storage = Storage.BIGINT
    clean = (Clean.SPACES,)
    pattern = r"-?[0-9]{1,15}"
    ordered = True
    unit = "VND"
    expected = "a whole amount"
    rule = "an amount is a whole number of đồng, 15 digits at most"
    examples = ("1250000",)
    refused = ("1.5", "12 đồng")


class Area(Value):
    """An area in square metres, to a hundredth."""

    storage = Storage.NUMERIC
    clean = (Clean.SPACES,)
    pattern = r"[0-9]{1,10}(\.[0-9]{1,4})?"
    minimum = 0
    ordered = True
    unit = "m²"
    expected = "a number of square metres"
    rule = "an area is a number of square metres, not negative"
    examples = ("120.5",)
    refused = ("-3", "12 ha")


class SquareKilometres(Value):
    """An area in square kilometres, for administrative units."""

    storage = Storage.NUMERIC
    clean = (Clean.SPACES,)
    pattern = r"[0-9]{1,8}(\.[0-9]{1,6})?"
    minimum = 0
    ordered = True
    unit = "km²"
    expected = "a number of square kilometres"
    rule = "an area is a number of square kilometres, not negative"
    examples = ("93.77",)


class GeoPoint(Value):
    """A geographic point, WGS 84, as `latitude,longitude` in degrees (the order of a geo URI, RFC 5870)."""

    clean = (Clean.SPACES,)
    pattern = r"-?[0-9]{1,2}(\.[0-9]+)?,-?1?[0-9]{1,2}(\.[0-9]+)?"
    expected = "latitude,longitude in degrees"
    rule = "a point is latitude,longitude in degrees"
    examples = ("21.0869,106.81",)
    refused = ("21.0869", "95.1.2,106")


class ParcelPoint(GeoPoint):
    """A point within a parcel: it leads to the parcel, as its number does."""

    scalar = "GeoPoint"
    mask = Mask.PAPER


class Share(Value):
    """The part of a right that one holder has, as a fraction: `1/1`, `1/2`."""

    clean = (Clean.SPACES,)
    pattern = r"[1-9][0-9]{0,3}/[1-9][0-9]{0,3}"
    expected = "a fraction"
    rule = "a share is a fraction such as 1/2"
    examples = ("1/1", "1/2")
    refused = ("0/1", "50%")


# --- Text ------------------------------------------------------------------------------------------------------------


class PersonName(Value):
    """Full name of a person: family name first, then middle, then given. Kept as written, searched without tone marks."""

    pattern = r"[^0-9]{2,120}"
    name_search = True
    ordered = True
    mask = Mask.INITIALS
    scalar = "String"
    expected = "2 to 120 characters without digits"
    rule = "a name has 2 to 120 characters and no digits"
    examples = ("Nguyễn Thị Hoà",)
    refused = ("N", "Nguyen 2")


class OrganisationName(Value):
    """Name of an organisation or a place, as registered."""

    pattern = r".{1,300}"
    name_search = True
    ordered = True
    scalar = "String"
    expected = "1 to 300 characters"
    rule = "a name has 1 to 300 characters"
    examples = ("Công ty TNHH Hạ Long",)


class Text(Value):
    """Free text of a sector, one line."""

    pattern = r".{1,1000}"
    scalar = "String"
    expected = "1 to 1000 characters"
    rule = "a text has 1 to 1000 characters"
    examples = ("Khu 3",)


class Address(Text):
    """An address as written; the administrative unit stands beside it as a reference."""

    mask = Mask.HIDDEN
    examples = ("Tổ 5, khu 3",)


class Verbatim(Value):
    """What a sector wrote, kept as it is but for white space: the evidence that linking works on, never rejected."""

    clean = (Clean.SPACES,)
    mask = Mask.HIDDEN
    scalar = "String"
    rule = "kept as recorded"
    examples = ("01/02/1954",)


class Count(Value):
    """A whole number, not negative."""

    storage = Storage.INTEGER
    clean = (Clean.SPACES,)
    pattern = r"[0-9]{1,9}"
    minimum = 0
    ordered = True
    scalar = "Int"
    expected = "a whole number"
    rule = "a whole number, not negative"
    examples = ("12",)
    refused = ("-1", "1.5")


class MapNumber(Count):
    """Number of a sheet of the cadastral map, or of a parcel on it: with the commune the two are the number of a parcel."""

    mask = Mask.ZERO
    rule = "a whole number, not negative"


# --- Code lists ------------------------------------------------------------------------------------------------------


class CodeList(Value):
    """A closed list of codes with labels; a GraphQL enum. `label` names the list, `codes` is the list; a code is upper case."""

    clean = (Clean.SPACES, Clean.UPPER)
    label: ClassVar[Label | None] = None
    codes: ClassVar[dict[str, Label]] = {}

    @classmethod
    def parse(cls, raw: str) -> str:
        """Clean and check one code. Returns the code; raises ValueRejected."""
        text = clean_text(raw, cls.clean)
        if text not in cls.codes:
            raise ValueRejected(f"{cls.__name__}: not in the code list; one of {', '.join(cls.codes)}")
        return text
