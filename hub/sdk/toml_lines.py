"""Find the line of a key in a TOML text, for error messages."""

import re
from collections.abc import Sequence

HEADER_FORM = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
KEY_FORM = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
KEY_PART_FORM = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
MULTILINE_QUOTES = ('"""', "'''")

KeyPath = tuple[int | str, ...]


def find_line(text: str, location: Sequence[int | str]) -> int:
    """Return the line (from 1) of the key at a location, or of the nearest table or key that contains it; 1 if none
    does.

    Names that only the model knows (which of several kinds) are skipped, as are positions in inline arrays. For
    `[[tables]]` the position counts.
    """
    deepest, found = 0, 1
    for path, line in _list_paths(text):
        # Of equal matches, the first is where a table begins; `[a.b]` also begins `a` if nothing before it does.
        depth = _count_agreed(path, location)
        if depth > deepest:
            deepest, found = depth, line
    return found


def _count_agreed(path: KeyPath, location: Sequence[int | str]) -> int:
    """Count how many leading parts of the path occur in the location, in order."""
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


def _list_paths(text: str) -> list[tuple[KeyPath, int]]:
    """Return every header and key with its line, ignoring multi-line strings."""
    found: list[tuple[KeyPath, int]] = []
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    closing = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if header := HEADER_FORM.match(line):
            table = _split_dotted(header.group(2))
            if header.group(1) == "[[":
                counts[table] = counts.get(table, -1) + 1
            table = _add_positions(table, counts)
            found.append((table, number))
        elif key := KEY_FORM.match(line):
            found.append(((*table, *_split_dotted(key.group(1))), number))
        closing = next((mark for mark in MULTILINE_QUOTES if line.count(mark) % 2), "")
    return found


def _split_dotted(dotted: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in KEY_PART_FORM.findall(dotted))


def _add_positions(table: KeyPath, counts: dict[KeyPath, int]) -> KeyPath:
    """Add to a path the position of its table, or of the table that contains it, within its array."""
    numbered: list[int | str] = []
    for end, part in enumerate(table, start=1):
        numbered.append(part)
        if table[:end] in counts:
            numbered.append(counts[table[:end]])
    return tuple(numbered)
