"""What a person reads in the terminal: errors, tables, progress bars. Everything but results goes to stderr."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from hub.errors import HubError

WIDTH = None if sys.stdout.isatty() else 140
"""Tables into a file or a pipe are as wide as they need, not as the 80 columns of no terminal."""
OUT = Console(soft_wrap=True, width=WIDTH)
ERR = Console(stderr=True, soft_wrap=True)


def show_error(error: HubError) -> None:
    """Print an error: what, then the next step."""
    # Messages quote names and paths, in which brackets are no markup.
    ERR.print(f"[bold red]error[/] [{error.code}] {escape(error.message)}", highlight=False, markup=True)
    if error.next_step:
        ERR.print(f"[bold]next step[/] {escape(error.next_step)}", highlight=False)


def show_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(value, ensure_ascii=False, default=str))


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: Sequence[str] = ()
) -> None:
    """Print a table; `numbers` names the columns set to the right."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else "" if cell is None else str(cell) for cell in row))
    OUT.print(table)


def progress() -> Progress:
    """A progress display on stderr; it draws nothing where stderr is not a terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=ERR,
        transient=False,
    )
