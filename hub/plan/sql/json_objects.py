"""JSON objects as SQL: members are pairs of a response key and an expression; the order of keys is theirs."""

from collections.abc import Sequence

from hub.model.name_checks import MAX_IDENTIFIER_BYTES

MAX_PAIRS = 50
"""A function takes 100 arguments at most."""

Pairs = Sequence[tuple[str, str]]


def row_name(prefix: str, depth: int | None = None) -> str:
    """A name of ours for a row that is used as a whole: `r$0`. No name of GraphQL has a `$`.

    The columns of such a row have a caller's response keys, and PostgreSQL takes a name for a column before it takes it for
    the row: `select row_to_json(r0) from (select 1 as "r0") r0` is the column.
    """
    return f"{prefix}$" if depth is None else f"{prefix}${depth}"


def json_object(members: Pairs, alias: str, source: str = "") -> str:
    """A scalar select of a JSON object with any number of members: a row made JSON, since functions take 100 arguments."""
    return f"(select {row_as_json(members, alias)} from (select {select_list(members)}{source}) {alias})"


def select_list(members: Pairs) -> str:
    """The select list of the members."""
    if _is_long(members):
        return ", ".join(f"{sql} as c{index}" for index, (_, sql) in enumerate(members))
    return ", ".join(f'{sql} as "{key}"' for key, sql in members)


def row_as_json(members: Pairs, alias: str) -> str:
    """The JSON object of a row that was selected with `columns`."""
    if not _is_long(members):
        return f"row_to_json({alias})"
    return _join_as_text([(key, f"{alias}.c{index}") for index, (key, _) in enumerate(members)])


def _is_long(members: Pairs) -> bool:
    return any(len(key) > MAX_IDENTIFIER_BYTES for key, _ in members)


def json_pairs(members: Pairs) -> str:
    """A JSON object around aggregates, which a sub-select would not see as its own."""
    if len(members) > MAX_PAIRS:
        return _join_as_text(members)
    pairs = ", ".join(f"'{key}', {sql}" for key, sql in members)
    return f"json_build_object({pairs})"


def _join_as_text(members: Pairs) -> str:
    parts = [f"'\"{key}\":' || coalesce(to_json({sql})::text, 'null')" for key, sql in members]
    joined = " || ',' || ".join(parts)
    return f"('{{' || {joined} || '}}')::json"
