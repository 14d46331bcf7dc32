"""`hub quarantine`: rows that broke a rule. Lists and counts have no personal data; `show` and `patch` do, for who asks."""

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import cyclopts
from cyclopts import Parameter
from psycopg import Connection

from hub.access.subjects.named_people import find_named_people
from hub.cli.options import Json, LabelLanguage, Lang
from hub.cli.shown_values import ShownValues, record_shown
from hub.cli.store import connect_to_read, connect_to_store
from hub.cli.terminal import ERR, OUT, mark_text, show_json, show_table, show_text
from hub.console.operator.rejected_groups import RULE_WORDS
from hub.errors import OperationRefused
from hub.ingest.connectors import load_manifests
from hub.ingest.quarantine import entries as waiting
from hub.ingest.quarantine.entries import QuarantineFilter
from hub.model.labels import find_label, make_readable
from hub.model.registry import load_registry
from hub.settings import load_settings

if TYPE_CHECKING:
    from hub.ingest.quarantine.replay import ReplayResult

app = cyclopts.App(name="quarantine")
By = Annotated[str | None, Parameter(help="Who decides; by default, the user of this machine.")]
Cells = Annotated[
    tuple[str, ...], Parameter(name="--set", negative="", help="column=value, written as the source would write it.")
]
Emptied = Annotated[tuple[str, ...], Parameter(name="--null", negative="", help="A column to set to null.")]


@app.command(name="list")
def list_command(
    connector: str | None = None,
    *,
    rule: str | None = None,
    entity: str | None = None,
    all: bool = False,
    limit: int = 100,
    lang: Lang = LabelLanguage.VI,
    json: Json = False,
) -> None:
    """List rejected rows, newest first, without their values.

    Parameters
    ----------
    connector
        Of this connector alone.
    rule
        Those that broke this rule: required, pattern, two_readings, code, date, range, unit, check_digit, ambiguous, unreadable,
        duplicate_key, duplicate_source_key.
    entity
        Only this kind of record.
    all
        Include resolved rows.
    limit
        Maximum number of rows.
    """
    with _store_to_read() as connection:
        found = waiting.list_entries(
            connection, load_manifests(), QuarantineFilter(connector, rule, entity, every=all), limit
        )
    if json:
        show_json([asdict(row) for row in found])
        return
    columns = ("id", "connector", "stream", "key", "of", "rule", "reason", "first seen", "version", "")
    show_table("Quarantine", columns, [_row(row, lang) for row in found])


@app.command(name="counts")
def counts_command(*, lang: Lang = LabelLanguage.VI, json: Json = False) -> None:
    """Count rejected rows by connector, stream, kind of record, rule and field."""
    with _store_to_read() as connection:
        found = waiting.count_entries(connection)
    if json:
        show_json([asdict(number) for number in found])
        return
    rows = [
        (
            n.connector,
            n.stream,
            lang.pick(find_label(load_registry(), n.entity, n.field)),
            _name_rule(n.rule, lang),
            n.rows,
            f"{n.oldest:%Y-%m-%d %H:%M}",
        )
        for n in found
    ]
    show_table("Quarantine", ("connector", "stream", "of", "rule", "rows", "oldest"), rows, numbers=("rows",))


@app.command(name="show")
def show_command(number: int, *, json: Json = False) -> None:
    """Show one rejected row with its values. They are personal data: view them only if you are entitled to, and keep no copy.

    Parameters
    ----------
    number
        The id of the row.
    """
    with _store_to_read() as connection:
        row = waiting.load_entry(connection, number)
        record_shown(connection, _list_shown(connection, row))
    if json:
        show_json(asdict(row))
        return
    facts = {name: value for name, value in asdict(row).items() if name not in ("payload", "changes")}
    told = [(name, _plain(value)) for name, value in facts.items() if value is not None]
    show_table(f"Row {number}", ("", ""), told)
    changes = row.changes or {}
    cells = [(_plain(name), _plain(value), _plain(changes.get(name))) for name, value in row.payload.items()]
    show_table("As read", ("column", "value", "corrected"), cells)


@app.command(name="fix")
def fix_command(number: int, *, set: Cells = (), null: Emptied = (), note: str | None = None, by: By = None) -> None:
    """Correct a row and store it at once. The correction applies for as long as the source sends the same row.

    Parameters
    ----------
    number
        The id of the row.
    note
        Why.
    """
    from hub.ingest.quarantine.replay import RowCorrection  # all of a merge, which lists and counts do without
    from hub.ingest.quarantine.replay import correct_row as fix_row

    changes: dict[str, str | None] = {**_cells(set), **dict.fromkeys(null)}
    with _store() as connection:
        done = fix_row(connection, load_manifests(), RowCorrection(number, changes, note, by or getpass.getuser()))
    words = "accepted, but the store has a newer version of it" if done.older else "in the store"
    OUT.print(f"row {number}: {words}. Run `hub link` to link it")


