r"""Forms of times without separators, such as `%Y%m%d`: each part has all of its digits, or the text has two readings.

`strptime` and polars take fewer: by `%Y%m%d` 1980111 is 1 November to one of them, and as well 11 January.
"""

import re
from datetime import datetime
from functools import cache

WIDTHS = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2, "%j": 3}
ISO_DAY_DIGITS = 8
DIRECTIVE = re.compile(r"(%[A-Za-z%])")


@cache
def find_digit_form(pattern: str) -> str | None:
    r"""The regular expression that a text of this strptime pattern must match; None if its parts have separators.

    `%Y%m%d` → `^[0-9]{4,4}[0-9]{2,2}[0-9]{2,2}$`.
    """
    parts = [part for part in DIRECTIVE.split(pattern) if part]
    touching = {at for at in range(len(parts) - 1) if {parts[at], parts[at + 1]} <= WIDTHS.keys()}
    if not touching:
        return None
    form = ""
    for at, part in enumerate(parts):
        if part in WIDTHS:
            least = WIDTHS[part] if {at, at - 1} & touching else 1
            form += f"[0-9]{{{least},{WIDTHS[part]}}}"
        else:
            form += ".+" if DIRECTIVE.fullmatch(part) else re.escape(part)
    return f"^{form}$"


def has_all_digits(text: str, pattern: str) -> bool:
    """Whether a text of this pattern has one reading: no digit is missing where parts have no separator."""
    form = find_digit_form(pattern)
    return form is None or re.fullmatch(form, text) is not None


def parse_iso_time(text: str) -> datetime:
    """A time in ISO 8601. Raises ValueError, also for digits that are no day: Python takes any character for the `T`.

    `datetime.fromisoformat("20251121905")` is 21 November, 05:00, with a 9 between.
    """
    if text.isdecimal() and len(text) != ISO_DAY_DIGITS:
        raise ValueError("not a time in ISO 8601")
    return datetime.fromisoformat(text)
