"""Whom a procedure can be rehearsed for: the query in its folder's `rehearsal.sql`, each row one case.

A query gives as many cases as the store has, in a fixed order, with a column for each role: the key of who has it, or null. They are
likely cases, not real ones: a seller holds land, a mother is married and of the age, and the other party is anybody.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, RawCursor

from hub.access.dossiers.dossier_store import NamedSubject
from hub.access.purpose_declaration import PurposeDeclaration
from hub.access.purposes import Purpose, read_purpose_file, read_purposes
from hub.errors import HubMisconfigured, OperationRefused
from hub.model.registry import load_registry

CASES_FILE = "rehearsal.sql"


@dataclass(frozen=True)
class ProcedureCases:
    """The likely cases of one procedure."""

    procedure: str
    path: Path
    declaration: PurposeDeclaration

    def find(self, connection: Connection[Any], most: int) -> list[tuple[NamedSubject, ...]]:
        """The subjects of at most so many cases. Raises HubMisconfigured naming the file if its query cannot be used, and psycopg.Error."""
        text = read_purpose_file(self.path)  # by whoever may change procedures
        # Within parentheses, and with a parameter: one statement, and none that writes.
        query = f"select * from (\n{text}\n) cases limit $1"  # noqa: S608 the file's own
        try:
            cursor = RawCursor(connection)
            cursor.execute(query.encode(), (most,))
            roles = [column.name for column in cursor.description or ()]
            rows = cursor.fetchall()
        except psycopg.ProgrammingError as error:
            raise HubMisconfigured(
                f"{self.path}: {error.diag.message_primary}", next_step="correct the query"
            ) from None
        except psycopg.DataError as error:
            # Its message quotes the value, which may be somebody's.
            raise HubMisconfigured(f"{self.path}: {type(error).__name__}", next_step="correct the query") from None
        self._check_roles(roles)
        return [tuple(self._name(role, key) for role, key in zip(roles, row, strict=True) if key) for row in rows]

    def _name(self, role: str, key: str) -> NamedSubject:
        entity = load_registry()[self.declaration.subjects[role].entity]
        return NamedSubject(role, entity.name, entity.keys[0].name, value=str(key))

    def _check_roles(self, columns: list[str]) -> None:
        roles = self.declaration.subjects
        needed = {role for role, one in roles.items() if not one.optional}
        if strange := [*sorted(set(columns) - set(roles)), *sorted(needed - set(columns))]:
            raise HubMisconfigured(
                f"{self.path}: its columns ({', '.join(columns)}) are not the procedure's roles: {', '.join(strange)}",
                next_step=f"select a key for each of {', '.join(roles)}, named as the role",
            )


def list_procedure_cases() -> tuple[ProcedureCases, ...]:
    """The cases of every procedure whose folder has a query, by code."""
    return tuple(_read_cases(code, one) for code, one in read_purposes().items() if (one.folder / CASES_FILE).is_file())


def find_procedure_cases(code: str) -> ProcedureCases:
    """The cases of one procedure. Raises OperationRefused with NO_CASES if its folder has no query."""
    purpose = read_purposes()[code]
    if not (purpose.folder / CASES_FILE).is_file():
        raise OperationRefused(
            f"nobody knows whom {code} could be rehearsed for",
            code="NO_CASES",
            next_step=f"write a query with a column for each role, {purpose.folder / CASES_FILE}, or prefill single cases with `hub prefill`",
        )
    return _read_cases(code, purpose)


def _read_cases(code: str, purpose: Purpose) -> ProcedureCases:
    return ProcedureCases(code, purpose.folder / CASES_FILE, purpose.declaration)
