"""How the steps of `hub demo --walk` are printed: a title, and lines beneath it that fit the width."""

import textwrap

from hub.cli.terminal import OUT, mark_text

WIDTH = 100


def print_title(text: str) -> None:
    """The title of a step."""
    OUT.print()
    OUT.print(mark_text("bold", text))


def print_line(text: str) -> None:
    """A line of a step, folded at the width."""
    for line in textwrap.wrap(text, WIDTH, initial_indent="   ", subsequent_indent="     ", break_on_hyphens=False):
        OUT.print(line)
