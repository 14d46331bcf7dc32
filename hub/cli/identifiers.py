"""Identifiers of people as arguments of commands. Arguments show in lists of processes, so `-` reads one from standard input."""

import getpass
import sys

from hub.cli.terminal import ERR
from hub.errors import OperationRefused

FROM_INPUT = "-"
FROM_INPUT_HELP = "- to be asked for it or to read it from standard input, since arguments show in lists of processes."


def read_identifier(given: str) -> str:
    """The identifier as it was given; for `-`, asked for without an echo, or the first line of standard input."""
    if given != FROM_INPUT:
        ERR.print("note: arguments show in lists of processes; - reads the identifier from standard input")
        return given.strip()
    found = getpass.getpass("Số định danh / personal id: ") if sys.stdin.isatty() else sys.stdin.readline(200)
    if not found.strip():
        raise OperationRefused("standard input has no identifier", next_step="send it as one line, e.g. from a file")
    return found.strip()