@app.command(name="replay")
def replay_command(*which: str, rule: str | None = None, json: Json = False) -> None:
    """Retry rejected rows with the current mapping and patches.

    Parameters
    ----------
    which
        A connector, or ids of rows; all if nothing is given.
    rule
        Those that broke this rule.
    """
    from hub.ingest.quarantine.replay import (
        replay_rows as replay_rows,  # all of a merge, which lists and counts do without
    )

    numbers = [int(word) for word in which if word.isdecimal()]
    names = [word for word in which if not word.isdecimal()]
    if len(names) > 1:
        raise OperationRefused("one connector at a time", next_step="give one name, or ids of rows")
    chosen = QuarantineFilter(names[0] if names else None, rule, numbers=numbers or None)
    with _store() as connection:
        done = replay_rows(connection, load_manifests(), chosen)
    show_json([asdict(kind) for kind in done]) if json else _show_replayed(done)


@app.command(name="patch")
def patch_command(number: int, *, column: str, to: str | None = None, where: str | None = None) -> None:
    """Print a manifest patch that would fix the row. It contains a value of the row, which may be personal data.

    Parameters
    ----------
    number
        The id of the row.
    column
        The column whose value is known to be wrong.
    to
        Replacement value. By default the correction of the row, or empty if there is none.
    where
        A second column: only rows with this row's value in it.
    """
    with _store_to_read() as connection:
        row = waiting.load_entry(connection, number)
        record_shown(connection, _list_shown(connection, row))
    found = waiting.build_patch(row, column, to, where)
    show_text(waiting.render_patch(row.stream, found))
    ERR.print(
        f"add this to connectors/{row.connector}/manifest.toml, then `hub quarantine replay {row.connector}`",
    )


@app.command(name="dismiss")
def dismiss_command(number: int, *, note: str, by: By = None) -> None:
    """Dismiss a row. It stays out of the store for as long as the source sends the same row.

    Parameters
    ----------
    number
        The id of the row.
    note
        Why.
    """
    with _store() as connection:
        waiting.dismiss_entry(connection, number, note, by or getpass.getuser())
    OUT.print(f"row {number}: dismissed; `hub quarantine reopen {number}` takes it back")


@app.command(name="reopen")
def reopen_command(number: int) -> None:
    """Undo a dismissal.

    Parameters
    ----------
    number
        The id of the row.
    """
    with _store() as connection:
        waiting.reopen_entry(connection, number)
    OUT.print(f"row {number}: waits again")


@contextmanager
def _store() -> Iterator[Connection[Any]]:
    with connect_to_store(load_settings()) as connection:
        yield connection


@contextmanager
def _store_to_read() -> Iterator[Connection[Any]]:
    with connect_to_read(load_settings()) as connection:
        yield connection


def _list_shown(connection: Connection[Any], row: waiting.QuarantineEntryDetail) -> ShownValues:
    """What the ledger says was shown of a row: all of it, whom it names, and its number.

    Its columns are the source's own words, so they are not named.
    """
    people = find_named_people(connection, [row.source_key, row.payload, row.changes])
    path = f"quarantine.{row.connector}.{row.stream}.{row.entity}"
    return ShownValues((path,), tuple(people), details={"row": row.id})


def _row(row: waiting.QuarantineEntry, lang: LabelLanguage) -> tuple[object, ...]:
    of = lang.pick(find_label(load_registry(), row.entity, row.field))
    told = (_plain(row.source_key), of, _name_rule(row.rule, lang), row.reason, f"{row.first_seen:%Y-%m-%d %H:%M}")
    return str(row.id), row.connector, row.stream, *told, row.connector_version, row.resolution


def _name_rule(rule: str, lang: LabelLanguage) -> str:
    """A rule in words, with its code, which `--rule` takes."""
    return f"{lang.pick(RULE_WORDS.get(rule, make_readable(rule)))} ({rule})"


def _plain(value: object) -> str:
    """A value as text, and not as a number with separators; empty if there is none."""
    return "" if value is None else str(value)


def _cells(given: Sequence[str]) -> dict[str, str]:
    wrong = [cell for cell in given if "=" not in cell]
    if wrong:
        raise OperationRefused(
            f"{len(wrong)} of --set are not of the form column=value", next_step="write --set column=value"
        )
    return dict(cell.split("=", 1) for cell in given)


def _show_replayed(done: "Sequence[ReplayResult]") -> None:
    columns = ("connector", "stream", "record", "accepted", "still rejected", "older", "duplicates")
    rows = [(d.connector, d.stream, d.entity, d.accepted, d.rejected, d.older, d.duplicates) for d in done]
    show_table("Replay", columns, rows, numbers=columns[3:])
    if any(d.duplicates for d in done):
        ERR.print(
            "duplicates cannot be replayed alone: the stored payload is not the row as read. They are merged when the source"
            " sends one row of their key",
        )
    for kind in done:
        if kind.problem:
            ERR.print(mark_text("bold red", f"{kind.connector}.{kind.stream}", f" {kind.problem}"))
