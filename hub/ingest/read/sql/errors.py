"""What went wrong at a database, in our words: a driver's message quotes values, users and addresses and is never shown."""

import sqlite3
from dataclasses import dataclass

import psycopg
from sqlalchemy.exc import DBAPIError, NoSuchTableError, UnreflectableTableError

from hub.errors import SourceUnavailable


class SourceLost(SourceUnavailable):
    """The database was away for a moment, or for longer: what was asked may be asked again."""


@dataclass(frozen=True)
class Fault:
    """One kind of failure: the codes by which drivers name it, what we say of it, who does what."""

    codes: frozenset[str]
    what: str
    next_step: str
    passing: bool = False


FAULTS = (
    Fault(
        frozenset({"28P01", "28000", "1045", "1698", "18456"}),
        "the database refuses the user or the password",
        "check user and password in the connector's URL",
    ),
    Fault(
        frozenset({"3D000", "1049", "SQLITE_CANTOPEN", "SQLITE_NOTADB"}),
        "the database does not exist or is none",
        "check the database's name in the connector's URL",
    ),
    Fault(
        frozenset({"42501", "1044", "1142", "1143", "1227", "SQLITE_AUTH", "SQLITE_PERM"}),
        "no right to read {table}",
        "ask the owner to grant select",
    ),
    Fault(
        frozenset({"42P01", "3F000", "1146", "1051", "1356"}),
        "there is no table {table}",
        "ask the owner whether it was renamed",
    ),
    Fault(
        frozenset({"42703", "1054"}),
        "{table} has other columns than a moment ago",
        "ask the owner whether they were renamed, then correct the manifest",
    ),
    Fault(
        frozenset({"57014", "1969", "3024"}),
        "the database gave no answer in time",
        "ask the owner for an index on the key and cursor columns, or raise timeout_s",
    ),
    Fault(
        frozenset(
            {"08000", "08003", "08006", "57P01", "57P02", "57P03", "53300", "40001", "40P01", "55P03"}
            | {"0", "1040", "1053", "1205", "1213", "2002", "2003", "2006", "2013", "2014"}
            | {"SQLITE_BUSY", "SQLITE_LOCKED"}
        ),
        "the database cannot be reached, or the connection was lost",
        "check address and network and that the database runs, then run again",
        passing=True,
    ),
)
"""PostgreSQL's SQLSTATE, MariaDB's and MySQL's numbers, SQLite's names. The first that has the code."""

AWAY = FAULTS[-1]
SAID_BY_POSTGRESQL = (
    ("password", "28P01"),
    ("authentication", "28P01"),
    ("role", "28P01"),
    ("does not exist", "3D000"),
)
"""A connection that PostgreSQL refuses has no code, only text."""


def explained(where: str, table: str, error: BaseException) -> SourceUnavailable:
    """The error as we tell it; SourceLost where trying again may help."""
    if isinstance(error, SourceUnavailable):
        return error
    if isinstance(error, NoSuchTableError | UnreflectableTableError):
        return _told(where, table, next(fault for fault in FAULTS if "42P01" in fault.codes))
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = _code(cause)
    fault = next((fault for fault in FAULTS if code in fault.codes), None)
    if fault is not None:
        return _told(where, table, fault)
    kind = f"{type(cause).__name__} {code}".strip()
    return SourceUnavailable(
        f"{where}: the database refuses to read {table}: {kind}",
        next_step="run the connector's check; ask the owner of the database what the code means",
    )


def _told(where: str, table: str, fault: Fault) -> SourceUnavailable:
    kind = SourceLost if fault.passing else SourceUnavailable
    return kind(f"{where}: {fault.what.format(table=table)}", next_step=fault.next_step)


def _code(error: BaseException) -> str:
    if isinstance(error, psycopg.Error):
        return error.sqlstate or _unwritten(error)
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", "")
    if isinstance(error, OSError):
        return "08006"
    return str(error.args[0]) if error.args and isinstance(error.args[0], int) else ""


def _unwritten(error: psycopg.Error) -> str:
    """The code of an error without one: the connection was refused or went away, unless the server said otherwise."""
    if not isinstance(error, psycopg.OperationalError):
        return ""
    text = str(error)
    return next((code for word, code in SAID_BY_POSTGRESQL if word in text), "08006")
