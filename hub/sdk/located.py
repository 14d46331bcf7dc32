"""Where a key of a TOML text stands: the line that an error points at."""

import re
from collections.abc import Sequence

HEADER = re.compile(r"^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
PIECE = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def line_of(text: str, location: Sequence[int | str]) -> int:
    """The line, from 1, of the key at a location, or of the nearest table or key that holds it; 1 where none does.

    Positions in arrays and names that only a model knows (which of several kinds) are passed over.
    """
    wanted = [str(part) for part in location if isinstance(part, str)]
    best, found = (0, 1), 1
    for path, line in _paths(text):
        depth = _depth(path, wanted)
        # The deepest match; a header before its keys, the first of equals.
        if depth == len(path) and (depth, 0) > best:
            best, found = (depth, 0), line
    return found


def _depth(path: Sequence[str], wanted: Sequence[str]) -> int:
    """How many of the path's parts occur in the wanted ones, in order, from their start."""
    at = 0
    for part in path:
        while at < len(wanted) and wanted[at] != part:
            at += 1
        if at == len(wanted):
            return -1
        at += 1
    return len(path)


def _paths(text: str) -> list[tuple[tuple[str, ...], int]]:
    """Every header and key with its line; the inside of texts over several lines is not told apart."""
    found: list[tuple[tuple[str, ...], int]] = []
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := HEADER.match(line):
            table = tuple(part.strip("\"'") for part in PIECE.findall(header.group(1)))
            found.append((table, number))
        elif key := KEY.match(line):
            found.append(((*table, *(part.strip("\"'") for part in PIECE.findall(key.group(1)))), number))
    return found
