"""Identifiers and tax codes as recorded → personal, former and tax numbers told apart; a repaired one is a candidate only.

Separators are no dirt. Letters typed for digits (O, I, l), zeros that a spreadsheet lost in front, and numbers that stand
within other text are: the number they would be is kept as a candidate with its repair named, and never put among the clean.
What a personal identifier states (province of registration, sex, year) is evidence for a comparison, and no test of it.
"""

import polars as pl

from schema.values import WHITE, TaxCode

SEPARATORS = rf"[{WHITE}.\-_/,']"
SPREADSHEET = r"\.0+$"
"""A number that a spreadsheet held as one with decimals."""
LETTERS = {"O": "0", "o": "0", "I": "1", "l": "1", "|": "1"}

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


def read_identifiers(identifier: pl.Series, tax_code: pl.Series) -> pl.DataFrame:
    """Read identifiers and tax codes, row by row. Total; null if there is nothing to read."""
    frame = pl.DataFrame({"written": identifier.cast(pl.String), "tax": tax_code.cast(pl.String)})
    number, tax = _number("written"), _number("tax")
    frame = frame.with_columns(number.alias("number"), tax.alias("tax_number"))
    frame = frame.with_columns(
        _of_length("number", 12).fill_null(_of_length("tax_number", 12)).alias("personal_id"),
        _of_length("number", 9).alias("former_id"),
        _tax_number().alias("_tax"),
    )
    return (
        frame.with_columns(
            pl.col("_tax").str.slice(0, 10).alias("tax_code"),
            pl.when(pl.col("_tax").str.len_bytes() == 13).then(pl.col("_tax").str.slice(10)).alias("tax_branch"),
            *_candidate(),
            *_stated(),
        )
        .with_columns(_digits().alias("id_digits"))
        .select(*FEATURES)
    )


def _number(column: str) -> pl.Expr:
    """The digits of a clean number; null if there is anything but digits and separators."""
    bare = pl.col(column).str.strip_chars().str.replace(SPREADSHEET, "").str.replace_all(SEPARATORS, "")
    return pl.when(bare.str.contains(r"^[0-9]+$")).then(bare)


def _of_length(column: str, *lengths: int) -> pl.Expr:
    return pl.when(pl.col(column).str.len_bytes().is_in(list(lengths))).then(pl.col(column))


def _tax_number() -> pl.Expr:
    """The tax code as written in its own field; from the field for identifiers only if its check digit agrees."""
    elsewhere = pl.when(_check_digit_agrees("number")).then(_of_length("number", 10, 13))
    return _of_length("tax_number", 10, 13).fill_null(elsewhere)


def _check_digit_agrees(column: str) -> pl.Expr:
    rule = TaxCode.check_digit
    assert rule is not None  # declared with the type
    digits = [pl.col(column).str.slice(at, 1).cast(pl.Int32, strict=False) for at in range(len(rule.weights) + 1)]
    total = pl.sum_horizontal(digit * weight for digit, weight in zip(digits, rule.weights, strict=False))
    return pl.lit(rule.base) - total % rule.modulus == digits[-1]


def _digits() -> pl.Expr:
    """Digits to compare: of the number as written, of what stands for it, or whatever digits there are."""
    repaired = pl.when(pl.col("id_repair") != "LEADING_ZERO").then(pl.col("id_candidate"))
    some = [pl.col(column).str.replace_all("[^0-9]", "") for column in ("written", "tax")]
    return pl.coalesce("number", repaired, *(pl.when(digits != "").then(digits) for digits in some))


def _candidate() -> tuple[pl.Expr, pl.Expr]:
    """What a dirty identifier would be, and by which repair."""
    letters = pl.col("written").str.replace_many(LETTERS).str.replace_all(SEPARATORS, "")
    number = pl.col("number")
    length = number.str.len_bytes()
    # A spreadsheet takes all zeros in front. Ten digits may also be a tax code in the wrong field.
    short = (length == 8) | (length == 11) | ((length == 10) & pl.col("_tax").is_null())
    lost = short & ~number.str.starts_with("0")
    within = pl.col("written").str.extract(r"(?:^|[^0-9])([0-9]{12}|[0-9]{9})(?:[^0-9]|$)")
    lettered = number.is_null() & letters.str.contains(r"^([0-9]{9}|[0-9]{12})$")
    repair = (
        pl.when(lettered).then(pl.lit("LETTERS"))
        .when(lost).then(pl.lit("LEADING_ZERO"))
        .when(number.is_null() & within.is_not_null()).then(pl.lit("WITHIN_TEXT"))
    )  # fmt: skip
    candidate = (
        pl.when(lettered).then(letters)
        .when(lost).then(pl.when(length == 8).then(number.str.zfill(9)).otherwise(number.str.zfill(12)))
        .when(number.is_null()).then(within)
    )  # fmt: skip
    return candidate.alias("id_candidate"), repair.alias("id_repair")


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
