"""Where a key of a TOML text stands: the line that an error points at."""

import re
from collections.abc import Sequence

HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
PIECE = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
QUOTES = ('"""', "'''")

Path = tuple[int | str, ...]


def line_of(text: str, location: Sequence[int | str]) -> int:
    """The line, from 1, of the key at a location, or of the nearest table or key that holds it; 1 where none does.

    Names that only a model knows (which of several kinds) are passed over, as are positions in arrays that are written in
    one piece; of `[[tables]]` the position counts.
    """
    deepest, found = 0, 1
    for path, line in _paths(text):
        # The first of equals is where a table begins; `[a.b]` is where `a` begins if nothing before it is.
        depth = _agreed(path, location)
        if depth > deepest:
            deepest, found = depth, line
    return found


def _agreed(path: Path, location: Sequence[int | str]) -> int:
    """How many parts of the path, from its first on, occur in the location in their order."""
    if not location or path[0] != location[0]:
        return 0
    at = 0
    for depth, part in enumerate(path):
        while at < len(location) and location[at] != part:
            at += 1
        if at == len(location):
            return depth
        at += 1
    return len(path)


def _paths(text: str) -> list[tuple[Path, int]]:
    """Every header and key with its line; what stands inside a text over several lines is none."""
    found: list[tuple[Path, int]] = []
    counts: dict[Path, int] = {}
    table: Path = ()
    closing = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if header := HEADER.match(line):
            table = _parts(header.group(2))
            if header.group(1) == "[[":
                counts[table] = counts.get(table, -1) + 1
            table = _numbered(table, counts)
            found.append((table, number))
        elif key := KEY.match(line):
            found.append(((*table, *_parts(key.group(1))), number))
        closing = next((mark for mark in QUOTES if line.count(mark) % 2), "")
    return found


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in PIECE.findall(dotted))


def _numbered(table: Path, counts: dict[Path, int]) -> Path:
    """The path with the position of the table, or of the table that holds it, within its array."""
    numbered: list[int | str] = []
    for end, part in enumerate(table, start=1):
        numbered.append(part)
        if table[:end] in counts:
            numbered.append(counts[table[:end]])
    return tuple(numbered)
