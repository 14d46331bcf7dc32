"""Identifiers and tax codes as recorded → personal, former and tax numbers told apart; a repaired one is a candidate only.

Which numbers a text holds is said by the patterns of `schema.linking.written_numbers`, by which rules read as well. Letters typed for
digits (O, I, l) and zeros that a spreadsheet lost in front are repaired: the number they would be is kept as a candidate with its
repair named, and never put among the clean. What a personal identifier states (province of registration, sex, year) is evidence for a
comparison, and no test of it.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from schema.linking import written_numbers as patterns
from schema.values import TaxCode

NUMBERS_KEPT = 1 << 14
"""How many texts are remembered: some megabytes. A frame's digits alone are read all at once, which takes a tenth of the time."""
PLAIN = r"^[0-9]+$"
LETTERS, LEADING_ZERO = "LETTERS", "LEADING_ZERO"

FEATURES = {
    "personal_id": pl.String(),
    "former_id": pl.String(),
    "tax_code": pl.String(),
    "tax_branch": pl.String(),
    "id_digits": pl.String(),
    "id_candidate": pl.String(),
    "id_repair": pl.String(),
    "id_province": pl.String(),
    "id_sex": pl.String(),
    "id_year": pl.Int16(),
}
"""The columns of `read_identifiers`; see `hub.link.normalise.party` for what they mean."""


class WrittenNumbers(NamedTuple):
    """The numbers that a text holds; of each kind null, if there is none or several."""

    personal: str | None = None
    former: str | None = None
    tax: str | None = None
    """Tax code, 10 digits, or 13 with the branch."""
    repaired: str | None = None
    """The identifier that a number would be which is none as it stands."""
    repair: str | None = None
    repaired_from: int | None = None
    """How many digits were written of it."""


NOTHING = WrittenNumbers()
_SPREADSHEET, _OF_ANOTHER, _GLUED, _LETTERED, _SEPARATOR = (
    re.compile(pattern)
    for pattern in (patterns.SPREADSHEET, patterns.OF_ANOTHER, patterns.GLUED, patterns.LETTERED, patterns.SEPARATOR)
)
_PERSONAL, _FORMER, _TAX, _LOST = (
    re.compile(pattern) for pattern in (patterns.PERSONAL, patterns.FORMER, patterns.TAX, patterns.LOST_ZEROS)
)
_BETWEEN = re.compile(patterns.BETWEEN)
_MEANT = str.maketrans(patterns.MISTYPED, patterns.MEANT)


@lru_cache(NUMBERS_KEPT)
def read_numbers(text: str) -> WrittenNumbers:
    """Read the numbers that a text holds. Total."""
    if text.isascii() and text.isdigit():
        return _read_digits(text)
    written = _GLUED.sub(" ", _OF_ANOTHER.sub(";", _SPREADSHEET.sub(r"\1", unicodedata.normalize("NFC", text))))
    cleaned = _SEPARATOR.sub(" ", _LETTERED.sub(";", written))
    rest = _PERSONAL.sub(";", cleaned)
    personal, former, tax = _only(_PERSONAL, cleaned), _only(_FORMER, rest), _only(_TAX, rest)
    if _PERSONAL.search(cleaned) or _FORMER.search(cleaned):
        return WrittenNumbers(personal, former, tax)
    lettered = _BETWEEN.sub("", _only(_LETTERED, written) or "").translate(_MEANT)
    if re.fullmatch("[0-9]{9}|[0-9]{12}", lettered):
        return WrittenNumbers(personal, former, tax, lettered, LETTERS, len(lettered))
    if lost := _only(_LOST, cleaned):
        zeros = "0" * patterns.LOST_ZEROS_OF_IDENTIFIER[len(lost)]
        return WrittenNumbers(personal, former, tax, zeros + lost, LEADING_ZERO, len(lost))
    return WrittenNumbers(personal, former, tax)


def _read_digits(text: str) -> WrittenNumbers:
    length = len(text)
    if length in patterns.LOST_ZEROS_OF_IDENTIFIER and not text.startswith("0"):
        repaired = "0" * patterns.LOST_ZEROS_OF_IDENTIFIER[length] + text
        return WrittenNumbers(None, None, text if length == 10 else None, repaired, LEADING_ZERO, length)
    return WrittenNumbers(
        text if length == 12 else None, text if length == 9 else None, text if length in (10, 13) else None
    )


def _only(pattern: re.Pattern[str], text: str) -> str | None:
    found = [match[0] for match in pattern.finditer(text)]
    return found[0].replace(" ", "") if len(found) == 1 else None


