"""The workspace of a link run: its temporary tables, made, indexed and dropped by one object.

Temporary tables live on one connection, and their names are all that SQL knows of them. So every table is declared here with what a
row of it says; a statement may use a table that the workspace has made and not dropped, and no other.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from psycopg import Connection

from hub.link.profile import load_profile

RUN_TABLES: Mapping[str, str] = {
    "changed": "A row that linking knows in another version, or that is new or gone: id, entity, its version now.",
    "changed_subject": "A row of a register whose comparison with anything can come out otherwise: id, kind.",
    "touched": "A record that this run looked at, of any field: entity, record_id. Discrepancies are compared for these.",
    "met": "A record that a changed subject is alike to: field, record_id.",
    "answered": "A record that a rule of the first tier has answered: record_id.",
    "reached": "A record of another field that stands with one of which something is wanted: record_id.",
    "reached_value": "A value by which a rule leads from a record to a changed subject: value.",
    "veto_of_pair": "A claim that another claim speaks against: field, record_id, found_id, code.",
    "differing": "A recorded value that differs from its authority's: the columns of `link.discrepancy`.",
    "address_compared": "The tail of an address, and the unit that it is compared with.",
    "address_phrase": "The tail of an address, and the phrase by which the gazetteer has it.",
    "commune_named": "A commune that an address may name: its name and those of what it was part of.",
    "commune_today": "A commune, and the communes of today that it is or went into.",
    "gazetteer": "What an address can end with, and the communes of today that it can mean.",
    "address_tail": "The tail of an address, and the communes of today that it can mean.",
}
"""Tables of which a run has one at a time."""
FIELD_TABLES: Mapping[str, str] = {
    "touched": "A record that this run decides: record_id.",
    "recorded": "The normalised values of a record that no person has decided.",
    "found": "A candidate of a rule: the subject, the rule, whether it is accepted and sure, evidence.",
    "one": "The best candidate of the rules for each subject of a record.",
    "scored": "A candidate of the model or of declared evidence: weight, confidence, whether it is chosen.",
    "wanted": "What the link table should hold of the touched records.",
    "wrong": "A row of the link table that goes: record_id, found_id.",
    "claims": "Links of a field: record_id, found_id, subject_id, what the claim rests on.",
    "chosen": "A record whose party is read: record_id.",
    "sure": "A sure link of a record that stands beside a chosen one: record_id, found_id.",
}
"""Tables of one linked field, each with the field's link table in its name: `wanted_land_use_right_holder`."""
EVIDENCE_TABLES = ("found", "one", "scored", "wanted")
"""Those of one field that have a column `evidence`. Nothing is looked for by it, and its statistics took PostgreSQL a sixth of a first run."""
KIND_TABLES: Mapping[str, str] = {
    "version_of": "A changed subject, as it is or as it was.",
    "namesake_of": "A person of the same name as a changed one: id.",
}
"""Tables of one kind of subject: `version_of_citizen`."""


def is_declared(table: str) -> bool:
    """Whether a table is one of a run's; those of what is inferred of subjects, and relations that rules join, are declared by the
    linking profile."""
    prefixes = tuple(f"{name}_" for name in (*FIELD_TABLES, *KIND_TABLES))
    declared = {standing.table for standing in load_profile().standings}
    declared |= {relation.table for relation in load_profile().relations}
    return table in RUN_TABLES or table in declared or table.startswith(prefixes)


def render_analyze(table: str) -> str:
    """Statements that tell PostgreSQL's planner what a table of a run has, all but its evidence."""
    has_evidence = table.startswith(tuple(f"{name}_" for name in EVIDENCE_TABLES))
    return f"{f'alter table {table} alter evidence set statistics 0; ' if has_evidence else ''}analyze {table}"


class LinkWorkspace:
    """The temporary tables of one run, on one connection."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        self._made: dict[str, None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        # After an error the connection may be lost or in a failed transaction; its tables end with it.
        if kind is None:
            self.drop(*self._made)

    def create(
        self,
        table: str,
        select: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        unique: str | None = None,
        index: str | None = None,
        analyze: bool = False,
        replace: bool = False,
    ) -> int:
        """Make a table of what a select gives; returns its number of rows.

        `unique` and `index` name a column to be indexed, or several with commas between them; with `replace` a table of this name is dropped first.
        """
        if replace:
            self.drop(table)
        self._note(table)
        statements = [f"create temporary table {table} as {select}"]
        if unique:
            statements.append(f"create unique index on {table} ({unique})")
        if index:
            statements.append(f"create index on {table} ({index})")
        if analyze:
            statements.append(render_analyze(table))
        if parameters is None:
            # In one go: a run makes 250 tables, and each statement is a transaction.
            return self.connection.execute("; ".join(statements)).rowcount
        rows = self.connection.execute(statements[0], parameters).rowcount
        for statement in statements[1:]:
            self.connection.execute(statement)
        return rows

    def create_empty(self, table: str, columns: str) -> None:
        """Make a table without rows. `columns` as in SQL: `record_id bigint, code text`."""
        self._note(table)
        self.connection.execute(f"create temporary table {table} ({columns})")

    def execute(self, *statements: str) -> None:
        """Execute statements without parameters in one go: each for itself is a way to the server and back, and a transaction."""
        self.connection.execute("; ".join(statements))

    def analyze(self, table: str) -> None:
        """Tell PostgreSQL's planner what a table has."""
        self.execute(render_analyze(table))

    def drop(self, *tables: str) -> None:
        """Drop tables, if they were made."""
        made = [table for table in tables if table in self._made]
        if made:
            # Qualified: a table of the store has never the name of one of these, and if it had, it would not be dropped.
            self.connection.execute(f"drop table if exists {', '.join(f'pg_temp.{table}' for table in made)}")
        for table in made:
            del self._made[table]

    @contextmanager
    def dropped_after(self, *tables: str) -> Iterator[None]:
        """A step whose tables are dropped at its end, unless it fails."""
        yield
        self.drop(*tables)

    def _note(self, table: str) -> None:
        assert is_declared(table), table
        assert table not in self._made, f"{table} was made and not dropped"
        self._made[table] = None
