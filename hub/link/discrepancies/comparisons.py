"""How a copy is held against its authority, as SQL: for each comparison an expression that grades two values. Pure text.

A grade is null if the two agree or cannot be compared, SPELLING where a name is the same but for its marks, DIFFERS else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hub.link.discrepancies import communes
from hub.model.authorities import Copy
from schema.authority import Comparison
from schema.linking.declarations import written

KINDS = ("SPELLING", "DIFFERS")
MONTH, DAY = "(0?[1-9]|1[0-2])", "(0?[1-9]|[12][0-9]|3[01])"
YEAR = "((?:18|19|20)[0-9]{2})"
SEPARATORS = r"[\s.\-_]"
BETWEEN = r"\s*[/.\-]\s*"


@dataclass(frozen=True)
class Columns:
    """The columns of one copy, as SQL: the record's value, the authority's value, its search key, and the fields shown with it."""

    recorded: str
    held: str
    key: str | None = None
    beside: str | None = None


def render_grade(copy: Copy, columns: Columns) -> str:
    """The grade of one copy, as SQL."""
    return _GRADES[copy.compared](copy, columns)


def _differs(condition: str, at: Columns) -> str:
    """DIFFERS where the condition holds; whether the columns are equal, which they mostly are, is asked first."""
    return f"case when {at.recorded} is null or {at.held} is null or {at.recorded} = {at.held} then null when {condition} then 'DIFFERS' end"


def _name(copy: Copy, at: Columns) -> str:
    return (
        f"case when {at.recorded} is null or {at.held} is null or {at.recorded} = {at.held} then null"
        f" when hub.name_key({at.recorded}) <> {at.key or f'hub.name_key({at.held})'} then 'DIFFERS'"
        f" when {written(at.recorded)} <> {written(at.held)} then 'SPELLING' end"
    )


def date_form(text: str) -> str:
    """A date as recorded → YYYY, YYYY-MM or YYYY-MM-DD; null if it is none. Day first, as offices here write."""

    def parts(pattern: str, *order: int) -> str:
        found = f"regexp_match({text}, '{pattern}')"
        return f"when {text} ~ '{pattern}' then " + " || '-' || ".join(
            f"lpad(({found})[{at}], {4 if step == 0 else 2}, '0')" for step, at in enumerate(order)
        )

    day_first = f"^\\s*{DAY}{BETWEEN}{MONTH}{BETWEEN}{YEAR}\\s*$"
    year_first = f"^\\s*{YEAR}{BETWEEN}{MONTH}{BETWEEN}{DAY}\\s*$"
    month_first, year_month = f"^\\s*{MONTH}{BETWEEN}{YEAR}\\s*$", f"^\\s*{YEAR}{BETWEEN}{MONTH}\\s*$"
    # A day or month that was left open, 00/00/1954, leaves the year.
    year_only = f"^\\s*(?:00{BETWEEN}){{0,2}}{YEAR}(?:{BETWEEN}00){{0,2}}\\s*$"
    return (
        f"case {parts(day_first, 3, 2, 1)} {parts(year_only, 1)} {parts(year_first, 1, 2, 3)}"
        f" {parts(month_first, 2, 1)} {parts(year_month, 1, 2)} end"
    )


def _date(copy: Copy, at: Columns) -> str:
    # The two ways in which nearly all are written need no reading: reading each took five times as long.
    usual = f"{at.recorded} in (left({at.held}, 4), substr({at.held}, 9) || '/' || substr({at.held}, 6, 2) || '/' || left({at.held}, 4))"
    # Not true where the form is null: a value that is no date proves nothing.
    apart = f"(select not (starts_with({at.held}, f) or starts_with(f, {at.held})) from (select {date_form(at.recorded)}) d (f))"
    return _differs(f"not {usual} and {apart}", at)


def _address(copy: Copy, at: Columns) -> str:
    assert at.beside is not None  # checked where authorities are resolved
    return (
        f"case when {at.recorded} is null or {at.beside} is null or {at.recorded} = {at.held} then null"
        f" when {communes.render_apart_condition(at.recorded, at.beside)} then 'DIFFERS' end"
    )


def render_bare_number(number: str) -> str:
    """A number without what stands between its digits."""
    return f"lower(regexp_replace({number}, '{SEPARATORS}', '', 'g'))"


def _identifier(copy: Copy, at: Columns) -> str:
    # Only digits is meant as such a number, and one digit too few makes it a wrong one; a passport's letters do not.
    forms = "|".join(dict.fromkeys(["[0-9]+", copy.held.value.pattern or "[0-9]+"]))
    known = [
        f"{render_bare_number(at.recorded)} is distinct from lower({number})"
        for number in (at.held, at.beside)
        if number
    ]
    return _differs(f"{render_bare_number(at.recorded)} ~ '^({forms})$' and {' and '.join(known)}", at)


def _tax_code(copy: Copy, at: Columns) -> str:
    def trunk(number: str) -> str:
        return f"regexp_replace({render_bare_number(number)}, '^([0-9]{{10}})[0-9]{{3}}$', '\\1')"

    mine, theirs = trunk(at.recorded), trunk(at.held)
    return _differs(f"length({mine}) = length({theirs}) and {mine} <> {theirs}", at)


def _literals(codes: tuple[str, ...]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


def _code(copy: Copy, at: Columns) -> str:
    fits = " or ".join(f"({at.held} = '{code}' and {at.recorded} in ({_literals(own)}))" for code, own in copy.codes)
    return f"case when not ({fits}) then 'DIFFERS' end"


def _ended(copy: Copy, at: Columns) -> str:
    ((_, contrary),) = copy.codes
    return f"case when {at.held} is not null and {at.recorded} in ({_literals(contrary)}) then 'DIFFERS' end"


_GRADES: Mapping[Comparison, Callable[[Copy, Columns], str]] = {
    Comparison.NAME: _name,
    Comparison.PARTIAL_DATE: _date,
    Comparison.ADDRESS: _address,
    Comparison.IDENTIFIER: _identifier,
    Comparison.TAX_CODE: _tax_code,
    Comparison.CODE: _code,
    Comparison.ENDED: _ended,
}