def read_identifiers(identifier: pl.Series, tax_code: pl.Series) -> pl.DataFrame:
    """Read identifiers and tax codes, row by row. Total; null if there is nothing to read."""
    number, tax = _read(identifier), _read(tax_code)
    frame = pl.DataFrame({"written": identifier.cast(pl.String), "written_tax": tax_code.cast(pl.String)}).hstack(
        [*number, *(series.alias(f"{series.name}_of_tax") for series in tax)]
    )
    # From the field for identifiers, a tax code counts only if its check digit agrees: ten digits may be a telephone.
    elsewhere = pl.when(_check_digit_agrees("tax")).then(pl.col("tax"))
    lost_of_tax = pl.when(
        (pl.col("repair_of_tax") == LETTERS)
        | pl.col("repaired_from_of_tax").is_in(list(patterns.LOST_ZEROS_OF_TAX_CODE))
    )
    frame = frame.with_columns(
        pl.coalesce("personal", "personal_of_tax").alias("personal_id"),
        pl.col("former").alias("former_id"),
        pl.col("tax_of_tax").fill_null(elsewhere).alias("_tax"),
        pl.col("repaired").fill_null(lost_of_tax.then(pl.col("repaired_of_tax"))).alias("id_candidate"),
        pl.when(pl.col("repaired").is_not_null()).then("repair").otherwise(lost_of_tax.then(pl.col("repair_of_tax"))).alias("id_repair"),
    )  # fmt: skip
    return (
        frame.with_columns(
            pl.col("_tax").str.slice(0, 10).alias("tax_code"),
            pl.when(pl.col("_tax").str.len_bytes() == 13).then(pl.col("_tax").str.slice(10)).alias("tax_branch"),
            *_stated(),
        )
        .with_columns(_digits().alias("id_digits"))
        .select(*FEATURES)
    )


def _read(texts: pl.Series) -> list[pl.Series]:
    """The numbers of each text, a series for each part of WrittenNumbers."""
    frame = pl.DataFrame({"text": texts.cast(pl.String)})
    plain = pl.when(pl.col("text").str.contains(PLAIN))
    length = pl.col("text").str.len_bytes()
    # A spreadsheet takes all zeros in front.
    lost = plain.then(length.is_in(list(patterns.LOST_ZEROS_OF_IDENTIFIER)) & ~pl.col("text").str.starts_with("0"))
    frame = frame.with_columns(
        plain.then(pl.when(length == 12).then("text")).alias("personal"),
        plain.then(pl.when(length == 9).then("text")).alias("former"),
        plain.then(pl.when(length.is_in([10, 13])).then("text")).alias("tax"),
        pl.when(lost).then(pl.when(length == 8).then(pl.col("text").str.zfill(9)).otherwise(pl.col("text").str.zfill(12))).alias("repaired"),
        pl.when(lost).then(pl.lit(LEADING_ZERO)).alias("repair"),
        pl.when(lost).then(length).cast(pl.Int64).alias("repaired_from"),
    )  # fmt: skip
    others = frame.filter(~pl.col("text").str.contains(PLAIN))["text"].unique()
    read = pl.DataFrame(
        [(text, *read_numbers(text)) for text in others],
        schema={"text": pl.String, **dict.fromkeys(WrittenNumbers._fields[:-1], pl.String), "repaired_from": pl.Int64},
        orient="row",
    )
    joined = frame.join(read, on="text", how="left", maintain_order="left", suffix="_read")
    parts = [pl.col(name).fill_null(pl.col(f"{name}_read")).alias(name) for name in WrittenNumbers._fields]
    return joined.select(parts).get_columns()


def _check_digit_agrees(column: str) -> pl.Expr:
    rule = TaxCode.check_digit
    assert rule is not None  # declared with the type
    digits = [pl.col(column).str.slice(at, 1).cast(pl.Int32, strict=False) for at in range(len(rule.weights) + 1)]
    total = pl.sum_horizontal(digit * weight for digit, weight in zip(digits, rule.weights, strict=False))
    return pl.lit(rule.base) - total % rule.modulus == digits[-1]


def _digits() -> pl.Expr:
    """Digits to compare: of the number as written, of what stands for it, or whatever digits there are."""
    of_letters = pl.when(pl.col("id_repair") == LETTERS).then("id_candidate")
    written = (pl.col(column).str.replace(patterns.SPREADSHEET, "$1") for column in ("written", "written_tax"))
    some = [text.str.replace_all("[^0-9]", "") for text in written]
    return pl.coalesce("personal", "former", of_letters, *(pl.when(digits != "").then(digits) for digits in some))


def _stated() -> tuple[pl.Expr, ...]:
    """Province, sex and year as a personal identifier states them: 1900s 0 and 1, 2000s 2 and 3, 2100s 4 and 5."""
    century = pl.col("personal_id").str.slice(3, 1).cast(pl.Int16)
    year = pl.lit(1900, pl.Int16) + century // 2 * 100 + pl.col("personal_id").str.slice(4, 2).cast(pl.Int16)
    sex = pl.when(century % 2 == 0).then(pl.lit("MALE")).otherwise(pl.lit("FEMALE"))
    known = century <= 5
    return (
        pl.col("personal_id").str.slice(0, 3).alias("id_province"),
        pl.when(known).then(sex).alias("id_sex"),
        pl.when(known).then(year).alias("id_year"),
    )
