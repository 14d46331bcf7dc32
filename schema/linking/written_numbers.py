"""Numbers of persons and payers within what a sector wrote: `CCCD 022 085 001 234`, `012345678 / 022085001234`, `MST: 0100233488-001`.

The patterns say what is read, once for both readers: `hub.link.normalise.identifiers` reads with them in Python, and rules in SQL
(`personal_in` and so on, over `CLEANED`). A number is digits of the right count, with blanks, dots or dashes between
them, and nothing but one number of its length in the cell. A letter among digits, or digits that miss zeros in front, are never
read: they make a repaired number, for candidates only. A number that is said to be another (a telephone, a driving licence, which
has 12 digits as well) is left out.

PostgreSQL and Python must mean the same by a pattern: so no class depends on a locale, and where two alternatives begin at one
place the longer one stands first, as PostgreSQL prefers the longest and Python the first.
"""

from collections.abc import Mapping

from schema.values import WHITE

BETWEEN = rf"[{WHITE}.\-_\u2013\u2014]"
"""What stands between groups of digits; a comma and an apostrophe only without blanks, as thousands are parted."""
LETTER = r"A-Za-z\u00c0-\u024f\u0300-\u036f\u1e00-\u1eff"
MISTYPED = "OoIl|"
"""Letters that are typed for digits, for 0, 0, 1, 1, 1 in turn."""
MEANT = "00111"

OTHER_NUMBERS = (
    "điện thoại", "dien thoai", "đt", "dt", "sđt", "sdt", "đtdđ", "đtdd", "tel", "phone", "mobile", "hotline", "fax", "zalo",
    "hộ chiếu", "ho chieu", "passport", "gplx", "giấy phép lái xe", "bằng lái xe", "bằng lái", "bhxh", "bhyt", "bảo hiểm xã hội",
    "bảo hiểm y tế", "stk", "tài khoản", "tai khoan", "gcn", "gcnqsdđ", "giấy chứng nhận", "hồ sơ", "sổ hộ khẩu", "shk", "hợp đồng",
)  # fmt: skip
"""Words before a number that is neither an identifier nor a tax code, though it may be as long."""
GLUED_WORDS = ("cccd", "cmnd", "cmtnd", "cmt", "cccđ", "cc", "cm", "mst", "msdn", "đdcn", "ddcn", "số", "id")
"""Words that may stand before a number without a blank."""
NUMBER_WORDS = ("số", "so", "no")


def _any_case(words: tuple[str, ...]) -> str:
    """Alternatives in either case: how a database ignores case depends on how it was set up."""
    ways = (
        "".join(f"[{WHITE}]+" if c == " " else f"[{c}{c.upper()}]" if c != c.upper() else c for c in word)
        for word in sorted(words, key=len, reverse=True)
    )
    return f"(?:{'|'.join(ways)})"


def _standing(*lengths: int, first: str = "[0-9]") -> str:
    """A number of one of these lengths: all digits between what is no part of it, or one group of just as many."""
    grouped = (rf"(?<![0-9] ){first}(?: ?[0-9]){{{n - 1}}}(?! ?[0-9])" for n in sorted(lengths, reverse=True))
    groups = (rf"{first}[0-9]{{{n - 1}}}" for n in sorted(lengths, reverse=True))
    return rf"(?<![0-9])(?:{'|'.join([*grouped, *groups])})(?![0-9])"


SPREADSHEET = r"^([0-9]+)\.00?$"
"""A number that a spreadsheet held as one with decimals."""
OF_ANOTHER = (
    rf"(?<![{LETTER}0-9]){_any_case(OTHER_NUMBERS)}(?![{LETTER}])[^0-9{LETTER}]*(?:{_any_case(NUMBER_WORDS)}[^0-9{LETTER}]*)?"
    rf"[0-9](?:{BETWEEN}*[0-9])*"
)
GLUED = rf"(?<![{LETTER}0-9]){_any_case(GLUED_WORDS)}(?=[0-9])"
_GROUP = rf"[{LETTER}|0-9]*[0-9][{LETTER}|0-9]*"
_GAP = rf"{BETWEEN}+(?:[{MISTYPED}]{BETWEEN}+)?"
LETTERED = (
    rf"(?<![{LETTER}|0-9])(?=(?:[0-9]|{BETWEEN})*(?:[0-9][{LETTER}|]|[{LETTER}|]+[0-9]|[{MISTYPED}]{BETWEEN}+[0-9]))"
    rf"{_GROUP}(?:{_GAP}{_GROUP})*"
)
"""Groups of digits one after the other, with a letter in, before or behind one of them."""
SEPARATOR = rf"(?<=[0-9])(?:{BETWEEN}+|[,'’])(?=[0-9])"

