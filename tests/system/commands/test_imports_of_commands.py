"""A command starts at once: it imports what it needs, and only when it is typed. Held by modules, since seconds depend on the machine."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import getdoc

import pytest
from cyclopts import App
from cyclopts.command_spec import CommandSpec

from hub.cli import app

SLOW = (
    "alembic",
    "duckdb",
    "graphql",
    "numpy",
    "polars",
    "psycopg",
    "pydantic",
    "splink",
    "sqlalchemy",
    "strawberry",
    "uvicorn",
)
STORE = frozenset({"psycopg", "pydantic", "sqlalchemy"})
"""What reads the settings and opens the store."""
SCRIPT = """
import sys
from hub.cli import main
try:
    main(sys.argv[2:])
except SystemExit:
    pass
sys.stderr.write("imported: " + " ".join(name for name in sys.argv[1].split() if name in sys.modules))
"""


def imported(*arguments: str, url: str = "") -> set[str]:
    """Which of SLOW a process has imported once a command has ended."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, " ".join(SLOW), *arguments],
        capture_output=True,
        text=True,
        env={"HUB_DATABASE_URL": url} if url else {},
        cwd="/",
        timeout=120,
        check=True,
    )
    return set(done.stderr.rpartition("imported: ")[2].split())


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)], ids=" ".join)
def test_what_no_command_answers_imports_no_command(arguments: tuple[str, ...]) -> None:
    assert imported(*arguments) == set()


@pytest.mark.parametrize(
    ("arguments", "more"),
    [
        (("runs", "list"), set()),
        (("runs", "approvals"), set()),
        (("discrepancies", "counts"), set()),
        (("review", "list"), {"graphql"}),  # its queue knows which fields a procedure reads
        (("quarantine", "list"), {"polars"}),  # manifests are checked, and Polars reads formats of dates
        (("drift", "list"), {"graphql", "polars"}),
        (("doctor",), {"alembic", "polars"}),  # it compares the tables with the schema
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_that_reads_imports_what_it_reads_with(
    arguments: tuple[str, ...], more: set[str], new_database_url: str
) -> None:
    assert imported(*arguments, url=new_database_url) - STORE <= more


def lazy(parent: App) -> Iterator[tuple[App, CommandSpec]]:
    """Every command that is imported when it is typed, with what it is a command of."""
    for name, command in parent._commands.items():
        if isinstance(command, CommandSpec):
            yield parent, command
            yield from lazy(command.resolve(parent))
        elif not name.startswith("-"):
            yield from lazy(command)


def test_the_text_of_a_command_is_that_of_its_function() -> None:
    found = list(lazy(app))
    assert len(found) > 15
    for parent, command in found:
        assert command.help, command.name
        resolved = command.resolve(parent)
        module, _, attribute = command.import_path.partition(":")
        if isinstance(getattr(import_module(module), attribute), App) or resolved.default_command is None:
            continue  # a group has no text but this one
        own = (getdoc(resolved.default_command) or "").partition("\n\nParameters")[0]
        assert command.help == " ".join(own.split()), command.name
