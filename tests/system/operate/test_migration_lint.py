"""Migrations are linted by squawk: a store is upgraded while the version before it serves, so a migration must not break or block that one."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from hub.store.contractions import is_contraction
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store

LINTED_FROM = {"": 28, "v": 20}
"""The first revision of each branch that is linted: those before it are in stores already."""
NOT_ASKED = (
    # A migration is one transaction with a lock_timeout that is tried again (hub/store/migrate.py): nothing half done is left to be robust about.
    *(
        "prefer-robust-stmts",
        "require-timeout-settings",
        "require-concurrent-index-creation",
        "ban-concurrent-index-creation-in-transaction",
    ),
    # Types and names of columns are those that schema/ and hub/store/meta declare.
    *(
        "prefer-bigint-over-int",
        "prefer-bigint-over-smallint",
        "prefer-identity",
        "prefer-text-field",
        "prefer-timestamp-tz",
    ),
    "identifier-too-long",
)


@pytest.fixture(scope="module")
def statements(postgres_server: Any) -> Iterator[dict[str, list[str]]]:
    """What each revision runs on a fresh database, by revision."""
    postgres_server.create_database("linted")
    made = make_engine(postgres_server.url("linted"))
    found: dict[str, list[str]] = {}
    gathered: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lower().startswith(("insert into hub.alembic_version", "update hub.alembic_version")):
            found[statement.split("'")[1]] = list(gathered)  # ends a migration
            gathered.clear()
        elif statement.lower().lstrip().startswith(("create", "alter", "drop", "comment")):
            gathered.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        migrate_store(made)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        made.dispose()
        postgres_server.drop_database("linted")
    return found


def lint(text: str) -> list[dict[str, Any]]:
    """What squawk says about statements."""
    program = shutil.which("squawk", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert program is not None, "squawk-cli is a development dependency: run `make venv`"
    done = subprocess.run(
        [program, "--reporter", "json", "--pg-version", "15", "--assume-in-transaction", "--exclude", ",".join(NOT_ASKED)],
        input=text, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_no_migration_breaks_or_blocks_the_version_before(statements: dict[str, list[str]]) -> None:
    newer = {r: s for r, s in statements.items() if int(r.lstrip("v")) > LINTED_FROM["v" if r.startswith("v") else ""]}
    assert newer, statements.keys()
    told = {revision: lint(";\n".join(texts) + ";\n") for revision, texts in newer.items() if texts}
    assert not any(told.values()), told
    # squawk knows no views, functions and renamed tables.
    assert [text for texts in newer.values() for text in texts if is_contraction(text)] == []


def test_the_lint_finds_what_it_is_for() -> None:
    breaking = """
alter table hub.run drop column mode;
alter table hub.run rename column status to state;
alter table hub.run alter column id type text;
"""
    rules = {one["rule_name"] for one in lint(breaking)}
    assert {"ban-drop-column", "renaming-column", "changing-column-type"} <= rules
