"""What a person reads in the terminal: errors, tables, progress bars. Everything but results goes to stderr.

Names, columns, values and messages come from outside. Every command prints through OUT, ERR or `show_…`, in which brackets are
no markup and control characters are shown as escapes: text never colours the screen, moves the cursor or makes up a line.
"""

import json
import logging
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from hub.errors import HubError

UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode that a terminal acts on: controls, marks of direction, halves of pairs, ends of lines."""


def escape_controls(value: object) -> str:
    """A text in one line that a terminal only shows: what it would act on is written as an escape, ESC as \\x1b."""
    return "".join(_escape_character(c) if unicodedata.category(c) in UNSAFE else c for c in str(value))


def _escape_character(character: str) -> str:
    code = ord(character)
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    return short or (f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


class Terminal(Console):
    """A console in which texts are what they are: no markup, no emoji codes, one line each, and no control characters."""

    def __init__(self, *, stderr: bool = False, width: int | None = None, soft_wrap: bool = True) -> None:
        super().__init__(stderr=stderr, width=width, soft_wrap=soft_wrap, markup=False, emoji=False, highlight=False)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; a text is one line, whatever it holds."""
        super().print(*(Text(escape_controls(one)) if isinstance(one, str) else one for one in objects), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The text as printed: cells of tables, branches of trees and states of progress included."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                lines = segment.text.split("\n")
                yield Segment("\n".join(map(escape_controls, lines)), segment.style)


WIDTH = None if sys.stdout.isatty() else 140
"""Tables into a file or a pipe are as wide as they need, not as the 80 columns of no terminal."""
OUT = Terminal(width=WIDTH)
ERR = Terminal(stderr=True)


def mark_text(style: str, label: str, words: str = "") -> Text:
    """A label in a style, and the text under it."""
    return Text.assemble((escape_controls(label), style), escape_controls(words))


def one_line(words: str) -> Text:
    """A text in one line, for parts of rich that would read markup: prompts, spinners, trees."""
    return Text(escape_controls(words))


def show_error(error: HubError) -> None:
    """Print an error: what, then the next step."""
    ERR.print(mark_text("bold red", "error", f" [{error.code}] {error.message}"))
    if error.next_step:
        ERR.print(mark_text("bold", "next step", f" {error.next_step}"))


def show_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    # Outside of strings JSON has none of these; within them an escape means the same.
    print("".join(json.dumps(c)[1:-1] if unicodedata.category(c) in UNSAFE else c for c in text))


def show_text(text: str, *, flush: bool = False) -> None:
    """Print a text of several lines on stdout, to be copied: SQL, TOML."""
    print("\n".join(map(escape_controls, text.split("\n"))), flush=flush)


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: Sequence[str] = ()
) -> None:
    """Print a table; `numbers` names the columns set to the right."""
    table = Table(title=Text(escape_controls(title)), title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(
            Text(escape_controls(column)), justify="right" if column in numbers else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(
            *(
                Text(f"{cell:,}" if isinstance(cell, int) else escape_controls("" if cell is None else cell))
                for cell in row
            )
        )
    OUT.print(table)


def make_progress() -> Progress:
    """A progress display on stderr; it draws nothing if stderr is not a terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", style="progress.description", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=ERR,
        transient=False,
    )


def show_bars(bars: Progress) -> Callable[[str, int], None]:
    """A progress callback that draws one bar for each name it is told of."""
    tasks = {}

    def tell(name: str, done: int) -> None:
        if name not in tasks:
            tasks[name] = bars.add_task(name, total=None)
        bars.update(tasks[name], completed=done)

    return tell


class LineFormatter(logging.Formatter):
    """A record of a log in one line. Traces, which the hub's own code makes, keep theirs."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the name is of the class above
        """The line itself."""
        return escape_controls(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the trace beneath it."""
        return "\n".join(map(escape_controls, super().format(record).split("\n")))


def guard_logs() -> None:
    """Write log records in plain lines too if they come before, or without, a configuration of logs."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(LineFormatter())