PERSONAL = _standing(12)
FORMER = _standing(9)
TAX = _standing(13, 10)
LOST_ZEROS_OF_IDENTIFIER = {8: 1, 10: 2, 11: 1}
LOST_ZEROS_OF_TAX_CODE = {11: 1}
"""Digits that are written → zeros that a spreadsheet took in front. Ten digits in the place of a tax code are one."""
LOST_ZEROS = _standing(*LOST_ZEROS_OF_IDENTIFIER, first="[1-9]")


def _quoted(pattern: str) -> str:
    """A pattern as it stands in SQL that is formatted afterwards."""
    return "'" + pattern.replace("'", "''").replace("{", "{{").replace("}", "}}") + "'"


def _replaced(text: str, pattern: str, by: str) -> str:
    return f"regexp_replace({text}, {_quoted(pattern)}, '{by}', 'g')"


def _only(text: str, pattern: str, between: str = " ") -> str:
    """SQL of the digits of the one match of a pattern; null if there is none, or a second one."""
    found = _replaced(f"regexp_substr({text}, {_quoted(pattern)})", between, "")
    return f"case when regexp_count({text}, {_quoted(pattern)}) = 1 then {found} end"


def _rest(text: str) -> str:
    """Digits of a personal identifier are no shorter number too."""
    return _replaced(text, PERSONAL, ";")


def _without_others(text: str) -> str:
    """SQL of a text without numbers that are said to be another's, and with a blank between a known word and digits."""
    return _replaced(_replaced(text, OF_ANOTHER, ";"), GLUED, " ")


_WRITTEN = f"regexp_replace(normalize({{column}}, nfc), {_quoted(SPREADSHEET)}, '\\1')"
_JOINED = _replaced("{column}", f"{BETWEEN}+", "")
_GROUPS_ONLY = f"{{column}} !~ {_quoted(SPREADSHEET)} and {_JOINED} ~ {_quoted('^(?:[0-9]{9}|[0-9]{12})$')}"
CLEANED = (
    f"case when {{column}} !~ '[^0-9]' then {{column}} when {{column}} ~ {_quoted('^[0-9]{10}-[0-9]{3}$')} then replace({{column}}, '-', '')"
    f" when {_GROUPS_ONLY} then {_JOINED} when {{column}} is not null then ' ' || "
    f"{_replaced(_replaced(_without_others(_WRITTEN), LETTERED, ';'), SEPARATOR, ' ')} end"
)
"""SQL of a `{column}` as the functions below take it. Digits alone are left as they are, and groups of digits are joined: most values are
no more, and all else takes a hundred times as long. Any other text begins with a blank then, has one blank between groups of digits, and
lacks the numbers of others and those with letters."""


def personal_in(text: str) -> str:
    """SQL of the personal identifier in a cleaned text: a number of 12 digits, if there is but one."""
    return f"case when starts_with({text}, ' ') then {_only(text, PERSONAL)} when length({text}) = 12 then {text} end"


def former_in(text: str) -> str:
    """SQL of the former identifier in a cleaned text: a number of 9 digits, if there is but one."""
    return (
        f"case when starts_with({text}, ' ') then {_only(_rest(text), FORMER)} when length({text}) = 9 then {text} end"
    )


def tax_in(text: str) -> str:
    """SQL of the tax code in a cleaned text, without its branch: a number of 10 or 13 digits, if there is but one."""
    return (
        f"case when starts_with({text}, ' ') then left({_only(_rest(text), TAX)}, 10)"
        f" when length({text}) in (10, 13) then left({text}, 10) end"
    )


def repaired_in(text: str, written: str, lost_zeros: Mapping[int, int] = LOST_ZEROS_OF_IDENTIFIER) -> str:
    """SQL of the identifier that a number would be, which is none as it stands: letters typed for digits replaced, or zeros lost in front
    put back. `text` is cleaned, `written` the same as recorded."""
    lettered = _only(_without_others(f"normalize({written}, nfc)"), LETTERED, BETWEEN)
    valid = f"regexp_substr(translate({lettered}, '{MISTYPED}', '{MEANT}'), {_quoted('^(?:[0-9]{9}|[0-9]{12})$')})"
    return (
        f"case when starts_with({text}, ' ') then case when {text} !~ {_quoted(PERSONAL)} and {text} !~ {_quoted(FORMER)}"
        f" then coalesce({valid}, {_padded(_only(text, LOST_ZEROS), lost_zeros)}) end"
        f" when not starts_with({text}, '0') then {_padded(text, lost_zeros)} end"
    )


def _padded(number: str, lost_zeros: Mapping[int, int]) -> str:
    whens = " ".join(f"when {digits} then '{'0' * lost}' || {number}" for digits, lost in lost_zeros.items())
    return f"case length({number}) {whens} end"
