"""`hub schema`: everything derived from `schema/`, written out, checked, and drafted as a migration."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

import schema as vocabulary
from hub.cli.store import open_store, open_store_to_read
from hub.cli.terminal import OUT, show_text
from hub.errors import HubMisconfigured
from hub.graph.schema import load_schema as graph_schema
from hub.model.labels import list_unlabelled
from hub.model.manifest_reference import render_manifest_page, render_manifest_schema
from hub.model.reference_pages import render_reference, render_tables_sql
from hub.model.registry import load_registry
from hub.procedures.declaration.reference_page import render_procedure_page
from hub.settings import load_settings, reference_page
from hub.store.meta import METADATA
from hub.store.migrate import describe_schema_differences, draft_migrations

ROOT = Path(vocabulary.__file__).parent.parent
app = cyclopts.App(name="schema")


def render_generated_files() -> Iterator[tuple[Path, str]]:
    """Each derived file and what it should hold."""
    folder = ROOT / "schema" / "generated"
    yield folder / "schema.graphql", graph_schema().as_str() + "\n"
    yield folder / "tables.sql", render_tables_sql(METADATA)
    yield folder / "reference.md", render_reference(load_registry())
    yield ROOT / "docs" / "reference" / "settings.md", reference_page()
    yield ROOT / "docs" / "reference" / "manifest.md", render_manifest_page()
    yield ROOT / "docs" / "reference" / "procedure.md", render_procedure_page()
    yield ROOT / "docs" / "reference" / "commands.md", render_commands_page()
    yield ROOT / "hub" / "sdk" / "manifest.schema.json", render_manifest_schema()


def render_commands_page() -> str:
    """Render docs/reference/commands.md: every command with its options, from the help of the command line itself."""
    from hub.cli import app as hub  # which imports this module

    text = hub.generate_docs(output_format="markdown")
    return (
        re.sub(
            r"^# hub\n", "# Commands\n\nMade from the command line's own help by `hub schema export`.\n", text
        ).rstrip()
        + "\n"
    )


@app.command(name="export")
def export_command(
    *, stdout: Annotated[bool, Parameter(help="Print the SDL instead of writing the files.")] = False
) -> None:
    """Write every derived file: the SDL, the tables, and the reference pages of entities, settings, manifests, procedures and commands."""
    if stdout:
        show_text(graph_schema().as_str())
        return
    for path, text in render_generated_files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        OUT.print(f"wrote {path.relative_to(ROOT)}")


@app.command(name="check")
def check_command() -> None:
    """Fail if a derived file is not what schema/ says, or if a field, link or code list has no label for people to read.

    Declarations from outside the hub's own vocabulary may lack labels: their names stand for them, and a line here says so.
    """
    unlabelled = list_unlabelled(load_registry())
    for name, is_own in unlabelled:
        if not is_own:
            OUT.print(f"{name} has no label: pages show its name; add label=Label(vi, en) where it is declared")
    missing = [name for name, is_own in unlabelled if is_own]
    if missing:
        raise HubMisconfigured(
            f"no label: {', '.join(missing)}", next_step='add label=Label("…", "…"), Vietnamese and English, in schema/'
        )
    stale = [
        path
        for path, text in render_generated_files()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        raise HubMisconfigured(f"not fresh: {names}", next_step="run `hub schema export` and commit what it writes")
    OUT.print("derived files are fresh")


@app.command(name="draft")
def draft_command(message: str) -> None:
    """Draft a migration for what schema/ declares and the database lacks. MESSAGE says what changes."""
    with open_store(load_settings()) as store:
        paths = draft_migrations(store.engine, message)
        if not paths:
            OUT.print("the database has everything that schema/ declares")
        for path in paths:
            OUT.print(f"drafted {path}; read it, then run `hub migrate`")


@app.command(name="diff")
def diff_command() -> None:
    """List what schema/ declares and the database lacks."""
    with open_store_to_read(load_settings()) as store, store.engine.begin() as connection:
        for line in describe_schema_differences(connection):
            OUT.print(line)
