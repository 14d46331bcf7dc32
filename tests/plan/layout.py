"""SQL laid out in lines, so that a difference of two golden files can be read. Only white space is added: a test holds that."""

import re

WIDTH = 110
TOKEN = re.compile(
    r"""(?:\b[eEuU]&?)?'(?:[^']|'')*'  # a text
      | "(?:[^"]|"")*"                # an identifier
      | [^\s()',"]+                   # a word, number, operator or parameter
      | [(),]
      | \s+""",
    re.VERBOSE,
)
CLAUSES = [
    "select",
    "from",
    "where",
    "order",
    "group",
    "having",
    "limit",
    "offset",
    "union",
    "join",
    "left",
    "cross",
    "with",
    "when",
    "else",
    "end",
    "and",
    "or",
]
"""Words before which a group that is too long for a line is broken."""

KEY = re.compile(r"\s*'(?:[^']|'')*',")
"""The key of a JSON object, which stays on the line of its value."""


def layout(sql: str) -> str:
    """The statement with line breaks and indents."""
    tokens = [token if token.strip() else " " for token in TOKEN.findall(sql)]
    assert "".join(tokens) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", " ", sql)
    tree, _ = _tree(tokens, 0)
    return "\n".join(_lines(tree, 0)) + "\n"


Tree = list["str | Tree"]


def _tree(tokens: list[str], at: int) -> tuple[Tree, int]:
    """Tokens with each pair of brackets as a list of its own."""
    found: Tree = []
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token == "(":
            inner, at = _tree(tokens, at)
            found.append(inner)
        elif token == ")":
            break
        else:
            found.append(token)
    return found, at


def _flat(item: "str | Tree") -> str:
    return item if isinstance(item, str) else f"({''.join(map(_flat, item))})"


def _lines(tree: Tree, depth: int) -> list[str]:
    """A group in lines: broken before each clause and after each comma."""
    indent, lines, line = "  " * depth, [], ""

    def end_line() -> None:
        nonlocal line
        if line.strip():
            lines.append(indent + line.strip())
        line = ""

    for item in tree:
        if isinstance(item, str):
            if item in CLAUSES and not (item == "join" and line.strip().endswith(("left", "cross"))):
                end_line()
            line += item
            if item == "," and not KEY.fullmatch(line):
                end_line()
        elif len(indent) + len(line) + len(_flat(item)) <= WIDTH:
            line += _flat(item)
        else:
            line += "("
            end_line()
            lines += _lines(item, depth + 1)
            line = ")"
    end_line()
    return lines
