"""Checks of declared names: what PostgreSQL, the hub's own columns and the graph would not let a field or entity be called.

SQL always quotes identifiers (`hub.model.names.quote_identifier`), so `end`, `order` and `user` are good names. What quoting
does not solve is refused here, when the schema loads: a name that the hub adds to every row, one that PostgreSQL keeps for
itself, one that two things would share, and one that gives an identifier of more than 63 bytes, which PostgreSQL would cut.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hub.errors import HubMisconfigured

if TYPE_CHECKING:
    # The registry checks names as it is built, so it is the one that imports.
    from hub.model.registry import Entity, Registry

MAX_IDENTIFIER_BYTES = 63
STAGING_PREFIX_BYTES = 16
"""Room for the prefix of a temporary table, such as `reject_` or `version_of_`, before the name of a table."""

HUB_COLUMNS = frozenset(
    [
        "id",
        "n",
        "stream_id",
        "source_key",
        "run_id",
        "row_digest",
        "first_seen",
        "changed_at_source",
        "sys_from",
        "sys_to",
    ]
)
"""Columns that the hub adds to every row, in `data`, `history` or `staging`."""
POSTGRESQL_COLUMNS = frozenset(["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"])
"""Columns that every table of PostgreSQL has."""
GRAPH_FIELDS = frozenset({"id", "provenance", "mergedIds", "mergedFrom", "discrepancies", "corrections"})
"""Fields that the graph adds to entities."""

FIELD_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
ENTITY_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")


def check_names(registry: "Registry") -> None:
    """Raise HubMisconfigured for the first declared name that cannot be used."""
    tables: Counter[str] = Counter()
    for entity in registry:
        if not ENTITY_NAME.fullmatch(entity.name):
            raise _refuse(
                entity.name, "is not a class name in PascalCase", "use letters and digits, e.g. `LandUseRight`"
            )
        _check_columns(entity)
        _check_graph_fields(entity)
        _check_lengths(entity)
        tables.update(_link_tables(entity))
    for table in _find_repeated(tables.elements()):
        raise _refuse(f"the link table {table}", "would belong to two fields", "rename one of the fields")


def _check_columns(entity: "Entity") -> None:
    names = [column.name for column in entity.columns]
    for name in names:
        where = f"{entity.name}.{name}"
        if not FIELD_NAME.fullmatch(name):
            raise _refuse(
                where, "is not in snake_case", "use lower-case ASCII letters, digits and single `_`, e.g. `birth_date`"
            )
        if name in HUB_COLUMNS:
            raise _refuse(
                where, "is a column that the hub adds to every row", f"choose another name, e.g. `declared_{name}`"
            )
        if name in POSTGRESQL_COLUMNS:
            raise _refuse(where, "is a system column of PostgreSQL", f"choose another name, e.g. `declared_{name}`")
    searched = [column.search_key for column in entity.columns if column.search_key]
    for name in _find_repeated([*names, *searched]):
        raise _refuse(
            f"{entity.name}.{name}", "would be two columns", "rename the field, or the link that it comes from"
        )


def _check_graph_fields(entity: "Entity") -> None:
    fields = [column.graphql for column in entity.fields]
    fields += [name for reference in entity.references for name in (reference.column.graphql, reference.graphql)]
    fields += [name for linked in entity.linked for name in (linked.graphql, linked.link_graphql)]
    fields += [backlink.graphql for backlink in entity.backlinks]
    for name in fields:
        if name in GRAPH_FIELDS:
            raise _refuse(f"{entity.name}.{name}", "is a field that the graph adds", "choose another name")
    for name in _find_repeated(fields):
        raise _refuse(f"{entity.name}.{name}", "would be two fields of the graph", "rename one of them")


def _check_lengths(entity: "Entity") -> None:
    for name in derived_identifiers(entity):
        size = len(name.encode())
        if size > MAX_IDENTIFIER_BYTES:
            raise _refuse(
                entity.name,
                f"gives the SQL identifier {name}, which has {size} bytes",
                f"shorten the names that it is made of: PostgreSQL keeps {MAX_IDENTIFIER_BYTES} bytes",
            )


def derived_identifiers(entity: "Entity") -> Iterator[str]:
    """The names of the columns, indexes and constraints of an entity, and the longest ones of its tables."""
    yield "x" * STAGING_PREFIX_BYTES + entity.table
    for column in entity.columns:
        yield column.name
        yield f"{entity.table}_past_{column.name}"
        yield f"{entity.table}_{column.name}_key"
        if column.search_key:
            yield f"{entity.table}_{column.search_key}_words"
            yield f"{entity.table}_{column.search_key}_made"
    for table in _link_tables(entity):
        yield "x" * STAGING_PREFIX_BYTES + table
        yield f"{table}_past_subject"


def _link_tables(entity: "Entity") -> list[str]:
    tables = [linked.table for linked in entity.linked]
    return [*tables, entity.duplicate_table] if entity.duplicates else tables


def _find_repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _refuse(where: str, what: str, next_step: str) -> HubMisconfigured:
    return HubMisconfigured(f"schema: {where} {what}", next_step=next_step)
