"""Names derived from names: snake_case of a declaration to the spellings of SQL and GraphQL."""

import re
from collections.abc import Iterable


def to_camel_case(snake: str) -> str:
    """`full_name` → `fullName`."""
    head, *rest = snake.split("_")
    return head + "".join(part.capitalize() for part in rest)


def to_snake_case(pascal: str) -> str:
    """`LandUseRight` → `land_use_right`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", pascal).lower()


def qualify_column(field: str, key: str) -> str:
    """The column of `key` under `field`, without saying a word twice: household + household_code → household_code."""
    return key if key.startswith(f"{field}_") else f"{field}_{key}"


def quote_identifier(name: str) -> str:
    """`end` → `"end"`: an SQL identifier, always quoted, so that a reserved word is a name like any other."""
    return '"' + name.replace('"', '""') + '"'


def quote_identifiers(names: Iterable[str], alias: str | None = None) -> str:
    """`end, order` → `"end", "order"`: a column list; with an alias `t."end", t."order"`."""
    prefix = f"{alias}." if alias else ""
    return ", ".join(prefix + quote_identifier(name) for name in names)
