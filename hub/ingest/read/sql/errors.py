"""Database errors in the hub's own words: a driver's message quotes values, users and addresses and is never shown."""

import sqlite3
from dataclasses import dataclass

import psycopg
from sqlalchemy.exc import DBAPIError, NoSuchTableError, UnreflectableTableError

from hub.errors import SourceUnavailable


class SourceLost(SourceUnavailable):
    """The database was unreachable, perhaps only for a moment: the request may be retried."""


@dataclass(frozen=True)
class DatabaseFault:
    """One kind of failure: the drivers' codes for it, the message, and the next step."""

    codes: frozenset[str]
    what: str
    next_step: str
    passing: bool = False


DATABASE_FAULTS = (
    DatabaseFault(
        frozenset({"28P01", "28000", "1045", "1698", "18456"}),
        "the database rejects the user or the password",
        "check user and password in the connector's URL",
    ),
    DatabaseFault(
        frozenset({"3D000", "1049", "SQLITE_CANTOPEN", "SQLITE_NOTADB"}),
        "the database does not exist",
        "check the database name in the connector's URL",
    ),
    DatabaseFault(
        frozenset({"42501", "1044", "1142", "1143", "1227", "SQLITE_AUTH", "SQLITE_PERM"}),
        "no permission to read {table}",
        "ask the owner to run `grant select`",
    ),
    DatabaseFault(
        frozenset({"42P01", "3F000", "1146", "1051", "1356"}),
        "the table {table} does not exist",
        "ask the owner whether it was renamed",
    ),
    DatabaseFault(
        frozenset({"42703", "1054"}),
        "the columns of {table} changed during the read",
        "ask the owner whether they were renamed, then correct the manifest",
    ),
    DatabaseFault(
        frozenset({"57014", "1969", "3024"}),
        "the database did not answer in time",
        "ask the owner for an index on the key and cursor columns, or raise timeout_s",
    ),
    DatabaseFault(
        frozenset(
            {"08000", "08003", "08006", "57P01", "57P02", "57P03", "53300", "40001", "40P01", "55P03"}
            | {"0", "1040", "1053", "1205", "1213", "2002", "2003", "2006", "2013", "2014"}
            | {"SQLITE_BUSY", "SQLITE_LOCKED"}
        ),
        "the database cannot be reached, or the connection was lost",
        "check address, network and whether the database is running, then run it again",
        passing=True,
    ),
)
"""SQLSTATE codes of PostgreSQL, numbers of MariaDB and MySQL, names of SQLite. The first match counts."""

UNREACHABLE = DATABASE_FAULTS[-1]
POSTGRESQL_MESSAGES = (
    ("password", "28P01"),
    ("authentication", "28P01"),
    ("role", "28P01"),
    ("does not exist", "3D000"),
)
"""When PostgreSQL refuses a connection, the error has no code, only text."""


def explain_error(where: str, table: str, error: BaseException) -> SourceUnavailable:
    """Translate an error. Returns SourceLost if a retry may help."""
    if isinstance(error, SourceUnavailable):
        return error
    if isinstance(error, NoSuchTableError | UnreflectableTableError):
        return _build_error(where, table, next(fault for fault in DATABASE_FAULTS if "42P01" in fault.codes))
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = _find_code(cause)
    fault = next((fault for fault in DATABASE_FAULTS if code in fault.codes), None)
    if fault is not None:
        return _build_error(where, table, fault)
    kind = f"{type(cause).__name__} {code}".strip()
    return SourceUnavailable(
        f"{where}: the database does not read {table}: {kind}",
        next_step="run `hub connector check`; ask the database administrator what the code means",
    )


def _build_error(where: str, table: str, fault: DatabaseFault) -> SourceUnavailable:
    kind = SourceLost if fault.passing else SourceUnavailable
    return kind(f"{where}: {fault.what.format(table=table)}", next_step=fault.next_step)


def _find_code(error: BaseException) -> str:
    if isinstance(error, psycopg.Error):
        return error.sqlstate or _guess_code(error)
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", "")
    if isinstance(error, OSError):
        return "08006"
    return str(error.args[0]) if error.args and isinstance(error.args[0], int) else ""


def _guess_code(error: psycopg.Error) -> str:
    """Guess the code of an error without one: the connection was refused or lost, unless the server said otherwise."""
    if not isinstance(error, psycopg.OperationalError):
        return ""
    text = str(error)
    return next((code for word, code in POSTGRESQL_MESSAGES if word in text), "08006")
